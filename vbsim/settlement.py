"""Statements of all contracts as one labelled Dataset: the Settlement."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.contract import Contract
from vbsim.payment_models.base import FloatArray, Statement
from vbsim.plan import Plan

# Contract, name, unit, formula and meaning of a line, and whether it adds up.
_Words = tuple[str, str, str, str, str, bool]


class Settled:
    """Statements of a plan's contracts, written one after the other as they are made.

    The lines of a statement are written while they are near the processor, and their memory serves
    the next one. One column (year, realizations) follows the other in memory, as they are made and
    as measures read them.

    Parameters
    ----------
    plan
        Whose contracts are settled.
    size
        Number of realizations.
    """

    def __init__(self, plan: Plan, size: int) -> None:
        contracts, years = len(plan.contracts), int(plan.performance.sum())
        self._plan = plan
        self._saved = np.full((contracts, years, size), np.nan)
        self._party = np.zeros((contracts, len(vocabulary.PARTIES), years, size))
        lags = [
            contract.settlement_lag
            for contract in plan.contracts
            if contract.settlement_lag is not None
        ]
        self._cash = np.zeros((contracts, years + max(lags) if lags else 0, size))
        self._holders: list[tuple[str, str]] = []
        self._lines: list[_Words] = []
        self._tables: list[FloatArray] = []

    def write(self, contract: Contract, statements: Iterable[Statement]) -> None:
        """Write a contract's statements of all years; contracts come in the order of the plan."""
        number = len(self._holders)
        years, size = self._saved.shape[1:]
        places: dict[str, int] = {}
        table = np.empty((0, years, size))
        for row, statement in enumerate(statements):
            before = len(places)
            for name, line in statement.lines.items():
                if name not in places:
                    # As the first year that has a line words it.
                    self._lines.append((contract.name, name, *line[1:]))
                    places[name] = len(places)
            if len(places) > len(table):  # an eighth to spare where years differ
                table, short = np.empty((len(places) + len(table) // 8, years, size)), table
                table[: len(short), :row] = short[:, :row]
            table[before : len(places), :row] = np.nan
            for name, place in places.items():
                has = name in statement.lines
                table[place, row] = statement.lines[name].value if has else np.nan
            self._write_money(number, row, statement, contract.settlement_lag or 0)
        self._holders.append((contract.name, statement.party))
        self._tables.append(table[: len(places)])

    def _write_money(self, number: int, row: int, statement: Statement, lag: int) -> None:
        """Write savings rate, net money of the parties, and when its holder has it.

        What is paid at settlement comes the contract's lag later; all other within the year.
        """
        if "savings_rate" in statement.lines:
            self._saved[number, row] = statement.lines["savings_rate"].value
        for place, name in enumerate(vocabulary.PARTIES):
            statement.net_to(name, self._party[number, place, row])
        if not self._cash.size:
            return
        for flow in statement.transfers:
            at = self._cash[number, row + (lag if flow.at_settlement else 0)]
            if flow.target == statement.party:
                at += flow.amount
            if flow.source == statement.party:
                at -= flow.amount

    def labelled(
        self, experience: xr.Dataset, more: dict[str, Any], coordinates_of_more: dict[str, Any]
    ) -> xr.Dataset:
        """Label them as the variables of the Settlement.

        ``more``, with its coordinates, is what else was found: other retentions.
        """
        years = self._plan.world.years[self._plan.performance].tolist()
        party = self._party.transpose(3, 2, 0, 1)
        # Nothing is moved where there is one contract.
        tables = self._tables
        statement = tables[0] if len(tables) == 1 else np.concatenate(tables)
        values = {
            "net_to_provider": party[..., vocabulary.PARTIES.index(vocabulary.PROVIDER)],
            "net_to_party": party,
            "savings_rate": self._saved.transpose(2, 1, 0),
            "statement": statement.transpose(2, 1, 0),
            **more,
        }
        cash_years = self._cash.shape[1]
        if cash_years:
            values["cash_to_holder"] = self._cash.transpose(2, 1, 0)
        labels = _labels(tuple(years), cash_years, tuple(self._holders), tuple(self._lines))
        numbers = vocabulary.REALIZATION
        coordinates = xr.Coordinates(
            {numbers: experience.variables[numbers], **labels},
            {numbers: experience.xindexes[numbers], **labels.xindexes},
        )
        variables = {n: (vocabulary.SETTLEMENT[n].dims, v) for n, v in values.items()}
        dataset = xr.Dataset(variables, coordinates, _attributes(self._plan))
        if coordinates_of_more:
            dataset = dataset.assign_coords(coordinates_of_more)
        return vocabulary.label(dataset, "settlement")


# Blocks of a run have the same labels; to make their indexes takes longer than to settle a year.
@lru_cache(maxsize=16)
def _labels(
    years: tuple[int, ...],
    cash_years: int,
    holders: tuple[tuple[str, str], ...],
    lines: tuple[_Words, ...],
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


def _attributes(plan: Plan) -> dict[str, Any]:
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
            "reserves": [plan.capital.reserve_of(c.name) for c in plan.contracts],
        }
    return found
