"""The collective engine against what it stands for: exact moments, and the claims engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.conftest import DYNAMICS, small_scenario
from vbsim.engines import choose
from vbsim.engines.collective import CollectiveEngine
from vbsim.engines.moments import moments
from vbsim.engines.systematic import systematic
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import blocks, engine_of
from vbsim.vocabulary import net_to_holder

STEADY = {"transient_persistence": 0.0}


def a_plan(members: int, dynamics: dict[str, float] = STEADY, **changes: Any) -> Plan:
    """Two segments, two base years; truncation, a stop-loss layer and every systematic factor."""
    years = 0.975 * members
    words: dict[str, Any] = {
        "population": {
            "members": members,
            "person_years_per_member": 0.975,
            "per_capita_truncated": True,
            "segments": {
                "aged": {
                    "enrollment_type": "aged_non_dual",
                    "person_years": {2021: 0.9 * years, 2022: 0.88 * years},
                },
                "disabled": {"enrollment_type": "disabled", "person_years": 0.12 * years},
            },
            **dynamics,
        },
        "uncertainty": {"true_savings": {"normal": {"mean": 0.01, "sd": 0.02}}},
        "contracts": {
            "enhanced": {"program": "mssp", "track": "enhanced", "minimum_savings_rate": 0.02},
            "capitation": {"model": "capitation", "expected_cost_share": 1.0},
            "covered": {"model": "capitation", "expected_cost_share": 1.0, "stop_loss": "high"},
        },
        "stop_loss": {"high": {"attachment": 100_000, "coinsurance": 0.9, "loading": 0.2}},
    }
    return resolve(small_scenario(**words | changes))


PLAN = a_plan(1_000)


def drawn(plan: Plan, count: int) -> xr.Dataset:
    engine = engine_of(replace(plan, engine="collective"))
    found = [engine.block(np.arange(s, s + 2_000)) for s in range(0, count, 2_000)]
    return xr.concat(found, "realization")


def test_sums_have_the_exact_moments() -> None:
    """Without systematic factors: N times the mean, root of N times the spread of one member.

    20,000 realizations: a mean within 4.5 standard errors (some hundred are tested); a standard
    deviation within 4 % (its own error is 0.5 to 2 % for sums this skewed), where at least ten
    claims are expected.
    """
    engine = CollectiveEngine.of(PLAN)
    numbers = np.arange(20_000)
    factors = systematic(PLAN, numbers)
    still = replace(
        factors, frequency=np.ones_like(factors.frequency), price=np.ones_like(factors.price)
    )
    sums = engine.sums(numbers, still)
    services = len(PLAN.world.services)
    for segment in range(2):
        exact, members = moments(PLAN, segment), PLAN.world.members[:, segment, None]
        found = np.concatenate(
            [sums.cost[:, :, segment], sums.claims[:, :, segment],
             sums.person_years[:, :, segment, None], sums.layer_cost[:, :, segment]], axis=2,
        )  # fmt: skip
        mean, sd = exact.mean * members, exact.spread * np.sqrt(members)
        often = np.tile(mean[:, services : 2 * services] >= 10.0, 2)
        rest = np.ones((mean.shape[0], mean.shape[1] - often.shape[1]), dtype=np.bool_)
        counted = np.concatenate([often, rest], axis=1)
        error = np.abs(found.mean(axis=0) - mean) / (sd / np.sqrt(numbers.size))
        assert error[counted].max() < 4.5
        np.testing.assert_allclose(found.std(axis=0)[counted], sd[counted], rtol=0.04)


def test_exact_mean_of_a_layer_is_what_the_claims_engine_draws() -> None:
    """Layers as the plan states them against 2 million member-years drawn, within 4 errors."""
    own = {"local_sd": 0.0, "composition_cv": 0.0}
    plan = replace(a_plan(5_000, uncertainty=own), engine="claims", realizations=200)
    seen = xr.concat(list(blocks(plan)), "realization")
    base = seen["year"].values < plan.start_year
    for number, layer in enumerate(plan.layers):
        assert layer.mean is not None
        found = seen["layer_cost"].values[..., number][:, base]
        error = found.std(axis=0) / np.sqrt(200)
        expected = layer.mean[base] * plan.world.members[base]
        assert np.all(np.abs(found.mean(axis=0) - expected) < 4.0 * error), layer.name


def results(plan: Plan, seen: xr.Dataset) -> dict[str, float]:
    settled = settle(plan, seen)
    rate = settled["savings_rate"].sel(contract="enhanced").values[:, 0]
    net = {c: settled["net_to_provider"].sel(contract=c).values[:, 0] for c in
           ("enhanced", "capitation", "covered")}  # fmt: skip
    found = {
        "mean rate": float(rate.mean()),
        "sd rate": float(rate.std()),
        "earns": float((net["enhanced"] > 0).mean()),
        "owes": float((net["enhanced"] < 0).mean()),
    }
    for name in ("capitation", "covered"):
        found[f"sd {name}"] = float(net[name].std())
        found[f"p05 {name}"] = float(np.quantile(net[name], 0.05))
    return found


def compare(plan: Plan, claims: int, collective: int) -> dict[str, tuple[float, float, float]]:
    """(collective, claims, standard error of the difference by 20 batches of claims) of each."""
    seen = xr.concat(
        list(blocks(replace(plan, engine="claims", realizations=claims))), "realization"
    )
    ours, theirs = results(plan, drawn(plan, collective)), results(plan, seen)
    size = claims // 20
    batches = [
        results(plan, seen.isel(realization=slice(n * size, (n + 1) * size))) for n in range(20)
    ]
    out = {}
    for key, value in theirs.items():
        error = np.std([batch[key] for batch in batches]) / np.sqrt(20.0)
        out[key] = (ours[key], value, float(error * np.sqrt(1.0 + claims / collective)))
    return out


@pytest.mark.parametrize("dynamics", [STEADY, DYNAMICS], ids=["steady", "dynamic"])
def test_settlements_agree_with_the_claims_engine(dynamics: dict[str, float]) -> None:
    """A first look, at 1,000 members: every figure within 4 standard errors; the long test has
    the tolerances."""
    for key, (ours, theirs, error) in compare(a_plan(1_000, dynamics), 2_000, 20_000).items():
        assert abs(ours - theirs) < 4.0 * error, (key, ours, theirs, error)


def test_a_longer_run_begins_with_the_shorter_one_and_blocks_do_not_matter() -> None:
    engine = engine_of(replace(PLAN, engine="collective"))
    whole = engine.block(np.arange(50))
    parts = xr.concat([engine.block(np.arange(20)), engine.block(np.arange(20, 50))], "realization")
    for name, values in whole.items():
        np.testing.assert_array_equal(values.values, parts[name].values, err_msg=str(name))


def test_other_draws_stay_as_they_are() -> None:
    """A contract with a layer of its own more or less moves no other sum, to 12 digits."""
    first = engine_of(replace(PLAN, engine="collective")).block(np.arange(30))
    fewer = a_plan(
        1_000,
        contracts={"enhanced": {"program": "mssp", "track": "enhanced"}},
        stop_loss={},
    )
    second = engine_of(replace(fewer, engine="collective")).block(np.arange(30))
    for name in ("true_savings", "local_factor", "person_years", "claims", "cost"):
        np.testing.assert_allclose(first[name].values, second[name].values, rtol=1e-12)
    at = {"layer": "truncated"}
    np.testing.assert_allclose(
        first["layer_cost"].sel(at).values, second["layer_cost"].sel(at).values, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("members", "realizations", "engine", "why"),
    [
        (1_000, 10, "claims", "take seconds"),
        (1_000, 100_000, "collective", "single claims would take long"),
        (400, 200_000, "claims", "too few for sums to be nearly normal"),
    ],
)
def test_auto_chooses(members: int, realizations: int, engine: str, why: str) -> None:
    found = choose(replace(a_plan(members), realizations=realizations))
    assert found[0] == engine
    assert why in found[1]


def test_auto_takes_claims_for_a_laser() -> None:
    """One member of known high cost with an attachment of its own is drawn claim by claim."""
    lone = {"enrollment_type": "esrd", "person_years": 1.0, "per_capita": {2022: 400_000}}
    scenario = {
        "population": {
            "members": 1_001,
            "segments": {"aged": {"enrollment_type": "aged_non_dual", "person_years": 975.0},
                         "known": lone},
        },
        "benchmark": None,
        "contracts": {"covered": {"model": "capitation", "pmpm": 1000.0, "stop_loss": "high"}},
        "stop_loss": {
            "high": {"attachment": 100_000, "coinsurance": 0.9, "loading": 0.2,
                     "lasers": {"known": 500_000}},
        },
    }  # fmt: skip
    plan = replace(resolve(small_scenario(**scenario)), realizations=1_000_000)
    assert choose(plan) == ("claims", "a layer of its own for the few members of known")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("members", "claims", "dynamics"),
    [
        (1_000, 40_000, {}),
        (5_000, 20_000, STEADY),
        (5_000, 20_000, DYNAMICS),
        (20_000, 10_000, {}),
    ],
)
def test_settlements_agree_closely(members: int, claims: int, dynamics: dict[str, float]) -> None:
    """Mean savings rate within 0.02 points, its spread within 1 %, probabilities within 0.5 points,
    capitation within 2 %: each beyond 3 standard errors of the claims engine's own sample."""
    tolerance = {"mean rate": 0.0002, "earns": 0.005, "owes": 0.005}
    for key, (ours, theirs, error) in compare(a_plan(members, dynamics), claims, 100_000).items():
        relative = 0.01 if key.startswith("sd") else 0.02
        allowed = tolerance.get(key, relative * abs(theirs))
        assert abs(ours - theirs) < allowed + 3.0 * error, (key, ours, theirs, error)


