"""Sample terms of shared savings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
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
TERMS: list[Any] = [
    TWO_SIDED,
    replace(TWO_SIDED, two_sided=False, sequestration=0.0),
    replace(TWO_SIDED, quality_scales_sharing=True, loss_limit_amount=1e6),
    replace(TWO_SIDED, minimum_savings_rate=0.0, minimum_loss_rate=0.0, payment_limit=1.0),
    replace(TWO_SIDED, sharing_rate=0.0, loss_rate_minimum=0.0, loss_rate_maximum=0.0),
    replace(TWO_SIDED, payment_limit=0.0, loss_limit_benchmark=0.0),
    replace(TWO_SIDED, reduced_sharing=0.5),
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
    (TWO_SIDED, {"two_sided": False}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (TWO_SIDED, {"sharing_rate": 75.0}, r"sharing_rate is 75; expected .* 0 and 1 \(write 2 % as"),
    (TWO_SIDED, {"minimum_savings_rate": 2.0}, r"minimum_savings_rate is 2; .*write 2 % as 0.02"),
    (TWO_SIDED, {"payment_limit": -0.1}, r"payment_limit is -0.1; expected between 0 and 1"),
    (TWO_SIDED, {"sequestration": np.nan}, r"sequestration is nan; expected between 0 and 1"),
    (TWO_SIDED, {"loss_limit_amount": -1.0}, r"loss_limit_amount is -1 USD; expected 0 or more"),
    (TWO_SIDED, {"loss_limit_amount": np.nan}, r"loss_limit_amount is nan USD"),
    (TWO_SIDED, {"loss_rate_minimum": 0.8}, r"loss_rate_minimum is 0.8; expected at most .*0.75"),
]


def most_paid(terms: Any, year: ContractYear) -> FloatArray:
    """Most that the provider receives [USD]."""
    return np.asarray(terms.payment_limit * year.benchmark)


def most_owed(terms: Any, year: ContractYear) -> FloatArray:
    """Most that the provider owes [USD]."""
    limit = np.minimum(terms.loss_limit_benchmark * year.benchmark, terms.loss_limit_amount)
    return np.asarray(limit * terms.two_sided)
