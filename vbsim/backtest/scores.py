"""Scores of forecasts: how near, how sure, how honest.

CRPS and the logarithmic score are proper: no forecaster gains by saying anything but what it
believes (Gneiting and Raftery, JASA 2007). Both are given so that lower is better. The PIT is the
probability that was forecast of a rate up to the one that came; of an honest forecast it is
uniform (Dawid, JRSS A 1984).
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from vbsim.backtest.forecast import Predictive
from vbsim.backtest.panel import FloatArray


def crps_normal(seen: FloatArray, mean: FloatArray, spread: FloatArray) -> FloatArray:
    """CRPS of normal forecasts (Gneiting and Raftery 2007, equation 21) [as ``seen``]."""
    z = (seen - mean) / spread
    inner = z * (2.0 * stats.norm.cdf(z) - 1.0) + 2.0 * stats.norm.pdf(z) - np.pi**-0.5
    return np.asarray(spread * inner)


def crps_ensemble(seen: FloatArray, values: FloatArray) -> FloatArray:
    """CRPS of one forecast that gives each of ``values`` (n,) the same probability."""
    ordered = np.sort(values)
    count = ordered.size
    ranks = 2.0 * np.arange(1, count + 1) - count - 1.0
    spread = float(ranks @ ordered) / count**2
    return np.abs(seen[:, None] - ordered).mean(axis=1) - spread


def crps(seen: FloatArray, forecast: Predictive) -> FloatArray:
    """CRPS of predictive distributions: their squared distance from the step at what came."""
    grid = forecast.grid()
    below = forecast.below(grid)
    found = []
    for rate, g, b in zip(seen, grid, below, strict=True):
        grid_to, below_to = _up_to(rate, g, b)
        # The other side is the same thing seen in a mirror.
        grid_from, above_from = _up_to(-rate, -g[::-1], 1.0 - b[::-1])
        found.append(np.trapezoid(below_to**2, grid_to) + np.trapezoid(above_from**2, grid_from))
    return np.array(found)


def _up_to(rate: float, grid: FloatArray, below: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Grid and distribution up to a rate, which becomes the last point."""
    kept = grid < rate
    end = np.interp(rate, grid, below)
    return np.append(grid[kept], rate), np.append(below[kept], end)


def coverage(pit: FloatArray, level: float) -> float:
    """Share of outcomes inside the central intervals of a level."""
    return float(np.mean(np.abs(pit - 0.5) <= 0.5 * level)) if pit.size else np.nan


def distance_from_uniform(pit: FloatArray) -> FloatArray:
    """Kolmogorov-Smirnov distance of values (..., n) from the uniform distribution, (...)."""
    ordered = np.sort(pit, axis=-1)
    count = ordered.shape[-1]
    steps = np.arange(count + 1) / count
    above = (steps[1:] - ordered).max(axis=-1)
    below = (ordered - steps[:-1]).max(axis=-1)
    return np.asarray(np.maximum(above, below))


def pit_of_draws(forecast: Predictive, rates: FloatArray) -> FloatArray:
    """PIT that joint draws from the forecast itself have, (R, A): those of an honest forecast.

    They are not independent within a draw, because the program's year is common to all ACOs.
    """
    grid = forecast.grid()
    below = forecast.below(grid)
    by_aco = [np.interp(r, g, b) for r, g, b in zip(rates.T, grid, below, strict=True)]
    return np.array(by_aco).T


def uniform_p_value(pit: FloatArray, honest: FloatArray) -> float:
    """Share of honest years whose PIT is at least as far from uniform as the one that came.

    Parameters
    ----------
    pit
        Of the outcomes, (A,).
    honest
        From :func:`pit_of_draws`, (R, A). Against it the Kolmogorov-Smirnov distance is held; its
        usual table would take the ACOs of a year for independent.
    """
    further = distance_from_uniform(honest) >= distance_from_uniform(pit)
    return float((further.sum() + 1.0) / (further.size + 1.0))
