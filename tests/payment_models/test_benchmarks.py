"""Benchmarks on arrays small enough to work by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vbsim.errors import ParameterError
from vbsim.payment_models.benchmarks import Published, Simulated, benchmark

# Two base years, two realizations, two segments. The second realization costs twice the first.
PER_CAPITA = np.array([[1_000.0, 2_000.0], [1_100.0, 2_400.0]])
BASE = PER_CAPITA[:, None] * np.array([1.0, 2.0])[:, None]
PERSON_YEARS = np.array([[12.0, 6.0], [12.0, 6.0]])
NATION = np.array([[1.02, 0.95], [1.02, 0.95]])

SIMULATED: dict[str, Any] = {
    "weights": np.array([0.25, 0.75]),
    "trend": np.array([[1.2, 1.1], [1.1, 1.0]]),
    "adjustment": 1.05,
    "follows_nation": True,
}


def found(terms: Published | Simulated) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    total, lines = benchmark(terms, BASE, PERSON_YEARS, NATION)
    return total, {name: line.value for name, line in lines.items()}


def test_simulated_benchmark_by_hand() -> None:
    total, lines = found(Simulated(**SIMULATED))
    # Segment 1: 0.25 * 1.2 * 1000 + 0.75 * 1.1 * 1100 = 300 + 907.5 = 1,207.50 per person-year.
    # Segment 2: 0.25 * 1.1 * 2000 + 0.75 * 1.0 * 2400 = 550 + 1800 = 2,350.
    # At 12 and 6 person-years: 14,490 + 14,100 = 28,590.
    np.testing.assert_allclose(lines["base_years_trended"], [28_590.0, 57_180.0])
    # The nation at 1.02 and 0.95: 14,779.80 + 13,395 = 28,174.80, which is 415.20 less.
    np.testing.assert_allclose(lines["national_update"], [-415.2, -830.4])
    # 5 % of 28,174.80.
    np.testing.assert_allclose(lines["benchmark_adjustment"], [1_408.74, 2_817.48])
    np.testing.assert_allclose(total, [29_583.54, 59_167.08])
    assert list(lines) == [
        "base_years_trended",
        "national_update",
        "benchmark_adjustment",
        "benchmark",
    ]


def test_a_benchmark_stated_before_the_year_ignores_the_nation() -> None:
    total, lines = found(Simulated(**SIMULATED | {"follows_nation": False}))
    np.testing.assert_array_equal(lines["national_update"], 0.0)
    np.testing.assert_allclose(total, [28_590.0 * 1.05, 57_180.0 * 1.05])


@pytest.mark.parametrize("change", [{}, {"follows_nation": False}, {"adjustment": 0.9}])
def test_lines_add_up(change: dict[str, Any]) -> None:
    total, lines = found(Simulated(**SIMULATED | change))
    added = lines["base_years_trended"] + lines["national_update"] + lines["benchmark_adjustment"]
    np.testing.assert_allclose(added, total, rtol=1e-14)
    np.testing.assert_array_equal(lines["benchmark"], total)


def test_published_benchmark_by_hand() -> None:
    # 18 person-years at 11,237; with the nation 12 * 1.02 + 6 * 0.95 = 17.94 of them.
    total, lines = found(Published(11_237.0, follows_nation=False))
    np.testing.assert_allclose(total, 202_266.0)
    total, lines = found(Published(11_237.0, follows_nation=True))
    np.testing.assert_allclose(total, 201_591.78)
    assert list(lines) == ["benchmark"]
    np.testing.assert_array_equal(lines["benchmark"], total)


@pytest.mark.parametrize(
    ("weights", "factor"),
    # Savings are benchmark less expenditure: sd * sqrt(1 + sum of squared weights). One base year
    # sqrt(2); 10/30/60 sqrt(1.46); a third each sqrt(4/3).
    [([1.0], 1.4142), ([0.1, 0.3, 0.6], 1.2083), ([1 / 3, 1 / 3, 1 / 3], 1.1547)],
)
def test_base_years_bring_their_own_luck(weights: list[float], factor: float) -> None:
    realizations, count = 200_000, len(weights)
    rng = np.random.default_rng(11)
    luck = rng.normal(10_000.0, 300.0, (count + 1, realizations, 1))
    terms = Simulated(np.array(weights), np.ones((count, 1)), 1.0, follows_nation=False)
    ones = np.ones((realizations, 1))
    total, _ = benchmark(terms, luck[:-1], ones, ones)
    spread = (total - luck[-1, :, 0]).std() / 300.0
    # The standard error of a standard deviation is 1 / sqrt(2 n) of it, 0.16 %; four of them.
    assert spread == pytest.approx(factor, rel=4.0 / np.sqrt(2.0 * realizations))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.array([0.25, 0.70])}, r"weights of the base years add up to 0.95"),
        ({"weights": np.array([25.0, 75.0])}, r"add up to 100; expected 1"),
        ({"weights": np.array([1.0])}, r"trend has 2 base years and weights 1"),
        ({"adjustment": 0.0}, r"adjustment 0 or a trend factor is out of range; .* above 0"),
        ({"adjustment": np.nan}, r"adjustment nan or"),
        ({"trend": np.array([[1.0, 1.0], [1.0, -1.0]])}, r"a trend factor is out of range"),
    ],
)
def test_simulated_terms_refuse_nonsense(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Simulated(**SIMULATED | change)


@pytest.mark.parametrize("amount", [0.0, -1.0, np.nan])
def test_published_terms_refuse_nonsense(amount: float) -> None:
    with pytest.raises(ParameterError, match=r"published benchmark is .*; expected above 0"):
        Published(amount, follows_nation=True)
