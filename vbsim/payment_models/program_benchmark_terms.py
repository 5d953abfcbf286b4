"""What benchmarks by program rules are made of: their terms, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import FloatArray


@dataclass(frozen=True, slots=True)
class Measured:
    """What a benchmark is made of; R realizations, B base years, S segments.

    Parameters
    ----------
    base_per_capita
        Expenditure per person-year of each base year, after truncation and completion, B of (R, S)
        [USD].
    person_years
        Exposure of the performance year, (R, S).
    national_factor
        The nation's cost level against its expectation, base years then performance year, B + 1 of
        (R, S).
    regional_factor
        The region's beyond the nation's, B + 1 of (R, 1).
    base_savings
        Savings per person-year that were measured in the base years, where they were performance
        years of this contract, (R, B) [USD]; missing (NaN) elsewhere.
    expenditure
        Expenditure of the performance year, (R,) [USD].
    """

    base_per_capita: Sequence[FloatArray]
    person_years: FloatArray
    national_factor: Sequence[FloatArray]
    regional_factor: Sequence[FloatArray]
    base_savings: FloatArray
    expenditure: FloatArray


@dataclass(frozen=True, slots=True)
class Rebased:
    """A Shared Savings Program benchmark of one performance year.

    Parameters
    ----------
    base_years
        Positions of the base years on the year axis, rising, B of them.
    weights
        Weight of each, (B,), sum 1.
    national, regional
        Expected expenditure per person-year, base years then performance year, (B + 1, S) [USD];
        the region's at a risk score of 1.
    risk
        Mean risk score of the ACO, base years then performance year, (B + 1, S).
    national_weight
        Weight of national growth: the ACO's share of the assignable beneficiaries of its region.
    regional_weight_below, regional_weight_above
        Weight of the region for an ACO that spends less, or more, than it.
    regional_cap, regional_floor
        Bounds of the regional adjustment of each segment [share of national expenditure].
    negative_adjustment
        Whether the adjustment may lower the benchmark.
    prior_savings_share
        Part of prior savings that is added back, 0 without such an adjustment.
    prior_savings_cap
        Bound of that [share of national expenditure].
    stated_savings
        Savings per person-year of base years that were not simulated, (B,) [USD]; NaN where the
        simulated ones count.
    prospective
        Accountable care prospective trend from the last base year to the performance year, (S,).
    prospective_weight
        Its weight in the update, 0 where it is two-way.
    guardrail
        Losses from this share of the benchmark on let the two-way update count if it is higher;
        ``None`` without a guardrail.
    risk_cap
        Largest growth of risk scores that counts [share].
    demographic_growth
        Growth of demographic risk scores, on top of which the cap is allowed [share]; ``None``
        where each segment is capped for itself.
    """

    base_years: tuple[int, ...]
    weights: FloatArray
    national: FloatArray
    regional: FloatArray
    risk: FloatArray
    national_weight: float
    regional_weight_below: float
    regional_weight_above: float
    regional_cap: float
    regional_floor: float
    negative_adjustment: bool
    prior_savings_share: float
    prior_savings_cap: float
    stated_savings: FloatArray
    prospective: FloatArray
    prospective_weight: float
    guardrail: float | None
    risk_cap: float
    demographic_growth: float | None

    def __post_init__(self) -> None:
        """Refuse weights that do not add up, and figures that are none."""
        _check(self.weights, self.base_years, self.national, self.regional, self.risk)
        for name in (
            "national_weight", "regional_weight_below", "regional_weight_above", "regional_cap",
            "regional_floor", "prior_savings_share", "prior_savings_cap", "prospective_weight",
        ):  # fmt: skip
            clauses.check_share(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Blended:
    """An ACO REACH benchmark of one performance year, before its discount and withholds.

    Parameters
    ----------
    base_years, weights, national
        As in :class:`Rebased`.
    regional
        Expected regional expenditure per person-year, performance year, at a risk score of 1, (S,)
        [USD].
    risk
        Mean risk score of the ACO, base years then performance year, (B + 1, S).
    capped_risk
        The performance year's after caps and coding factor, (S,).
    regional_weight
        Weight of regional expenditure.
    ceiling, floor
        Most that the region raises or lowers the benchmark [share of national expenditure].
    """

    base_years: tuple[int, ...]
    weights: FloatArray
    national: FloatArray
    regional: FloatArray
    risk: FloatArray
    capped_risk: FloatArray
    regional_weight: float
    ceiling: float
    floor: float

    def __post_init__(self) -> None:
        """Refuse weights that do not add up, and figures that are none."""
        _check(self.weights, self.base_years, self.national, self.regional, self.risk)
        for name in ("regional_weight", "ceiling", "floor"):
            clauses.check_share(name, getattr(self, name))


def _check(weights: FloatArray, base_years: tuple[int, ...], *levels: FloatArray) -> None:
    if len(weights) != len(base_years) or not abs(float(np.sum(weights)) - 1.0) < 1e-6:
        raise ParameterError(
            f"{len(weights)} weights that add up to {np.sum(weights):g} for {len(base_years)} base "
            "years; expected one each, adding up to 1"
        )
    if not all(np.all(level > 0.0) for level in levels):
        raise ParameterError("an expenditure or risk score is 0 or less; expected above 0")
