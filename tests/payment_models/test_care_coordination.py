"""Care coordination against worked examples and by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.payment_models.cases.care_coordination import FEES, PRIMARY_CARE, TERMS
from vbsim.payment_models import care_coordination_terms
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.care_coordination import Terms, Tier, settle
from vbsim.payment_models.scoring import Domain, Measure
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, VENDOR


def settled(terms: Terms, quality: list[float], members: float = 1000.0, **facts: Any) -> Statement:
    """Settle realizations that differ in their quality score alone; claims cost 10 M."""
    ones = np.ones(len(quality))
    cost = 10e6 * ones
    year = ContractYear(
        cost, cost, np.nan * ones, members * ones, np.array(quality), ones,
        **{name: np.asarray(value) * ones for name, value in facts.items()},
    )  # fmt: skip
    return settle(None, year, terms)[1]


def test_primary_care_first() -> None:
    """F4, ranges V2, vectors DERIVED: 28 * 500 * 12 + 40 * 1,500 = 228,000; 342,000 and 205,200.

    It does not prove what lies between the ends of the adjustment (a straight line here, which is
    0 at a sixth of the points), nor the geographic adjustment or the reduction for leakage.
    """
    terms = Terms(
        population_pmpm=28.0, visit_fee=40.0, replaced_share=1.0, pieces=((0.0, 100.0, -0.1, 0.5),)
    )
    facts = {"basket_claims": 1500.0, "basket_cost": 190_000.0}
    found = settled(terms, [1.0, 0.0, 1.0 / 6.0], members=500.0, **facts)
    payment = found.lines["primary_care_payment"].value
    np.testing.assert_allclose(payment, 228_000.0)
    paid = payment + found.steps["performance_adjustment"]
    np.testing.assert_allclose(paid, [342_000.0, 205_200.0, 228_000.0])
    # Against what fee-for-service would have paid, which the practice gives up.
    np.testing.assert_allclose(found.net, paid - 190_000.0)
    np.testing.assert_allclose(found.net_to(PAYER), -(10e6 - 190_000.0) - paid)
    np.testing.assert_allclose(found.net_to(DOWNSTREAM), 10e6)


def test_incentive_paid_ahead_and_clawed_back() -> None:
    """CPC+ track 1, tiers and incentive V2, vectors DERIVED.

    1,000 members, a quarter in each tier: (6 + 8 + 16 + 30) / 4 = 15 a month, 180,000 a year, the
    published average. Incentive 2.50 * 12,000 = 30,000, of which a score of 60 keeps 18,000. It
    does not prove that the program keeps in proportion to a score.
    """
    fees = zip(("tier_1", "tier_2", "tier_3", "tier_4"), (6.0, 8.0, 16.0, 30.0), strict=True)
    tiers = tuple(Tier(name, fee, (0.25,)) for name, fee in fees)
    found = settled(Terms(tiers=tiers, incentive_pmpm=2.5), [0.6, 1.0, 0.0])
    np.testing.assert_allclose(found.steps["care_coordination_fee"], 180_000.0)
    np.testing.assert_allclose(found.steps["incentive_prepaid"], 30_000.0)
    np.testing.assert_allclose(found.steps["clawed_back"], [-12_000.0, 0.0, -30_000.0], atol=1e-6)
    np.testing.assert_allclose(found.net, [198_000.0, 210_000.0, 180_000.0])


def test_a_fee_of_which_a_part_is_clawed_back() -> None:
    """INDUSTRY (Oracle Health Insurance, capitation scenario 4): a fee paid by the month, of which
    85 % is kept if readmissions miss their threshold. Amounts DERIVED: 10 * 12,000 = 120,000.

    Two wordings of it: all of the fee at risk and 85 % kept, or 15 % at risk and nothing kept.
    """
    readmissions = Measure("readmissions", "quality", 0.15, 0.15, lower_is_better=True)
    terms = Terms(tiers=(Tier("fee", 10.0),), measures=(readmissions,))
    steps = ((100.0, 100.0, 1.0, 1.0), (0.0, 100.0, 0.85, 0.85))
    whole = replace(terms, fee_at_risk=1.0, kept=steps)
    part = replace(terms, fee_at_risk=0.15)
    rates = {"measures": [[0.15], [0.1501]], "eligible": [[200.0], [200.0]]}
    ones = np.ones(2)
    year = ContractYear(
        10e6 * ones, 10e6 * ones, ones, 1000.0 * ones, ones, ones,
        **{name: np.array(value) for name, value in rates.items()},
    )  # fmt: skip
    for worded in (whole, part):
        found = settle(None, year, worded)[1]
        np.testing.assert_allclose(found.net, [120_000.0, 102_000.0])


def test_segments_enroll_to_a_different_extent() -> None:
    """Aged: 0.3 of 100 person-years, 360 months; disabled: 0.9 of 50, 540 months.

    Low tier 0.5 * 360 = 180 months at 6; high tier 0.5 * 360 + 0.75 * 540 = 585 months at 30:
    1,080 + 17,550 = 18,630. A quarter of the disabled are in no tier. Service 9 * 900 = 8,100,
    and 95,000 a year.
    """
    terms = replace(FEES, measures=(), domains=(Domain("quality", 1.0),), incentive_pmpm=0.0,
                    fee_at_risk=0.0)  # fmt: skip
    found = settled(terms, [1.0], members=150.0, segment_person_years=[[100.0, 50.0]])
    lines = found.lines
    assert lines["aged_enrolled_months"].value == pytest.approx(360.0)
    assert lines["disabled_enrolled_months"].value == pytest.approx(540.0)
    assert lines["enrolled_months"].value == pytest.approx(900.0)
    assert lines["high_months"].value == pytest.approx(585.0)
    assert (
        lines["high_months"].formula
        == "0.5 * aged_enrolled_months + 0.75 * disabled_enrolled_months"
    )
    assert found.steps["care_coordination_fee"] == pytest.approx(18_630.0)
    assert found.net[0] == pytest.approx(18_630.0 - 8_100.0 - 95_000.0)
    assert found.net_to(VENDOR)[0] == pytest.approx(103_100.0)


def test_half_of_the_claims_is_replaced() -> None:
    """Own claims 0.3 * 2 M = 600,000, half replaced by 30 * 12,000 = 360,000.

    A full score adds 45 % of what is paid for primary care, in whatever way: 0.45 * (360,000 +
    300,000) = 297,000.
    """
    terms = Terms(
        population_pmpm=30.0, cost_share=0.3, replaced_share=0.5, pieces=((0.0, 100.0, 0.0, 0.45),)
    )
    found = settled(terms, [1.0, 0.0], basket_cost=2e6)
    np.testing.assert_allclose(found.steps["claims_replaced"], -300_000.0)
    np.testing.assert_allclose(found.steps["performance_adjustment"], [297_000.0, 0.0])
    np.testing.assert_allclose(found.net, [357_000.0, 60_000.0])
    claims = sum(t.amount for t in found.transfers if t.source == PAYER and t.what == "claims")
    np.testing.assert_allclose(claims, 9.7e6)


def test_a_missed_gate_keeps_nothing_and_holds_the_adjustment_down() -> None:
    """Gate at 25 points: at 20 points the table's -0.06 falls to -0.1; of the incentive nothing."""
    terms = Terms(
        population_pmpm=10.0,
        replaced_share=1.0,
        pieces=((0.0, 50.0, -0.1, 0.0), (50.0, 100.0, 0.0, 0.5)),
        minimum_score=25.0,
        missed_rate=-0.1,
        incentive_pmpm=1.0,
    )
    found = settled(terms, [0.2, 0.25, 1.0], basket_cost=0.0)
    np.testing.assert_allclose(found.steps["performance_adjustment"], [-12e3, -6e3, 60e3])
    np.testing.assert_allclose(found.steps["clawed_back"], [-12e3, -9e3, 0.0], atol=1e-9)
    # Without a stated rate the gate takes away gains alone.
    softer = settled(replace(terms, missed_rate=0.0), [0.2], basket_cost=0.0)
    np.testing.assert_allclose(softer.steps["performance_adjustment"], -7_200.0)


