"""V7: concentration of Medicare spending among the aged.

Wallis et al., EClinicalMedicine 2021 (FFS 65 and over, 2007-18, 314.6 million person-years): the
top 1/5/10/20/50 % of members hold 14.9/41.5/60.0/79.1/95.7 % of spending. Coefficients of
variation: 2.0-2.3, and 1.80-1.95 truncated at the 99th percentile.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import engine_of

PUBLISHED = {0.01: 0.149, 0.05: 0.415, 0.10: 0.600, 0.20: 0.791, 0.50: 0.957}


def lone_member_plan() -> Plan:
    """One aged member for a full year per realization: the engine then shows single members."""
    population = {
        "members": 350,
        "person_years_per_member": 0.975,
        "per_capita_truncated": True,
        "segments": {"aged": {"enrollment_type": "aged_non_dual", "person_years": 340.0}},
    }
    without_base_years = {"mode": "published", "published_per_capita": 11_000.0}
    plan = resolve(small_scenario(population=population, benchmark=without_base_years))
    people = tuple(replace(p, person_years_per_member=1.0) for p in plan.world.people)
    lone = np.ones_like(plan.world.members)
    return replace(plan, world=replace(plan.world, members=lone, people=people))


@pytest.fixture(scope="module")
def costs() -> np.ndarray:
    """Annual cost of 400,000 aged members, largest first.

    Standard errors at this size: 0.25 points on the share of the top 1 %, 0.03 on the CV.
    """
    engine = engine_of(lone_member_plan())
    parts = [
        engine.block(np.arange(start, start + 100_000))["cost"].values[:, -1, 0].sum(axis=1)
        for start in range(0, 400_000, 100_000)
    ]
    return np.sort(np.concatenate(parts))[::-1]


@pytest.mark.parametrize("top", PUBLISHED)
def test_share_of_spending(costs: np.ndarray, top: float) -> None:
    share = costs[: int(top * costs.size)].sum() / costs.sum()
    assert abs(share - PUBLISHED[top]) < 0.015


def test_coefficients_of_variation(costs: np.ndarray) -> None:
    truncated = np.minimum(costs, costs[costs.size // 100])
    assert 2.0 <= costs.std() / costs.mean() <= 2.3
    assert 1.80 <= truncated.std() / truncated.mean() <= 1.95


def test_truncation_point_is_the_99th_percentile(costs: np.ndarray) -> None:
    """The exact distribution that ``resolve`` reads and the engine agree on the percentile.

    The share above it has standard error sqrt(.01 * .99 / n); 0.0002 for the money grid.
    """
    plan = lone_member_plan()
    scale = plan.world.expected_truncated[-1, 0] / plan.world.expected_cost[-1, 0]
    assert 0.94 < scale < 0.97  # 0.951 in the fit to the published shares
    above = np.mean(costs > plan.layers[0].upper[-1, 0])
    assert abs(above - 0.01) < 4.0 * np.sqrt(0.01 * 0.99 / costs.size) + 0.0002
