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

# Poisson tables for these means: a mean is a sum of them and a rest below 1/4, drawn directly. A
# small rest is nearly always 0, which the processor predicts; larger ones cost a stall each.
POISSON_MEANS = (*(0.25 * np.arange(1, 65)), 32.0, 64.0, 128.0, 256.0)
_GUIDE = 64  # entries of the guide that says where in a table the search begins
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
    log_risk: FloatArray  # (S, 1025, 2), as with_slopes makes it
    log_transient: FloatArray  # (S, 1025, 2)


class Services(NamedTuple):
    """Claims of every service; K services."""

    segment_keys: KeyArray  # (S,) keys of the claims stream
    keys: KeyArray  # (K,) keys of the services
    rate: FloatArray  # (T, S, K) expected claims per person-year
    price: FloatArray  # (T, S, K) factor on unit cost
    response_start: FloatArray  # (S,) log intensity of the first row of the response
    response_step: FloatArray  # (S,)
    response: FloatArray  # (S, K, G) expected claims relative to the mean
    unit_cost: FloatArray  # (K, 1025, 2) USD at survival nodes


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
    guide: NDArray[np.int16]  # (P, guide)


def poisson_tables() -> PoissonTables:
    """Tables of :data:`POISSON_MEANS`, exact to double precision."""
    means = np.array(POISSON_MEANS)
    cdf = special.pdtr(np.arange(_COUNTS)[None, :], means[:, None])
    cdf[:, -1] = 1.0
    starts = np.arange(_GUIDE) / _GUIDE
    guide = np.stack([np.searchsorted(row, starts, side="right") for row in cdf])
    return PoissonTables(means, cdf, guide.astype(np.int16))


def with_slopes(tables: FloatArray) -> FloatArray:
    """Pair each node's value with the slope behind it, per unit of the 18 bits that place a draw.

    Shape (..., 1026) becomes (..., 1025, 2).
    """
    slopes = np.diff(tables, axis=-1) * 2.0**-18
    return np.ascontiguousarray(np.stack([tables[..., :-1], slopes], axis=-1))


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
def uniform(bits):  # type: ignore[no-untyped-def]
    """Uniform number in [0, 1) from 64 bits."""
    return np.float64(bits >> np.uint64(11)) * 1.1102230246251565e-16


@njit(inline="always")
def unit(bits32):  # type: ignore[no-untyped-def]
    """Uniform number in (0, 1) from 32 bits."""
    return (np.float64(bits32) + 0.5) * 2.3283064365386963e-10


@njit(inline="always")
def from_table(table, bits32):  # type: ignore[no-untyped-def]
    """Draw by linear interpolation at the survival probability that 32 bits stand for.

    The top bits of the float32 are the node (5 of its mantissa bits, 32 octaves), the other 18 are
    the place behind it: no search and no logarithm. ``table`` comes from :func:`with_slopes`.
    """
    survival = np.float32(bits32 | np.uint32(1)) * np.float32(2.3283064365386963e-10)
    word = np.float32(survival).view(np.uint32)
    node = (word >> np.uint32(18)) - np.uint32(3040)  # (127 - 32) << 5: the word of 2**-32
    return table[node, 0] + np.float64(np.int32(word & np.uint32(262143))) * table[node, 1]


@njit(inline="always")
def from_poisson_table(u, row, tables):  # type: ignore[no-untyped-def]
    """Poisson count of a tabulated mean by inversion; a guide says where the search begins."""
    n = np.int64(tables.guide[row, np.int64(u * 64.0)])
    while tables.cdf[row, n] <= u:
        n += 1
    return n


