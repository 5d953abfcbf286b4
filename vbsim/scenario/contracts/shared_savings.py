"""Private shared savings: ``model: shared_savings`` with terms that the scenario states."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models import clauses, shared_savings
from vbsim.scenario.contracts.score_words import check_known
from vbsim.scenario.contracts.words import ModelWords
from vbsim.scenario.shape import Benchmark, Money, Name, Part, Share, Wrong, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "shared_savings"
PROGRAMS: frozenset[str] = frozenset()
_OF_LOSSES = (
    "loss_rate_minimum",
    "loss_rate_quality_slope",
    "loss_rate_standard_missed",
    "loss_limit",
    "loss_limit_amount",
)
Count = Annotated[int, Field(ge=1, le=1000)]


class Threshold(Part):
    """What a quality measure must reach."""

    threshold: Share = Field(description="rate that meets the measure, inclusively")
    lower_is_better: bool | None = Field(
        default=None, description="a rate below it meets the measure; else as the quality says"
    )


class Words(ModelWords):
    """A private contract that shares savings, and losses if it says so."""

    benchmark: Benchmark | None = None
    minimum_savings_rate: Share = Field(default=0.0, description="gate [share of benchmark]")
    minimum_loss_rate: Share = Field(default=0.0, description="gate [share of benchmark]")
    excess_only: bool = Field(
        default=False, description="share only what lies beyond the gate, not the first dollar"
    )
    sharing_rate: Share | None = Field(default=None, description="provider's part of savings")
    sharing_tiers: dict[Count, Share] = Field(
        default_factory=dict, description="number of measures met: provider's part of savings"
    )
    measures: dict[Name, Threshold] = Field(
        default_factory=dict, description="quality measures of the tiers, and what each must reach"
    )
    quality_scales_sharing: bool = Field(
        default=False, description="the quality score multiplies the provider's part of savings"
    )
    quality_floor: Share | None = Field(
        default=None, description="the score counts as at least so much when it multiplies"
    )
    minimum_quality: Share = Field(
        default=0.0, description="quality score below which the standard is missed"
    )
    sharing_rate_standard_missed: Share = Field(
        default=0.0, description="provider's part of savings where the standard is missed"
    )
    payment_floor: Share = Field(
        default=0.0, description="least payment once savings count [share of benchmark]"
    )
    payment_limit: Share = Field(default=1.0, description="largest payment [share of benchmark]")
    loss_rate: Share | None = Field(
        default=None, description="provider's part of losses; one-sided without it"
    )
    loss_rate_minimum: Share | None = Field(
        default=None, description="least part of losses, for the best quality"
    )
    loss_rate_quality_slope: Share | None = Field(
        default=None, description="what a full quality score takes off a part of 1"
    )
    loss_rate_standard_missed: Share | None = Field(
        default=None, description="provider's part of losses where the standard is missed"
    )
    loss_limit: Share | None = Field(default=None, description="largest loss [share of benchmark]")
    loss_limit_amount: Money | None = Field(default=None, description="largest loss [USD]")
    fees_per_member_year: Money = Field(
        default=0.0, description="paid during the year, netted from the payment [USD]"
    )
    social_needs_pmpm: Money = Field(
        default=0.0, description="cost of a social-needs intervention [USD PMPM]"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Words:
        refuse(_wrongs(self))
        return self


def _wrongs(words: Words) -> Iterable[Wrong]:
    if bool(words.sharing_tiers) == (words.sharing_rate is not None):
        yield from _one_share(words)
    for key, other in (("sharing_tiers", "measures"), ("measures", "sharing_tiers")):
        if getattr(words, key) and not getattr(words, other):
            yield Wrong(key, f"{key} without {other}", f"the key {other} beside it")
    if words.quality_floor is not None and not words.quality_scales_sharing:
        todo = "add quality_scales_sharing: true, or take it out"
        yield Wrong("quality_floor", "quality_floor", "a score that scales the sharing rate", todo)
    if words.loss_rate is not None:
        return
    for key in _OF_LOSSES:
        if getattr(words, key) is not None:
            found = f"{key} without loss_rate"
            yield Wrong(key, found, "the key loss_rate beside it", "add it, or take this out")
    if words.minimum_loss_rate:
        found, todo = "minimum_loss_rate without loss_rate", "add it, or take this out"
        yield Wrong("minimum_loss_rate", found, "the key loss_rate beside it", todo)


def _one_share(words: Words) -> Iterable[Wrong]:
    expected = "exactly one of sharing_rate and sharing_tiers"
    if words.sharing_tiers:
        found = "both sharing_rate and sharing_tiers"
        yield Wrong("sharing_tiers", found, expected, "take one of them out")
    else:
        found = "neither sharing_rate nor sharing_tiers"
        yield Wrong("", found, expected, "add one of them")


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the terms as stated."""
    terms = terms_of(words, _reverse(desk, name, words))
    if words.payment_floor > max(words.minimum_savings_rate, 0.0):
        desk.audit.warn(
            f"{name}: the payment floor of {words.payment_floor:g} of benchmark is above the "
            f"minimum savings rate of {words.minimum_savings_rate:g}, so the payer may pay more "
            "than was saved"
        )
    contract = Contract(
        name=name,
        label=words.label or "Shared savings",
        model=MODEL,
        lan_category=_lan_category(words),
        terms=tuple(terms for _ in desk.years),
    )
    contract = replace(contract, measures=tuple(words.measures))
    return desk.with_benchmark(contract, words, truncated=False)


