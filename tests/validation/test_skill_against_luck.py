"""V1: undeserved rewards and penalties, and denied savings, as DeLia and others published them.

DeLia, Hoover & Cantor, "Statistical uncertainty in the Medicare Shared Savings Program", Medicare &
Medicaid Research Review 2012;2(4), abstract: without true savings, in the two-sided model, 5,000
beneficiaries have an undeserved reward with probability 0.24 and an undeserved penalty with 0.26,
50,000 with 0.02 and 0.02; with true savings of 5 to 7 % at least 0.15 of ACOs of 5,000 are denied
(0.148 at 7 % by the minimum savings rate of 3.9 %, as their own figures imply).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from tests.conftest import small_scenario
from vbsim.errors import ParameterError
from vbsim.scenario.load import validate
from vbsim.scenario.schema import Scenario
from vbsim.skill import Question, curves, of_size, verdict


def delia(**changes: object) -> Scenario:
    """Fresh members, three equal base years, truncation at the 99th percentile, no shocks."""
    aged = {"enrollment_type": "aged_non_dual", "person_years": 5000.0}
    return small_scenario(
        population={
            "person_years_per_member": 1.0,
            "retention": 0.0,
            "per_capita_truncated": True,
            "segments": {"aged": aged},
        },
        uncertainty={
            "trend_sd": 0.0,
            "service_sd": 0.0,
            "pandemic_probability": 0.0,
            "local_sd": 0.0,
            "composition_cv": 0.0,
        }
        | changes,
        benchmark={"mode": "simulated", "base_years": [2019, 2020, 2021]},
        contracts={
            "two_sided": {"program": "mssp", "track": "enhanced", "minimum_savings_rate": 0.02}
        },
    )


QUESTION = Question(
    sizes=(5_000, 50_000), savings=(0.0, 0.05, 0.07), minimums=(0.02, 0.039), realizations=4_000
)


@pytest.fixture(scope="module")
def found() -> xr.Dataset:
    return curves(delia(), QUESTION)


@pytest.mark.parametrize(
    ("name", "size", "published", "tolerance"),
    [
        ("earns", 5_000, 0.24, 0.02),
        ("owes", 5_000, 0.26, 0.02),
        ("earns", 50_000, 0.02, 0.01),
        ("owes", 50_000, 0.02, 0.01),
    ],
)
def test_undeserved_payments(
    found: xr.Dataset, name: str, size: int, published: float, tolerance: float
) -> None:
    """Tolerances as validation asks, and 3 standard errors (at most 0.02) of 4,000 realizations."""
    one = found.sel(size=size, true_savings=0.0)
    error = float(one[f"{name}_standard_error"])
    assert error < 0.008
    assert abs(float(one[name]) - published) < tolerance + 3.0 * error


def test_the_contracts_own_minimum_by_size(found: xr.Dataset) -> None:
    """As elected for the two-sided contract; by size, 42 CFR 425.605(b)(1), for one-sided ones."""
    assert found["own_minimum"].values.tolist() == [0.02, 0.02]
    one_sided = replace(
        delia().source,
        data=delia().source.data | {"contracts": {"b": {"program": "mssp", "track": "basic_b"}}},
    )
    sizes = Question(sizes=(5_000, 20_000), savings=(0.0,), realizations=20)
    assert curves(validate(one_sided), sizes)["own_minimum"].values == pytest.approx([0.039, 0.025])


def test_denied_savings(found: xr.Dataset) -> None:
    reaches = found.sel(size=5_000, true_savings=0.07, minimum_savings_rate=0.039)
    error = float(reaches["reaches_standard_error"])
    assert abs(1.0 - float(reaches["reaches"]) - 0.15) < 0.02 + 3.0 * error


def test_true_savings_are_those_of_the_expenditure_that_counts(found: xr.Dataset) -> None:
    """Mean measured rate: true savings, within 4 standard errors and 0.2 points of the ratio."""
    error = found["rate_sd"] / np.sqrt(4_000)
    assert bool((np.abs(found["rate"] - found["true_savings"]) < 4.0 * error + 0.002).all())


def test_more_savings_and_more_members_tell_more(found: xr.Dataset) -> None:
    """The same luck at all true savings, so no realization earns less by saving more."""
    assert bool((found["earns"].diff("true_savings") >= 0.0).all())
    assert bool((found["owes"].diff("true_savings") <= 0.0).all())
    assert bool((found["rate_sd"].sel(size=50_000) < found["rate_sd"].sel(size=5_000)).all())
    assert bool((found["reaches"].diff("minimum_savings_rate") <= 0.0).all())
    assert np.isnan(found["earned_undeserved"]).all()  # nobody said what is believed


def test_posterior_of_an_observed_rate() -> None:
    """Credibility prior / (prior + noise), noise 2.1 to 2.3 over the root of 5,000 members."""
    prior = {"true_savings": {"normal": {"mean": 0.02, "sd": 0.025}}}
    scenario = delia(**prior)
    found = verdict(scenario, 0.05, Question(realizations=4_000)).posterior
    low, high = (0.025**2 / (0.025**2 + (spread**2) / 5000) for spread in (2.35, 2.05))
    error = float(found.credibility[1])
    assert low - 3 * error < found.credibility[0] < high + 3 * error
    assert 0.02 < found.mean[0] < 0.05
    assert 0.0 < found.none[0] < 0.1
    both = curves(scenario, Question(sizes=(5_000, 20_000), savings=(0.0,), realizations=2_000))
    few, many = both["earned_undeserved"].values
    assert 0.0 < many < few < 0.2
    assert bool((both["saving_denied"] > 0.2).all())


def test_sizes_scale_every_segment() -> None:
    from vbsim.scenario.resolve import resolve

    world = resolve(of_size(small_scenario(), 4_000)).world
    assert world.members[-1].sum() == pytest.approx(4_000, abs=2)
    assert world.members[-1, 0] / world.members[-1, 1] == pytest.approx(349 / 51, rel=0.01)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (Question(sizes=()), "sizes: found none; expected numbers of members"),
        (Question(sizes=(0,)), "sizes: found 0"),
        (Question(savings=(5.0,)), r"true-savings: found 5; expected shares of 1, .*0\.05"),
        (Question(minimums=(2.0,)), "minimum savings rates: found 2"),
        (Question(realizations=1), "realizations: found 1; expected at least 2"),
        (Question(contract="one_sided"), "found the contract 'one_sided'; expected a contract"),
        (Question(year=2030), "found the year 2030; expected a performance year: 2022"),
    ],
)
def test_questions_that_cannot_be_asked(question: Question, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        curves(delia(), question)


def test_results_that_cannot_be_weighed() -> None:
    with pytest.raises(ParameterError, match=r"uncertainty\.true_savings: found no spread"):
        verdict(delia(), 0.02, Question(realizations=50))
    believed = delia(true_savings={"normal": {"mean": 0.0, "sd": 0.02}})
    with pytest.raises(ParameterError, match=r"observed: found 2; expected a share of 1"):
        verdict(believed, 2.0, Question(realizations=50))
    prior = {"true_savings": {"normal": {"mean": 0.0, "sd": 0.02}}}
    with pytest.raises(ParameterError, match="capitation, which measures no savings rate"):
        verdict(small_scenario(uncertainty=prior), 0.02, Question("capitation", realizations=50))
