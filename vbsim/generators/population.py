"""Population: how ill a member is, for how long, and for how much of a year.

A member's risk is ``c * R``: ``c`` is the level of the state, well or ill, a two-state Markov chain
whose lag-one correlation is ``ill_persistence``; ``R`` is lognormal with mean 1 and stays with the
person. Both have mean 1 in the segment. A two-state mixture is needed because a single lognormal
cannot give the published concentration of Medicare spending: it is too heavy at the very top before
the middle is right.

From one year to the next a member stays with probability ``retention``; a member who leaves is
replaced by a fresh one. A share of members is enrolled for part of a year, uniform on (0, 1), so
that the mean is ``person_years_per_member``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError
from vbsim.kernels.grid import power_mean, survival_nodes, table_of

FloatArray = NDArray[np.float64]
# Below this distance from 1 the logarithm's lower tail is cut: half of the grid's last cell.
_LOWER_CUT = 1.0 / 128.0


@dataclass(frozen=True, slots=True)
class Params:
    """Numbers of one segment; shares lie in [0, 1].

    Parameters
    ----------
    risk_sd
        Standard deviation of log R.
    ill_share, ill_ratio
        Share of members in the ill state; mean intensity ill over well.
    ill_persistence
        Correlation of the state between consecutive years.
    retention
        Share of members still here the next year; 0 draws fresh members every year.
    person_years_per_member
        Mean exposure, in (0.5, 1].
    """

    risk_sd: float
    ill_share: float
    ill_ratio: float
    ill_persistence: float = 0.0
    retention: float = 0.0
    person_years_per_member: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be a population."""
        for name in ("ill_share", "ill_persistence", "retention"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ParameterError(f"{name} is {value:g}; expected a share between 0 and 1")
        if not 0.5 < self.person_years_per_member <= 1.0:
            raise ParameterError(
                f"person_years_per_member is {self.person_years_per_member:g}; expected more than "
                "0.5 and at most 1 (person-years divided by members)"
            )
        if not (0.0 <= self.risk_sd < 3.0 and 1.0 <= self.ill_ratio < np.inf):
            raise ParameterError(
                f"risk_sd {self.risk_sd:g} or ill_ratio {self.ill_ratio:g} is out of range; "
                "expected 0 <= risk_sd < 3 and ill_ratio >= 1"
            )

    @property
    def levels(self) -> tuple[float, float]:
        """Intensity of the well and of the ill state, mean 1 over members."""
        well = 1.0 / (1.0 - self.ill_share + self.ill_share * self.ill_ratio)
        return well, well * self.ill_ratio


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one draw takes."""
    return ("state", "risk")


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Risk of fresh members: uniforms (..., 2) to risks (...,), mean 1."""
    well, ill = params.levels
    level = np.where(uniforms[..., 0] < params.ill_share, ill, well)
    return level * np.exp(log_risk(params, uniforms[..., 1]))


def mean(params: Params) -> float:
    """Mean risk of a segment: 1 by construction."""
    return 1.0


def log_risk(params: Params, survival: FloatArray) -> FloatArray:
    """Logarithm of the persistent risk R at a survival probability."""
    return -params.risk_sd * special.ndtri(survival) - 0.5 * params.risk_sd**2


def log_risk_table(params: Params) -> FloatArray:
    """Log R at the survival nodes of :mod:`vbsim.kernels.grid`, shape (1026,)."""
    return table_of(log_risk(params, np.minimum(survival_nodes(), 1.0 - _LOWER_CUT)))


def risk_moment(params: Params, power: float) -> float:
    """Mean of risk ** power over members, for risks drawn from the table."""
    return _risk_moment(Params(params.risk_sd, params.ill_share, params.ill_ratio), power)


@lru_cache(maxsize=256)
def _risk_moment(params: Params, power: float) -> float:
    well, ill = params.levels
    state = (1.0 - params.ill_share) * well**power + params.ill_share * ill**power
    return float(state * power_mean(log_risk_table(params), power))
