"""Statements of all contracts as one labelled Dataset: the Settlement."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.payment_models.base import FloatArray, Line, Statement
from vbsim.plan import Plan


def labelled(
    plan: Plan,
    experience: xr.Dataset,
    settled: dict[str, list[Statement]],
    more: dict[str, Any],
    coordinates_of_more: dict[str, Any],
) -> xr.Dataset:
    """Statements of all contracts, by performance year, as the variables of the Settlement.

    ``more``, with its coordinates, is what else was found: other retentions.
    """
    years = plan.world.years[plan.performance].tolist()
    lines = _lines(settled)
    size = experience.sizes[vocabulary.REALIZATION]
    values = _amounts(settled, lines, (len(years), size)) | more
    lags = [contract.settlement_lag for contract in plan.contracts]
    cash_years = 0
    if any(lag is not None for lag in lags):
        values["cash_to_holder"] = _cash(settled, lags).transpose(2, 1, 0)
        cash_years = values["cash_to_holder"].shape[1]
    labels = _labels(
        tuple(years),
        cash_years,
        tuple((name, statements[0].party) for name, statements in settled.items()),
        tuple((*name, *line[1:]) for name, line in lines.items()),
    )
    numbers = vocabulary.REALIZATION
    coordinates = xr.Coordinates(
        {numbers: experience.variables[numbers], **labels},
        {numbers: experience.xindexes[numbers], **labels.xindexes},
    )
    variables = {n: (vocabulary.SETTLEMENT[n].dims, v) for n, v in values.items()}
    dataset = xr.Dataset(variables, coordinates, _attributes(plan, settled))
    if coordinates_of_more:
        dataset = dataset.assign_coords(coordinates_of_more)
    return vocabulary.label(dataset, "settlement")


# Blocks of a run have the same labels; to make their indexes takes longer than to settle a year.
@lru_cache(maxsize=16)
def _labels(
    years: tuple[int, ...],
    cash_years: int,
    holders: tuple[tuple[str, str], ...],
    lines: tuple[tuple[str, str, str, str, str, bool], ...],
) -> xr.Coordinates:
    """Coordinates other than the realizations; a line is its contract, name and words."""
    contracts, parties = zip(*holders, strict=True)
    columns = list(zip(*lines, strict=True))
    names = ("line_contract", "line_name", "line_unit", "formula", "meaning")
    found: dict[str, Any] = {
        vocabulary.YEAR: list(years),
        vocabulary.CONTRACT: list(contracts),
        vocabulary.PARTY: list(vocabulary.PARTIES),
        vocabulary.HOLDER: (vocabulary.CONTRACT, list(parties)),
        vocabulary.LINE: [f"{contract}.{name}" for contract, name, *_ in lines],
        "adds_to_net": (vocabulary.LINE, np.array(columns[5], dtype=np.int64)),
        **{n: (vocabulary.LINE, list(c)) for n, c in zip(names, columns[:5], strict=True)},
    }
    if cash_years:
        found[vocabulary.CASH_YEAR] = years[0] + np.arange(cash_years)
    return xr.Dataset(coords=found).coords


def _amounts(
    settled: dict[str, list[Statement]],
    lines: dict[tuple[str, str], Line],
    columns: tuple[int, int],
) -> dict[str, FloatArray]:
    """Money of the parties, savings rates and statement lines, with the dims of the vocabulary.

    One column (year, realizations) after the other in memory, as they are made and as measures
    read them.
    """
    saved = np.full((len(settled), *columns), np.nan)
    party = np.zeros((len(settled), len(vocabulary.PARTIES), *columns))
    table = np.empty((len(lines), *columns))
    for number, contract_years in enumerate(settled.values()):
        for row, statement in enumerate(contract_years):
            for place, name in enumerate(vocabulary.PARTIES):
                statement.net_to(name, party[number, place, row])
            if "savings_rate" in statement.lines:
                saved[number, row] = statement.lines["savings_rate"].value
    for number, (contract, name) in enumerate(lines):
        for row, statement in enumerate(settled[contract]):
            has = name in statement.lines
            table[number, row] = statement.lines[name].value if has else np.nan
    saved, table = (array.transpose(2, 1, 0) for array in (saved, table))
    party = party.transpose(3, 2, 0, 1)
    return {
        "net_to_provider": party[..., vocabulary.PARTIES.index(vocabulary.PROVIDER)],
        "net_to_party": party,
        "savings_rate": saved,
        "statement": table,
    }


def _attributes(plan: Plan, settled: dict[str, list[Statement]]) -> dict[str, Any]:
    """Tell measures what they have to know of the plan."""
    found: dict[str, Any] = {
        "reference": plan.reference,
        "owing_more_than": list(plan.owing_more_than),
        "sampling": plan.sampling,
    }
    if plan.capital is not None:
        found |= {
            "discount_rate": plan.capital.discount_rate,
            "ruin_probabilities": list(plan.capital.ruin_probabilities),
            "reserves": [plan.capital.reserve_of(name) for name in settled],
        }
    return found


def _cash(settled: dict[str, list[Statement]], lags: list[int | None]) -> FloatArray:
    """Money to each contract's holder by calendar year, (C, years, R) [USD].

    What is paid at settlement comes the contract's lag later; all other within the year.
    """
    contracts = list(settled.values())
    size = contracts[0][0].transfers[0].amount.size
    longest = max(lag or 0 for lag in lags)
    cash = np.zeros((len(contracts), len(contracts[0]) + longest, size))
    for number, (years, lag) in enumerate(zip(contracts, lags, strict=True)):
        for row, statement in enumerate(years):
            for flow in statement.transfers:
                at = cash[number, row + (lag or 0 if flow.at_settlement else 0)]
                if flow.target == statement.party:
                    at += flow.amount
                if flow.source == statement.party:
                    at -= flow.amount
    return cash


def _lines(statements: dict[str, list[Statement]]) -> dict[tuple[str, str], Line]:
    """Lines of all statements by contract and name, as the first year that has them words them."""
    found: dict[tuple[str, str], Line] = {}
    for contract, years in statements.items():
        for statement in years:
            for name, line in statement.lines.items():
                found.setdefault((contract, name), line)
    return found
