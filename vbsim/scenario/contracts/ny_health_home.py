"""New York Medicaid Health Homes: ``program: ny_health_home`` with adults or children as its track.

A calendar year is paid at the rates in force on its first day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from vbsim.contract import Contract
from vbsim.payment_models.care_coordination import Terms
from vbsim.scenario.contracts.care_words import (
    BySegment,
    CareWords,
    cost_terms,
    enrolled_terms,
    of_program,
)
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Money, Name

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"ny_health_home"})


class Words(CareWords, ProgramWords):
    """A Health Home: a monthly rate by level of need for the members who are enrolled."""

    region: Literal["upstate", "downstate"] = Field(description="region of the rates")
    tier_shares: dict[Name, BySegment] = Field(
        min_length=1,
        description="part of the enrolled members at each level of the rates, of all or by segment",
    )
    rates: dict[Name, Money] = Field(
        default_factory=dict, description="monthly rates by level where they differ [USD]"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the rates of its levels and region."""
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    return of_program(desk, name, words, terms, "NY Health Home")


def _terms(desk: Desk, name: str, words: Words, year: int) -> Terms:
    book, path = desk.book(words), ("contracts", name)
    levels = book.children(f"rates.{words.track}")
    for key in ("tier_shares", "rates"):
        desk.known((*path, key), getattr(words, key), levels, f"a level of {words.track}")
    tiers = {
        level: (_rate(desk, name, words, level, year), share)
        for level, share in words.tier_shares.items()
        if level in levels
    }
    return Terms(
        **enrolled_terms(desk, name, words, tiers, "tier_shares"),
        **cost_terms(desk, name, words, year),
    )


def _rate(desk: Desk, name: str, words: Words, level: str, year: int) -> float:
    """Rate of a level as stated, or the state's; one that was not found must be stated."""
    if level in words.rates:
        return words.rates[level]
    on = words.performance_year or year
    figure = desk.book(words).figure(f"rates.{words.track}.{level}", on, words.region)
    if figure.value is None:
        found, expected = f"{level} without a rate", f"its rate: {figure.file} has none"
        path = ("contracts", name, "tier_shares", level)
        desk.audit.wrong(path, found, expected, f"add rates: {{{level}: 350}}, say, as published")
        return 0.0
    return float(desk.cite(figure))
