"""The provider's own economics and a plan's risk-based capital, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.errors import ParameterError
from vbsim.payment_models import economics, risk_based_capital
from vbsim.payment_models.base import Statement, Transfer, given, step
from vbsim.payment_models.stop_loss import Specific, exchanged, without_cover
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import simulate
from vbsim.vocabulary import DOWNSTREAM, PARTIES, PAYER, PROVIDER, PURCHASER

EXPOSURE = np.array([[600.0, 400.0]])  # person-years of two segments, one realization


def shared(amount: float) -> Statement:
    """A settlement that pays the provider."""
    paid = np.array([amount])
    flows = (
        Transfer(PAYER, PROVIDER, "savings", np.maximum(paid, 0.0)),
        Transfer(PROVIDER, PAYER, "losses", np.maximum(-paid, 0.0)),
        Transfer(PAYER, DOWNSTREAM, "claims", np.array([5e6])),
    )
    return Statement({"shared_savings": step(paid, "1")}, flows)


def settled(amount: float, claims: float, **terms: float) -> Statement:
    own = economics.OwnService("primary_care", 0.4, 0.3, (500.0, 1_000.0))
    found = economics.Terms(services=(own,), **terms)
    made = economics.with_economics(
        shared(amount), found, {"primary_care": np.array([claims])}, EXPOSURE
    )
    assert sum(float(made.net_to(party)[0]) for party in PARTIES) == pytest.approx(0.0, abs=1e-6)
    assert made.net_to(PROVIDER)[0] == pytest.approx(made.net[0])
    return made


def test_a_dollar_saved_is_revenue_lost() -> None:
    """Budget 600 x 500 + 400 x 1,000 = 700,000; use 600,000; 40 % own, 30 % of it margin."""
    made = settled(50_000.0, 600_000.0)
    assert made.facts["own_primary_care_revenue_change"][0] == pytest.approx(-40_000.0)
    assert made.net[0] == pytest.approx(50_000.0 - 12_000.0)


def test_use_above_the_budget_brings_margin() -> None:
    assert settled(-50_000.0, 800_000.0).net[0] == pytest.approx(-50_000.0 + 12_000.0)


def test_programs_infrastructure_and_waiting() -> None:
    """12,000 member months at 2.50; 21 months at 5 % a year discount by 1 - 1.05 ** -1.75."""
    terms = {"program_pmpm": 2.5, "infrastructure": 1e4, "lag_months": 21.0, "interest_rate": 0.05}
    for amount in (80_000.0, -80_000.0):
        lines = settled(amount, 700_000.0, **terms).steps
        assert lines["own_margin_change"][0] == pytest.approx(0.0, abs=1e-6)
        assert lines["program_cost"][0] == pytest.approx(-30_000.0)
        assert lines["infrastructure_cost"][0] == -1e4
        # Whoever owes gains by waiting.
        assert lines["interest_on_lag"][0] == pytest.approx(-amount * (1.0 - 1.05**-1.75))


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"program_pmpm": -1.0}, "program_pmpm is -1; expected 0 or more"),
        ({"infrastructure": np.inf}, "infrastructure is inf"),
        ({"interest_rate": 1.2}, "interest_rate is 1.2"),
    ],
)
def test_economics_that_cannot_be(terms: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        economics.Terms(**terms)


@pytest.mark.parametrize("name", ["share", "margin"])
def test_shares_above_one_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match=r"primary_care is 1\.5"):
        economics.OwnService("primary_care", **({"share": 0.5, "margin": 0.5} | {name: 1.5}))


def plan_year(premium: float, claims: float, groups: float, administration: float) -> Statement:
    lines = {
        "premium": step(np.array([premium]), "1"),
        "claims": step(np.array([-claims]), "1"),
        "sub_capitation": step(np.array([-groups]), "1"),
        "administration": step(np.array([-administration]), "1"),
        "other": given(np.array([1.0]), "a fact"),
    }
    return Statement(lines, (Transfer(PURCHASER, PAYER, "premium", np.array([premium])),), PAYER)


FORMULA = {
    "underwriting": (0.15, 25e6, 0.09), "business": (0.07, 25e6, 0.04),
    "fee_schedule_credit": 0.15, "capitation_credit": 0.6, "affiliates": 1e5,
    "asset_risk": 3e5, "credit_risk": 2e5, "control_share": 0.5, "action_level": 2.0,
}  # fmt: skip


def test_risk_based_capital_by_hand() -> None:
    """Premium 40 million, claims 30 million and 4 million of sub-capitation, administration 3.

    Underwriting: (0.15 x 25 + 0.09 x 15) x 34 / 40 = 4.335 million, less a credit of
    (0.15 x 30 + 0.6 x 4) / 34 = 20.29 %: 3.4552 million; business: 0.07 x 3 = 0.21 million.
    """
    terms = risk_based_capital.Terms(capital=4e6, **FORMULA)
    made = plan_year(40e6, 30e6, 4e6, 3e6)
    end, found = risk_based_capital.with_risk_based_capital(made, terms, 4e6)
    h2 = 5.1e6 * 34.0 / 40.0 * (1.0 - 6.9 / 34.0)
    level = 0.5 * (1e5 + np.sqrt(3e5**2 + h2**2 + 2e5**2 + 2.1e5**2))
    assert found.facts["underwriting_risk"][0] == pytest.approx(h2)
    assert found.facts["authorized_control_level"][0] == pytest.approx(level)
    assert end[0] == pytest.approx(4e6 + 3e6)
    assert found.facts["risk_based_capital_ratio"][0] == pytest.approx(7e6 / level)
    assert found.facts["below_action_level"][0] == 0.0
    np.testing.assert_array_equal(found.net, made.net)


def test_capital_is_carried_and_falls_below_the_action_level() -> None:
    terms = risk_based_capital.Terms(capital=4e6, **FORMULA)
    first, _ = risk_based_capital.with_risk_based_capital(
        plan_year(40e6, 34e6, 4e6, 4e6), terms, 4e6
    )
    second, found = risk_based_capital.with_risk_based_capital(
        plan_year(40e6, 33e6, 4e6, 3e6), terms, first
    )
    assert (first[0], second[0]) == (2e6, 2e6)
    assert found.facts["below_action_level"][0] == 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [({"capital": -1.0}, "capital is -1"), ({"control_share": 1.5}, "control_share is 1.5")],
)
def test_a_formula_that_cannot_be(change: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        risk_based_capital.Terms(**({"capital": 1.0} | FORMULA | change))


def test_another_cover_in_place_of_the_own() -> None:
    """Own: premium 24,000, recovery 10,000. Instead: 3 x 12,000 months, half of 90,000."""
    base = {"capitation": step(np.array([1e6]), "1")}
    own = {
        "stop_loss_premium": step(np.array([-24e3]), "1"),
        "stop_loss_recovery": step(np.array([10e3]), "1"),
    }
    statement = Statement(base | own, ())
    other = Specific(50e3, np.inf, 0.5, 3.0)
    assert without_cover(statement).tolist() == [1e6]
    change, recovered = exchanged(statement, other, np.array([90e3]), np.array([1e3]))
    assert (change[0], recovered[0]) == (-36e3 + 45e3, 45e3)
    outside = Statement(base, ())
    assert without_cover(outside).tolist() == [1e6]
    change, recovered = exchanged(outside, other, np.array([90e3]), np.array([1e3]))
    assert (change[0], recovered[0]) == (0.0, 0.0)


def test_own_programs_beside_an_intervention_are_both_paid() -> None:
    plan = resolve(
        small_scenario(
            realizations=5,
            economics={"own": {"program_pmpm": 2.0}},
            contracts={
                "capitation": {
                    "model": "capitation", "expected_cost_share": 1.0, "economics": "own",
                },
            },
            intervention={
                "predictor": {"auc": 0.66}, "capacity": 0.1, "engagement": 0.5, "member_pmpm": 3.0,
            },
        )
    )  # fmt: skip
    found = settle(plan, simulate(plan)).sel(contract="capitation")
    lines = found["statement"].isel(line=found["adds_to_net"].values == 1)
    holder = found["net_to_party"].sel(party=str(found["holder"].values))
    np.testing.assert_allclose(lines.sum("line").values, holder.values)
    own, bought = (lines.sel(line=f"capitation.{n}_cost") for n in ("program", "intervention"))
    np.testing.assert_allclose(bought.values, 1.5 * own.values)  # 3 and 2 USD PMPM


def test_a_line_cannot_stand_twice() -> None:
    statement = Statement({"program_cost": step(np.array([-1.0]), "1")})
    with pytest.raises(ValueError, match="statement line program_cost stands twice"):
        statement.plus({"program_cost": step(np.array([-2.0]), "1")})
