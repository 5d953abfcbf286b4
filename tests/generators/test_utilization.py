"""Utilization against scipy's negative binomial, Poisson and gamma."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from vbsim.generators import utilization
from vbsim.generators.utilization import Params


def one_service(rate: float, shape: float, elasticity: float = 1.0) -> Params:
    return Params(("visits",), (rate,), (elasticity,), shape, (1.0,))


@pytest.mark.parametrize(("rate", "shape"), [(0.3, 3.0), (2.0, 0.8), (5.8, 0.835), (9.0, 50.0)])
def test_counts_without_risk_are_negative_binomial(rate: float, shape: float) -> None:
    """Shape k and mean m: variance m + m**2 / k. Chi-square of 200,000 draws at a fixed seed."""
    drawn = np.random.default_rng(9).uniform(size=(200_000, 2))
    counts = utilization.values(one_service(rate, shape), drawn)[:, 0]
    law = stats.nbinom(shape, shape / (shape + rate))
    # Counts of which fewer than 20 are expected go into one bin.
    last = int(law.isf(20 / counts.size))
    observed = np.bincount(np.minimum(counts, last).astype(int), minlength=last + 1)
    expected = counts.size * np.append(law.pmf(np.arange(last)), law.sf(last - 1))
    assert stats.chisquare(observed, expected).pvalue > 0.001


@pytest.mark.parametrize("expected", [0.0, 1e-12, 1e-3, 0.25, 1.0, 3.7, 20.0, 500.0, 1e5])
def test_poisson_quantiles(expected: float) -> None:
    uniforms = np.concatenate(
        [[1e-300, 1e-12, 1.0 - 1e-12], np.random.default_rng(1).uniform(size=2_000)]
    )
    found = utilization.poisson_quantile(uniforms, np.full_like(uniforms, expected))
    np.testing.assert_array_equal(found, stats.poisson.ppf(uniforms, expected))


def test_poisson_quantiles_at_the_steps() -> None:
    """A uniform at a value of the distribution function is still the count of that step.

    Worked by hand for mean 1: F(0) = 0.3679, F(1) = 0.7358, F(2) = 0.9197.
    """
    ends = special.pdtr(np.arange(6), 1.0)
    np.testing.assert_array_equal(utilization.poisson_quantile(ends, np.ones(6)), np.arange(6))
    found = utilization.poisson_quantile(ends * (1.0 + 1e-12), np.ones(6))
    np.testing.assert_array_equal(found, np.arange(1, 7))
    hand = np.array([0.36, 0.37, 0.73, 0.74, 0.91, 0.93])
    found = utilization.poisson_quantile(hand, np.ones(6))
    np.testing.assert_array_equal(found, [0, 1, 1, 2, 2, 3])


@pytest.mark.parametrize("power", [0.5, 0.85, 1.0, 1.4, 2.0])
@pytest.mark.parametrize("shape", [0.3, 1.0, 3.0, 50.0, 1e6])
def test_transient_moments(shape: float, power: float) -> None:
    """E[V ** p] = Gamma(k + p) / (Gamma(k) k ** p), to the 0.06 % that the table's lines cost."""
    exact = np.exp(special.gammaln(shape + power) - special.gammaln(shape)) / shape**power
    found = utilization.transient_moment(one_service(1.0, shape), power)
    assert found == pytest.approx(exact, rel=6e-4)


def test_transient_is_gamma() -> None:
    survival = np.array([0.999, 0.5, 0.1, 1e-6])
    found = np.exp(utilization.log_transient(one_service(1.0, 3.0), survival))
    np.testing.assert_allclose(found, stats.gamma(3.0, scale=1 / 3.0).isf(survival), rtol=1e-10)


@pytest.mark.parametrize("elasticity", [0.0, 0.5, 1.0, 1.4])
def test_response_has_mean_one_over_the_members(elasticity: float) -> None:
    """Whatever the elasticity; V by quadrature of the gamma, 0.06 % for the table."""
    params = one_service(1.0, 3.0, elasticity)
    middle = (np.arange(100_000) + 0.5) / 100_000
    response = utilization.response(params, utilization.log_transient(params, middle))
    assert response.shape == (100_000, 1)
    assert response.mean() == pytest.approx(1.0, rel=6e-4)


def test_response_rises_with_its_elasticity() -> None:
    """Twice the intensity: 2 ** elasticity times the expected claims."""
    params = Params(("a", "b"), (1.0, 1.0), (1.4, 0.85), 3.0, (1.1, 0.9))
    low, high = utilization.response(params, np.log([0.7, 1.4]))
    np.testing.assert_allclose(high / low, [2.0**1.4, 2.0**0.85])


def test_risk_enters_through_the_intensity() -> None:
    """With elasticity 1 a member of twice the risk has the claims of twice the rate."""
    drawn = np.random.default_rng(2).uniform(size=(5_000, 2))
    twice = utilization.values(one_service(1.5, 3.0), drawn, risk=2.0)
    np.testing.assert_array_equal(twice, utilization.values(one_service(3.0, 3.0), drawn))


def test_services_of_a_member_move_together() -> None:
    """Given V the counts are independent, so their covariance is rate * rate / shape."""
    params = Params(("a", "b"), (2.0, 3.0), (1.0, 1.0), 3.0, (1.0, 1.0))
    counts = utilization.values(params, np.random.default_rng(6).uniform(size=(400_000, 3)))
    products = (counts[:, 0] - 2.0) * (counts[:, 1] - 3.0)
    # 2 * 3 / 3 = 2; 4 standard errors.
    assert abs(products.mean() - 2.0) < 4.0 * products.std() / np.sqrt(400_000)
