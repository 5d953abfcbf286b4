"""Shared savings: what must hold in every settlement, and clauses that few contracts have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbsim import rulebook
from vbsim.errors import ParameterError
from vbsim.payment_models import shared_savings
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


def test_guardrail_bars_savings_and_leaves_losses() -> None:
    contract = terms("basic_e", 2024)
    assert settled(100.0, 95.0, contract, guardrail=1.0).net == 0.0
    assert settled(100.0, 110.0, contract, guardrail=1.0).net == pytest.approx(-3.0)


def test_forgiven_losses_come_after_the_limit_and_pay_nothing() -> None:
    contract = terms("basic_c", 2022)
    assert settled(100.0, 110.0, contract, losses_forgiven=0.4).net == pytest.approx(-0.6)
    assert settled(100.0, 110.0, contract, losses_forgiven=9.0).net == 0.0


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
