"""Care coordination and pay for performance from words to money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim import rulebook
from vbsim.contract import Contract
from vbsim.payment_models import care_coordination, pay_for_performance
from vbsim.payment_models.scoring import Domain, Scale
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import simulate

MEASURES = {
    "visits": {"from": "ed_visits", "threshold": 0.6, "benchmark": 0.3},
    "stays": {"from": "ambulatory_sensitive_admissions", "probability": 1.0},
    "readmissions": {"from": "readmissions", "probability": 0.2},
    "screening": {"mean": 0.7, "sd": 0.05, "eligible_share": 0.5},
}
PRACTICE = {"primary_care_services": ["physician"], "practice_share": 0.1}


def plan(years: int = 1, **words: Any) -> Plan:
    quality = {"measures": MEASURES}
    contracts = {"tested": words}
    return resolve(small_scenario(contracts=contracts, quality=quality, years=years))


def contract(years: int = 1, **words: Any) -> Contract:
    return plan(years, **words).contracts[0]


def care(**words: Any) -> care_coordination.Terms:
    terms = contract(**words).terms[0]
    assert isinstance(terms, care_coordination.Terms)
    return terms


def performance(**words: Any) -> pay_for_performance.Terms:
    terms = contract(**words).terms[0]
    assert isinstance(terms, pay_for_performance.Terms)
    return terms


def expected_physician_pmpm(made: Plan) -> float:
    """Expected physician claims of 2022 [USD PMPM], summed from the plan's rates and prices."""
    world, row = made.world, int(np.argmax(made.performance))
    column = world.services.index("physician")
    cost = world.rate[row, :, column] * world.mean_unit_cost[row, :, column]
    return float(cost @ world.members[row] / world.members[row].sum() / 12.0)


def test_cpc_plus_from_its_rules() -> None:
    """Averages $15 and $28 PBPM are published (V2); the shares of track 2 are derived from them."""
    for track, average in (("track_1", 15.0), ("track_2", 28.05)):
        terms = care(program="cpc_plus", track=track, performance_year=2021)
        assert sum(t.pmpm * t.shares[0] for t in terms.tiers) == pytest.approx(average)
    assert terms.incentive_pmpm == 4.0
    assert terms.population_pmpm == terms.replaced_share == 0.0
    made = plan(program="cpc_plus", track="track_2", performance_year=2021, hybrid_share=0.4,
                **PRACTICE)  # fmt: skip
    hybrid = made.contracts[0].terms[0]
    assert isinstance(hybrid, care_coordination.Terms)
    # 40 % paid ahead, a tenth more than the claims; the practice's own are a tenth of the service.
    expected = 0.4 * 1.1 * 0.1 * expected_physician_pmpm(made)
    assert hybrid.population_pmpm == pytest.approx(expected)
    assert hybrid.replaced_share == 0.4


def test_primary_care_first_from_its_rules() -> None:
    words = {"program": "primary_care_first", "track": "group_2", **PRACTICE}
    made = contract(**words, practice_visit_share=0.3, gateway_score=10)
    terms = made.terms[0]
    assert isinstance(terms, care_coordination.Terms)
    assert (terms.population_pmpm, terms.visit_fee, terms.replaced_share) == (45, 40.82, 1.0)
    assert (terms.cost_share, terms.visit_share) == (0.1, 0.3)
    assert (terms.pieces, terms.missed_rate) == (((0, 100, -0.1, 0.5),), -0.1)
    assert (made.lan_category, made.model) == ("4A", "care_coordination")
    own = care(**words, adjustment={0: -0.1, 50: 0.0, 75: 0.34})
    assert own.pieces == ((75, 100, 0.34, 0.34), (50, 75, 0.0, 0.0), (0, 50, -0.1, -0.1))


