"""Numbers as text and as rows: what the page, the command line and summary.csv share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import xarray as xr

from vbsim.plots.text import MISSING, millions, number, percent
from vbsim.vocabulary import CONTRACT, HOLDER, MEASURE, PARTY, SHARE, YEAR

__all__ = ["money", "money_with_error", "share", "summary_rows", "with_error"]

share = percent


def money(usd: float, scale: float | None = None) -> str:
    """Write an amount [USD] on its own: ``$2.41M``, ``−$337k``, ``$12``.

    Parameters
    ----------
    usd
        The amount.
    scale
        Another amount [USD] whose unit, M, k or none, is to be used; the amount's own if None.
    """
    if math.isnan(usd):
        return MISSING
    # Limits of half a unit of the smaller scale, so that 999,600 reads $1.00M and not $1,000k.
    size, measure = abs(usd), abs(usd if scale is None else scale)
    if measure >= 999_500.0:
        text = millions(size) + "M"
    elif measure >= 999.5:
        text = number(size / 1e3) + "k"
    else:
        text = number(size)
    return f"−${text}" if usd < 0.0 and text.strip("0.Mk") else f"${text}"


def with_error(show: Callable[[float], str], value: float, error: float) -> str:
    """Write a value with its standard error, where that is known."""
    return show(value) if math.isnan(error) else f"{show(value)} ± {show(error)}"


def money_with_error(usd: float, error: float) -> str:
    """Write an amount and its standard error [USD] in the same unit: ``$2.41M ± $0.03M``."""
    return with_error(partial(money, scale=usd), usd, error)


def summary_rows(summary: xr.Dataset) -> Iterator[dict[str, str | int | float]]:
    """Rows of ``summary.csv``: contract, year, party, measure, value, standard_error, unit.

    Values that are undefined, or rest on too few realizations to have a standard error, are left
    out. The savings rate is
    ``savings_rate.<measure>``, a difference from the reference contract
    ``difference_from_<reference>.<measure>``; both belong to the party that holds the contract.

    Parameters
    ----------
    summary
        From :func:`vbsim.measure`.
    """
    yield from _rows(summary, "value", "standard_error", "")
    if "savings_rate" in summary:
        rates = summary.assign_coords(unit=(MEASURE, [SHARE] * summary.sizes[MEASURE]))
        yield from _rows(rates, "savings_rate", "savings_rate_standard_error", "savings_rate.")
    if "parameter_share" in summary:
        yield from _parameter_shares(summary)
    reference = str(summary.attrs["reference"])
    others = summary.isel({CONTRACT: summary[CONTRACT].values.astype(str) != reference})
    before = f"difference_from_{reference}."
    yield from _rows(others, "difference", "difference_standard_error", before)


def _parameter_shares(summary: xr.Dataset) -> Iterator[dict[str, str | int | float]]:
    name = "parameter_share"
    for contract, holder in zip(summary[CONTRACT].values, summary[HOLDER].values, strict=True):
        for year in summary[YEAR].values:
            one = summary.sel({CONTRACT: contract, YEAR: year})
            value, error = float(one[name]), float(one[f"{name}_standard_error"])
            if not math.isnan(value + error):
                yield {
                    "contract": str(contract),
                    "year": int(year),
                    "party": str(holder),
                    "measure": name,
                    "value": value,
                    "standard_error": error,
                    "unit": SHARE,
                }


def _rows(
    summary: xr.Dataset, value: str, error: str, before: str
) -> Iterator[dict[str, str | int | float]]:
    dims = [CONTRACT, YEAR, *([PARTY] if PARTY in summary[value].dims else []), MEASURE]
    values = summary[value].transpose(*dims)
    errors = summary[error].transpose(*dims).values
    units = summary["unit"].values
    names = [values[dim].values for dim in dims]
    holders = dict(zip(summary[CONTRACT].values, summary[HOLDER].values, strict=True))
    for place in np.ndindex(values.shape):
        found, doubt = float(values.values[place]), float(errors[place])
        if math.isnan(found) or math.isnan(doubt):  # undefined, or too few realizations to tell
            continue
        labels = [axis[at] for axis, at in zip(names, place, strict=True)]
        yield {
            "contract": str(labels[0]),
            "year": int(labels[1]),
            "party": str(labels[2] if len(labels) == 4 else holders[labels[0]]),
            "measure": before + str(labels[-1]),
            "value": found,
            "standard_error": doubt,
            "unit": str(units[place[-1]]),
        }
