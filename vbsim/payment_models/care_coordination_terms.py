"""Terms of care coordination: fees by tier, primary care paid otherwise, what a score moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses, scoring
from vbsim.payment_models.scoring import Domain, Measure

FULL_SCORE = 100.0
_ENTITY = (Domain("quality", 1.0),)
_IN_PROPORTION: clauses.Pieces = ((0.0, FULL_SCORE, 0.0, 1.0),)
_MONEY = (
    "population_pmpm", "visit_fee", "incentive_pmpm", "cost_pmpm", "fixed_cost", "advance",
)  # fmt: skip
_SHARES = ("visit_share", "cost_share", "replaced_share", "fee_at_risk", "advance_repaid")
# Lines that no measure's name may begin, nor a tier's or segment's lines overwrite.
_OWN = (
    "care_coordination_fee", "population_payment", "visit_fees", "claims_replaced",
    "performance_adjustment", "incentive_prepaid", "clawed_back", "advance_payment",
    "advance_repayment", "service_cost", "fixed_cost", "person_years", "enrolled_share",
    "enrolled_months", "population_pmpm", "basket_cost", "basket_claims", "claims_cost",
    "cost_share", "own_claims", "replaced_share", "visit_share", "visits", "visit_fee",
    "remaining_claims", "primary_care_payment", "incentive_pmpm", "fee_at_risk", "kept_share",
    "kept_score_from", "kept_score_to", "kept_rate_from", "kept_rate_to", "cost_pmpm",
    "yearly_cost", "advance_paid", "advance_repaid_share", "full_score", "quality_score",
    "scored_domains", "score", "score_from", "score_to", "rate_from", "rate_to",
    "adjustment_rate", "measures_met", "minimum_score", "gates_met",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tier:
    """A risk tier and its fee.

    Parameters
    ----------
    pmpm
        Fee per enrolled member per month [USD PMPM].
    shares
        Part of the enrolled members in the tier, one of each segment, or one of all.
    """

    name: str
    pmpm: float
    shares: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        """Refuse a negative fee and shares outside [0, 1]."""
        _check_money(f"pmpm of {self.name}", self.pmpm)
        for share in self.shares:
            clauses.check_share(f"share of {self.name}", share)


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year; a part that is 0 or empty is not in the contract.

    Parameters
    ----------
    enrolled, segments
        Share of the members who are enrolled: one of all, or one of each segment by name, in the
        order of ``ContractYear.segment_person_years``.
    tiers
        Fees by risk tier.
    population_pmpm
        Population payment per enrolled member per month [USD PMPM].
    visit_fee
        Paid for each visit [USD].
    visit_share, cost_share
        Part of the basket's claims that are the provider's own visits to enrolled members, and part
        of the basket's cost that is its own primary care of them.
    replaced_share
        Part of that cost which fee-for-service no longer pays.
    measures, domains
        Of the score, 0 to 100, as in pay for performance.
    pieces
        Rate of the adjustment by score [share of the primary-care payment].
    minimum_score, missed_rate
        Gate, and the highest rate of the adjustment where it is missed.
    incentive_pmpm
        Paid ahead [USD PMPM].
    fee_at_risk
        Part of the fee that is kept or clawed back like the incentive.
    kept
        Share that is kept, by score; by default in proportion to it.
    cost_pmpm, fixed_cost
        What the service costs the provider [USD PMPM of enrolled members, USD].
    advance, advance_repaid
        Single payment [USD], and the share of it that is repaid at settlement.
    """

    enrolled: tuple[float, ...] = (1.0,)
    segments: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    population_pmpm: float = 0.0
    visit_fee: float = 0.0
    visit_share: float = 1.0
    cost_share: float = 1.0
    replaced_share: float = 0.0
    measures: tuple[Measure, ...] = ()
    domains: tuple[Domain, ...] = _ENTITY
    pieces: clauses.Pieces = ()
    minimum_score: float = 0.0
    missed_rate: float = 0.0
    incentive_pmpm: float = 0.0
    fee_at_risk: float = 0.0
    kept: clauses.Pieces = _IN_PROPORTION
    cost_pmpm: float = 0.0
    fixed_cost: float = 0.0
    advance: float = 0.0
    advance_repaid: float = 0.0

    def __post_init__(self) -> None:
        """Refuse amounts below zero, shares outside [0, 1], tables with holes, unclear names."""
        for name in _MONEY:
            _check_money(name, getattr(self, name))
        for name in _SHARES:
            clauses.check_share(name, getattr(self, name))
        for share in self.enrolled:
            clauses.check_share("enrolled", share)
        if not 0.0 <= self.minimum_score <= FULL_SCORE:
            raise ParameterError(
                f"minimum_score is {self.minimum_score:g}; expected 0 to {FULL_SCORE:g}"
            )
        _check_rates(self)
        _check_groups(self)

    @property
    def scored(self) -> bool:
        """Whether the score moves any money."""
        return bool(self.pieces) or self.incentive_pmpm + self.fee_at_risk > 0.0

    @property
    def pays_primary_care(self) -> bool:
        """Whether the provider's own primary-care claims matter."""
        return bool(self.pieces) or self.visit_fee + self.replaced_share > 0.0


def _check_money(name: str, value: float) -> None:
    if not 0.0 <= value < np.inf:
        raise ParameterError(f"{name} is {value:g} USD; expected 0 or more")


def _check_rates(terms: Terms) -> None:
    """Refuse tables that leave a score without a rate, and a keeping of less than nothing."""
    for pieces in (terms.pieces, terms.kept):
        clauses.check_pieces(pieces, FULL_SCORE)
    if not terms.kept or min(min(piece[2:]) for piece in terms.kept) < 0.0:
        raise ParameterError("kept has no share or one below 0; expected shares from 0 to 1")
    if terms.fee_at_risk and not terms.tiers:
        raise ParameterError("fee_at_risk without tiers; expected a fee that it is a part of")
    if not -1.0 <= terms.missed_rate <= 1.0:
        raise ParameterError(
            f"missed_rate is {terms.missed_rate:g}; expected -1 to 1 (write -10 % as -0.1)"
        )


def _check_groups(terms: Terms) -> None:
    """Refuse shares that do not match the segments or exceed the whole, and unclear names."""
    groups = max(len(terms.segments), 1)
    for what, shares in (
        ("enrolled", terms.enrolled),
        *((tier.name, tier.shares) for tier in terms.tiers),
    ):
        if len(shares) != groups:
            raise ParameterError(f"{what} has {len(shares)} shares; expected {groups}")
    for group in range(groups):
        total = sum(tier.shares[group] for tier in terms.tiers)
        if total > 1.0 + 1e-9:
            raise ParameterError(f"shares of tiers sum to {total:g}; expected at most 1")
    scoring.check_names(terms.measures, terms.domains, _OWN)
    names = [*terms.segments, *(tier.name for tier in terms.tiers)]
    for name in names:
        lines = {f"{name}_{end}" for end in ("months", "pmpm", "enrolled_months", "person_years")}
        if names.count(name) > 1 or lines & set(_OWN):
            raise ParameterError(
                f"{name} is no clear name of a tier or segment; expected another name"
            )