@njit(inline="always")
def poisson(key, first, expected, tables):  # type: ignore[no-untyped-def]
    """Poisson count, and the next free position of the stream; ``first`` is its first uniform.

    Poisson counts add: the mean is split into tabulated means and a rest below 1/4.
    """
    count, position, u = 0, 1, first
    while expected >= 16.0:
        row = np.int64(63)  # the table of mean 16; larger ones double
        while row + 1 < tables.means.size and tables.means[row + 1] <= expected:
            row += 1
        count += from_poisson_table(u, row, tables)
        expected -= tables.means[row]
        u = uniform(child(key, position))
        position += 1
    if expected >= 0.25:
        row = np.int64(expected * 4.0) - 1
        count += from_poisson_table(u, row, tables)
        expected -= tables.means[row]
        u = uniform(child(key, position))
        position += 1
    return count + poisson_rest(u, expected), position


@njit(inline="always")
def poisson_rest(u, expected):  # type: ignore[no-untyped-def]
    """Poisson count of a mean below 1/4 by inversion: sequential search from zero."""
    if u < 1.0 - expected:  # exp(-x) >= 1 - x: most rare services end here, without an exponential
        return 0
    term = np.exp(-expected)
    n = 0
    while u >= term and n < 50:
        u -= term
        n += 1
        term *= expected / n
    return n


@njit(inline="always")
def total_cost(table, key, position, count):  # type: ignore[no-untyped-def]
    """Sum of ``count`` unit costs, two draws from every 64 bits."""
    total = 0.0
    for pair in range((count + 1) >> 1):
        bits = child(key, position + pair)
        # An odd count drops the last draw by a select: a branch here would be a coin toss.
        second = from_table(table, lower(bits))
        total += from_table(table, upper(bits)) + (second if 2 * pair + 1 < count else 0.0)
    return total


class Batch(NamedTuple):
    """Members that go through a year together; every array has one entry per member."""

    member_keys: KeyArray  # population stream
    claims_keys: KeyArray  # claims stream
    year_keys: KeyArray  # the two, one level down: the year
    keys: KeyArray
    turn: KeyArray  # 64 random bits each: staying and state; exposure and transient; risk
    place: KeyArray
    risk: KeyArray
    log_risk: FloatArray
    ill: NDArray[np.int64]
    exposure: FloatArray
    rows: NDArray[np.uint32]
    weights: FloatArray
    expected: FloatArray
    first: FloatArray
    cost: FloatArray  # (services, members)


@njit(inline="always")
def new_batch(size, services):  # type: ignore[no-untyped-def]
    """Room for a batch."""
    return Batch(
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size),
        np.empty(size, np.int64),
        np.empty(size),
        np.empty(size, np.uint32),
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty((services, size)),
    )


@njit
def children(parents, counter, out):  # type: ignore[no-untyped-def]
    """Keys one level down for a whole batch: a loop so small that the compiler vectorizes it."""
    for i in range(parents.size):
        out[i] = child(parents[i], counter)


@njit
def first_uniforms(keys, service_key, out):  # type: ignore[no-untyped-def]
    """First uniform of a service's stream for a whole batch; vectorized as well."""
    for i in range(keys.size):
        out[i] = uniform(child(keys[i] ^ service_key, 0))


@njit
def draw_states(batch, live, year, segment, people, services):  # type: ignore[no-untyped-def]
    """Draw who is here, how ill and for how long; returns the exposure of the ``live`` members."""
    stay, persist = people.stay[year, segment], people.persist[year, segment]
    ill_share, partial = people.ill_share[segment], people.partial[segment]
    risk, transient = people.log_risk[segment], people.log_transient[segment]
    well_level, ill_level = people.log_level[segment, 0], people.log_level[segment, 1]
    start, scale = services.response_start[segment], 1.0 / services.response_step[segment]
    last = services.response.shape[2] - 2
    exposed = 0.0
    children(batch.member_keys, people.years[year], batch.year_keys)
    children(batch.claims_keys, people.years[year], batch.keys)
    children(batch.year_keys, 0, batch.turn)
    children(batch.year_keys, 1, batch.place)
    children(batch.year_keys, 2, batch.risk)
    for i in range(batch.keys.size):
        turn, place = batch.turn[i], batch.place[i]
        stays = year > 0 and unit(upper(turn)) < stay
        if not stays:
            batch.log_risk[i] = from_table(risk, upper(batch.risk[i]))
        kept = persist if stays else 0.0
        fresh = unit(lower(turn)) - kept  # what is left of the uniform once the state is kept
        if fresh >= 0.0:
            batch.ill[i] = 1 if fresh < (1.0 - kept) * ill_share else 0
        level = ill_level if batch.ill[i] else well_level
        part = unit(upper(place))
        batch.exposure[i] = part / partial if part < partial else 1.0
        intensity = level + batch.log_risk[i] + from_table(transient, lower(place))
        at = (intensity - start) * scale
        batch.rows[i] = min(max(np.int64(at), 0), last)
        batch.weights[i] = at - np.float64(batch.rows[i])
        exposed += batch.exposure[i] if i < live else 0.0
    return exposed


