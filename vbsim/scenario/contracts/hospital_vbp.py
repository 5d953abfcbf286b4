"""Hospital Value-Based Purchasing: ``program: hospital_vbp`` with the hospital's base payments."""

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
PROGRAMS = frozenset({"hospital_vbp"})


class Words(ProgramWords):
    """A hospital; the quality score, times 100, is its total performance score."""

    base_payments: Positive = Field(description="base operating DRG payments of the year [USD]")
    exchange_slope: Annotated[float, Field(gt=0.0, le=10.0)] = Field(
        description="slope of the exchange function, set by CMS for the nation"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the withhold and divisor of its fiscal year."""
    book, terms = desk.book(words), []
    for year in desk.years:
        on = words.performance_year or year
        names = ("withhold_rate", "score_divisor")
        values = {key: desk.cite(book.figure(key, on)) for key in names}
        terms.append(
            pay_for_performance.Terms(
                revenue=words.base_payments, exchange_slope=words.exchange_slope, **values
            )
        )
    on = words.performance_year or desk.years[0]
    category = desk.cite(book.figure("lan_category", on, words.track))
    label = words.label or "Hospital VBP"
    return Contract(name, label, "pay_for_performance", category, tuple(terms))
