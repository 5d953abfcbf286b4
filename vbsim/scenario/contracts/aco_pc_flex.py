"""ACO Primary Care Flex: ``program: aco_pc_flex``, the primary-care payments of an MSSP ACO.

Its shared savings are a contract of their own; what they repay of the advance is stated.
"""

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
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Share, Wrong, one_of, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"aco_pc_flex"})


class Words(PopulationWords, ProgramWords):
    """An ACO with prospective primary care payments."""

    first_performance_year: bool = Field(
        default=True, description="the ACO's first, in which the advance is paid"
    )
    advance_repaid: Share | None = Field(
        default=None, description="part of the advance that shared savings repay; else the rule's"
    )

    @model_validator(mode="after")
    def _payment_whole(self) -> Words:
        refuse(self._wrongs())
        return self

    def _wrongs(self) -> Iterable[Wrong]:
        yield from of_no_service(self, "aco_pc_flex")
        if self.population_pmpm is None and self.population_cost_share is None:
            yield from one_of(self, "population_pmpm", "population_cost_share")


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract of the payments that stand for primary-care claims."""
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    return of_program(desk, name, words, terms, "ACO PC Flex")


def _terms(desk: Desk, name: str, words: Words, year: int) -> Terms:
    book, on = desk.book(words), words.performance_year or year
    advance, repaid = 0.0, words.advance_repaid
    if words.first_performance_year and year == desk.years[0]:
        advance = desk.cite(book.figure("advance", on))
        repaid = desk.cite(book.figure("advance_repaid", on)) if repaid is None else repaid
    replaced = desk.cite(book.figure("replaced_share", on))
    return Terms(
        **enrolled_terms(desk, name, words, {}),
        **cost_terms(desk, name, words, year),
        **practice_terms(desk, name, words, year),
        **population_terms(desk, name, words, year, replaced),
        advance=advance,
        advance_repaid=repaid or 0.0,
    )
