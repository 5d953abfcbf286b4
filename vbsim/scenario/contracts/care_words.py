"""Words of care coordination: who is enrolled, what it costs, the provider's own primary care."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.errors import did_you_mean
from vbsim.payment_models.care_coordination import Terms, Tier
from vbsim.scenario.contracts.words import ContractWords, ProgramWords
from vbsim.scenario.shape import Money, Name, Positive, Share, Wrong, one_of, refuse
from vbsim.scenario.source import Path_

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "care_coordination"
BySegment = Share | dict[Name, Share]


class CareWords(ContractWords):
    """Who is enrolled, and what the service costs the provider."""

    enrolled_share: BySegment = Field(
        default=1.0,
        description="members enrolled, of all or by segment; segments left out have none",
    )
    service_cost_pmpm: Money = Field(
        default=0.0, description="cost of the service [USD per enrolled member per month]"
    )
    fixed_cost: Money = Field(
        default=0.0, description="cost of the service that does not depend on members [USD a year]"
    )
    caseload: Positive | None = Field(
        default=None, description="enrolled members per care manager, who are hired for the year"
    )
    care_manager_cost: Money | None = Field(
        default=None, description="cost of a care manager [USD a year]"
    )

    @model_validator(mode="after")
    def _managers_whole(self) -> CareWords:
        refuse(_both(self, "caseload", "care_manager_cost"))
        return self


class PrimaryCareWords(CareWords):
    """The provider's own primary care, as a part of the simulated claims."""

    primary_care_services: list[Name] = Field(
        default_factory=list, description="services that hold the primary care"
    )
    practice_share: Share | None = Field(
        default=None,
        description="part of the cost of those services for enrolled members that is the "
        "provider's own primary care",
    )

    @model_validator(mode="after")
    def _practice_whole(self) -> PrimaryCareWords:
        refuse(self._practice_wrongs())
        return self

    def _practice_wrongs(self) -> Iterable[Wrong]:
        if self.primary_care_services and self.practice_share is None:
            expected = "the key practice_share: the part that is the provider's own"
            yield Wrong("", "primary_care_services alone", expected, "add it, such as 0.9")
        for key in ("practice_share", "practice_visit_share"):
            if getattr(self, key, None) is not None and not self.primary_care_services:
                found, expected = f"{key} without services", "the key primary_care_services"
                yield Wrong(key, found, expected, "add it, or take this out")


class VisitWords(PrimaryCareWords):
    """Visits to the provider, which a contract pays by the visit."""

    practice_visit_share: Share | None = Field(
        default=None,
        description="part of those services' claims for enrolled members that are visits to the "
        "provider; else practice_share",
    )


class PopulationWords(PrimaryCareWords):
    """A population payment for it, stated or as a share of the claims that it replaces."""

    population_pmpm: Money | None = Field(
        default=None, description="population payment [USD per enrolled member per month]"
    )
    population_cost_share: Annotated[float, Field(gt=0.0, le=3.0)] | None = Field(
        default=None,
        description="population payment as a share of the expected claims it replaces; 1 without "
        "either",
    )

    @model_validator(mode="after")
    def _one_population_payment(self) -> PopulationWords:
        if self.population_pmpm is not None:
            refuse(one_of(self, "population_pmpm", "population_cost_share"))
        return self


def _both(words: CareWords, *keys: str) -> Iterable[Wrong]:
    stated = [key for key in keys if getattr(words, key) is not None]
    if len(stated) == 1:
        missing = next(key for key in keys if key not in stated)
        found = f"{stated[0]} without {missing}"
        yield Wrong(stated[0], found, f"the key {missing} beside it", "add it, or take this out")


def of_no_service(words: PrimaryCareWords, what: str) -> Iterable[Wrong]:
    """Find fault with something that rests on primary care where no service holds it."""
    if not words.primary_care_services:
        expected = "the key primary_care_services: the services that hold the primary care"
        yield Wrong("", f"{what} without services", expected, "add it, such as [physician]")


def of_no_use(keys: str) -> Iterable[Wrong]:
    """Find fault with services of primary care that no payment rests on."""
    found, expected = "primary_care_services of nothing", f"the key {keys}, which rests on them"
    yield Wrong("primary_care_services", found, expected, "add one, or take them out")


def enrolled_terms(
    desk: Desk,
    name: str,
    words: CareWords,
    tiers: Mapping[str, tuple[float, BySegment]],
    where: str = "tiers",
) -> dict[str, Any]:
    """Terms ``enrolled``, ``segments`` and ``tiers``, by segment where any share is.

    Parameters
    ----------
    tiers
        Fee [USD PMPM] of each tier, and the part of the enrolled members in it.
    where
        Key under which the contract states the parts.
    """
    stated = [words.enrolled_share, *(share for _, share in tiers.values())]
    apart = any(isinstance(share, dict) for share in stated)
    segments = desk.world.segments if apart else ()
    before, path = len(desk.audit.problems), ("contracts", name)
    enrolled = _shares(desk, (*path, "enrolled_share"), words.enrolled_share, segments)
    found = tuple(
        Tier(tier, fee, _shares(desk, (*path, where, tier), share, segments))
        for tier, (fee, share) in tiers.items()
    )
    clear = found if len(desk.audit.problems) == before else ()
    for group, share in enumerate(enrolled if clear else ()):
        total = sum(tier.shares[group] for tier in found)
        if share and abs(total - 1.0) > 1e-6:
            of = f" of {segments[group]}" if segments else ""
            wrong = f"shares{of} that sum to {total:g}"
            desk.audit.wrong((*path, where), wrong, "shares of the enrolled that sum to 1")
    if len(desk.audit.problems) > before:
        return {}
    return {"enrolled": enrolled, "segments": segments, "tiers": found}


