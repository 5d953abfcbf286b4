"""Concentration of Medicaid spending in the survey that the assumption set is fitted to.

AHRQ MEPS, full-year files 2012-2015, persons ever on Medicaid and never on Medicare, weighted:
shares of spending of the top 1/5/10/20/50 % of persons, and coefficients of variation. Children are
24,404 persons, of whom 12 spend more than 100 times the mean: their CV is known to a tenth at best.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.generators.annual_cost import annual_cost
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve

TOP = (0.01, 0.05, 0.10, 0.20, 0.50)
PUBLISHED = {
    "tanf_child": ((0.397, 0.626, 0.743, 0.855, 0.969), 5.60),
    "tanf_adult": ((0.197, 0.448, 0.619, 0.808, 0.976), 2.77),
    "ssi": ((0.160, 0.401, 0.550, 0.725, 0.944), 2.26),
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    segments = {kind: {"enrollment_type": kind, "person_years": 100.0} for kind in PUBLISHED}
    return resolve(
        small_scenario(
            assumptions="medicaid",
            benchmark=None,
            population={"segments": segments},
            contracts={"fee": {"model": "fee_for_service"}},
        )
    )


@pytest.mark.parametrize("kind", PUBLISHED)
def test_concentration(plan: Plan, kind: str) -> None:
    """Within 2.5 points of each share, and 15 % of the CV."""
    world, shares = plan.world, PUBLISHED[kind][0]
    column = world.segments.index(kind)
    # A grid that reaches 800 times the mean: children are concentrated.
    step = world.expected_cost[0, column] / world.price[0, column, 0] / 10.0
    cost = annual_cost(world.people[column], world.use[0][column], world.unit_costs, step)
    mass, grid = cost.mass[0][::-1], cost.grid[::-1]
    spent = np.cumsum(mass * grid) / np.sum(mass * grid)
    np.testing.assert_allclose(np.interp(TOP, np.cumsum(mass), spent), shares, atol=0.025)
    mean = mass @ grid
    spread = np.sqrt(mass @ grid**2 - mean**2) / mean
    assert spread == pytest.approx(PUBLISHED[kind][1], rel=0.15)


@pytest.mark.parametrize(("kind", "level"), [("tanf_child", 3078), ("tanf_adult", 5970)])
def test_levels_are_shares_of_spending_over_shares_of_enrollees(kind: str, level: float) -> None:
    """KFF 2021: 7,593 USD; children 15 % of spending and 37 % of enrollees, adults 33 and 42 %."""
    spending, enrollees = {"tanf_child": (0.15, 0.37), "tanf_adult": (0.33, 0.42)}[kind]
    assert 7593.0 * spending / enrollees == pytest.approx(level, abs=5.0)
