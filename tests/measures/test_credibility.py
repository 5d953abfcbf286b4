"""Posterior of true savings against the normal-normal model, where it is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vbsim.measures.credibility import posterior, share_of

N = 40_000
GROUPS = np.arange(N) * 50 // N


def simulated(prior: float, noise: float, response: float = 1.0):
    rng = np.random.default_rng(11)
    savings = 0.02 + prior * rng.normal(size=N)
    return savings, response * savings + noise * rng.normal(size=N)


def test_posterior_of_the_normal_model() -> None:
    """Weight a / (a + b) of variances 9 and 16: 0.36; all within 4 standard errors."""
    found = posterior(*simulated(0.03, 0.04), 0.05, GROUPS)
    mean, sd = 0.02 + 0.36 * 0.03, 0.03 * 0.8
    for pair, expected in (
        (found.credibility, 0.36),
        (found.mean, mean),
        (found.sd, sd),
        (found.none, stats.norm.cdf(-mean / sd)),
    ):
        assert abs(pair[0] - expected) < 4.0 * pair[1]
        assert pair[1] < 0.02 * abs(expected) + 1e-4


def test_a_rate_that_responds_by_half_is_read_as_twice_the_savings() -> None:
    """Without noise the observation is the truth, whatever the response."""
    found = posterior(*simulated(0.03, 1e-9, response=0.5), 0.03, GROUPS)
    assert found.mean[0] == pytest.approx(0.06, abs=1e-6)
    assert found.credibility[0] == pytest.approx(1.0, abs=1e-9)


def test_share_of_a_part() -> None:
    whole = np.arange(N) % 2 == 0
    part = np.arange(N) % 10 == 0
    value, error = share_of(part, whole, GROUPS)
    assert value == pytest.approx(0.2)
    assert error == pytest.approx(0.0, abs=1e-12)  # the same in every group
    assert np.isnan(share_of(part, np.zeros(N, dtype=bool), GROUPS)).all()