def test_making_care_primary_from_its_rules() -> None:
    made = plan(years=2, program="making_care_primary", track="track_1", performance_year=2025,
                infrastructure_payment=True, **PRACTICE)  # fmt: skip
    first, second = made.contracts[0].terms
    assert isinstance(first, care_coordination.Terms)
    assert isinstance(second, care_coordination.Terms)
    assert (first.advance, second.advance) == (145_000, 0.0)
    assert (first.replaced_share, first.population_pmpm, first.advance_repaid) == (0.0, 0.0, 0.0)
    made = plan(program="making_care_primary", track="track_3", performance_year=2025, **PRACTICE)
    third = made.contracts[0].terms[0]
    assert isinstance(third, care_coordination.Terms)
    assert third.population_pmpm == pytest.approx(0.1 * expected_physician_pmpm(made))
    assert (third.tiers[0].pmpm, third.pieces) == (8, ((0, 100, 0, 0.6),))


def test_aco_pc_flex_from_its_rules() -> None:
    words = {"program": "aco_pc_flex", "track": "aco", "performance_year": 2025, **PRACTICE}
    terms = care(**words, population_pmpm=40.0)
    assert (terms.population_pmpm, terms.advance, terms.advance_repaid) == (40.0, 250_000, 1.0)
    assert care(**words, population_pmpm=40.0, first_performance_year=False).advance == 0.0
    assert care(**words, population_pmpm=40.0, advance_repaid=0.5).advance_repaid == 0.5
    made = plan(**words, population_cost_share=1.1)
    found = made.contracts[0].terms[0]
    assert isinstance(found, care_coordination.Terms)
    assert found.population_pmpm == pytest.approx(0.11 * expected_physician_pmpm(made))


def test_health_home_rates_are_those_in_force_on_the_first_of_january() -> None:
    words = {"program": "ny_health_home", "track": "adults", "region": "upstate"}
    shares = {"care_management": 0.9, "health_home_plus": 0.1}
    enrolled = {"disabled": 0.4}
    for year, fees in ((2022, [200.0, 750.0]), (2023, [202.0, 790.5]), (2024, [202.0, 822.12])):
        terms = care(**words, performance_year=year, tier_shares=shares, enrolled_share=enrolled)
        assert [tier.pmpm for tier in terms.tiers] == fees
    assert terms.enrolled == (0.0, 0.4)
    stated = care(**words, tier_shares={"high_risk": 1.0}, rates={"high_risk": 350.0})
    assert stated.tiers[0].pmpm == 350.0


def test_health_home_rates_follow_the_published_changes() -> None:
    """Two independent publications: the rate tables, and the state plan amendments' percentages."""
    book = rulebook.read("rules", "ny_health_home")
    kinds = {f"children.{level}": "children" for level in ("low", "medium", "high")}
    kinds |= {f"adults.{kind}": kind for kind in ("care_management", "health_home_plus")}
    for path, kind in kinds.items():
        for year in (2023, 2024) if kind == "health_home_plus" else (2023,):
            before = book.figure(f"rates.{path}", year - 1).value
            after = book.figure(f"rates.{path}", year).value
            for region, rate in before.items():
                change = book.figure("rate_changes", year, kind).value
                assert after[region] == pytest.approx(rate * (1.0 + change), abs=0.005)


def test_care_managers_are_hired_for_those_expected_to_enroll() -> None:
    """400 members, 349 aged and 51 disabled: 0.3 * 349 + 0.9 * 51 = 150.6, so 4 at 50 each."""
    made = plan(model="care_coordination", pmpm=20.0, enrolled_share={"aged": 0.3, "disabled": 0.9},
                caseload=50, care_manager_cost=90_000.0, fixed_cost=1_000.0)  # fmt: skip
    terms = made.contracts[0].terms[0]
    assert isinstance(terms, care_coordination.Terms)
    aged, disabled = made.world.members[-1]
    assert (aged, disabled) == (349, 51)
    assert terms.fixed_cost == 361_000.0
    assert (terms.segments, terms.enrolled) == (("aged", "disabled"), (0.3, 0.9))
    assert any(figure.path == "care managers, tested, 2022" for figure in made.figures)


