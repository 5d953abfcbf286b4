"""Definitions of the measures: hand-worked, brute force, exact distributions, coherence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from vbsim.measures.catalogue import (
    MEASURES,
    Measure,
    percentile,
    prob_owing_more_than,
    tail_value_at_risk,
    value_at_risk,
)
from vbsim.measures.precision import FloatArray, sample_of

# Sorted losses: -30 -20 -20 -5 0 0 0 5 10 10.
NET = np.array([5.0, -10.0, 0.0, 20.0, -5.0, 0.0, 30.0, -10.0, 20.0, 0.0])

every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
amounts = st.lists(st.integers(-20, 20), min_size=2, max_size=40)
levels = st.floats(0.01, 0.99)


def normal_scores(n: int) -> FloatArray:
    """Quantiles of the standard normal distribution at the middle of n equal steps."""
    return np.asarray(special.ndtri((np.arange(n) + 0.5) / n), dtype=np.float64)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (MEASURES["mean"], 50 / 10),
        # Squares of -15 -15 -10 -5 -5 -5 0 15 15 25 sum to 1700.
        (MEASURES["sd"], math.sqrt(1700 / 10)),
        (MEASURES["prob_gain"], 4 / 10),
        (MEASURES["prob_loss"], 3 / 10),
        (MEASURES["expected_gain"], (5 + 20 + 20 + 30) / 4),
        (MEASURES["expected_loss"], (10 + 10 + 5) / 3),
        (MEASURES["p10"], -10),  # rank 1
        (MEASURES["p25"], -5),  # rank 2.5, hence 3
        (MEASURES["p50"], 0),  # rank 5
        (MEASURES["p75"], 20),  # rank 7.5, hence 8
        (MEASURES["p95"], 30),  # rank 9.5, hence 10
        (MEASURES["var_90"], 10),  # rank 9, tied with rank 10
        (MEASURES["tvar_90"], 10),
        (value_at_risk(0.75), 5),  # rank 7.5, hence 8
        (tail_value_at_risk(0.75), (10 + 10 + 0.5 * 5) / 2.5),
        (value_at_risk(0.55), 0),  # rank 5.5, hence 6: inside the tie at 0
        (tail_value_at_risk(0.55), (10 + 10 + 5) / 4.5),
        (prob_owing_more_than(5), 2 / 10),
        (prob_owing_more_than(10), 0),
    ],
    ids=lambda value: value.key if isinstance(value, Measure) else "",
)
def test_hand_worked(measure: Measure, expected: float) -> None:
    assert measure(NET).value == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("n", [100, 1000, 7000])
def test_rank_is_exact_where_the_share_is_a_whole_number(n: int) -> None:
    sample = sample_of(np.arange(1.0, n + 1.0))
    found = [percentile(q)(sample).value for q in range(1, 100)]
    assert found == [q * n / 100 for q in range(1, 100)]


@pytest.mark.parametrize("level", [0.3, 0.6, 0.875, 0.9, 0.95])
def test_tvar_is_the_integral_of_the_quantiles(level: float) -> None:
    net = np.random.default_rng(7).integers(-6, 7, size=37).astype(np.float64)
    steps = 200_000
    shares = level + (1.0 - level) * (np.arange(steps) + 0.5) / steps
    expected = np.quantile(-net, shares, method="inverted_cdf").mean()
    assert tail_value_at_risk(level)(net).value == pytest.approx(expected, abs=1e-3)


def test_normal_distribution() -> None:
    net = 3.0 + 2.0 * normal_scores(200_000)
    z = 1.6448536269514722
    density = math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
    expected = {
        "mean": 3.0,
        "sd": 2.0,
        "p05": 3.0 - 2.0 * z,
        "p95": 3.0 + 2.0 * z,
        "var_95": -3.0 + 2.0 * z,
        "tvar_95": -3.0 + 2.0 * density / 0.05,
        "prob_loss": float(special.ndtr(-1.5)),
        "prob_gain": float(special.ndtr(1.5)),
    }
    found = {key: MEASURES[key](net).value for key in expected}
    assert found == pytest.approx(expected, abs=1e-3)


def test_half_normal_conditional_means() -> None:
    net = normal_scores(200_000)
    expected = math.sqrt(2.0 / math.pi)
    assert MEASURES["expected_gain"](net).value == pytest.approx(expected, abs=1e-4)
    assert MEASURES["expected_loss"](net).value == pytest.approx(expected, abs=1e-4)


@given(amounts, levels, levels)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_tvar_exceeds_var_and_both_grow_with_the_level(
    net: list[int], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert tail_value_at_risk(low)(net).value >= value_at_risk(low)(net).value
    assert value_at_risk(high)(net).value >= value_at_risk(low)(net).value
    assert tail_value_at_risk(high)(net).value >= tail_value_at_risk(low)(net).value - 1e-9


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=2), levels)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_tvar_is_subadditive_and_monotone(pairs: list[tuple[int, int]], level: float) -> None:
    one, other = np.array(pairs, dtype=np.float64).T
    tvar = tail_value_at_risk(level)
    assert tvar(one + other).value <= tvar(one).value + tvar(other).value + 1e-9
    assert tvar(np.maximum(one, other)).value <= tvar(one).value + 1e-9


@every_measure
def test_doubling_the_money_doubles_the_measure(measure: Measure) -> None:
    net = np.random.default_rng(1).normal(0.3, 1.0, size=1000)
    factor = 2.0 if measure.unit == "USD" else 1.0
    once, twice = measure(net), measure(2.0 * net)
    assert twice.value == pytest.approx(factor * once.value, rel=1e-12)
    assert twice.standard_error == pytest.approx(factor * once.standard_error, rel=1e-12)


@every_measure
def test_entry_is_complete(measure: Measure) -> None:
    assert MEASURES[measure.key] is measure
    assert measure.unit in {"USD", "1"}
    assert measure.label
    assert measure.description.endswith(".")


def test_catalogue_order() -> None:
    assert list(MEASURES) == [
        *("mean", "sd", "p01", "p05", "p10", "p25", "p50", "p75", "p90", "p95", "p99"),
        *("prob_gain", "prob_loss", "var_90", "var_95", "var_99"),
        *("tvar_90", "tvar_95", "tvar_99", "expected_gain", "expected_loss"),
    ]


@pytest.mark.parametrize(
    ("measure", "key", "label"),
    [
        (value_at_risk(0.95), "var_95", "VaR 95 %"),
        (value_at_risk(0.995), "var_99.5", "VaR 99.5 %"),
        (value_at_risk(0.999), "var_99.9", "VaR 99.9 %"),
        (tail_value_at_risk(0.07), "tvar_7", "TVaR 7 %"),
        (tail_value_at_risk(0.1234567891), "tvar_12.34567891", "TVaR 12.34567891 %"),
        (percentile(5), "p05", "Percentile 5"),
        (percentile(5.0), "p05", "Percentile 5"),
        (percentile(2.5), "p02.5", "Percentile 2.5"),
        (percentile(0.01), "p00.01", "Percentile 0.01"),
        (
            prob_owing_more_than(1e6),
            "prob_owing_more_than_1000000",
            "Probability of owing more than 1,000,000 USD",
        ),
        (
            prob_owing_more_than(1000000.25),
            "prob_owing_more_than_1000000.25",
            "Probability of owing more than 1,000,000.25 USD",
        ),
    ],
)
def test_keys_carry_every_digit(measure: Measure, key: str, label: str) -> None:
    assert (measure.key, measure.label) == (key, label)


def test_a_made_measure_equals_the_entry() -> None:
    assert value_at_risk(0.95)(NET).value == MEASURES["var_95"](NET).value
    assert prob_owing_more_than(0)(NET).value == MEASURES["prob_loss"](NET).value


@every_measure
@pytest.mark.parametrize("level", [0.0, 7.0])
def test_no_spread(measure: Measure, level: float) -> None:
    estimate = measure(np.full(1000, level))
    expected = {
        "sd": 0.0,
        "prob_gain": float(level > 0.0),
        "prob_loss": 0.0,
        "expected_gain": level if level else math.nan,
        "expected_loss": math.nan,
    }
    sign = -1.0 if measure.key.startswith(("var", "tvar")) else 1.0
    value = expected.get(measure.key, sign * level)
    assert estimate.value == pytest.approx(value, nan_ok=True)
    error = 0.001 if measure.unit == "1" else 0.0
    assert estimate.standard_error == pytest.approx(
        math.nan if math.isnan(value) else error, nan_ok=True
    )


@every_measure
def test_one_realization_measures_nothing(measure: Measure) -> None:
    estimate = measure([4.0])
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.standard_error)


@pytest.mark.parametrize("net", [[-1.0, 0.0, -2.0], [-1.0, 5.0, -2.0]], ids=["none", "one"])
def test_expected_gain_needs_two_gains(net: list[float]) -> None:
    assert math.isnan(MEASURES["expected_gain"](net).value)
    assert MEASURES["expected_loss"](net).value == 1.5


@every_measure
def test_nothing_owed_has_no_minus_sign(measure: Measure) -> None:
    assert not np.signbit(measure(np.full(100, -0.0)).value)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_missing_result_is_refused(odd: float) -> None:
    with pytest.raises(ValueError, match="missing or infinite in 1 of 3 realizations, first at"):
        MEASURES["mean"]([1.0, odd, 2.0])


@pytest.mark.parametrize("net", [[], [[1.0, 2.0]], 3.0])
def test_wrong_shape_is_refused(net: object) -> None:
    with pytest.raises(ValueError, match="expected one axis with a value per realization"):
        MEASURES["mean"](np.array(net))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_level_outside_its_range_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"write 95 % as 0\.95"):
        value_at_risk(level)
    with pytest.raises(ValueError, match=r"write 95 % as 0\.95"):
        tail_value_at_risk(level)


@pytest.mark.parametrize("q", [0.0, 100.0, math.nan])
def test_percentile_outside_its_range_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile(q)


@pytest.mark.parametrize("amount", [-1.0, math.inf, math.nan])
def test_amount_owed_outside_its_range_is_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="finite number, at least 0"):
        prob_owing_more_than(amount)
