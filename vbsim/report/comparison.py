"""Contracts side by side, of one run or of two, with paired errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from vbsim.errors import RunFolderError
from vbsim.measures import measure_array, paired_difference
from vbsim.plots.text import of_holder
from vbsim.report.run_folder import open_results, read_manifest
from vbsim.report.tables import money, share
from vbsim.vocabulary import CONTRACT, HOLDER, net_to_holder

_KEYS = ("mean", "prob_loss", "tvar_95")


@dataclass(frozen=True)
class Comparison:
    """Rows of a comparison: each contract's measures and their differences from the reference."""

    title: str
    note: str
    rows: list[dict[str, Any]]

    @property
    def columns(self) -> list[str]:
        """Headings of the table."""
        return ["contract", *(f"{k}{s}" for k in _KEYS for s in ("", " less reference"))]

    def cells(self) -> list[list[str]]:
        """Rows as text, each figure with its standard error."""
        return [
            [of_holder(row["contract"], row["holder"]), *(c for k in _KEYS for c in _pair(row, k))]
            for row in self.rows
        ]


def compare_runs(folder: Path, other: Path | None = None) -> Comparison:
    """Compare the contracts of one run, or of two runs.

    Parameters
    ----------
    folder, other
        Run folders. Contracts of ``other`` are named ``folder/contract``.

    Returns
    -------
    Comparison
        Differences are from the first run's reference contract. Within a run, and between runs
        with the same seed and realizations, they are paired realization by realization.

    Raises
    ------
    RunFolderError
        If a folder holds no finished run, or the two have different numbers of realizations.
    """
    settlement, _ = open_results(folder)
    reference = str(settlement.attrs["reference"])
    net = net_to_holder(settlement).isel(year=0, drop=True)
    note = f"Reference: {reference}. Differences are paired realization by realization."
    if other is not None:
        second = net_to_holder(open_results(other)[0]).isel(year=0, drop=True)
        if second.sizes["realization"] != net.sizes["realization"]:
            raise RunFolderError(
                f"{folder} has {net.sizes['realization']:,} realizations and {other} has "
                f"{second.sizes['realization']:,}; run both with the same number to compare them"
            )
        names = [f"{other.name}/{name}" for name in second[CONTRACT].values]
        net = xr.concat([net, second.assign_coords({CONTRACT: names})], CONTRACT)
        seeds = [read_manifest(place)["seed"] for place in (folder, other)]
        if seeds[0] != seeds[1]:
            note += f" Between the runs they are independent: seeds {seeds[0]} and {seeds[1]}."
    alone = measure_array(net, _KEYS)
    paired = paired_difference(net, reference, measures=_KEYS)
    held = zip(net[CONTRACT].values, net[HOLDER].values, strict=True)
    rows = [_row(alone, paired, str(name), str(holder)) for name, holder in held]
    title = str(folder) if other is None else f"{folder} and {other}"
    return Comparison(title, note, rows)


def _row(alone: xr.Dataset, paired: xr.Dataset, name: str, holder: str) -> dict[str, Any]:
    row: dict[str, Any] = {"contract": name, "holder": holder}
    for key in _KEYS:
        place = {CONTRACT: name, "measure": key}
        for prefix, source in ((key, alone), (f"{key}_difference", paired)):
            row[prefix] = float(source["value"].sel(place))
            row[f"{prefix}_standard_error"] = float(source["standard_error"].sel(place))
    return row


def _pair(row: dict[str, Any], key: str) -> list[str]:
    shown = share if key.startswith("prob") else money
    return [
        f"{shown(row[name])} ± {shown(row[f'{name}_standard_error'])}"
        for name in (key, f"{key}_difference")
    ]
