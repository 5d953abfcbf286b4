"""Predictive distributions of the savings rates of a year, from earlier years alone.

Given its own past, an ACO's rate is t-distributed (the conditional of a multivariate t: Ding, "On
the conditional distribution of the multivariate t distribution", The American Statistician 2016)
around the program's year, which is unknown and shared by all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.backtest import program_year
from vbsim.backtest.facts import AcoYear, Known
from vbsim.backtest.fit import Fit
from vbsim.backtest.luck import MemberLuck, covariance
from vbsim.backtest.panel import FloatArray, Panel, panel_of
from vbsim.backtest.process import components, design

_SHARED = 41  # values of the program's year


@dataclass(frozen=True)
class Predictive:
    """Distributions of the savings rates of A ACOs, each ``centre + shared + scale * t``.

    Parameters
    ----------
    centre, scale, degrees
        Of each ACO, (A,); ``degrees`` of freedom of its t.
    shared
        Equally likely departures of the program's year, the same for all ACOs, (S,).
    """

    centre: FloatArray
    scale: FloatArray
    degrees: FloatArray
    shared: FloatArray

    def of(self, which: NDArray[np.bool_]) -> Predictive:
        """Forecasts of some of the ACOs."""
        return replace(
            self,
            centre=self.centre[which],
            scale=self.scale[which],
            degrees=self.degrees[which],
        )

    def below(self, rates: FloatArray) -> FloatArray:
        """Probability of a rate up to ``rates`` (A,) or (A, G); the same shape."""
        return self._over_shared(rates, lambda z, n: special.stdtr(n, z))

    def density(self, rates: FloatArray) -> FloatArray:
        """Density at ``rates``, (A,)."""
        scale = self.scale
        return self._over_shared(rates, _density) / scale

    def quantiles(self, levels: FloatArray) -> FloatArray:
        """Rates that are not exceeded with the given probabilities, (A, levels)."""
        grid = self.grid()
        below = self.below(grid)
        return np.array([np.interp(levels, b, g) for b, g in zip(below, grid, strict=True)])

    def grid(self, points: int = 401) -> FloatArray:
        """Rates from far below to far above, dense in the middle, (A, points)."""
        spread = np.sinh(np.linspace(-4.5, 4.5, points)) / 4.5
        width = np.sqrt(self.scale**2 + self.shared.var())
        return self.centre[:, None] + self.shared.mean() + width[:, None] * spread

    def _over_shared(
        self, rates: FloatArray, function: Callable[[FloatArray, FloatArray], FloatArray]
    ) -> FloatArray:
        distance = rates - self.centre if rates.ndim == 1 else rates - self.centre[:, None]
        shape = (-1, *[1] * (distance.ndim - 1))
        scale, degrees = self.scale.reshape(shape), self.degrees.reshape(shape)
        total = np.zeros_like(distance)
        for departure in self.shared:
            total += function((distance - departure) / scale, degrees)
        return total / self.shared.size


def _density(z: FloatArray, degrees: FloatArray) -> FloatArray:
    log_front = special.gammaln(0.5 * (degrees + 1.0)) - special.gammaln(0.5 * degrees)
    log_front -= 0.5 * np.log(degrees * np.pi)
    return np.exp(log_front - 0.5 * (degrees + 1.0) * np.log1p(z * z / degrees))


def forecast(
    history: Sequence[AcoYear], target: Sequence[Known], fitted: Fit, members: MemberLuck
) -> Predictive:
    """Forecast the savings rates of the ACOs of a later year.

    Parameters
    ----------
    history
        Rows of earlier years: those that were fitted.
    target
        What is known of the ACOs of the year to forecast.
    fitted
        The process, fitted to ``history``.
    members
        Luck of single members.
    """
    panel = panel_of(history, target)
    years = panel.years.size
    files = np.array(sorted({row.known.year for row in history})) - int(panel.years[0])
    means = fitted.program_years[files]
    shared = program_year.change(
        np.diff(means), np.diff(files).astype(float), float(years - 1 - files[-1]),
        program_year.SAVINGS, _SHARED,
    )  # fmt: skip
    later = years - fitted.program_years.size
    program_years = np.concatenate([fitted.program_years, np.zeros(later)])
    program_years[-1] = means[-1] + np.median(shared)
    mean = design(panel) @ np.concatenate([program_years, fitted.effects])
    scale = np.concatenate([fitted.scale, fitted.scale_ahead(later)])
    rest = components(panel, fitted.parameters.kept).total(fitted.parameters)
    total = rest * np.multiply.outer(scale, scale) + covariance(panel, members)
    centre, spread, degrees = _given_the_past(panel, mean, total, fitted.parameters.tail)
    return Predictive(centre, spread, degrees, shared - np.median(shared))


def _given_the_past(
    panel: Panel, mean: FloatArray, covariance: FloatArray, tail: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Centre, scale and degrees of freedom of the last year's rate, given those seen, (A,) each."""
    seen = panel.seen[:, :-1]
    pairs = seen[:, :, None] & seen[:, None, :]
    unseen = np.where(seen, 0.0, 1.0)[:, :, None] * np.eye(seen.shape[1])
    past = np.where(pairs, covariance[:, :-1, :-1], 0.0) + unseen
    across = np.where(seen, covariance[:, -1, :-1], 0.0)
    residual = np.where(seen, panel.rate[:, :-1] - mean[:, :-1], 0.0)
    solved = np.linalg.solve(past, np.stack([across, residual], axis=2))
    weight, whitened = solved[:, :, 0], solved[:, :, 1]
    centre = mean[:, -1] + np.einsum("at,at->a", weight, residual)
    variance = covariance[:, -1, -1] - np.einsum("at,at->a", weight, across)
    distance = np.einsum("at,at->a", residual, whitened)
    degrees = tail + seen.sum(axis=1)
    # The covariance of the multivariate t is that of the process, so its scale is (tail - 2) / tail
    # of it.
    scale = np.sqrt(variance * (tail - 2.0 + distance) / degrees)
    return centre, scale, degrees
