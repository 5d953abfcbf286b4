"""Shared savings: worked examples, each with its kind, and what must hold in every settlement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbsim import rulebook
from vbsim.errors import ParameterError
from vbsim.payment_models import clauses, shared_savings
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.shared_savings_terms import PROGRAM_TERMS
from vbsim.vocabulary import PARTIES

BOOK = rulebook.read("rules", "mssp")
APART = {"two_sided", "minimum_savings_rate", "minimum_loss_rate", "loss_limit_amount"}


def terms(track: str, year: int, minimum: float = 0.0, **changes: float) -> shared_savings.Terms:
    names = [name for name in PROGRAM_TERMS if name not in APART]
    values = {n: f.value for n, f in BOOK.by_name(names, year, track).items()}
    values |= {"two_sided": BOOK.figure("sided", year, track).value == 2, "reduced_sharing": 0.0}
    values |= {"minimum_savings_rate": minimum, "minimum_loss_rate": minimum}
    return shared_savings.Terms(**{**values, "loss_limit_amount": np.inf, **changes})


def settled(
    benchmark: float,
    expenditure: float,
    contract: shared_savings.Terms,
    quality: float = 1.0,
    met: float = 1.0,
    **facts: float,
) -> Statement:
    cost, one = np.array([expenditure]), np.ones(1)
    more = {name: np.array([value]) for name, value in facts.items()}
    year = ContractYear(cost, cost, benchmark * one, one, quality * one, met * one, **more)
    return shared_savings.settle(None, year, contract)[1]


def test_gate_is_inclusive_and_counts_from_the_first_dollar() -> None:
    # INDUSTRY (axenehp.com): target 500.00 PMPM, 125,000 member months, share 50 %, minimum 1 %
    contract = terms("basic_e", 2022, 0.01, sequestration=0.0)
    months = 125_000
    for actual, paid in ((495.50, 0.0), (495.00, 312_500.0), (495.01, 0.0)):
        assert settled(500.0 * months, actual * months, contract).net == pytest.approx(paid)
    without = terms("basic_e", 2022, 0.0, sequestration=0.0)
    assert settled(500.0 * months, 495.50 * months, without).net == pytest.approx(281_250)


@pytest.mark.parametrize(("track", "paid"), [("basic_b", 2_973_600), ("enhanced", 5_575_500)])
def test_largest_rates(track: str, paid: float) -> None:
    # INDUSTRY on OFFICIAL data: benchmark $177M, savings 4.2 %, standard met, before sequestration
    contract = terms(track, 2024, sequestration=0.0)
    assert settled(177e6, 177e6 * (1 - 0.042), contract, 0.8).net == pytest.approx(paid)


@pytest.mark.parametrize(
    ("quality", "rate"), [(0.80, 0.40), (0.7385, 0.446125), (0.60, 0.55), (0.40, 0.70)]
)
def test_enhanced_loss_rate(quality: float, rate: float) -> None:
    # DERIVED: 1 - 0.75 x quality within 40 and 75 %
    found = settled(100.0, 101.0, terms("enhanced", 2024), quality)
    assert found.net == pytest.approx(-rate)


def test_enhanced_loss_rate_without_either_standard() -> None:
    contract = terms("enhanced", 2024)
    assert settled(100.0, 101.0, contract, 0.8, met=0.0).net == pytest.approx(-0.75)
    # the alternative standard keeps the rate by quality
    found = settled(100.0, 101.0, contract, 0.8, met=0.0, alternative_standard_met=1.0)
    assert found.net == pytest.approx(-0.40)


def test_alternative_standard_scales_by_quality() -> None:
    # OFFICIAL data (CMS PY2024 PUF): ENHANCED, score 76.88 -> 57.66 %
    contract = terms("enhanced", 2024, sequestration=0.0)
    found = settled(100.0, 90.0, contract, 0.7688, met=0.0, alternative_standard_met=1.0)
    assert found.net == pytest.approx(5.766)
    assert settled(100.0, 90.0, contract, 0.7688, met=0.0).net == 0.0
    before = terms("enhanced", 2021)
    assert settled(100.0, 90.0, before, 0.7, met=0.0, alternative_standard_met=1.0).net == 0.0


def test_reduced_sharing_below_the_minimum() -> None:
    # OFFICIAL data (CMS PY2024 PUF): exactly 20 % (BASIC A) and 25 % (BASIC E)
    for track, rate in (("basic_a", 0.20), ("basic_e", 0.25)):
        part = BOOK.figure("reduced_sharing", 2024, track).value
        contract = terms(track, 2024, 0.03, sequestration=0.0, reduced_sharing=part)
        assert settled(100.0, 99.0, contract).net == pytest.approx(rate)
        assert settled(100.0, 96.0, contract).net == pytest.approx(2 * rate * 4.0)


def test_guardrail_bars_savings_and_leaves_losses() -> None:
    contract = terms("basic_e", 2024)
    assert settled(100.0, 95.0, contract, guardrail=1.0).net == 0.0
    assert settled(100.0, 110.0, contract, guardrail=1.0).net == pytest.approx(-3.0)


def test_forgiven_losses_come_after_the_limit_and_pay_nothing() -> None:
    contract = terms("basic_c", 2022)
    assert settled(100.0, 110.0, contract, losses_forgiven=0.4).net == pytest.approx(-0.6)
    assert settled(100.0, 110.0, contract, losses_forgiven=9.0).net == 0.0


@pytest.mark.parametrize(("track", "limit"), [("basic_c", 0.6), ("basic_d", 1.2), ("basic_e", 2.4)])
def test_revenue_based_loss_limit(track: str, limit: float) -> None:
    # DERIVED: benchmark $100M, participants' revenue $30M
    share = BOOK.figure("loss_limit_revenue", 2024, track).value
    contract = terms(track, 2024, loss_limit_amount=share * 30.0)
    assert settled(100.0, 120.0, contract).net == pytest.approx(-limit)


@pytest.mark.parametrize(
    ("heads", "rate"),
    [(500, 12.2), (4_999, 3.9), (5_000, 3.9), (5_999, 3.6), (6_000, 3.6), (7_500, 3.2999),
     (8_238, 3.1762), (13_151, 2.8109), (24_494, 2.4551), (49_999, 2.2), (55_000, 2.1),
     (60_000, 2.0)],
)  # fmt: skip
def test_minimum_savings_rate_by_size(heads: int, rate: float) -> None:
    # OFFICIAL at 7,500 (CMS-1345-P: 3.3 %), the rest DERIVED from the table
    table = BOOK.figure("minimum_savings_rate_table", 2024).value
    assert clauses.banded(table, heads) == pytest.approx(rate / 100.0, abs=1e-5)


@given(
    gap=st.floats(-60.0, 60.0),
    quality=st.floats(0.0, 1.0),
    met=st.sampled_from([0.0, 1.0]),
    track=st.sampled_from(["basic_a", "basic_c", "basic_e", "enhanced"]),
    forgiven=st.floats(0.0, 5.0),
)
def test_steps_and_ledger_add_up(
    gap: float, quality: float, met: float, track: str, forgiven: float
) -> None:
    contract = terms(track, 2024, 0.02, reduced_sharing=0.5)
    found = settled(100.0, 100.0 - gap, contract, quality, met, losses_forgiven=forgiven)
    net = found.facts["shared_savings"] - found.facts["shared_losses"]
    np.testing.assert_allclose(found.net, net, atol=1e-9)
    np.testing.assert_allclose(sum(found.net_to(name) for name in PARTIES), 0.0, atol=1e-9)


def test_a_minimum_rate_for_each_and_nonsense() -> None:
    rates = np.array([0.01, 0.03])
    contract = terms("enhanced", 2022, minimum_savings_rate=rates, minimum_loss_rate=rates)
    cost, one = np.array([98.0, 98.0]), np.ones(2)
    year = ContractYear(cost, cost, 100.0 * one, one, one, one)
    np.testing.assert_allclose(
        shared_savings.settle(None, year, contract)[1].net, [0.98 * 0.75 * 2.0, 0.0]
    )
    with pytest.raises(ParameterError, match=r"write 2 % as 0\.02"):
        terms("enhanced", 2022, minimum_savings_rate=np.array([0.02, 2.0]))
