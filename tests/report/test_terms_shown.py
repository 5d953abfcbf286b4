"""Terms of contracts and figures of rules as a user reads them."""

from __future__ import annotations

from dataclasses import replace

from tests.conftest import REPOSITORY
from tests.payment_models.cases.care_coordination import FEES, PRIMARY_CARE
from tests.scenario.base import CommandLine
from vbsim.payment_models.scoring import Domain, Measure, Scale
from vbsim.report import inputs


def test_parts_of_terms_in_words() -> None:
    """Only what is not as usual is told."""
    visits = Measure("visits", "use", 0.5, 0.4, lower_is_better=True, must_pass=True)
    told = "visits: domain use, threshold 0.5, benchmark 0.4, lower is better, must pass"
    assert inputs.shown_value(visits) == told
    assert inputs.shown_value(Domain("use", 0.5)) == "use: weight 0.5"
    assert inputs.shown_value(Scale(10, 9, 0.5)) == "top 10, slope 9, offset 0.5"
    both = "low: pmpm 6, shares 0.5, 0; high: pmpm 30, shares 0.5, 0.75"
    assert inputs.shown_value(FEES.tiers) == both


def test_terms_that_no_contract_has_are_left_out() -> None:
    names = [item.name for item in inputs.stated([FEES, replace(FEES, cost_pmpm=1.0)])]
    assert names == [
        "enrolled", "segments", "tiers", "measures", "domains", "incentive_pmpm", "fee_at_risk",
        "cost_pmpm", "fixed_cost",
    ]  # fmt: skip
    assert "visit_fee" in [item.name for item in inputs.stated([FEES, PRIMARY_CARE])]


def test_rules_are_shown_without_signs_of_markup(vbsim_command: CommandLine) -> None:
    code, out, err = vbsim_command("rules", "show", "cpc_plus")
    assert (code, err) == (0, "")
    assert "[bold" not in out
    assert "track_1: tier_1 6, tier_2 8, tier_3 16, tier_4 30" in out


def test_many_contracts_stand_a_few_abreast(vbsim_command: CommandLine) -> None:
    out = vbsim_command("check", REPOSITORY / "scenarios" / "care_coordination.yaml").out
    assert out.count("Terms of care_coordination") == 3  # nine contracts, four at a time
