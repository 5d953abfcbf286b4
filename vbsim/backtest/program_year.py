"""Forecasts what all ACOs share: how far a program-wide figure moves from one year to the next.

The yearly changes of the figure are taken as draws from a t distribution with four degrees of
freedom, whose location and scale are unknown: a few changes are seen at most, and one of them may
be a pandemic's. The predictive distribution of the next change integrates over both, by a grid
(Gelman and others, Bayesian Data Analysis, 3rd ed. 2013, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from vbsim.backtest.panel import FloatArray

_TAIL = 4.0
_GRID = 41
_REACH = 4.0  # standard deviations that the grid covers either way
_PASSES = 3
_POINTS = 1_001


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of yearly changes before any is seen.

    Parameters
    ----------
    location, location_sd
        Mean and standard deviation of the location.
    scale
        Median of the scale; its logarithm has standard deviation 1.
    """

    location: float
    location_sd: float
    scale: float


SAVINGS = Belief(location=0.0, location_sd=0.005, scale=0.005)
"""Of the program-wide savings rate, beside what experience explains [share of benchmark]."""
GROWTH = Belief(location=0.03, location_sd=0.02, scale=0.02)
"""Of the logarithm of the benchmark per person-year."""


def change(
    seen: FloatArray, gaps: FloatArray, ahead: float, belief: Belief, count: int
) -> FloatArray:
    """Equally likely values of the change over the next years, rising, (count,).

    Parameters
    ----------
    seen
        Changes that were seen, (n,); n may be 0.
    gaps
        Years that each of them spans, (n,).
    ahead
        Years that the change to come spans.
    belief
        What is believed beforehand.
    count
        How many values; their mean is the mean of the predictive distribution, nearly.
    """
    location, scale, weight = _posterior(seen, gaps, belief)
    centre = float((weight * location).sum()) * ahead
    width = float((weight * scale).sum()) * np.sqrt(ahead)
    # Dense in the middle, wide enough for the heavy tails.
    grid = centre + width * np.sinh(np.linspace(-8.0, 8.0, _POINTS))
    standard = (grid[:, None, None] - location * ahead) / (scale * np.sqrt(ahead))
    below = np.einsum("glm,lm->g", special.stdtr(_TAIL, standard), weight)
    levels = (np.arange(count) + 0.5) / count
    return np.asarray(np.interp(levels, below, grid))


def _posterior(
    seen: FloatArray, gaps: FloatArray, belief: Belief
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Locations (L, 1), scales (1, M) and weights (L, M), on a grid drawn to where they are."""
    middle = np.array([belief.location, np.log(belief.scale)])
    reach = _REACH * np.array([belief.location_sd, 1.0])
    steps = np.linspace(-1.0, 1.0, _GRID)
    for _ in range(_PASSES):
        location = (middle[0] + reach[0] * steps)[:, None]
        log_scale = (middle[1] + reach[1] * steps)[None, :]
        log_weight = -0.5 * ((location - belief.location) / belief.location_sd) ** 2
        log_weight = log_weight - 0.5 * (log_scale - np.log(belief.scale)) ** 2
        for value, gap in zip(seen, gaps, strict=True):
            spread = np.exp(log_scale) * np.sqrt(gap)
            log_weight = log_weight + stats.t.logpdf(value, _TAIL, location * gap, spread)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        grids = np.broadcast_arrays(location, log_scale)
        middle = np.array([float((weight * grid).sum()) for grid in grids])
        spreads = [
            float((weight * grid**2).sum()) - m**2 for grid, m in zip(grids, middle, strict=True)
        ]
        found = location, np.exp(log_scale), weight
        # A step more, lest a grid that is still too coarse shrinks to one of its points.
        reach = _REACH * np.sqrt(np.maximum(spreads, 0.0)) + 2.0 * reach / _GRID
    return found
