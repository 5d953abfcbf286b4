"""The run folder: what is in it, and what may stand where one is to be written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from vbsim.errors import RunFolderError
from vbsim.report.results_file import EXPERIENCE

RESULTS = "results.nc"
MANIFEST = "manifest.json"
SCENARIO = "scenario.yaml"
SUMMARY = "summary.csv"
REPORT = "report.html"
FIGURES = "figures"
ENTITIES = "entities"  # key of a portfolio's manifest: how many it has


def check_destination(out: Path, overwrite: bool = False) -> None:
    """Refuse a destination that would lose something.

    Raises
    ------
    RunFolderError
        If ``out`` exists and is no run folder, or is one and ``overwrite`` is not given, or if
        nothing can be written there.
    """
    above = next(place for place in out.absolute().parents if place.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise RunFolderError(f"{out} cannot be made in {above}; choose another folder with -o")
    if not out.exists():
        return
    if not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} exists and is no run folder; choose another with -o")
    if (out / MANIFEST).is_file() and not overwrite:
        raise RunFolderError(
            f"{out} already holds a run; choose another folder with -o, or give --overwrite"
        )


def open_results(folder: Path) -> tuple[xr.Dataset, xr.Dataset]:
    """Settlement and experience of a run folder, read lazily.

    Raises
    ------
    RunFolderError
        If the folder is missing or holds no finished run.
    """
    path = folder / RESULTS
    if not (folder / MANIFEST).is_file() or not path.is_file():
        raise RunFolderError(
            f"{folder} is no finished run folder: it needs {MANIFEST} and {RESULTS}; make one with "
            "vbsim run"
        )
    if holds_portfolio(folder):
        raise RunFolderError(
            f"{folder} holds a portfolio, which keeps no statements of its entities; expected the "
            "run of a scenario of one entity; write the entity as such a scenario, and run that"
        )
    return read_results(folder)


def holds_portfolio(folder: Path) -> bool:
    """Whether a folder is the finished run of a portfolio."""
    return (folder / MANIFEST).is_file() and ENTITIES in read_manifest(folder)


def read_results(folder: Path) -> tuple[xr.Dataset, xr.Dataset]:
    """Settlement and experience of a folder, whole or not; nothing read is kept in memory."""
    path = folder / RESULTS
    return (
        xr.open_dataset(path, engine="h5netcdf", cache=False),
        xr.open_dataset(path, engine="h5netcdf", cache=False, group=EXPERIENCE),
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a finished run folder."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise RunFolderError(f"{folder}: {MANIFEST} cannot be read ({error})") from None
    return found


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, last of all: a folder with a manifest is whole."""
    text = json.dumps(manifest, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