def _shares(
    desk: Desk, path: Path_, stated: BySegment, segments: tuple[str, ...]
) -> tuple[float, ...]:
    """Share of each segment, or of all; a segment that is none is recorded as a problem."""
    if not isinstance(stated, dict):
        return (stated,) * max(len(segments), 1)
    for segment in stated:
        if segment not in segments:
            hint = did_you_mean(segment, segments)
            desk.audit.wrong(
                (*path, segment), f"'{segment}'", "a segment under population.segments", hint
            )
    return tuple(stated.get(segment, 0.0) for segment in segments)


def cost_terms(desk: Desk, name: str, words: CareWords, year: int) -> dict[str, Any]:
    """Terms of what the service costs; care managers are hired by the expected enrollment."""
    fixed = words.fixed_cost
    if words.caseload is not None and words.care_manager_cost is not None:
        heads = float(_enrolled(desk, words) @ desk.world.members[desk.draft.years.index(year)])
        managers = ceil(heads / words.caseload - 1e-9)
        fixed += managers * words.care_manager_cost
        desk.audit.derived(
            f"care managers, {name}, {year}",
            managers,
            "care managers",
            f"{heads:,.0f} enrolled members, {words.caseload:g} each, rounded up",
        )
    return {"cost_pmpm": words.service_cost_pmpm, "fixed_cost": fixed}


def practice_terms(desk: Desk, name: str, words: PrimaryCareWords, year: int) -> dict[str, Any]:
    """Terms ``cost_share`` and ``visit_share``: the provider's own part of the basket.

    Where segments enroll to a different extent their expected part of the basket decides.
    """
    basket = basket_of(desk, name, words)
    if basket is None:
        return {}
    row = desk.draft.years.index(year)
    number = desk.world.rate[row] * desk.world.members[row][:, None]
    claims = number[:, basket].sum(axis=1)
    cost = (number * desk.world.mean_unit_cost[row])[:, basket].sum(axis=1)
    own, enrolled = words.practice_share or 0.0, _enrolled(desk, words)
    stated = getattr(words, "practice_visit_share", None)
    visits = own if stated is None else stated
    return {
        "cost_share": own * _part(enrolled, cost),
        "visit_share": visits * _part(enrolled, claims),
    }


def _part(enrolled: np.ndarray, weights: np.ndarray) -> float:
    return round(float(enrolled @ weights / weights.sum()), 12) if weights.sum() else 0.0


def _enrolled(desk: Desk, words: CareWords) -> np.ndarray:
    """Share enrolled of each segment."""
    stated = words.enrolled_share
    if not isinstance(stated, dict):
        return np.full(len(desk.world.segments), stated)
    return np.array([stated.get(segment, 0.0) for segment in desk.world.segments])


def basket_of(desk: Desk, name: str, words: PrimaryCareWords) -> np.ndarray | None:
    """Services that hold the primary care; ``None`` without any."""
    if not words.primary_care_services:
        return None
    path = ("contracts", name, "primary_care_services")
    return desk.basket(path, words.primary_care_services)


def population_pmpm(
    desk: Desk, name: str, words: PrimaryCareWords, year: int, share: float
) -> float:
    """Derive a population payment, a share of the expected own primary care [USD PMPM]."""
    basket = basket_of(desk, name, words)
    if basket is None or not share:
        return 0.0
    own = practice_terms(desk, name, words, year)["cost_share"]
    members = desk.world.members[desk.draft.years.index(year)]
    enrolled = float(_enrolled(desk, words) @ members / members.sum())
    if not enrolled:
        return 0.0
    rate = share * own * desk.expected_pmpm(year, basket) / enrolled
    how = f"{share:g} of the expected cost of the provider's own primary care"
    desk.audit.derived(f"population payment, {name}, {year}", round(rate, 2), "USD PMPM", how)
    return rate


def population_terms(
    desk: Desk, name: str, words: PopulationWords, year: int, replaced: float
) -> dict[str, Any]:
    """Terms of a payment ahead that replaces claims: as stated, or their expected cost."""
    ahead = words.population_pmpm
    if ahead is None:
        share = 1.0 if words.population_cost_share is None else words.population_cost_share
        ahead = population_pmpm(desk, name, words, year, share * replaced)
    return {"population_pmpm": ahead, "replaced_share": replaced}


def of_program(
    desk: Desk, name: str, words: ProgramWords, terms: tuple[Terms, ...], title: str
) -> Contract:
    """Contract of a program's track, with what its score and its own claims are made of."""
    on = words.performance_year or desk.years[0]
    category = desk.cite(desk.book(words).figure("lan_category", on, words.track))
    label = words.label or f"{title} {words.track}".replace("_", " ")
    measures = tuple(getattr(words, "measures", ()))
    basket = basket_of(desk, name, words) if isinstance(words, PrimaryCareWords) else None
    return Contract(name, label, MODEL, category, terms, measures=measures, basket=basket)
