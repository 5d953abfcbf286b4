"""Risk corridors: what must hold for any band; published tables are in tests/rules."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.payment_models.cases.corridor import GLOBAL
from vbsim import rulebook
from vbsim.errors import ParameterError
from vbsim.payment_models import corridor
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.vocabulary import PARTIES, PROVIDER

BOOK = rulebook.read("rules", "aco_reach")
LEAD = rulebook.read("rules", "lead")


def bands(track: str, year: int) -> tuple[tuple[float, float], ...]:
    return tuple((low, share) for low, share in BOOK.figure("corridors", year, track).value)


def lead(name: str, track: str) -> tuple[tuple[float, float], ...]:
    return tuple((low, share) for low, share in LEAD.figure(name, 2027, track).value)


def settled(
    gap: float | np.ndarray,
    corridors: tuple[tuple[float, float], ...],
    quality: float = 1.0,
    **terms: Any,
) -> Statement:
    """Settle savings (or losses, negative) against a benchmark of 100."""
    gap = np.atleast_1d(np.asarray(gap, dtype=float))
    cost, one = 100.0 - gap, np.ones_like(gap)
    year = ContractYear(cost, cost, 100.0 * one, one, quality * one, one)
    whole = {"discount": 0.0, "quality_withhold": 0.0, "sequestration": 0.0} | terms
    return corridor.settle(None, year, corridor.Terms(corridors, **whole))[1]


def test_lead_professional_shares_savings_and_losses_unlike() -> None:
    # DERIVED: 8 % savings keep 60 %, 8 % losses 50 %; 12 %: 6 + 0.7 and 5 + 0.7. Sequestration is
    # 2 % on both sides. It does not prove the loss bands above the first, which are UNVERIFIED.
    terms = {"loss_corridors": lead("loss_corridors", "professional")}
    kept = settled([8.0, -8.0, 12.0, -12.0], lead("corridors", "professional"), **terms)
    np.testing.assert_allclose(kept.net, [4.8, -4.0, 6.7, -5.7])
    both = {name: LEAD.figure(name, 2027).value for name in ("sequestration", "loss_sequestration")}
    cut = settled([8.0, -8.0], lead("corridors", "professional"), **terms, **both)
    np.testing.assert_allclose(cut.net, [0.98 * 4.8, -0.98 * 4.0])


def test_health_equity_adjustment_is_added_after_discount_and_quality() -> None:
    # DERIVED: 30 USD for 12 months of 0.01 person-years are 3.6; 100 - 4 - 0.2 x 2 % x 96 + 3.6.
    # It proves the order that the replay of 2023 found, not the amount per beneficiary.
    terms = {"discount": 0.04, "quality_withhold": 0.02, "health_equity_pbpm": 30.0}
    year = ContractYear(*(np.full(1, v) for v in (93.0, 93.0, 100.0, 0.01, 0.8, 1.0)))
    whole = corridor.Terms(bands("global", 2025), sequestration=0.0, **terms)
    _, found = corridor.settle(None, year, whole)
    assert found.steps["health_equity_adjustment"] == pytest.approx(3.6)
    assert found.net == pytest.approx(2.616 + 3.6)


def test_a_retention_withhold_moves_no_money() -> None:
    found = settled([8.0, -8.0], GLOBAL.corridors, retention_withhold=0.02)
    np.testing.assert_allclose(found.facts["retention_withhold"], 2.0)
    assert "retention_withhold" not in found.steps
    np.testing.assert_array_equal(found.net, settled([8.0, -8.0], GLOBAL.corridors).net)


shares = st.floats(0.0, 1.0)
any_bands = st.lists(st.floats(0.001, 0.9), max_size=4, unique=True).flatmap(
    lambda ends: st.lists(shares, min_size=len(ends) + 1, max_size=len(ends) + 1).map(
        lambda parts: tuple(zip([0.0, *sorted(ends)], parts, strict=True))
    )
)
gaps = st.floats(-150.0, 99.0)


@given(corridors=any_bands, gap=gaps, quality=shares, discount=shares, withhold=shares, cut=shares)
def test_steps_and_ledger_add_up(
    corridors: tuple[tuple[float, float], ...],
    gap: float,
    quality: float,
    discount: float,
    withhold: float,
    cut: float,
) -> None:
    terms = {"discount": discount, "quality_withhold": withhold, "sequestration": cut}
    found = settled(gap, corridors, quality, **terms)
    net = found.facts["shared_savings"] - found.facts["shared_losses"]
    np.testing.assert_allclose(found.net, net, atol=1e-9)
    total = sum(found.net_to(name) for name in PARTIES)
    np.testing.assert_allclose(total, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.net_to(PROVIDER), net, atol=1e-9)


@given(corridors=any_bands)
def test_continuous_monotone_and_symmetric(corridors: tuple[tuple[float, float], ...]) -> None:
    gap = np.linspace(-120.0, 99.0, 4_381)
    net = settled(gap, corridors).net
    rise = np.diff(net)
    assert np.all(rise >= -1e-9)
    assert np.all(rise <= np.diff(gap) + 1e-9)  # no cliff: never more than the savings themselves
    np.testing.assert_allclose(net, -settled(-gap, corridors).net, atol=1e-9)


@given(corridors=any_bands, gap=gaps, cut=shares)
def test_sequestration_leaves_losses_alone(
    corridors: tuple[tuple[float, float], ...], gap: float, cut: float
) -> None:
    before, after = settled(gap, corridors).net, settled(gap, corridors, sequestration=cut).net
    assert after == pytest.approx(before * (1.0 - cut) if gap > 0.0 else before)


@given(gap=gaps, ahead=shares, covered=shares, enhanced=shares, basket=shares)
def test_what_is_paid_ahead_changes_no_result(
    gap: float, ahead: float, covered: float, enhanced: float, basket: float
) -> None:
    """Capitation is reconciled with the claims it stands for: the result is that without it."""
    cost = np.array([100.0 - gap])
    year = ContractYear(cost, cost, 100.0 + 0 * cost, *(np.ones(1) for _ in range(3)))
    year = replace(year, basket_cost=basket * cost)
    terms = {"capitation": ahead, "capitated_share": covered, "enhanced_capitation": enhanced}
    _, plain = corridor.settle(None, year, GLOBAL)
    _, prepaid = corridor.settle(None, year, replace(GLOBAL, **terms))
    for party in PARTIES:
        assert prepaid.net_to(party) == pytest.approx(plain.net_to(party), abs=1e-9)
    assert prepaid.net == pytest.approx(plain.net, abs=1e-9)
    # But it does move money within the year.
    moved = sum(flow.amount[0] for flow in prepaid.transfers if flow.what == "capitation")
    assert moved == pytest.approx(100.0 * (ahead + enhanced))


@given(corridors=any_bands, losses=any_bands)
def test_losses_may_have_bands_of_their_own(
    corridors: tuple[tuple[float, float], ...], losses: tuple[tuple[float, float], ...]
) -> None:
    gap = np.linspace(-120.0, 99.0, 501)
    net = settled(gap, corridors, loss_corridors=losses).net
    np.testing.assert_array_equal(net[gap > 0], settled(gap, corridors).net[gap > 0])
    np.testing.assert_array_equal(net[gap < 0], settled(gap, losses).net[gap < 0])
    assert np.all(np.diff(net) >= -1e-9)


@pytest.mark.parametrize(
    "corridors", [(), ((0.1, 0.5),), ((0.0, 0.5), (0.0, 0.2)), ((0.0, 1.5),), ((0.0, -0.1),)]
)
def test_nonsense_is_refused(corridors: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ParameterError):
        corridor.Terms(corridors, 0.0, 0.0, 0.0)


def test_bands_of_the_rules_fall() -> None:
    for year in range(2021, 2027):
        for track in ("global", "professional"):
            assert all(a[1] > b[1] for a, b in pairwise(bands(track, year)))
