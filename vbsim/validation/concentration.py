"""V7: how Medicare spending is concentrated, from the exact annual cost of a member."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np

from vbsim.generators.annual_cost import AnnualCost, annual_cost
from vbsim.measures.precision import FloatArray
from vbsim.validation.base import DERIVED, VERIFIED, Found, Show, Target, percent
from vbsim.validation.worlds import aged_plan

_WALLIS = "Wallis et al., EClinicalMedicine 2021: Medicare FFS 65 and over, 314.6 M person-years"
_CBO = "CBO, May 2005: Medicare FFS 2001"
_FIT = "fit of two lognormals to Wallis et al."
TOP = {0.01: 0.149, 0.05: 0.415, 0.10: 0.600, 0.20: 0.791, 0.50: 0.957}
_REASON_CBO = "all payers and ages, 2001; the assumption set is fitted to Wallis et al."


@cache
def aged_cost() -> AnnualCost:
    """Annual cost of a full-year aged member of the default Medicare assumption set."""
    world = aged_plan().world
    return annual_cost(world.people[0], world.use[-1][0], world.unit_costs)


def _moments(cost: FloatArray, mass: FloatArray) -> tuple[float, float]:
    mean = float(mass @ cost)
    return mean, float(np.sqrt(mass @ cost**2 - mean**2)) / mean


def share_of_top(top: float, data: Path | None = None) -> Found:
    """Share of spending of the most expensive members."""
    cost = aged_cost()
    mass, grid = cost.mass[0][::-1], cost.grid[::-1]
    spent = np.cumsum(mass * grid) / np.sum(mass * grid)
    return Found(float(np.interp(top, np.cumsum(mass), spent)))


def spread(data: Path | None = None) -> Found:
    """Coefficient of variation."""
    return Found(_moments(aged_cost().grid, aged_cost().mass[0])[1])


def truncated_spread(data: Path | None = None) -> Found:
    """Coefficient of variation after truncation at the 99th percentile."""
    cost = aged_cost()
    return Found(_moments(np.minimum(cost.grid, cost.percentile(0.99)), cost.mass[0])[1])


def truncated_mean(data: Path | None = None) -> Found:
    """Mean after truncation at the 99th percentile, over the mean."""
    cost = aged_cost()
    return Found(float(cost.limited_mean(cost.percentile(0.99))[0]) / cost.mean())


def percentile(level: float, data: Path | None = None) -> Found:
    """Percentile over the mean."""
    return Found(aged_cost().percentile(level) / aged_cost().mean())


def noise(weights: tuple[float, ...], data: Path | None = None) -> Found:
    """Spread of a savings rate times √N from the truncated spread alone (V1, closed form)."""
    return Found(truncated_spread().value * float(np.sqrt(1.0 + np.square(weights).sum())))


def targets() -> list[Target]:
    """Targets of V7, and the closed form of V1."""
    found = [
        Target(
            f"V7.top_{100 * top:g}", f"share of spending of the top {100 * top:g} %", _WALLIS,
            VERIFIED, share, partial(share_of_top, top), percent(), within=0.015,
        )
        for top, share in TOP.items()
    ]  # fmt: skip
    ratio = Show(2)
    ranges: list[tuple[str, str, float, Callable[..., Found], tuple[float, float]]] = [
        ("cv", "coefficient of variation of annual cost", 2.17, spread, (2.0, 2.3)),
        ("cv_truncated", "the same, truncated at p99", 1.867, truncated_spread, (1.8, 1.95)),
    ]
    found += [
        Target(f"V7.{key}", words, _FIT, DERIVED, value, compute, ratio, between=between)
        for key, words, value, compute, between in ranges
    ]
    found.append(
        Target("V7.mean_truncated", "mean truncated at p99 over the mean", _FIT, DERIVED, 0.951,
               truncated_mean, Show(3), within=0.01, tolerance="none stated")
    )  # fmt: skip
    found += [
        Target(
            f"V7.cbo_p{100 * level:g}", f"{100 * level:g}th percentile over the mean", _CBO,
            VERIFIED, value, partial(percentile, level), ratio, within=0.1 * value,
            tolerance="none stated; a tenth",
        )
        for level, value in ((0.75, 0.85), (0.95, 4.85))
    ]  # fmt: skip
    found += [
        Target(
            f"V7.cbo_top_{100 * top:g}", f"share of spending of the top {100 * top:g} %", _CBO,
            VERIFIED, share, partial(share_of_top, top), percent(), within=0.015,
            tolerance="none stated; as for Wallis et al.",
        )
        for top, share in ((0.05, 0.43), (0.25, 0.85), (0.50, 0.96))
    ]  # fmt: skip
    return found


def closed_form() -> list[Target]:
    """Noise of a savings rate from the truncated spread alone, by the weights of base years."""
    source = "1.87 √(1 + Σ w²), fit to Wallis et al."
    return [
        Target(f"V1.closed_{key}", f"sd of the savings rate × √N, closed form, {words}", source,
               DERIVED, value, partial(noise, weights), Show(2), within=0.05,
               tolerance="none stated")
        for key, words, value, weights in (
            ("equal", "equal weights", 2.16, (1 / 3, 1 / 3, 1 / 3)),
            ("60_30_10", "weights 60/30/10", 2.26, (0.6, 0.3, 0.1)),
        )
    ]  # fmt: skip
