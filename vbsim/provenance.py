"""What decides the numbers of a run: the plan, this code and the libraries under it.

Two runs of the same identity give the same results, bit for bit, on processors that round alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from vbsim import streams
from vbsim.engines import choose
from vbsim.plan import Plan
from vbsim.rulebook import Figure

LIBRARIES = ("numpy", "scipy", "numba", "xarray")
# Parts of the package that show numbers and make none.
_SHOWN = ("cli", "plots")


def identity(plan: Plan) -> dict[str, str]:
    """Name everything on which the numbers of a run rest, a word or a hash for each."""
    return {
        "scenario": plan_hash(plan),
        "seed": str(plan.seed),
        "seeds": ", ".join(f"{name} {seed}" for name, seed in plan.seeds) or "none",
        "realizations": f"{plan.realizations:,}",
        "engine": choose(plan)[0],
        **program(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def program() -> dict[str, str]:
    """Name the program: its version, its code and its scheme of random numbers."""
    return {
        "vbsim": version("vbsim"),
        "code": _code_hash(),
        "random_numbers": streams.SCHEME,
    }


def differences(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """Say in which words two identities differ."""
    return [
        f"{key}: {found.get(key, 'not stated')} there, {expected[key]} here"
        for key in expected
        if found.get(key) != expected[key]
    ]


def plan_hash(plan: Plan) -> str:
    """Hash of the numbers and names of a plan, whatever its words, seeds and realizations."""
    words: dict[str, Any] = {"name": "", "description": "", "scenario": "", "warnings": ()}
    own: dict[str, Any] = {"seed": 0, "seeds": (), "realizations": 0, "figures": (), "draws": ()}
    found = hashlib.sha256()
    _feed(found, replace(plan, **words, **own))
    return found.hexdigest()[:16]


def _feed(found: Any, value: object) -> None:
    """Add a value to a hash, with its kind, so that no two values are written alike."""
    if isinstance(value, Figure):
        _feed(found, value.value)  # where a number was found does not change it
    elif is_dataclass(value):
        _feed(found, [(item.name, getattr(value, item.name)) for item in fields(value)])
    elif isinstance(value, np.ndarray):
        found.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, Mapping):
        _feed(found, sorted(value.items()))
    elif isinstance(value, list | tuple):
        found.update(f"[{len(value)}".encode())
        for item in value:
            _feed(found, item)
    elif value is None or isinstance(value, str | int | float | np.generic):
        found.update(f"{type(value).__name__} {value!r}\n".encode())
    else:
        raise TypeError(f"a plan holds a {type(value).__name__}, which has no hash of its own")


@cache
def _code_hash() -> str:
    """Hash of the code and the rule files that make numbers."""
    package = Path(__file__).parent
    found = hashlib.sha256()
    for path in sorted(p for p in package.rglob("*") if p.suffix in (".py", ".yaml")):
        name = path.relative_to(package)
        if name.parts[0] not in _SHOWN:
            found.update(name.as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]
