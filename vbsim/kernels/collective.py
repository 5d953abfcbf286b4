"""The collective kernel: sums over all members of a segment, without the members.

A sum over N exchangeable members is drawn as that of the *bulk*, a multivariate normal with the
skewness of its yearly totals, and of the few members of the *tail*, whole trajectories drawn with
replacement from a pilot. Both are drawn as deviations from the exact mean; systematic factors
stretch mean and deviation afterwards. Jitted helpers are repeated here, beside their caller,
because a cached kernel does not notice a change in another file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
KeyArray = NDArray[np.uint64]


class Group(NamedTuple):
    """Members of one segment; T years, V variables, M rows of the tail.

    Axes of length V * T run through the years of the first variable, then of the second.
    """

    key: np.uint64  # of the collective stream
    members: NDArray[np.int64]  # (T,)
    tail: NDArray[np.float32]  # (M, V * T) deviations of tail members from a bulk member
    tail_count: FloatArray  # (C,) distribution function of their number; empty: it is everybody
    bulk_mean: FloatArray  # (V * T,) deviation of a bulk member from the mean
    loadings: FloatArray  # (Z, V * T) of the standard normals on the bulk's sum
    first: NDArray[np.int64]  # (Z,) first place that a normal loads on
    draw: KeyArray  # (Z,) counter of its draw: the variable's own, whatever the others
    skew: FloatArray  # (T,) third cumulant of the first T normals, over 6
    normal: FloatArray  # (1025, 2) half-normal at survival nodes, as with_slopes makes it


class Exact(NamedTuple):
    """Exact sums over a segment's members; K services, V variables of a year."""

    mean: FloatArray  # (T, V)
    random: FloatArray  # (T, 2 K) share of a variance that is due to the claims themselves


class Response(NamedTuple):
    """Twin of ``layer_response.Response`` for all years of a segment, L layers."""

    price: FloatArray  # (T, L, degree + 1)
    use: FloatArray  # (T, L, K)
    curvature: FloatArray  # (T, L, K, K)
    cross: FloatArray  # (T, L)
    spread_use: FloatArray  # (T, L, K)
    spread_price: FloatArray  # (T, L)


class Factors(NamedTuple):
    """Systematic factors, and their logarithms as layers respond to them; R realizations."""

    use: FloatArray  # (R, T, K)
    price: FloatArray  # (R, T, K)
    log_use: FloatArray  # (R, T, K)
    log_price: FloatArray  # (R, T) common to all services


