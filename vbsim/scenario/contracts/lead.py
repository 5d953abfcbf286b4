"""LEAD: ``program: lead`` with a risk arrangement as its track."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from vbsim.contract import Contract
from vbsim.payment_models import corridor
from vbsim.scenario.contracts.corridor_words import (
    CorridorWords,
    basket,
    prepaid_terms,
    rule_terms,
)

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"lead"})


class Words(CorridorWords):
    """A risk arrangement of LEAD."""

    spending: Literal["lower", "higher"] = Field(
        default="lower", description="spending against the region, which sets the discount"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the corridors, discount and withhold of its year."""
    book, terms = desk.book(words), []
    names = (*corridor.PROGRAM_TERMS, "loss_corridors", "loss_sequestration")
    for year in desk.years:
        on = words.performance_year or year
        values = rule_terms(desk, words, names, on) | prepaid_terms(desk, name, words, year)
        if words.spending == "higher":
            higher = book.figure("discount_higher_spending", on, words.track)
            values["discount"] = desk.cite(higher)
        terms.append(corridor.Terms(**values))
    contract = desk.held_against_benchmark(name, words, "corridor", tuple(terms))
    return replace(contract, basket=basket(desk, name, words))
