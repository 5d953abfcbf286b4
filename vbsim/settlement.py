"""Statements of all contracts as one labelled Dataset: the Settlement."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.payment_models.base import FloatArray, Line, Statement
from vbsim.plan import Plan


def labelled(
    plan: Plan,
    realizations: np.ndarray,
    settled: dict[str, list[Statement]],
    more: dict[str, Any],
    coordinates_of_more: dict[str, Any],
) -> xr.Dataset:
    """Statements of all contracts, by performance year, as the variables of the Settlement.

    ``more``, with its coordinates, is what else was found: other retentions.
    """
    years = plan.world.years[plan.performance]
    lines = _lines(settled)
    values = _amounts(settled, lines, (years.size, realizations.size)) | more
    lags = [contract.settlement_lag for contract in plan.contracts]
    cash_years = {}
    if any(lag is not None for lag in lags):
        values["cash_to_holder"] = _cash(settled, lags).transpose(2, 1, 0)
        count = values["cash_to_holder"].shape[1]
        cash_years = {vocabulary.CASH_YEAR: years[0] + np.arange(count)}
    coordinates = {
        vocabulary.REALIZATION: realizations,
        vocabulary.YEAR: years,
        **cash_years,
        vocabulary.CONTRACT: list(settled),
        vocabulary.PARTY: list(vocabulary.PARTIES),
        vocabulary.HOLDER: (vocabulary.CONTRACT, [s[0].party for s in settled.values()]),
        **_line_coordinates(lines),
        **coordinates_of_more,
    }
    variables = {n: (vocabulary.SETTLEMENT[n].dims, v) for n, v in values.items()}
    dataset = xr.Dataset(variables, coordinates, _attributes(plan, settled))
    return vocabulary.label(dataset, "settlement")


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
    party = np.empty((len(settled), len(vocabulary.PARTIES), *columns))
    table = np.empty((len(lines), *columns))
    for number, contract_years in enumerate(settled.values()):
        for row, statement in enumerate(contract_years):
            for place, name in enumerate(vocabulary.PARTIES):
                party[number, place, row] = statement.net_to(name)
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


def _line_coordinates(lines: dict[tuple[str, str], Line]) -> dict[str, Any]:
    columns = {
        vocabulary.LINE: [f"{contract}.{name}" for contract, name in lines],
        "line_contract": [contract for contract, _ in lines],
        "line_name": [name for _, name in lines],
        "line_unit": [line.unit for line in lines.values()],
        "formula": [line.formula for line in lines.values()],
        "meaning": [line.meaning for line in lines.values()],
        "adds_to_net": np.array([line.adds for line in lines.values()], dtype=np.int64),
    }
    return {name: (vocabulary.LINE, values) for name, values in columns.items()}
