"""Settles CMS's GPDC and ACO REACH result files, 2021 and later.

The published final benchmark is that after discount and quality, so neither is taken again; from
2023 the health equity adjustment is added to it. Expenditure is net of stop-loss. There is no
minimum savings rate; ``sharing_rate`` and ``loss_rate`` are the part of all savings or losses that
the corridors leave to the ACO, before sequestration.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np

from vbsim import rulebook
from vbsim.outcomes import compare
from vbsim.outcomes.layout import Layout
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.reader import OutcomeFile, Row, batches
from vbsim.payment_models import corridor
from vbsim.payment_models.base import ContractYear
from vbsim.rulebook import Rulebook

LAYOUT = Layout(
    columns={
        "aco_id": ("aco_id", "dce_id"),
        "track": ("risk_arrangement",),
        "benchmark": ("final_benchmark",),
        "expenditure": ("tot_cost_care_net",),
        "heba_up": ("heba_up_amt",),
        "heba_down": ("heba_down_amt",),
        "retention_withhold": ("retention_withhold",),
        "published_unsequestered": ("shared_savings",),
        "published": ("shared_savings_seq",),
    },
    needed=("aco_id", "track", "benchmark", "expenditure"),
    rates={},
    flags=frozenset(),
    texts=frozenset({"aco_id", "track"}),
)
_HEBA = ("heba_up", "heba_down")


def check_years(years: set[int]) -> None:
    """Refuse a year outside the rules."""
    for year in sorted(years):
        _book().check_year(year)


def settle(file: OutcomeFile) -> Iterator[Outcome]:
    """Settle every row of a file, in order."""
    for rows in batches(file.rows()):
        outcomes = [_outcome(row) for row in rows]
        whole = [pair for pair in zip(outcomes, rows, strict=True) if not pair[0].reason]
        # Rows of one year and arrangement have the same terms: one vector, one ACO an element.
        whole.sort(key=_terms_of)
        for (year, track), alike in groupby(whole, key=_terms_of):
            _by_corridors(list(alike), _terms(year, track))
        yield from outcomes


def _terms_of(pair: tuple[Outcome, Row]) -> tuple[int, str]:
    return pair[0].performance_year, pair[0].track


def _outcome(row: Row) -> Outcome:
    """Begin the outcome of a row, and say what it lacks."""
    arrangements = _rule("sided", row.year)
    track = row.texts["track"].lower()
    outcome = Outcome(row.texts["aco_id"], row.year, track, published=row.value("published"))
    wanting = [compare.absent(row, n, LAYOUT) for n in _needed(row) if row.value(n) is None]
    if track not in arrangements:
        known = " or ".join(arrangements)
        wanting.append(f"risk_arrangement is {track or 'empty'}, neither {known}")
    benchmark = row.value("benchmark")
    if benchmark is not None and benchmark <= 0.0:
        wanting.append("the benchmark is not above 0")
    outcome.reason = "; ".join(wanting)
    return outcome


def _by_corridors(alike: list[tuple[Outcome, Row]], terms: corridor.Terms) -> None:
    rows = [row for _, row in alike]
    benchmark = np.array([(row.value("benchmark") or 0.0) + _heba(row) for row in rows])
    cost, one = np.array([row.value("expenditure") for row in rows]), np.ones(len(rows))
    _, statement = corridor.settle(None, ContractYear(cost, cost, benchmark, one, one, one), terms)
    names = ("savings_rate", "sharing_rate", "loss_rate", "shared_savings", "shared_losses")
    columns = [statement.lines[name].value.tolist() for name in names]
    for (outcome, row), found in zip(alike, zip(*columns, strict=True), strict=True):
        outcome.savings_rate, outcome.minimum_savings_rate = found[0], 0.0
        outcome.sharing_rate, outcome.loss_rate = found[1:3]
        outcome.earned_shared_savings = round(found[3], 2)
        outcome.owed_shared_losses = round(found[4], 2)
        compare.aco_reach(outcome, row)


def _needed(row: Row) -> list[str]:
    """Fields without which the row cannot be settled."""
    counts = _rule("heba_counts", row.year)
    # An ACO between the deciles has no adjustment and an empty cell; a hidden one is another thing.
    hidden = [n for n in _HEBA if row.absent(n) in ("suppressed", "not in the file")]
    return ["benchmark", "expenditure", *(hidden if counts else [])]


def _heba(row: Row) -> float:
    """Health equity adjustment that counts [USD]; the downward one is stored as published."""
    if not _rule("heba_counts", row.year):
        return 0.0
    return (row.value("heba_up") or 0.0) + (row.value("heba_down") or 0.0)


@cache
def _terms(year: int, track: str) -> corridor.Terms:
    found = _book().by_name(("corridors", "sequestration"), year, track)
    bands = tuple((low, share) for low, share in found["corridors"].value)
    return corridor.Terms(bands, 0.0, 0.0, found["sequestration"].value)


@cache
def _rule(path: str, year: int) -> Any:
    """Value in force of a figure of the rules."""
    return _book().figure(path, year).value


@cache
def _book() -> Rulebook:
    return rulebook.read("rules", "aco_reach")
