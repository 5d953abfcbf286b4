"""Quality: the entity's quality score of a year, and whether the standard is met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError

FloatArray = NDArray[np.float64]


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
    size = params.score_mean * (1.0 - params.score_mean) / params.score_sd**2 - 1.0
    a, b = params.score_mean * size, (1.0 - params.score_mean) * size
    return np.stack([special.betaincinv(a, b, uniforms[..., 0]), met], axis=-1)


def mean(params: Params) -> FloatArray:
    """Mean score and the probability that the standard is met."""
    return np.array([params.score_mean, params.standard_met])
