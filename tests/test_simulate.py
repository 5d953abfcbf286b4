"""The engine's promises: the Plan's means, and numbers that depend on nothing but their place."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.conftest import small_scenario
from vbsim.engines.systematic import systematic
from vbsim.errors import CapacityError, ParameterError
from vbsim.plan import Plan
from vbsim.report.results_file import ResultsWriter
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import blocks, engine_of, processors, simulate

EXTRA = {"telehealth": {"utilization": 500.0, "unit_cost": {"gamma": {"mean": 80.0, "cv": 0.5}}}}


def test_means_are_the_plans(small_plan: Plan) -> None:
    """Claims and cost of every year, segment and service within 4 standard errors of the Plan.

    Ratio estimator over 1,500 realizations; with 64 cells each, 4 standard errors are exceeded by
    chance in less than 1 % of seeds. The systematic factors have mean 1.
    """
    plan = replace(small_plan, realizations=1500)
    seen = simulate(plan)
    exposure = seen["person_years"].values[..., None]
    for name, expected in (
        ("claims", plan.world.rate),
        ("cost", plan.world.rate * plan.world.mean_unit_cost),
    ):
        values = seen[name].values
        ratio = values.sum(axis=0) / exposure.sum(axis=0)
        spread = (values - ratio * exposure).std(axis=0, ddof=1)
        error = spread / exposure.mean(axis=0) / np.sqrt(plan.realizations)
        assert np.abs((ratio - expected) / error).max() < 4.0, name


def test_truncated_mean_is_what_was_stated() -> None:
    """Expenditure after truncation meets per_capita: 4 standard errors and the grid's 0.1 %."""
    words = small_scenario().model_dump(exclude_unset=True)
    words["population"]["segments"]["aged"]["per_capita"] = {2020: 9000.0, 2021: 9500.0, 2022: 1e4}
    plan = replace(resolve(small_scenario(**words)), realizations=1500)
    seen = simulate(plan).sel(segment="aged", layer="truncated")
    ratio = seen["layer_cost"].sum("realization") / seen["person_years"].sum("realization")
    spread = (seen["layer_cost"] - ratio * seen["person_years"]).std("realization")
    error = spread / seen["person_years"].mean("realization") / np.sqrt(1500)
    stated = np.array([9000.0, 9500.0, 1e4])
    assert (np.abs(ratio.values - stated) < 4.0 * error.values + 0.001 * stated).all()


def test_person_years(small_plan: Plan) -> None:
    plan = replace(small_plan, realizations=1500)
    seen = simulate(plan)["person_years"].values
    expected = plan.world.members * 0.975
    error = seen.std(axis=0) / np.sqrt(seen.shape[0])
    assert (np.abs(seen.mean(axis=0) - expected) < 4.5 * error).all()


def same(a: xr.Dataset, b: xr.Dataset) -> None:
    xr.testing.assert_identical(a, b)


@pytest.mark.skipif(processors() < 2, reason="needs two processors")
def test_threads_change_nothing(small_plan: Plan) -> None:
    same(simulate(small_plan, threads=1), simulate(small_plan, threads=2))


def test_blocks_change_nothing(small_plan: Plan) -> None:
    same(simulate(small_plan, block=7), simulate(small_plan, block=60))


def test_short_run_is_the_beginning_of_a_long_one() -> None:
    plan = resolve(small_scenario())
    long = simulate(replace(plan, realizations=1000))
    short = simulate(replace(plan, realizations=500))
    same(long.isel(realization=slice(500)), short)


def test_a_service_more_changes_no_other_draw(small_plan: Plan) -> None:
    more = simulate(resolve(small_scenario(services=EXTRA)))
    before = simulate(small_plan)
    names = list(small_plan.world.services)
    same(before[["claims"]], more[["claims"]].sel(service=names))
    # Costs are rescaled so that the segment's stated cost holds; the draws behind them are kept.
    with np.errstate(invalid="ignore"):  # no claims, no cost
        ratio = more["cost"].sel(service=names).values / before["cost"].values
    per_cell = np.nanmean(ratio, axis=0)
    ratio = np.where(np.isnan(ratio), per_cell, ratio)
    np.testing.assert_allclose(ratio, np.broadcast_to(per_cell, ratio.shape), rtol=1e-9)


