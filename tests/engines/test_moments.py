"""Exact moments of a member's years against formulas by hand, members drawn, and what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import DYNAMICS
from tests.engines.test_collective import STEADY, a_plan
from vbsim.engines.collective import CollectiveEngine
from vbsim.engines.moments import moments
from vbsim.engines.pilot import trajectories

SEGMENT = 1


@pytest.mark.parametrize("retention", [1.0, 0.7])
def test_years_have_in_common_what_lasts_of_those_who_stay(retention: float) -> None:
    """States drawn anew and R lognormal: claims * claims * retention * (exp(p * q * sd**2) - 1).

    To 0.3 %: what the table of R leaves out.
    """
    plan = a_plan(1_000, {**STEADY, "retention": retention, "ill_persistence": 0.0})
    exact, world = moments(plan, SEGMENT), plan.world
    years, services = world.years.size, len(world.services)
    powers, rate = np.array(world.use[0][SEGMENT].elasticities), 0.975 * world.rate[:, SEGMENT]
    lasting = np.expm1(np.outer(powers, powers) * world.people[SEGMENT].risk_sd ** 2)
    claims = exact.covariance[years:-years, years:-years].reshape(2, services, years, 2, -1, years)
    for year, later in ((0, 1), (0, 2), (1, 2)):
        stayed = retention ** float(world.years[later] - world.years[year])
        expected = np.outer(rate[year], rate[later]) * stayed * lasting
        np.testing.assert_allclose(claims[1, :, year, 1, :, later], expected, rtol=3e-3)
        price = np.outer(world.mean_unit_cost[year, SEGMENT], world.mean_unit_cost[later, SEGMENT])
        np.testing.assert_allclose(claims[0, :, year, 0, :, later], price * expected, rtol=3e-3)


@pytest.mark.parametrize("dynamics", [STEADY, DYNAMICS], ids=["steady", "dynamic"])
def test_covariance_is_that_of_members_drawn(dynamics: dict[str, float]) -> None:
    """Total cost, claims and person-years of 262,144 members, within and between three years.

    All products within 4.5 standard errors: some 400 are tested. Frequent services only: products
    of rare claims are too skewed for their errors to tell.
    """
    plan = a_plan(1_000, dynamics)
    exact, drawn, world = moments(plan, SEGMENT), trajectories(plan, SEGMENT, 2**18), plan.world
    years, services = world.years.size, len(world.services)
    often = np.flatnonzero(world.rate[0, SEGMENT] > 0.5)
    total = (world.level[:, SEGMENT] * drawn.cost.sum(axis=2))[..., None]
    kinds = [total / exact.mean[:, :services].sum(axis=1)[:, None], drawn.claims[..., often]]
    seen = np.concatenate([*kinds, drawn.person_years[..., None]], axis=2, dtype=np.float64)
    rows = seen.transpose(0, 2, 1).reshape(len(seen), -1)
    variables = [0, *(1 + services + often), 1 + 2 * services]
    places = np.concatenate([years * place + np.arange(years) for place in variables])
    rows -= rows.mean(axis=0)
    expected = exact.covariance[np.ix_(places, places)]
    mean, square = rows.T @ rows / len(rows), (rows**2).T @ rows**2 / len(rows)
    error = np.sqrt((square - mean**2) / len(rows))
    assert np.max(np.abs(mean - expected) / error) < 4.5


@pytest.mark.parametrize("dynamics", [STEADY, DYNAMICS], ids=["steady", "dynamic"])
def test_bulk_and_tail_together_have_the_exact_covariance(dynamics: dict[str, float]) -> None:
    """Of services and person-years in all years; a binomial number of tail members, each drawn.

    To 1e-4 of the spreads, as tables are float32.
    """
    plan = a_plan(1_000, dynamics)
    exact, group = moments(plan, 0), CollectiveEngine.of(plan).groups[0]
    years, known = plan.world.years.size, len(exact.covariance) - plan.world.years.size
    members, tail = group.here[:known].astype(float), group.tail[:, :known].astype(float)
    shared = np.minimum.outer(members, members)
    # The distribution function at 0 is (1 - share) ** members.
    share = -np.expm1(np.log(group.tail_count[0]) / group.members.max())
    mean = share * tail.mean(axis=0)
    found = share * tail.T @ tail / len(tail) - np.outer(mean, mean)
    loadings = group.loadings[:, :known].astype(float)
    found += loadings.T @ loadings / shared
    expected = exact.covariance[years:, years:]
    spread = np.sqrt(expected.diagonal())
    np.testing.assert_allclose(
        found / np.outer(spread, spread), expected / np.outer(spread, spread), atol=1e-4
    )
