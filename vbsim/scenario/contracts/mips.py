"""Merit-based Incentive Payment System: ``program: mips`` with Part B payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from vbsim.contract import Contract
from vbsim.payment_models import pay_for_performance
from vbsim.scenario.contracts.score_words import ScoredWords, lines_of, scored
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Positive

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"mips"})


class Words(ScoredWords, ProgramWords):
    """A clinician or group; its categories as domains, or the quality score, make its score."""

    base_payments: Positive = Field(description="Part B payments of the year [USD]")
    scaling_factor: Annotated[float, Field(gt=0.0)] = Field(
        description="budget-neutrality factor on positive adjustments, set by CMS"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the adjustments of its performance year."""
    terms = tuple(_terms(desk, name, words, words.performance_year or y) for y in desk.years)
    on = words.performance_year or desk.years[0]
    category = desk.cite(desk.book(words).figure("lan_category", on, words.track))
    return Contract(
        name=name,
        label=words.label or "MIPS",
        model="pay_for_performance",
        lan_category=category,
        terms=terms,
        measures=tuple(words.measures),
    )


def _terms(desk: Desk, name: str, words: Words, on: int) -> pay_for_performance.Terms:
    book, weights = desk.book(words), None
    largest = desk.cite(book.figure("largest_scaling_factor", on))
    if words.scaling_factor > largest:
        desk.audit.wrong(
            ("contracts", name, "scaling_factor"),
            f"{words.scaling_factor:g}",
            f"at most {largest:g} ({book.file})",
        )
    if words.measures or words.domains:
        weights = desk.cite(book.figure("category_weights", on))
    table = [
        [low, high, _scaled(words, at_low), _scaled(words, at_high)]
        for low, high, at_low, at_high in desk.cite(book.figure("pieces", on))
    ]
    return pay_for_performance.Terms(
        **scored(desk, name, words, weights),
        revenue=words.base_payments,
        pieces=lines_of(table),
    )


def _scaled(words: Words, rate: float) -> float:
    return rate * words.scaling_factor if rate > 0.0 else rate