@njit
def draw_service(batch, live, service_key, rate, response, unit_cost, tables, cost):  # type: ignore[no-untyped-def]
    """Draw one service for the ``live`` members: fills ``cost``, returns the number of claims."""
    first_uniforms(batch.keys, service_key, batch.first)
    for i in range(live):
        low = response[batch.rows[i]]
        respond = low + batch.weights[i] * (response[batch.rows[i] + np.uint32(1)] - low)
        batch.expected[i] = rate * batch.exposure[i] * respond
    claims = 0
    for i in range(live):
        cost[i] = 0.0
        expected = batch.expected[i]
        # exp(-x) >= 1 - x: most members of a rare service end here
        if expected >= 0.25 or batch.first[i] >= 1.0 - expected:
            key = batch.keys[i] ^ service_key
            count, position = poisson(key, batch.first[i], expected, tables)
            cost[i] = total_cost(unit_cost, key, position, count)
            claims += count
    return claims


@njit
def add_layers(batch, live, layers, year, segment, out):  # type: ignore[no-untyped-def]
    """Add the part of each live member's year that lies in each layer."""
    for layer in range(out.size):
        total = 0.0
        for i in range(live):
            basket_cost = 0.0
            for service in range(batch.cost.shape[0]):
                if layers.basket[layer, service]:
                    basket_cost += batch.cost[service, i]
            scale = batch.exposure[i] if layers.annualized[layer] else 1.0
            low = layers.lower[layer, year, segment] * scale
            high = layers.upper[layer, year, segment] * scale
            total += max(min(basket_cost, high) - low, 0.0)
        out[layer] += total


@njit
def add_segment(realization, segment, factors, people, services, layers, tables, out):  # type: ignore[no-untyped-def]
    """Simulate all members of a segment through all years of one realization, batch by batch."""
    frequency, price = factors
    members = people.members[:, segment].max()
    batch = new_batch(min(members, 256), services.keys.size)
    realization_key = child(people.keys[segment], realization)
    realization_claims = child(services.segment_keys[segment], realization)
    for start in range(0, members, batch.keys.size):
        for i in range(batch.keys.size):
            batch.member_keys[i] = child(realization_key, start + i)
            batch.claims_keys[i] = child(realization_claims, start + i)
        for year in range(people.years.size):
            live = min(max(people.members[year, segment] - start, 0), batch.keys.size)
            out.person_years[year, segment] += draw_states(
                batch, live, year, segment, people, services
            )
            for service in range(services.keys.size):
                cost = batch.cost[service]
                out.claims[year, segment, service] += draw_service(
                    batch,
                    live,
                    services.keys[service],
                    services.rate[year, segment, service] * frequency[year, service],
                    services.response[segment, service],
                    services.unit_cost[service],
                    tables,
                    cost,
                )
                cost[:live] *= services.price[year, segment, service] * price[year, service]
                out.cost[year, segment, service] += cost[:live].sum()
            add_layers(batch, live, layers, year, segment, out.layer_cost[year, segment])


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
            add_segment(realizations[row], segment, factors, people, services, layers, tables, sums)
