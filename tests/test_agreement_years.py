"""Settling over the years of an agreement: rebasing, what is carried, leaving, cash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.conftest import REPOSITORY, plan_of
from tests.scenario.test_agreement_words import WORDS
from tests.scenario.test_agreement_words import plan_of as plan_of_words
from vbsim.payment_models import economics
from vbsim.payment_models.program_benchmarks import Rebased
from vbsim.plan import Plan
from vbsim.report.explain import explain
from vbsim.settle import settle
from vbsim.simulate import simulate

GLIDE_PATH = REPOSITORY / "scenarios" / "glide_path_2024_2028.yaml"


@pytest.fixture(scope="module")
def glide_path() -> tuple[Plan, xr.Dataset, xr.Dataset]:
    plan = replace(plan_of(GLIDE_PATH), realizations=300, engine="collective")
    experience = simulate(plan)
    return plan, experience, settle(plan, experience)


def line(settlement: xr.Dataset, contract: str, name: str) -> np.ndarray:
    """One line of a contract in every realization and year."""
    found = settlement["statement"].sel(line=f"{contract}.{name}")
    return np.asarray(found.transpose("realization", "year").values)


def test_a_rebased_benchmark_rests_on_the_performance_years(tmp_path: Path) -> None:
    """The historical benchmark of 2027, worked from the Experience of 2024 to 2026."""
    plan = replace(plan_of_words(WORDS, tmp_path), realizations=30, engine="collective")
    experience = simulate(plan)
    found = settle(plan, experience)
    terms = plan.contracts[0].benchmarks[5]
    assert isinstance(terms, Rebased)
    at = experience.sel(segment="aged")
    cost = at["layer_cost"].sel(layer="truncated") / at["person_years"]
    nation = at["national_factor"].sel(year=[2024, 2025, 2026]).values * terms.national[:3, 0]
    region = nation * (terms.regional[:3, 0] / terms.national[:3, 0])
    grown = 0.2 * nation[:, 2:] / nation + 0.8 * region[:, 2:] / region
    risk = terms.risk[2, 0] / terms.risk[:3, 0]
    base = (cost.sel(year=[2024, 2025, 2026]).values * grown * risk).mean(axis=1)
    expected = base * at["person_years"].sel(year=2027).values
    np.testing.assert_allclose(line(found, "basic", "historical_benchmark")[:, 5], expected)
    # Prior savings: the mean of what was saved per person-year in those three years.
    saved = line(found, "basic", "gross_savings")[:, 2:5] / at["person_years"].sel(
        year=[2024, 2025, 2026]
    )
    prior = saved.mean(axis=1) * at["person_years"].sel(year=2027)
    np.testing.assert_allclose(line(found, "basic", "prior_savings")[:, 5], prior)


def test_advance_payments_are_carried_over_the_years(
    glide_path: tuple[Plan, xr.Dataset, xr.Dataset],
) -> None:
    _, _, found = glide_path
    paid, recouped, left = (
        line(found, "glide_path", f"advance_{n}") for n in ("paid", "recouped", "balance")
    )
    # 250,000 and eight quarters of 28 USD for 8,200 beneficiaries.
    np.testing.assert_allclose(paid[0], [250_000 + 918_400, 918_400, 0, 0, 0])
    np.testing.assert_allclose(np.cumsum(paid + recouped, axis=1), left, atol=1e-6)
    assert np.all(left >= 0.0)
    carried = line(found, "glide_path", "advance_carried")
    np.testing.assert_array_equal(carried[:, 1:], left[:, :-1])
    assert np.any(carried[:, 1:] > 0.0)


def test_cash_lags_and_adds_up_to_the_net(
    glide_path: tuple[Plan, xr.Dataset, xr.Dataset],
) -> None:
    _, _, found = glide_path
    cash = found["cash_to_holder"]
    assert cash["cash_year"].values.tolist() == [2024, 2025, 2026, 2027, 2028, 2029]
    net = found["net_to_provider"].sum("year")
    np.testing.assert_allclose(cash.sum("cash_year"), net.transpose(*cash.sum("cash_year").dims))
    # The first year brings the advance alone; the last, the settlement of 2028 alone.
    own = cash.sel(contract="level_a").transpose("realization", "cash_year").values
    np.testing.assert_allclose(own[:, 0], 1_168_400.0)
    earned = line(found, "level_a", "shared_savings") + line(found, "level_a", "advance_recouped")
    np.testing.assert_allclose(own[:, 5], earned[:, 4], atol=1e-6)


def test_after_leaving_only_claims_are_paid(
    glide_path: tuple[Plan, xr.Dataset, xr.Dataset],
) -> None:
    _, experience, found = glide_path
    last = found.sel(contract="leaves_after_2026", year=2028)
    np.testing.assert_array_equal(last["net_to_provider"], 0.0)
    claims = experience["cost"].sel(year=2028).sum(["segment", "service"])
    np.testing.assert_allclose(last["net_to_party"].sel(party="payer"), -claims)
    assert np.isnan(last["savings_rate"]).all()
    # Until it leaves it is the glide path.
    same = found["net_to_provider"].sel(year=[2024, 2025, 2026])
    np.testing.assert_array_equal(
        same.sel(contract="leaves_after_2026"), same.sel(contract="glide_path")
    )
    left = line(found, "leaves_after_2026", "savings_forfeited")[:, 3]
    np.testing.assert_array_equal(left, -line(found, "leaves_after_2026", "shared_savings")[:, 3])


def test_what_the_provider_spends_goes_on_outside_the_agreement(
    glide_path: tuple[Plan, xr.Dataset, xr.Dataset],
) -> None:
    """By hand: 400,000 of infrastructure and 2 USD PMPM, with no contract to pay for them."""
    plan, experience, _ = glide_path
    (leaving,) = [c for c in plan.contracts if c.name == "leaves_after_2026"]
    own = economics.Terms(program_pmpm=2.0, infrastructure=400_000.0)
    spending = replace(leaving, economics=(own,) * len(leaving.terms))
    found = settle(replace(plan, contracts=(spending,)), experience)
    exposure = experience["person_years"].sel(year=2028).sum("segment")
    net = found["net_to_provider"].sel(contract="leaves_after_2026", year=2028)
    np.testing.assert_allclose(net, -400_000.0 - 24.0 * exposure)


def test_the_guardrail_bars_savings_and_settles_losses(
    glide_path: tuple[Plan, xr.Dataset, xr.Dataset],
) -> None:
    """The nation beyond what ACPT foresaw, and an ACO that costs more."""
    plan, experience, _ = glide_path
    dear = experience.copy()
    dear["layer_cost"] = experience["layer_cost"] * xr.where(experience["year"] >= 2024, 1.09, 1.0)
    dear["national_factor"] = experience["national_factor"] * xr.where(
        experience["year"] >= 2024, 1.06, 1.0
    )
    found = settle(plan, dear)
    struck = line(found, "enhanced", "guardrail") > 0.5
    assert struck.mean() > 0.02
    assert np.all(line(found, "enhanced", "savings_counted")[struck] == 0.0)
    higher = line(found, "enhanced", "benchmark") - line(found, "enhanced", "three_way_benchmark")
    assert np.all(higher[struck] > 0.0)
    assert np.all(higher[~struck] == 0.0)


STEPS = (
    "base_year_1", "trend_of_base_year_1", "base_year_1_weight", "historical_benchmark",
    "regional_adjustment", "adjustment", "risk_score_growth", "risk_score_cap",
    "adjusted_benchmark", "two_way_update", "prospective_update", "three_way_benchmark",
    "guardrail", "benchmark", "expenditure", "gross_savings", "savings_rate", "sharing_rate",
    "loss_rate", "shared_savings", "shared_losses", "advance_carried", "advance_recouped",
    "advance_balance",
)  # fmt: skip


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027, 2028])
def test_explain_shows_every_step_of_every_year(
    glide_path: tuple[Plan, xr.Dataset, xr.Dataset], year: int
) -> None:
    found = explain(glide_path[2], "glide_path", "median", year)
    names = [row.name for row in found.rows]
    assert [name for name in STEPS if name not in names] == []
    assert ("repayment_mechanism" in names) == (year >= 2026)
    assert all(row.formula or row.meaning for row in found.rows)
    assert sum(row.value for row in found.rows if row.adds) == pytest.approx(found.net)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["glide_path_2024_2028", "reach_global_2026"])
def test_engines_agree(name: str) -> None:
    """Both engines on the same systematic factors: only the members' luck differs between them.

    The difference of two means has the error of the difference of the luck, at most the sum of the
    two variances; four standard errors, over every year and contract.
    """
    plan = replace(plan_of(REPOSITORY / "scenarios" / f"{name}.yaml"), realizations=1500)
    one, other = (
        settle(plan, simulate(replace(plan, engine=engine))) for engine in ("collective", "claims")
    )
    for variable in ("savings_rate", "net_to_provider"):
        pair = one[variable] - other[variable]
        count = np.sqrt(plan.realizations)
        error = pair.std("realization") / count
        close = np.abs(pair.mean("realization")) <= 4.0 * error + 1e-12
        assert bool((close | error.isnull()).all()), variable
        ratio = one[variable].std("realization") / other[variable].std("realization")
        known = ratio.where(other[variable].std("realization") > 0.0)
        # Standard deviations correlate, so this is generous: 4 / sqrt(2 n) each, together sqrt(2).
        assert bool((np.abs(known - 1.0) <= 4.0 / count).where(known.notnull(), True).all())