def test_a_contract_more_changes_no_number(small_plan: Plan) -> None:
    scenario = small_scenario()
    words = scenario.model_dump(exclude_unset=True)["contracts"] | {
        "stopped": {"model": "capitation", "pmpm": 900.0, "stop_loss": "high"}
    }
    more = resolve(
        small_scenario(contracts=words, stop_loss={"high": {"attachment": 1e5, "loading": 0.2}})
    )
    seen, before = simulate(more), simulate(small_plan)
    same(before, seen.sel(layer=["truncated"]))
    settled, earlier = settle(more, seen), settle(small_plan, before)
    for name in ("enhanced", "capitation"):
        now, then = (s["net_to_provider"].sel(contract=name) for s in (settled, earlier))
        np.testing.assert_array_equal(now, then)


def test_a_segment_more_changes_no_other_draw(small_plan: Plan) -> None:
    """The entity is larger by it, so of its year's factor the same draw spreads less."""
    words = small_scenario().model_dump(exclude_unset=True)["population"]
    words["members"] = None
    words["segments"] = {
        "esrd": {"enrollment_type": "esrd", "person_years": 9.0},
        **words["segments"],
    }
    plan = resolve(small_scenario(population=words))
    more, before = simulate(plan), simulate(small_plan)
    others = more.sel(segment=["aged", "disabled"])
    same(before[["claims", "person_years"]], others[["claims", "person_years"]])
    xr.testing.assert_allclose(
        before["cost"] / before["local_factor"], others["cost"] / others["local_factor"], rtol=1e-12
    )
    drawn = []
    for one, seen in ((small_plan, before), (plan, more)):
        own = one.systematic.entity_year
        variance = np.log1p(own.sd**2 + np.square(own.by_size))
        level = np.log(seen["local_factor"].values)
        drawn.append((level + 0.5 * variance) / np.sqrt(variance))
    np.testing.assert_allclose(drawn[0], drawn[1], rtol=1e-9, atol=1e-12)


def test_a_stream_can_be_reseeded_alone() -> None:
    before = simulate(resolve(small_scenario()))
    after = simulate(resolve(small_scenario(seeds={"quality": 99})))
    assert not before["quality_score"].equals(after["quality_score"])
    same(before.drop_vars("quality_score"), after.drop_vars("quality_score"))


def test_seed_changes_every_source(small_plan: Plan) -> None:
    before, after = simulate(small_plan), simulate(replace(small_plan, seed=8))
    drawn = ("claims", "cost", "person_years", "national_factor", "local_factor", "quality_score")
    for name in drawn:
        assert not before[name].equals(after[name]), name


def test_results_file_is_the_same_to_the_last_bit(small_plan: Plan, tmp_path) -> None:
    files = []
    for number, (threads, block) in enumerate([(1, 60), (processors(), 13)]):
        path = tmp_path / f"{number}.nc"
        with ResultsWriter(path, small_plan.realizations) as results:
            for part in blocks(small_plan, threads=threads, block=block):
                results.write(settle(small_plan, part), part)
        files.append(path.read_bytes())
    assert files[0] == files[1]


def test_a_plan_without_layers_is_written_block_by_block(tmp_path) -> None:
    plan = resolve(small_scenario(contracts={"plain": {"model": "fee_for_service"}}))
    assert not plan.layers
    path = tmp_path / "results.nc"
    with ResultsWriter(path, plan.realizations) as results:
        for part in blocks(plan, block=20):
            results.write(settle(plan, part), part)
    with xr.open_dataset(path, engine="h5netcdf", group="experience") as seen:
        np.testing.assert_array_equal(seen["claims"].values, simulate(plan)["claims"].values)
        assert "layer_cost" not in seen


