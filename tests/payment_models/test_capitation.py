"""Capitation and managed-care plans, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.payment_models.cases.managed_care import FLOOR, MICHIGAN, TWO_SIDED
from vbsim import rulebook
from vbsim.payment_models import capitation, managed_care
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.per_member import Cell, Withhold
from vbsim.vocabulary import DOWNSTREAM, PARTIES, PAYER, PROVIDER, PURCHASER, VENDOR

MILLION = 1e6
RULES = rulebook.read("rules", "medicaid_managed_care")


def a_year(cost: list[float], basket: float = 0.0, person_years: float = 10.0) -> ContractYear:
    """Years that differ in claims, of two segments with 60 and 40 % of the exposure."""
    size = len(cost)
    whole = np.full(size, person_years)
    return ContractYear(
        np.array(cost),
        np.array(cost),
        np.full(size, np.nan),
        whole,
        quality_score=np.full(size, 0.8),
        quality_standard_met=np.ones(size),
        segment_person_years=np.stack([0.6 * whole, 0.4 * whole], axis=1),
        basket_cost=np.full(size, basket),
    )


def capitated(terms: capitation.Terms, year: ContractYear) -> Statement:
    return capitation.settle(None, year, terms)[1]


def balanced(statement: Statement) -> None:
    ledger = sum(statement.net_to(party) for party in PARTIES)
    np.testing.assert_allclose(ledger, 0.0, atol=1e-6)
    np.testing.assert_allclose(statement.net_to(statement.party), statement.net, atol=1e-6)


def test_rate_cells_and_risk_scores() -> None:
    """72 and 48 member months at 200 and 500 * 1.1: 14,400 + 26,400 = 40,800; claims 30,000."""
    cells = (Cell("child", 200.0), Cell("adult", 500.0, risk_score=1.1))
    found = capitated(capitation.Terms(cells), a_year([30_000.0]))
    assert found.steps["capitation"][0] == pytest.approx(40_800.0)
    assert found.net[0] == pytest.approx(10_800.0)
    assert found.facts["member_months_adult"][0] == pytest.approx(48.0)
    balanced(found)


def test_partial_capitation_leaves_the_rest_to_the_payer() -> None:
    """120 months at 50 are 6,000; the basket costs 5,500 of 90,000 and the payer pays 84,500."""
    found = capitated(capitation.Terms(50.0, partial=True), a_year([90_000.0], basket=5_500.0))
    assert found.net[0] == pytest.approx(500.0)
    assert found.net_to(PAYER)[0] == pytest.approx(-6_000.0 - 84_500.0)
    assert found.net_to(DOWNSTREAM)[0] == pytest.approx(90_000.0)
    balanced(found)


@pytest.mark.parametrize(
    ("terms", "back"),
    [
        (Withhold(0.05), 0.8),  # the score is the part earned back
        (Withhold(0.05, minimum_quality=0.8), 0.8),  # inclusively
        (Withhold(0.05, minimum_quality=0.81), 0.0),
        (Withhold(0.05, scaled=False), 1.0),  # the year's standard is met
        (Withhold(0.05, scaled=False, minimum_quality=0.75), 1.0),
        (Withhold(0.05, scaled=False, minimum_quality=0.9), 0.0),
    ],
    ids=str,
)
def test_withhold(terms: Withhold, back: float) -> None:
    """120 months at 1,000 are 120,000, of which 6,000 are withheld."""
    found = capitated(capitation.Terms(1_000.0, withhold=terms), a_year([100_000.0]))
    assert found.steps["withhold"][0] == pytest.approx(-6_000.0)
    assert found.steps["withhold_earned_back"][0] == pytest.approx(6_000.0 * back)
    assert found.net[0] == pytest.approx(14_000.0 + 6_000.0 * back)
    balanced(found)


def test_a_missed_standard_earns_nothing_back() -> None:
    year = replace(a_year([100_000.0]), quality_standard_met=np.zeros(1))
    found = capitated(capitation.Terms(1_000.0, withhold=Withhold(0.05, scaled=False)), year)
    assert found.steps["withhold_earned_back"][0] == 0.0


def test_social_needs_intervention_is_the_providers_cost() -> None:
    """120 months at 2.50 are 300, paid to whoever delivers it."""
    found = capitated(capitation.Terms(1_000.0, social_needs_pmpm=2.5), a_year([100_000.0]))
    assert found.net[0] == pytest.approx(20_000.0 - 300.0)
    assert found.net_to(VENDOR)[0] == pytest.approx(300.0)
    balanced(found)


def plan_of(
    spent: list[float], terms: managed_care.Terms, member_months: float = 1.2e6
) -> Statement:
    """A plan with a revenue of 100 million, claims as given [USD million]."""
    year = a_year([x * MILLION for x in spent], person_years=member_months / 12.0)
    rate = 100.0 * MILLION / member_months
    return managed_care.settle(None, year, replace(terms, premium=rate))[1]


def in_force(name: str, track: str) -> tuple[tuple[float, float], ...]:
    return tuple((a, b) for a, b in RULES.figure(name, 2024, track).value)


def test_risk_corridor_of_michigan() -> None:
    """CONTRACT (D2): all of 95-100 % kept, half of 90-95 %, the rest returned; amounts DERIVED.

    Revenue $100M: spending 97 keeps 3; 93 keeps 5 + 1 and returns 1; 88 keeps 7.5, returns 4.5.
    Overspending is the plan's: what Michigan shares of it was not found.
    """
    terms = managed_care.Terms(0.0, corridor=in_force("corridor", "michigan_pihp"))
    found = plan_of([97.0, 93.0, 88.0, 104.0], terms)
    np.testing.assert_allclose(found.net / MILLION, [3.0, 6.0, 7.5, -4.0], atol=1e-9)
    returned = -found.steps["risk_corridor"] / MILLION
    np.testing.assert_allclose(returned, [0.0, 1.0, 4.5, 0.0], atol=1e-9)
    balanced(found)


def test_administration_is_spending_in_a_corridor_unless_it_is_of_medical_spending() -> None:
    """Claims 85 and administration 8 of 100: 7 unspent keep 5 + 1.

    Of medical spending alone, 7 are unspent against a target of 92 %; 5, all kept, against 90 %.
    """
    bands = in_force("corridor", "michigan_pihp")
    terms = managed_care.Terms(0.0, administration=0.08, corridor=bands)
    medical = replace(terms, corridor_of_medical_spending=True)
    for shown, kept in (
        (terms, 6.0),
        (replace(medical, corridor_target=0.92), 6.0),
        (replace(medical, corridor_target=0.90), 5.0),
    ):
        found = plan_of([85.0], shown)
        assert found.facts["unspent_kept"][0] / MILLION == pytest.approx(kept)
        balanced(found)


def test_overspending_is_shared_where_the_corridor_says_so() -> None:
    """Spending 107 of 100: all of the first 5, half of the next 2: the plan bears 6, gets 1."""
    bands = in_force("corridor", "michigan_pihp")
    found = plan_of([107.0], managed_care.Terms(0.0, corridor=bands, loss_corridor=bands))
    assert found.net[0] / MILLION == pytest.approx(-6.0)
    assert found.net_to(PURCHASER)[0] / MILLION == pytest.approx(-101.0)


def test_remittance_of_florida() -> None:
    """CONTRACT (D3, Florida Healthy Kids): below 85 % all of the difference is returned.

    Net premium $100M, claims 82: 3 returned (amount DERIVED). At 85 exactly, and above, nothing.
    """
    florida = {n: RULES.figure(n, 2024, "florida_healthy_kids").value for n in (
        "minimum_medical_loss_ratio", "remittance_share")}  # fmt: skip
    found = plan_of([82.0, 85.0, 90.0], managed_care.Terms(0.0, **florida))
    np.testing.assert_allclose(found.steps["remittance"] / MILLION, [-3.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found.net / MILLION, [15.0, 15.0, 10.0], atol=1e-9)
    balanced(found)


def test_quality_improvement_counts_as_claims_and_taxes_leave_the_base() -> None:
    """Premium 100, taxes 4, claims 78, quality 2: 80 / 96 = 83.33 %, so 0.85 * 96 - 80 = 1.6."""
    terms = managed_care.Terms(
        0.0, quality_improvement=0.02, taxes_and_fees=0.04, minimum_medical_loss_ratio=0.85
    )
    found = plan_of([78.0], terms)
    assert found.facts["medical_loss_ratio"][0] == pytest.approx(80.0 / 96.0)
    assert found.steps["remittance"][0] / MILLION == pytest.approx(-1.6)
    # The state has taxes and remittance back; quality improvement is bought.
    assert found.net_to(PURCHASER)[0] / MILLION == pytest.approx(-100.0 + 4.0 + 1.6)
    assert found.net_to(VENDOR)[0] / MILLION == pytest.approx(2.0)
    balanced(found)


def test_credibility_is_added_before_the_remittance() -> None:
    """DERIVED (D3): claims 82 of 100, credibility 1.0 point: 85 - 83 = 2 are returned.

    380,000 member months are the last line of the federal table, 1.0 %. It does not prove the table
    (UNVERIFIED). One month more is fully credible: 3. Half way from 192,000 (1.5 %) to 380,000 it
    is 1.25 %: 1.75. With fewer than 5,400 months there is no test.
    """
    terms = managed_care.Terms(
        0.0, minimum_medical_loss_ratio=0.85, credibility=in_force("credibility", "federal")
    )
    cases = [(380_000.0, 2.0), (380_001.0, 3.0), (286_000.0, 1.75), (5_400.0, 0.0), (5_399.0, 0.0)]
    for months, returned in cases:
        found = plan_of([82.0], terms, months)
        assert -found.steps["remittance"][0] / MILLION == pytest.approx(returned), months
    assert plan_of([70.0], terms, 5_399.0).steps["remittance"][0] == 0.0
    # At 5,400 months 8.4 points are added: 85 - 70 - 8.4 = 6.6.
    assert -plan_of([70.0], terms, 5_400.0).steps["remittance"][0] / MILLION == pytest.approx(6.6)


def test_the_corridor_comes_before_the_loss_ratio() -> None:
    """Claims 80 of 100 under Michigan's bands: 20 unspent keep 7.5 and return 12.5.

    The ratio is then 80 / 87.5 = 91.4 %, above 85 %: nothing more is returned.
    """
    terms = managed_care.Terms(
        0.0, corridor=in_force("corridor", "michigan_pihp"), minimum_medical_loss_ratio=0.85
    )
    found = plan_of([80.0], terms)
    assert found.facts["medical_loss_ratio"][0] == pytest.approx(80.0 / 87.5)
    assert found.steps["remittance"][0] == 0.0
    assert found.net[0] / MILLION == pytest.approx(7.5)


SHARED = [
    replace(MICHIGAN, loss_corridor=((0.0, 1.0), (0.05, 0.5))),
    replace(FLOOR, credibility=()),
    # Both at once may pay for claims: what a corridor no longer takes enters the ratio as revenue.
    replace(TWO_SIDED, minimum_medical_loss_ratio=0.0),
]


@settings(max_examples=300, deadline=None)
@given(st.floats(0.0, 150.0), st.floats(0.0, 10.0))
def test_a_plan_never_gains_by_claims_and_never_loses_more_than_they_are(
    spent: float, more: float
) -> None:
    """No cliff: corridors and remittances are continuous in the claims."""
    for terms in SHARED:
        net = plan_of([spent, spent + more], terms).net / MILLION
        assert -1e-9 <= net[0] - net[1] <= more + 1e-9


def test_two_tiers_of_parties() -> None:
    """Purchaser to plan 48,000 (120 months at 400); plan to groups 3,600 (at 30), who pay 3,000.

    Claims of all services are 40,000, so 37,000 stay with the plan: 48,000 - 3,600 - 37,000.
    """
    terms = managed_care.Terms(400.0, sub_capitation=30.0)
    found = managed_care.settle(None, a_year([40_000.0], basket=3_000.0), terms)[1]
    expected = {PURCHASER: -48_000.0, PAYER: 7_400.0, PROVIDER: 600.0, DOWNSTREAM: 40_000.0}
    for party, amount in expected.items():
        assert found.net_to(party)[0] == pytest.approx(amount), party
    assert found.party == PAYER
    assert found.net[0] == pytest.approx(7_400.0)
    balanced(found)


def test_withhold_of_premium_is_revenue_only_when_earned() -> None:
    """Premium 100, 2 withheld, 80 % of it earned back: 99.6; claims 84 are 84.34 % of it."""
    terms = managed_care.Terms(0.0, withhold=Withhold(0.02), minimum_medical_loss_ratio=0.85)
    found = plan_of([84.0], terms)
    assert found.facts["revenue"][0] / MILLION == pytest.approx(99.6)
    assert found.steps["remittance"][0] / MILLION == pytest.approx(84.0 - 0.85 * 99.6)
    balanced(found)
