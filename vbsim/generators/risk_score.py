"""Risk scores as they are measured: with noise, with a memory of last year's claims, and drifting.

A score counts the diagnoses of last year's claims. So a segment's mean score follows what its
members' illness did to last year's cost, as far as ``response`` goes; each member's score has an
error of its own, which shrinks with the number of members; and the intensity of coding lets scores
grow while nobody is more ill.
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
    """How scores are measured.

    Parameters
    ----------
    segments
        Names of the segments, S of them.
    noise_sd
        Standard deviation of the error of one member's score [score].
    response
        Change of the mean score over the change of last year's cost that is not systematic [1].
    coding_drift
        Growth of scores per year since the first performance year [share].
    """

    segments: tuple[str, ...]
    noise_sd: float = 0.0
    response: float = 0.0
    coding_drift: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be a measurement."""
        if not (0.0 <= self.noise_sd <= 10.0 and 0.0 <= self.response <= 1.0):
            raise ParameterError(
                f"noise_sd {self.noise_sd:g} or response {self.response:g} is out of range; "
                "expected 0 to 10, and 0 to 1"
            )
        if not -0.2 <= self.coding_drift <= 0.2:
            raise ParameterError(
                f"coding_drift is {self.coding_drift:g}; expected a share between -0.2 and 0.2 a "
                "year (write 1 % as 0.01)"
            )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one year takes."""
    return params.segments


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Turn uniforms (..., segments) into errors of single members' scores, mean 0."""
    return np.asarray(params.noise_sd * special.ndtri(uniforms))


def mean(params: Params) -> FloatArray:
    """Mean error: 0."""
    return np.zeros(len(params.segments))


def measured(
    params: Params,
    errors: FloatArray,
    members: NDArray[np.int64],
    last_year: FloatArray,
    since: NDArray[np.int64],
) -> FloatArray:
    """Mean score of every year and segment over what it would be without noise and drift.

    Parameters
    ----------
    errors
        From :func:`values`, (R, T, S).
    members
        Heads, (T, S).
    last_year
        Last year's cost over its expectation given the systematic factors, less 1, (R, T, S).
    since
        Years since the first performance year, (T,); drift begins with it.
    """
    drift = (1.0 + params.coding_drift) ** np.maximum(since, 0)
    own = 1.0 + params.response * last_year + errors / np.sqrt(members)
    return np.asarray(drift[:, None] * np.maximum(own, 0.0))
