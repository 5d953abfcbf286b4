"""What entities share and what they do not: exactly, and to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import vbsim
from tests.portfolio.samples import SCENARIO, TABLE, write
from vbsim.errors import ParameterError
from vbsim.plan import ALL_CLAIMS
from vbsim.portfolio import PortfolioPlan, resolve_portfolio, simulate_portfolio
from vbsim.simulate import processors, use_threads

# Twins whose cost moves by the nation's trend and by luck alone.
TREND_SD, MEMBERS = 0.02, 20_000
TWINS = """\
vbsim: 1
name: Twins
seed: 8
realizations: 6000
start_year: 2022
assumptions: medicare_ffs
portfolio: {entities_file: entities.csv}
population:
  person_years_per_member: 1.0
  segments:
    aged: {enrollment_type: aged_non_dual, person_years: 20000}
uncertainty:
  trend_sd: 0.02
  local_sd: 0.0
  composition_cv: 0.0
  pandemic_probability: 0.0
  service_sd: {inpatient: 0, snf: 0, outpatient: 0, ed: 0, physician: 0, home_health: 0,
    hospice: 0, dme: 0}
contracts:
  global: {model: capitation, pmpm: 1000}
"""


def plan_of(folder: Path, table: str = TABLE, scenario: str = SCENARIO) -> PortfolioPlan:
    folder.mkdir(exist_ok=True)
    return resolve_portfolio(vbsim.load_portfolio(write(folder, table, scenario)))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> PortfolioPlan:
    """Plans of the three entities."""
    return plan_of(tmp_path_factory.mktemp("three"))


@pytest.fixture(scope="module")
def results(plan: PortfolioPlan) -> xr.Dataset:
    """Results of the three entities."""
    return simulate_portfolio(plan)


def test_entities_share_the_trend_and_nothing_else(tmp_path: Path) -> None:
    """Var(cost) = E^2 v + (1 + v) N s^2, of which E^2 v is shared; v is the trend's variance."""
    plan = plan_of(tmp_path, "entity,name\none,One\ntwo,Two\n", TWINS)
    first = plan.first
    (layer,) = [layer for layer in first.layers if layer.name == ALL_CLAIMS]
    assert layer.spread is not None
    assert layer.mean is not None
    shared = (MEMBERS * layer.mean[0, 0] * TREND_SD) ** 2
    luck = MEMBERS * layer.spread[0, 0] ** 2 * (1.0 + TREND_SD**2)
    exact = shared / (shared + luck)
    assert 0.3 < exact < 0.7
    net = simulate_portfolio(plan)["net_result"].values[:, 0, 0]
    found = np.corrcoef(net)[0, 1]
    assert abs(found - exact) < 3.5 * (1.0 - exact**2) / np.sqrt(plan.realizations)
    np.testing.assert_allclose(net.var(axis=1), shared + luck, rtol=0.07)


def test_an_entity_does_not_depend_on_the_others(
    plan: PortfolioPlan, results: xr.Dataset, tmp_path: Path
) -> None:
    head, *rows = TABLE.splitlines(keepends=True)
    other = plan_of(tmp_path, "".join([head, rows[2], "south,,7000,basic_b\n", rows[0]]))
    found = simulate_portfolio(other)
    for name in ("net_result", "savings_rate", "benchmark"):
        for entity in ("west", "east"):
            np.testing.assert_array_equal(
                found[name].sel(entity=entity), results[name].sel(entity=entity)
            )
    assert not np.array_equal(results["net_result"][1], results["net_result"][2])


def test_the_first_realizations_of_a_long_run_are_those_of_a_short_one(
    plan: PortfolioPlan, results: xr.Dataset
) -> None:
    short = replace(plan, plans=tuple(replace(one, realizations=30) for one in plan.plans))
    found = simulate_portfolio(short)["net_result"]
    np.testing.assert_array_equal(found, results["net_result"][..., :30])


@pytest.mark.skipif(processors() < 2, reason="one processor")
def test_threads_change_no_number(plan: PortfolioPlan, results: xr.Dataset) -> None:
    use_threads(1)
    try:
        found = simulate_portfolio(plan)
    finally:
        use_threads(processors())
    np.testing.assert_array_equal(found["net_result"], results["net_result"])


def test_an_entity_run_by_itself_has_the_same_distribution(
    plan: PortfolioPlan, results: xr.Dataset
) -> None:
    """Service by service it draws other numbers: same nation, skill and quality, other luck."""
    alone = vbsim.run(replace(plan.plans[2], engine="collective")).settlement
    np.testing.assert_allclose(alone["net_to_party"].sum("party"), 0.0, atol=0.01)
    ours = results["savings_rate"].sel(entity="west").values[0, 0]
    theirs = alone["savings_rate"].values[:, 0, 0]
    gap = ours - theirs
    assert abs(gap.mean()) < 3.5 * gap.std() / np.sqrt(gap.size)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.7
    assert theirs.std() == pytest.approx(ours.std(), rel=0.1)


def test_entities_share_their_contracts_years_and_seeds(tmp_path: Path) -> None:
    table = TABLE.replace("entity,name,", "entity,seed,").replace("north,,", "north,9,")
    table = table.replace("East Group", "").replace("West Group", "")
    with pytest.raises(ParameterError, match="north: seeds: found 9; expected those of east, 3"):
        plan_of(tmp_path, table)


def test_what_a_portfolio_does_not_keep_is_refused(tmp_path: Path) -> None:
    scenario = SCENARIO + "quality:\n  measures:\n    visits: {mean: 0.8, denominator: 0.5}\n"
    with pytest.raises((ParameterError, vbsim.ScenarioError), match="quality"):
        plan_of(tmp_path, scenario=scenario)
