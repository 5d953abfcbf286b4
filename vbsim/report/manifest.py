"""What a manifest says of every computation: versions, random numbers, hashes."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from vbsim import rulebook
from vbsim.rulebook import Figure

_PACKAGES = ("vbsim", "numpy", "scipy", "numba", "xarray", "matplotlib", "h5netcdf")


def versions() -> dict[str, str]:
    """Versions of the program, its libraries and the machine's system."""
    own = {"python": platform.python_version(), "platform": platform.platform()}
    return {name: version(name) for name in _PACKAGES} | own


def text_hash(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rule_hashes(figures: Iterable[Figure]) -> dict[str, str]:
    """SHA-256 of every rule and assumption file that figures come from."""
    files = sorted({figure.file for figure in figures if "/" in figure.file})
    shipped = [name for name in files if name.split("/")[0] in rulebook.KINDS]
    return {name: text_hash(rulebook.text_of(name)) for name in shipped}
