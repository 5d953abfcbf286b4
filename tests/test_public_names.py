"""What ``import vbsim`` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import vbsim


def test_all_is_sorted_and_importable() -> None:
    assert vbsim.__all__ == sorted(vbsim.__all__)
    assert dir(vbsim) == vbsim.__all__
    for name in vbsim.__all__:
        assert not isinstance(getattr(vbsim, name), type(sys)), f"{name} is a module"


def test_a_verb_wins_over_the_module_of_its_name() -> None:
    code = (
        "import vbsim, vbsim.run, vbsim.settle, vbsim.simulate\n"
        "assert callable(vbsim.run) and callable(vbsim.settle) and callable(vbsim.simulate)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        _ = vbsim.simulat


def test_import_loads_no_heavy_library() -> None:
    code = (
        "import sys, vbsim\n"
        "heavy = {'numba', 'matplotlib', 'xarray', 'scipy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
