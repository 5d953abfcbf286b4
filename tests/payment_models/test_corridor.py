"""Risk corridors: published tables, contracts, and what must hold for any band."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbsim import rulebook
from vbsim.errors import ParameterError
from vbsim.payment_models import corridor
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.vocabulary import PARTIES, PROVIDER

BOOK = rulebook.read("rules", "aco_reach")


def bands(track: str, year: int) -> tuple[tuple[float, float], ...]:
    return tuple((low, share) for low, share in BOOK.figure("corridors", year, track).value)


def settled(
    gap: float | np.ndarray,
    corridors: tuple[tuple[float, float], ...],
    quality: float = 1.0,
    **terms: float,
) -> Statement:
    """Settle savings (or losses, negative) against a benchmark of 100."""
    gap = np.atleast_1d(np.asarray(gap, dtype=float))
    cost, one = 100.0 - gap, np.ones_like(gap)
    year = ContractYear(cost, cost, 100.0 * one, one, quality * one, one)
    whole = {"discount": 0.0, "quality_withhold": 0.0, "sequestration": 0.0} | terms
    return corridor.settle(None, year, corridor.Terms(corridors, **whole))[1]


# OFFICIAL bands (CMS, via Pearl Health), vectors DERIVED: savings or losses and the part kept, all
# in % of benchmark: Global to 2025, Global 2026, Professional.
B1 = [
    (3, 3.00, 3.00, 1.50),
    (5, 5.00, 5.00, 2.50),
    (8, 8.00, 8.00, 3.55),
    (10, 10.00, 10.00, 4.25),
    (12, 12.00, 11.00, 4.55),
    (20, 20.00, 15.00, 5.25),  # INDUSTRY: Milliman's example, 20 % savings keep 15 % in 2026
    (30, 27.50, 20.00, 5.75),
    (40, 31.25, 23.75, 6.25),
    (60, 34.75, 27.25, 7.25),
    (100, 38.75, 31.25, 9.25),
]


@pytest.mark.parametrize(("gap", "to_2025", "in_2026", "professional"), B1)
def test_published_bands(gap: float, to_2025: float, in_2026: float, professional: float) -> None:
    cases = [("global", 2025, to_2025), ("global", 2026, in_2026)]
    cases += [("professional", 2021, professional), ("professional", 2026, professional)]
    for track, year, kept in cases:
        assert settled(gap, bands(track, year)).net == pytest.approx(kept)
        assert settled(-gap, bands(track, year)).net == pytest.approx(-kept)


def test_discount_and_quality_withhold() -> None:
    # DERIVED (worked example B1): benchmark 100, discount 4 %, withhold 2 % earned, spending 93
    terms = {"discount": 0.04, "quality_withhold": 0.02}
    assert settled(7.0, bands("global", 2025), **terms).net == pytest.approx(3.0)
    # a score of 0.8 leaves 95.616
    assert settled(7.0, bands("global", 2025), 0.8, **terms).net == pytest.approx(2.616)
    # Professional, no discount: 2.5 + 0.7
    assert settled(7.0, bands("professional", 2025)).net == pytest.approx(3.2)


def test_next_generation_cap_and_sequestration() -> None:
    # CONTRACT (Next Generation ACO, lawinsider.com): cap 5 %, arrangement 80 %: at most 4 % of
    # benchmark. A cap is a last band of share 0. Savings are paid at 98 %, losses collected whole.
    terms = ((0.0, 0.8), (0.05, 0.0))
    assert settled(12.0, terms).net == pytest.approx(4.0)
    assert settled(12.0, terms, sequestration=0.02).net == pytest.approx(0.98 * 4.0)
    assert settled(-12.0, terms, sequestration=0.02).net == pytest.approx(-4.0)


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
