"""The entity's own year in the engines: base years and performance years, by the size of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import vbsim
from tests.conftest import small_scenario
from tests.portfolio.samples import SCENARIO, TABLE, write
from vbsim.plan import Plan
from vbsim.portfolio import resolve_portfolio
from vbsim.scenario.resolve import resolve
from vbsim.simulate import blocks

STILL = dict.fromkeys(("trend_sd", "service_sd", "pandemic_probability"), 0.0)
YEARS = {2020: 800.0, 2021: 1_800.0, 2022: 5_000.0, 2023: 7_200.0}
LOCAL, CV = 0.01, 1.5


def plan_of(**own: float) -> Plan:
    """Two base years and two performance years, of 800 to 7,200 person-years."""
    words: dict[str, Any] = {
        "years": 2,
        "population": {
            "person_years_per_member": 0.8,
            "segments": {
                "aged": {"enrollment_type": "aged_non_dual",
                         "person_years": {year: 0.75 * size for year, size in YEARS.items()}},
                "disabled": {"enrollment_type": "disabled",
                             "person_years": {year: 0.25 * size for year, size in YEARS.items()}},
            },
        },
        "benchmark": {"mode": "simulated", "base_years": [2020, 2021]},
        "uncertainty": STILL | own,
    }  # fmt: skip
    return resolve(small_scenario(**words))


@pytest.mark.parametrize("engine", ["claims", "collective"])
def test_every_year_has_its_own_by_its_size(engine: str) -> None:
    """Variance local_sd squared plus composition_cv squared over person-years, in each year alone.

    4,000 realizations: a variance within 4 of its standard errors (root of 2 over the realizations,
    2.2 %), correlations of years within 4 of theirs (1.6 %).
    """
    count = 4_000
    plan = plan_of(local_sd=LOCAL, composition_cv=CV)
    if engine == "claims":  # all engines draw alike; members cost time
        world = replace(plan.world, members=np.ones_like(plan.world.members))
        plan = replace(plan, world=world)
    plan = replace(plan, engine=engine, realizations=count)
    local = xr.concat([b["local_factor"] for b in blocks(plan)], "realization").values
    exact = np.array([LOCAL**2 + CV**2 / size for size in YEARS.values()])
    np.testing.assert_allclose(local.var(axis=0), exact, rtol=4.0 * np.sqrt(2.0 / count))
    assert np.all(np.abs(local.mean(axis=0) - 1.0) < 4.0 * np.sqrt(exact / count))
    between = np.corrcoef(local.T) - np.eye(len(YEARS))
    assert np.abs(between).max() < 4.0 / np.sqrt(count)


def test_cost_moves_by_it() -> None:
    """All of a year's cost, base years too: what it adds to the variance of the cost is exact.

    The same draws with and without: 4 standard errors of the mean product of factor and cost.
    """
    plan = replace(
        plan_of(local_sd=0.0, composition_cv=CV), engine="collective", realizations=4_000
    )
    seen = xr.concat(list(blocks(plan)), "realization")
    cost = seen["cost"].sum(("segment", "service")).values
    local = seen["local_factor"].values - 1.0
    relative = cost / cost.mean(axis=0) - 1.0
    for year, size in enumerate(YEARS.values()):
        product = local[:, year] * relative[:, year]
        error = product.std() / np.sqrt(product.size)
        assert abs(product.mean() - CV**2 / size) < 4.0 * error


def test_entities_of_a_portfolio_have_their_own_size(tmp_path: Path) -> None:
    plans = resolve_portfolio(vbsim.load_portfolio(write(tmp_path, TABLE, SCENARIO))).plans
    cv = next(f.value for f in plans[0].figures if f.path == "uncertainty.composition_cv")
    sizes = []
    for plan in plans:
        people = [p.person_years_per_member for p in plan.world.people]
        sizes.append(float(plan.world.members[-1] @ people))
        assert plan.systematic.entity_year.by_size[-1] == pytest.approx(cv / np.sqrt(sizes[-1]))
    assert len(set(sizes)) > 1


def test_none_is_none() -> None:
    plan = plan_of(local_sd=0.0, composition_cv=0.0)
    (block,) = blocks(replace(plan, engine="collective", realizations=50))
    np.testing.assert_array_equal(block["local_factor"].values, 1.0)
