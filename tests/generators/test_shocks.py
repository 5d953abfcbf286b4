"""Shocks: correlation, spread, and the pandemic-type year."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbsim.generators import shocks
from vbsim.generators.shocks import Params

DRAWS = 200_000
PARAMS = Params(
    services=("inpatient", "snf", "hospice"),
    sds=(0.05, 0.30, 0.15),
    correlation=0.5,
    pandemic_probability=0.0,
    pandemic_changes=(-0.136, -0.064, 0.125),
)


def drawn(params: Params) -> np.ndarray:
    width = len(shocks.labels(params))
    return shocks.values(params, np.random.default_rng(17).uniform(size=(DRAWS, width)))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 1.0])
def test_log_shocks_have_the_stated_spread_and_correlation(correlation: float) -> None:
    """4 standard errors: sd / sqrt(2 n) of a spread, (1 - rho**2) / sqrt(n) of a correlation."""
    logs = np.log(drawn(replace(PARAMS, correlation=correlation)))
    sds = np.array(PARAMS.sds)
    assert np.all(np.abs(logs.std(axis=0) / sds - 1.0) < 4.0 / np.sqrt(2.0 * DRAWS))
    found = np.corrcoef(logs.T)[np.triu_indices(3, 1)]
    error = (1.0 - correlation**2) / np.sqrt(DRAWS)
    np.testing.assert_allclose(found, correlation, rtol=0.0, atol=4.0 * error + 1e-12)


def test_mean_is_one_with_the_pandemic_in_it() -> None:
    values = drawn(replace(PARAMS, pandemic_probability=0.25))
    error = values.std(axis=0) / np.sqrt(DRAWS)
    assert np.all(np.abs(values.mean(axis=0) - 1.0) < 4.0 * error)


def test_a_pandemic_year_strikes_all_services_at_once() -> None:
    """Without other shocks a year takes one of two values.

    Inpatient, probability 1/4, change -0.136: expected 1 - 0.034 = 0.966, so an ordinary year
    stands at 1 / 0.966 and a struck one at 0.864 / 0.966.
    """
    params = replace(PARAMS, sds=(0.0, 0.0, 0.0), pandemic_probability=0.25)
    uniforms = np.full((2, 5), 0.5)
    uniforms[:, 1] = [0.2499, 0.2501]
    struck, ordinary = shocks.values(params, uniforms)
    assert ordinary[0] == pytest.approx(1.0 / 0.966)
    assert struck[0] == pytest.approx(0.864 / 0.966)
    changes = np.array(PARAMS.pandemic_changes)
    np.testing.assert_allclose(struck / ordinary, 1.0 + changes)
    np.testing.assert_allclose(0.25 * struck + 0.75 * ordinary, 1.0)


def test_services_are_drawn_by_name() -> None:
    assert shocks.labels(PARAMS) == ("common", "pandemic", "inpatient", "snf", "hospice")
