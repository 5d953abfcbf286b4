"""Intervention: by how much a program lowers the use of services, which nobody knows beforehand.

Two effects, each a share of expected claims by service: the effect on members who take part, and
the effect of easier access on all members. A trial or a study states them with an error, so each is
a normal distribution, drawn once per realization: one draw moves all services together, as what is
unknown is the program, not the service. Negative effects raise use, as more primary care does.
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
    """Effects of a program by service, K of each [share of expected claims].

    Parameters
    ----------
    services
        Names of the services, in order.
    means, sds
        Effect on members who take part.
    access_means, access_sds
        Effect on all members.
    """

    services: tuple[str, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    access_means: tuple[float, ...]
    access_sds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse effects that would take away more claims than there are."""
        for kind, means, sds in (
            ("effect", self.means, self.sds),
            ("access", self.access_means, self.access_sds),
        ):
            for name, mean, sd in zip(self.services, means, sds, strict=True):
                check(f"{kind} on {name}", mean, sd)


def check(name: str, mean: float, sd: float) -> None:
    """Raise ParameterError if an effect may take away more claims than there are."""
    if not (sd >= 0.0 and mean + 4.0 * sd <= 1.0 and mean - 4.0 * sd >= -10.0):
        raise ParameterError(
            f"{name} has mean {mean:g} and sd {sd:g}; expected mean and 4 standard deviations to "
            "stay below 1: nothing prevents more than all claims"
        )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one realization takes."""
    return ("effect", "access")


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Turn uniforms (..., 2) into effects (..., 2, services): on members who take part, on all.

    An effect of 1 leaves no claim, and none is larger.
    """
    means = np.array([params.means, params.access_means])
    sds = np.array([params.sds, params.access_sds])
    return np.minimum(means + sds * special.ndtri(uniforms)[..., None], 1.0)


def mean(params: Params) -> FloatArray:
    """Mean effects, (2, services)."""
    return np.array([params.means, params.access_means])
