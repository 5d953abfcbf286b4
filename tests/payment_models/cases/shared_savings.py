"""Sample terms of shared savings: programs and private contracts, the odd and the extreme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.clauses import Target
from vbsim.payment_models.shared_savings import Terms

TWO_SIDED = Terms(
    two_sided=True,
    minimum_savings_rate=0.02,
    minimum_loss_rate=0.02,
    sharing_rate=0.75,
    quality_scales_sharing=False,
    sharing_rate_standard_missed=0.0,
    alternative_standard=False,
    payment_limit=0.20,
    loss_rate_minimum=0.40,
    loss_rate_maximum=0.75,
    loss_rate_quality_slope=0.75,
    loss_limit_benchmark=0.15,
    loss_limit_amount=np.inf,
    sequestration=0.02,
)
MEASURES = (
    Target("screening", 0.7),
    Target("readmission", 0.15, lower_is_better=True),
    Target("control", 0.5),
)
PRIVATE = replace(
    TWO_SIDED,
    minimum_savings_rate=0.01,
    minimum_loss_rate=0.03,
    quality_scales_sharing=True,
    quality_floor=0.5,
    minimum_quality=0.3,
    payment_floor=0.005,
    loss_rate_minimum=0.2,
    loss_rate_maximum=0.5,
    loss_rate_quality_slope=0.0,
    sequestration=0.0,
)
TIERS = replace(
    PRIVATE,
    two_sided=False,
    quality_scales_sharing=False,
    minimum_quality=0.0,
    measures=MEASURES,
    sharing_tiers=((3, 0.5), (2, 0.4)),
    fees_per_member_year=3.0,
)
GRADED = replace(PRIVATE, loss_rate_standard_missed=0.9, relief_rate=0.25)
EXCESS = replace(PRIVATE, excess_only=True, payment_floor=0.0)
TERMS: list[Any] = [
    TWO_SIDED,
    replace(TWO_SIDED, two_sided=False, sequestration=0.0),
    replace(TWO_SIDED, quality_scales_sharing=True, loss_limit_amount=1e6),
    replace(TWO_SIDED, minimum_savings_rate=0.0, minimum_loss_rate=0.0, payment_limit=1.0),
    replace(TWO_SIDED, sharing_rate=0.0, loss_rate_minimum=0.0, loss_rate_maximum=0.0),
    replace(TWO_SIDED, payment_limit=0.0, loss_limit_benchmark=0.0),
    replace(TWO_SIDED, reduced_sharing=0.5, alternative_standard=True),
    PRIVATE,
    GRADED,
    replace(TWO_SIDED, loss_rate_standard_missed=0.6, alternative_standard=True),
    TIERS,
    EXCESS,
    replace(EXCESS, minimum_quality=0.0, social_needs_pmpm=2.5, two_sided=False),
    replace(TIERS, two_sided=True, quality_scales_sharing=True, payment_floor=0.2),
    replace(TIERS, alternative_standard=True, minimum_quality=0.9, fees_per_member_year=1e6),
]
BETTER: list[tuple[Any, dict[str, Any]]] = [
    (TWO_SIDED, {"sharing_rate": 0.80}),
    (TWO_SIDED, {"reduced_sharing": 0.5}),
    (TWO_SIDED, {"minimum_savings_rate": 0.015}),
    (TWO_SIDED, {"minimum_savings_rate": 0.0}),
    (TWO_SIDED, {"minimum_loss_rate": 0.03}),
    (TWO_SIDED, {"payment_limit": 0.25}),
    (TWO_SIDED, {"loss_rate_maximum": 0.60}),
    (TWO_SIDED, {"loss_rate_minimum": 0.30}),
    (TWO_SIDED, {"loss_rate_quality_slope": 0.80}),
    (TWO_SIDED, {"loss_limit_benchmark": 0.10}),
    (TWO_SIDED, {"loss_limit_amount": 1e5}),
    (TWO_SIDED, {"sequestration": 0.0}),
    (TWO_SIDED, {"sharing_rate_standard_missed": 0.375}),
    (TWO_SIDED, {"alternative_standard": True}),
    (TWO_SIDED, {"two_sided": False}),
    (PRIVATE, {"quality_floor": 0.6}),
    (PRIVATE, {"minimum_quality": 0.2}),
    (PRIVATE, {"minimum_quality": 0.0}),
    (PRIVATE, {"payment_floor": 0.01}),
    (PRIVATE, {"quality_scales_sharing": False}),
    (
        replace(PRIVATE, two_sided=False, payment_floor=0.0, excess_only=True),
        {"excess_only": False},
    ),
    (replace(PRIVATE, payment_floor=0.0), {"minimum_loss_rate": 0.04, "fees_per_member_year": 1.0}),
    (GRADED, {"loss_rate_standard_missed": 0.8}),
    (EXCESS, {"minimum_savings_rate": 0.0}),
    (EXCESS, {"minimum_loss_rate": 0.05}),
    (TIERS, {"sharing_tiers": ((3, 0.5), (2, 0.45), (1, 0.2))}),
    (TIERS, {"fees_per_member_year": 4.0}),
    (TIERS, {"measures": (Target("screening", 0.6), *MEASURES[1:])}),
    (TIERS, {"measures": (MEASURES[0], Target("readmission", 0.2, True), MEASURES[2])}),
    (replace(TIERS, social_needs_pmpm=2.0), {"social_needs_pmpm": 1.0}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (TWO_SIDED, {"sharing_rate": 75.0}, r"sharing_rate is 75; expected .* 0 and 1 \(write 2 % as"),
    (TWO_SIDED, {"minimum_savings_rate": 2.0}, r"minimum_savings_rate is 2; .*write 2 % as 0.02"),
    (TWO_SIDED, {"payment_limit": -0.1}, r"payment_limit is -0.1; expected between 0 and 1"),
    (TWO_SIDED, {"sequestration": np.nan}, r"sequestration is nan; expected between 0 and 1"),
    (TWO_SIDED, {"loss_limit_amount": -1.0}, r"loss_limit_amount is -1 USD; expected 0 or more"),
    (TWO_SIDED, {"loss_limit_amount": np.nan}, r"loss_limit_amount is nan USD"),
    (TWO_SIDED, {"loss_rate_minimum": 0.8}, r"loss_rate_minimum is 0.8; expected at most .*0.75"),
    (PRIVATE, {"quality_floor": 1.5}, r"quality_floor is 1.5; expected between 0 and 1"),
    (PRIVATE, {"minimum_quality": 70.0}, r"minimum_quality is 70; expected between 0 and 1"),
    (PRIVATE, {"payment_floor": 0.3}, r"payment_floor is 0.3; expected at most payment_limit, 0.2"),
    (EXCESS, {"reduced_sharing": 0.5}, r"excess_only never counts; expected one of the two"),
    (TIERS, {"fees_per_member_year": -3.0}, r"fees_per_member_year is -3 USD; expected 0 or more"),
    (TIERS, {"social_needs_pmpm": np.nan}, r"social_needs_pmpm is nan USD; expected 0 or more"),
    (TIERS, {"sharing_tiers": ((3, 1.5),)}, r"share of a sharing tier is 1.5; expected between"),
    (TIERS, {"sharing_tiers": ((2, 0.5), (3, 0.6))}, r"0.5 for 2 measures to 0.6 for 3; expected"),
    (TIERS, {"sharing_tiers": ((3, 0.4), (2, 0.5))}, r"0.4 for 3 measures to 0.5 for 2; expected"),
    (TIERS, {"sharing_tiers": ((4, 0.5),)}, r"ask for 4 to 4 measures; expected 1 to 3"),
    (TIERS, {"sharing_tiers": ((3, 0.5), (0, 0.1))}, r"ask for 0 to 3 measures; expected 1 to 3"),
    (MEASURES[0], {"threshold": 70.0}, r"threshold of screening is 70; expected between 0 and 1"),
]


def most_paid(terms: Terms, year: ContractYear) -> FloatArray:
    """Payment limit, or the fees where they are more."""
    fees = terms.fees_per_member_year * year.person_years
    return np.maximum(terms.payment_limit * year.benchmark, fees)


def most_owed(terms: Terms, year: ContractYear) -> FloatArray:
    """Loss limits, and what the intervention costs."""
    limit = np.minimum(terms.loss_limit_benchmark * year.benchmark, terms.loss_limit_amount)
    return limit * terms.two_sided + 12.0 * terms.social_needs_pmpm * year.person_years