@njit(inline="always")
def child(parent, counter):  # type: ignore[no-untyped-def]
    """Key one level down; twin of :func:`vbsim.streams.child`."""
    z = parent + (np.uint64(counter) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def uniform(bits):  # type: ignore[no-untyped-def]
    """Uniform number in [0, 1) from 64 bits."""
    return np.float64(bits >> np.uint64(11)) * 1.1102230246251565e-16


@njit(inline="always")
def from_table(table, bits32):  # type: ignore[no-untyped-def]
    """Draw from a table on the survival grid; twin of the members kernel's."""
    survival = np.float32(bits32 | np.uint32(1)) * np.float32(2.3283064365386963e-10)
    word = np.float32(survival).view(np.uint32)
    node = (word >> np.uint32(18)) - np.uint32(3040)
    return table[node, 0] + np.float64(np.int32(word & np.uint32(262143))) * table[node, 1]


@njit(inline="always")
def standard_normal(table, bits):  # type: ignore[no-untyped-def]
    """Draw a standard normal: the upper half of 64 bits gives its size, the last bit its sign."""
    size = from_table(table, np.uint32(bits >> np.uint64(32)))
    return size if bits & np.uint64(1) else -size


@njit(inline="always")
def add(values, factor, out):  # type: ignore[no-untyped-def]
    """Add a multiple of a row: a loop from 0, so that the compiler can vectorize it."""
    for i in range(out.size):
        out[i] += factor * values[i]


@njit
def add_tail(key, group, out):  # type: ignore[no-untyped-def]
    """Add the tail members to ``out``, each in place of a bulk member."""
    rows, years, most = group.tail.shape[0], group.members.size, group.members.max()
    count, u = 0, uniform(child(key, 0))
    least, everybody = group.members.min(), group.tail_count.size == 0
    while count < group.tail_count.size - 1 and group.tail_count[count] <= u:
        count += 1
    for number in range(most if everybody else count):
        bits = child(key, 1 + number)
        row = np.int64((bits >> np.uint64(32)) * np.uint64(rows) >> np.uint64(32))
        place = np.int64((bits & np.uint64(0xFFFFFFFF)) * np.uint64(most) >> np.uint64(32))
        slot = number if everybody else place
        if slot < least:
            add(group.tail[row], 1.0, out)
        else:
            for year in range(years):
                if slot < group.members[year]:
                    add(group.tail[row, year::years], 1.0, out[year::years])


@njit
def add_bulk(key, group, given, out):  # type: ignore[no-untyped-def]
    """Add the bulk's deviations to ``out``; ``given`` are its first normals, if any is."""
    years = group.members.size
    for year in range(years):
        add(group.bulk_mean[year::years], float(group.members[year]), out[year::years])
    for j in range(group.first.size):
        z = given[j] if j < given.size else standard_normal(group.normal, child(key, group.draw[j]))
        if j < years:
            skew = group.skew[j]
            z = (z + skew * (z * z - 1.0)) / np.sqrt(1.0 + 2.0 * skew * skew)
        add(group.loadings[j, group.first[j] :], z, out[group.first[j] :])


@njit(inline="always")
def layer_factors(year, price, use, response, factors):  # type: ignore[no-untyped-def]
    """Fill ``factors`` (L, 2) on mean and deviation of a year's layers, and return it."""
    moved = False  # in a base year no use is
    for j in range(use.size):
        moved |= use[j] != 0.0
    for number in range(factors.shape[0]):
        linear = spread = square = level = 0.0
        for j in range(use.size if moved else 0):
            linear += response.use[year, number, j] * use[j]
            spread += response.spread_use[year, number, j] * use[j]
            for k in range(use.size):
                square += use[j] * response.curvature[year, number, j, k] * use[k]
        for degree in range(response.price.shape[2] - 1, -1, -1):
            level = level * price + response.price[year, number, degree]
        level += linear * (1.0 + response.cross[year, number] * price) + 0.5 * square
        spread += response.spread_price[year, number] * price
        factors[number, 0], factors[number, 1] = np.exp(level), np.exp(spread)
    return factors


@njit(inline="always")
def stretch(year, deviation, exact, use, price, layers, sums):  # type: ignore[no-untyped-def]
    """Turn a year's deviations into sums, with the systematic factors of the year.

    A service's deviation grows with the mean, but for what is random in the claims themselves,
    which grows with the root of their number: sqrt(a / use + 1 - a) for use near 1.
    """
    claims, cost, layer_cost = sums
    for k in range(cost.size):
        noise, at = 0.5 * (use[k] - 1.0), cost.size + k
        of_cost = exact.mean[year, k] + (1.0 - exact.random[year, k] * noise) * deviation[k]
        of_claims = exact.mean[year, at] + (1.0 - exact.random[year, at] * noise) * deviation[at]
        cost[k] = use[k] * price[k] * of_cost
        claims[k] = max(np.rint(use[k] * of_claims), 0.0)  # whole, as claims are
    people = 2 * cost.size
    for number in range(layer_cost.size):
        at = people + 1 + number
        level, spread = layers[number, 0], layers[number, 1]
        layer_cost[number] = level * exact.mean[year, at] + spread * deviation[at]
    return exact.mean[year, people] + deviation[people]


@njit(parallel=True, cache=True, error_model="numpy")
def simulate_sums(realizations, segment, group, exact, response, factors, given, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with the sums over one segment's members.

    Parameters
    ----------
    realizations
        Realization numbers, (R,) int64: they key the draws, whatever the block.
    segment
        Its place in ``out``.
    group, exact, response
        :class:`Group`, :class:`Exact` and :class:`Response` of the segment.
    factors
        :class:`Factors`.
    given
        Standard normals to take in place of the first ones drawn, (R, any number up to T).
    out
        The ``Totals`` of all segments.
    """
    claims, cost, layer_cost, person_years = out
    use, price, log_use, log_price = factors
    years, width = exact.mean.shape
    for row in prange(realizations.size):
        key = child(group.key, realizations[row])
        deviation = np.zeros(years * width)
        layers = np.empty((response.curvature.shape[1], 2))
        add_tail(child(key, 0), group, deviation)
        if group.first.size > 0:
            add_bulk(child(key, 1), group, given[row], deviation)
        for year in range(years):
            person_years[row, year, segment] = stretch(
                year,
                deviation[year::years],
                exact,
                use[row, year],
                price[row, year],
                layer_factors(year, log_price[row, year], log_use[row, year], response, layers),
                (
                    claims[row, year, segment],
                    cost[row, year, segment],
                    layer_cost[row, year, segment],
                ),
            )
