"""Three simple forecasts, which a model must beat to be worth its trouble.

* ``pooled``: the savings rates of all ACOs of the last year, alike for everyone.
* ``last_value``: the ACO's own last rate, normal, with the spread of the changes of the last pair.
* ``size_credibility``: a regression of the last year on the one before, the credibility of the own
  rate growing with the logarithm of size; the variance is a constant and a part that falls with
  size (non-negative least squares of the squared residuals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from vbsim.backtest.facts import AcoYear
from vbsim.backtest.panel import FloatArray
from vbsim.backtest.scores import crps_ensemble, crps_normal

NAMES = ("pooled", "last_value", "size_credibility")
_TYPICAL_SIZE = 15_000.0  # person-years; only centres a regressor


@dataclass(frozen=True)
class Simple:
    """A simple forecast's CRPS, minus log density and PIT for each ACO, (A,)."""

    crps: FloatArray
    log_score: FloatArray
    pit: FloatArray


def simple_forecasts(
    history: Sequence[AcoYear], acos: Sequence[str], seen: FloatArray
) -> dict[str, Simple | None]:
    """Score the simple forecasts; ``None`` for those that need a pair of years and find none.

    Parameters
    ----------
    history
        Rows of earlier years.
    acos
        ACOs of the last of them that are scored.
    seen
        Their savings rates in the target year, (A,).
    """
    years = sorted({row.known.year for row in history})
    last = {row.known.aco: row for row in history if row.known.year == years[-1]}
    own = np.array([last[aco].result.savings_rate for aco in acos])
    size = np.array([last[aco].result.person_years for aco in acos])
    found: dict[str, Simple | None] = dict.fromkeys(NAMES)
    found["pooled"] = _pooled(np.array([r.result.savings_rate for r in last.values()]), seen)
    before = {r.known.aco: r for r in history if len(years) > 1 and r.known.year == years[-2]}
    both = sorted(before.keys() & last.keys())
    if len(both) > 3:
        first = np.array([before[aco].result.savings_rate for aco in both])
        second = np.array([last[aco].result.savings_rate for aco in both])
        sizes = np.array([before[aco].result.person_years for aco in both])
        spread = np.full_like(own, np.std(second - first, ddof=1))
        found["last_value"] = _normal(seen, own, spread)
        found["size_credibility"] = _normal(seen, *_credibility(first, second, sizes, own, size))
    return found


def _pooled(rates: FloatArray, seen: FloatArray) -> Simple:
    density = stats.gaussian_kde(rates)(seen)
    # Far outside all of last year's rates the density is 0 to the last digit.
    floor = np.finfo(np.float64).tiny
    pit = np.searchsorted(np.sort(rates), seen) / rates.size
    return Simple(crps_ensemble(seen, rates), -np.log(np.maximum(density, floor)), pit)


def _normal(seen: FloatArray, mean: FloatArray, spread: FloatArray) -> Simple:
    law = stats.norm(mean, spread)
    return Simple(crps_normal(seen, mean, spread), -law.logpdf(seen), law.cdf(seen))


def _credibility(
    first: FloatArray, second: FloatArray, sizes: FloatArray, own: FloatArray, size: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and spread of the next rate, from a regression over the last pair of years."""
    coefficients = np.linalg.lstsq(_regressors(first, sizes), second, rcond=None)[0]
    residual = second - _regressors(first, sizes) @ coefficients
    by_size = np.column_stack([np.ones_like(sizes), 1.0 / sizes])
    # Scaled to the same magnitude, which the solver needs.
    scale = by_size.mean(axis=0)
    variance = optimize.nnls(by_size / scale, residual**2)[0] / scale
    spread = np.sqrt(np.column_stack([np.ones_like(size), 1.0 / size]) @ variance)
    return _regressors(own, size) @ coefficients, spread


def _regressors(rate: FloatArray, size: FloatArray) -> FloatArray:
    return np.column_stack([np.ones_like(rate), rate, rate * np.log(size / _TYPICAL_SIZE)])
