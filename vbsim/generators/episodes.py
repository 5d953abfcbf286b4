"""Episodes of one type: an anchor stay or procedure and what follows within the window.

An episode ends in one discharge setting (home, home health, skilled nursing, rehabilitation), may
have a readmission, and has other services besides; one severity raises or lowers the cost of all.
Episodes are drawn beside the members' claims: they share exposure, trend and shocks with them, but
not luck. Their cost is a view on a part of those claims and is never added to them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError
from vbsim.generators import unit_cost

FloatArray = NDArray[np.float64]
# Points from which high-cost caps are read: fixed, so that a plan is the same every time.
_PILOT_SEED, _PILOT_POWER = 2026, 17


@dataclass(frozen=True, slots=True)
class Params:
    """Figures of one episode type; costs are means per episode that has the service [USD].

    Parameters
    ----------
    per_1000
        Episodes per 1,000 person-years.
    anchor_cost, anchor_cv
        Anchor stay or procedure: mean, and standard deviation over mean.
    home_health_share, snf_share, irf_share
        Discharge settings; the rest goes home.
    home_health_cost, snf_cost, irf_cost, post_acute_cv
        Post-acute care in each.
    readmission_share, readmission_cost, readmission_cv
        Probability of a readmission, and its cost.
    other_cost, other_cv
        Everything else within the window.
    severity_cv
        Standard deviation of the factor, of mean 1, that all cost of an episode has in common.
    """

    per_1000: float
    anchor_cost: float
    anchor_cv: float
    home_health_share: float
    snf_share: float
    irf_share: float
    home_health_cost: float
    snf_cost: float
    irf_cost: float
    post_acute_cv: float
    readmission_share: float
    readmission_cost: float
    readmission_cv: float
    other_cost: float
    other_cv: float
    severity_cv: float

    def __post_init__(self) -> None:
        """Refuse a negative figure, and settings that are more than everyone."""
        for item in fields(self):
            value = getattr(self, item.name)
            if not 0.0 <= value < np.inf:
                raise ParameterError(f"{item.name} is {value:g}; expected 0 or more")
            if item.name.endswith("_cost") and value == 0.0:
                raise ParameterError(f"{item.name} is 0 USD; expected above 0")
            if item.name.endswith("_share") and value > 1.0:
                raise ParameterError(f"{item.name} is {value:g}; expected a share, at most 1")
        shares = self.home_health_share + self.snf_share + self.irf_share
        if shares > 1.0 + 1e-9:
            raise ParameterError(f"discharge settings add up to {shares:g}; expected at most 1")

    @property
    def laws(self) -> tuple[unit_cost.Params, ...]:
        """Costs of anchor, home health, SNF, IRF, readmission and other care; factor on all."""
        post_acute = (self.home_health_cost, self.snf_cost, self.irf_cost)
        means = (self.anchor_cost, *post_acute, self.readmission_cost, self.other_cost, 1.0)
        spread = (self.post_acute_cv,) * len(post_acute)
        cvs = (self.anchor_cv, *spread, self.readmission_cv, self.other_cv, self.severity_cv)
        return tuple(_law(mean, cv) for mean, cv in zip(means, cvs, strict=True))

    @property
    def settings(self) -> FloatArray:
        """Probability of each discharge setting."""
        after = (self.home_health_share, self.snf_share, self.irf_share)
        return np.array([max(1.0 - sum(after), 0.0), *after])


def _law(mean: float, cv: float) -> unit_cost.Params:
    if cv == 0.0:
        return unit_cost.Params.from_spec({"fixed": {"value": mean}})
    return unit_cost.Params.from_spec({"lognormal": {"mean": mean, "cv": cv}})


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one episode takes."""
    return (
        "anchor",
        "setting",
        "post_acute",
        "readmission",
        "readmission_cost",
        "other",
        "severity",
    )


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Anchor, post-acute and other cost [USD] of episodes: uniforms (..., 7) to (..., 3)."""
    anchor, *post_acute, readmission, other, severity = params.laws
    ends = np.cumsum(params.settings)[:-1]
    setting = np.searchsorted(ends, uniforms[..., 1], side="right")
    by_setting = [_cost(law, uniforms[..., 2]) for law in post_acute]
    after = np.choose(setting, [np.zeros_like(by_setting[0]), *by_setting])
    back = uniforms[..., 3] < params.readmission_share
    rest = np.where(back, _cost(readmission, uniforms[..., 4]), 0.0) + _cost(
        other, uniforms[..., 5]
    )
    parts = np.stack([_cost(anchor, uniforms[..., 0]), after, rest], axis=-1)
    return parts * _cost(severity, uniforms[..., 6])[..., None]


def _cost(law: unit_cost.Params, uniform: FloatArray) -> FloatArray:
    return unit_cost.values(law, uniform[..., None])


def mean(params: Params) -> FloatArray:
    """Mean anchor, post-acute and other cost of an episode [USD]."""
    after = (0.0, params.home_health_cost, params.snf_cost, params.irf_cost)
    rest = params.readmission_share * params.readmission_cost + params.other_cost
    return np.array([params.anchor_cost, float(params.settings @ after), rest])


def counts(expected: FloatArray, uniforms: FloatArray) -> NDArray[np.int64]:
    """Poisson numbers of episodes by inversion; shapes as given."""
    found = np.ceil(special.pdtrik(uniforms, np.maximum(expected, 1e-300)))
    found = np.maximum(np.where(uniforms <= np.exp(-expected), 0.0, found), 0.0)
    # The inverse may land one above by rounding.
    below = special.pdtr(np.maximum(found - 1.0, 0.0), expected) >= uniforms
    return np.where((found > 0.0) & below, found - 1.0, found).astype(np.int64)


@cache
def pilot(params: Params) -> FloatArray:
    """Costs of many episodes [USD], rising: equidistant points of every uniform, shuffled."""
    from scipy.stats import qmc  # takes half a second, which runs without episodes save

    points = qmc.Sobol(len(labels(params)), seed=_PILOT_SEED).random_base2(_PILOT_POWER)
    costs: FloatArray = np.sort(values(params, np.clip(points, 2.0**-32, 1.0 - 2.0**-32)).sum(-1))
    costs.setflags(write=False)
    return costs


def percentile(params: Params, level: float) -> float:
    """Cost that the share ``level`` of the episodes does not exceed [USD]; infinite at 1."""
    costs = pilot(params)
    return np.inf if level >= 1.0 else float(costs[int(np.ceil(costs.size * level)) - 1])


def mean_counted(params: Params, limit: float) -> float:
    """Mean cost of an episode counted up to a limit [USD]; exact without one."""
    whole = float(mean(params).sum())
    return whole - float(np.maximum(pilot(params) - limit, 0.0).mean())
