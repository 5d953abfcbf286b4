"""Capitation: ``model: capitation``, a rate per member per month for all services or a basket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from vbsim.payment_models import capitation
from vbsim.plan import Contract
from vbsim.scenario.contracts.rate_words import (
    RateWords,
    WithholdWords,
    rate_terms,
    rate_wrongs,
    withhold_terms,
)
from vbsim.scenario.contracts.words import ModelWords
from vbsim.scenario.shape import Money, Name, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "capitation"
PROGRAMS: frozenset[str] = frozenset()


class Words(RateWords, ModelWords):
    """Capitation of all services, or of a basket."""

    services: list[Name] | None = Field(
        default=None, min_length=1, description="what it covers; all services without it"
    )
    withhold: WithholdWords | None = Field(
        default=None, description="part of the capitation that quality earns back"
    )
    social_needs_pmpm: Money = Field(
        default=0.0, description="cost of a social-needs intervention [USD PMPM]"
    )

    @model_validator(mode="after")
    def _one_rate(self) -> Words:
        refuse(rate_wrongs(self))
        return self


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract whose rate is stated, or a share of expected cost."""
    path, partial = ("contracts", name), words.services is not None
    basket = desk.basket((*path, "services"), words.services or []) if partial else None
    terms = tuple(
        capitation.Terms(
            rate_terms(desk, path, words, year, basket),
            partial=partial,
            withhold=withhold_terms(words.withhold),
            social_needs_pmpm=words.social_needs_pmpm,
        )
        for year in desk.years
    )
    label = words.label or ("Partial capitation" if partial else "Global capitation")
    category = ("4A" if partial else "4B") if terms[0].withhold.share else "4N"
    contract = Contract(name, label, MODEL, category, terms)
    return replace(contract, basket=basket, at_risk=basket)
