"""The run folder: written under a temporary name, block by block, and renamed when it is whole.

``results.nc`` holds the settlement at its root and the experience in the group ``experience``. Its
variables are laid out for all realizations at once, uncompressed and contiguous, so the file is the
same to the last bit whatever the blocks and threads were.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5netcdf
import h5py
import numpy as np
import xarray as xr

from vbsim.errors import CapacityError, RunFolderError
from vbsim.plan import Plan
from vbsim.vocabulary import REALIZATION

RESULTS = "results.nc"
MANIFEST = "manifest.json"
SCENARIO = "scenario.yaml"
SUMMARY = "summary.csv"
REPORT = "report.html"
FIGURES = "figures"
_PARTIAL = ".partial"


def check_destination(out: Path, overwrite: bool = False) -> None:
    """Refuse a destination that would lose something.

    Raises
    ------
    RunFolderError
        If ``out`` exists and is no run folder, or is one and ``overwrite`` is not given.
    """
    if not out.exists():
        return
    if not (out / MANIFEST).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} exists and is no run folder; choose another with -o")
    if (out / MANIFEST).is_file() and not overwrite:
        raise RunFolderError(
            f"{out} already holds a run; choose another folder with -o, or give --overwrite"
        )


def check_disk(out: Path, need: int) -> None:
    """Raise CapacityError if the results [bytes] would not fit on the disk of ``out``."""
    place = out
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if need > 0.9 * free:
        raise CapacityError(
            f"the results need {need / 1e9:,.1f} GB on disk, and {free / 1e9:,.1f} GB are free at "
            f"{place}; lower realizations, or choose another disk with -o"
        )


@contextmanager
def new_run_folder(out: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``out`` that becomes ``out`` when all went well.

    A run that is killed leaves only the temporary folder, whose name ends in ``.partial`` and which
    holds no manifest; the next run to the same place clears it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}{_PARTIAL}")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir()
    try:
        yield partial
        old = out.with_name(f".{out.name}.old")
        if out.exists():
            out.rename(old)
        partial.rename(out)
        if old.exists():
            shutil.rmtree(old)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


class ResultsWriter:
    """Writes ``results.nc`` block by block.

    Parameters
    ----------
    path
        The file.
    realizations
        How many realizations it will hold.
    """

    def __init__(self, path: Path, realizations: int) -> None:
        self._file = h5netcdf.File(path, "w")
        self._realizations = realizations
        self._variables: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Open for writing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def append(self, start: int, settlement: xr.Dataset, experience: xr.Dataset) -> None:
        """Write a block whose first realization has number ``start``."""
        for group, dataset in (("/", settlement), ("experience", experience)):
            for name in (REALIZATION, *dataset.data_vars):
                key = f"{group}:{name}"
                if not dataset[name].size:  # a plan without layers has no layer costs
                    continue
                if key not in self._variables:
                    self._create(group, dataset)
                stop = start + dataset.sizes[REALIZATION]
                self._variables[key][start:stop] = dataset[name].values

    def _create(self, group: str, dataset: xr.Dataset) -> None:
        place = self._file if group == "/" else self._file.create_group(group)
        sizes = {str(n): size for n, size in dataset.sizes.items() if size}
        place.dimensions = sizes | {REALIZATION: self._realizations}
        place.attrs.update(dataset.attrs)
        for name in (*dataset.coords, *dataset.data_vars):
            variable = dataset[name]
            if not variable.size:
                continue
            text = variable.dtype.kind in "OU"
            kind = h5py.string_dtype() if text else variable.dtype
            made = place.create_variable(str(name), variable.dims, kind)
            made.attrs.update(variable.attrs)
            if REALIZATION in variable.dims:
                self._variables[f"{group}:{name}"] = made
            else:
                made[...] = variable.values.astype(object) if text else variable.values


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
    settlement = xr.open_dataset(path, engine="h5netcdf")
    return settlement, xr.open_dataset(path, engine="h5netcdf", group="experience")


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


def results_bytes(plan: Plan, lines: int) -> int:
    """Estimate of the size of ``results.nc`` [bytes], with so many lines in a statement."""
    years, segments = plan.world.members.shape
    experience = years * (segments * (2 * len(plan.world.services) + len(plan.layers) + 2) + 4)
    settlement = int(np.sum(plan.performance)) * len(plan.contracts) * (8 + lines)
    return 8 * plan.realizations * (experience + settlement)
