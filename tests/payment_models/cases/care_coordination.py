"""Sample terms of care coordination: fees by tier, primary care paid otherwise, incentives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.care_coordination import Terms, Tier
from vbsim.payment_models.scoring import Domain, Measure

MEASURES = (
    Measure("a", "quality", 0.4, 0.8, minimum_cases=20.0),
    Measure("b", "utilization", 0.5, 0.2, lower_is_better=True, must_pass=True),
)
DOMAINS = (Domain("quality", 0.5), Domain("utilization", 0.5))
# A fee by tier of those who enroll, more of the second segment; half of what is paid ahead at risk.
FEES = Terms(
    enrolled=(0.3, 0.9),
    segments=("aged", "disabled"),
    tiers=(Tier("low", 6.0, (0.5, 0.0)), Tier("high", 30.0, (0.5, 0.75))),
    measures=MEASURES,
    domains=DOMAINS,
    incentive_pmpm=2.5,
    fee_at_risk=0.1,
    cost_pmpm=9.0,
    fixed_cost=95_000.0,
)
# Population payment and visit fee in place of claims; from a tenth less to half as much again, by
# the entity's score.
PRIMARY_CARE = Terms(
    population_pmpm=28.0,
    visit_fee=40.0,
    visit_share=0.4,
    cost_share=0.3,
    replaced_share=1.0,
    pieces=((0.0, 50.0, -0.1, 0.0), (50.0, 100.0, 0.0, 0.5)),
    minimum_score=25.0,
    missed_rate=-0.1,
)
# Half of the claims replaced, an incentive in steps, and an advance of which a part is repaid.
HYBRID = Terms(
    enrolled=(0.7,),
    tiers=(Tier("all", 15.0),),
    population_pmpm=15.0,
    replaced_share=0.5,
    pieces=((0.0, 100.0, 0.0, 0.45),),
    incentive_pmpm=4.0,
    kept=((0.0, 40.0, 0.0, 0.0), (40.0, 100.0, 0.5, 1.0)),
    advance=250_000.0,
    advance_repaid=0.6,
)
TERMS: list[Any] = [FEES, PRIMARY_CARE, HYBRID, Terms()]
BETTER: list[tuple[Any, dict[str, Any]]] = [
    (FEES, {"tiers": (replace(FEES.tiers[0], shares=(0.5, 0.25)), FEES.tiers[1])}),
    (FEES, {"measures": (MEASURES[0], replace(MEASURES[1], threshold=0.6, must_pass=False))}),
    (FEES, {"fee_at_risk": 0.0, "cost_pmpm": 8.0, "fixed_cost": 0.0}),
    (PRIMARY_CARE, {"population_pmpm": 45.0}),
    (PRIMARY_CARE, {"visit_fee": 41.0}),
    (PRIMARY_CARE, {"missed_rate": 0.0}),
    (PRIMARY_CARE, {"minimum_score": 0.0}),
    (PRIMARY_CARE, {"pieces": ((0.0, 50.0, -0.05, 0.0), (50.0, 100.0, 0.0, 0.6))}),
    (PRIMARY_CARE, {"cost_share": 0.2}),
    (HYBRID, {"tiers": (Tier("all", 16.0),)}),
    (HYBRID, {"enrolled": (0.8,)}),
    (HYBRID, {"replaced_share": 0.4}),
    (HYBRID, {"incentive_pmpm": 5.0}),
    (HYBRID, {"kept": ((0.0, 100.0, 0.5, 1.0),)}),
    (HYBRID, {"advance": 260_000.0}),
    (HYBRID, {"advance_repaid": 0.5}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (FEES, {"cost_pmpm": -1.0}, r"cost_pmpm is -1 USD; expected 0 or more"),
    (FEES, {"fixed_cost": np.nan}, r"fixed_cost is nan USD"),
    (FEES, {"advance": np.inf}, r"advance is inf USD"),
    (FEES, {"fee_at_risk": 10.0}, r"fee_at_risk is 10; .*write 2 % as 0.02"),
    (FEES, {"fee_at_risk": 0.1, "tiers": ()}, r"fee_at_risk without tiers; expected a fee"),
    (FEES, {"enrolled": (0.3,)}, r"enrolled has 1 shares; expected 2"),
    (FEES, {"enrolled": (0.3, 1.9)}, r"enrolled is 1.9; expected between 0 and 1"),
    (FEES, {"tiers": (Tier("low", 6.0),)}, r"low has 1 shares; expected 2"),
    (
        FEES,
        {"tiers": (*FEES.tiers, Tier("more", 1.0, (0.5, 0.0)))},
        r"shares of tiers sum to 1.5; expected at most 1",
    ),
    (FEES, {"kept": ()}, r"kept has no share or one below 0; expected shares from 0 to 1"),
    (FEES, {"kept": ((0.0, 100.0, -0.5, 1.0),)}, r"kept has no share or one below 0"),
    (
        FEES,
        {"kept": ((0.0, 90.0, 0.0, 1.0),)},
        r"no rate of scores from 90 to 100; expected a rate of every",
    ),
    (FEES, {"minimum_score": 101.0}, r"minimum_score is 101; expected 0 to 100"),
    (FEES, {"domains": DOMAINS[1:]}, r"a is in the domain quality; expected one of utilization"),
    (
        FEES,
        {"measures": (replace(MEASURES[0], name="incentive"),)},
        r"incentive is no clear name of a measure",
    ),
    (
        FEES,
        {"tiers": (replace(FEES.tiers[0], name="enrolled"),)},
        r"enrolled is no clear name of a tier or segment",
    ),
    (
        FEES,
        {"tiers": (replace(FEES.tiers[0], name="aged"),)},
        r"aged is no clear name of a tier or segment",
    ),
    (PRIMARY_CARE, {"missed_rate": -10.0}, r"missed_rate is -10; .*write -10 % as -0.1"),
    (PRIMARY_CARE, {"pieces": ((0.0, 100.0, -10.0, 50.0),)}, r"at rates -10 to 50"),
    (PRIMARY_CARE, {"replaced_share": 1.5}, r"replaced_share is 1.5; expected between 0 and 1"),
    (FEES.tiers[0], {"pmpm": -6.0}, r"pmpm of low is -6 USD; expected 0 or more"),
    (FEES.tiers[0], {"shares": (25.0, 0.0)}, r"share of low is 25 to 0|share of low is 25;"),
]


def _months(terms: Terms, year: ContractYear) -> FloatArray:
    exposure = year.segment_person_years if terms.segments else year.person_years[:, None]
    return 12.0 * exposure @ np.array(terms.enrolled)


def _own(terms: Terms, year: ContractYear) -> FloatArray:
    return terms.cost_share * year.basket_cost


def most_paid(terms: Terms, year: ContractYear) -> FloatArray:
    """The dearest tier for all, every visit, the best rate, the incentive and advance kept."""
    months = _months(terms, year)
    paid = terms.population_pmpm * months
    paid = paid + terms.visit_fee * terms.visit_share * np.nan_to_num(year.basket_claims)
    best = max((max(piece[2:]) for piece in terms.pieces), default=0.0)
    kept = _own(terms, year) * (1.0 - terms.replaced_share)
    fees = max((tier.pmpm for tier in terms.tiers), default=0.0) + terms.incentive_pmpm
    return paid + max(best, 0.0) * (paid + kept) + fees * months + terms.advance


def most_owed(terms: Terms, year: ContractYear) -> FloatArray:
    """What the service costs, the claims replaced, and the largest penalty on what is paid."""
    months, own = _months(terms, year), _own(terms, year)
    worst = max(-min((min(piece[2:]) for piece in terms.pieces), default=0.0), -terms.missed_rate)
    paid = terms.population_pmpm * months + terms.visit_fee * terms.visit_share * year.basket_claims
    owed = terms.cost_pmpm * months + terms.fixed_cost + terms.replaced_share * own
    return owed + worst * (paid + own)
