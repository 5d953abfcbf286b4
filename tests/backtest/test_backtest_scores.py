"""Scores against closed forms, numerical integration and their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from vbsim.backtest.forecast import Predictive
from vbsim.backtest.scores import (
    coverage,
    crps,
    crps_ensemble,
    crps_normal,
    distance_from_uniform,
    pit_of_draws,
    uniform_p_value,
)

SEEN = np.array([-0.05, 0.0, 0.03, 0.2])
CENTRE = np.array([0.0, 0.01, 0.03, 0.02])
SCALE = np.array([0.02, 0.01, 0.03, 0.015])
DEGREES = np.array([4.0, 7.0, 10.0, 30.0])
SHARED = np.array([-0.02, 0.0, 0.01])


def by_definition(below, seen: float, reach: float) -> float:
    """Integral of the squared distance of a distribution function from the step."""
    left = integrate.quad(lambda x: below(x) ** 2, seen - reach, seen, limit=200)[0]
    right = integrate.quad(lambda x: (1.0 - below(x)) ** 2, seen, seen + reach, limit=200)[0]
    return left + right


def test_crps_of_normals_is_the_integral_that_defines_it() -> None:
    found = crps_normal(SEEN, CENTRE, SCALE)
    for value, seen, mean, spread in zip(found, SEEN, CENTRE, SCALE, strict=True):
        law = stats.norm(mean, spread)
        assert value == pytest.approx(by_definition(law.cdf, seen, 1.0), rel=1e-6)


def test_crps_of_a_normal_at_its_mean_by_hand() -> None:
    # sd * (sqrt(2) - 1) / sqrt(pi) = 1 * 0.41421356 / 1.77245385 = 0.23369498
    found = crps_normal(np.zeros(1), np.zeros(1), np.ones(1))[0]
    assert found == pytest.approx(0.23369498, abs=1e-8)


def test_crps_of_an_ensemble_by_its_definition() -> None:
    values = np.array([0.1, -0.3, 0.2, 0.2])
    for seen in (-1.0, 0.15, 0.2):
        # E|X - y| - E|X - X'| / 2 over all pairs.
        expected = np.abs(values - seen).mean()
        expected -= 0.5 * np.abs(np.subtract.outer(values, values)).mean()
        assert crps_ensemble(np.array([seen]), values)[0] == pytest.approx(expected, abs=1e-12)


def test_crps_of_predictives_is_the_integral_that_defines_it() -> None:
    predictive = Predictive(CENTRE, SCALE, DEGREES, SHARED)
    found = crps(SEEN, predictive)
    for number, value in enumerate(found):
        laws = [stats.t(DEGREES[number], CENTRE[number] + d, SCALE[number]) for d in SHARED]
        expected = by_definition(
            lambda x, q=laws: np.mean([law.cdf(x) for law in q]), SEEN[number], 2.0
        )
        assert value == pytest.approx(expected, rel=2e-4)


def test_predictive_is_the_mixture_of_t() -> None:
    predictive = Predictive(CENTRE, SCALE, DEGREES, SHARED)
    laws = [stats.t(DEGREES, CENTRE + departure, SCALE) for departure in SHARED]
    np.testing.assert_allclose(predictive.below(SEEN), np.mean([law.cdf(SEEN) for law in laws], 0))
    np.testing.assert_allclose(
        predictive.density(SEEN), np.mean([law.pdf(SEEN) for law in laws], 0)
    )
    middle = predictive.quantiles(np.array([0.05, 0.5, 0.95]))
    for level, rates in zip((0.05, 0.5, 0.95), middle.T, strict=True):
        np.testing.assert_allclose(predictive.below(rates), level, atol=1e-3)


def test_coverage_counts_the_central_interval() -> None:
    pit = np.array([0.04, 0.06, 0.5, 0.94, 0.96])
    assert coverage(pit, 0.9) == pytest.approx(0.6)
    assert np.isnan(coverage(np.empty(0), 0.9))


def test_distance_from_uniform_is_that_of_kolmogorov_and_smirnov() -> None:
    values = np.random.default_rng(3).random((2, 50)) ** 1.5
    for own, found in zip(values, distance_from_uniform(values), strict=True):
        assert found == pytest.approx(stats.kstest(own, "uniform").statistic, abs=1e-12)


def test_an_honest_forecast_passes_and_a_wrong_one_fails() -> None:
    random = np.random.default_rng(11)
    count = 200
    predictive = Predictive(
        np.full(count, 0.03), np.full(count, 0.02), np.full(count, 8.0), np.array([-0.01, 0.01])
    )
    shared = random.choice([-0.01, 0.01], (600, 1))
    rates = 0.03 + shared + 0.02 * random.standard_t(8.0, (600, count))
    honest = pit_of_draws(predictive, rates)
    p_values = [uniform_p_value(pit, honest) for pit in honest[:200]]
    # Of 200 p-values of honest years 10 % lie below 0.1: standard error 2.1 %.
    assert np.mean(np.array(p_values) < 0.1) == pytest.approx(0.1, abs=0.065)
    wide = 0.03 + 0.006 * random.standard_t(8.0, count)
    assert uniform_p_value(predictive.below(wide), honest) < 0.05
    # The table of Kolmogorov and Smirnov would refuse many honest years: they share one departure.
    refused = [stats.kstest(pit, "uniform").pvalue < 0.05 for pit in honest[:100]]
    assert np.mean(refused) > 0.5
