"""Primary Care First: ``program: primary_care_first`` with a practice risk group as its track."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models.care_coordination import Terms
from vbsim.payment_models.care_coordination_terms import FULL_SCORE
from vbsim.payment_models.clauses import Pieces
from vbsim.scenario.contracts.care_words import (
    VisitWords,
    cost_terms,
    enrolled_terms,
    of_no_service,
    of_program,
    practice_terms,
)
from vbsim.scenario.contracts.score_words import (
    TABLE,
    Score,
    ScoredWords,
    Table,
    lines_of,
    pieces_of,
    scored,
)
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Wrong, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"primary_care_first"})


class Words(ScoredWords, VisitWords, ProgramWords):
    """A practice of Primary Care First, paid by the month and the visit in place of claims."""

    adjustment: Table | None = Field(
        default=None, description=f"performance adjustment by score, 0 to 100: {TABLE}"
    )
    gateway_score: Score = Field(default=0.0, description="score that passes the quality gateway")

    @model_validator(mode="after")
    def _of_some_service(self) -> Words:
        refuse(self._wrongs())
        return self

    def _wrongs(self) -> Iterable[Wrong]:
        yield from of_no_service(self, "primary_care_first")


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the payments and the adjustment of its group."""
    if not words.measures and not words.domains:
        desk.audit.warn(
            f"{name}: no measures are stated, so the entity's quality score decides the "
            "performance adjustment; the program's own measures are of hospital use and cost"
        )
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    return of_program(desk, name, words, terms, "Primary Care First")


def _terms(desk: Desk, name: str, words: Words, year: int) -> Terms:
    book, on = desk.book(words), words.performance_year or year
    figures = {"visit_fee": "visit_fee", "replaced_share": "replaced_share"}
    figures["missed_rate"] = "gateway_missed_adjustment"
    return Terms(
        **enrolled_terms(desk, name, words, {}),
        **cost_terms(desk, name, words, year),
        **practice_terms(desk, name, words, year),
        **scored(desk, name, words),
        **{term: desk.cite(book.figure(path, on)) for term, path in figures.items()},
        population_pmpm=desk.cite(book.figure("population_pbpm", on, words.track)),
        pieces=_adjustment(desk, name, words, on),
        minimum_score=words.gateway_score,
    )


def _adjustment(desk: Desk, name: str, words: Words, on: int) -> Pieces:
    """Table of the adjustment, as stated within the program's range, or the rule's."""
    book = desk.book(words)
    reach = desk.cite(book.figure("adjustment_range", on))
    if words.adjustment is None:
        return lines_of(desk.cite(book.figure("adjustment", on)))
    path = ("contracts", name, "adjustment")
    pieces = pieces_of(desk, path, words.adjustment, FULL_SCORE)
    rates = [rate for piece in pieces for rate in piece[2:]]
    if rates and not reach["low"] <= min(rates) <= max(rates) <= reach["high"]:
        desk.audit.wrong(
            path,
            f"rates from {min(rates):g} to {max(rates):g}",
            f"rates from {reach['low']:g} to {reach['high']:g} ({book.file})",
        )
    return pieces
