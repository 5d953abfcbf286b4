"""Luck: the part of a savings rate that is chance alone, as the engine knows it exactly.

A year's expenditure per person-year departs from its expectation by the members' own luck, with
the relative variance ``v / N``: ``v`` comes from the exact distribution of a member's truncated
annual cost, by enrollment type, and ``N`` is the exposure. Members persist, so the luck of two
years is correlated: by the lasting risk, by the state (ill or well), by the transient, and by
retention. The savings rate is one less expenditure over benchmark, and the benchmark is made of
base years:

    luck of the rate of year t  =  sum over base years b of  w[b] u[b]  -  u[t],

to first order in the ``u``, the relative departures. So all years of an agreement share the luck of
its base years, and what was luck in a year turns its sign when that year becomes a base year.

Risk adjustment is left out: it takes some of the persistent part away again, and the fitted
innovations (:mod:`vbsim.backtest.process`) stand for what is left or added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim import rulebook
from vbsim.backtest.facts import KINDS
from vbsim.backtest.panel import FloatArray, Panel
from vbsim.generators import annual_cost
from vbsim.outcomes.mssp_facts import rule
from vbsim.plan import Plan
from vbsim.rulebook import Figure
from vbsim.scenario.load import validate
from vbsim.scenario.resolve import resolve
from vbsim.scenario.source import Source

_BASE_YEARS = 3
_ASSUMPTIONS = "medicare_ffs"


@dataclass(frozen=True)
class MemberLuck:
    """Luck of single members, of each of the enrollment types ``KINDS``.

    Parameters
    ----------
    variance
        Variance of a full-year member's truncated annual cost over its squared mean.
    lasting, state, transient, both
        Parts of that variance due to the member's lasting risk, to the state, to the transient, and
        to state and transient together.
    state_persistence, transient_persistence, retention
        Correlation of the state and of the transient from year to year; share of members who stay.
    figures
        What all this rests on.
    """

    variance: FloatArray
    lasting: FloatArray
    state: FloatArray
    transient: FloatArray
    both: FloatArray
    state_persistence: float
    transient_persistence: float
    retention: float
    figures: tuple[Figure, ...] = ()

    @property
    def unverified(self) -> tuple[Figure, ...]:
        """Those of ``figures`` whose source has not been seen."""
        return tuple(figure for figure in self.figures if not figure.verified)

    def by_lag(self, lags: FloatArray) -> FloatArray:
        """Covariance of luck so many years apart, (..., E), as ``variance`` is at lag 0."""
        lag = np.abs(np.asarray(lags, dtype=np.float64))[..., None]
        state, transient = self.state_persistence**lag, self.transient_persistence**lag
        of_transient = (self.transient + self.both * state) * transient
        lasting = self.lasting + self.state * state + of_transient
        return np.where(lag == 0.0, self.variance, lasting * self.retention**lag)


def member_luck(year: int) -> MemberLuck:
    """Take the luck of members from the engine's assumptions of a year.

    A year outside the assumption set takes the nearest one's; nothing of it is fitted to results.
    """
    book = rulebook.read("assumptions", _ASSUMPTIONS)
    plan = _plan(min(max(year, book.first_year), book.last_year))
    layer = next(layer for layer in plan.layers if layer.services.all() and layer.annualized)
    if layer.mean is None or layer.spread is None:
        raise AssertionError("resolve gives every layer its moments")
    world = plan.world
    variance = (layer.spread[-1] / layer.mean[-1]) ** 2
    parts = []
    for kind, people in enumerate(world.people):
        level = world.level[-1, kind]
        limit = float(layer.upper[-1, kind] / level)
        costs = world.unit_costs
        shares = annual_cost.lasting_variance(people, world.use[-1][kind], costs, limit)
        parts.append(np.array(shares) * (level / layer.mean[-1, kind]) ** 2)
    first = world.people[0]
    used = tuple(figure for figure in plan.figures if figure.file.startswith("assumptions/"))
    lasting, state, transient, both = np.array(parts).T
    return MemberLuck(
        variance,
        lasting,
        state,
        transient,
        both,
        state_persistence=first.ill_persistence,
        transient_persistence=first.transient_persistence,
        retention=first.retention,
        figures=used,
    )


def covariance(panel: Panel, members: MemberLuck) -> FloatArray:
    """Covariance of the luck of each ACO's savings rates, (A, T, T)."""
    # Base years reach back before the first year.
    longest = int((panel.years[-1] - panel.start[panel.start > 0]).max()) + _BASE_YEARS
    calendar = np.arange(panel.years[-1] - max(longest, panel.years.size) - 1, panel.years[-1] + 1)
    weights = _weights(panel, calendar)
    nearest = np.clip(calendar - panel.years[0], 0, panel.years.size - 1)
    scaled = weights / np.sqrt(panel.person_years[:, None, nearest])
    lags = np.subtract.outer(calendar, calendar).astype(np.float64)
    by_kind = np.einsum("cdk,ak->acd", members.by_lag(lags), _shares(panel, members))
    return np.asarray(scaled @ by_kind @ scaled.transpose(0, 2, 1))


def _weights(panel: Panel, calendar: np.ndarray) -> FloatArray:
    """Weight of each calendar year's departure in the rate of each year, (A, T, C)."""
    acos, years = panel.start.shape
    weights = np.zeros((acos, years, calendar.size))
    everyone = np.arange(acos)
    for number, year in enumerate(panel.years):
        start = np.where(panel.start[:, number] > 0, panel.start[:, number], year)
        stated = rule("base_year_weights", int(year))
        first = panel.first_agreement[:, number]
        for base in range(_BASE_YEARS):
            weight = np.where(first, stated["first"][base], stated["later"][base])
            weights[everyone, number, start - _BASE_YEARS + base - calendar[0]] += weight
        weights[:, number, year - calendar[0]] -= 1.0
    return weights


def _shares(panel: Panel, members: MemberLuck) -> FloatArray:
    """Weigh the enrollment types in the luck of an ACO's cost per person-year, (A, E).

    The variance of a mean over types is the sum of ``share * cost**2 * variance`` over the squared
    mean cost; an ACO whose mix is not known has the average of the others.
    """
    size, cost = panel.mix[:, :, 0], panel.mix[:, :, 1]
    total = size.sum(axis=1, keepdims=True)
    mean = (size * cost).sum(axis=1, keepdims=True) / total
    shares = size / total * (cost / mean) ** 2
    known = ~np.isnan(shares).any(axis=1)
    average = shares[known].mean(axis=0) if known.any() else np.eye(len(KINDS))[-1]
    return np.where(known[:, None], shares, average)


def _plan(year: int) -> Plan:
    """Plan of members of every enrollment type at the nation's cost level."""
    words = {
        "vbsim": 1,
        "name": "backtest",
        "start_year": year,
        "assumptions": _ASSUMPTIONS,
        "population": {
            "members": 10_000 * len(KINDS),
            "person_years_per_member": 1.0,
            "per_capita_truncated": True,
            "segments": {
                kind: {"enrollment_type": kind, "person_years": 10_000.0} for kind in KINDS
            },
        },
        "benchmark": {"mode": "published", "published_per_capita": 10_000.0},
        # No money is settled here, so any quality will do.
        "quality": {"score_mean": 1.0, "score_sd": 0.0, "standard_met": 1.0},
        "contracts": {"mssp": {"program": "mssp", "track": next(iter(rule("sided", year)))}},
    }
    return resolve(validate(Source("backtest", words)))
