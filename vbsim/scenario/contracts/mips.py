"""Merit-based Incentive Payment System: ``program: mips`` with Part B payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from vbsim.payment_models import pay_for_performance
from vbsim.plan import Contract
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Positive

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"mips"})


class Words(ProgramWords):
    """A clinician or group; the quality score, times 100, is its final score."""

    base_payments: Positive = Field(description="Part B payments of the year [USD]")
    scaling_factor: Annotated[float, Field(gt=0.0)] = Field(
        description="budget-neutrality factor on positive adjustments, set by CMS"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the adjustments of its performance year."""
    book, terms = desk.book(words), []
    for year in desk.years:
        on = words.performance_year or year
        largest = desk.cite(book.figure("largest_scaling_factor", on))
        if words.scaling_factor > largest:
            desk.audit.wrong(
                ("contracts", name, "scaling_factor"),
                f"{words.scaling_factor:g}",
                f"at most {largest:g} ({book.file})",
            )
        pieces = [
            (low, high, _scaled(words, at_low), _scaled(words, at_high))
            for low, high, at_low, at_high in desk.cite(book.figure("pieces", on))
        ]
        terms.append(pay_for_performance.Terms(revenue=words.base_payments, pieces=tuple(pieces)))
    on = words.performance_year or desk.years[0]
    category = desk.cite(book.figure("lan_category", on, words.track))
    return Contract(name, words.label or "MIPS", "pay_for_performance", category, tuple(terms))


def _scaled(words: Words, rate: float) -> float:
    return rate * words.scaling_factor if rate > 0.0 else rate
