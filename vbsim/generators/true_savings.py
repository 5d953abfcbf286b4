"""True savings: how far the entity's expected cost lies below its expected benchmark.

What the entity really saves is unknown before the year; a normal prior states what is believed.
One draw per realization holds for all its performance years: it is skill, not luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Params:
    """Normal prior: mean and standard deviation, as shares of expected cost."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        """Refuse what looks like a percent."""
        if not (-0.5 <= self.mean <= 0.5 and 0.0 <= self.sd <= 0.15):
            raise ParameterError(
                f"true savings mean {self.mean:g}, sd {self.sd:g}; expected shares of 1 with "
                "|mean| <= 0.5 and 0 <= sd <= 0.15 (write 2.5 % as 0.025)"
            )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one realization takes."""
    return ("savings",)


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Turn uniforms (..., 1) into savings (...,), shares of cost, positive = cheaper."""
    return params.mean + params.sd * special.ndtri(uniforms[..., 0])


def mean(params: Params) -> float:
    """Mean true savings."""
    return params.mean
