"""Utilization: how many claims of each service a member has in a year.

Given a member's risk, the year's intensity is ``S = risk * V`` with ``V`` gamma of mean 1, shared
by all services of the year. Expected claims of a service are ``rate * S**elasticity /
E[S**elasticity]`` per person-year and the count is Poisson, so that without risk it is negative
binomial with shape ``transient_shape``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import compress

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from vbsim.errors import ParameterError
from vbsim.kernels.grid import power_mean, survival_nodes, table_of

FloatArray = NDArray[np.float64]
_LOWER_CUT = 1.0 / 128.0


@dataclass(frozen=True, slots=True)
class Params:
    """Rates of one segment.

    Parameters
    ----------
    services
        Names of the services, in order.
    rates
        Claims per person-year of each service [1].
    elasticities
        Power with which each service responds to the intensity.
    transient_shape
        Shape of the gamma transient V; its variance is 1 / shape.
    risk_moments
        E[risk ** elasticity] of each service over the segment; ones where risk is 1.
    """

    services: tuple[str, ...]
    rates: tuple[float, ...]
    elasticities: tuple[float, ...]
    transient_shape: float
    risk_moments: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse negative rates, and lists that do not match."""
        lengths = {len(self.services), len(self.rates), len(self.elasticities)}
        if lengths | {len(self.risk_moments)} != {len(self.services)}:
            raise ParameterError("services, rates, elasticities and risk_moments differ in length")
        for name, rate in zip(self.services, self.rates, strict=True):
            if not (np.isfinite(rate) and rate >= 0.0):
                raise ParameterError(f"utilization of {name} is {rate:g}; expected 0 or more")
        for name, power in zip(self.services, self.elasticities, strict=True):
            if not 0.0 <= power <= 3.0:
                raise ParameterError(f"elasticity of {name} is {power:g}; expected 0 to 3")
        if not 0.05 <= self.transient_shape <= 1e6:
            raise ParameterError(
                f"transient_shape is {self.transient_shape:g}; expected between 0.05 and 1e6"
            )

    def of(self, basket: NDArray[np.bool_]) -> Params:
        """Rates of the services in a basket alone, (K,)."""
        return replace(
            self,
            services=tuple(compress(self.services, basket)),
            rates=tuple(compress(self.rates, basket)),
            elasticities=tuple(compress(self.elasticities, basket)),
            risk_moments=tuple(compress(self.risk_moments, basket)),
        )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one draw takes: the transient, then one per service."""
    return ("transient", *params.services)


def values(params: Params, uniforms: FloatArray, risk: ArrayLike = 1.0) -> FloatArray:
    """Claims of full-year members: uniforms (..., 1 + services) to counts (..., services)."""
    intensity = np.asarray(risk) * np.exp(log_transient(params, uniforms[..., 0]))
    expected = np.asarray(params.rates) * response(params, np.log(intensity))
    return poisson_quantile(uniforms[..., 1:], expected)


def mean(params: Params) -> FloatArray:
    """Claims per person-year of each service."""
    return np.asarray(params.rates)


def response(params: Params, log_intensity: FloatArray) -> FloatArray:
    """Give expected claims relative to the segment's mean: shape (..., services)."""
    powers = np.asarray(params.elasticities)
    scale = np.array([m * transient_moment(params, p) for m, p in _moments(params)])
    return np.exp(np.asarray(log_intensity)[..., None] * powers) / scale


def log_transient(params: Params, survival: FloatArray) -> FloatArray:
    """Logarithm of the transient V at a survival probability."""
    return _log_transient(params.transient_shape, survival)


def _log_transient(shape: float, survival: FloatArray) -> FloatArray:
    return np.log(special.gammainccinv(shape, survival) / shape)


def log_transient_table(params: Params) -> FloatArray:
    """Log V at the survival nodes of :mod:`vbsim.kernels.grid`, shape (1026,)."""
    return _log_transient_table(params.transient_shape)


@cache
def _log_transient_table(shape: float) -> FloatArray:
    nodes = np.minimum(survival_nodes(), 1.0 - _LOWER_CUT)
    table = table_of(_log_transient(shape, nodes))
    table.setflags(write=False)
    return table


def transient_moment(params: Params, power: float) -> float:
    """Mean of V ** power, for transients drawn from the table."""
    return _transient_moment(params.transient_shape, power)


@lru_cache(maxsize=1024)
def _transient_moment(shape: float, power: float) -> float:
    return power_mean(_log_transient_table(shape), power)


def poisson_quantile(uniforms: FloatArray, expected: FloatArray) -> FloatArray:
    """Smallest count whose Poisson distribution function reaches the uniform."""
    count = np.maximum(np.ceil(special.pdtrik(uniforms, expected)), 0.0)
    below = np.maximum(count - 1.0, 0.0)
    return np.where(special.pdtr(below, expected) >= uniforms, below, count)


def _moments(params: Params) -> list[tuple[float, float]]:
    return list(zip(params.risk_moments, params.elasticities, strict=True))
