"""A stated precision: reached with no more realizations than it takes, or the budget spent."""

from __future__ import annotations

from dataclasses import replace

import pytest

import vbsim
from tests.conftest import small_scenario
from vbsim.errors import ParameterError
from vbsim.scenario.resolve import resolve
from vbsim.target import planned, read_target

PLAN = replace(resolve(small_scenario()), realizations=100_000, engine="collective")


def test_the_run_of_that_number_has_that_error() -> None:
    """Halving the error takes four times as many realizations, by the law of large numbers."""
    counts = []
    for share in ("1%", "0.5%"):
        plan, reached = planned(PLAN, [f"capitation.sd: {share}"])
        assert all(one.met for one in reached)
        counts.append(plan.realizations)
        summary = vbsim.run(plan).summary
        at = {"contract": "capitation", "party": "provider", "measure": "sd", "year": 2022}
        assert float(summary["standard_error"].sel(at)) == pytest.approx(reached[0].standard_error)
        assert float(summary["value"].sel(at)) == pytest.approx(reached[0].value)
    assert counts[0] < 100_000
    assert counts[1] / counts[0] == pytest.approx(4.0, rel=0.25)


def test_a_budget_ends_it() -> None:
    small = replace(PLAN, realizations=300)
    plan, reached = planned(small, ["net_to_provider.tvar_95: 0.1%", "capitation.mean: 1e9"])
    assert plan.realizations == 300
    assert {one.contract for one in reached} == {"enhanced", "capitation"}
    assert [one.met for one in reached if one.measure == "mean"] == [True]
    assert not any(one.met for one in reached if one.measure == "tvar_95")


def test_no_target_leaves_the_plan_as_it_is() -> None:
    assert planned(PLAN, []) == (PLAN, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tvar_95", r"found 'tvar_95'; expected CONTRACT.MEASURE: AMOUNT, such as"),
        ("enhanced: 2%", r"found 'enhanced: 2%'; expected CONTRACT.MEASURE"),
        ("enhancd.mean: 2%", r"found 'enhancd' in .*did you mean 'enhanced'"),
        ("enhanced.tvar95: 2%", r"found 'tvar95' in .*did you mean"),
        ("enhanced.mean: few", r"found 'few' in .*expected an amount above 0, such as 2%"),
        ("enhanced.mean: -1", r"found '-1' in"),
    ],
)
def test_wrong_words(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        read_target(text, PLAN)
