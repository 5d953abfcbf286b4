"""ACO REACH: ``program: aco_reach`` with a risk arrangement as its track."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from vbsim.contract import Contract
from vbsim.payment_models import corridor
from vbsim.scenario.contracts.corridor_words import (
    CorridorWords,
    basket,
    prepaid_terms,
    rule_terms,
)
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"aco_reach"})


class Words(CorridorWords):
    """A risk arrangement of ACO REACH."""

    health_equity_pbpm: Annotated[float, Field(ge=-1000.0, le=1000.0)] | None = Field(
        default=None, description="health equity benchmark adjustment [USD per beneficiary month]"
    )
    first_performance_year: bool = Field(
        default=False, description="the ACO's first, in which a retention withhold is held"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the corridors, discount and withholds of its year."""
    terms = []
    for number, year in enumerate(desk.years):
        on = words.performance_year or year
        values = rule_terms(desk, words, corridor.PROGRAM_TERMS, on)
        values |= prepaid_terms(desk, name, words, year)
        values["health_equity_pbpm"] = _health_equity(desk, name, words, on)
        if words.first_performance_year and number == 0:
            withhold = desk.book(words).figure("retention_withhold", on)
            values["retention_withhold"] = desk.cite(withhold)
        terms.append(corridor.Terms(**values))
    contract = desk.held_against_benchmark(name, words, "corridor", tuple(terms))
    return replace(contract, basket=basket(desk, name, words))


def _health_equity(desk: Desk, name: str, words: Words, on: int) -> float:
    """Health equity adjustment as stated, if it counts and lies in the year's range."""
    stated, book = words.health_equity_pbpm, desk.book(words)
    if not stated:
        return 0.0
    path = ("contracts", name, "health_equity_pbpm")
    if not desk.cite(book.figure("heba_counts", on)):
        expected = f"no adjustment: it does not count in {on}"
        desk.audit.wrong(path, shown(stated), expected, "take it out, or choose a later year")
        return 0.0
    bounds = desk.cite(book.figure("heba_pbpm", on))
    if not -bounds["down"] <= stated <= bounds["up"]:
        expected = f"-{bounds['down']:g} to {bounds['up']:g} USD in {on}"
        desk.audit.wrong(path, shown(stated), expected)
    return stated
