"""Where uniform numbers come from: independent draws, or points that fill the cube evenly.

Either is a pure function of the realization's number, so no block or order of blocks changes one.

``sobol``: scrambled Sobol points (a digital net) on every dimension that reaches all members of a
realization at once. They are randomized :data:`RANDOMIZATIONS` times by independent digital shifts;
realization ``r`` is point ``r // RANDOMIZATIONS`` of randomization ``r % RANDOMIZATIONS``, so a
longer run extends a shorter one. Standard errors come from the spread between the randomizations
(Owen, "Scrambled net variance for integrals of smooth functions", Annals of Statistics 1997).

A payment jumps where savings reach a minimum, which many normals decide together, and points are
most even along one dimension. So the normals behind the cost of the performance years are
reflected, for the first of them to be that cost, and those behind the base years' likewise (Wang
and Tan, "Pricing and hedging with discontinuous functions: quasi-Monte Carlo methods and dimension
reduction", Management Science 2013). Independent normals stay independent normals.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_LEAST = 2.0 ** -(_BITS + 1)  # least uniform number that a point can be
# Streams of the collective engine: luck of most members of a segment, and the number of the rest.
BULK, TAIL = "bulk", "tail"
Dimension = tuple[str, str, int]  # stream, label, calendar year


def dimensions_of(plan: Plan) -> list[Dimension]:
    """Dimensions that points fill evenly, what moves results most first: those fill best."""
    world, shocks = plan.world, plan.systematic.shocks
    later = world.years[plan.performance].tolist()
    years = [*later, *world.years[~plan.performance].tolist()]
    first = int(world.years[0])
    spread = (world.expected_cost * np.sqrt(world.members)).sum(axis=0)
    segments = [world.segments[column] for column in np.argsort(-spread)]
    found: list[Dimension] = [("true_savings", "savings", later[0])]
    found += [("entity_year", "level", year) for year in years]
    found += [(BULK, segments[0], year) for year in years]
    found.append((TAIL, segments[0], first))
    found += [("quality", label, year) for label in ("score", "standard") for year in later]
    found += [("trend", "trend", year) for year in later]
    found += [("shocks", "common", year) for year in later]
    if plan.systematic.region.sd > 0.0:
        found += [("region", "trend", year) for year in later]
    found += [(BULK, segment, year) for segment in segments[1:] for year in years]
    found += [(TAIL, segment, first) for segment in segments[1:]]
    own = ("pandemic", *shocks.services)
    return found + [("shocks", label, year) for label in own for year in later]


def directions(plan: Plan) -> FloatArray:
    """Part of each dimension's normal in the cost of the performance and of the base years, (2, D).

    Relative to expected cost. What moves the nation as well moves benchmarks with it, and has no
    part; the members' luck is that of the truncated cost that a contract counts, if one does.
    """
    world, systematic = plan.world, plan.systematic
    years, first = world.years.tolist(), int(world.years[plan.performance][0])
    own = np.broadcast_to(
        np.hypot(systematic.entity_year.sd, systematic.entity_year.by_size), len(years)
    )
    found = {("true_savings", "savings", first): -systematic.true_savings.sd}
    found |= {("entity_year", "level", year): sd for year, sd in zip(years, own, strict=True)}
    counted = {contract.expenditure_layer for contract in plan.contracts}
    layer = next((layer for layer in plan.layers if layer.name in counted), None)
    if layer is not None and layer.mean is not None and layer.spread is not None:
        cost = (layer.mean * world.members).sum(axis=1, keepdims=True)
        luck = layer.spread * np.sqrt(world.members) / np.where(cost > 0.0, cost, np.inf)
        found |= {
            (BULK, segment, year): luck[row, column]
            for row, year in enumerate(years)
            for column, segment in enumerate(world.segments)
        }
    base = set(world.years[~plan.performance].tolist())
    parts = np.zeros((2, len(dimensions_of(plan))))
    for column, dimension in enumerate(dimensions_of(plan)):
        parts[int(dimension[2] in base), column] = found.get(dimension, 0.0)
    return parts


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
    directions
        What the first normal of the performance years and of the base years is turned to, (2, D).
    """

    random: RandomPoints
    columns: dict[Dimension, int]
    points: NDArray[np.uint32]
    shifts: NDArray[np.uint32]
    directions: FloatArray

    @classmethod
    def of(cls, plan: Plan) -> SobolPoints:
        """Make as many points as the plan has realizations."""
        from scipy.stats import qmc  # takes half a second, which other sampling saves

        dimensions = dimensions_of(plan)
        count = -(-plan.realizations // RANDOMIZATIONS)
        sobol = qmc.Sobol(len(dimensions), scramble=True, bits=_BITS, rng=plan.seed_of("sobol"))
        power = max(count - 1, 0).bit_length()
        cells = np.floor(sobol.random_base2(power)[:count] * 2.0**_BITS).astype(np.uint32)
        keys = [streams.key(plan.seed_of("sobol"), "sobol", *map(str, d)) for d in dimensions]
        number = np.arange(RANDOMIZATIONS)
        words = np.stack([streams.child(np.uint64(key), number) for key in keys], axis=1)
        columns = {dimension: column for column, dimension in enumerate(dimensions)}
        shifts = (words >> np.uint64(32)).astype(np.uint32)
        return cls(RandomPoints(plan), columns, cells, shifts, directions(plan))

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

    def _turned(self, columns: NDArray[np.int64], realizations: np.ndarray) -> FloatArray:
        """Points of some columns, (R, columns)."""
        found = self._even(columns, realizations)
        for direction in self.directions:
            turned = np.flatnonzero(direction)
            asked = np.isin(columns, turned)
            if turned.size < 2 or not asked.any():
                continue
            # Householder's reflection of the first normal into the direction.
            mirror = direction[turned] / np.linalg.norm(direction)
            mirror[0] -= 1.0
            normals = special.ndtri(self._even(turned, realizations))
            along = (normals * mirror).sum(axis=1, keepdims=True) * (2.0 / (mirror @ mirror))
            at = np.searchsorted(turned, columns[asked])
            reflected = special.ndtr(normals[:, at] - along * mirror[at])
            found[:, asked] = np.clip(reflected, _LEAST, 1.0 - _LEAST)
        return found

    def _even(self, columns: NDArray[np.int64], realizations: np.ndarray) -> FloatArray:
        """Points of some columns before they are turned, (R, columns)."""
        point, randomization = (part[:, None] for part in np.divmod(realizations, RANDOMIZATIONS))
        cell = self.points[point, columns] ^ self.shifts[randomization, columns]
        return np.asarray((cell + 0.5) * 2.0**-_BITS)


Points = RandomPoints | SobolPoints


def points_of(plan: Plan) -> Points:
    """Points of a plan, as its sampling asks for."""
    return SobolPoints.of(plan) if plan.sampling == "sobol" else RandomPoints(plan)
