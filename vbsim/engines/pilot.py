"""Pilot: single members' trajectories through all simulated years, from the claims kernel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from vbsim import streams
from vbsim.engines.claims import ClaimsEngine
from vbsim.engines.moments import Moments
from vbsim.generators import population, unit_cost, utilization
from vbsim.kernels import pilot as kernel
from vbsim.plan import BoolArray, FloatArray, Plan, World

Float32Array = NDArray[np.float32]
LEAST_PIVOT = 1e-6  # of a variance: less is rounding, as where services add up to a total
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
        totals = self.held(np.ones((1, self.cost.shape[2]), dtype=np.bool_))[0]
        return np.asarray(totals / totals.mean(axis=0, dtype=np.float64).astype(np.float32))

    def held(self, baskets: BoolArray) -> Float32Array:
        """Cost of baskets of services, (B, M, T); entities that share a pilot share it."""
        key = baskets.tobytes()
        if key not in self._baskets:
            self._baskets[key] = np.stack(
                [self.cost @ services.astype(np.float32) for services in baskets]
            )
        return self._baskets[key]

    def drawn(self, plan: Plan, services: bool) -> tuple[kernel.Drawn, NDArray[np.int64]]:
        """Give what rows are made of, and the basket of every layer."""
        count = self.cost.shape[2]
        of_layers = np.array([layer.services for layer in plan.layers], dtype=np.bool_)
        baskets, basket = np.unique(of_layers.reshape(-1, count), axis=0, return_inverse=True)
        held = self.held(baskets) if len(baskets) else np.empty((0, 0, 0), dtype=np.float32)
        some = slice(None) if services else slice(0)
        parts = (self.cost[..., some], self.claims[..., some], self.person_years)
        return kernel.Drawn(*parts, self.relative, held), basket.reshape(-1)


@dataclass(frozen=True)
class Pilot:
    """Trajectories of a segment as deviations from their mean, stretched to a known spread.

    A row holds the relative total cost of every year, then :func:`vbsim.engines.moments.moments`
    names its variables, each with its years.

    Parameters
    ----------
    mean, drawn
        Mean and covariance of the deviations before they are centered, as drawn, (W,), (W, W).
    covariance
        Of the stretched deviations, (W, W).
    stretch
        Matrix that stretches, (W, W).
    """

    mean: FloatArray
    drawn: FloatArray
    covariance: FloatArray
    stretch: FloatArray
    _drawn: kernel.Drawn
    _wanted: kernel.Wanted

    @classmethod
    def of(cls, plan: Plan, segment: int, count: int, exact: Moments) -> Pilot:
        """Draw ``count`` trajectories and stretch them to the ``exact`` moments."""
        of_people = 1 + len(plan.layers)
        found = trajectories(plan, segment, count)
        drawn, basket = found.drawn(plan, services=exact.mean.shape[1] > of_people)
        wanted = _wanted(plan, segment, basket, exact.mean)
        width = wanted.center.size
        rows = np.empty((_BATCH, width), dtype=np.float32)  # fits the second cache
        mean, covariance = np.zeros(width), np.zeros((width, width))
        for members in np.arange(count).reshape(-1, _BATCH):
            kernel.fill_rows(drawn, wanted, members, rows)
            mean += rows.sum(axis=0) / count
            covariance += rows.T @ rows / count
        covariance -= np.outer(mean, mean)
        return cls(mean, covariance, *_stretched(covariance, exact), drawn, wanted)

    def stretched(self, exact: Moments) -> Pilot:
        """Stretch the same trajectories to other exact moments."""
        covariance, stretch = _stretched(self.drawn, exact)
        return replace(self, covariance=covariance, stretch=stretch)

    @property
    def count(self) -> int:
        """Trajectories."""
        return len(self._drawn.person_years)

    def rows(self, members: NDArray[np.int64]) -> FloatArray:
        """Stretched deviations of some members from the mean, (n, W)."""
        rows = np.empty((members.size, self.mean.size), dtype=np.float32)
        kernel.fill_rows(self._drawn, self._wanted, members, rows)
        return np.asarray((rows - self.mean) @ self.stretch.T)

    def dearest(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the numbers of so many trajectories that cost most, and those of the rest."""
        relative = self._drawn.relative
        order = np.argpartition(-np.einsum("nt,nt->n", relative, relative), count)
        return order[:count], order[count:]

    def relative(self, members: NDArray[np.int64]) -> Float32Array:
        """Relative total cost of some members, stretched, (n, T)."""
        relative = self._drawn.relative[members]
        years = relative.shape[1]
        return relative @ self.stretch[:years, :years].T.astype(np.float32)


