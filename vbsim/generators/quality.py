"""Quality: the entity's quality score of a year, and whether the standard is met."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError

FloatArray = NDArray[np.float64]
_FAR, _PER_UNIT = 9, 64  # uniform numbers of 53 bits reach 8.3


@dataclass(frozen=True, slots=True)
class Params:
    """Beta-distributed score, and the probability that the standard is met; all in [0, 1]."""

    score_mean: float
    score_sd: float
    standard_met: float

    def __post_init__(self) -> None:
        """Refuse a score outside [0, 1], and a spread that no beta distribution has."""
        for name in ("score_mean", "standard_met"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ParameterError(
                    f"{name} is {getattr(self, name):g}; expected a share between 0 and 1 "
                    "(write 81.5 % as 0.815)"
                )
        limit = np.sqrt(self.score_mean * (1.0 - self.score_mean))
        if not (self.score_sd == 0.0 or 0.0 < self.score_sd < limit):
            raise ParameterError(
                f"score_sd is {self.score_sd:g}; expected 0, or less than {limit:.3f} for a mean "
                f"of {self.score_mean:g}"
            )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one year takes."""
    return ("score", "standard")


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Score and standard met (1 or 0): uniforms (..., 2) to (..., 2)."""
    met = (uniforms[..., 1] < params.standard_met).astype(np.float64)
    if params.score_sd == 0.0:
        return np.stack([np.full_like(met, params.score_mean), met], axis=-1)
    normal = special.ndtri(uniforms[..., 0])
    a, b = _shape(params)
    if min(a, b) < 1.0:  # a density with poles, which no table follows
        return np.stack([_quantile(a, b, normal), met], axis=-1)
    return np.stack([_between(_score_table(a, b), normal), met], axis=-1)


def _shape(params: Params) -> tuple[float, float]:
    size = params.score_mean * (1.0 - params.score_mean) / params.score_sd**2 - 1.0
    return params.score_mean * size, (1.0 - params.score_mean) * size


def _quantile(a: float, b: float, normal: FloatArray) -> FloatArray:
    """Quantile of a beta distribution where a standard normal has its own."""
    below, above = special.ndtr(normal), special.ndtr(-normal)
    low, high = special.betaincinv(a, b, below), special.betainccinv(a, b, above)
    return np.where(normal < 0.0, low, high)


@lru_cache(maxsize=64)
def _score_table(a: float, b: float) -> FloatArray:
    """Quantiles in steps of 1 / _PER_UNIT, and one more on either side of _FAR."""
    most = _FAR * _PER_UNIT + 1
    return _quantile(a, b, np.arange(-most, most + 1) / _PER_UNIT)


def _between(table: FloatArray, normal: FloatArray) -> FloatArray:
    """Cubic interpolation, to 1e-8 of the exact score.

    Inverting the beta distribution takes as long as all else that is drawn for a realization.
    """
    place = np.clip(normal, -_FAR, _FAR) * _PER_UNIT + _FAR * _PER_UNIT
    node = np.minimum(place.astype(np.int64), 2 * _FAR * _PER_UNIT - 1)
    f = place - node
    before, after, last = f + 1.0, f - 1.0, f - 2.0
    inner = before * last * (after * table[node + 1] - f * table[node + 2]) / 2.0
    outer = f * after * (before * table[node + 3] - last * table[node]) / 6.0
    return np.clip(inner + outer, 0.0, 1.0)


def mean(params: Params) -> FloatArray:
    """Mean score and the probability that the standard is met."""
    return np.array([params.score_mean, params.standard_met])
