"""Where uniform numbers come from: independent draws, or points that fill the cube evenly.

Either is a pure function of the realization's number, so no block or order of blocks changes one.

``sobol``: scrambled Sobol points (a digital net) on every dimension that reaches all members of a
realization at once. They are randomized :data:`RANDOMIZATIONS` times by independent digital shifts;
realization ``r`` is point ``r // RANDOMIZATIONS`` of randomization ``r % RANDOMIZATIONS``, so a
longer run extends a shorter one. Standard errors come from the spread between the randomizations
(Owen, "Scrambled net variance for integrals of smooth functions", Annals of Statistics 1997).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vbsim import streams
from vbsim.kernels import draws
from vbsim.plan import FloatArray, Plan
from vbsim.streams import RANDOMIZATIONS

NATIONAL = ("trend", "shocks")  # streams that entities of a portfolio share
_BITS = 32
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
    """

    random: RandomPoints
    columns: dict[Dimension, int]
    points: NDArray[np.uint32]
    shifts: NDArray[np.uint32]

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
        shifts = np.stack([streams.child(np.uint64(key), number) for key in keys], axis=1)
        columns = {dimension: column for column, dimension in enumerate(dimensions)}
        return cls(RandomPoints(plan), columns, cells, (shifts >> np.uint64(32)).astype(np.uint32))

    def uniforms(
        self, stream: str, labels: Sequence[str], realizations: np.ndarray, years: np.ndarray
    ) -> FloatArray:
        """Numbers in (0, 1) of a stream, (R, years, labels)."""
        out = self.random.uniforms(stream, labels, realizations, years)
        for place, label in enumerate(labels):
            for row, year in enumerate(years.tolist()):
                if (stream, label, year) in self.columns:
                    column = self.columns[stream, label, year]
                    out[:, row, place] = self._column(column, realizations)
        return out

    def _column(self, column: int, realizations: np.ndarray) -> FloatArray:
        point, randomization = np.divmod(realizations, RANDOMIZATIONS)
        cell = self.points[point, column] ^ self.shifts[randomization, column]
        return np.asarray((cell + 0.5) * 2.0**-_BITS)


Points = RandomPoints | SobolPoints


def points_of(plan: Plan) -> Points:
    """Points of a plan, as its sampling asks for."""
    return SobolPoints.of(plan) if plan.sampling == "sobol" else RandomPoints(plan)
