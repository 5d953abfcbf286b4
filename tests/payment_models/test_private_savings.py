"""Private shared savings: worked examples, each with its kind, and the edges of every clause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.payment_models.cases.shared_savings import EXCESS, PRIVATE, TIERS, TWO_SIDED
from vbsim.payment_models import shared_savings
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.clauses import Target
from vbsim.payment_models.shared_savings import Terms
from vbsim.vocabulary import PARTIES, PAYER, PROVIDER, VENDOR

PLAIN = replace(
    TWO_SIDED,
    minimum_savings_rate=0.0,
    minimum_loss_rate=0.0,
    sharing_rate=0.5,
    minimum_quality=0.0,
    payment_limit=1.0,
    loss_rate_minimum=0.5,
    loss_rate_maximum=0.5,
    loss_rate_quality_slope=0.0,
    loss_limit_benchmark=1.0,
    sequestration=0.0,
)


def settled(
    terms: Terms, gap: Any, benchmark: float = 1000.0, quality: float = 1.0, **facts: Any
) -> Statement:
    """Settle savings (or losses, negative) against a benchmark."""
    gap = np.atleast_1d(np.asarray(gap, dtype=float))
    ones, cost = np.ones_like(gap), benchmark - gap
    year = ContractYear(cost, cost, benchmark * ones, ones, quality * ones, 0.0 * ones)
    return shared_savings.settle(None, replace(year, **facts), terms)[1]


FOURTEEN = tuple(Target(f"measure_{n}", 0.5) for n in range(1, 15))
# OFFICIAL: PACCI Northeast, JAMA Internal Medicine 2015, table 3.
PACCI = replace(
    PLAIN,
    two_sided=False,
    measures=FOURTEEN,
    sharing_tiers=((14, 0.50), (12, 0.47), (10, 0.44), (9, 0.41)),
    fees_per_member_year=3.0,
)


def met(count: int) -> dict[str, Any]:
    """Facts of 10,000 patients of whom so many of fourteen measures were met."""
    return {
        "measures": np.array([[0.6] * count + [0.4] * (14 - count)]),
        "person_years": np.array([10_000.0]),
    }


@pytest.mark.parametrize(
    ("count", "share"),
    [(14, 0.50), (13, 0.47), (12, 0.47), (11, 0.44), (10, 0.44), (9, 0.41), (8, 0.0), (0, 0.0)],
)
def test_share_by_the_number_of_measures_met(count: int, share: float) -> None:
    # OFFICIAL table; the payment DERIVED: savings $1,000,000, less $1.50 and $1.50 for each of
    # 10,000 patients. It does not prove that fees beyond the payment are kept: the table does not
    # say, and no fee is paid back here.
    found = settled(PACCI, 1e6, 10e6, **met(count))
    paid = max(share * 1e6 - 30_000.0, 0.0)
    assert found.facts["measures_met"] == count
    assert found.facts["sharing_rate"] == share
    assert found.facts["shared_savings"] == pytest.approx(paid)
    # The fees themselves were paid during the year.
    assert found.net == pytest.approx(paid + 30_000.0)
    assert found.net_to(PAYER) == pytest.approx(-9e6 - paid - 30_000.0)


def test_worked_example_of_eleven_measures() -> None:
    # DERIVED (F3): 440,000 - 30,000
    assert settled(PACCI, 1e6, 10e6, **met(11)).facts["shared_savings"] == pytest.approx(410_000.0)


def test_a_measure_where_less_is_better_is_met_at_its_threshold() -> None:
    target = Target("readmission", 0.15, lower_is_better=True)
    np.testing.assert_array_equal(target.met(np.array([0.10, 0.15, 0.16, np.nan])), [1, 1, 0, 0])
    np.testing.assert_array_equal(Target("a", 0.7).met(np.array([0.7, 0.69, np.nan])), [1, 0, 0])
    rates = np.array([[0.7, 0.15, 0.2], [0.7, 0.16, 0.2], [0.9, 0.1, 0.5]])
    found = settled(TIERS, [100.0, 100.0, 100.0], measures=rates, person_years=np.zeros(3))
    np.testing.assert_allclose(found.facts["sharing_rate"], [0.4, 0.0, 0.5])


@pytest.mark.parametrize(("gap", "first_dollar", "excess"), [
    # INDUSTRY (axenehp.com): 1 % of 500.00 PMPM, half, 125,000 member months; inclusive gate. What
    # the excess alone would pay is DERIVED: nothing of a gap of exactly the minimum.
    (4.50, 0.0, 0.0), (4.99, 0.0, 0.0), (5.00, 312_500.0, 0.0), (6.00, 375_000.0, 62_500.0),
    (-4.99, 0.0, 0.0), (-5.00, -312_500.0, 0.0), (-6.00, -375_000.0, -62_500.0),
])  # fmt: skip
def test_first_dollar_or_excess(gap: float, first_dollar: float, excess: float) -> None:
    terms = replace(PLAIN, minimum_savings_rate=0.01, minimum_loss_rate=0.01)
    months = 125_000
    assert settled(terms, gap * months, 500.0 * months).net == pytest.approx(first_dollar)
    beyond = replace(terms, excess_only=True)
    assert settled(beyond, gap * months, 500.0 * months).net == pytest.approx(excess, abs=1e-6)


@given(st.floats(0.001, 0.2), st.floats(0.0, 1.0))
def test_first_dollar_jumps_exactly_at_the_gate_and_excess_never(rate: float, part: float) -> None:
    terms = replace(PLAIN, minimum_savings_rate=rate, minimum_loss_rate=rate, sharing_rate=part)
    edge = rate * 1000.0
    gaps = np.array([edge * (1 - 1e-9), edge, edge * (1 + 1e-9)])
    np.testing.assert_allclose(
        settled(terms, gaps).net, [0.0, part * edge, part * edge], rtol=1e-8, atol=1e-9
    )
    np.testing.assert_allclose(
        settled(terms, -gaps).net, [0, -edge / 2, -edge / 2], rtol=1e-8, atol=1e-9
    )
    beyond = replace(terms, excess_only=True)
    net = settled(beyond, np.linspace(-300.0, 300.0, 2_001)).net
    assert np.all(np.diff(net) >= -1e-9)
    assert np.all(np.diff(net) <= 0.3 + 1e-9)  # never more than the savings themselves


def test_different_gates_for_savings_and_losses() -> None:
    terms = replace(PLAIN, minimum_savings_rate=0.01, minimum_loss_rate=0.03)
    np.testing.assert_allclose(settled(terms, [10.0, -10.0, -30.0]).net, [5.0, 0.0, -15.0])


def test_quality_multiplier_has_a_floor() -> None:
    # PRIVATE: 75 % times max(quality, 0.5), nothing below a score of 0.3
    for quality, share in ((1.0, 0.75), (0.8, 0.6), (0.5, 0.375), (0.4, 0.375), (0.29, 0.0)):
        found = settled(PRIVATE, 100.0, quality=quality)
        assert found.facts["sharing_rate"] == pytest.approx(share)
    # The gate on the score is inclusive.
    assert settled(PRIVATE, 100.0, quality=0.3).facts["sharing_rate"] == pytest.approx(0.375)


def test_payment_floor_needs_savings_that_count() -> None:
    terms = replace(PLAIN, minimum_savings_rate=0.01, payment_floor=0.02, payment_limit=0.05)
    # Savings of 10 would earn 5; the floor is 20, the limit 50.
    found = settled(terms, [9.9, 10.0, 60.0, 200.0])
    np.testing.assert_allclose(found.facts["shared_savings"], [0.0, 20.0, 30.0, 50.0])
    assert settled(replace(terms, sharing_rate=0.0), 60.0).net == 0.0


def test_caps_in_dollars_and_shares() -> None:
    terms = replace(PLAIN, payment_limit=0.10, loss_limit_benchmark=0.05, loss_limit_amount=40.0)
    np.testing.assert_allclose(settled(terms, [300.0, -300.0]).net, [100.0, -40.0])
    assert settled(replace(terms, loss_limit_amount=np.inf), -300.0).net == pytest.approx(-50.0)


@pytest.mark.parametrize(("cap", "owed"), [(0.03, 1.5e6), (0.05, 2.0e6)])
def test_new_york_level_2(cap: float, owed: float) -> None:
    # DERIVED (E): target $50M, cost $54M, half; cap 3 % in the first year, 5 % later. It does not
    # prove the minima, nor that the cap is of the target budget.
    terms = replace(PLAIN, loss_limit_benchmark=cap)
    assert settled(terms, -4e6, 50e6).net == pytest.approx(-owed)
    assert settled(replace(terms, two_sided=False), -4e6, 50e6).net == 0.0


def test_a_social_needs_intervention_is_paid_to_a_vendor() -> None:
    terms = replace(PLAIN, social_needs_pmpm=2.0)
    found = settled(terms, 100.0, person_years=np.array([10.0]))
    assert found.net == pytest.approx(50.0 - 2.0 * 120.0)
    assert found.net_to(VENDOR) == pytest.approx(240.0)
    assert found.net_to(PROVIDER) == pytest.approx(found.net)
    assert sum(found.net_to(party) for party in PARTIES) == pytest.approx(0.0, abs=1e-9)


def test_a_statement_asks_for_nothing_that_the_contract_does_not_use() -> None:
    plain = settled(replace(PLAIN, two_sided=False), 100.0).lines
    assert not {"minimum_loss_rate", "loss_limit_rate", "quality_standard_met", "relief"} & {*plain}
    assert plain["sharing_rate"].formula == "full_sharing_rate"
    assert settled(EXCESS, 100.0).lines["savings_counted"].formula == (
        "max(gross_savings - minimum_savings_rate * benchmark, 0)"
    )
