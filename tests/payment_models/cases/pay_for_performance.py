"""Sample terms of pay for performance: three measures, as Hospital VBP, MIPS and private."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.pay_for_performance import Terms
from vbsim.payment_models.scoring import Domain, Measure, Scale

MEASURES = (
    Measure("a", "care", 0.4, 0.8, baseline=0.3, minimum_cases=20.0, bonus=5_000.0),
    Measure("b", "care", 0.5, 0.2, lower_is_better=True, weight=2.0, minimum_cases=4_000.0),
    Measure("c", "safety", 0.6, 0.6, must_pass=True, bonus=1_000.0),
)
DOMAINS = (Domain("care", 0.6), Domain("safety", 0.2), Domain("reporting", 0.2, 0.9))
HOSPITAL_POINTS = Scale(10.0, 9.0, 0.5, 10.0, -0.5, 9.0, rounded=True)
HOSPITAL = Terms(
    measures=MEASURES,
    domains=DOMAINS,
    scale=HOSPITAL_POINTS,
    minimum_domains=2,
    revenue=50e6,
    withhold_rate=0.02,
    exchange_slope=2.7,
    score_divisor=110.0,
)
# A line from the full penalty at 0 to none at 75, but the full penalty up to 18.75; 9 % at 100.
SLIDING = ((0.0, 18.75, -0.09, -0.09), (18.75, 75.0, -0.0675, 0.0), (75.0, 100.0, 0.0, 0.09))
CLINICIANS = Terms(basket_share=0.7, pieces=SLIDING)
TIERS = ((3.0, 3.0, 0.05, 0.05), (2.0, 3.0, 0.03, 0.03), (0.0, 2.0, 0.0, 0.0))
PRIVATE = Terms(
    measures=tuple(replace(m, domain="quality") for m in MEASURES),
    full_score=3.0,
    revenue=1e6,
    pieces=TIERS,
    minimum_score=1.0,
    withhold_rate=0.01,
    score_divisor=3.0,
)
TERMS: list[Any] = [
    HOSPITAL,
    CLINICIANS,
    PRIVATE,
    Terms(),
    replace(HOSPITAL, revenue=None, exchange_slope=0.0, minimum_domains=4),
    replace(HOSPITAL, scale=Scale(), pieces=SLIDING, minimum_score=60.0),
    replace(PRIVATE, measures=(replace(PRIVATE.measures[0], extra_points=0.5, weight=0.0),)),
    replace(PRIVATE, withhold_rate=1.0, pieces=((0.0, 3.0, -1.0, 1.0),)),
]
BETTER: list[tuple[Any, dict[str, Any]]] = [
    (HOSPITAL, {"exchange_slope": 3.0}),
    (HOSPITAL, {"score_divisor": 100.0}),
    (HOSPITAL, {"measures": (replace(MEASURES[0], threshold=0.3), *MEASURES[1:])}),
    (HOSPITAL, {"measures": (replace(MEASURES[0], baseline=0.1), *MEASURES[1:])}),
    (HOSPITAL, {"measures": (*MEASURES[:2], replace(MEASURES[2], must_pass=False))}),
    (HOSPITAL, {"measures": (replace(MEASURES[0], bonus=9_000.0), *MEASURES[1:])}),
    (PRIVATE, {"minimum_score": 0.0}),
    (PRIVATE, {"pieces": ((2.0, 3.0, 0.05, 0.05), (0.0, 2.0, 0.0, 0.0))}),
    (CLINICIANS, {"pieces": ((0.0, 75.0, -0.09, 0.0), (75.0, 100.0, 0.0, 0.27))}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (HOSPITAL, {"withhold_rate": 2.0}, r"withhold_rate is 2; .*write 2 % as 0.02"),
    (HOSPITAL, {"basket_share": -0.1}, r"basket_share is -0.1; expected between 0 and 1"),
    (HOSPITAL, {"exchange_slope": np.nan}, r"exchange_slope is nan; expected 0 or more"),
    (HOSPITAL, {"revenue": -1.0}, r"revenue is -1; expected 0 or more"),
    (HOSPITAL, {"score_divisor": 0.0}, r"score_divisor is 0; expected more than 0"),
    (HOSPITAL, {"minimum_score": 101.0}, r"minimum_score is 101; expected at most the full score"),
    (
        HOSPITAL,
        {"pieces": SLIDING[:2]},
        r"no rate of scores from 75 to 100; expected a rate of every",
    ),
    (
        HOSPITAL,
        {"pieces": SLIDING[1:]},
        r"no rate of scores from 0 to 18.75; expected a rate of every",
    ),
    (HOSPITAL, {"pieces": ((0.0, 100.0, -9.0, 9.0),)}, r"at rates -9 to 9; .*write 2 % as 0.02"),
    (HOSPITAL, {"pieces": ((100.0, 0.0, 0.0, 0.0),)}, r"goes from 100 to 0 .*; expected rising"),
    (HOSPITAL, {"domains": DOMAINS[1:]}, r"a is in the domain care; expected one of safety"),
    (HOSPITAL, {"domains": (*DOMAINS, DOMAINS[0])}, r"care is no clear name of a domain"),
    (HOSPITAL, {"measures": (*MEASURES, MEASURES[0])}, r"a is no clear name of a measure"),
    (
        HOSPITAL,
        {"measures": (replace(MEASURES[0], name="withhold"),)},
        r"withhold is no clear name of a measure; expected another name",
    ),
    (CLINICIANS, {"domains": (Domain("all", 0.0),)}, r"no domain has a weight"),
    (MEASURES[0], {"benchmark": 0.3}, r"benchmark of a is 0.3; expected at least its threshold"),
    (MEASURES[1], {"benchmark": 0.6}, r"benchmark of b is 0.6; expected at most its threshold"),
    (MEASURES[0], {"minimum_cases": 0.0}, r"minimum_cases of a is 0; expected 1 or more"),
    (MEASURES[0], {"bonus": -5.0}, r"bonus of a is -5; expected 0 or more"),
    (DOMAINS[0], {"weight": 25.0}, r"weight of care is 25; .*write 2 % as 0.02"),
    (DOMAINS[0], {"score": 90.0}, r"score of care is 90; expected between 0 and 1"),
    (HOSPITAL_POINTS, {"most": 11.0}, r"points go to 11 and 10 at the benchmark"),
    (HOSPITAL_POINTS, {"slope": -1.0}, r"slopes of points are -1 and 10; expected 0 or more"),
]


def _base(terms: Terms, year: ContractYear) -> FloatArray | float:
    return terms.basket_share * year.basket_cost if terms.revenue is None else terms.revenue


def most_paid(terms: Terms, year: ContractYear) -> FloatArray:
    """All points: the withhold's best return, the best rate, and every bonus."""
    best = terms.full_score / terms.score_divisor * terms.exchange_slope - 1.0
    rates = terms.withhold_rate * max(best, 0.0) + max((p[3] for p in terms.pieces), default=0.0)
    bonuses = sum(measure.bonus for measure in terms.measures)
    return np.full_like(year.cost, 1.0) * _base(terms, year) * max(rates, 0.0) + bonuses


def most_owed(terms: Terms, year: ContractYear) -> FloatArray:
    """The whole withhold and the largest penalty."""
    worst = terms.withhold_rate - min((p[2] for p in terms.pieces), default=0.0)
    return np.full_like(year.cost, 1.0) * _base(terms, year) * max(worst, 0.0)
