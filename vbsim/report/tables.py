"""Numbers as text and as rows: what the page, the command line and summary.csv share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import xarray as xr

from vbsim.plots.text import MISSING, millions, number, percent
from vbsim.vocabulary import (
    CAPITAL_MEASURE,
    CONTRACT,
    HOLDER,
    MEASURE,
    PARTY,
    RETENTION,
    SHARE,
    USD,
    YEAR,
)

__all__ = ["money", "money_with_error", "share", "summary_rows", "with_error"]

share = percent
Row = dict[str, str | int | float]


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


def summary_rows(summary: xr.Dataset) -> Iterator[Row]:
    """Rows of ``summary.csv``: contract, year, party, measure, value, standard_error, unit.

    Values that are undefined, or rest on too few realizations to have a standard error, are left
    out. The savings rate is
    ``savings_rate.<measure>``, a difference from the reference contract
    ``difference_from_<reference>.<measure>``; both belong to the party that holds the contract.
    Where the plan states capital, ``present_value.<measure>`` and ``capital.<measure>`` are over
    the horizon, whose first and last year stand for the year; where it states retentions,
    ``retention_<attachment>.<measure>`` is the contract with its stop-loss at that attachment.

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
    if "horizon_value" in summary:
        yield from _horizon_rows(summary)
    if "retention_value" in summary:
        yield from _retention_rows(summary)


def _parameter_shares(summary: xr.Dataset) -> Iterator[Row]:
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


def _horizon_rows(summary: xr.Dataset) -> Iterator[Row]:
    """Present value and capital over the horizon; the year is its first and last."""
    years = summary[YEAR].values
    span = f"{years[0]}-{years[-1]}"
    holders = dict(zip(summary[CONTRACT].values, summary[HOLDER].values, strict=True))
    for name in summary[CONTRACT].values:
        of_contract = summary.sel({CONTRACT: name})
        for party in summary[PARTY].values:
            found = of_contract.sel({PARTY: party})
            measures = zip(summary[MEASURE].values, summary["unit"].values, strict=True)
            for (key, unit), value, error in zip(
                measures, found["horizon_value"].values, found["horizon_error"].values, strict=True
            ):
                yield from _row(name, span, party, f"present_value.{key}", value, error, unit)
        of_capital = zip(
            summary[CAPITAL_MEASURE].values,
            of_contract["capital_value"].values,
            of_contract["capital_error"].values,
            summary["capital_measure_unit"].values,
            strict=True,
        )
        for key, value, error, unit in of_capital:
            yield from _row(name, span, holders[name], f"capital.{key}", value, error, unit)


def _retention_rows(summary: xr.Dataset) -> Iterator[Row]:
    """Measures of a contract with its stop-loss at other attachments."""
    holders = dict(zip(summary[CONTRACT].values, summary[HOLDER].values, strict=True))
    for at, year in np.ndindex(summary.sizes[RETENTION], summary.sizes[YEAR]):
        one = summary.isel({RETENTION: at, YEAR: year})
        name, when = str(one["retention_contract"].values), int(one[YEAR])
        before = "retention_" + str(one[RETENTION].values).removeprefix(f"{name}.")
        place = (name, when, holders[name])
        for kind, words in (("value", ""), ("difference", "less_none.")):
            error = "retention_error" if kind == "value" else "retention_difference_error"
            for key, value, doubt, unit in zip(
                summary["retention_measure"].values,
                one[f"retention_{kind}"].values,
                one[error].values,
                summary["retention_unit"].values,
                strict=True,
            ):
                yield from _row(*place, f"{before}.{words}{key}", value, doubt, unit)
        value, doubt = (float(one[f"retention_{n}"]) for n in ("recovered", "recovered_error"))
        yield from _row(*place, f"{before}.recovery", value, doubt, USD)


def _row(
    contract: str, year: int | str, party: str, measure: str, value: float, error: float, unit: str
) -> Iterator[Row]:
    """One row, unless the value is undefined or its precision unknown."""
    if math.isnan(value) or math.isnan(error):
        return
    yield {
        "contract": str(contract),
        "year": year,
        "party": str(party),
        "measure": measure,
        "value": float(value),
        "standard_error": float(error),
        "unit": str(unit),
    }


def _rows(summary: xr.Dataset, value: str, error: str, before: str) -> Iterator[Row]:
    dims = [CONTRACT, YEAR, *([PARTY] if PARTY in summary[value].dims else []), MEASURE]
    values = summary[value].transpose(*dims)
    errors = summary[error].transpose(*dims).values
    units = summary["unit"].values
    names = [values[dim].values for dim in dims]
    holders = dict(zip(summary[CONTRACT].values, summary[HOLDER].values, strict=True))
    for place in np.ndindex(values.shape):
        found, doubt = float(values.values[place]), float(errors[place])
        labels = [axis[at] for axis, at in zip(names, place, strict=True)]
        party = labels[2] if len(labels) == 4 else holders[labels[0]]
        key, year = before + str(labels[-1]), int(labels[1])
        yield from _row(labels[0], year, party, key, found, doubt, str(units[place[-1]]))
