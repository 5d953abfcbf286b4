"""Trend: how far the nation's cost level of a year strays from its expected level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Params:
    """Standard deviation of one year's trend around its expected value [share]."""

    sd: float

    def __post_init__(self) -> None:
        """Refuse a negative spread, and one that looks like a percent."""
        check_sd("trend_sd", self.sd)


def check_sd(name: str, sd: float) -> None:
    """Refuse a standard deviation of a factor that is negative or looks like a percent."""
    if not 0.0 <= sd < 1.0:
        raise ParameterError(
            f"{name} is {sd:g}; expected a share of 1, at least 0 and below 1 (write 2 % as 0.02)"
        )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one year takes."""
    return ("trend",)


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Factor of one year's trend, lognormal: uniforms (..., 1) to factors (...,), mean 1."""
    return unit_lognormal(params.sd, uniforms[..., 0])


def mean(params: Params) -> float:
    """Mean factor: 1, because the expected trend is part of the stated level."""
    return 1.0


def unit_lognormal(sd: float | FloatArray, uniforms: FloatArray) -> FloatArray:
    """Lognormal factor of mean 1 and standard deviation ``sd``."""
    variance = np.log1p(np.square(sd))
    return np.exp(np.sqrt(variance) * special.ndtri(uniforms) - 0.5 * variance)
