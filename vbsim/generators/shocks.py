"""Shocks: what moves the use of whole services for everybody in a year, pandemics included.

The log shocks of the services are normal with one common correlation. In a rare pandemic-type year
each service's use changes by its own stated share. Both have mean 1, so the stated level of a year
is the mean over all futures, pandemics among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError
from vbsim.generators.trend import check_sd

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Params:
    """Shocks of every service; all tuples in the order of ``services``.

    Parameters
    ----------
    services
        Names of the services.
    sds
        Standard deviation of each service's log shock.
    correlation
        Correlation of the log shocks of any two services.
    pandemic_probability
        Probability of a pandemic-type year.
    pandemic_changes
        Change of each service's use in such a year, as a share (-0.1 = a tenth less).
    """

    services: tuple[str, ...]
    sds: tuple[float, ...]
    correlation: float
    pandemic_probability: float
    pandemic_changes: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no correlation, probability or change."""
        if not len(self.services) == len(self.sds) == len(self.pandemic_changes):
            raise ParameterError(
                f"{len(self.services)} services, {len(self.sds)} sds and "
                f"{len(self.pandemic_changes)} pandemic_changes; expected as many of each"
            )
        for name, sd in zip(self.services, self.sds, strict=True):
            check_sd(f"service_sd of {name}", sd)
        for name, share in (
            ("service_correlation", self.correlation),
            ("pandemic_probability", self.pandemic_probability),
        ):
            if not 0.0 <= share <= 1.0:
                raise ParameterError(f"{name} is {share:g}; expected a share between 0 and 1")
        for name, change in zip(self.services, self.pandemic_changes, strict=True):
            if not -1.0 < change <= 5.0:
                raise ParameterError(
                    f"pandemic_change of {name} is {change:g}; expected a share above -1 "
                    "(write a fall of 14 % as -0.14)"
                )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one year takes: common part, pandemic, then the services."""
    return ("common", "pandemic", *params.services)


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Factors on each service's use: uniforms (..., 2 + services) to (..., services), mean 1."""
    sds = np.asarray(params.sds)
    common = special.ndtri(uniforms[..., :1])
    own = special.ndtri(uniforms[..., 2:])
    rho = params.correlation
    shock = np.exp(sds * (np.sqrt(rho) * common + np.sqrt(1.0 - rho) * own) - 0.5 * sds**2)
    changes = np.asarray(params.pandemic_changes)
    struck = uniforms[..., 1:2] < params.pandemic_probability
    expected = 1.0 + params.pandemic_probability * changes
    return np.asarray(shock * np.where(struck, 1.0 + changes, 1.0) / expected)


def mean(params: Params) -> FloatArray:
    """Mean factor of each service: 1."""
    return np.ones(len(params.services))
