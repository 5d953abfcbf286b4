"""Exact moments of a member's year: what the collective engine stretches its pilots to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.generators import population, unit_cost, utilization
from vbsim.plan import FloatArray, Plan


@dataclass(frozen=True)
class Moments:
    """Exact moments of one member's year; T years, V variables (see :func:`moments`).

    Parameters
    ----------
    mean, spread
        Mean and standard deviation, (T, V); a spread is missing (NaN) where none is known.
    random
        Share of the variance that is due to the claims themselves, not to how ill and how long
        here the member is, (T, 2 K): of each service's cost, then of its number.
    covariance
        Of the services' costs and numbers in one year, (T, 2 K, 2 K).
    """

    mean: FloatArray
    spread: FloatArray
    random: FloatArray
    covariance: FloatArray

    @property
    def to_stretch(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What a pilot is stretched to."""
        return self.mean, self.spread, self.covariance


def moments(plan: Plan, segment: int, services: bool = True) -> Moments:
    """Exact moments of a segment's member: cost and claims by service, person-years, layers."""
    world, people = plan.world, plan.world.people[segment]
    exposure, square = (population.exposure_moment(people, order) for order in (1, 2))
    ones = np.ones((world.years.size, 1))
    columns = [(exposure * ones, np.sqrt(square - exposure**2) * ones)]
    columns += [
        (layer.mean[:, [segment]], layer.spread[:, [segment]])
        for layer in plan.layers
        if layer.mean is not None and layer.spread is not None
    ]
    random, covariance = np.empty((world.years.size, 0)), np.empty((world.years.size, 0, 0))
    if services:
        expected, random, covariance = _of_services(plan, segment, exposure, square)
        own = np.sqrt(covariance.diagonal(axis1=1, axis2=2))
        columns = [(expected, own), *columns]
    mean, spread = (np.concatenate(part, axis=1) for part in zip(*columns, strict=True))
    return Moments(mean, spread, random, covariance)


def _of_services(
    plan: Plan, segment: int, exposure: float, square: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean of each service's cost and claims, (T, 2 K), what is random in them, their covariance.

    ``exposure`` and ``square`` are the means of a member's person-years and of their square. Given
    how ill and how long here a member is, claims of different services are independent.
    """
    world, people = plan.world, plan.world.people[segment]
    tables = map(unit_cost.drawn_moments, world.unit_costs)
    ratio = np.array([1.0 + (spread / mean) ** 2 for mean, spread in tables])
    rate, price = world.rate[:, segment], world.mean_unit_cost[:, segment]
    uses = [use[segment] for use in world.use]
    kinds = {(use.elasticities, use.transient_shape): use for use in uses}
    known = {kind: _joint_response(people, use) for kind, use in kinds.items()}
    response = np.array([known[use.elasticities, use.transient_shape] for use in uses])
    together = rate[:, :, None] * rate[:, None] * (square * response - exposure**2)
    claims = exposure * rate
    scale = np.concatenate([price, np.ones_like(price)], axis=1)
    covariance = np.tile(together, (1, 2, 2)) * scale[:, :, None] * scale[:, None]
    place, count = np.arange(2 * rate.shape[1]), rate.shape[1]
    noise = np.concatenate([claims * ratio, claims], axis=1)
    covariance[:, place, place] += scale**2 * noise
    at, beside = place[:count], place[count:]
    covariance[:, at, beside] += price * claims
    covariance[:, beside, at] += price * claims
    between = np.tile(together.diagonal(axis1=1, axis2=2), 2)
    return np.tile(claims, 2) * scale, _share(noise, between), covariance


def _joint_response(people: population.Params, use: utilization.Params) -> FloatArray:
    """Mean of the product of two services' responses, (K, K), weighted by exposure**2.

    That of a person-year is 1.
    """

    def moment(power: float, order: int) -> float:
        return population.risk_moment(people, power, order) * utilization.transient_moment(
            use, power
        )

    powers = use.elasticities
    first = np.array([moment(power, 1) for power in powers])
    both = np.array([[moment(one + other, 2) for other in powers] for one in powers])
    return np.asarray(both / np.outer(first, first))


def _share(part: FloatArray, rest: FloatArray) -> FloatArray:
    whole = part + rest
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)