def _stretched(drawn: FloatArray, exact: Moments) -> tuple[FloatArray, FloatArray]:
    """Covariance that has the known moments, and the matrix that stretches to it."""
    stretch = _stretch(drawn, exact.covariance, exact.spread)
    covariance = stretch @ drawn @ stretch.T
    known = len(exact.covariance)
    covariance[:known, :known] = exact.covariance  # without the rounding of the rows
    return covariance, stretch


def _stretch(covariance: FloatArray, exact: FloatArray, spread: FloatArray) -> FloatArray:
    """Matrix that gives deviations of a covariance (W, W) the known moments.

    The first U of them have the ``exact`` covariance; the rest, layers, follow the yearly totals
    and the exposure as they did, and have their ``spread`` (T, V).
    """
    known, years, size = len(exact), len(spread), len(covariance)
    # Totals and exposure first: they are stretched alike whether services are wanted or not. The
    # largest variance last: it is what is left of the total, a difference of the others.
    services = years + np.argsort(exact.diagonal()[years : known - years])
    order = np.r_[:years, known - years : known, services]
    stretch = np.eye(size)
    stretch[:known] = 0.0
    stretch[np.ix_(order, order)] = _between(
        covariance[np.ix_(order, order)], exact[np.ix_(order, order)]
    )
    led, rest = order[: 2 * years], slice(known, size)
    follow = covariance[rest, led] @ np.linalg.pinv(covariance[np.ix_(led, led)], hermitian=True)
    stretch[rest, led] = follow @ (stretch[np.ix_(led, led)] - np.eye(led.size))
    found = np.sqrt(np.einsum("ij,jk,ik->i", stretch[rest], covariance, stretch[rest]).clip(0.0))
    wanted = spread.T.reshape(-1)[known - years :]
    stretch[rest] *= np.divide(wanted, found, out=np.ones_like(wanted), where=found > 0.0)[:, None]
    return stretch


def _between(drawn: FloatArray, exact: FloatArray) -> FloatArray:
    """Matrix that turns deviations of one covariance into those of another: a triangular one.

    Services add up to the total, so some of the rows depend on those before.
    """
    wanted = kernel.cholesky(exact, LEAST_PIVOT)
    used = np.flatnonzero(wanted.diagonal())
    lower = kernel.cholesky(drawn[np.ix_(used, used)], LEAST_PIVOT)
    some = np.flatnonzero(lower.diagonal())  # a service may have no claim in the pilot
    found = np.zeros_like(exact)
    found[:, used[some]] = wanted[:, used[some]] @ np.linalg.inv(lower[np.ix_(some, some)])
    return found


def _wanted(plan: Plan, segment: int, basket: NDArray[np.int64], mean: FloatArray) -> kernel.Wanted:
    years, layers = plan.world.years.size, plan.layers
    lower, upper = (
        np.array([getattr(layer, name)[:, segment] for layer in layers], dtype=np.float32)
        for name in ("lower", "upper")
    )
    return kernel.Wanted(
        level=plan.world.level[:, segment].astype(np.float32),
        basket=basket,
        lower=lower.reshape(-1, years),
        upper=upper.reshape(-1, years),
        annualized=np.array([layer.annualized for layer in layers], dtype=np.bool_),
        center=np.concatenate([np.ones(years), mean.T.reshape(-1)]).astype(np.float32),
    )


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


def forget() -> None:
    """Forget all pilots, which are kept for the next engine, to time one that draws its own."""
    _trajectories.cache_clear()


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
