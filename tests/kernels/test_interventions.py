"""Programs and member dynamics in the claims kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.conftest import DYNAMICS, small_scenario
from vbsim.engines import choose
from vbsim.engines.claims import ClaimsEngine
from vbsim.engines.moments import moments
from vbsim.errors import ParameterError, ScenarioError
from vbsim.measures.precision import Estimate, ratio_of_means
from vbsim.plan import Plan
from vbsim.report.program import program, regression_to_the_mean, trial
from vbsim.scenario.resolve import resolve
from vbsim.simulate import simulate
from vbsim.validation import Found
from vbsim.validation import trial as without_effect

STILL = dict.fromkeys(
    ("trend_sd", "service_sd", "pandemic_probability", "local_sd", "composition_cv"), 0.0
)
AGED = {"enrollment_type": "aged_non_dual", "person_years": 1950.0}
WORDS: dict[str, Any] = {"predictor": {"auc": 0.66}, "capacity": 0.1, "engagement": 0.5}


def planned(
    words: dict[str, Any] | None, realizations: int, years: int = 1, **population: Any
) -> Plan:
    """Two thousand aged members, no systematic factor; a program if there are words for one."""
    stated = {"person_years_per_member": 0.975, "segments": {"aged": AGED}} | population
    scenario = small_scenario(
        start_year=2022,
        years=years,
        population=stated,
        uncertainty=STILL,
        benchmark={"mode": "simulated", "base_years": [2021]},
        contracts={"capitation": {"model": "capitation", "expected_cost_share": 1.0}},
        **({} if words is None else {"intervention": words}),
    )
    return replace(resolve(scenario), realizations=realizations, engine="claims")


def ran(words: dict[str, Any], realizations: int, **more: Any) -> tuple[Plan, xr.Dataset]:
    plan = planned(words, realizations, **more)
    return plan, simulate(plan)


def in_numbers(estimate: Estimate) -> tuple[float, float]:
    """Value and standard error."""
    return estimate.value, estimate.standard_error


def test_a_program_without_effect_changes_no_claim() -> None:
    with_program = simulate(planned(WORDS, 30, years=2))
    without = simulate(planned(None, 30, years=2))
    for name in ("claims", "cost", "layer_cost", "person_years"):
        np.testing.assert_array_equal(with_program[name].values, without[name].values)


def test_it_flags_so_many_and_finds_the_admissions_that_it_says() -> None:
    """Capacity and sensitivity of the predictor, within 4 standard errors."""
    plan, seen = ran({**WORDS, "engagement": 1.0}, 400)
    assert plan.program is not None
    later, members = seen.isel(year=-1), np.full(400, 2000.0)
    flagged, error = in_numbers(ratio_of_means(later["program_flagged"].values, members))
    assert abs(flagged - 0.1) < 4.0 * error
    told = plan.program.accuracy[0]
    expected = told["sensitivity"] * told["admitted in a year"] * plan.world.people[0].retention
    found, error = in_numbers(ratio_of_means(later["program_admitted"].values[:, 0], members))
    assert abs(found - expected) < 4.0 * error + 0.0002  # exposures of part-year members: two nodes


def test_engaged_and_held_out_are_the_stated_shares_and_alike() -> None:
    _, seen = ran({**WORDS, "control_share": 0.25}, 300)
    later = seen.isel(year=-1)
    engaged, held_out = later["program_members"].values.T
    for part, share in ((engaged + held_out, 0.5), (held_out, 0.125)):
        found, error = in_numbers(ratio_of_means(part, later["program_flagged"].values))
        assert abs(found - share) < 4.0 * error
    costs = [
        in_numbers(ratio_of_means(cost, members))
        for cost, members in zip(
            later["program_cost_before"].values.T, (engaged, held_out), strict=True
        )
    ]
    assert abs(costs[0][0] - costs[1][0]) < 4.0 * np.hypot(costs[0][1], costs[1][1])


def test_regression_to_the_mean() -> None:
    """Camden (NEJM 2020), effect 0: all that before and after show is none.

    The fall and the randomized difference themselves are the targets of V10.
    """
    plan, seen = without_effect.run()
    found = program(plan, seen)
    assert found is not None
    np.testing.assert_array_equal(found["admitted_before"], found["engaged"])
    assert in_numbers(trial(found)) == pytest.approx(_pair(without_effect.randomized()))
    assert without_effect.randomized().error < 0.006
    share, error = in_numbers(regression_to_the_mean(found))
    assert found["savings"].values.max() == 0.0
    assert share == 1.0
    assert error < 1e-9


def _pair(found: Found) -> tuple[float, float]:
    return found.value, found.error


def test_true_savings_are_those_of_the_same_members_without_the_program() -> None:
    """Common random numbers: claims of the run without effect less those of the run with it."""
    effect = {"inpatient": 0.3, "physician": {"normal": {"mean": -0.1, "sd": 0.05}}}
    _, seen = ran({**WORDS, "effect": effect}, 400, years=2)
    without = simulate(planned(WORDS, 400, years=2))
    avoided = (without["cost"] - seen["cost"]).values.sum(axis=(2, 3))
    assert np.all(avoided[:, 0] == 0.0)  # the year before the program
    gap = (avoided - seen["program_savings"].values)[:, 1:]
    error = gap.std(axis=0, ddof=1) / np.sqrt(400)
    assert np.all(seen["program_savings"].values[:, 1:].mean(axis=0) > 20.0 * error)
    assert np.all(np.abs(gap.mean(axis=0)) < 4.0 * error)


def test_an_effect_of_one_leaves_no_claim_and_a_ramp_takes_its_time() -> None:
    words = {**WORDS, "engagement": 1.0, "effect": {"ed": 1.0}, "ramp_months": 24.0}
    plan = planned(words, 200, years=3)
    assert plan.program is not None
    # In a straight line over 24 months: a quarter of the effect in the first year, then 3 quarters.
    np.testing.assert_allclose(plan.program.ramp, [0.0, 0.25, 0.75, 1.0], atol=1e-3)
    everybody = replace(
        plan.program,
        ramp=np.array([0.0, 1.0, 1.0, 1.0]),
        reach=tuple(replace(one, probability=np.ones(512)) for one in plan.program.reach),
    )
    seen = simulate(replace(plan, program=everybody))
    flagged = seen["program_flagged"].values[:, 1:] / 2000.0
    assert flagged.mean() == pytest.approx(plan.world.people[0].retention, abs=0.005)
    use = seen["claims"].values[:, :, 0, plan.world.services.index("ed")].mean(axis=0)
    left = use[1:] / use[0]  # of those newly assigned alone
    assert np.all(left < 0.25)


def test_easier_access_lowers_everybodys_use() -> None:
    words = {**WORDS, "automation": {"access": {"ed": 0.2}, "engagement_gain": 0.1}}
    plan, seen = ran(words, 60)
    assert plan.program is not None
    assert plan.program.engagement == pytest.approx(0.6)
    without = simulate(planned(WORDS, 60))
    service = plan.world.services.index("ed")
    ratio = seen["claims"].values[..., service] / without["claims"].values[..., service]
    assert np.all(ratio[:, 0] == 1.0)
    assert ratio[:, 1].mean() == pytest.approx(0.8, abs=0.01)
    gone = (without["cost"] - seen["cost"]).values[:, 1, 0, service].mean()
    assert seen["program_access_savings"].values[:, 1].mean() == pytest.approx(gone, rel=0.1)


def recorded(batches: int, **population: Any) -> tuple[Plan, np.ndarray, np.ndarray]:
    """Claims and exposure of members in four years."""
    plan = planned(None, 2, years=3, **population)
    lone = replace(plan.world, members=np.full_like(plan.world.members, 1024))
    record = ClaimsEngine.of(replace(plan, world=lone, layers=())).record(batches)
    years = record.person_years.shape[2]
    return (
        plan,
        record.claims.reshape(-1, years, record.claims.shape[3]),
        (record.person_years.reshape(-1, years)),
    )


def test_dynamics_leave_every_year_its_exact_distribution() -> None:
    """Stationary: mean and spread of exposure and claims are those of the formulas, every year."""
    plan, claims, exposure = recorded(200, **DYNAMICS)
    exact, services = moments(plan, 0), len(plan.world.services)
    values = np.concatenate([claims, exposure[..., None]], axis=2).astype(float)
    places = [*range(services, 2 * services), 2 * services]
    spread, count = exact.spread[:, places], len(values)
    error = spread / np.sqrt(count)
    assert np.all(np.abs(values.mean(axis=0) - exact.mean[:, places]) < 4.5 * error)
    np.testing.assert_allclose(values.std(axis=0), spread, rtol=0.06)
    np.testing.assert_allclose(exposure.mean(axis=0), 0.975, atol=0.004)


def test_transients_persist() -> None:
    """Members stay, and their states are drawn anew: what is left are risk and transient.

    What persistence adds to the correlation of visits at lag 3 is its square of what it adds at
    lag 1.
    """
    alone = {"retention": 1.0, "ill_persistence": 0.0, "person_years_per_member": 1.0}
    correlations = []
    for keep in (0.0, 0.7):
        _, claims, _ = recorded(150, **alone, transient_persistence=keep)
        visits = claims[..., 4].astype(float)
        correlations.append([np.corrcoef(visits[:, 0], visits[:, lag])[0, 1] for lag in (1, 3)])
    (none_1, none_3), (keep_1, keep_3) = correlations
    assert none_1 == pytest.approx(none_3, abs=0.02)
    assert keep_1 > none_1 + 0.05
    assert (keep_3 - none_3) / (keep_1 - none_1) == pytest.approx(0.7**2, abs=0.12)


def test_an_entity_of_a_portfolio_cannot_have_one() -> None:
    scenario = small_scenario(intervention=WORDS)
    with pytest.raises(ScenarioError, match="an intervention in a portfolio"):
        resolve(scenario, "entity")


@pytest.mark.parametrize(
    ("engine", "sampling", "words"),
    [
        ("collective", "random", "found collective and an intervention; expected claims, or auto"),
        ("auto", "sobol", "found sobol and an intervention; expected random"),
    ],
)
def test_what_cannot_carry_a_program_is_refused(engine: str, sampling: str, words: str) -> None:
    plan = replace(planned(WORDS, 10), engine=engine, sampling=sampling)
    with pytest.raises(ParameterError, match=words):
        choose(plan)
    assert choose(replace(plan, engine="auto", sampling="random"))[0] == "claims"