def test_systematic_factors_have_mean_one(small_plan: Plan) -> None:
    """20,000 realizations; 4.5 standard errors over some 30 means."""
    drawn = systematic(small_plan, np.arange(20_000))
    for values in (drawn.frequency, drawn.price, drawn.local, drawn.national):
        error = values.std(axis=0) / np.sqrt(values.shape[0])
        assert (np.abs(values.mean(axis=0) - 1.0) <= 4.5 * error + 1e-12).all()
    base = ~small_plan.performance
    np.testing.assert_array_equal(drawn.frequency[:, base], 1.0)
    np.testing.assert_allclose(drawn.national[:, base], 1.0, rtol=1e-12)


def test_true_savings_lower_cost_by_their_share() -> None:
    """A prior without spread: claims fall by 10 %, in performance years alone."""
    prior = {"true_savings": {"normal": {"mean": 0.1, "sd": 0.0}}}
    before = replace(resolve(small_scenario()), realizations=1500)
    after = replace(resolve(small_scenario(uncertainty=prior)), realizations=1500)
    use = [simulate(plan)["claims"].sum(["segment", "service"]) for plan in (before, after)]
    np.testing.assert_array_equal(use[0].sel(year=[2020, 2021]), use[1].sel(year=[2020, 2021]))
    ratio = float(use[1].sel(year=2022).sum() / use[0].sel(year=2022).sum())
    error = float((use[1] - 0.9 * use[0]).sel(year=2022).std() / use[0].sel(year=2022).mean())
    assert abs(ratio - 0.9) < 4.0 * error / np.sqrt(1500)


def test_members_persist_and_turn_over() -> None:
    """Correlation of a member's cost over a year: none when fresh, positive when retained."""
    plan = resolve(small_scenario())
    one = replace(plan.world, members=np.ones_like(plan.world.members))
    found = {}
    for retention in (0.0, 0.82, 1.0):
        people = tuple(replace(p, retention=retention) for p in plan.world.people)
        lone = replace(plan, world=replace(one, people=people), realizations=40_000)
        cost = simulate(lone, block=40_000)["cost"].sum("service").sel(segment="aged").values
        found[retention] = np.corrcoef(cost[:, 0], cost[:, 1])[0, 1]
    # standard error about 0.01 for heavy-tailed costs at 40,000 members
    assert abs(found[0.0]) < 0.04
    assert found[1.0] > 0.2
    assert found[0.82] == pytest.approx(0.82 * found[1.0], abs=0.05)


def test_threads_out_of_range(small_plan: Plan) -> None:
    with pytest.raises(ParameterError, match="threads: found 0; expected 1 to"):
        simulate(small_plan, threads=0)


def test_too_large_for_memory(small_plan: Plan) -> None:
    with pytest.raises(CapacityError, match=r"need [\d,.]+ GB of memory, and .* are free"):
        simulate(replace(small_plan, realizations=10**9))


@pytest.mark.slow
@pytest.mark.parametrize("processor", ["x86-64", "haswell", "skylake-avx512"])
def test_processors_change_nothing(processor: str, tmp_path) -> None:
    """Code for processors without, with narrow and with wide vectors gives the same bits."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("names processors of another kind")
    words = "from tests.test_simulate import digest; print(digest())"
    root = Path(__file__).parents[1]
    other = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": "", "PYTHONPATH": str(root)}
    environment = os.environ | other | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", words], env=environment, cwd=root, capture_output=True, text=True
    )
    if done.returncode < 0:  # ended by a signal: an instruction that is missing here
        pytest.skip(f"this processor cannot run code for {processor}")
    assert done.stdout.strip() == digest(), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
def test_threads_of_linear_algebra_change_nothing(threads: str) -> None:
    """Long sums are split among the threads of BLAS; their number is not seen in a result."""
    words = "from tests.test_simulate import digest; print(digest())"
    root = Path(__file__).parents[1]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", words], env=environment, cwd=root, capture_output=True, text=True
    )
    assert done.stdout.strip() == digest(), done.stderr


def digest() -> str:
    """What both engines draw, as a short text."""
    names = ("claims", "cost", "layer_cost", "person_years")
    found = hashlib.sha256()
    for engine in ("claims", "collective"):
        seen = engine_of(replace(resolve(small_scenario()), engine=engine)).block(np.arange(20))
        for name in names:
            found.update(seen[name].values.tobytes())
    return found.hexdigest()
