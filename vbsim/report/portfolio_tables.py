"""Measures of a portfolio as text and as rows: what its page, the terminal and files share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from vbsim.plots.text import MILLION, decimals_of_millions, millions, number, percent
from vbsim.portfolio.groups import ALL
from vbsim.portfolio.measure import QUANTITIES, PortfolioSummary
from vbsim.vocabulary import (
    CONTRACT,
    ENTITY,
    GROUP,
    HOLDER,
    MEASURE,
    QUANTITY,
    SHARE,
    USD,
    YEAR,
)

COLUMNS = (
    "entity", "group", "contract", "year", "party", "measure", "value", "standard_error", "unit",
)  # fmt: skip
PUBLISHED, PLACE = "published", "published_percentile"
# Of an entity: variable of its measures -> what stands before them in a file, variable of the
# published result, and what stands for a published one.
_OF_ENTITY = {
    "net_result": ("", "published_payment", "published_payment"),
    "savings_rate": ("savings_rate.", "published_savings_rate", "savings_rate.published"),
}
_SHARES = ("prob_gain", "prob_loss")
Row = dict[str, str | int | float]


def shower(unit: str, values: Any, decimals: int = 2) -> Callable[[float], str]:
    """Choose how numbers of a unit are written: shares with so many decimals, money in millions."""
    if unit == SHARE:
        return partial(percent, decimals=decimals)
    if unit == USD:
        largest = float(np.nanmax(np.abs(values), initial=0.0))
        few = 0 if largest >= 1000.0 * MILLION else 1 if largest >= 100.0 * MILLION else 2
        return partial(millions, decimals=few if few < 2 else decimals_of_millions(values))
    return partial(number, decimals=1)


def rows(results: xr.Dataset, summary: PortfolioSummary) -> Iterator[Row]:
    """Rows of ``summary.csv``, in long format with the columns ``COLUMNS``.

    Measures of an entity have its name in ``entity``, those of several together the key of their
    group in ``group``, with the quantity before the measure: ``total_earned.mean``. What is
    undefined, or has no standard error, is left out. Published figures have no standard error;
    their place among the simulated ones is ``...published_percentile``.
    """
    holders = dict(zip(results[CONTRACT].values, results[HOLDER].values, strict=True))
    yield from _entity_rows(results, summary, holders)
    yield from _published_rows(results, summary, holders)
    yield from _program_rows(results, summary)


def _entity_rows(
    results: xr.Dataset, summary: PortfolioSummary, holders: dict[str, str]
) -> Iterator[Row]:
    for variable, (before, _, _) in _OF_ENTITY.items():
        values = summary.entities[variable].transpose(ENTITY, CONTRACT, YEAR, MEASURE)
        errors = summary.entities[f"{variable}_standard_error"].transpose(*values.dims).values
        names = [values[dim].values for dim in values.dims]
        for place in np.ndindex(values.shape):
            entity, contract, year, measure = (
                axis[at] for axis, at in zip(names, place, strict=True)
            )
            share = variable == "savings_rate" or measure in _SHARES
            yield from _row(
                float(values.values[place]), float(errors[place]),
                entity=str(entity), contract=str(contract), year=int(year),
                party=str(holders[contract]), measure=before + str(measure),
                unit=SHARE if share else USD,
            )  # fmt: skip


def _published_rows(
    results: xr.Dataset, summary: PortfolioSummary, holders: dict[str, str]
) -> Iterator[Row]:
    reference = str(results.attrs["reference"])
    places = summary.entities["published_percentile"].values
    for number_, entity in enumerate(results[ENTITY].values):
        own = {"entity": str(entity), "contract": reference, "year": int(results[YEAR][0]),
               "party": str(holders[reference])}  # fmt: skip
        for variable, (_, published, measure) in _OF_ENTITY.items():
            unit = SHARE if variable == "savings_rate" else USD
            value = float(results[published].values[number_])
            yield from _row(value, None, measure=measure, unit=unit, **own)
        at = float(places[number_])
        yield from _row(at, None, measure=f"savings_rate.{PLACE}", unit=SHARE, **own)


def _program_rows(results: xr.Dataset, summary: PortfolioSummary) -> Iterator[Row]:
    program = summary.program
    dims = (GROUP, CONTRACT, YEAR, QUANTITY, MEASURE)
    values = program["value"].transpose(*dims)
    errors = program["standard_error"].transpose(*dims).values
    names = [values[dim].values for dim in dims]
    for place in np.ndindex(values.shape):
        group, contract, year, quantity, measure = (
            axis[at] for axis, at in zip(names, place, strict=True)
        )
        own = QUANTITIES[str(quantity)]
        yield from _row(
            float(values.values[place]), float(errors[place]),
            group=str(group), contract=str(contract), year=int(year), party=own.party,
            measure=f"{quantity}.{measure}", unit=own.unit,
        )  # fmt: skip
    first = {"contract": str(results.attrs["reference"]), "year": int(results[YEAR][0])}
    for line, quantity in enumerate(program[QUANTITY].values):
        own = QUANTITIES[str(quantity)]
        for number_, group in enumerate(program[GROUP].values):
            for name, unit in ((PUBLISHED, own.unit), (PLACE, SHARE)):
                yield from _row(
                    float(program[name].values[line, number_]), None, group=str(group),
                    party=own.party, measure=f"{quantity}.{name}", unit=unit, **first,
                )  # fmt: skip


def _row(value: float, error: float | None, **own: Any) -> Iterator[Row]:
    """Give a row, unless its value or its standard error is unknown."""
    if not math.isnan(value) and (error is None or not math.isnan(error)):
        known = {"value": value, "standard_error": "" if error is None else error}
        yield {name: (own | known).get(name, "") for name in COLUMNS}


def as_json(results: xr.Dataset, summary: PortfolioSummary) -> dict[str, Any]:
    """Put measures of the program and of every entity into plain data, in the first year.

    ``program`` and ``groups`` by contract and quantity, ``entities`` by name and contract; each
    measure with its value and standard error, published figures as they are.
    """
    first = int(results[YEAR][0])
    found: dict[str, Any] = {"program": {}, "groups": {}, "entities": {}}
    for row in rows(results, summary):
        if row["year"] != first:
            continue
        contract, measure = str(row["contract"]), str(row["measure"])
        if row["entity"]:
            place = found["entities"].setdefault(str(row["entity"]), {}).setdefault(contract, {})
        elif row["group"] == ALL:
            place = found["program"].setdefault(contract, {})
        else:
            place = found["groups"].setdefault(str(row["group"]), {}).setdefault(contract, {})
        exact = row["standard_error"] == ""
        place[measure] = (
            row["value"] if exact else {key: row[key] for key in ("value", "standard_error")}
        )
    return found
