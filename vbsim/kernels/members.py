"""The claims kernel: every member, every claim, added up by segment, service and layer.

Every jitted helper lives in this file, beside its caller, because a cached kernel does not notice a
change in another file; numbers arrive as arguments for the same reason. Nothing is validated here:
``simulate`` passes arrays that ``resolve`` has made.

A draw is a pure function of its place, as in :mod:`vbsim.streams`: keys go down from segment to
realization, member, year and service. One realization is summed by one thread in one order, so the
result does not depend on the number of threads or on the block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]
KeyArray = NDArray[np.uint64]

# Poisson tables for these means; larger means are sums of them, smaller ones are drawn directly.
POISSON_MEANS = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
_GUIDE = 256  # entries of the guide that says where in a table the search begins
_COUNTS = 512  # 256 + 16 standard deviations: nothing of 53-bit precision lies beyond


class People(NamedTuple):
    """Members of every segment; T years, S segments, tables on the survival grid."""

    keys: KeyArray  # (S,) keys of the population stream
    years: NDArray[np.int64]  # (T,) calendar years, the counter of the year
    members: NDArray[np.int64]  # (T, S)
    stay: FloatArray  # (T, S) probability that last simulated year's member is still here
    persist: FloatArray  # (T, S) probability that the state is kept, not drawn anew
    ill_share: FloatArray  # (S,)
    partial: FloatArray  # (S,) share of members enrolled for part of the year
    log_level: FloatArray  # (S, 2) log intensity of the well and the ill state
    log_risk: FloatArray  # (S, 1026)
    log_transient: FloatArray  # (S, 1026)


class Services(NamedTuple):
    """Claims of every service; K services."""

    segment_keys: KeyArray  # (S,) keys of the claims stream
    keys: KeyArray  # (K,) keys of the services
    rate: FloatArray  # (T, S, K) expected claims per person-year
    price: FloatArray  # (T, S, K) factor on unit cost
    response_start: FloatArray  # (S,) log intensity of the first row of the response
    response_step: FloatArray  # (S,)
    response: FloatArray  # (S, G, K) expected claims relative to the mean
    unit_cost: FloatArray  # (K, 1026) USD at survival nodes


class Layers(NamedTuple):
    """Layers [lower, upper) of baskets of services."""

    basket: NDArray[np.bool_]  # (L, K) services in the layer's basket
    lower: FloatArray  # (L, T, S) USD
    upper: FloatArray  # (L, T, S) USD
    annualized: NDArray[np.bool_]  # (L,) bounds shrink with a part-year member's exposure


class Totals(NamedTuple):
    """Sums that the kernel fills, one row per realization."""

    claims: FloatArray  # (R, T, S, K)
    cost: FloatArray  # (R, T, S, K) USD
    layer_cost: FloatArray  # (R, T, S, L) USD
    person_years: FloatArray  # (R, T, S)


class PoissonTables(NamedTuple):
    """Distribution functions of the Poisson means that larger means are split into."""

    means: FloatArray  # (P,)
    cdf: FloatArray  # (P, counts)
    guide: NDArray[np.int64]  # (P, guide)


def poisson_tables() -> PoissonTables:
    """Tables of :data:`POISSON_MEANS`, exact to double precision."""
    means = np.array(POISSON_MEANS)
    cdf = special.pdtr(np.arange(_COUNTS)[None, :], means[:, None])
    cdf[:, -1] = 1.0
    starts = np.arange(_GUIDE) / _GUIDE
    guide = np.stack([np.searchsorted(row, starts, side="right") for row in cdf])
    return PoissonTables(means, cdf, guide.astype(np.int64))


@njit(inline="always")
def mix(z):  # type: ignore[no-untyped-def]
    """Mix 64 bits; twin of :func:`vbsim.streams.mix`."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def child(parent, counter):  # type: ignore[no-untyped-def]
    """Key one level down; twin of :func:`vbsim.streams.child`."""
    return mix(parent + (np.uint64(counter) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))


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
    """Draw by linear interpolation at the survival probability that 32 bits stand for.

    The top bits of the float32 are the node (5 of its mantissa bits, 32 octaves), the rest is the
    place between two nodes: no search and no logarithm.
    """
    survival = (np.float32(bits32) + np.float32(0.5)) * np.float32(2.3283064365386963e-10)
    word = np.float32(survival).view(np.uint32)
    # 3040 = (127 - 32) << 5 is the word of 2**-32; smaller numbers fall into the first cell.
    node = max(np.int64(word >> np.uint32(18)) - 3040, 0)
    weight = np.float64(word & np.uint32(262143)) * 3.814697265625e-06
    return table[node] + weight * (table[node + 1] - table[node])


