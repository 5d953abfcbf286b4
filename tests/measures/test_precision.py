"""Standard errors: closed forms, brute force, and replication with new random numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from vbsim.measures.catalogue import (
    MEASURES,
    Measure,
    prob_owing_more_than,
    tail_value_at_risk,
    value_at_risk,
)
from vbsim.measures.precision import (
    Estimate,
    FloatArray,
    Sample,
    difference,
    interval,
    order_statistic_error,
)

RUNS = 1000

Survival = Callable[[float], float]


def normal_losses(rng: np.random.Generator, n: int) -> FloatArray:
    """Losses of a large entity: the errors of many members add up."""
    return rng.normal(-1.0, 2.0, size=(RUNS, n))


def normal_survival(loss: float) -> float:
    """Share of ``normal_losses`` beyond a loss."""
    return float(stats.norm.sf(loss, -1.0, 2.0))


def skewed_losses(rng: np.random.Generator, n: int) -> FloatArray:
    """Savings in most years, and one bad year in ten with a long tail of losses."""
    usual = rng.gamma(9.0, 1.0 / 3.0, size=(RUNS, n))
    bad = rng.gamma(4.0, 1.5, size=(RUNS, n))
    return np.where(rng.random((RUNS, n)) < 0.9, usual, bad) - 3.5


def skewed_survival(loss: float) -> float:
    """Share of ``skewed_losses`` beyond a loss."""
    usual = stats.gamma.sf(loss + 3.5, 9.0, scale=1.0 / 3.0)
    bad = stats.gamma.sf(loss + 3.5, 4.0, scale=1.5)
    return float(0.9 * usual + 0.1 * bad)


CASES = {
    "normal": (normal_losses, normal_survival, -1.0),
    "skewed": (skewed_losses, skewed_survival, 0.9 * 3.0 + 0.1 * 6.0 - 3.5),
}


def true_values(survival: Survival, mean_loss: float) -> dict[str, float]:
    """Exact measures of a loss, by root finding and integration of its survival function."""
    var = float(optimize.brentq(lambda loss: survival(loss) - 0.05, -20.0, 60.0))
    beyond, _ = integrate.quad(survival, var, var + 60.0)
    return {"mean": -mean_loss, "var_95": var, "tvar_95": var + beyond / 0.05}


@pytest.mark.parametrize("n", [500, 1000])
@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_the_true_value(case: str, n: int) -> None:
    losses, survival, mean_loss = CASES[case]
    truth = true_values(survival, mean_loss)
    runs = [Sample(-loss) for loss in losses(np.random.default_rng(n), n)]
    for key, true_value in truth.items():
        bounds = np.array([interval(MEASURES[key](sample)) for sample in runs])
        covered = np.mean((bounds[:, 0] <= true_value) & (true_value <= bounds[:, 1]))
        assert 0.93 <= covered <= 0.97, key


@pytest.mark.parametrize("case", CASES)
def test_standard_error_equals_the_spread_over_replications(case: str) -> None:
    losses, _, _ = CASES[case]
    runs = [Sample(-loss) for loss in losses(np.random.default_rng(3), 1000)]
    for key, measure in MEASURES.items():
        estimates = [measure(sample) for sample in runs]
        spread = np.std([estimate.value for estimate in estimates])
        error = np.mean([estimate.standard_error for estimate in estimates])
        # The spread itself is known to 2 %; errors of far quantiles err on the large side.
        assert 0.92 < error / spread < 1.12, key


def test_paired_error_equals_the_spread_of_the_difference_over_replications() -> None:
    rng = np.random.default_rng(5)
    shared = skewed_losses(rng, 1000)
    other = np.maximum(0.8 * shared + rng.normal(0.0, 0.3, shared.shape), -1.5)
    pairs = [(Sample(-one), Sample(-two)) for one, two in zip(shared, other, strict=True)]
    for key in ("mean", "sd", "p50", "var_95", "tvar_95", "prob_loss", "expected_loss"):
        measure = MEASURES[key]
        both = [(measure(one), measure(two)) for one, two in pairs]
        differences = [difference(one, two) for one, two in both]
        spread = np.std([found.value for found in differences])
        error = np.mean([found.standard_error for found in differences])
        assert 0.9 < error / spread < 1.12, key
        apart = np.mean([math.hypot(a.standard_error, b.standard_error) for a, b in both])
        assert error < 0.6 * apart, key


@pytest.mark.parametrize("key", ["mean", "var_95", "tvar_95"])
def test_paired_intervals_cover_the_true_difference(key: str) -> None:
    rng = np.random.default_rng(6)
    shared = normal_losses(rng, 1000)
    other = 0.5 * shared + rng.normal(0.0, 1.0, shared.shape)
    z = float(special.ndtri(0.95))
    # Both losses are normal: mean -1 and sd 2, mean -0.5 and sd sqrt(1 + 1). Each measure is linear
    # in these: sign * mean + factor * sd.
    sign, factor = {
        "mean": (-1.0, 0.0),
        "var_95": (1.0, z),
        "tvar_95": (1.0, float(stats.norm.pdf(z)) / 0.05),
    }[key]
    true_value = sign * (-1.0 + 0.5) + factor * (2.0 - math.sqrt(2.0))
    measure = MEASURES[key]
    pairs = zip(shared, other, strict=True)
    bounds = np.array([interval(difference(measure(-one), measure(-two))) for one, two in pairs])
    covered = np.mean((bounds[:, 0] <= true_value) & (true_value <= bounds[:, 1]))
    # Two quantiles of one sample: the interval is a little wide.
    assert 0.93 <= covered <= 0.975


def test_closed_forms() -> None:
    n = 100_000
    net = np.asarray(special.ndtri((np.arange(n) + 0.5) / n))
    z = float(special.ndtri(0.95))
    density = float(stats.norm.pdf(z))
    beyond = density / 0.05
    tail_variance = 1.0 + z * beyond - beyond**2
    variances = {
        "mean": 1.0,
        "sd": 0.5,
        "p50": math.pi / 2.0,
        "var_95": 0.05 * 0.95 / density**2,
        "tvar_95": (tail_variance + 0.95 * (beyond - z) ** 2) / 0.05,
        "prob_gain": 0.25,
        "expected_gain": (1.0 - 2.0 / math.pi) / 0.5,
    }
    found = {key: MEASURES[key](net).standard_error for key in variances}
    expected = {key: math.sqrt(variance / n) for key, variance in variances.items()}
    assert found == pytest.approx(expected, rel=0.01)


def test_error_of_the_mean_is_sd_over_root_n() -> None:
    net = np.random.default_rng(2).gamma(2.0, 1.0, size=777)
    expected = MEASURES["sd"](net).value / math.sqrt(777)
    assert MEASURES["mean"](net).standard_error == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
def test_order_statistic_error_equals_all_resamples(rank: int) -> None:
    ordered = np.array([-3.0, 0.0, 0.0, 2.0, 10.0])
    resamples = [sorted(resample)[rank - 1] for resample in itertools.product(ordered, repeat=5)]
    assert order_statistic_error(ordered, rank) == pytest.approx(np.std(resamples), rel=1e-12)


@pytest.mark.parametrize(
    "measure",
    [
        *(MEASURES[key] for key in ("mean", "sd", "tvar_90", "prob_loss", "expected_gain")),
        tail_value_at_risk(0.77),
    ],
    ids=lambda measure: measure.key,
)
def test_influence_is_the_pull_of_one_more_realization(measure: Measure) -> None:
    # 61 realizations: no level tried falls on a whole rank, where the pull has two values.
    net = np.random.default_rng(4).normal(0.5, 2.0, size=61)
    estimate = measure(net)
    copies = np.tile(net, 2000)
    share = 1.0 / (copies.size + 1.0)
    pulls = [(measure(np.append(copies, x)).value - estimate.value) / share for x in net[:10]]
    assert pulls == pytest.approx(estimate.influence[:10], abs=2e-3)


@pytest.mark.parametrize("key", MEASURES)
def test_influence_has_mean_zero(key: str) -> None:
    net = np.random.default_rng(8).gamma(2.0, 1.0, size=1000) - 1.5
    estimate = MEASURES[key](net)
    assert abs(estimate.influence.mean()) < 1e-10 * np.abs(estimate.influence).max()


def test_quantile_inside_a_point_mass_is_exact() -> None:
    rng = np.random.default_rng(9)
    net = np.where(rng.random(1000) < 0.7, 0.0, rng.normal(0.0, 1.0, size=1000))
    assert MEASURES["p50"](net).value == 0.0
    assert MEASURES["p50"](net).standard_error == 0.0
    assert MEASURES["var_95"](net).standard_error > 0.0


def test_quantile_at_the_edge_of_a_point_mass_keeps_its_error() -> None:
    # 94.5 % of the losses are 0, so that some samples of this distribution have a VaR of 0.
    losses = np.concatenate([np.zeros(945), np.linspace(1.0, 2.0, 55)])
    assert value_at_risk(0.945)(-losses).value == 0.0
    assert value_at_risk(0.945)(-losses).standard_error > 0.3


def test_capped_loss_reached_by_the_whole_tail_is_exact() -> None:
    loss = np.minimum(np.random.default_rng(10).normal(size=1000), 1.0)
    assert MEASURES["var_95"](-loss).value == MEASURES["tvar_95"](-loss).value == 1.0
    assert MEASURES["tvar_95"](-loss).standard_error == 0.0


@pytest.mark.parametrize("make", [value_at_risk, tail_value_at_risk])
def test_error_is_missing_when_too_few_realizations_lie_beyond(
    make: Callable[[float], Measure],
) -> None:
    net = np.random.default_rng(11).normal(size=500)
    assert make(0.99)(net).standard_error > 0.0
    few = make(0.995)(net)
    assert math.isfinite(few.value)
    assert math.isnan(few.standard_error)
    assert all(map(math.isnan, interval(few)))


def test_event_never_seen_is_not_exact() -> None:
    never = prob_owing_more_than(100)(np.zeros(200))
    assert (never.value, never.standard_error) == (0.0, 1.0 / 200.0)
    assert difference(never, prob_owing_more_than(50)(np.zeros(200))).standard_error == 1.0 / 200.0


def test_difference_from_itself_is_exact() -> None:
    estimate = MEASURES["prob_gain"](np.array([1.0, -1.0, 2.0]))
    itself = difference(estimate, estimate)
    assert (itself.value, itself.standard_error) == (0.0, 0.0)


def test_difference_by_hand() -> None:
    one = Estimate(5.0, np.array([1.0, -1.0, 0.0, 0.0]))
    other = Estimate(3.0, np.array([1.0, 0.0, -1.0, 0.0]))
    found = difference(one, other)
    # Influences differ by 0 -1 1 0: mean square 1/2, over 4 realizations.
    assert found.value == 2.0
    assert found.standard_error == pytest.approx(math.sqrt(1 / 8))


def test_difference_refuses_other_realizations() -> None:
    mean = MEASURES["mean"]
    with pytest.raises(ValueError, match="paired difference of 2 and 3 realizations"):
        difference(mean([1.0, 2.0]), mean([1.0, 2.0, 3.0]))


def test_interval_tends_to_the_normal_one() -> None:
    influence = np.random.default_rng(12).normal(size=1_000_000)
    low, high = interval(Estimate(10.0, influence), level=0.9)
    assert (low, high) == pytest.approx((10.0 - 0.0016449, 10.0 + 0.0016449), abs=2e-6)


def test_interval_of_a_symmetric_two_point_influence_is_the_normal_one() -> None:
    low, high = interval(Estimate(0.0, np.tile([-1.0, 1.0], 50)))
    assert (low, high) == pytest.approx((-0.1959964, 0.1959964))


def test_interval_leans_towards_the_long_tail() -> None:
    estimate = MEASURES["mean"](np.random.default_rng(13).exponential(size=50))
    low, high = interval(estimate)
    assert high - estimate.value > estimate.value - low


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_interval_level_outside_its_range_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="expected a share between 0 and 1"):
        interval(Estimate(0.0, np.zeros(2)), level)
