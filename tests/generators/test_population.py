"""Population against closed forms, numerical integration and its own table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from vbsim.generators import population
from vbsim.generators.population import Params
from vbsim.kernels.grid import survival_nodes

CASES = [Params(0.6, 0.275, 10.8), Params(0.4, 0.25, 3.0), Params(1.5, 0.1, 5.0)]


def integrated(params: Params, power: float) -> float:
    """E[risk ** power]: quadrature over the lognormal, the two states added up."""
    sd = params.risk_sd

    def density(z: float) -> float:
        return float(np.exp(power * (sd * z - 0.5 * sd * sd)) * stats.norm.pdf(z))

    lognormal, _ = integrate.quad(density, -12.0, 12.0 + power * sd, epsabs=0.0, epsrel=1e-11)
    # Well and ill by hand: shares 1 - s and s, levels a and a * ratio, and the mean level is 1.
    well = 1.0 / (1.0 + params.ill_share * (params.ill_ratio - 1.0))
    ill = well * params.ill_ratio
    return lognormal * ((1.0 - params.ill_share) * well**power + params.ill_share * ill**power)


@pytest.mark.parametrize("params", CASES, ids=str)
def test_levels_have_mean_one_and_the_stated_ratio(params: Params) -> None:
    well, ill = params.levels
    assert (1.0 - params.ill_share) * well + params.ill_share * ill == pytest.approx(1.0)
    assert ill / well == pytest.approx(params.ill_ratio)


def test_levels_by_hand() -> None:
    # A quarter of members is 3 times as intense: a * (0.75 + 0.25 * 3) = 1, so a = 2/3.
    assert Params(0.4, 0.25, 3.0).levels == pytest.approx((2 / 3, 2.0))


@pytest.mark.parametrize("power", [0.0, 0.5, 0.85, 1.0, 1.1, 1.4, 2.0])
@pytest.mark.parametrize("params", CASES, ids=str)
def test_risk_moments(params: Params, power: float) -> None:
    """Quadrature, to the 0.05 % that the table's straight lines cost."""
    found = population.risk_moment(params, power)
    assert found == pytest.approx(integrated(params, power), rel=5e-4)


@pytest.mark.parametrize("power", [0.5, 1.0, 1.4])
@pytest.mark.parametrize("params", CASES, ids=str)
def test_risk_moments_are_those_of_the_table(params: Params, power: float) -> None:
    """The engine draws from the table, so its mean is exact with the table's own moment."""
    table = population.log_risk_table(params)
    # Every cell at 64 midpoints, weighted with its width; below 2**-32 a draw is the first node.
    inside = (np.arange(64) + 0.5) / 64.0
    cells = table[:-2, None] + np.diff(table[:-1])[:, None] * inside
    widths = np.diff(survival_nodes())
    mean = widths @ np.exp(power * cells).mean(axis=1) + 2.0**-32 * np.exp(power * table[0])
    well, ill = params.levels
    state = (1.0 - params.ill_share) * well**power + params.ill_share * ill**power
    assert population.risk_moment(params, power) == pytest.approx(state * mean, rel=1e-6)


def test_mean_risk_is_one_in_each_state() -> None:
    """The state says how ill, the persistent risk has mean 1 in both."""
    params = CASES[0]
    drawn = np.random.default_rng(4).uniform(size=(400_000, 2))
    risk = population.values(params, drawn)
    ill = drawn[:, 0] < params.ill_share
    for members, level in zip((~ill, ill), params.levels, strict=True):
        found = risk[members]
        # 4 standard errors.
        assert abs(found.mean() - level) < 4.0 * found.std() / np.sqrt(found.size)


def test_log_risk_is_normal() -> None:
    params = CASES[0]
    # Survival 0.5 and 0.1587 are the median and one standard deviation above it.
    survival = np.array([0.5, stats.norm.sf(1.0), stats.norm.sf(-2.0)])
    expected = 0.6 * np.array([0.0, 1.0, -2.0]) - 0.18
    np.testing.assert_allclose(population.log_risk(params, survival), expected, atol=1e-12)


def test_table_falls_as_survival_rises() -> None:
    table = population.log_risk_table(CASES[2])
    assert table.shape == (1026,)
    assert np.all(np.isfinite(table))
    assert np.all(np.diff(table[:1025]) < 0.0)
