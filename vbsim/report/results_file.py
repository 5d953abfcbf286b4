"""``results.nc``: written block by block, each block at the place that its realizations have.

The settlement is at the root of the file, the experience in the group ``experience``. Variables are
laid out for all realizations at once, uncompressed and contiguous, when the first block comes; from
then on blocks are written straight into their places and nothing else of the file is touched. So
the file is the same to the last bit whatever the size and the order of the blocks, and one whose
writing was cut off keeps every block that was finished.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5netcdf
import h5py
import numpy as np
import xarray as xr

from vbsim.vocabulary import REALIZATION

EXPERIENCE = "experience"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the rows of a variable lie in the file."""

    offset: int
    row_bytes: int
    dtype: np.dtype[Any]


class ResultsWriter:
    """Writes ``results.nc`` block by block.

    Parameters
    ----------
    path
        The file; one that was begun is continued.
    realizations
        How many realizations it will hold.
    """

    def __init__(self, path: Path, realizations: int) -> None:
        self._path, self._realizations = path, realizations
        self._file: FileIO | None = None
        self._places: dict[str, _Place] = {}

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
        self.close()

    def close(self) -> None:
        """Close the file; writing opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def write(self, settlement: xr.Dataset, experience: xr.Dataset) -> None:
        """Write a block of consecutive realizations at its place."""
        file = self._open(settlement, experience)
        try:
            for offset, values in self._parts(settlement, experience):
                file.seek(offset)
                while values:
                    values = values[file.write(values) :]
        except OSError as error:
            error.filename = error.filename or str(self._path)
            raise

    def holds(self, settlement: xr.Dataset, experience: xr.Dataset) -> bool:
        """Whether the file holds these very bits at the place of this block."""
        file = self._open(settlement, experience)
        for offset, values in self._parts(settlement, experience):
            file.seek(offset)
            if file.read(values.nbytes) != values:
                return False
        return True

    def sync(self) -> None:
        """Wait until everything written is on the disk."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def _open(self, settlement: xr.Dataset, experience: xr.Dataset) -> FileIO:
        if self._file is None:
            if not self._path.exists():
                _lay_out(self._path, self._realizations, settlement, experience)
            self._places = _places(self._path)
            self._file = FileIO(self._path, "r+")
        return self._file

    def _parts(
        self, settlement: xr.Dataset, experience: xr.Dataset
    ) -> Iterator[tuple[int, memoryview]]:
        """Offset and bytes of every variable of a block."""
        start = int(settlement[REALIZATION][0])
        for group, dataset in (("", settlement), (EXPERIENCE, experience)):
            for name in _varying(dataset):
                place = self._places[f"{group}/{name}"]
                values = np.ascontiguousarray(dataset[name].values, dtype=place.dtype)
                if values.nbytes != place.row_bytes * dataset.sizes[REALIZATION]:
                    raise ValueError(f"{name} has another shape than in the first block")
                yield place.offset + start * place.row_bytes, values.data.cast("B")


def _varying(dataset: xr.Dataset) -> list[str]:
    """Variables with a row per realization; a plan without layers has no layer costs."""
    names = (*map(str, dataset.coords), *map(str, dataset.data_vars))
    return [name for name in names if REALIZATION in dataset[name].dims and dataset[name].size]


def _lay_out(path: Path, realizations: int, settlement: xr.Dataset, experience: xr.Dataset) -> None:
    """Make the file with everything but the rows, and with room for those."""
    with h5netcdf.File(path, "w") as file:
        for place, dataset in ((file, settlement), (file.create_group(EXPERIENCE), experience)):
            sizes = {str(name): size for name, size in dataset.sizes.items() if size}
            place.dimensions = sizes | {REALIZATION: realizations}
            place.attrs.update(dataset.attrs)
            for name in (*dataset.coords, *dataset.data_vars):
                if dataset[name].size:
                    _add(place, str(name), dataset[name])


def _add(place: Any, name: str, variable: xr.DataArray) -> None:
    text = variable.dtype.kind in "OU"
    kind = h5py.string_dtype() if text else variable.dtype
    made = place.create_variable(name, variable.dims, kind)
    made.attrs.update(variable.attrs)
    if REALIZATION in variable.dims:
        made[:1] = variable.values[:1]  # HDF5 makes room for all rows when the first is written
    else:
        made[...] = variable.values.astype(object) if text else variable.values


def _places(path: Path) -> dict[str, _Place]:
    """Places of all variables with a row per realization, by group and name."""
    found = {}
    with h5py.File(path, "r") as file:
        realizations = file[REALIZATION].size
        for group in ("", EXPERIENCE):
            for name, stored in file[group or "/"].items():
                offset = None if isinstance(stored, h5py.Group) else stored.id.get_offset()
                if offset is not None and stored.shape[:1] == (realizations,):
                    row_bytes = stored.nbytes // realizations
                    found[f"{group}/{name}"] = _Place(offset, row_bytes, stored.dtype)
    return found