@njit
def poisson(key, position, expected, tables):  # type: ignore[no-untyped-def]
    """Poisson count by inversion; returns the count and the next free position of the stream.

    A mean above 8 is split into tabulated means and a rest below 8: Poisson counts add. Inversion
    of the rest is by sequential search from zero.
    """
    count = 0
    while expected >= 8.0:
        row = tables.means.size - 1
        while tables.means[row] > expected:
            row -= 1
        u = np.float64(child(key, position) >> np.uint64(11)) * 1.1102230246251565e-16
        position += 1
        n = tables.guide[row, np.int64(u * 256.0)]
        while tables.cdf[row, n] <= u:
            n += 1
        count += n
        expected -= tables.means[row]
    u = np.float64(child(key, position) >> np.uint64(11)) * 1.1102230246251565e-16
    position += 1
    if u < 1.0 - expected:  # exp(-x) >= 1 - x: most rare services end here, without an exponential
        return count, position
    term = np.exp(-expected)
    n = 0
    while u >= term and n < 100:
        u -= term
        n += 1
        term *= expected / n
    return count + n, position


@njit
def total_cost(table, key, position, count):  # type: ignore[no-untyped-def]
    """Sum of ``count`` unit costs, two draws from every 64 bits."""
    total = 0.0
    for pair in range(count >> 1):
        bits = child(key, position + pair)
        total += from_table(table, upper(bits)) + from_table(table, lower(bits))
    if count & 1:
        total += from_table(table, upper(child(key, position + (count >> 1))))
    return total


@njit
def add_layers(costs, exposure, layers, year, segment, out):  # type: ignore[no-untyped-def]
    """Add the part of one member's year that lies in each layer."""
    for layer in range(out.size):
        basket_cost = 0.0
        for service in range(costs.size):
            if layers.basket[layer, service]:
                basket_cost += costs[service]
        scale = exposure if layers.annualized[layer] else 1.0
        low = layers.lower[layer, year, segment] * scale
        if basket_cost > low:
            out[layer] += min(basket_cost, layers.upper[layer, year, segment] * scale) - low


@njit
def add_claims(claims_key, frequency, price, mean, member, services, tables, costs, counts):  # type: ignore[no-untyped-def]
    """Draw one member's year: fills ``costs`` and adds to ``counts`` by service."""
    segment, log_intensity, exposure = member
    place = (log_intensity - services.response_start[segment]) / services.response_step[segment]
    row = min(max(np.int64(place), 0), services.response.shape[1] - 2)
    weight = place - row
    for service in range(costs.size):
        low = services.response[segment, row, service]
        respond = low + weight * (services.response[segment, row + 1, service] - low)
        expected = mean[service] * frequency[service] * respond * exposure
        key = claims_key ^ services.keys[service]
        count, position = poisson(key, 0, expected, tables)
        costs[service] = 0.0
        if count > 0:
            total = total_cost(services.unit_cost[service], key, position, count)
            costs[service] = total * price[service]
            counts[service] += count


@njit
def add_segment(realization, segment, factors, people, services, layers, tables, out):  # type: ignore[no-untyped-def]
    """Simulate all members of a segment through all years of one realization."""
    frequency, price = factors
    costs = np.zeros(services.unit_cost.shape[0])
    full_price = services.price[:, segment, :] * price
    realization_key = child(people.keys[segment], realization)
    realization_claims = child(services.segment_keys[segment], realization)
    for member in range(people.members[:, segment].max()):
        member_key = child(realization_key, member)
        member_claims = child(realization_claims, member)
        log_risk, ill = 0.0, 0
        for year in range(people.years.size):
            year_key = child(member_key, people.years[year])
            turn, state = child(year_key, 0), child(year_key, 1)
            stays = year > 0 and unit(upper(turn)) < people.stay[year, segment]
            if not stays:
                log_risk = from_table(people.log_risk[segment], upper(child(year_key, 3)))
            if not (stays and unit(lower(turn)) < people.persist[year, segment]):
                ill = 1 if unit(upper(state)) < people.ill_share[segment] else 0
            if member >= people.members[year, segment]:
                continue
            part = unit(upper(child(year_key, 2)))
            exposure = part / people.partial[segment] if part < people.partial[segment] else 1.0
            log_transient = from_table(people.log_transient[segment], lower(state))
            log_intensity = people.log_level[segment, ill] + log_risk + log_transient
            add_claims(
                child(member_claims, people.years[year]),
                frequency[year],
                full_price[year],
                services.rate[year, segment],
                (segment, log_intensity, exposure),
                services,
                tables,
                costs,
                out.claims[year, segment],
            )
            out.person_years[year, segment] += exposure
            for service in range(costs.size):
                out.cost[year, segment, service] += costs[service]
            add_layers(costs, exposure, layers, year, segment, out.layer_cost[year, segment])


@njit(parallel=True, cache=True, error_model="numpy")
def simulate_members(realizations, frequency, price, people, services, layers, tables, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with every member's claims in every realization.

    Parameters
    ----------
    realizations
        Realization numbers, (R,) int64: they key the draws, whatever the block.
    frequency, price
        Systematic factors, (R, T, K).
    people, services, layers, tables
        What ``resolve`` made of the plan.
    out
        :class:`Totals` of zeros.
    """
    for row in prange(realizations.size):
        sums = Totals(out.claims[row], out.cost[row], out.layer_cost[row], out.person_years[row])
        factors = (frequency[row], price[row])
        for segment in range(people.keys.size):
            add_segment(
                realizations[row], segment, factors, people, services, layers, tables, sums
            )