def test_the_enrolled_part_of_the_basket() -> None:
    """Where segments enroll to a different extent, by what is expected of each."""
    practice = {"primary_care_services": ["physician"], "practice_share": 0.2}
    made = plan(model="care_coordination", pmpm=4.0, replaced_share=1.0, **practice,
                practice_visit_share=0.4, enrolled_share={"aged": 0.5})  # fmt: skip
    terms = made.contracts[0].terms[0]
    assert isinstance(terms, care_coordination.Terms)
    world, row = made.world, int(np.argmax(made.performance))
    column = world.services.index("physician")
    claims = world.rate[row, :, column] * world.members[row]
    cost = claims * world.mean_unit_cost[row, :, column]
    assert terms.visit_share == pytest.approx(0.4 * 0.5 * claims[0] / claims.sum())
    assert terms.cost_share == pytest.approx(0.2 * 0.5 * cost[0] / cost.sum())
    # Without a stated payment: the expected claims of those who are enrolled.
    months = 0.5 * world.members[row, 0] / world.members[row].sum()
    own = terms.cost_share * expected_physician_pmpm(made) / months
    assert terms.population_pmpm == pytest.approx(own)
    assert made.contracts[0].lan_category == "4N"


@pytest.mark.parametrize(
    ("words", "category"),
    [
        ({"pmpm": 4.0}, "2A"),
        ({"pmpm": 4.0, "fee_at_risk": 0.2}, "2A"),
        ({"incentive_pmpm": 2.0}, "2C"),
        ({"replaced_share": 1.0, **PRACTICE}, "4N"),
        ({"replaced_share": 1.0, "incentive_pmpm": 2.0, **PRACTICE}, "4A"),
    ],
)
def test_category_of_a_private_contract(words: dict[str, Any], category: str) -> None:
    assert contract(model="care_coordination", **words).lan_category == category


def test_primary_care_first_on_simulated_claims() -> None:
    """Every amount worked anew from the simulated claims, without the payment model."""
    made = plan(program="primary_care_first", track="group_1", **PRACTICE, practice_visit_share=0.3,
                measures={"stays": {"threshold": 0.5, "benchmark": 0.1}})  # fmt: skip
    seen = simulate(made)
    settlement = settle(made, seen)
    year = seen.isel(year=-1)
    physician = year.sel(service="physician").sum("segment")
    exposure = year["person_years"].sum("segment")
    stays = year["claims"].sel(service="inpatient").sum("segment") / exposure
    paid = 28.0 * 12.0 * exposure + 40.82 * 0.3 * physician["claims"]
    score = np.clip((0.5 - stays) / 0.4, 0.0, 1.0)
    net = paid * (1.0 + 0.6 * score - 0.1) - 0.1 * physician["cost"]
    np.testing.assert_allclose(settlement["net_to_provider"][:, 0, 0], net)
    np.testing.assert_allclose(settlement["net_to_party"].sum("party"), 0.0, atol=0.01)


def test_words_of_pay_for_performance() -> None:
    terms = performance(
        model="pay_for_performance", base_payments=1e6, rates={3: 0.05, 2: 0.03}, full_score=3,
        withhold=0.02, minimum_score=1,
        measures={
            "visits": {"weight": 2.0, "bonus": 5_000},
            "screening": {"threshold": 0.6, "minimum_cases": 30, "must_pass": True},
            "readmissions": {"threshold": 0.2, "benchmark": 0.1, "baseline": 0.22},
        },
        points={"top": 10, "slope": 9, "offset": 0.5, "most": 9, "rounded": True},
    )  # fmt: skip
    visits, screening, stays = terms.measures
    # The measure's own threshold, benchmark and direction, unless the contract differs.
    assert (visits.threshold, visits.benchmark, visits.lower_is_better) == (0.6, 0.3, True)
    assert (visits.weight, visits.bonus, visits.domain) == (2.0, 5_000, "quality")
    assert (screening.threshold, screening.benchmark, screening.must_pass) == (0.6, 0.6, True)
    assert (stays.baseline, stays.lower_is_better) == (0.22, True)
    assert terms.pieces == ((3, 3, 0.05, 0.05), (2, 3, 0.03, 0.03), (0, 2, 0.0, 0.0))
    assert terms.scale == Scale(10, 9, 0.5, most=9, rounded=True)
    assert (terms.score_divisor, terms.exchange_slope, terms.revenue) == (3, 1.0, 1e6)


