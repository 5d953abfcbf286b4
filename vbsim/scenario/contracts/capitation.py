"""Capitation: ``model: capitation``, a rate per member per month for all services or a basket."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, model_validator

from vbsim.contract import Contract, Requirement
from vbsim.payment_models import capitation, per_member
from vbsim.plan import FloatArray
from vbsim.rulebook import Figure
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


def requirements(desk: Desk, contract: Contract, words: Words) -> tuple[Requirement, ...]:
    """Security that the scenario asks of capitation."""
    stated = desk.audit.scenario.capital
    if stated is None or stated.security_share is None:
        return ()
    source = stated.source or "the scenario"
    status = "UNVERIFIED" if source.startswith("UNVERIFIED") else "stated"
    figure = Figure(
        path="capital.security_share",
        value=stated.security_share,
        unit="share of capitation",
        status=status,
        source=source,
        date="",
        file=desk.audit.scenario.source.file,
    )
    return (capitation_security(desk, contract, figure),)


def capitation_security(desk: Desk, contract: Contract, figure: Figure) -> Requirement:
    """Security as a share of a year's capitation, less what the holder renders itself."""
    terms, world = contract.terms[0], desk.world
    assert isinstance(terms, capitation.Terms)
    row = desk.draft.years.index(desk.years[0])
    exposure = np.array([p.person_years_per_member for p in world.people]) * world.members[row]
    revenue = 12.0 * per_member.mean(terms.pmpm, exposure) * float(exposure.sum())
    own = _own_part(desk, contract, exposure)
    how = f"{figure.value:g} of {revenue:,.0f} USD capitation"
    if own:
        how += f", less the {own:.1%} that the holder renders itself"
    return Requirement(
        "security for capitation", figure.value * revenue * (1.0 - own), how, (figure,)
    )


def _own_part(desk: Desk, contract: Contract, exposure: FloatArray) -> float:
    """Part of the capitated services' expected cost that the holder renders itself."""
    if not contract.economics:
        return 0.0
    services, basket = desk.world.services, contract.basket
    inside = [basket is None or bool(basket[at]) for at in range(len(services))]
    covered = {name for name, held in zip(services, inside, strict=True) if held}
    total = 12.0 * float(desk.expected_pmpm_by_segment(desk.years[0], basket) @ exposure)
    own = sum(
        service.share * float(np.dot(service.expected, exposure))
        for service in contract.economics[0].services
        if service.name in covered
    )
    return own / total
