"""Fits the process to earlier years: penalized maximum likelihood, nothing of the target year.

Given the parameters, an ACO's rates are multivariate t around the program's years and the effects
(Lange, Little and Taylor, JASA 1989); those means are found by reweighted least squares. The priors
are wide (a factor of e either way at one standard deviation) and were set before any file was
read; they matter where a history is too short to tell, such as one single file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from vbsim.backtest.panel import FloatArray, Panel
from vbsim.backtest.process import EFFECTS, Components, Parameters, components, design

PRIOR = Parameters(
    level=0.02, agreement=0.02, drift=0.01, drift_by_size=1.0, year=0.01, kept=0.5, tail=6.0
)
_COUNT = PRIOR.on_line().size
_PRIOR_SD = 1.0  # of every logarithm and of the logit
_SCALE_SD = 0.1  # step of the log scale from year to year, around its drift
_DRIFT_SD = 0.05  # of that drift, around 0
_EFFECT_SD = 0.02  # of an effect [share of benchmark, per unit]
_YEAR_SD = 1.0  # of a program year: no information
_LINEAR = ("level", "agreement", "drift", "drift_by_size", "year")


@dataclass(frozen=True)
class Fit:
    """The process as fitted to a panel.

    Parameters
    ----------
    parameters
        Of the process.
    scale
        Of each year, (T,).
    program_years
        Mean savings rate of each year for an ACO without effects, (T,); near 0 without a file.
    effects
        Of ``EFFECTS``, in order.
    log_likelihood
        Of the panel.
    """

    parameters: Parameters
    scale: FloatArray
    program_years: FloatArray
    effects: FloatArray
    log_likelihood: float

    def scale_ahead(self, years: int) -> FloatArray:
        """Scale of the years after the last one, (years,): its walk goes on with its drift."""
        drift = _drift(np.diff(np.log(self.scale)))
        return np.asarray(self.scale[-1] * np.exp(drift * np.arange(1, years + 1)))


def _drift(steps: FloatArray) -> float:
    """Mean step of the log scale as far as it is known: 0 without a step."""
    return float(steps.sum() / (steps.size + (_SCALE_SD / _DRIFT_SD) ** 2))


def fit(panel: Panel, luck: FloatArray) -> Fit:
    """Fit the process to the rates of a panel that are seen.

    Parameters
    ----------
    panel
        Rates of earlier years.
    luck
        Covariance of luck, (A, T, T).
    """
    target = _Likelihood(panel, luck)
    years = panel.years.size
    start = np.concatenate([PRIOR.on_line(), np.zeros(years - 1)])
    found = optimize.minimize(target, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    parameters, scale = target.parameters(found.x)
    value = target.evaluate(parameters, scale)
    means = value.means
    return Fit(parameters, scale, means[:years], means[years:], value.log_likelihood)


@dataclass(frozen=True)
class _Value:
    """Log likelihood at some parameters, and what its slopes are made of.

    ``slope`` is that of minus the log likelihood by the covariance of each ACO, (A, T, T).
    """

    log_likelihood: float
    means: FloatArray
    penalty: float
    slope: FloatArray
    slope_tail: float
    parts: Components
    rest: FloatArray


class _Likelihood:
    """Minus the penalized log likelihood of a panel, and its slopes."""

    def __init__(self, panel: Panel, luck: FloatArray) -> None:
        self.panel, self.luck = panel, luck
        self.seen = panel.seen
        self.pairs = (self.seen[:, :, None] & self.seen[:, None, :]).astype(np.float64)
        self.unseen = np.where(self.seen, 0.0, 1.0)[:, :, None] * np.eye(panel.years.size)
        self.rate = np.where(self.seen, panel.rate, 0.0)
        self.design = design(panel) * self.seen[:, :, None]
        self.count = self.seen.sum(axis=1)
        years = panel.years.size
        self.precision = np.r_[np.full(years, _YEAR_SD), np.full(len(EFFECTS), _EFFECT_SD)] ** -2.0
        self.means: FloatArray = np.zeros(self.precision.size)

    def __call__(self, numbers: FloatArray) -> tuple[float, FloatArray]:
        """Value and slopes at parameters and log steps of the scale."""
        parameters, scale = self.parameters(numbers)
        value = self.evaluate(parameters, scale)
        from_prior = (numbers[:_COUNT] - PRIOR.on_line()) / _PRIOR_SD
        steps = numbers[_COUNT:]
        # The drift of the scale is integrated out.
        from_drift = (steps - _drift(steps)) / _SCALE_SD**2
        penalty = 0.5 * (from_prior @ from_prior + steps @ from_drift) + value.penalty
        slopes = self._slopes(parameters, scale, value)
        prior = np.concatenate([from_prior / _PRIOR_SD, from_drift])
        return float(penalty - value.log_likelihood), slopes + prior

    def parameters(self, numbers: FloatArray) -> tuple[Parameters, FloatArray]:
        """Take parameters and the scale of every year from the line."""
        steps = np.concatenate([[0.0], numbers[_COUNT:]])
        return Parameters.from_line(numbers[:_COUNT]), np.exp(np.cumsum(steps))

    def evaluate(self, parameters: Parameters, scale: FloatArray) -> _Value:
        """Log likelihood with the means at their best."""
        parts = components(self.panel, parameters.kept)
        rest = parts.total(parameters) * np.multiply.outer(scale, scale)
        covariance = (rest + self.luck) * self.pairs + self.unseen
        inverse: FloatArray = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
        log_determinant = np.linalg.slogdet(covariance)[1]
        means = self._means(inverse, parameters.tail)
        residual = self.rate - self.design @ means
        solved = np.einsum("ats,as->at", inverse, residual)
        distance = np.einsum("at,at->a", residual, solved)
        tail, count = parameters.tail, self.count
        density = (
            special.gammaln(0.5 * (tail + count))
            - special.gammaln(0.5 * tail)
            - 0.5 * count * np.log((tail - 2.0) * np.pi)
            - 0.5 * log_determinant
            - 0.5 * (tail + count) * np.log1p(distance / (tail - 2.0))
        )
        weight = (tail + count) / (tail - 2.0 + distance)
        outer = weight[:, None, None] * solved[:, :, None] * solved[:, None, :]
        return _Value(
            float(density.sum()),
            means,
            0.5 * float(self.precision @ means**2),
            0.5 * (inverse - outer) * self.pairs,
            self._slope_tail(tail, distance),
            parts,
            rest,
        )

    def _means(self, inverse: FloatArray, tail: float) -> FloatArray:
        """Program years and effects by iteratively reweighted least squares, from the last ones."""
        solved = inverse @ self.design
        means = self.means
        for _ in range(100):
            residual = self.rate - self.design @ means
            distance = np.einsum("at,ats,as->a", residual, inverse, residual, optimize=True)
            weight = (tail + self.count) / (tail - 2.0 + distance)
            weighted = self.design * weight[:, None, None]
            left = np.einsum("atk,atl->kl", weighted, solved, optimize=True)
            right = np.einsum("atk,at->k", solved * weight[:, None, None], self.rate, optimize=True)
            found = np.linalg.solve(left + np.diag(self.precision), right)
            change, means = np.abs(found - means).max(), found
            if change < 1e-9:
                break
        self.means = means
        return means

    def _slope_tail(self, tail: float, distance: FloatArray) -> float:
        half = 0.5 * (special.digamma(0.5 * (tail + self.count)) - special.digamma(0.5 * tail))
        ratio = distance / (tail - 2.0)
        slope = (
            half
            - 0.5 * self.count / (tail - 2.0)
            - 0.5 * np.log1p(ratio)
            + 0.5 * (tail + self.count) * ratio / (tail - 2.0) / (1.0 + ratio)
        )
        return float(slope.sum())

    def _slopes(self, parameters: Parameters, scale: FloatArray, value: _Value) -> FloatArray:
        """Slopes of minus the log likelihood by the numbers on the line."""
        scaled = value.slope * np.multiply.outer(scale, scale)
        linear = [
            2.0
            * getattr(parameters, name) ** 2
            * float((scaled * getattr(value.parts, name)).sum())
            for name in _LINEAR
        ]
        nudge = 1e-6
        kept = parameters.kept
        moved = components(self.panel, kept + nudge).total(parameters)
        before = components(self.panel, kept - nudge).total(parameters)
        by_kept = float((scaled * (moved - before)).sum()) / (2.0 * nudge) * kept * (1.0 - kept)
        by_tail = -value.slope_tail * (parameters.tail - 2.0)
        # A step of the log scale moves its own year and all later ones.
        by_year = 2.0 * (value.slope * value.rest).sum(axis=(0, 2))
        by_step = np.cumsum(by_year[::-1])[::-1][1:]
        return np.concatenate([linear, [by_kept, by_tail], by_step])
