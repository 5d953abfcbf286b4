"""Bundles: worked examples, each with its kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.payment_models.cases.retrospective_bundle import BY_QUALITY, TRACK_3
from vbsim.payment_models import retrospective_bundle
from vbsim.payment_models.base import ContractYear

MILLION = replace(TRACK_3, types=("joint",), prices=(1_000.0,), discounts=(0.0,))


def net(terms: retrospective_bundle.Terms, spending: float, quality: float) -> float:
    """Net result of 1,000 episodes whose target is 1,000 USD each."""
    one, cost = np.ones(1), np.array([[spending]])
    year = ContractYear(
        one, one, one, one, quality * one, one, episodes=np.array([[1_000.0]]),
        episode_cost=cost, episode_anchor_cost=cost, episode_counted_cost=cost,
    )  # fmt: skip
    return float(retrospective_bundle.settle(None, year, terms)[1].net[0])


@pytest.mark.parametrize(("spending", "paid"), [(900_000.0, 96_000.0), (1_300_000.0, -200_000.0)])
def test_team_track_3(spending: float, paid: float) -> None:
    # DERIVED (C3). It does not prove that quality comes before the limit (42 CFR 512.550).
    assert net(MILLION, spending, 0.6) == pytest.approx(paid)


@pytest.mark.parametrize(("spending", "paid"), [(900_000.0, 96_000.0), (800_000.0, 100_000.0)])
def test_team_track_1(spending: float, paid: float) -> None:
    # DERIVED (C3). It does not prove the stop-gain of 10 %.
    terms = replace(MILLION, two_sided=False, stop_gain=0.1, stop_loss=0.0)
    assert net(terms, spending, 0.6) == pytest.approx(paid)
    assert net(terms, 1_300_000.0, 0.6) == 0.0


def test_stop_gain_absorbs_later_cost() -> None:
    # INDUSTRY (C2): reconciliation 150,000, stop-gain 100,000 (5 % of 2 M): paid 100,000, and still
    # so when the episodes cost 50,000 more.
    terms = replace(MILLION, prices=(2_000.0,), stop_gain=0.05, quality_cut=0.0)
    assert net(terms, 1_850_000.0, 1.0) == pytest.approx(100_000.0)
    assert net(terms, 1_900_000.0, 1.0) == pytest.approx(100_000.0)


def test_quality_category_sets_the_discount() -> None:
    # OFFICIAL (C1, CMS sample report): score 7.00 is Good, discount 2.0 % in year 1.
    bands = ((0.0, 0.03, 0.02, 0.0), (4.0, 0.03, 0.02, 1.0), (6.0, 0.02, 0.01, 1.0))
    terms = replace(BY_QUALITY, types=("joint",), prices=(1_000.0,), discounts=(0.0,),
                    quality_bands=bands)  # fmt: skip
    assert net(terms, 900_000.0, 7.0 / 20.0) == pytest.approx(80_000.0)
    # Below acceptable nothing is paid; repayment counts from its own, smaller discount.
    assert net(terms, 900_000.0, 3.9 / 20.0) == 0.0
    assert net(terms, 985_000.0, 7.0 / 20.0) == 0.0
    assert net(terms, 1_000_000.0, 7.0 / 20.0) == pytest.approx(-10_000.0)
