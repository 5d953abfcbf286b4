"""The episodes kernel: every episode, added up by realization, year and type.

Compiled twin of :func:`vbsim.generators.episodes.values`. Jitted helpers are repeated here, beside
their caller, because a cached kernel does not notice a change in another file; a test holds them to
:mod:`vbsim.streams`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# Order of the tables of a type; 1 to 3 are care after discharge by setting, home costs nothing.
ANCHOR, READMISSION, OTHER, SEVERITY = 0, 4, 5, 6


class Types(NamedTuple):
    """Episode types; E types, L high-cost limits."""

    keys: NDArray[np.uint64]  # (E,) keys of the episodes stream
    costs: FloatArray  # (E, 7, 1025, 2) as ``with_slopes`` makes them [USD], and a factor on all
    settings: FloatArray  # (E, 4) ends of the discharge settings, cumulated
    readmission: FloatArray  # (E,) probability
    limits: FloatArray  # (E, L) most that counts of one episode [USD]


class Sums(NamedTuple):
    """Sums that the kernel fills."""

    cost: FloatArray  # (R, T, E) USD
    anchor: FloatArray  # (R, T, E) USD
    counted: FloatArray  # (R, T, E, L) USD


@njit(inline="always")
def child(parent, counter):  # type: ignore[no-untyped-def]
    """Key one level down; twin of :func:`vbsim.streams.child`."""
    z = parent + (np.uint64(counter) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def upper(bits):  # type: ignore[no-untyped-def]
    """First of the two 32-bit numbers in 64 bits."""
    return np.uint32(bits >> np.uint64(32))


@njit(inline="always")
def lower(bits):  # type: ignore[no-untyped-def]
    """Second of the two 32-bit numbers in 64 bits."""
    return np.uint32(bits & np.uint64(0xFFFFFFFF))


@njit(inline="always")
def unit(bits32):  # type: ignore[no-untyped-def]
    """Uniform number in (0, 1) from 32 bits."""
    return (np.float64(bits32) + 0.5) * 2.3283064365386963e-10


@njit(inline="always")
def from_table(table, bits32):  # type: ignore[no-untyped-def]
    """Draw from a table on the survival grid; twin of the members kernel's."""
    survival = np.float32(bits32 | np.uint32(1)) * np.float32(2.3283064365386963e-10)
    word = np.float32(survival).view(np.uint32)
    node = (word >> np.uint32(18)) - np.uint32(3040)
    return table[node, 0] + np.float64(np.int32(word & np.uint32(262143))) * table[node, 1]


@njit
def one_episode(key, kind, types):  # type: ignore[no-untyped-def]
    """Anchor, post-acute and other cost of one episode [USD]."""
    first, second, third = child(key, 0), child(key, 1), child(key, 2)
    costs = types.costs[kind]
    place, setting = unit(lower(first)), 0
    while setting < 3 and place >= types.settings[kind, setting]:
        setting += 1
    after = from_table(costs[setting], upper(second)) if setting else 0.0
    other = from_table(costs[OTHER], lower(third))
    if unit(lower(second)) < types.readmission[kind]:
        other += from_table(costs[READMISSION], upper(third))
    severity = from_table(costs[SEVERITY], upper(child(key, 3)))
    anchor = from_table(costs[ANCHOR], upper(first))
    return severity * anchor, severity * after, severity * other


@njit
def add_episodes(key, count, kind, year, factors, types, sums):  # type: ignore[no-untyped-def]
    """Draw the episodes of one type and year and add them to the sums."""
    price, post_acute = factors
    for number in range(count):
        anchor, after, other = one_episode(child(key, number), kind, types)
        cost = price * (anchor + after * post_acute + other)
        sums.anchor[year, kind] += price * anchor
        sums.cost[year, kind] += cost
        for limit in range(types.limits.shape[1]):
            sums.counted[year, kind, limit] += min(cost, types.limits[kind, limit] * price)


@njit(parallel=True, cache=True, error_model="numpy")
def simulate_episodes(realizations, years, counts, price, post_acute, types, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with every episode.

    Parameters
    ----------
    realizations, years
        Numbers that key the draws, (R,) and (T,) int64.
    counts
        Episodes of each realization, year and type, (R, T, E).
    price, post_acute
        Factors on all costs and, besides, on post-acute care, (R, T).
    types, out
        :class:`Types`, and :class:`Sums` of zeros.
    """
    for row in prange(realizations.size):
        sums = Sums(out.cost[row], out.anchor[row], out.counted[row])
        for kind in range(types.keys.size):
            of_realization = child(types.keys[kind], realizations[row])
            for year in range(years.size):
                factors = (price[row, year], post_acute[row, year])
                key = child(of_realization, years[year])
                add_episodes(key, counts[row, year, kind], kind, year, factors, types, sums)
