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
ROWS = 16  # realizations that share a thread's arrays


class Group(NamedTuple):
    """Members of one segment; T years, V variables, M rows of the tail.

    Axes of length V * T run through the years of the first variable, then of the second.
    """

    key: np.uint64  # of the collective stream
    members: NDArray[np.int64]  # (T,)
    here: NDArray[np.int32]  # (V * T,) the same of each place's year
    tail: NDArray[np.float32]  # (M, V * T) deviations of tail members from a bulk member
    tail_count: FloatArray  # (C,) distribution function of their number; empty: it is everybody
    bulk: FloatArray  # (V * T,) deviation from the mean of as many bulk members as there are
    loadings: NDArray[
        np.float32
    ]  # (Z, V * T) of standard normals on the bulk's sum, Z a multiple of 4
    first: NDArray[np.int64]  # (Z,) first place that a normal loads on
    draw: KeyArray  # (Z,) counter of its draw: the variable's own, whatever the others
    even: NDArray[np.int64]  # (2 T,) places of the normals that may be given, those of the yearly
    # totals and then those of the cost that contracts count; -1 where there is none
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
    price: FloatArray  # (R, T)
    log_use: FloatArray  # (R, T, K)
    log_price: FloatArray  # (R, T)


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
    sign = np.float64(np.int64(bits & np.uint64(1)) * 2 - 1)  # a branch would be guessed wrong
    return sign * size


@njit
def add_rows(table, rows, count, out):  # type: ignore[no-untyped-def]
    """Add ``count`` rows of a table to ``out``, four in one pass."""
    whole = count - count % 4
    for start in range(0, whole, 4):
        a, b = np.uint64(rows[start]), np.uint64(rows[start + 1])
        c, d = np.uint64(rows[start + 2]), np.uint64(rows[start + 3])
        for i in range(np.uint64(out.size)):
            pairs = (np.float64(table[a, i]) + table[b, i], np.float64(table[c, i]) + table[d, i])
            out[i] += pairs[0] + pairs[1]
    for start in range(whole, count):
        a = np.uint64(rows[start])
        for i in range(np.uint64(out.size)):
            out[i] += table[a, i]


@njit
def add_part(table, row, slot, here, out):  # type: ignore[no-untyped-def]
    """Add a row of a table to ``out``, but for the years when that slot has no member."""
    for i in range(np.uint64(out.size)):
        out[i] += table[row, i] if slot < here[i] else np.float32(0.0)


@njit
def tail_size(key, group):  # type: ignore[no-untyped-def]
    """Draw the number of tail members."""
    count, u = 0, uniform(child(key, 0))
    while count < group.tail_count.size - 1 and group.tail_count[count] <= u:
        count += 1
    return group.members.max() if group.tail_count.size == 0 else count


@njit(inline="always")
def below(half, count):  # type: ignore[no-untyped-def]
    """Whole number below ``count`` from 32 bits."""
    return np.int64(half * np.uint64(count) >> np.uint64(32))


@njit
def add_tail(key, group, rows, out):  # type: ignore[no-untyped-def]
    """Add the tail members to ``out``, each in place of a bulk member; ``rows`` is room."""
    members, tail, everybody, found = group.members, group.tail, group.tail_count.size == 0, 0
    least, most = members.min(), members.max()
    for number in range(tail_size(key, group)):
        bits = child(key, 1 + number)
        row = below(bits >> np.uint64(32), tail.shape[0])
        place = below(bits & np.uint64(0xFFFFFFFF), most)
        slot = number if everybody else place
        rows[found] = row
        found += slot < least  # there in all years
        if slot >= least:
            add_part(tail, np.uint64(row), slot, group.here, out)
    add_rows(tail, rows, found, out)


@njit
def draw_normals(key, group, given, z):  # type: ignore[no-untyped-def]
    """Draw the bulk's normals, but for those given, and skew those of the yearly totals."""
    draw, skew = group.draw, group.skew
    for j in range(draw.size):
        z[j] = standard_normal(group.normal, child(key, draw[j]))
    for j in range(given.size):
        if group.even[j] >= 0:
            z[group.even[j]] = given[j]
    for j in range(min(skew.size, draw.size)):
        x, k = z[j], skew[j]
        z[j] = (x + k * (x * x - 1.0)) / np.sqrt(1.0 + 2.0 * k * k)


@njit
def add_bulk(z, loadings, first, out):  # type: ignore[no-untyped-def]
    """Add the bulk's deviations to ``out``, four normals in one pass."""
    end = np.uint64(out.size)
    for start in range(0, first.size, 4):
        j = np.uint64(start)
        w, x, y, v = z[j], z[j + np.uint64(1)], z[j + np.uint64(2)], z[j + np.uint64(3)]
        for i in range(np.uint64(first[j]), end):
            half = w * loadings[j, i] + x * loadings[j + np.uint64(1), i]
            rest = y * loadings[j + np.uint64(2), i] + v * loadings[j + np.uint64(3), i]
            out[i] += half + rest


