"""What contracts of managed-care plans share: premium, spending, sub-capitation, risk sharing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models import managed_care, per_member
from vbsim.scenario.contracts.rate_words import (
    RateWords,
    WithholdWords,
    rate_terms,
    rate_wrongs,
    withhold_terms,
)
from vbsim.scenario.shape import Name, Part, Share, Wrong, refuse
from vbsim.scenario.source import Path_

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "managed_care"


class Rate(RateWords):
    """A rate per member per month that stands alone."""

    @model_validator(mode="after")
    def _one_rate(self) -> Rate:
        refuse(rate_wrongs(self))
        return self


class SubCapitation(Rate):
    """What the plan pays provider groups for a basket of services."""

    services: list[Name] = Field(min_length=1, description="services that the groups deliver")


class Band(Part):
    """One band of a risk corridor; it ends where the next begins."""

    from_: Share = Field(alias="from", description="where it begins [share of revenue]")
    plan_part: Share = Field(description="what the plan keeps or bears of the money inside")


class RiskCorridor(Part):
    """Bands of what is left of the revenue, and of what is overspent."""

    unspent: list[Band] = Field(min_length=1, description="bands of unspent revenue")
    overspent: list[Band] = Field(
        default_factory=list, description="bands of overspending; without them the plan bears it"
    )
    target: Share = Field(
        default=1.0, description="spending that is neither unspent nor overspent [share of revenue]"
    )
    spending: Literal["all", "medical"] = Field(
        default="all",
        description="medical: claims and quality improvement alone count, not administration",
    )

    @model_validator(mode="after")
    def _in_order(self) -> RiskCorridor:
        refuse([*_band_wrongs("unspent", self.unspent), *_band_wrongs("overspent", self.overspent)])
        return self


def _band_wrongs(key: str, bands: list[Band]) -> Iterable[Wrong]:
    ends = [band.from_ for band in bands]
    if ends and (ends[0] != 0.0 or any(not low < high for low, high in pairwise(ends))):
        found = "bands from " + ", ".join(f"{end:g}" for end in ends)
        yield Wrong(key, found, "bands that begin at 0 and rise")


class CredibilityPoint(Part):
    """One line of a credibility table."""

    member_months: Annotated[float, Field(gt=0.0, le=1e9)]
    adjustment: Share = Field(description="added to the medical loss ratio")


class PlanWords(Part):
    """Money of a managed-care plan; shares are of the premium."""

    premium: Rate = Field(description="what the purchaser pays the plan")
    administration: Share = Field(default=0.0, description="share of premium")
    quality_improvement: Share = Field(
        default=0.0, description="with fraud prevention; counts as medical [share of premium]"
    )
    taxes_and_fees: Share = Field(default=0.0, description="share of premium")
    sub_capitation: SubCapitation | None = Field(
        default=None, description="rate paid to provider groups for a basket of services"
    )
    withhold: WithholdWords | None = Field(
        default=None, description="part of the premium that quality earns back"
    )
    minimum_medical_loss_ratio: Share | None = Field(
        default=None, description="least share of revenue for claims and quality improvement"
    )
    remittance_share: Share | None = Field(
        default=None, description="part of the shortfall that the plan returns"
    )
    risk_corridor: RiskCorridor | None = Field(
        default=None, description="shares what is unspent or overspent, band by band"
    )


def corridor_terms(words: RiskCorridor | None) -> dict[str, Any]:
    """Terms of a risk corridor; none without words."""
    if words is None:
        return {}
    return {
        "corridor": tuple((band.from_, band.plan_part) for band in words.unspent),
        "loss_corridor": tuple((band.from_, band.plan_part) for band in words.overspent),
        "corridor_target": words.target,
        "corridor_of_medical_spending": words.spending == "medical",
    }


def write_plan(
    desk: Desk, name: str, words: PlanWords, label: str, own: list[dict[str, Any]]
) -> Contract:
    """Contract of a plan.

    Parameters
    ----------
    own
        Terms of risk sharing for each performance year.
    """
    path: Path_ = ("contracts", name)
    basket, group = None, words.sub_capitation
    if group is not None:
        basket = desk.basket((*path, "sub_capitation", "services"), group.services)
    terms = []
    for year, shared in zip(desk.years, own, strict=True):
        paid = None
        if group is not None:
            paid = rate_terms(desk, (*path, "sub_capitation"), group, year, basket)
        terms.append(
            managed_care.Terms(
                premium=rate_terms(desk, (*path, "premium"), words.premium, year),
                administration=words.administration,
                quality_improvement=words.quality_improvement,
                taxes_and_fees=words.taxes_and_fees,
                sub_capitation=paid,
                withhold=withhold_terms(words.withhold),
                **shared,
            )
        )
        _project(desk, name, terms[-1], year, basket)
    return Contract(
        name=name,
        label=label,
        model=MODEL,
        # Of what the plan pays providers: sub-capitation has no link to quality here.
        lan_category="1" if group is None else "4N",
        terms=tuple(terms),
        basket=basket,
        at_risk=None if basket is None else ~basket,
    )


def projected_loss_ratio(
    desk: Desk, terms: managed_care.Terms, year: int, basket: np.ndarray | None
) -> float:
    """Medical loss ratio at expected claims, with all of the withhold earned back."""
    members = desk.world.members[desk.draft.years.index(year)]
    premium, claims = per_member.mean(terms.premium, members), desk.expected_pmpm(year)
    if terms.sub_capitation is not None:
        groups = per_member.mean(terms.sub_capitation, members)
        claims += groups - desk.expected_pmpm(year, basket)
    left = premium * (1.0 - terms.taxes_and_fees)
    return (claims + premium * terms.quality_improvement) / left if left > 0.0 else np.inf


def _project(
    desk: Desk, name: str, terms: managed_care.Terms, year: int, basket: np.ndarray | None
) -> None:
    desk.audit.derived(
        f"projected medical loss ratio, {name}, {year}",
        round(projected_loss_ratio(desk, terms, year, basket), 4),
        "share of revenue less taxes and fees",
        "expected claims and quality improvement, before any risk sharing",
    )
