"""What moves an ACO's savings rate beside luck: a Gaussian process with few parameters.

The rate of ACO ``i`` in year ``t``, of an agreement that started in year ``s``, is

    rate = program year[t] + effects + level[i] + agreement[i, s] + drift[i, t] + year[i, t] + luck

* ``level`` stays with the ACO for good.
* ``agreement`` stays for one agreement: a benchmark that was set well or badly. A new one at every
  renewal, because the benchmark is rebased.
* ``drift`` is a random walk from the first agreement on: efficiency, coding, who takes part. At a
  renewal only a part of it is kept, the rest goes into the new benchmark. Its steps are larger in
  small ACOs, where one practice that joins or leaves weighs more.
* ``year`` is the entity's own year, neither luck nor the nation.
* ``luck`` is known from the engine: :mod:`vbsim.backtest.luck`.

All but luck are multiplied by a scale of the year, because the program has grown calmer (truncation
by enrollment type, regional trends, experience), and one ACO's path is multiplied by a factor of
its own (a multivariate t distribution): some ACOs are steady, some are not. State-space models of
this kind: Durbin and Koopman, Time Series Analysis by State Space Methods, 2nd ed. 2012, ch. 3.
With a dozen years at most the covariances are written out, and no filter is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy import special

from vbsim.backtest.panel import FloatArray, Panel


@dataclass(frozen=True, slots=True)
class Parameters:
    """Standard deviations are of the savings rate [share of benchmark], at scale 1.

    Parameters
    ----------
    level, agreement, drift, year
        Standard deviations of the lasting level, the agreement's, a year's drift, and the
        entity-year.
    drift_by_size
        Added to the variance of a year's drift: the square of this over person-years.
    kept
        Share of the drift that is kept at a renewal.
    tail
        Degrees of freedom of the multivariate t, above 2.
    """

    level: float
    agreement: float
    drift: float
    drift_by_size: float
    year: float
    kept: float
    tail: float

    def on_line(self) -> FloatArray:
        """Parameters as numbers without bounds: logarithms, the logit of ``kept``."""
        plain = [float(getattr(self, item.name)) for item in fields(self)]
        *spreads, kept, tail = plain
        return np.array([*np.log(spreads), np.log(kept / (1.0 - kept)), np.log(tail - 2.0)])

    @classmethod
    def from_line(cls, numbers: FloatArray) -> Parameters:
        """Undo :meth:`on_line`."""
        plain = [*np.exp(numbers[:-2]), special.expit(numbers[-2]), 2.0 + np.exp(numbers[-1])]
        return cls(*map(float, plain))


@dataclass(frozen=True)
class Components:
    """Covariances over years of each part at standard deviation 1, each (A, T, T)."""

    level: FloatArray
    agreement: FloatArray
    drift: FloatArray
    drift_by_size: FloatArray
    year: FloatArray

    def total(self, parameters: Parameters) -> FloatArray:
        """Covariance of all parts at scale 1, (A, T, T)."""
        parts = [getattr(parameters, i.name) ** 2 * getattr(self, i.name) for i in fields(self)]
        return np.asarray(sum(parts))


def components(panel: Panel, kept: float) -> Components:
    """Covariances of the parts for a panel."""
    acos, years = panel.rate.shape
    same = (panel.start[:, :, None] == panel.start[:, None, :]).astype(np.float64)
    ones = np.ones((acos, years))
    return Components(
        level=np.ones((acos, years, years)),
        agreement=same,
        drift=walk(panel, kept, ones),
        drift_by_size=walk(panel, kept, 1.0 / panel.person_years),
        year=np.broadcast_to(np.eye(years), (acos, years, years)),
    )


def walk(panel: Panel, kept: float, steps: FloatArray) -> FloatArray:
    """Covariance of the drift when the variances of its steps are these, (A, T, T)."""
    acos, years = panel.rate.shape
    here = panel.start > 0
    found = np.zeros((acos, years, years))
    for t in range(years):
        if t == 0:
            seen_before = np.zeros(acos, np.bool_)
        else:
            seen_before = here[:, t - 1]
            renewed = panel.start[:, t] != panel.start[:, t - 1]
            stays = np.where(seen_before, np.where(renewed, kept, 1.0), 0.0)
            found[:, t, :t] = stays[:, None] * found[:, t - 1, :t]
            found[:, :t, t] = found[:, t, :t]
            found[:, t, t] = stays**2 * found[:, t - 1, t - 1] + steps[:, t] * seen_before
        # One who joined before the first file has walked since.
        fresh = here[:, t] & ~seen_before
        found[:, t, t] += np.where(fresh, panel.experience[:, t] * steps[:, t], 0.0)
    return found


EFFECTS = ("first_year", "experience", "two_sided", "revenue", "revenue_experience")
"""Means beside the program's year: the first year, years of experience, bearing losses, low against
high revenue of the participants, and how that grows with experience."""


def design(panel: Panel) -> FloatArray:
    """Regressors of the mean: one per program year, then ``EFFECTS``; (A, T, T + 5)."""
    acos, years = panel.rate.shape
    experience, revenue = panel.experience, np.broadcast_to(panel.revenue[:, None], (acos, years))
    program_year = np.broadcast_to(np.eye(years), (acos, years, years))
    effects = [experience == 0.0, experience, panel.two_sided, revenue, revenue * experience]
    return np.concatenate([program_year, np.stack(effects, axis=2).astype(np.float64)], axis=2)