def test_an_engine_near_another_has_the_moments_and_the_results_of_its_own_plan() -> None:
    """Pilots of the means serve a plan with dearer, likelier and more dispersed hospital stays.

    Sums have that plan's exact means (4.5 standard errors) and spreads (5 %: one standard error of
    6,000 realizations is 1 to 1.5 %). Net results are those of an engine with pilots of its own:
    means within 0.02 and quantiles within 0.06 spreads, spreads within 4 % (from pilot to pilot
    they vary by 1 %, and quantiles of 24,000 realizations by 0.01 to 0.015 spreads).
    """
    law = {"lognormal": {"mean": 15_000.0, "cv": 1.3}}
    stays = {"utilization": 300.0, "elasticity": 1.2, "unit_cost": law}
    plan = replace(a_plan(5_000, services={"inpatient": stays}), engine="collective")
    near = CollectiveEngine.of(a_plan(5_000)).near(plan)
    assert near is not None
    numbers = np.arange(6_000)
    drawn = systematic(plan, numbers)
    ones = {name: np.ones_like(getattr(drawn, name)) for name in ("frequency", "price")}
    sums = near.sums(numbers, replace(drawn, **ones))
    for segment in range(2):
        exact, members = moments(plan, segment), plan.world.members[:, segment]
        found = np.concatenate([sums.cost[:, :, segment], sums.layer_cost[:, :, segment]], axis=2)
        place = [*range(len(plan.world.services)), *range(-len(plan.layers), 0)]
        mean = exact.mean[:, place] * members[:, None]
        spread = exact.spread[:, place] * np.sqrt(members)[:, None]
        error = found.std(axis=0) / np.sqrt(numbers.size)
        assert np.all(np.abs(found.mean(axis=0) - mean) < 4.5 * error)
        often = mean > 0.01 * mean.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found.std(axis=0)[often], spread[often], rtol=0.05)
    many = np.arange(24_000)
    one, other = (
        net_to_holder(settle(plan, replace(engine_of(plan), members=engine).block(many)))
        .isel(year=0)
        .to_numpy()
        for engine in (near, CollectiveEngine.of(plan))
    )
    scale = other.std(axis=0)
    assert np.all(np.abs((one - other).mean(axis=0)) < 0.02 * scale)
    np.testing.assert_allclose(one.std(axis=0), scale, rtol=0.04)
    quantiles = [np.quantile(each, [0.05, 0.5, 0.95], axis=0) for each in (one, other)]
    assert np.all(np.abs(quantiles[0] - quantiles[1]) < 0.06 * scale)


def test_no_engine_is_near_where_members_stay_longer_or_layers_are_others() -> None:
    engine = CollectiveEngine.of(PLAN)
    assert engine.near(a_plan(1_000, {"retention": 0.5})) is None
    high = {"high": {"attachment": 200_000, "coinsurance": 0.9, "loading": 0.2}}
    assert engine.near(a_plan(1_000, stop_loss=high)) is None
    assert engine.near(PLAN) is not None
