"""Hospital Value-Based Purchasing: ``program: hospital_vbp`` with the hospital's base payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from vbsim.contract import Contract
from vbsim.payment_models import pay_for_performance
from vbsim.payment_models.scoring import Scale
from vbsim.scenario.contracts.score_words import ScoredWords, scored
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Positive

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"hospital_vbp"})


class Words(ScoredWords, ProgramWords):
    """A hospital; its measures and domains, or the quality score, make its total score."""

    base_payments: Positive = Field(description="base operating DRG payments of the year [USD]")
    exchange_slope: Annotated[float, Field(gt=0.0, le=10.0)] = Field(
        description="slope of the exchange function, set by CMS for the nation"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the withhold and divisor of its fiscal year."""
    terms = tuple(_terms(desk, name, words, words.performance_year or y) for y in desk.years)
    on = words.performance_year or desk.years[0]
    category = desk.cite(desk.book(words).figure("lan_category", on, words.track))
    return Contract(
        name=name,
        label=words.label or "Hospital VBP",
        model="pay_for_performance",
        lan_category=category,
        terms=terms,
        measures=tuple(words.measures),
    )


def _terms(desk: Desk, name: str, words: Words, on: int) -> pay_for_performance.Terms:
    names = ("withhold_rate", "score_divisor")
    return pay_for_performance.Terms(
        **{key: desk.cite(desk.book(words).figure(key, on)) for key in names},
        **_score(desk, name, words, on),
        revenue=words.base_payments,
        exchange_slope=words.exchange_slope,
    )


def _score(desk: Desk, name: str, words: Words, on: int) -> dict[str, Any]:
    """Terms of a score of measures: the program's points, domains and how many it asks for."""
    if not words.measures and not words.domains:
        return {}
    book = desk.book(words)
    weights = desk.cite(book.figure("domain_weights", on))
    found = scored(desk, name, words, weights)
    least = desk.cite(book.figure("minimum_domains", on))
    if found and len(found["domains"]) < least:
        listed = ", ".join(domain.name for domain in found["domains"])
        expected = f"measures or stated scores of at least {least} of {', '.join(weights)}"
        desk.audit.wrong(("contracts", name), f"a score of {listed} alone", expected)
    scale = Scale(**desk.cite(book.figure("points", on)))
    return {"scale": scale, "minimum_domains": least, **found}
