"""Capitation, plans, stop-loss and incentive plans of a scenario: from words to numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.contract import Condition
from vbsim.payment_models import capitation, managed_care
from vbsim.payment_models.per_member import Cell, Withhold
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import simulate

SEGMENTS: dict[str, Any] = {
    "aged": {"enrollment_type": "aged_non_dual", "person_years": 340.0},
    "disabled": {"enrollment_type": "disabled", "person_years": 50.0},
}
POPULATION = {"person_years_per_member": 0.975, "segments": SEGMENTS}
BASKET = ["physician", "ed"]


def plan(contract: dict[str, Any], **changes: Any) -> Plan:
    """Plan of one contract on the small scenario."""
    return resolve(small_scenario(contracts={"only": contract}, population=POPULATION, **changes))


def terms(contract: dict[str, Any], **changes: Any) -> Any:
    return plan(contract, **changes).contracts[0].terms[0]


def derived(made: Plan, beginning: str) -> list[float]:
    return [f.value for f in made.figures if f.path.startswith(beginning)]


def test_rates_by_segment() -> None:
    found = terms({"model": "capitation", "pmpm": {"disabled": 950.0, "aged": 800.0}})
    assert found.pmpm == (Cell("aged", 800.0), Cell("disabled", 950.0))


def test_rates_times_risk_scores() -> None:
    segments = {
        "aged": SEGMENTS["aged"] | {"risk_score": {2022: 0.95}},
        "disabled": SEGMENTS["disabled"] | {"risk_score": {2022: 1.2}},
    }
    words = {"model": "capitation", "pmpm": 800.0, "risk_adjusted": True}
    scenario = small_scenario(
        contracts={"only": words}, population=POPULATION | {"segments": segments}
    )
    found = resolve(scenario).contracts[0].terms[0]
    assert found.pmpm == (Cell("aged", 800.0, 0.95), Cell("disabled", 800.0, 1.2))


def test_rates_at_each_segments_own_expected_cost() -> None:
    made = plan({"model": "capitation", "expected_cost_share": 0.9, "risk_adjusted": True})
    cells = made.contracts[0].terms[0].pmpm
    expected = 0.9 * made.world.expected_cost[-1] / 12.0
    np.testing.assert_allclose([cell.pmpm for cell in cells], expected)
    # One rate for all is their mean over members.
    alone = terms({"model": "capitation", "expected_cost_share": 0.9}).pmpm
    members = made.world.members[-1]
    assert alone == pytest.approx(np.average([c.pmpm for c in cells], weights=members))


def test_a_basket_takes_its_part_of_expected_cost() -> None:
    made = plan({"model": "capitation", "services": BASKET, "expected_cost_share": 1.0})
    contract, world = made.contracts[0], made.world
    inside = np.isin(world.services, BASKET)
    np.testing.assert_array_equal(contract.basket, inside)
    np.testing.assert_array_equal(contract.at_risk, inside)
    by_service = (world.rate * world.mean_unit_cost)[-1] @ inside / 12.0
    expected = np.average(by_service, weights=world.members[-1])
    assert contract.terms[0].pmpm == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "category"),
    [
        ({}, "4N"),
        ({"withhold": {"share": 0.02}}, "4B"),
        ({"services": BASKET}, "4N"),
        ({"services": BASKET, "withhold": {"share": 0.02}}, "4A"),
        ({"withhold": {"share": 0.0}}, "4N"),
    ],
    ids=str,
)
def test_lan_category(words: dict[str, Any], category: str) -> None:
    made = plan({"model": "capitation", "pmpm": 900.0} | words)
    assert made.contracts[0].lan_category == category


def test_level_3_of_new_york_carries_its_intervention_and_withhold() -> None:
    words = {
        "program": "ny_vbp",
        "track": "level_3",
        "pmpm": 900.0,
        "social_needs_pmpm": 2.5,
        "conditions": {"community_organization": True},
    }
    made = plan(words)
    assert made.contracts[0].terms[0] == capitation.Terms(900.0, social_needs_pmpm=2.5)
    assert made.contracts[0].lan_category == "4N"
    assert any("without a withhold pays whatever the quality" in text for text in made.warnings)
    words["withhold"] = {"share": 0.03, "earned_by": "standard", "minimum_quality": 0.7}
    linked = plan(words).contracts[0]
    assert linked.terms[0].withhold == Withhold(0.03, False, 0.7)
    assert linked.lan_category == "4B"


PREMIUM = {"premium": {"expected_cost_share": 1.15}}


def test_a_plan_bears_what_is_not_sub_capitated() -> None:
    group = {"services": BASKET, "expected_cost_share": 1.0}
    made = plan({"model": "managed_care", "sub_capitation": group} | PREMIUM)
    contract = made.contracts[0]
    assert contract.basket is not None
    assert contract.at_risk is not None
    assert (contract.basket ^ contract.at_risk).all()
    assert contract.lan_category == "4N"
    # Groups are paid what is expected, so 1 / 1.15 of the premium is expected to be spent.
    assert derived(made, "projected medical loss ratio") == [round(1 / 1.15, 4)]


def test_rules_of_medicaid_plans() -> None:
    words = {"program": "medicaid_managed_care", "track": "federal"} | PREMIUM
    federal = terms(words)
    assert (federal.minimum_medical_loss_ratio, federal.remittance_share) == (0.85, 0.0)
    assert federal.credibility[0] == (5400, 0.084)
    assert federal.corridor == ()
    chosen = terms(words | {"remittance_share": 1.0, "minimum_medical_loss_ratio": 0.88})
    assert (chosen.minimum_medical_loss_ratio, chosen.remittance_share) == (0.88, 1.0)
    florida = terms(words | {"track": "florida_healthy_kids"})
    assert (florida.minimum_medical_loss_ratio, florida.remittance_share) == (0.85, 1.0)
    michigan = terms(words | {"track": "michigan_pihp"})
    assert michigan.corridor == ((0.0, 1.0), (0.05, 0.5), (0.10, 0.0))
    assert michigan.minimum_medical_loss_ratio == 0.0


def test_rates_must_project_a_medical_loss_ratio() -> None:
    """1 / 1.15 is 87 %, met; 1 / 1.25 is 80 %, not met and warned of. No rule before July 2019."""
    words = {"program": "medicaid_managed_care", "track": "federal"}
    for share, outcome in ((1.15, "met"), (1.25, "not met")):
        made = plan(words | {"premium": {"expected_cost_share": share}})
        (condition,) = made.contracts[0].conditions
        assert condition.name == "projected medical loss ratio"
        assert (condition.outcome, condition.figure.status) == (outcome, "V2")
        assert any("is not met: found 0.8, asked for 0.85" in w for w in made.warnings) == (
            outcome == "not met"
        )
    assert plan(words | PREMIUM | {"performance_year": 2018}).contracts[0].conditions == ()


def test_corridor_in_words() -> None:
    corridor = {
        "target": 0.88,
        "spending": "medical",
        "unspent": [{"from": 0.0, "plan_part": 1.0}, {"from": 0.02, "plan_part": 0.5}],
        "overspent": [{"from": 0.0, "plan_part": 0.9}],
    }
    found = terms({"model": "managed_care", "risk_corridor": corridor} | PREMIUM)
    assert isinstance(found, managed_care.Terms)
    assert found.corridor == ((0.0, 1.0), (0.02, 0.5))
    assert found.loss_corridor == ((0.0, 0.9),)
    assert (found.corridor_target, found.corridor_of_medical_spending) == (0.88, True)
    assert found.remittance_share == 1.0


# One member whose cost is known to be high is a segment of one.
LASER = {"enrollment_type": "esrd", "person_years": 0.975, "per_capita": {2022: 200_000.0}}
COVERED = {"model": "capitation", "pmpm": 900.0, "stop_loss": "cover"}


def covered(words: dict[str, Any], contract: dict[str, Any] = COVERED, **changes: Any) -> Plan:
    population = POPULATION | {"segments": SEGMENTS | {"known": LASER}}
    contracts = {"only": contract | {"stop_loss": "cover"}}
    return resolve(
        small_scenario(
            contracts=contracts, population=population, stop_loss={"cover": words}, **changes
        )
    )


def test_a_laser_is_the_attachment_of_its_segment() -> None:
    made = covered({"attachment": 1e5, "limit": 5e5, "lasers": {"known": 3e5}, "loading": 0.0})
    (layer,) = made.layers
    np.testing.assert_array_equal(layer.lower[-1], [1e5, 1e5, 3e5])
    np.testing.assert_array_equal(layer.upper[-1], [6e5, 6e5, 8e5])
    (cover,) = made.contracts[0].stop_loss
    assert cover.specific is not None
    assert cover.specific.lasers == (("known", 3e5),)
    without = covered({"attachment": 1e5, "limit": 5e5, "loading": 0.0}).contracts[0].stop_loss[0]
    assert without.specific is not None
    assert cover.specific.premium_pmpm < without.specific.premium_pmpm


@pytest.mark.parametrize(
    ("words", "contract"),
    [
        ({"attachment": 40_000.0}, {}),
        ({"attachment": 40_000.0, "lasers": {"known": 150_000.0}}, {}),
        ({"attachment": 15_000.0, "limit": 60_000.0}, {"services": ["physician", "outpatient"]}),
    ],
    ids=["specific", "laser", "basket"],
)
def test_a_premium_without_loading_is_the_mean_recovery(
    words: dict[str, Any], contract: dict[str, Any]
) -> None:
    """Exact expectation against 3,000 simulated years, without systematic uncertainty.

    Within 4 standard errors (each about 1 % of the mean).
    """
    quiet = dict.fromkeys(
        ("trend_sd", "service_sd", "local_sd", "composition_cv", "pandemic_probability"), 0.0
    )
    changes = {"uncertainty": quiet, "benchmark": None}
    made = covered(words | {"loading": 0.0}, COVERED | contract, **changes)
    found = settle(made, simulate(replace(made, realizations=3000)))
    lines = found["statement"].isel(year=0)
    recovery, premium = (
        lines.sel(line=f"only.stop_loss_{name}").to_numpy() for name in ("recovery", "premium")
    )
    gain = recovery + premium
    error = gain.std(ddof=1) / np.sqrt(gain.size)
    assert error < 0.02 * recovery.mean()
    assert abs(gain.mean()) < 4.0 * error


def test_expected_claims_of_an_aggregate_cover_are_less_what_the_specific_recovers() -> None:
    both = {"attachment": 1e5, "loading": 0.0, "aggregate": {"corridor": 1.2, "premium_pmpm": 3.0}}
    made = covered(both)
    (cover,) = made.contracts[0].stop_loss
    assert cover.specific is not None
    assert cover.aggregate is not None
    members, cost = made.world.members[-1], made.world.expected_cost[-1]
    expected = np.average(cost, weights=members) / 12.0 - cover.specific.premium_pmpm
    assert cover.aggregate.expected_pmpm == pytest.approx(expected)
    alone = covered({"aggregate": both["aggregate"] | {"expected_pmpm": 1234.0}})
    assert alone.layers == ()
    assert alone.contracts[0].stop_loss[0].specific is None
    stated = alone.contracts[0].stop_loss[0].aggregate
    assert stated is not None
    assert stated.expected_pmpm == 1234.0


def test_each_year_has_its_own_premium() -> None:
    """A loading is one on what is expected of the year; a stated premium holds for all."""
    loaded = covered({"attachment": 1e5, "loading": 0.2}, years=2).contracts[0].stop_loss
    stated = covered({"attachment": 1e5, "premium_pmpm": 9.0}, years=2).contracts[0].stop_loss
    first, second = (c.specific.premium_pmpm for c in loaded if c.specific is not None)
    assert second > first > 0.0
    assert [c.specific.premium_pmpm for c in stated if c.specific is not None] == [9.0, 9.0]


def test_cover_of_claims_that_the_provider_does_not_bear_is_warned_of() -> None:
    words = {"attachment": 1e5, "premium_pmpm": 9.0}
    sharing = {"program": "mssp", "track": "enhanced", "minimum_savings_rate": 0.02}
    assert any("bears at most a part" in text for text in covered(words, sharing).warnings)
    assert not any("bears at most a part" in text for text in covered(words).warnings)


def incentive(found: dict[str, Any], year: int = 2018, **stop_loss: Any) -> Condition:
    """Condition of the physician incentive plan rule on a capitation, with or without cover."""
    contract: dict[str, Any] = {
        "model": "capitation",
        "pmpm": 900.0,
        "physician_incentive_plan": found,
    }
    quality = {"score_mean": 0.8, "score_sd": 0.05, "standard_met": 1.0}
    words: dict[str, Any] = {"start_year": year, "benchmark": None, "population": POPULATION}
    words["quality"] = quality  # the assumption set knows none so early
    if stop_loss:
        contract["stop_loss"] = "cover"
        words["stop_loss"] = {"cover": {"premium_pmpm": 9.0, "coinsurance": 0.9} | stop_loss}
    made = resolve(small_scenario(contracts={"only": contract}, **words))
    (condition,) = made.contracts[0].conditions
    return condition


def share_of_potential(bonus: float, payments: float = 100.0) -> float:
    return bonus / (payments + bonus)


def test_a_bonus_of_33_is_no_substantial_risk_and_one_of_50_is() -> None:
    """INDUSTRY (D1): payments of 100; 33 / 133 = 24.8 %, 50 / 150 = 33.3 % (ratios DERIVED).

    Below 25 % no stop-loss is asked; above it is, and there is none here.
    """
    assert incentive({"payments_at_risk": share_of_potential(33.0)}).outcome == "met"
    found = incentive({"payments_at_risk": share_of_potential(50.0)})
    assert found.outcome == "not met"
    assert found.figure.status == "V2"
    assert "above 25 % it is" in found.name


SUBSTANTIAL = {"payments_at_risk": 0.4, "panel": 4000}
AGGREGATE_ALONE: dict[str, Any] = {
    "premium_pmpm": None,
    "aggregate": {"corridor": 1.0, "premium_pmpm": 5.0},
}
Outcome = Callable[[], Condition]


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        # The UNVERIFIED table of 1997: 1,001 to 5,000 patients, at most 30,000.
        (lambda: incentive(SUBSTANTIAL, attachment=30_000), "met"),
        (lambda: incentive(SUBSTANTIAL, attachment=30_001), "not met"),
        (lambda: incentive(SUBSTANTIAL | {"panel": 5001}, attachment=40_000), "met"),
        (lambda: incentive(SUBSTANTIAL | {"panel": 25_001}), "met"),
        (lambda: incentive(SUBSTANTIAL, attachment=30_000, coinsurance=0.8), "not met"),
        (lambda: incentive(SUBSTANTIAL, attachment=30_000, limit=1e6), "not met"),
        (lambda: incentive(SUBSTANTIAL, attachment=3e4, aggregating_deductible=1e5), "not met"),
        (lambda: incentive(SUBSTANTIAL, attachment=30_000, lasers={"aged": 9e4}), "not met"),
        # The table of 2019 was not found: only what is stated tells.
        (lambda: incentive(SUBSTANTIAL, 2022, attachment=30_000), "not stated"),
        (lambda: incentive(SUBSTANTIAL | {"deductible": 5e4}, 2022, attachment=5e4), "met"),
        (lambda: incentive({}), "not stated"),
        (lambda: incentive(SUBSTANTIAL, **AGGREGATE_ALONE), "not stated"),
    ],
)
def test_stop_loss_that_the_incentive_plan_rule_asks_for(case: Outcome, outcome: str) -> None:
    assert case().outcome == outcome