def test_pay_for_performance_on_simulated_claims() -> None:
    """Bonus of up to 4 % of 35 % of physician claims by emergency visits; a gate on screening."""
    made = plan(
        model="pay_for_performance", basket=["physician"], basket_share=0.35,
        rates=[[0, 100, -0.01, 0.04]],
        measures={"visits": {}, "screening": {"threshold": 0.7, "weight": 0.0, "must_pass": True}},
    )  # fmt: skip
    assert made.contracts[0].lan_category == "2C"
    seen = simulate(made)
    year = seen.isel(year=-1)
    exposure = year["person_years"].sum("segment")
    visits = year["claims"].sel(service="ed").sum("segment") / exposure
    rate = 0.05 * np.clip((0.6 - visits) / 0.3, 0.0, 1.0) - 0.01
    passed = year["measure_rate"].sel(quality_measure="screening") >= 0.7
    rate = np.where(passed, rate, np.minimum(rate, 0.0))
    net = rate * 0.35 * year["cost"].sel(service="physician").sum("segment")
    found = settle(made, seen)
    np.testing.assert_allclose(found["net_to_provider"][:, 0, 0], net)
    assert 0 < int(passed.sum()) < passed.size


def test_hospital_vbp_measure_by_measure() -> None:
    words = {"program": "hospital_vbp", "track": "hospital", "performance_year": 2026,
             "base_payments": 1e6, "exchange_slope": 2.5}  # fmt: skip
    terms = performance(
        **words,
        measures={
            "readmissions": {"domain": "clinical_outcomes", "threshold": 0.2, "benchmark": 0.1},
            "screening": {"domain": "safety", "threshold": 0.6, "benchmark": 0.9},
        },
        domains={"efficiency": {"score": 0.5}},
    )
    assert terms.domains == (
        Domain("clinical_outcomes", 0.25), Domain("safety", 0.25), Domain("efficiency", 0.25, 0.5),
    )  # fmt: skip
    assert terms.scale == Scale(10, 9, 0.5, 10, -0.5, 9, rounded=True)
    assert (terms.minimum_domains, terms.withhold_rate, terms.score_divisor) == (3, 0.02, 110)
    # Without measures the entity's score decides, as before.
    plain = performance(**words)
    assert (plain.measures, plain.domains, plain.minimum_domains) == (
        (),
        (Domain("quality", 1),),
        1,
    )


def test_mips_by_category() -> None:
    """Weights 50, 0, 20 and 30 of the APM pathway (V); quality without measures is the entity's."""
    terms = performance(
        program="mips", track="clinician", performance_year=2026, base_payments=1e6,
        scaling_factor=0.5,
        domains={"quality": {}, "improvement_activities": {"score": 1.0},
                 "promoting_interoperability": {"score": 0.9}},
    )  # fmt: skip
    assert [(d.name, d.weight, d.score) for d in terms.domains] == [
        ("quality", 0.5, None),
        ("improvement_activities", 0.2, 1.0),
        ("promoting_interoperability", 0.3, 0.9),
    ]
    assert terms.pieces[-1] == (75, 100, 0, 0.045)


def test_a_warning_where_quality_stands_for_hospital_use() -> None:
    made = plan(program="primary_care_first", track="group_1", **PRACTICE)
    assert any("no measures are stated" in text for text in made.warnings)
