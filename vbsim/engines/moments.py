"""Exact moments of a member's years: costs and claims by service, person-years and layers.

Given how ill and how long here a member is in every year, claims of different services and years
are independent Poisson sums. So what costs and numbers have in common is what their expectations
have in common: products of rates, of powers of the risk and the transient, and of exposures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.generators import population, unit_cost, utilization
from vbsim.generators.population import Turnover
from vbsim.plan import FloatArray, Plan

_ROUNDING = 1e-12  # of what years of a member who is always here have in common


@dataclass(frozen=True)
class Moments:
    """Exact moments of one member; T years, V variables (see :func:`moments`).

    Parameters
    ----------
    mean, spread
        Mean and standard deviation, (T, V).
    random
        Share of the variance that is due to the claims themselves, not to how ill and how long
        here the member is, (T, 2 K): of each service's cost, then of its number.
    covariance
        Of the years' total cost over its mean and of all variables but the layers, each with its
        years, in the order of a pilot's rows, (U, U).
    """

    mean: FloatArray
    spread: FloatArray
    random: FloatArray
    covariance: FloatArray


def moments(plan: Plan, segment: int, services: bool = True) -> Moments:
    """Exact moments of a segment's member: cost and claims by service, person-years, layers.

    Without ``services`` those of person-years and layers alone.
    """
    count, years = len(plan.world.services), plan.world.years.size
    mean, noise, covariance = _of_claims(plan, segment)
    total = mean[:, :count].sum(axis=1)
    covariance = _with_totals(covariance, total)
    variance = covariance.diagonal()[years:].reshape(-1, years).T
    random = np.divide(noise, variance[:, :-1], out=np.zeros_like(noise), where=noise > 0.0)
    if not services:
        rest = np.r_[:years, covariance.shape[0] - years : covariance.shape[0]]
        mean, variance, random = mean[:, -1:], variance[:, -1:], random[:, :0]
        covariance = covariance[np.ix_(rest, rest)]
    of_layers = [
        (layer.mean[:, segment], layer.spread[:, segment])
        for layer in plan.layers
        if layer.mean is not None and layer.spread is not None
    ]
    columns = [(mean, np.sqrt(variance)), *((m[:, None], s[:, None]) for m, s in of_layers)]
    mean, spread = (np.concatenate(part, axis=1) for part in zip(*columns, strict=True))
    return Moments(mean, spread, random, covariance)


def _of_claims(plan: Plan, segment: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean of each service's cost, of its claims, and of person-years, (T, 2 K + 1).

    Then what is random in the variances of the first 2 K, and the covariance of all years,
    (2 K + 1, T, 2 K + 1, T). Person-years are like claims of which there is one a year.
    """
    world, people = plan.world, plan.world.people[segment]
    tables = map(unit_cost.drawn_moments, world.unit_costs)
    ratio = np.array([1.0 + (spread / mean) ** 2 for mean, spread in tables])
    price, (years, count) = world.mean_unit_cost[:, segment], world.rate[:, segment].shape
    rate = np.concatenate([world.rate[:, segment], np.ones((years, 1))], axis=1)
    moved = population.turnover(world.people, world.years)
    common = _common(people, moved, segment, world.use[0][segment])
    claims = population.exposure_moment(people, 1) * rate
    apart = np.where(np.abs(common - 1.0) < _ROUNDING, 0.0, common - 1.0)
    together = np.einsum("sp,tq,stpq->psqt", claims, claims, apart)
    scale = np.concatenate([price, np.ones_like(rate)], axis=1)
    of = np.r_[:count, :count, count]
    covariance = together[of][:, :, of] * scale.T[:, :, None, None] * scale.T
    mean = scale * claims[:, of]
    noise = scale[:, :-1] ** 2 * claims[:, of[:-1]] * np.append(ratio, np.ones(count))
    at, year = np.arange(2 * count)[:, None], np.arange(years)
    covariance[at, year, at, year] += noise.T
    own = mean[:, :count].T  # of so many claims at this price
    covariance[at[:count], year, at[count:], year] += own
    covariance[at[count:], year, at[:count], year] += own
    return mean, noise, covariance


def _common(
    people: population.Params, moved: Turnover, segment: int, use: utilization.Params
) -> FloatArray:
    """Mean of the product of two services' expected claims over that of the means.

    Of a year each, (T, T, K + 1, K + 1); the last service is being here.
    """
    powers = np.append(use.elasticities, 0.0)

    def transient(power: float) -> float:
        return utilization.transient_moment(use, power)

    both = population.over_product(transient, powers)
    kept, same, other = population.joint_risk(people, moved, segment, powers)
    later = kept * both + same + other
    found = later + later.transpose(1, 0, 3, 2)
    years = np.arange(len(found))
    found[years, years] = population.squared_risk(people, powers) * both
    return found


def _with_totals(covariance: FloatArray, expected: FloatArray) -> FloatArray:
    """Put the years' total cost over its ``expected`` value (T,) first, as rows of variables."""
    size, years = covariance.shape[:2]
    services = size // 2
    cross = covariance[:services].sum(axis=0) / expected[:, None, None]
    total = cross[:, :services].sum(axis=1) / expected
    rest = covariance.reshape(size * years, size * years)
    cross = cross.reshape(years, size * years)
    return np.block([[total, cross], [cross.T, rest]])
