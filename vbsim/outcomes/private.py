"""Settles known outcomes of a private shared-savings contract.

The contract stands in a file of its own, in the words of a scenario; the outcomes in a table with
one row per entity and year. What the contract does not turn on may be missing from the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vbsim.errors import OutcomeError, Problem
from vbsim.outcomes import compare
from vbsim.outcomes.layout import Layout
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.reader import OutcomeFile, Row, batches
from vbsim.payment_models import shared_savings
from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.shared_savings import Terms
from vbsim.scenario.contract_file import load_terms

_COLUMNS = {
    "aco_id": ("id", "entity_id", "aco_id"),
    "benchmark": ("benchmark",),
    "expenditure": ("expenditure",),
    "quality": ("quality_score",),
    "measures_met": ("measures_met",),
    "person_years": ("person_years", "member_years"),
    "member_months": ("member_months",),
    "published": ("published", "paid"),
}
# A quality score in points passes this, as a fraction never does.
_LARGEST_SCORE = 1.5
_ADVICE = "name the columns as vbsim settle --help says, comma-separated"


def settle_private(terms: Path, facts: Path, year: int | None = None) -> Iterator[Outcome]:
    """Settle the known outcomes of a private contract.

    Parameters
    ----------
    terms
        The contract: ``model: shared_savings`` and its keys, as in a scenario.
    facts
        Table (CSV) with the columns id, performance_year, benchmark and expenditure, and
        quality_score, measures_met (or a column for each measure) and person_years (or
        member_months) where the contract turns on them; published, if there is something to
        compare with.
    year
        Performance year; needed where the table has no such column.

    Returns
    -------
    iterator of Outcome
        In the order of the table, which has been checked as a whole before this returns.

    Raises
    ------
    ScenarioError
        If the contract is wrong.
    OutcomeError
        If the table is wrong.
    """
    label, numbers = load_terms(terms)
    layout = layout_of(numbers)
    file = OutcomeFile(facts, layout, year)
    _check_columns(file, numbers)
    return _settled(label, numbers, file, layout)


def layout_of(terms: Terms) -> Layout:
    """Columns that a table must or may have for a contract."""
    measures = {_column(target.name): (target.name,) for target in terms.measures}
    needed = ["aco_id", "benchmark", "expenditure"]
    return Layout(
        columns=_COLUMNS | measures,
        needed=tuple(needed + (["quality"] if _turns_on_quality(terms) else [])),
        rates={"quality": _LARGEST_SCORE} | dict.fromkeys(measures, 1.0),
        flags=frozenset(),
        texts=frozenset({"aco_id"}),
        entity="entity",
        todo=_ADVICE,
    )


def _check_columns(file: OutcomeFile, terms: Terms) -> None:
    """Refuse a table that lacks a column for which there is a choice of names."""
    has, lacks = file.header.places, []
    measures = [_column(target.name) for target in terms.measures]
    if terms.sharing_tiers and "measures_met" not in has and not has.keys() >= {*measures}:
        lacks.append("measures_met, or a column for each measure of the contract")
    exposed = terms.fees_per_member_year or terms.social_needs_pmpm
    if exposed and not has.keys() & {"person_years", "member_months"}:
        lacks.append("person_years or member_months")
    if lacks:
        found = ", ".join(file.header.names)
        raise OutcomeError(
            [Problem(str(file.path), 1, "", found, f"also {lack}", _ADVICE) for lack in lacks]
        )


def _column(measure: str) -> str:
    return f"measure {measure}"


def _turns_on_quality(terms: Terms) -> bool:
    graded = terms.two_sided and terms.loss_rate_quality_slope
    return bool(terms.quality_scales_sharing or terms.minimum_quality or graded)


def _settled(label: str, terms: Terms, file: OutcomeFile, layout: Layout) -> Iterator[Outcome]:
    for rows in batches(file.rows()):
        outcomes = [
            Outcome(row.texts["aco_id"], row.year, label, published=row.value("published"))
            for row in rows
        ]
        for row, outcome in zip(rows, outcomes, strict=True):
            for reason in _wanting(row, terms, layout):
                outcome.because(reason)
        whole = [n for n, outcome in enumerate(outcomes) if not outcome.reason]
        _settle_alike(terms, [rows[n] for n in whole], [outcomes[n] for n in whole])
        yield from outcomes


def _wanting(row: Row, terms: Terms, layout: Layout) -> list[str]:
    """Why a row cannot be settled."""
    needed = ["benchmark", "expenditure"]
    needed += ["quality"] if _turns_on_quality(terms) else []
    if terms.sharing_tiers and "measures_met" not in row.numbers:
        needed += [_column(target.name) for target in terms.measures]
    if (terms.fees_per_member_year or terms.social_needs_pmpm) and not _exposure(row):
        needed.append("member_months" if "member_months" in row.numbers else "person_years")
    wanting = [compare.absent(row, name, layout) for name in needed if row.value(name) is None]
    quality = row.value("quality")
    if _turns_on_quality(terms) and quality is not None and not 0.0 <= quality <= 1.0:
        wanting.append(f"{row.header.name('quality')} is {quality:.2%}, expected 0 to 100 %")
    benchmark = row.value("benchmark")
    if benchmark is not None and benchmark <= 0.0:
        wanting.append("the benchmark is not above 0")
    return wanting + _wrong_count(row, terms)


def _wrong_count(row: Row, terms: Terms) -> list[str]:
    """Find fault with a number of measures that there are not."""
    if not terms.sharing_tiers or "measures_met" not in row.numbers:
        return []
    count, most = row.value("measures_met"), len(terms.measures)
    if count is None:
        return [f"measures_met is {row.absent('measures_met')}, and the settlement needs it"]
    if count != int(count) or not 0 <= count <= most:
        return [f"measures_met is {count:g}, expected a whole number from 0 to {most}"]
    return []


def _exposure(row: Row) -> float:
    """Person-years of a row; 0 where it gives none."""
    return row.value("person_years") or (row.value("member_months") or 0.0) / 12.0


def _settle_alike(terms: Terms, rows: list[Row], outcomes: list[Outcome]) -> None:
    """Settle many rows as one vector, and write what comes out into their outcomes."""
    if not rows:
        return
    expenditure, ones = _vector(rows, "expenditure"), np.ones(len(rows))
    year = ContractYear(
        cost=expenditure,
        expenditure=expenditure,
        benchmark=_vector(rows, "benchmark"),
        person_years=np.array([_exposure(row) for row in rows]),
        quality_score=_vector(rows, "quality"),
        quality_standard_met=ones,
        measures=np.array([_measures(row, terms) for row in rows]),
    )
    _, statement = shared_savings.settle(None, year, terms)
    names = ("savings_rate", "sharing_rate", "loss_rate", "shared_savings", "shared_losses")
    lines = {name: np.round(statement.facts[name], 10).tolist() for name in names}
    for number, outcome in enumerate(outcomes):
        outcome.savings_rate = lines["savings_rate"][number]
        outcome.minimum_savings_rate = float(np.max(terms.minimum_savings_rate))
        outcome.sharing_rate = lines["sharing_rate"][number]
        outcome.loss_rate = lines["loss_rate"][number]
        outcome.earned_shared_savings = round(lines["shared_savings"][number], 2)
        outcome.owed_shared_losses = round(lines["shared_losses"][number], 2)
        compare.private(outcome)


def _measures(row: Row, terms: Terms) -> list[float]:
    """Rate of each measure; from their number alone, rates that meet as many."""
    if "measures_met" not in row.numbers:
        return [row.value(_column(target.name)) or 0.0 for target in terms.measures]
    met = int(row.value("measures_met") or 0)
    return [
        target.threshold if number < met else float("nan")
        for number, target in enumerate(terms.measures)
    ]


def _vector(rows: list[Row], name: str) -> FloatArray:
    return np.array([row.value(name) or 0.0 for row in rows])