def test_an_advance_is_kept_or_repaid() -> None:
    """ACO PC Flex, advance V2: 250,000 that shared savings repay leave nothing; a grant stays."""
    loan = settled(Terms(advance=250_000.0, advance_repaid=1.0), [1.0])
    assert (loan.steps["advance_payment"][0], loan.net[0]) == (250_000.0, 0.0)
    assert settled(Terms(advance=145_000.0), [1.0]).net[0] == 145_000.0


def test_visits_are_not_asked_for_without_a_fee() -> None:
    """Number of claims is missing where a contract has no basket."""
    plain = replace(PRIMARY_CARE, visit_fee=0.0)
    found = settled(plain, [0.5], basket_cost=1e6, basket_claims=np.nan)
    assert np.isfinite(found.net[0])


def test_no_contract_has_lines_that_names_might_overwrite() -> None:
    """Every line that is not made from a name is among those that names may not take."""
    numbers = np.random.default_rng(1)
    year = ContractYear(
        *(numbers.random(2) for _ in range(6)),
        segment_person_years=numbers.random((2, 2)), basket_cost=numbers.random(2),
        basket_claims=numbers.random(2), measures=numbers.random((2, 3)),
        eligible=100.0 * numbers.random((2, 3)),
    )  # fmt: skip
    for terms in TERMS:
        names = [*terms.segments, *(part.name for part in (*terms.tiers, *terms.measures))]
        made = tuple(f"{name}_" for name in [*names, *(d.name + "_domain" for d in terms.domains)])
        own = {line for line in settle(None, year, terms)[1].lines if not line.startswith(made)}
        assert own <= set(care_coordination_terms._OWN)


def test_the_provider_is_named_in_every_flow_but_the_claims() -> None:
    found = settled(PRIMARY_CARE, [0.7], basket_cost=1e6, basket_claims=10.0)
    for transfer in found.transfers:
        assert PROVIDER in (transfer.source, transfer.target) or transfer.what == "claims"
