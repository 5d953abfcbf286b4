"""Entity-year: what moves one entity's whole cost level in a year, neither luck nor the nation.

The published panel of ACOs shows more year-to-year noise of the savings rate than the members' own
luck makes. A part of it does not shrink with size (0.73 %, 90 % interval 0.50-0.92 %). Another
does: practices join, leave and change, and members who share a practice share its year, which
weighs less the more of them there are. Either reaches every member of the entity and no one
outside, so a benchmark that follows the nation does not remove it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vbsim.errors import ParameterError
from vbsim.generators.trend import check_sd, unit_lognormal

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Params:
    """Spread of the entity's cost level in a year [share].

    Parameters
    ----------
    sd
        Standard deviation of the part that no size removes.
    by_size
        Standard deviation of the part that shrinks with size: one for all years, or one for each
        year that is drawn, (T,).
    """

    sd: float
    by_size: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        """Refuse a negative spread, and one that looks like a percent."""
        check_sd("local_sd", self.sd)
        if not (self.by_size and all(0.0 <= sd < np.inf for sd in self.by_size)):
            raise ParameterError(
                f"by_size is {self.by_size}; expected standard deviations of at least 0"
            )


def by_size(cv: float, person_years: FloatArray) -> tuple[float, ...]:
    """Part that shrinks with size: ``cv`` over the root of each year's person-years."""
    return tuple((cv / np.sqrt(person_years)).tolist())


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one year takes."""
    return ("level",)


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Factor of the entity's year, lognormal of mean 1: uniforms (..., T, 1) to (..., T)."""
    return unit_lognormal(np.hypot(params.sd, params.by_size), uniforms[..., 0])


def mean(params: Params) -> float:
    """Mean factor: 1."""
    return 1.0
