"""Making Care Primary: ``program: making_care_primary`` with track 1, 2 or 3."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models.care_coordination import Terms
from vbsim.scenario.contracts.care_words import (
    PopulationWords,
    cost_terms,
    enrolled_terms,
    of_no_service,
    of_program,
    population_terms,
    practice_terms,
)
from vbsim.scenario.contracts.score_words import ScoredWords, lines_of, scored
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Wrong, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"making_care_primary"})


class Words(ScoredWords, PopulationWords, ProgramWords):
    """A track of Making Care Primary; the payment ahead is as much as the claims by default."""

    infrastructure_payment: bool = Field(
        default=False, description="receives the upfront infrastructure payment in the first year"
    )

    @model_validator(mode="after")
    def _of_some_service(self) -> Words:
        refuse(self._wrongs())
        return self

    def _wrongs(self) -> Iterable[Wrong]:
        yield from of_no_service(self, "making_care_primary")


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the payments and the incentive of its track."""
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    return of_program(desk, name, words, terms, "Making Care Primary")


def _terms(desk: Desk, name: str, words: Words, year: int) -> Terms:
    book, on, track = desk.book(words), words.performance_year or year, words.track
    fee = desk.cite(book.figure("enhanced_services_pbpm", on, track))
    replaced = desk.cite(book.figure("replaced_share", on, track))
    return Terms(
        **enrolled_terms(desk, name, words, {"enhanced_services": (fee, 1.0)}),
        **cost_terms(desk, name, words, year),
        **practice_terms(desk, name, words, year),
        **scored(desk, name, words),
        **population_terms(desk, name, words, year, replaced),
        pieces=lines_of(desk.cite(book.figure("adjustment", on, track))),
        advance=_advance(desk, name, words, year, on),
    )


def _advance(desk: Desk, name: str, words: Words, year: int, on: int) -> float:
    if not words.infrastructure_payment or year != desk.years[0]:
        return 0.0
    paid = float(desk.cite(desk.book(words).figure("infrastructure_payment", on, words.track)))
    if not paid:
        expected = f"false: {words.track} has no such payment"
        path = ("contracts", name, "infrastructure_payment")
        desk.audit.wrong(path, "true", expected, "take it out, or choose track_1")
    return paid
