"""One realization's settlement statement, with the arithmetic of every line written out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from vbsim.errors import RunFolderError, did_you_mean
from vbsim.plots.text import number, spelled, words
from vbsim.vocabulary import CONTRACT, HOLDER, PARTY, REALIZATION, SHARE, USD, YEAR

# Realizations that can be asked for by rank of the contract's net result.
RANKS = {"worst": 0.0, "p5": 0.05, "median": 0.5, "p95": 0.95, "best": 1.0}
_NAME = re.compile(r"[a-z_][a-z_0-9]*")
_OF_THE_FORMULA = {"min", "max", "if", "else", "and", "or", "not"}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a statement in words and figures.

    Parameters
    ----------
    name, words
        Key of the line; its words.
    value, shown, unit
        Value; value as printed, and its unit.
    adds
        Whether it is one of the lines whose sum is the net result.
    formula, worked
        Arithmetic in words, and with the printed figures put in; empty for a given line.
    meaning
        Where a given line comes from.
    """

    name: str
    words: str
    value: float
    shown: str
    unit: str
    adds: bool
    formula: str
    worked: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Statement of one contract in one realization and year.

    Parameters
    ----------
    net
        Net result of the holder [USD].
    holder
        Party that holds the contract.
    flows
        Net money of each party that sends or receives any [USD]; they sum to zero.
    """

    contract: str
    realization: int
    year: int
    rows: tuple[StatementLine, ...]
    net: float
    holder: str
    flows: dict[str, float]


def explain(
    settlement: xr.Dataset, contract: str, realization: str | int, year: int | None = None
) -> Explanation:
    """Write out the statement of one contract, realization and year.

    Parameters
    ----------
    settlement
        Of a run, or from :func:`vbsim.settle`.
    contract
        Key of the contract.
    realization
        Its number, or one of ``RANKS``: the realization at that rank of the net result.
    year
        Performance year; the first by default.

    Raises
    ------
    RunFolderError
        If there is no such contract, realization or year.
    """
    names = [str(name) for name in settlement[CONTRACT].values]
    if contract not in names:
        raise RunFolderError(
            f"no contract '{contract}' in this run; {did_you_mean(contract, names)}"
        )
    years = [int(y) for y in settlement[YEAR].values]
    chosen = years[0] if year is None else year
    if chosen not in years:
        listed = ", ".join(map(str, years))
        raise RunFolderError(f"no year {chosen} in this run; choose one of: {listed}")
    of_year = settlement.isel({YEAR: years.index(chosen)})
    holder = str(settlement[HOLDER].values[names.index(contract)])
    net = of_year["net_to_party"].sel({CONTRACT: contract, PARTY: holder})
    position = _position(net, realization)
    one = of_year.isel({REALIZATION: position})
    by_party = one["net_to_party"].sel({CONTRACT: contract})
    flows = zip(by_party[PARTY].values, by_party.values, strict=True)
    return Explanation(
        contract=contract,
        realization=int(settlement[REALIZATION].values[position]),
        year=chosen,
        rows=tuple(rows(one, contract)),
        net=float(net.values[position]),
        holder=holder,
        flows={str(party): float(amount) for party, amount in flows if amount != 0.0},
    )


def rows(one: xr.Dataset, contract: str) -> list[StatementLine]:
    """Lines of a contract's statement; ``one`` is the settlement of one realization and year."""
    own = one["line_contract"].values == contract
    keys = ("line_name", "line_unit", "adds_to_net", "formula", "meaning", "statement")
    lines = [one[key].values[own].tolist() for key in keys]
    printed: dict[str, str] = {}
    found = []
    for name, unit, adds, formula, meaning, value in zip(*lines, strict=True):
        if np.isnan(value):
            continue
        printed[name] = shown(value, unit)
        found.append(
            StatementLine(
                name=name,
                words=words(name),
                value=value,
                shown=printed[name],
                unit=unit,
                adds=bool(adds),
                formula=_in_words(formula),
                worked=_with_numbers(formula, printed),
                meaning=meaning,
            )
        )
    return found


def shown(value: float, unit: str) -> str:
    """Print a value with as many digits as the lines that rest on it need."""
    if np.isinf(value):
        return "no limit" if value > 0.0 else "−no limit"
    decimals = 10 if unit == SHARE else 2 if unit == USD else 6
    text = number(value, decimals)
    return text if unit == USD or "." not in text else text.rstrip("0").rstrip(".")


def as_json(found: Explanation) -> dict[str, Any]:
    """Put a statement into plain data."""
    keys = ("name", "value", "unit", "adds", "formula", "worked", "meaning")
    return {
        "contract": found.contract,
        "realization": found.realization,
        "year": found.year,
        "lines": [{key: getattr(row, key) for key in keys} for row in found.rows],
        "holder": found.holder,
        "net_to_holder": found.net,
        "net_to_party": found.flows,
    }


def _position(net: xr.DataArray, realization: str | int) -> int:
    if realization in RANKS:
        rank = max(int(np.ceil(net.size * RANKS[str(realization)] - 1e-9)) - 1, 0)
        return int(np.argsort(net.values, kind="stable")[rank])
    numbers = net[REALIZATION].values
    text = str(realization)
    found = np.flatnonzero(numbers == int(text)) if text.isdigit() else np.array([])
    if not found.size:
        ranks = ", ".join(RANKS)
        raise RunFolderError(
            f"no realization '{realization}' in this run; expected a number from {numbers[0]} to "
            f"{numbers[-1]}, or one of: {ranks}"
        )
    return int(found[0])


def _in_words(formula: str) -> str:
    return _signs(_NAME.sub(lambda m: spelled(m[0]), formula))


def _with_numbers(formula: str, printed: dict[str, str]) -> str:
    """Put the printed figures into a formula."""
    if not formula or not set(_NAME.findall(formula)) - _OF_THE_FORMULA:
        return ""

    figures = dict(printed)
    figures |= {name: f"({text})" for name, text in printed.items() if text.startswith("−")}
    return _signs(_NAME.sub(lambda m: figures.get(m[0], m[0]), formula))


def _signs(formula: str) -> str:
    formula = formula.replace("**", "^")
    return formula.replace("*", "×").replace("-", "−").replace(">=", "≥").replace("<=", "≤")
