"""Files of a decomposition of variance, and of skill against luck: a table and a figure each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from vbsim.errors import RunFolderError
from vbsim.plots import blank
from vbsim.report.figures import DOTS_PER_INCH

Row = dict[str, Any]


def decomposition_rows(found: xr.Dataset) -> Iterator[Row]:
    """Rows quantity, year, contract, source, measure, value, standard_error; known values alone."""
    for quantity, year, contract in _places(found, ("quantity", "year", "contract")):
        here = {"quantity": quantity, "year": year, "contract": contract}
        one = found.sel(here)
        for source in map(str, found["source"].values):
            for name in ("alone", "total"):
                yield from _row(here | {"source": source}, one.sel(source=source), name)
        yield from _row(here | {"source": "all"}, one, "interactions")
        yield from _row(here | {"source": "all"}, one, "variance")


def skill_rows(found: xr.Dataset) -> Iterator[Row]:
    """Rows size, true_savings, minimum_savings_rate, measure, value, standard_error."""
    dims = ("size", "true_savings", "minimum_savings_rate")
    for name in map(str, found.data_vars):
        if name.endswith("_standard_error"):
            continue
        own = [dim for dim in dims if dim in found[name].dims]
        for place in _places(found, own):
            here = dict(zip(own, place, strict=True))
            yield from _row(dict.fromkeys(dims, "") | here, found.sel(here), name)


def write_decomposition(
    found: xr.Dataset, labels: Mapping[str, str], folder: Path
) -> tuple[Path, ...]:
    """Write ``decomposition.csv`` and a figure of each quantity that varies."""
    from vbsim.plots import decomposition

    folder = _folder(folder)
    written = [_table(folder / "decomposition.csv", decomposition_rows(found))]
    for quantity in map(str, found["quantity"].values):
        variance = found["variance"].sel(quantity=quantity, contract=list(labels))
        if bool((variance.isel(year=0) > 0.0).any()):
            path = folder / f"variance_of_{quantity.replace(' ', '_')}.png"
            draw = partial(
                decomposition.draw, decomposition=found, labels=labels, quantity=quantity
            )
            written.append(_draw(path, draw))
    return tuple(written)


def write_skill(found: xr.Dataset, label: str, folder: Path) -> tuple[Path, ...]:
    """Write ``skill.csv`` and ``skill.png``."""
    from vbsim.plots import skill

    folder = _folder(folder)
    draw = partial(skill.draw, found=found, label=label)
    return _table(folder / "skill.csv", skill_rows(found)), _draw(folder / "skill.png", draw)


def check_folder(folder: Path) -> None:
    """Raise RunFolderError if nothing can be written to a folder."""
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; expected a folder to write to, new or not")


def _folder(folder: Path) -> Path:
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _places(found: xr.Dataset, dims: Iterable[str]) -> list[tuple[Any, ...]]:
    places: list[tuple[Any, ...]] = [()]
    for dim in dims:
        places = [(*place, value) for place in places for value in found[dim].values.tolist()]
    return places


def _row(here: Row, one: xr.Dataset, name: str) -> Iterator[Row]:
    value, error = float(one[name]), one.get(f"{name}_standard_error")
    if value == value:  # not missing
        shown = "" if error is None else repr(float(error))
        yield here | {"measure": name, "value": repr(value), "standard_error": shown}


def _table(path: Path, rows: Iterable[Row]) -> Path:
    held = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(held[0]))
        writer.writeheader()
        writer.writerows(held)
    return path


def _draw(path: Path, draw: Callable[[Any], object]) -> Path:
    figure = blank()
    draw(figure)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    return path