def _reverse(desk: Desk, name: str, words: Words) -> frozenset[str]:
    """Measures of which a lower rate is better; one that is none is recorded as a problem."""
    check_known(desk, name, words.measures)
    known = desk.audit.scenario.quality.measures
    return frozenset(key for key, measure in known.items() if measure.reverse)


def terms_of(words: Words, reverse: Collection[str] = ()) -> shared_savings.Terms:
    """Terms in numbers; of the measures in ``reverse`` a lower rate is better."""
    lost = words.loss_rate or 0.0
    tiers = sorted(words.sharing_tiers.items(), reverse=True)
    return shared_savings.Terms(
        two_sided=words.loss_rate is not None,
        minimum_savings_rate=words.minimum_savings_rate,
        minimum_loss_rate=words.minimum_loss_rate,
        sharing_rate=words.sharing_rate or 0.0,
        quality_scales_sharing=words.quality_scales_sharing,
        sharing_rate_standard_missed=words.sharing_rate_standard_missed,
        alternative_standard=False,
        payment_limit=words.payment_limit,
        loss_rate_minimum=lost if words.loss_rate_minimum is None else words.loss_rate_minimum,
        loss_rate_maximum=lost,
        loss_rate_quality_slope=words.loss_rate_quality_slope or 0.0,
        loss_limit_benchmark=1.0 if words.loss_limit is None else words.loss_limit,
        loss_limit_amount=np.inf if words.loss_limit_amount is None else words.loss_limit_amount,
        sequestration=0.0,
        loss_rate_standard_missed=words.loss_rate_standard_missed,
        excess_only=words.excess_only,
        minimum_quality=words.minimum_quality,
        quality_floor=words.quality_floor or 0.0,
        payment_floor=words.payment_floor,
        measures=tuple(
            clauses.Target(
                name,
                stated.threshold,
                name in reverse if stated.lower_is_better is None else stated.lower_is_better,
            )
            for name, stated in words.measures.items()
        ),
        sharing_tiers=tuple(tiers),
        fees_per_member_year=words.fees_per_member_year,
        social_needs_pmpm=words.social_needs_pmpm,
    )


def _lan_category(words: Words) -> str:
    """HCP-LAN 3A or 3B; 3N where quality decides nothing."""
    quality = words.quality_scales_sharing or words.minimum_quality or words.sharing_tiers
    if not quality and words.loss_rate_quality_slope is None:
        return "3N"
    return "3A" if words.loss_rate is None else "3B"
