"""Settles CMS's GPDC and ACO REACH result files, 2021 and later.

The published final benchmark is that after discount and quality, so neither is taken again; from
2023 the health equity adjustment is added to it. Expenditure is net of stop-loss. There is no
minimum savings rate; ``sharing_rate`` and ``loss_rate`` are the part of all savings or losses that
the corridors leave to the ACO, before sequestration.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from vbsim import rulebook
from vbsim.outcomes import compare
from vbsim.outcomes.layout import Layout
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.reader import OutcomeFile, Row
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
    return map(_settled, file.rows())


def _settled(row: Row) -> Outcome:
    arrangements = _book().figure("sided", row.year).value
    track = row.texts["track"].lower()
    outcome = Outcome(row.texts["aco_id"], row.year, track, published=row.value("published"))
    benchmark, expenditure = row.value("benchmark"), row.value("expenditure")
    wanting = [compare.absent(row, n, LAYOUT) for n in _needed(row) if row.value(n) is None]
    if track not in arrangements:
        known = " or ".join(arrangements)
        wanting.append(f"risk_arrangement is {track or 'empty'}, neither {known}")
    if benchmark is not None and benchmark <= 0.0:
        wanting.append("the benchmark is not above 0")
    if wanting or benchmark is None or expenditure is None:
        outcome.reason = "; ".join(wanting)
        return outcome
    _by_corridors(outcome, benchmark + _heba(row), expenditure, _terms(row.year, track))
    compare.aco_reach(outcome, row)
    return outcome


def _by_corridors(
    outcome: Outcome, benchmark: float, expenditure: float, terms: corridor.Terms
) -> None:
    one, cost = np.ones(1), np.array([expenditure])
    year = ContractYear(cost, cost, np.array([benchmark]), one, one, one)
    _, statement = corridor.settle(None, year, terms)
    lines = {name: float(values[0]) for name, values in statement.facts.items() if values.ndim}
    outcome.savings_rate, outcome.minimum_savings_rate = lines["savings_rate"], 0.0
    outcome.sharing_rate = None if np.isnan(lines["sharing_rate"]) else lines["sharing_rate"]
    outcome.loss_rate = None if np.isnan(lines["loss_rate"]) else lines["loss_rate"]
    outcome.earned_shared_savings = round(lines["shared_savings"], 2)
    outcome.owed_shared_losses = round(lines["shared_losses"], 2)


def _needed(row: Row) -> list[str]:
    """Fields without which the row cannot be settled."""
    counts = _book().figure("heba_counts", row.year).value
    # An ACO between the deciles has no adjustment and an empty cell; a hidden one is another thing.
    hidden = [n for n in _HEBA if row.absent(n) in ("suppressed", "not in the file")]
    return ["benchmark", "expenditure", *(hidden if counts else [])]


def _heba(row: Row) -> float:
    """Health equity adjustment that counts [USD]; the downward one is stored as published."""
    if not _book().figure("heba_counts", row.year).value:
        return 0.0
    return (row.value("heba_up") or 0.0) + (row.value("heba_down") or 0.0)


@cache
def _terms(year: int, track: str) -> corridor.Terms:
    found = _book().by_name(("corridors", "sequestration"), year, track)
    bands = tuple((low, share) for low, share in found["corridors"].value)
    return corridor.Terms(bands, 0.0, 0.0, found["sequestration"].value)


@cache
def _book() -> Rulebook:
    return rulebook.read("rules", "aco_reach")
