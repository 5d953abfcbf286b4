"""Advance payments and what is carried of them, leaving early, the repayment mechanism."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.payment_models.formulas import worked_out
from vbsim.errors import ParameterError
from vbsim.payment_models.agreement import Terms, under_agreement
from vbsim.payment_models.base import Statement, Transfer, given, step
from vbsim.vocabulary import PARTIES, PAYER, PROVIDER, VENDOR


def settled(saved: list[float], lost: list[float]) -> Statement:
    """A statement of what is paid and owed, of a benchmark of 100 million."""
    paid, owed = np.array(saved), np.array(lost)
    lines = {
        "benchmark": given(np.full(paid.size, 100e6), "stated"),
        "shared_savings": given(paid, "stated"),
        "shared_losses": given(owed, "stated"),
        "result": step(paid - owed, "shared_savings - shared_losses"),
    }
    flows = (
        Transfer(PAYER, PROVIDER, "shared savings", paid, True),
        Transfer(PROVIDER, PAYER, "shared losses", owed, True),
    )
    return Statement(lines, flows)


def check(statement: Statement) -> None:
    """Steps add up to the net, flows to nothing, lines follow from those above."""
    net = sum(statement.steps.values())
    np.testing.assert_allclose(statement.net_to(PROVIDER), net)
    np.testing.assert_allclose(sum(statement.net_to(party) for party in PARTIES), 0.0, atol=1e-6)
    above: dict[str, Any] = {}
    for name, line in statement.lines.items():
        value = np.broadcast_to(line.value, statement.net.shape)
        if line.formula:
            np.testing.assert_allclose(worked_out(line.formula, above), value, err_msg=name)
        above[name] = value
    assert all(np.all(flow.amount >= 0.0) for flow in statement.transfers)


def test_advance_payments_are_recouped_and_the_rest_is_carried() -> None:
    """Three ACOs, 600,000 in advance in each of two years, none in the third.

    The replay's rule: recoup = min(max(earned, 0), balance), the rest is carried.
    First earns 1,000,000 a year: 600,000 each year. Second 0, 500,000, 900,000: 0, 500,000,
    700,000. Third loses every year: recouped nothing, 1,200,000 stay.
    """
    carried: Any = 0.0
    earned = [[1e6, 0.0, 0.0], [1e6, 0.5e6, 0.0], [1e6, 0.9e6, 0.0]]
    lost = [0.0, 0.0, 1e5]
    expected = [[6e5, 0.0, 0.0], [6e5, 5e5, 0.0], [0.0, 7e5, 0.0]]
    balance = [[0.0, 6e5, 6e5], [0.0, 7e5, 12e5], [0.0, 0.0, 12e5]]
    for year, paid in enumerate((6e5, 6e5, 0.0)):
        carried, found = under_agreement(
            carried, settled(earned[year], lost), Terms(advance=paid, recoups=True)
        )
        check(found)
        np.testing.assert_allclose(-found.steps["advance_recouped"], expected[year])
        np.testing.assert_allclose(carried, balance[year])
        np.testing.assert_allclose(found.net, np.array(earned[year]) - lost + paid - expected[year])


@pytest.mark.parametrize(
    ("months", "charged", "net"),
    # Savings are forfeited; losses of 240,000 are owed for the months after June alone.
    [(6.0, 0.0, [0.0, 0.0]), (9.0, 9.0, [0.0, -180_000.0])],
)
def test_leaving_early(months: float, charged: float, net: list[float]) -> None:
    terms = Terms(months=months, months_charged=charged)
    _, found = under_agreement(0.0, settled([5e5, 0.0], [0.0, 240_000.0]), terms)
    check(found)
    np.testing.assert_allclose(found.net, net)


def test_leaving_early_repays_what_was_not_recouped() -> None:
    terms = Terms(months=6.0, months_charged=0.0, recoups=True, repays_on_leaving=True)
    left, found = under_agreement(np.array([3e5]), settled([5e5], [0.0]), terms)
    check(found)
    # Savings are forfeited, so nothing is recouped from them, and all of it falls due.
    np.testing.assert_allclose(found.net, -3e5)
    np.testing.assert_allclose(left, 0.0)


@pytest.mark.parametrize(
    ("amount", "size"),
    # 0.5 % of 100 million, or 1 % of a revenue of 30 million if that is less.
    [(np.inf, 500_000.0), (300_000.0, 300_000.0)],
)
def test_repayment_mechanism(amount: float, size: float) -> None:
    terms = Terms(mechanism_share=0.005, mechanism_amount=amount, mechanism_fee=0.02)
    _, found = under_agreement(0.0, settled([0.0, 0.0], [4e5, 9e5]), terms)
    check(found)
    np.testing.assert_allclose(found.facts["repayment_mechanism"], size)
    np.testing.assert_allclose(
        found.facts["losses_unsecured"], np.maximum([4e5 - size, 9e5 - size], 0.0)
    )
    np.testing.assert_allclose(found.steps["repayment_mechanism_cost"], -0.02 * size)
    np.testing.assert_allclose(found.net_to(VENDOR), 0.02 * size)


def test_a_whole_year_without_anything_stays_as_it_was() -> None:
    before = settled([1.0], [2.0])
    carried, found = under_agreement(0.0, before, Terms())
    assert carried == 0.0
    assert found.lines == before.lines
    assert found.transfers == before.transfers


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"months": 13.0}, r"months is 13; expected 0 to 12"),
        ({"months_charged": -1.0}, r"months_charged is -1; expected 0 to 12"),
        ({"advance": -5.0}, r"advance is -5 USD; expected 0 or more"),
        ({"mechanism_amount": np.nan}, r"mechanism_amount is nan USD; expected 0 or more"),
        ({"mechanism_share": 2.0}, r"mechanism_share is 2"),
        ({"mechanism_fee": -0.1}, r"mechanism_fee is -0.1"),
    ],
)
def test_terms_refuse_nonsense(terms: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Terms(**terms)
