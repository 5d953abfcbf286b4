"""Private care coordination: ``model: care_coordination`` with terms that the scenario states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models.care_coordination import Terms
from vbsim.payment_models.care_coordination_terms import FULL_SCORE
from vbsim.scenario.contracts.care_words import (
    MODEL,
    BySegment,
    PopulationWords,
    VisitWords,
    basket_of,
    cost_terms,
    enrolled_terms,
    of_no_service,
    of_no_use,
    population_terms,
    practice_terms,
)
from vbsim.scenario.contracts.score_words import (
    TABLE,
    Score,
    ScoredWords,
    Table,
    pieces_of,
    scored,
)
from vbsim.scenario.contracts.words import ModelWords
from vbsim.scenario.shape import Money, Name, Part, Share, SignedShare, Wrong, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

PROGRAMS: frozenset[str] = frozenset()
_ALL = "fee"


class FeeTier(Part):
    """A risk tier and its fee."""

    pmpm: Money = Field(description="fee [USD per enrolled member per month]")
    share: BySegment = Field(
        description="part of the enrolled members in it, of all or by segment; shares sum to 1"
    )


class Words(ScoredWords, VisitWords, PopulationWords, ModelWords):
    """A monthly fee for care coordination, and other ways to pay primary care."""

    pmpm: Money | None = Field(
        default=None, description="fee, the same for all [USD per enrolled member per month]"
    )
    tiers: dict[Name, FeeTier] = Field(default_factory=dict, description="fees by risk tier")
    replaced_share: Share = Field(
        default=0.0, description="part of the provider's primary-care claims no longer paid"
    )
    visit_fee: Money = Field(default=0.0, description="flat fee per visit [USD]")
    adjustment: Table | None = Field(
        default=None, description=f"rate on the primary-care payment by score, 0 to 100: {TABLE}"
    )
    minimum_score: Score = Field(default=0.0, description="gate: score below which nothing is paid")
    missed_adjustment: SignedShare = Field(
        default=0.0, description="highest rate of the adjustment where the gate is missed"
    )
    incentive_pmpm: Money = Field(
        default=0.0, description="paid ahead [USD per enrolled member per month]"
    )
    fee_at_risk: Share = Field(default=0.0, description="part of the fee kept like the incentive")
    kept: Table | None = Field(
        default=None,
        description=f"share kept of what is paid ahead, by score; else in proportion: {TABLE}",
    )
    advance: Money = Field(default=0.0, description="paid once, in the first year [USD]")
    advance_repaid: Share = Field(default=0.0, description="part of the advance that is repaid")

    @model_validator(mode="after")
    def _fit_together(self) -> Words:
        refuse(_wrongs(self))
        return self


_PAYMENTS = (
    "pmpm", "tiers", "population_pmpm", "replaced_share", "visit_fee", "adjustment",
    "incentive_pmpm", "advance",
)  # fmt: skip


def _wrongs(words: Words) -> Iterable[Wrong]:
    if not any(getattr(words, key) for key in _PAYMENTS):
        expected = f"at least one of {', '.join(_PAYMENTS)}"
        yield Wrong("", "care coordination without a payment", expected, "add one of them")
    if words.pmpm is not None and words.tiers:
        yield Wrong("tiers", "both pmpm and tiers", "one of pmpm and tiers", "take one of them out")
    needs: dict[str, Any] = {
        "replaced_share": words.replaced_share,
        "visit_fee": words.visit_fee,
        "adjustment": words.adjustment,
        "population_cost_share": words.population_cost_share,
    }
    for key in (key for key, value in needs.items() if value):
        yield from of_no_service(words, key)
    if words.primary_care_services and not any(needs.values()):
        yield from of_no_use("replaced_share, visit_fee or adjustment")
    if words.population_cost_share is not None and not words.replaced_share:
        found, expected = "population_cost_share without replaced_share", "claims that it replaces"
        yield Wrong("population_cost_share", found, expected, "add replaced_share")
    if words.fee_at_risk and words.pmpm is None and not words.tiers:
        yield Wrong("fee_at_risk", "fee_at_risk without a fee", "the key pmpm or tiers beside it")
    if not (words.adjustment or words.incentive_pmpm or words.fee_at_risk):
        for key in ("measures", "domains", "minimum_score"):
            if getattr(words, key):
                expected = "the key adjustment, incentive_pmpm or fee_at_risk, which it decides"
                yield Wrong(key, f"{key} of nothing", expected, "add one, or take it out")
    if words.advance_repaid and not words.advance:
        yield Wrong("advance_repaid", "advance_repaid without advance", "the key advance beside it")


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the terms as stated."""
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    return Contract(
        name=name,
        label=words.label or "Care coordination",
        model=MODEL,
        lan_category=_lan_category(words, terms[0]),
        terms=terms,
        basket=basket_of(desk, name, words),
        measures=tuple(words.measures),
    )


def _terms(desk: Desk, name: str, words: Words, year: int) -> Terms:
    tiers = {tier: (stated.pmpm, stated.share) for tier, stated in words.tiers.items()}
    if words.pmpm is not None:
        tiers = {_ALL: (words.pmpm, 1.0)}
    first = year == desk.years[0]
    return Terms(
        **enrolled_terms(desk, name, words, tiers),
        **cost_terms(desk, name, words, year),
        **practice_terms(desk, name, words, year),
        **scored(desk, name, words),
        **_tables(desk, name, words),
        **population_terms(desk, name, words, year, words.replaced_share),
        visit_fee=words.visit_fee,
        minimum_score=words.minimum_score,
        missed_rate=words.missed_adjustment,
        incentive_pmpm=words.incentive_pmpm,
        fee_at_risk=words.fee_at_risk,
        advance=words.advance if first else 0.0,
        advance_repaid=words.advance_repaid,
    )


def _tables(desk: Desk, name: str, words: Words) -> dict[str, Any]:
    """Terms of the tables that are stated."""
    found = {}
    for term, key in (("pieces", "adjustment"), ("kept", "kept")):
        table = getattr(words, key)
        path = ("contracts", name, key)
        pieces = pieces_of(desk, path, table or [], FULL_SCORE)
        if key == "kept" and any(min(piece[2:]) < 0.0 for piece in pieces):
            desk.audit.wrong(path, "a share below 0", "shares from 0 to 1")
        elif pieces:
            found[term] = pieces
    return found


def _lan_category(words: Words, terms: Terms) -> str:
    """HCP-LAN 4A or 4N where a population payment replaces claims; else 2A, or 2C without a fee."""
    if terms.replaced_share and terms.population_pmpm:
        return "4A" if terms.scored else "4N"
    return "2C" if terms.scored and not terms.tiers else "2A"
