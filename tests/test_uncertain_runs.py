"""Runs with uncertain figures: the same numbers however they are cut up, errors by draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.scenario.test_uncertain import NORMAL, uncertain
from vbsim.measures.catalogue import MEASURES
from vbsim.measures.precision import Design, sample_of
from vbsim.plan import Plan
from vbsim.report.explain import explain
from vbsim.report.program import program as returned
from vbsim.report.program import summary_rows
from vbsim.run import run
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import simulate

BELIEFS = {
    "uncertainty__trend_sd": NORMAL,
    "population__retention": {"beta": {"mean": 0.8, "sd": 0.05}},
    "contracts__capitation__expected_cost_share": {"uniform": {"low": 0.9, "high": 1.1}},
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return resolve(uncertain(**BELIEFS))


@pytest.fixture(scope="module")
def whole(plan: Plan) -> xr.Dataset:
    return settle(plan, simulate(plan))


def test_blocks_and_lengths_change_no_bit(plan: Plan, whole: xr.Dataset) -> None:
    xr.testing.assert_identical(settle(plan, simulate(plan, block=7)), whole)
    short = resolve(uncertain(**BELIEFS, realizations=40))
    xr.testing.assert_identical(
        settle(short, simulate(short, threads=1)), whole.isel(realization=slice(40))
    )


def test_a_draw_is_its_own_plan(plan: Plan, whole: xr.Dataset) -> None:
    """Realizations 20 to 39 are those of the second draw's Plan, whatever there is around it."""
    found = settle(plan.draws[1], simulate(plan.draws[1]))
    at = slice(20, 40)
    for name in ("net_to_party", "savings_rate"):
        np.testing.assert_array_equal(found[name][at], whole[name][at])
    assert whole["parameter_draw"].values.tolist() == np.repeat([0, 1, 2], 20).tolist()


def test_a_program_is_each_draws_own() -> None:
    """Who takes part, and its cost, are drawn figures; totals are those of the statements."""
    program = {
        "predictor": {"auc": 0.65},
        "capacity": 0.1,
        "engagement": {"uniform": {"low": 0.2, "high": 0.8}},
        "engaged_pmpm": {"uniform": {"low": 50.0, "high": 150.0}},
        "effect": {"inpatient": {"normal": {"mean": 0.1, "sd": 0.05}}},
    }
    plan = resolve(uncertain(intervention=program))
    assert [one.name for one in plan.parameters] == [
        "intervention.engagement",
        "intervention.engaged_pmpm",
    ]
    seen = simulate(plan)
    for number, draw in enumerate(plan.draws):
        own, at = simulate(draw), slice(number * plan.inner, (number + 1) * plan.inner)
        for name in ("cost", "program_members", "program_savings"):
            np.testing.assert_array_equal(own[name][at], seen[name][at])
    found = returned(plan, seen)
    assert found is not None
    paid = settle(plan, seen)["statement"].sel(line="capitation.intervention_cost").sum("year")
    np.testing.assert_allclose(found["cost"], -paid, rtol=1e-12)
    by_draw = found["cost"].values.reshape(-1, plan.inner).mean(axis=1)
    told = {row["measure"]: row for row in summary_rows(found)}["program.cost.mean"]
    assert told["standard_error"] == pytest.approx(by_draw.std(ddof=1) / np.sqrt(by_draw.size))


def test_the_ledger_sums_to_zero(whole: xr.Dataset) -> None:
    parties = whole["net_to_party"]
    assert float(np.abs(parties.sum("party")).max()) < 1e-6 * float(np.abs(parties).max())


@pytest.mark.usefixtures("one_figure")
def test_a_run_keeps_draws_and_values_and_resumes(plan: Plan, whole: xr.Dataset, tmp_path: Path):
    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vbsim.report.capacity.block_rows", lambda plan: 7)
        with pytest.raises(Stop):
            run(plan, tmp_path / "run", progress=stop)
        found = run(plan, tmp_path / "run", resume=True)
    np.testing.assert_array_equal(found.settlement["net_to_party"], whole["net_to_party"])
    np.testing.assert_array_equal(found.settlement["parameter_draw"], whole["parameter_draw"])
    with xr.open_dataset(tmp_path / "run/results.nc", engine="h5netcdf", group="experience") as e:
        drawn = e["parameter_value"].values
    np.testing.assert_array_equal(drawn, np.repeat([d.drawn for d in plan.draws], 20, axis=0))
    page = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    assert "drawn 3 times, 20 realizations each" in page
    assert "contracts.capitation.expected_cost_share (uniform(low 0.9, high 1.1))" in page
    table = (tmp_path / "run/summary.csv").read_text(encoding="utf-8")
    assert "capitation,2022,provider,parameter_share," in table
    found.settlement.close()


def test_a_statement_adds_up_with_the_terms_of_its_draw(whole: xr.Dataset) -> None:
    told = explain(whole, "capitation", 45)
    assert told.net == pytest.approx(sum(line.value for line in told.rows if line.adds))


def test_standard_errors_count_draws() -> None:
    """200 runs of 40 draws of 25: the errors of mean, median and TVaR are the runs' spread.

    Realizations of a draw share an effect of the variance of their own noise. 200 runs tell a
    spread to 5 % (one sigma); errors that took realizations for independent would be 3.6 times too
    small.
    """
    draws, inner, runs = 40, 25, 200
    design = Design(np.empty((draws * inner, 0)), np.arange(draws * inner) // inner)
    for key in ("mean", "p50", "tvar_90", "prob_loss"):
        values, errors = [], []
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            shared = rng.normal(size=draws).repeat(inner)
            one = MEASURES[key](sample_of(shared + rng.normal(size=draws * inner), design))
            values.append(one.value)
            errors.append(one.standard_error)
        assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2), key
