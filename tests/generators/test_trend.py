"""Trend and entity-year: lognormal factors of mean 1; true savings: a normal prior."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from vbsim.generators import entity_year, trend, true_savings

GRID = np.linspace(0.0005, 0.9995, 999)[:, None]


@pytest.mark.parametrize("generator", [trend, entity_year], ids=["trend", "entity_year"])
@pytest.mark.parametrize("sd", [0.0073, 0.0175, 0.3])
def test_factor_is_lognormal_of_mean_one(generator: ModuleType, sd: float) -> None:
    """Variance of the logarithm log(1 + sd**2), its mean minus half of that."""
    sigma = np.sqrt(np.log(1.0 + sd * sd))
    law = stats.lognorm(sigma, scale=np.exp(-0.5 * sigma**2))
    assert law.mean() == pytest.approx(1.0)
    assert law.std() == pytest.approx(sd)
    found = generator.values(generator.Params(sd), GRID)
    np.testing.assert_allclose(found, law.ppf(GRID[:, 0]), rtol=1e-12)


@pytest.mark.parametrize("generator", [trend, entity_year], ids=["trend", "entity_year"])
def test_no_spread_is_no_uncertainty(generator: ModuleType) -> None:
    np.testing.assert_array_equal(generator.values(generator.Params(0.0), GRID), 1.0)


def test_an_entity_has_a_part_by_its_size_of_the_year() -> None:
    """Variances add up: one that no size removes, and a squared cv over the year's person-years."""
    by_size = entity_year.by_size(1.5, np.array([2_500.0, 10_000.0, 40_000.0]))
    assert by_size == pytest.approx((0.03, 0.015, 0.0075))
    years = np.repeat(GRID[:, None, :], 3, axis=1)
    found = entity_year.values(entity_year.Params(0.008, by_size), years)
    for year, size in enumerate((2_500.0, 10_000.0, 40_000.0)):
        sd = np.sqrt(0.008**2 + 1.5**2 / size)
        sigma = np.sqrt(np.log(1.0 + sd**2))
        law = stats.lognorm(sigma, scale=np.exp(-0.5 * sigma**2))
        np.testing.assert_allclose(found[:, year], law.ppf(GRID[:, 0]), rtol=1e-12)


def test_true_savings_are_normal() -> None:
    found = true_savings.values(true_savings.Params(0.01, 0.025), GRID)
    np.testing.assert_allclose(found, stats.norm(0.01, 0.025).ppf(GRID[:, 0]), atol=1e-15)
    # Symmetric around the mean: 0.01 at the median.
    assert true_savings.values(true_savings.Params(0.01, 0.025), np.array([0.5])) == 0.01
