"""The two scenarios of capital: both engines agree, and rules ask what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import vbsim
from tests.conftest import REPOSITORY, plan_of
from vbsim.measures import measure

KEYS = ("mean", "sd", "prob_loss", "tvar_95")


def summary(name: str, engine: str, realizations: int) -> xr.Dataset:
    plan = plan_of(REPOSITORY / "scenarios" / f"{name}.yaml")
    plan = replace(plan, engine=engine, realizations=realizations)
    return measure(vbsim.settle(plan, vbsim.simulate(plan)))


def gaps(one: xr.Dataset, other: xr.Dataset, value: str, error: str, **at: object) -> np.ndarray:
    """Differences of two summaries in standard errors; those without an error are left out."""
    first, second = (found.sel(at) if at else found for found in (one, other))
    spread = np.hypot(first[error].values, second[error].values)
    spread = spread + _OWN * np.abs(first[value].values)
    known = spread > 0.0
    return (first[value].values - second[value].values)[known] / spread[known]


_OWN = 2e-3  # of a value: what the collective engine approximates


def check_engines(name: str, of_claims: int, of_collective: int) -> None:
    """Within 3.5 standard errors of the difference each: some 100 are compared, many alike.

    Of the holders' results: what a reinsurer alone receives from a few large claims is more skewed
    than the collective engine knows.
    """
    claims, quick = summary(name, "claims", of_claims), summary(name, "collective", of_collective)
    holders = claims["holder"]
    found = [
        gaps(claims, quick, "value", "standard_error", party=holders, measure=list(KEYS)),
        gaps(claims, quick, "horizon_value", "horizon_error", party=holders, measure=list(KEYS)),
        gaps(claims, quick, "capital_value", "capital_error"),
        gaps(claims, quick, "retention_value", "retention_error"),
        gaps(claims, quick, "retention_recovered", "retention_recovered_error"),
    ]
    assert max(np.abs(part).max() for part in found) < 3.5


def test_engines_agree() -> None:
    check_engines("medicaid_mco", 400, 4_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ny_vbp_fqhc", "medicaid_mco"])
def test_engines_agree_in_longer_runs(name: str) -> None:
    check_engines(name, 4_000, 20_000)


def test_security_leaves_out_what_the_holder_renders() -> None:
    """Regulation 164: 12.5 % of capitation, less the part of its own visits."""
    plan = plan_of(REPOSITORY / "scenarios" / "ny_vbp_fqhc.yaml")
    prepaid = next(c for c in plan.contracts if c.name == "level_3")
    (asked,) = prepaid.requirements
    world, row = plan.world, int(np.argmax(plan.performance))
    exposure = np.array([p.person_years_per_member for p in world.people]) * world.members[row]
    # The rate is the expected cost of every group, so that capitation is the expected cost.
    by_service = world.rate[row] * world.mean_unit_cost[row]
    cost = exposure @ (world.expected_cost[row][:, None] * by_service / by_service.sum(1)[:, None])
    own = np.zeros(len(world.services))
    own[world.services.index("primary_care")] = 0.70
    own[world.services.index("specialist")] = 0.05
    assert asked.amount == pytest.approx(0.125 * float(cost @ (1.0 - own)))
    assert asked.verified


def test_repayment_mechanism_is_the_lesser_amount() -> None:
    """MSSP: half a percent of expenditure, or 1 % of the participants' revenue."""
    from tests.conftest import small_scenario
    from vbsim.scenario.resolve import resolve

    track = {"program": "mssp", "track": "enhanced", "minimum_savings_rate": "table"}
    contracts = {
        "by_spending": track,
        "by_revenue": track | {"participant_revenue": 1_000_000.0},
        "one_sided": {"program": "mssp", "track": "basic_b"},
    }
    plan = resolve(small_scenario(contracts=contracts))
    by_spending, by_revenue, none = (contract.requirements for contract in plan.contracts)
    world, row = plan.world, int(np.argmax(plan.performance))
    exposure = np.array([p.person_years_per_member for p in world.people]) * world.members[row]
    assert by_spending[0].amount == pytest.approx(0.005 * exposure @ world.expected_cost[row])
    assert by_revenue[0].amount == pytest.approx(10_000.0)
    assert not by_revenue[0].verified
    assert none == ()