@njit(inline="always")
def layer_factor(row, year, number, log_price, log_use, response):  # type: ignore[no-untyped-def]
    """Logarithms of the factors on mean and deviation of a layer."""
    price, level, linear, spread, square = log_price[row, year], 0.0, 0.0, 0.0, 0.0
    for degree in range(response.price.shape[2] - 1, -1, -1):
        level = level * price + response.price[year, number, degree]
    for j in range(log_use.shape[2]):
        use, across = log_use[row, year, j], 0.0
        if abs(use) > 1e-12:  # shocks reach no base year
            for k in range(log_use.shape[2]):
                across += response.curvature[year, number, j, k] * log_use[row, year, k]
            linear += response.use[year, number, j] * use
            spread += response.spread_use[year, number, j] * use
            square += use * across
    level += linear * (1.0 + response.cross[year, number] * price) + 0.5 * square
    return level, spread + response.spread_price[year, number] * price


@njit(inline="always")
def fill_services(row, year, segment, deviation, exact, factors, claims, cost):  # type: ignore[no-untyped-def]
    """Turn a year's deviations into claims and cost by service, with the factors of the year.

    A service's deviation grows with the mean, but for what is random in the claims themselves,
    which grows with the root of their number: sqrt(a / use + 1 - a) for use near 1.
    """
    years, services = exact.mean.shape[0], cost.shape[3]
    for k in range(services):
        use, at = factors.use[row, year, k], services + k
        noise = 0.5 * (use - 1.0)
        own, number = deviation[k * years + year], deviation[at * years + year]
        of_cost = exact.mean[year, k] + (1.0 - exact.random[year, k] * noise) * own
        of_claims = exact.mean[year, at] + (1.0 - exact.random[year, at] * noise) * number
        cost[row, year, segment, k] = use * factors.price[row, year] * of_cost
        claims[row, year, segment, k] = max(np.rint(use * of_claims), 0.0)  # whole, as claims are


@njit
def fill(row, segment, deviation, exact, response, factors, out):  # type: ignore[no-untyped-def]
    """Turn the deviations of a realization into its sums."""
    claims, cost, layer_cost, person_years, _ = out
    years, people = exact.mean.shape[0], 2 * cost.shape[3]
    for year in range(years):
        fill_services(row, year, segment, deviation, exact, factors, claims, cost)
        here = deviation[people * years + year]
        person_years[row, year, segment] = exact.mean[year, people] + here
        for number in range(layer_cost.shape[3]):
            at = people + 1 + number
            level, spread = layer_factor(
                row, year, number, factors.log_price, factors.log_use, response
            )
            part = np.exp(spread) * deviation[at * years + year]
            layer_cost[row, year, segment, number] = np.exp(level) * exact.mean[year, at] + part


@njit
def room_for_tail(tail_count, members):  # type: ignore[no-untyped-def]
    """Most tail members that a realization can have."""
    return tail_count.size if tail_count.size > 0 else members.max()


@njit(cache=True, error_model="numpy")
def tail_scores(numbers, group, score):  # type: ignore[no-untyped-def]
    """Sum of ``score``, one number for each row of the tail, over the tails of these numbers."""
    out = np.zeros(numbers.size)
    for place in range(numbers.size):
        key = child(child(group.key, numbers[place]), 0)
        for number in range(tail_size(key, group)):
            bits = child(key, 1 + number)
            out[place] += score[below(bits >> np.uint64(32), score.size)]
    return out


@njit(parallel=True, cache=True, error_model="numpy")
def simulate_sums(realizations, segment, group, exact, response, factors, given, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with the sums over one segment's members.

    Parameters
    ----------
    realizations
        Realization numbers, (2, R) int64, which key the draws of the bulk and those of the tail,
        whatever the block.
    segment
        Its place in ``out``.
    group, exact, response
        :class:`Group`, :class:`Exact` and :class:`Response` of the segment.
    factors
        :class:`Factors`.
    given
        Standard normals of :attr:`Group.even`, (R, 2 T), in place of drawn ones; (R, 0) without.
    out
        The ``Totals`` of all segments.
    """
    most = room_for_tail(group.tail_count, group.members)
    count = realizations.shape[1]
    for part in prange((count + ROWS - 1) // ROWS):
        deviation, rows = np.empty(exact.mean.size), np.empty(most, np.int64)
        z = np.empty(group.first.size)
        for row in range(part * ROWS, min((part + 1) * ROWS, count)):
            for i in range(deviation.size):
                deviation[i] = group.bulk[i]
            of_bulk = child(child(group.key, realizations[0, row]), 1)
            of_tail = child(child(group.key, realizations[1, row]), 0)
            add_tail(of_tail, group, rows, deviation)
            draw_normals(of_bulk, group, given[row], z)
            add_bulk(z, group.loadings, group.first, deviation)
            fill(row, segment, deviation, exact, response, factors, out)
