"""Pilot: single members' trajectories through all simulated years, from the claims kernel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from vbsim import streams
from vbsim.engines.claims import ClaimsEngine
from vbsim.generators import population, unit_cost, utilization
from vbsim.plan import BoolArray, Plan, World

Float32Array = NDArray[np.float32]
_BATCH = 1024  # members of a recorded realization: one batch of the kernel
_EXPOSURE_STEP = 0.005  # within which entities of different exposure share a pilot


@dataclass(frozen=True)
class Trajectories:
    """Members' years at the expected systematic level; M members, T years, K services.

    Parameters
    ----------
    cost
        At the year's relative prices, before the cost level of an entity is set, (M, T, K) [USD].
    claims
        (M, T, K).
    person_years
        (M, T).
    """

    cost: Float32Array
    claims: Float32Array
    person_years: Float32Array
    _baskets: dict[bytes, Float32Array] = field(default_factory=dict)

    @cached_property
    def relative(self) -> Float32Array:
        """Cost of all services over its mean, (M, T)."""
        totals = self.cost.sum(axis=2)
        return np.asarray(totals / totals.mean(axis=0, dtype=np.float64).astype(np.float32))

    @cached_property
    def size(self) -> Float32Array:
        """Sum of squares of the relative cost over the years, (M,)."""
        return np.asarray(np.einsum("nt,nt->n", self.relative, self.relative))

    def held(self, services: BoolArray) -> Float32Array:
        """Cost of a basket of services, (M, T); entities that share a pilot share it."""
        key = services.tobytes()
        if key not in self._baskets:
            self._baskets[key] = self.cost @ services.astype(np.float32)
        return self._baskets[key]

    def variables(self, plan: Plan, segment: int, services: bool) -> Float32Array:
        """Cost and claims by service (if wanted), person-years and layers, (M, T, V)."""
        level = plan.world.level[:, segment, None].astype(np.float32)
        columns = [level * self.cost, self.claims] if services else []
        columns.append(self.person_years[..., None])
        for layer in plan.layers:
            scale = self.person_years if layer.annualized else np.float32(1.0)
            held = self.held(layer.services) * level[:, 0]
            lower, upper = (
                bound[:, segment].astype(np.float32) * scale for bound in (layer.lower, layer.upper)
            )
            columns.append((np.clip(held, lower, upper) - lower)[..., None])
        return np.concatenate(columns, axis=2)


def trajectories(plan: Plan, segment: int, count: int) -> Trajectories:
    """Draw ``count`` trajectories of a segment, a multiple of 1,024 of them.

    Exposures are rounded, for entities to share a pilot: the exact moments take care of the rest.
    """
    world = plan.world
    people = world.people[segment]
    return _trajectories(
        plan.seed_of("claims"),
        world.segments[segment],
        replace(people, person_years_per_member=rounded_exposure(people)),
        tuple(year[segment] for year in world.use),
        world.unit_costs,
        tuple(map(tuple, world.relative_price.tolist())),
        tuple(world.years.tolist()),
        count,
    )


def rounded_exposure(people: population.Params) -> float:
    """Exposure at which a segment's pilot is drawn."""
    steps = max(round((people.person_years_per_member - 0.5) / _EXPOSURE_STEP), 1)
    return min(0.5 + _EXPOSURE_STEP * steps, people.whole().person_years_per_member)


@lru_cache(maxsize=16)
def _trajectories(
    seed: int,
    name: str,
    people: population.Params,
    use: tuple[utilization.Params, ...],
    unit_costs: tuple[unit_cost.Params, ...],
    relative_price: tuple[tuple[float, ...], ...],
    years: tuple[int, ...],
    count: int,
) -> Trajectories:
    ones = np.ones((len(years), 1))
    world = World(
        years=np.array(years),
        segments=(name,),
        services=use[0].services,
        members=_BATCH * ones.astype(np.int64),
        people=(people,),
        use=tuple((one,) for one in use),
        unit_costs=unit_costs,
        level=ones,
        relative_price=np.array(relative_price),
        expected_cost=ones,
        expected_truncated=ones,
    )
    own = streams.key(seed, "pilot") >> 1
    record = ClaimsEngine.of_world(world, (), own, own).record(-(-count // _BATCH))
    claims, cost, person_years = (part.reshape(-1, *part.shape[2:]) for part in record)
    return Trajectories(cost, claims, person_years)
