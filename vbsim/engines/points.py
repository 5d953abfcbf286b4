"""Where uniform numbers come from: independent draws, or points that fill the cube evenly.

Either is a pure function of the realization's number, so no block or order of blocks changes one.

``sobol``: scrambled Sobol points (a digital net) on every dimension that reaches all members of a
realization at once. They are randomized :data:`RANDOMIZATIONS` times by independent digital shifts;
realization ``r`` is point ``r // RANDOMIZATIONS`` of randomization ``r % RANDOMIZATIONS``, so a
longer run extends a shorter one. Standard errors come from the spread between the randomizations
(Owen, "Scrambled net variance for integrals of smooth functions", Annals of Statistics 1997).

A payment jumps where savings reach a minimum, which many normals decide together, and points are
most even along one dimension. So the normals behind the entity's own cost are reflected, for the
first of them to be what each performance year costs against its benchmark, and the next what it
costs (Wang and Tan, "Pricing and hedging with discontinuous functions: quasi-Monte Carlo methods
and dimension reduction", Management Science 2013). Independent normals stay independent normals.
What is no normal, the few most expensive members, is drawn at random and dealt out by rank along
one dimension, as Latin hypercubes and array-RQMC do (L'Ecuyer, Lecot and Tuffin, "A randomized
quasi-Monte Carlo simulation method for Markov chains", Operations Research 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim import streams
from vbsim.kernels import draws
from vbsim.plan import FloatArray, Plan
from vbsim.streams import RANDOMIZATIONS

NATIONAL = ("trend", "shocks")  # streams that entities of a portfolio share
_BITS = 32
_BATCH = 2**8  # points among which ranks are dealt out; a power of two, for one in each interval
_SPANNED = 1e-9  # of a direction: what is left of it beside others, if not more, is rounding
_LEAST = 2.0 ** -(_BITS + 1)  # least uniform number that a point can be
TAIL = "tail"  # stream of what is drawn at random and dealt out by rank
Dimension = tuple[str, str, int]  # stream, label, calendar year
Luck = Mapping[Dimension, FloatArray]  # part of a normal in every year's cost, (T,) [share]


def dimensions_of(plan: Plan, luck: Luck) -> list[Dimension]:
    """Dimensions that points fill evenly, what moves results most first: those fill best."""
    world, shocks = plan.world, plan.systematic.shocks
    later = world.years[plan.performance].tolist()
    years = [*later, *world.years[~plan.performance].tolist()]
    found: list[Dimension] = [("true_savings", "savings", later[0])]
    found += [("entity_year", "level", year) for year in years]
    found.append(tail_of(plan))
    found += [("quality", label, year) for label in ("score", "standard") for year in later]
    found += [("trend", "trend", year) for year in later]
    found += [("shocks", "common", year) for year in later]
    if plan.systematic.region.sd > 0.0:
        found += [("region", "trend", year) for year in later]
    found += luck
    own = ("pandemic", *shocks.services)
    return found + [("shocks", label, year) for label in own for year in later]


def tail_of(plan: Plan) -> Dimension:
    """Dimension along which the most expensive members are dealt out."""
    return TAIL, "members", int(plan.world.years[0])


def against_benchmark(plan: Plan) -> FloatArray:
    """Weight of every year's cost in each performance year's, less its benchmark, (P, T).

    By the first contract whose benchmark rests on simulated years, if there is one.
    """
    own = np.eye(plan.world.years.size)[plan.performance]
    bases = (contract.base_weights(plan.world.years.size) for contract in plan.contracts)
    return np.asarray(own - next((base for base in bases if base.any()), 0.0))


def directions(plan: Plan, luck: Luck) -> FloatArray:
    """Part of each dimension's normal in what performance years hang on, (2 P, D).

    First their cost against the benchmark, then their cost, relative to what is expected. What
    moves the nation as well moves benchmarks with it, and has no part.
    """
    systematic, years = plan.systematic, plan.world.years.tolist()
    dimensions, count = dimensions_of(plan, luck), len(years)
    own = np.hypot(systematic.entity_year.sd, systematic.entity_year.by_size)
    level = np.diag(np.broadcast_to(own, count))
    parts = dict(luck) | {
        ("entity_year", "level", year): level[at] for at, year in enumerate(years)
    }
    parts[dimensions[0]] = -systematic.true_savings.sd * plan.performance
    cost = np.array([parts.get(dimension, np.zeros(count)) for dimension in dimensions]).T
    weights = np.concatenate([against_benchmark(plan), np.eye(count)[plan.performance]])
    return np.asarray(weights @ cost)


def mirrors_of(directions: FloatArray) -> FloatArray:
    """Find reflections (Householder's) that turn the first dimensions into directions, (K, D).

    Unit vectors. The first, applied last, takes the first dimension to the first direction, and so
    on; a direction that the ones before it span is left out.
    """
    found: list[FloatArray] = []
    for direction in directions:
        left = reflected(direction, found)
        left[: len(found)] = 0.0
        if np.linalg.norm(left) > _SPANNED * np.linalg.norm(direction):
            left /= np.linalg.norm(left)
            left[len(found)] -= 1.0
            found.append(left / max(float(np.linalg.norm(left)), _SPANNED))
    return np.array(found).reshape(-1, directions.shape[1])


def reflected(vectors: FloatArray, mirrors: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """Vectors (..., D) after one reflection and the next.

    Sums by hand: a matrix product rounds by how many vectors there are.
    """
    for mirror in mirrors:
        along = (vectors * mirror).sum(axis=-1, keepdims=True)
        vectors = vectors - 2.0 * along * mirror
    return np.array(vectors)


@dataclass(frozen=True)
class RandomPoints:
    """Independent uniform numbers, keyed by stream, label, realization and year."""

    plan: Plan

    def uniforms(
        self, stream: str, labels: Sequence[str], realizations: np.ndarray, years: np.ndarray
    ) -> FloatArray:
        """Numbers in (0, 1) of a stream, (R, years, labels)."""
        seed = self.plan.seed_of(stream)
        own = () if not self.plan.entity or stream in NATIONAL else (self.plan.entity,)
        names = [streams.key(seed, stream, label, *own) for label in labels]
        keys = np.array(names, dtype=np.uint64)
        out = np.empty((realizations.size, years.size, len(labels)))
        counters = self.plan.counters(years)
        draws.fill_uniforms(keys, realizations.astype(np.int64), counters, out)
        return out


@dataclass(frozen=True)
class SobolPoints:
    """Randomized Sobol points on some dimensions, independent numbers on all others.

    Parameters
    ----------
    random
        For what is no dimension here.
    columns
        Column of each dimension.
    points
        Scrambled points, (points, D).
    shifts
        Digital shifts, (RANDOMIZATIONS, D).
    turned
        Columns of the normals that are turned together, rising, U of them.
    mirrors
        Reflections that turn them, (K, U).
    """

    random: RandomPoints
    columns: dict[Dimension, int]
    points: NDArray[np.uint32]
    shifts: NDArray[np.uint32]
    turned: NDArray[np.int64]
    mirrors: FloatArray

    @classmethod
    def of(cls, plan: Plan, luck: Luck) -> SobolPoints:
        """Make as many points as the plan has realizations.

        Parameters
        ----------
        plan
            What is simulated.
        luck
            Normals of the members' luck that the engine takes from points, what moves results most
            first; empty for an engine that draws member by member.
        """
        from scipy.stats import qmc  # takes half a second, which other sampling saves

        dimensions = dimensions_of(plan, luck)
        count = -(-plan.realizations // RANDOMIZATIONS)
        sobol = qmc.Sobol(len(dimensions), scramble=True, bits=_BITS, rng=plan.seed_of("sobol"))
        power = max(count - 1, 0).bit_length()
        cells = np.floor(sobol.random_base2(power)[:count] * 2.0**_BITS).astype(np.uint32)
        keys = [streams.key(plan.seed_of("sobol"), "sobol", *map(str, d)) for d in dimensions]
        number = np.arange(RANDOMIZATIONS)
        words = np.stack([streams.child(np.uint64(key), number) for key in keys], axis=1)
        columns = {dimension: column for column, dimension in enumerate(dimensions)}
        shifts = (words >> np.uint64(32)).astype(np.uint32)
        found = directions(plan, luck)
        turned = np.flatnonzero(found.any(axis=0))
        mirrors = mirrors_of(found[:, turned])
        return cls(RandomPoints(plan), columns, cells, shifts, turned, mirrors)

    def uniforms(
        self, stream: str, labels: Sequence[str], realizations: np.ndarray, years: np.ndarray
    ) -> FloatArray:
        """Numbers in (0, 1) of a stream, (R, years, labels)."""
        out = self.random.uniforms(stream, labels, realizations, years)
        filled = [
            (row, place, self.columns[stream, label, year])
            for row, year in enumerate(years.tolist())
            for place, label in enumerate(labels)
            if (stream, label, year) in self.columns
        ]
        if filled:
            rows, places, columns = np.array(filled).T
            out[:, rows, places] = self._turned(columns, realizations)
        return out

    def dealt(
        self, realizations: np.ndarray, scores: Callable[[NDArray[np.int64]], FloatArray]
    ) -> NDArray[np.int64]:
        """Numbers of the draws that realizations take in place of their own, (R,).

        The points of a batch lie one in each interval of the dimension, and say the rank, by score,
        of the draw among those of the same batch and randomization: each is taken once, whatever
        the other dimensions of its point.
        """
        column = np.array([self.columns[tail_of(self.random.plan)]])
        rank = np.floor(self._even(column, realizations)[:, 0] * _BATCH).astype(np.int64)
        batch, within = np.divmod(realizations, _BATCH * RANDOMIZATIONS)
        taken = np.empty(realizations.size, np.int64)
        for one in np.unique(batch):
            first = one * _BATCH * RANDOMIZATIONS
            draws = first + np.arange(_BATCH * RANDOMIZATIONS)
            order = scores(draws).reshape(_BATCH, RANDOMIZATIONS).argsort(axis=0, kind="stable")
            here = batch == one
            randomization = within[here] % RANDOMIZATIONS
            taken[here] = first + order[rank[here], randomization] * RANDOMIZATIONS + randomization
        return taken

    def _turned(self, columns: NDArray[np.int64], realizations: np.ndarray) -> FloatArray:
        """Points of some columns, (R, columns)."""
        found, asked = self._even(columns, realizations), np.isin(columns, self.turned)
        if asked.any():
            normals = special.ndtri(self._even(self.turned, realizations))
            at = np.searchsorted(self.turned, columns[asked])
            uniform = special.ndtr(reflected(normals, self.mirrors[::-1])[:, at])
            found[:, asked] = np.clip(uniform, _LEAST, 1.0 - _LEAST)
        return found

    def _even(self, columns: NDArray[np.int64], realizations: np.ndarray) -> FloatArray:
        """Points of some columns before they are turned, (R, columns)."""
        point, randomization = (part[:, None] for part in np.divmod(realizations, RANDOMIZATIONS))
        cell = self.points[point, columns] ^ self.shifts[randomization, columns]
        return np.asarray((cell + 0.5) * 2.0**-_BITS)


Points = RandomPoints | SobolPoints
