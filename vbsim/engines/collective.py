"""The collective engine: sums over members from their exact moments and a pilot of trajectories.

Members of a segment are exchangeable, so what a contract needs of them is a sum of many independent
trajectories (claims and cost by service, layers and exposure of all years). Its mean is exact
(layers from the exact annual cost), and so is each variable's variance, and what services, exposure
and years have in common (:mod:`vbsim.engines.moments`); correlations of layers come from a pilot
that the claims kernel draws once. The most expensive trajectories are drawn whole, the rest as a
multivariate normal whose yearly totals keep their skewness: :mod:`vbsim.kernels.collective`.
Systematic factors then stretch mean and deviation of every variable as the exact distribution
responds to them: :mod:`vbsim.generators.layer_response`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product, repeat

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim import streams
from vbsim.engines.moments import Moments, moments
from vbsim.engines.pilot import LEAST_PIVOT, Pilot
from vbsim.engines.points import Dimension, Points, SobolPoints, against_benchmark
from vbsim.engines.systematic import Factors
from vbsim.generators import layer_response
from vbsim.kernels import collective as kernel
from vbsim.kernels import pilot as of_pilot
from vbsim.kernels.grid import survival_nodes, table_of, with_slopes
from vbsim.kernels.inputs import Totals
from vbsim.plan import FloatArray, Layer, Plan

# Trajectories of the segment that costs most. From pilot to pilot the correlation of two years'
# truncated cost varies by 0.006, and the spread of a year against its base years by 0.2 %; by 0.008
# and 0.3 % with half as many.
_PILOT = 2**15
_WHOLE = 64  # up to so many members, every one is drawn as a whole trajectory
_TAIL = 32  # expected number of whole trajectories in a larger segment
_TOTAL = "cost"
BULK, COUNTED = "bulk", "counted"  # streams of the normals that points fill: see Group.even
_GRID_ERROR = 1e-4  # spacing of the exact annual cost's log intensities
_ROWS = 2**12  # trajectories of every other segment
_LEAST_SHARE = 1e-9  # of the cost
_NEAR = 0.25  # most that a layer's bound may move against the expected cost, on the log scale


@dataclass(frozen=True)
class CollectiveEngine:
    """Ready to draw the sums of every segment.

    Parameters
    ----------
    plan
        What is simulated.
    services
        Whether claims and cost of every service are wanted, or layers and exposure alone.
    exact, groups
        Exact sums, and what is drawn, of each segment.
    responses
        Of the layers, of each segment.
    pilots
        Of each segment.
    """

    plan: Plan
    services: bool
    exact: tuple[kernel.Exact, ...]
    groups: tuple[kernel.Group, ...]
    responses: tuple[kernel.Response, ...]
    pilots: tuple[Pilot, ...]

    @classmethod
    def of(cls, plan: Plan, services: bool = True) -> CollectiveEngine:
        """Draw the pilot and make of it what the kernel draws from."""
        found = [moments(plan, segment, services) for segment in _segments(plan)]
        sizes = _pilot_sizes(plan).tolist()
        pilots = tuple(
            Pilot.of(plan, segment, size, one)
            for segment, (size, one) in enumerate(zip(sizes, found, strict=True))
        )
        responses = tuple(_responses(plan, segment) for segment in _segments(plan))
        return cls(plan, services, *_drawn(plan, services, found, pilots), responses, pilots)

    def near(self, plan: Plan) -> CollectiveEngine | None:
        """Engine of a plan whose members differ little, from the same pilots.

        Means, spreads and what services, exposure and years have in common are the plan's own;
        what layers have in common, the shape of the tail and how layers respond are this engine's.
        None if members come and go, or stay ill, in another way, which their trajectories show, or
        if layers are others.
        """
        if not _alike(self.plan, plan):
            return None
        found = [moments(plan, segment, self.services) for segment in _segments(plan)]
        pilots = tuple(pilot.stretched(one) for pilot, one in zip(self.pilots, found, strict=True))
        drawn = _drawn(plan, self.services, found, pilots)
        responses = tuple(
            _shifted(response, _cost_share(self.plan, n), _cost_share(plan, n), plan.layers)
            for n, response in enumerate(self.responses)
        )
        return CollectiveEngine(plan, self.services, *drawn, responses, pilots)

    def sums(
        self, realizations: np.ndarray, factors: Factors, points: Points | None = None
    ) -> Totals:
        """Add up all members of the realizations of these numbers."""
        world, layers = self.plan.world, len(self.plan.layers)
        shape = (realizations.size, *world.members.shape)
        services = len(world.services) if self.services else 0
        sums = Totals(
            np.empty((*shape, services)),
            np.empty((*shape, services)),
            np.empty((*shape, layers)),
            np.empty(shape),
            np.empty((*shape, 0)),
        )
        stretch = _with_logs(factors)
        numbers = realizations.astype(np.int64)
        tails, given = numbers, np.empty((len(self.groups), numbers.size, 0))
        if isinstance(points, SobolPoints):
            ask = world.segments, numbers, world.years
            luck = [points.uniforms(stream, *ask) for stream in (BULK, COUNTED)]
            given = special.ndtri(np.concatenate(luck, axis=1)).transpose(2, 0, 1).copy()
            tails = points.dealt(numbers, self._tail_scores)
        keys = np.stack([numbers, tails])
        for segment, parts in enumerate(zip(self.groups, self.exact, self.responses, strict=True)):
            kernel.simulate_sums(keys, segment, *parts, stretch, given[segment], sums)
        return sums

    def luck(self) -> dict[Dimension, FloatArray]:
        """Part of the normals that points can fill in every year's counted cost, (T,) each.

        Relative to its expectation. The yearly totals of the segment that costs most come first.
        """
        world, later = self.plan.world, self.plan.performance
        spread = (world.expected_cost * np.sqrt(world.members)).sum(axis=0)
        order = np.argsort(-spread).tolist()
        parts = [self._counted(group.loadings) for group in self.groups]
        return {
            (stream, world.segments[segment], int(world.years[year])): parts[segment][place]
            for row, stream in enumerate((BULK, COUNTED))
            for segment in order
            for year in (*np.flatnonzero(later), *np.flatnonzero(~later))
            if (place := self.groups[segment].even[row * later.size + year]) >= 0
        }

    def _counted(self, rows: NDArray[np.float32]) -> FloatArray:
        """Give the counted cost in rows of variables by year, (n, T), relative to expected."""
        years, variables = self.exact[0].mean.shape
        at = _counted_variables(self.plan, self.services)
        cost = sum(one.mean[:, at].sum(axis=1) for one in self.exact)
        rows = rows.reshape(len(rows), variables, years)[:, at]
        return np.asarray(rows.sum(axis=1, dtype=np.float64) / np.where(cost > 0.0, cost, np.inf))

    def _tail_scores(self, numbers: NDArray[np.int64]) -> FloatArray:
        """Cost of the tails of these numbers against the benchmarks of all performance years."""
        weights = against_benchmark(self.plan).sum(axis=0)
        scores = [(self._counted(group.tail) * weights).sum(axis=1) for group in self.groups]
        found = map(kernel.tail_scores, repeat(numbers), self.groups, scores)
        return np.asarray(sum(found))

    def errors(self) -> tuple[float, float, float]:
        """Give expected errors: of a mean, of a standard deviation (relative), of a probability.

        The mean's is the grid's of the exact annual cost; the standard deviation's is that of a
        truncated year against its base years, which varied from pilot to pilot by 0.4 over the root
        of the trajectories; the probability's is what is left of the skewness, a seventh at most in
        comparisons with the claims engine from 500 to 50,000 members, times the first term of
        Edgeworth's series.
        """
        skewness = max(6.0 * float(group.skew.max(initial=0.0)) for group in self.groups)
        world = self.plan.world
        # Variances by segment, as if all had the same coefficient of variation.
        share = (world.expected_cost**2 * world.members).sum(axis=0)
        sampling = 0.4 * np.sqrt(((share / share.sum()) ** 2 / _pilot_sizes(self.plan)).sum())
        return _GRID_ERROR, float(sampling), skewness / 7.0 / 6.0 * 0.4


def _with_logs(factors: Factors) -> kernel.Factors:
    use, price = factors.frequency, factors.price
    return kernel.Factors(use, price, np.log(use), np.log(price))


def _responses(plan: Plan, segment: int) -> kernel.Response:
    """Responses of a segment's layers in every year.

    Rates and relative prices of the first performance year stand for all years, whose mix of
    services differs by a few percent: the bounds keep their place against the expected cost.
    """
    world, first = plan.world, int(np.argmax(plan.performance))
    unit = world.expected_cost[first, segment] / world.level[first, segment]
    scale = unit / world.expected_cost[:, segment]
    use, price = world.use[first][segment], tuple(world.relative_price[first].tolist())
    layers = tuple(
        (layer.services, *(factor * bound[year, segment] for bound in (layer.lower, layer.upper)))
        for year, factor in enumerate(scale)
        for layer in plan.layers
    )
    found = layer_response.respond(world.people[segment], use, world.unit_costs, price, layers)
    shape = (scale.size, len(plan.layers))
    parts = (getattr(found, name) for name in kernel.Response._fields)
    return kernel.Response(*(part.reshape(*shape, *part.shape[1:]) for part in parts))


def _drawn(
    plan: Plan, services: bool, found: Sequence[Moments], pilots: Sequence[Pilot]
) -> tuple[tuple[kernel.Exact, ...], tuple[kernel.Group, ...]]:
    """Exact sums of every segment, and what is drawn."""
    exact = tuple(
        kernel.Exact(one.mean * plan.world.members[:, segment, None], one.random)
        for segment, one in enumerate(found)
    )
    return exact, tuple(group(plan, n, pilot, services) for n, pilot in enumerate(pilots))


def _segments(plan: Plan) -> range:
    return range(len(plan.world.segments))


def _alike(one: Plan, other: Plan) -> bool:
    """Whether members come, go and stay ill alike, and layers hold the same part of their cost."""
    people = [
        [replace(segment.whole(), risk_sd=0.0) for segment in plan.world.people]
        for plan in (one, other)
    ]
    layers = [
        [(layer.services.tolist(), layer.annualized) for layer in plan.layers]
        for plan in (one, other)
    ]
    return people[0] == people[1] and layers[0] == layers[1] and _bounds_differ(one, other) < _NEAR


def _bounds_differ(one: Plan, other: Plan) -> float:
    """Most that a layer's bound differs against the expected cost, on the log scale."""
    cost = other.world.expected_cost / one.world.expected_cost
    before, after = (
        np.array([[layer.lower, layer.upper] for layer in plan.layers]).reshape(-1, *cost.shape)
        for plan in (one, other)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.abs(np.log(after / before / cost))
    return float(np.fmax.reduce(moved, axis=None, initial=0.0))  # bounds of 0 and infinity stay


def _cost_share(plan: Plan, segment: int) -> FloatArray:
    """Share of each service in the expected cost, (T, K)."""
    cost = plan.world.rate[:, segment] * plan.world.mean_unit_cost[:, segment]
    return np.asarray(cost / cost.sum(axis=1, keepdims=True))


def _shifted(
    response: kernel.Response, before: FloatArray, after: FloatArray, layers: Sequence[Layer]
) -> kernel.Response:
    """Response of layers where services have other shares of the cost, (T, K) each.

    The elasticity to a service's use goes with its share of the basket.
    """
    baskets = np.array([layer.services for layer in layers], dtype=np.float64)
    held = baskets.reshape(-1, before.shape[1])
    growth = np.divide(after, before, out=np.ones_like(after), where=before > 0.0)[:, None]
    whole = (after @ held.T) / np.maximum(before @ held.T, _LEAST_SHARE)
    factor = growth / np.where(whole > 0.0, whole, 1.0)[..., None]
    return response._replace(use=response.use * factor, spread_use=response.spread_use * factor)


def group(plan: Plan, segment: int, pilot: Pilot, services: bool) -> kernel.Group:
    """Make of a segment's pilot what the kernel draws its sums from."""
    members, name = plan.world.members[:, segment], plan.world.segments[segment]
    years, counters = members.size, plan.counters(plan.world.years, luck=True).tolist()
    drawn = pilot.count
    own = (plan.entity,) if plan.entity else ()
    key = np.uint64(streams.key(plan.seed_of("claims"), "collective", name, *own))
    width = pilot.mean.size - years
    here = np.tile(members.astype(np.int32), width // years)
    if plan.trajectories and members.max() <= _WHOLE:
        none, rows = np.empty(0), pilot.rows(np.arange(drawn))[:, years:]
        return kernel.Group(
            key, members, here, rows.astype(np.float32), none, np.zeros(width),
            np.empty((0, width), np.float32), np.empty(0, np.int64),
            np.empty(0, np.uint64), np.full(2 * years, -1), none, _half_normal(),
        )  # fmt: skip
    count = int(np.ceil(drawn * _TAIL / members.max())) if plan.trajectories else 0
    dearest, others = pilot.dearest(count)
    tail, share, rest = pilot.rows(dearest), count / drawn, others.size
    bulk_mean = -tail.sum(axis=0) / rest
    covariance = (drawn * pilot.covariance - tail.T @ tail) / rest - np.outer(bulk_mean, bulk_mean)
    loadings, used = _loadings(covariance, members, 1.0 - share)
    totals = pilot.relative(others)
    # Without a tail there is no such quantile.
    most = int(np.ceil(special.bdtrik(1.0 - 1e-12, members.max(), share))) + 1 if count else 1
    names = _variables(plan, services)
    draws = [streams.key(0, *map(str, at)) for at in product((_TOTAL, *names), counters)]
    return kernel.Group(
        key=key,
        members=members,
        here=here,
        tail=(tail - bulk_mean)[:, years:].astype(np.float32),
        tail_count=special.bdtr(np.arange(most), members.max(), share),
        bulk=here * bulk_mean[years:],
        loadings=loadings,
        first=np.maximum(used - years, 0),
        draw=np.array(draws, dtype=np.uint64)[used],
        even=_even_places(plan, services, used),
        skew=_skewness(totals, covariance[:years, :years]) / np.sqrt(members * (1.0 - share)) / 6.0,
        normal=_half_normal(),
    )


def _pilot_sizes(plan: Plan) -> NDArray[np.int64]:
    """Trajectories of every segment's pilot."""
    cost = (plan.world.expected_cost * plan.world.members).sum(axis=0)
    return np.where(np.arange(cost.size) == np.argmax(cost), _PILOT, _ROWS)


def _variables(plan: Plan, services: bool) -> list[str]:
    """Names of the variables, as :func:`moments` and pilots order them."""
    costs = [f"{kind} of {name}" for kind in ("cost", "claims") for name in plan.world.services]
    layers = [f"layer {layer.name}" for layer in plan.layers]
    return [*(costs if services else []), "person-years", *layers]


def _counted_variables(plan: Plan, services: bool) -> list[int]:
    """Variables that make up the cost that the first contract of a layer counts; all cost without.

    None where services are not wanted and no contract counts a layer.
    """
    counted = {contract.expenditure_layer for contract in plan.contracts}
    names, layers = _variables(plan, services), [layer.name for layer in plan.layers]
    found = [names.index(f"layer {name}") for name in layers if name in counted][:1]
    return found or (list(range(len(plan.world.services))) if services else [])


def _even_places(plan: Plan, services: bool, used: np.ndarray) -> NDArray[np.int64]:
    """Places among the used normals of those that points fill, as :class:`kernel.Group` has them.

    Beside the yearly totals those of the counted layer; all cost has none of its own.
    """
    counted, years = _counted_variables(plan, services), np.arange(plan.world.years.size)
    places = np.full((2, years.size), -1)
    for row, variable in enumerate((0, *(1 + at for at in counted if len(counted) == 1))):
        wanted = variable * years.size + years
        here = np.isin(wanted, used)
        places[row, here] = np.searchsorted(used, wanted[here])
    return places.ravel()


def _loadings(
    covariance: FloatArray, members: np.ndarray, share: float
) -> tuple[NDArray[np.float32], np.ndarray]:
    """Give loadings of normals on the bulk's sum, (Z, V * T): of the yearly totals, then the rest.

    ``covariance`` is that of one bulk member, the yearly totals first, then all variables, and
    ``share`` that of the bulk. Members of two years are the same people as far as the smaller of
    the two numbers goes. Also gives the place of every normal.
    """
    years = members.size
    year = np.tile(np.arange(years), len(covariance) // years)
    shared = np.minimum.outer(members, members)[np.ix_(year, year)] * share
    columns = of_pilot.cholesky(covariance * shared, LEAST_PIVOT)[years:].T
    used = np.flatnonzero(np.abs(columns).max(axis=1) > 0.0)
    found = columns[used].astype(np.float32)
    more = -used.size % 4  # whole passes of four
    return np.pad(found, ((0, more), (0, 0))), np.append(used, used[-1:].repeat(more))


def _skewness(totals: NDArray[np.float32], covariance: FloatArray) -> FloatArray:
    """Third cumulants of the bulk members' yearly totals (n, T), each without the years before."""
    factor = of_pilot.cholesky(covariance, LEAST_PIVOT)
    own = np.linalg.inv(factor).astype(np.float32) @ (totals - totals.mean(axis=0)).T
    return np.asarray((own * own * own).mean(axis=1, dtype=np.float64))


@cache
def _half_normal() -> FloatArray:
    """Quantile table of the size of a standard normal."""
    survival = np.minimum(survival_nodes(), 1.0)
    return with_slopes(table_of(-special.ndtri(survival / 2.0)))
