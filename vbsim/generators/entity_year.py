"""Entity-year: what moves one entity's whole cost level in a year, neither luck nor the nation.

The published panel of ACOs shows a part of the year-to-year noise of the savings rate that does not
shrink with size (0.73 %, 90 % interval 0.50-0.92 %). It reaches every member of the entity and no
one outside, so a benchmark that follows the nation does not remove it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vbsim.generators.trend import check_sd, unit_lognormal

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Params:
    """Standard deviation of the entity's cost level in a year [share]."""

    sd: float

    def __post_init__(self) -> None:
        """Refuse a negative spread, and one that looks like a percent."""
        check_sd("local_sd", self.sd)


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one year takes."""
    return ("level",)


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Factor of the entity's year, lognormal: uniforms (..., 1) to factors (...,), mean 1."""
    return unit_lognormal(params.sd, uniforms[..., 0])


def mean(params: Params) -> float:
    """Mean factor: 1."""
    return 1.0
