"""Quality: a beta score with stated mean and spread, and a coin for the standard."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vbsim.generators import quality
from vbsim.generators.quality import Params

DRAWS = 200_000


@pytest.mark.parametrize(("mean", "sd"), [(0.815, 0.062), (0.929, 0.069), (0.5, 0.4)])
def test_score_is_beta(mean: float, sd: float) -> None:
    """Mean m and sd s belong to a + b = m (1 - m) / s**2 - 1, a = m (a + b)."""
    size = mean * (1.0 - mean) / sd**2 - 1.0
    law = stats.beta(mean * size, (1.0 - mean) * size)
    assert law.mean() == pytest.approx(mean)
    assert law.std() == pytest.approx(sd)
    grid = np.linspace(0.001, 0.999, 199)
    both = np.stack([grid, np.full_like(grid, 0.5)], axis=-1)
    score = quality.values(Params(mean, sd, 1.0), both)[:, 0]
    np.testing.assert_allclose(score, law.ppf(grid), rtol=1e-9)


@pytest.mark.parametrize(
    ("mean", "sd"), [(0.815, 0.062), (0.5, 0.28), (0.95, 0.02), (0.99, 0.05), (0.9, 0.29)]
)
def test_the_table_follows_the_beta_distribution_far_out(mean: float, sd: float) -> None:
    """Down to the smallest uniform number that a stream gives, to 1e-8."""
    size = mean * (1.0 - mean) / sd**2 - 1.0
    low = np.array([2.0**-53, 1e-12, 1e-6, 1e-3])
    law = stats.beta(mean * size, (1.0 - mean) * size)
    grid = np.concatenate([low, 1.0 - low, np.random.default_rng(3).uniform(size=500)])
    both = np.stack([grid, np.full_like(grid, 0.5)], axis=-1)
    score = quality.values(Params(mean, sd, 1.0), both)[:, 0]
    np.testing.assert_allclose(score, law.ppf(grid), atol=1e-8)


@pytest.mark.parametrize(("mean", "sd"), [(0.815, 0.062), (0.5, 0.4)])
def test_moments_of_the_score(mean: float, sd: float) -> None:
    drawn = np.random.default_rng(8).uniform(size=(DRAWS, 2))
    score = quality.values(Params(mean, sd, 0.939), drawn)[:, 0]
    # 4 standard errors, of the mean and of the variance.
    assert abs(score.mean() - mean) < 4.0 * sd / np.sqrt(DRAWS)
    squares = (score - mean) ** 2
    assert abs(squares.mean() - sd**2) < 4.0 * squares.std() / np.sqrt(DRAWS)
    assert score.min() >= 0.0
    assert score.max() <= 1.0


def test_standard_is_met_as_often_as_stated() -> None:
    edge = np.array([[0.5, 0.9389], [0.5, 0.9391]])
    np.testing.assert_array_equal(quality.values(Params(0.8, 0.1, 0.939), edge)[:, 1], [1.0, 0.0])
    drawn = np.random.default_rng(8).uniform(size=(DRAWS, 2))
    met = quality.values(Params(0.8, 0.0, 1.0), drawn)
    np.testing.assert_array_equal(met, [[0.8, 1.0]] * DRAWS)
