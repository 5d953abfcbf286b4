"""The claims kernel: every member and every claim, added up by segment, service and layer.

Members go through a year in batches, by short loops over arrays that the compiler turns into vector
instructions; what is rare leaves these loops as a list and is drawn one by one. A service takes two
draws per member and year: the number of claims, by inversion of a Poisson table (``counts.py``),
and the cost of all of them together, by inversion of a table of their sum (``sums.py``).

Every jitted helper lives in this file, because a cached kernel does not notice a change in another;
numbers arrive as arguments for the same reason, and nothing is validated. A draw is a pure function
of its place, as in :mod:`vbsim.streams`: keys go down from segment to realization, member, year and
service. One realization is summed by one thread in one order, and nothing is left to the compiler's
reordering (no ``fastmath``): neither threads, blocks nor the width of vectors change a result.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from vbsim.kernels.inputs import Record, Totals

# Poisson means are tabulated in steps of 1/8 below 32, and numbers of claims one by one up to 32.
# Beyond, the largest of LARGE is taken out until the rest is below: counts add, and so do costs.
# The rest of a mean, x < 1/8, has P(N > 0) = x - x**2/2 + x**3/6 - x**4/24 + x**5/120 to 6e-9.
STEPS = 8
TABULATED = 32
LARGE = (32, 48, 64, 96, 128, 192, 256, 384)
REST = tuple(np.float32(2.0**32 / math.factorial(k) / STEPS**k) for k in range(6))  # of a draw
NODES = 1026  # of a table on the survival grid
SEVERAL = 63  # in a Poisson entry: the bucket holds more than two counts, so search for it
UNKNOWN = 2**32 - 1  # number of claims that is still to be searched for
SIZE = 512  # members in a batch: its arrays fit the first and second caches

jit = njit(error_model="numpy")

# Arrays of one batch of members; in one record, because passing arrays costs reference counts.
# ``people`` and ``claims`` are members' keys, ``keys`` their year's; ``level``, ``risk`` and
# ``intensity`` are logarithms; ``number``, ``service`` and ``drawn`` have entries by ``who``. Of a
# program: ``last``, ``exposed``, ``before`` and ``paid`` are last year's intensity, exposure,
# whether admitted, and cost.
_FIELDS = {
    "u8": "people claims keys service",
    "u4": "first second place count who number odd willing fresh",
    "f4": "share drawn level risk intensity exposure expected transient last exposed served",
    "u1": "flag gone dead arm admitted before",
    "f8": "work spent paid",
}
BATCH = np.dtype([(n, kind, SIZE) for kind, names in _FIELDS.items() for n in names.split()])


@jit
def child(parent, counter):  # type: ignore[no-untyped-def]
    """Key one level down; twin of :func:`vbsim.streams.child`."""
    z = parent + (np.uint64(counter) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@jit
def halves(bits):  # type: ignore[no-untyped-def]
    """Two words of 32 bits out of 64."""
    return np.uint32(bits >> np.uint64(32)), np.uint32(bits & np.uint64(0xFFFFFFFF))


@jit
def unit(bits32):  # type: ignore[no-untyped-def]
    """Uniform number in (0, 1) from 32 bits."""
    return (np.float64(bits32) + 0.5) * 2.3283064365386963e-10


@jit
def node_of(bits32):  # type: ignore[no-untyped-def]
    """Node of the survival grid that 32 bits stand for, and the way from there to the next.

    The top bits of the float32 are the node (5 bits of mantissa, 32 octaves): no search, no log.
    """
    survival = np.float32(bits32 | np.uint32(1)) * np.float32(2.3283064365386963e-10)
    word = np.float32(survival).view(np.uint32)
    node = (word >> np.uint32(18)) - np.uint32(3040)  # (127 - 32) << 5: the word of 2**-32
    return node, np.float32(np.int32(word & np.uint32(262143))) * np.float32(2.0**-18)


@jit
def between(table, at, share):  # type: ignore[no-untyped-def]
    """Linear interpolation between two nodes."""
    value = table[at]
    return value + share * (table[at + np.uint32(1)] - value)


@jit
def exp2(x):  # type: ignore[no-untyped-def]
    """2 ** x for |x| < 126 to 2e-7 of it; the polynomial is the minimax one on [-1/2, 1/2].

    Adding 1.5 * 2**23 rounds: the integer is in the lowest bits, and goes on to the exponent.
    """
    rounded = np.float32(x + np.float32(12582912.0))
    f = x - (rounded - np.float32(12582912.0))
    p = np.float32(0.0013277654070407152)
    p = p * f + np.float32(0.009671973995864391)
    p = p * f + np.float32(0.05550685152411461)
    p = p * f + np.float32(0.24022231996059418)
    p = p * f + np.float32(0.6931470036506653)
    p = np.float32(p * f + np.float32(1.0))
    shifted = np.int32(rounded.view(np.int32) << np.int32(23))
    return np.int32(p.view(np.int32) + shifted).view(np.float32)


@jit
def words(batch, keys, service_key, counter, size):  # type: ignore[no-untyped-def]
    """Two words of 32 random bits from every key; ``service_key`` is 0 where there is none."""
    first, second = batch["first"], batch["second"]
    for i in range(size):
        first[i], second[i] = halves(child(keys[i] + service_key, counter))


@jit
def read_table(batch, table, bits, size):  # type: ignore[no-untyped-def]
    """Draw from a table on the survival grid: fills ``drawn``."""
    place, share, drawn = batch["place"], batch["share"], batch["drawn"]
    for i in range(size):
        place[i], share[i] = node_of(bits[i])
    for i in range(size):
        drawn[i] = between(table, place[i], share[i])


@jit
def copy(values, size, out):  # type: ignore[no-untyped-def]
    """Copy the first values: to assign a slice would compile numba's message of unlike shapes."""
    for i in range(size):
        out[i] = values[i]


@jit
def tree_sum(values, size, work):  # type: ignore[no-untyped-def]
    """Sum whole vectors in halves, which every machine's vectors can do in the same order."""
    half = size >> 1
    for i in range(half):
        work[i] = np.float64(values[i]) + np.float64(values[i + half])
    while half > 1:
        size, half = half, (half + 1) >> 1
        for i in range(size - half):
            work[i] += work[i + half]
    return work[0] if size > 0 else 0.0


@jit
def whole(size):  # type: ignore[no-untyped-def]
    """Size rounded up to whole vectors: loops that pad are faster than loops with a rest."""
    return (size + 31) & ~31


@jit
def note_gone(batch, size, index, people):  # type: ignore[no-untyped-def]
    """Note who is replaced this year, the dead among them, before the states move."""
    (year, segment), first, level = index, batch["first"], batch["level"]
    gone, dead, ill = batch["gone"], batch["dead"], people.log_level[segment, 1]
    dynamic = people.dynamic[segment]
    for i in range(size):
        stay = people.stay[year, segment, 1 if level[i] == ill else 0]
        if dynamic and year > 0 and dead[i]:
            first[i] = np.uint32(0xFFFFFFFF)
        gone[i] = year == 0 or unit(first[i]) >= stay


@jit
def look_back(batch, size):  # type: ignore[no-untyped-def]
    """Keep what a program sees of a member's last year; new people are willing anew."""
    last, exposed, before, paid = batch["last"], batch["exposed"], batch["before"], batch["paid"]
    for i in range(size):
        last[i], exposed[i] = batch["intensity"][i], batch["exposure"][i]
        before[i], paid[i] = batch["admitted"][i], batch["spent"][i]
        batch["admitted"][i], batch["spent"][i] = 0, 0.0
        if batch["gone"][i]:
            batch["willing"][i] = batch["fresh"][i]


@jit
def live_on(batch, size, index, people):  # type: ignore[no-untyped-def]
    """Let transients persist, and members die: then the rest of the year is not theirs."""
    year, segment = index
    words(batch, batch["people"], people.dynamics[segment], people.years[year], size)
    keep, death, ill = (
        people.keep[year, segment],
        people.death[segment],
        people.log_level[segment, 1],
    )
    level, risk, transient, fresh = (
        batch["level"],
        batch["risk"],
        batch["transient"],
        batch["drawn"],
    )
    for i in range(size):
        kept = not batch["gone"][i] and unit(batch["first"][i]) < keep
        transient[i] = transient[i] if kept else fresh[i]
        batch["intensity"][i] = level[i] + risk[i] + transient[i]
        die, u = death[1 if level[i] == ill else 0], unit(batch["second"][i])
        batch["dead"][i] = u < die
        if u < die:
            batch["exposure"][i] = np.float32(u / die)
            batch["intensity"][i] += people.log_last[segment]


@jit
def enroll(batch, live, index, people, program):  # type: ignore[no-untyped-def]
    """Flag members by their last year and set ``arm``: 1 takes part, 2 is held out; counts them."""
    (year, segment), arm, reach = index, batch["arm"], program.reach
    arm[:] = 0
    if not program.active[year]:
        return 0
    words(batch, batch["people"], program.keys[segment], people.years[year], whole(live))
    flagged, most = 0, reach.shape[1] - 2
    for i in range(live):
        unknown = batch["gone"][i] or batch["exposed"][i] == 0.0
        if unknown or (program.after_admission and not batch["before"][i]):
            continue
        place = (np.float64(batch["last"][i]) - program.first[segment]) / program.step[segment]
        node = min(max(np.int64(place), 0), most)
        share = min(max(place - node, 0.0), 1.0)
        low, high = reach[segment, node], reach[segment, node + 1]
        if unit(batch["first"][i]) < low + share * (high - low):
            flagged += 1
            will = unit(batch["willing"][i])
            if will < program.engaged:
                arm[i] = 2 if will < program.engaged * program.control else 1
    return flagged


@jit
def serve(batch, size, rate, power, left):  # type: ignore[no-untyped-def]
    """Spare the program's members a part of their claims of one service; returns how many.

    Shortens their exposure; ``served`` keeps it. To the compiler fields of one record stay apart.
    """
    exposure, served, arm, spared = batch["exposure"], batch["served"], batch["arm"], 0.0
    base, power = np.float32(np.log2(rate)), np.float32(power)
    for i in range(size):
        exposure[i] = served[i]
        if arm[i] == 1:
            exposure[i] *= np.float32(left)
            log = max(power * batch["intensity"][i] + base, np.float32(-120.0))
            spared += np.float64(served[i] * exp2(log)) * (1.0 - left)
    return spared


@jit
def follow(batch, found, watched, factor):  # type: ignore[no-untyped-def]
    """Keep each member's cost of the year, and whether they had a claim of the watched service."""
    who, number = batch["who"], batch["number"]
    for c in range(found):
        batch["spent"][who[c]] += factor * batch["drawn"][c]
        if watched and number[c] > np.uint32(0):
            batch["admitted"][who[c]] = 1


@jit
def add_program(batch, live, sums):  # type: ignore[no-untyped-def]
    """Add up, over those who take part and those who are held out, what PROGRAM names."""
    for i in range(live):
        if batch["arm"][i]:
            at = 2 if batch["arm"][i] == 1 else 9
            sums[at] += 1.0
            sums[at + 1] += np.float64(batch["exposed"][i])
            sums[at + 2] += np.float64(batch["exposure"][i])
            sums[at + 3] += batch["paid"][i]
            sums[at + 4] += batch["spent"][i]
            sums[at + 5] += np.float64(batch["before"][i])
            sums[at + 6] += np.float64(batch["admitted"][i])


@jit
def move_states(batch, size, year, segment, people):  # type: ignore[no-untyped-def]
    """Let members stay or be replaced, and be well or ill."""
    stay_well, stay_ill = people.stay[year, segment, 0], people.stay[year, segment, 1]
    persist, ill_share = people.persist[year, segment], people.ill_share[segment]
    ill_newly = people.ill_newly[year, segment]
    well, ill = people.log_level[segment, 0], people.log_level[segment, 1]
    level, risk = batch["level"], batch["risk"]
    first, second, drawn = batch["first"], batch["second"], batch["drawn"]
    if year == 0:
        stay_well = stay_ill = 0.0
    for i in range(size):
        old_level, old_risk, new_risk = level[i], risk[i], drawn[i]
        gone = unit(first[i]) >= (stay_ill if old_level == ill else stay_well)
        kept = 0.0 if gone else persist
        fresh = unit(second[i]) - kept  # what is left of the uniform once the state is kept
        share = ill_newly if gone else ill_share
        drawn_level = ill if fresh < (1.0 - kept) * share else well
        level[i] = drawn_level if fresh >= 0.0 else old_level
        risk[i] = new_risk if gone else old_risk


@jit
def draw_states(batch, members, live, index, people, program):  # type: ignore[no-untyped-def]
    """Draw who is here, how ill and for how long; returns the exposure of the ``live`` members."""
    (year, segment), size, none = index, whole(members), np.uint64(0)
    person, claim, keys, at = batch["people"], batch["claims"], batch["keys"], people.years[year]
    for i in range(size):
        keys[i] = child(claim[i], at)
    words(batch, person, none, 3 * at + 2, size)
    read_table(batch, people.log_risk[segment], batch["first"], size)
    if program.on:
        copy(batch["second"], size, batch["fresh"])
    words(batch, person, none, 3 * at, size)
    if program.on or people.dynamic[segment]:
        note_gone(batch, size, index, people)
    if program.on:
        look_back(batch, size)
    move_states(batch, size, year, segment, people)
    words(batch, person, none, 3 * at + 1, size)
    read_table(batch, people.log_transient[segment], batch["second"], size)
    level, risk, transient, bits = batch["level"], batch["risk"], batch["drawn"], batch["first"]
    exposure, intensity, partial = batch["exposure"], batch["intensity"], people.partial[segment]
    for i in range(size):
        part = unit(bits[i])
        exposure[i] = np.float32(part / partial) if part < partial else np.float32(1.0)
        intensity[i] = level[i] + risk[i] + transient[i]
    if people.dynamic[segment]:
        live_on(batch, size, index, people)
    exposure[live:size] = np.float32(0.0)  # no exposure, no claim
    return tree_sum(exposure, size, batch["work"])


@jit
def expect(batch, size, base, power):  # type: ignore[no-untyped-def]
    """Give expected claims, log2 ``base`` at intensity 1, and the Poisson entry of each draw."""
    intensity, exposure, bits = batch["intensity"], batch["exposure"], batch["first"]
    expected, place = batch["expected"], batch["place"]
    last = np.float32(TABULATED * STEPS - 1)
    for i in range(size):
        steps = exposure[i] * exp2(max(power * intensity[i] + base, np.float32(-120.0)))
        row, part = np.uint32(np.int32(min(steps, last))), np.uint32(bits[i] >> np.uint32(20))
        # The first of 64 buckets, where counts are large and many, has 64 parts of its own.
        bucket = part if part < np.uint32(64) else np.uint32(part >> np.uint32(6)) + np.uint32(64)
        expected[i] = steps
        place[i] = np.uint32(np.uint32(row << np.uint32(7)) + bucket)


@jit
def count_claims(batch, size):  # type: ignore[no-untyped-def]
    """Count claims of the tabulated mean below, and one if its rest has any; harder cases wait."""
    first, second, expected = batch["first"], batch["second"], batch["expected"]
    entries, count, flag = batch["place"], batch["count"], batch["flag"]
    top, below = np.float32(TABULATED * STEPS), np.uint32(2**26 - 1)
    _, b1, b2, b3, b4, b5 = REST
    for i in range(size):
        steps, entry, draw = expected[i], entries[i], np.float32(second[i])
        rest = steps - np.float32(np.int32(steps))
        square = rest * rest
        some = rest * b1 - square * (b2 - rest * (b3 - rest * (b4 - rest * b5)))
        n = np.uint32(entry & np.uint32(63))
        searched = (n == np.uint32(SEVERAL)) | (draw < square * b2) | (steps >= top)
        n += np.uint32((first[i] & below) < (entry >> np.uint32(6))) + np.uint32(draw < some)
        n = np.uint32(UNKNOWN) if searched else np.uint32(n)
        count[i] = n
        flag[i] = n != np.uint32(0)


@jit
def flagged(flag, size, out):  # type: ignore[no-untyped-def]
    """List the flagged entries without a branch, which would be a coin toss; returns how many."""
    found = np.int64(0)
    for i in range(size):
        out[found] = i
        found += np.int64(flag[i])
    return found


@jit
def draw_counts(batch, size, service_key, rate, power, tables):  # type: ignore[no-untyped-def]
    """Draw the claims of one service; lists the members with claims and returns how many."""
    entries, place = tables.entries, batch["place"]
    words(batch, batch["keys"], service_key, 0, size)
    expect(batch, size, np.float32(np.log2(rate * STEPS)), np.float32(power))
    for i in range(size):
        place[i] = entries[place[i]]
    count_claims(batch, size)
    who, count, number = batch["who"], batch["count"], batch["number"]
    keys, service = batch["keys"], batch["service"]
    found = flagged(batch["flag"], size, who)
    for c in range(found):
        number[c], service[c] = count[who[c]], keys[who[c]] + service_key
    for c in range(found, whole(found)):
        number[c] = np.uint32(0)
    return found


@jit
def large_row(x):  # type: ignore[no-untyped-def]
    """Give the number of the largest of LARGE that is not above x: two for every octave."""
    row = (np.float32(x).view(np.uint32) >> np.uint32(22)) - np.uint32(264)  # the bits of 32.0
    return min(row, np.uint32(len(LARGE) - 1))


@jit
def from_poisson_table(bits, row, tables):  # type: ignore[no-untyped-def]
    """Count of a tabulated mean by search; the bucket says where it begins."""
    n = np.uint32(tables.least[row, bits >> np.uint32(26)])
    start = tables.start[row]
    while bits < tables.above[start + n]:
        n += np.uint32(1)
    return n


@jit
def any_count(key, steps, tables):  # type: ignore[no-untyped-def]
    """Count of a mean of any size, given in steps of the tables."""
    (draw, second), position = halves(child(key, 0)), 2
    n, top = np.uint32(0), np.uint32(TABULATED * STEPS)
    steps = min(steps, np.float32(2**23))  # a million claims a year: nobody's, but the loop ends
    while steps >= np.float32(top):
        row = large_row(steps / np.float32(STEPS))
        n += from_poisson_table(halves(child(key, position))[0], top + row, tables)
        steps -= tables.large[row] * np.float32(STEPS)
        position += 1
    row = np.uint32(np.int32(steps))
    n += from_poisson_table(draw, row, tables)
    rest, uniform, one_more = np.float64(steps - np.float32(row)) / STEPS, unit(second), 0
    mass, left = np.exp(-rest), -np.expm1(-rest)
    while uniform < left and one_more < 20:  # a sequential search from zero
        one_more += 1
        mass *= rest / one_more
        left -= mass
    return np.uint32(n + np.uint32(one_more))


@jit
def any_sum(key, number, table, large):  # type: ignore[no-untyped-def]
    """Cost of any number of claims: the largest tabulated number is taken out until 0 is left."""
    position, total = 2**32, np.float32(0.0)  # positions below are those of the count
    while number > np.uint32(0):
        row, part = number, number
        if number > np.uint32(TABULATED):
            row = np.uint32(TABULATED) + large_row(np.float32(number))
            part = np.uint32(large[row - np.uint32(TABULATED)])
        node, share = node_of(halves(child(key, position))[0])
        total += between(table, np.uint32(row) * np.uint32(NODES) + node, share)
        number = np.uint32(number - part)
        position += 1
    return total


@jit
def draw_costs(batch, found, table, tables):  # type: ignore[no-untyped-def]
    """Draw the cost of each member's claims into ``drawn``; returns all claims and their cost."""
    size, number, flag = whole(found), batch["number"], batch["flag"]
    bits, place, share, drawn = batch["first"], batch["place"], batch["share"], batch["drawn"]
    words(batch, batch["service"], np.uint64(0), 1, size)
    for c in range(size):
        node, share[c] = node_of(bits[c])
        place[c] = node + min(number[c], np.uint32(TABULATED)) * np.uint32(NODES)
        flag[c] = number[c] > np.uint32(TABULATED)
    for c in range(size):
        drawn[c] = between(table, place[c], share[c])
    odd, who, keys, expected = batch["odd"], batch["who"], batch["service"], batch["expected"]
    for j in range(flagged(flag, found, odd)):  # counts to search for, and costs of many claims
        c = odd[j]
        if number[c] == np.uint32(UNKNOWN):
            number[c] = any_count(keys[c], expected[who[c]], tables)
        drawn[c] = any_sum(keys[c], number[c], table, tables.large)
    claims = 0
    for c in range(size):
        claims += number[c]
    return claims, tree_sum(drawn, size, batch["work"])


@jit
def add_layers(batch, size, index, layers, baskets, out):  # type: ignore[no-untyped-def]
    """Add the parts of the members' costs that lie in each layer."""
    (year, segment), exposure, work = index, batch["exposure"], batch["work"]
    for layer in range(layers.basket.size):
        cost, annualized = baskets[layers.basket[layer]], layers.annualized[layer]
        low, high = layers.lower[layer, year, segment], layers.upper[layer, year, segment]
        for i in range(size):
            scale = np.float64(exposure[i]) if annualized else 1.0
            work[i] = max(min(cost[i], high * scale) - low * scale, 0.0)
        out.layer_cost[year, segment, layer] += tree_sum(work, size, work)


@jit
def add_services(batch, size, index, factors, kept, baskets, out, record):  # type: ignore[no-untyped-def]
    """Draw all services of a batch and year, and add them to the sums and to the baskets."""
    (year, segment), (frequency, price, left) = index, factors
    services, layers, tables, program = kept
    who, number, drawn = batch["who"], batch["number"], batch["drawn"]
    baskets[:, :size] = 0.0
    if program.on:
        copy(batch["exposure"], size, batch["served"])
    for service in range(services.keys.size):
        rate = services.rate[year, segment, service] * frequency[year, service]
        factor = services.price[year, segment, service] * price[year]
        power, table = services.power[segment, service], services.sums[service]
        if program.on:
            spared = serve(batch, size, rate, power, left[year, service])
            out.program[year, segment, 1] += spared * factor * program.unit_cost[service]
        found = draw_counts(batch, size, services.keys[service], rate, power, tables)
        claims, cost = draw_costs(batch, found, table, tables)
        if program.on:
            follow(batch, found, service == program.watched, factor)
        out.claims[year, segment, service] += claims
        out.cost[year, segment, service] += factor * cost
        for basket in range(baskets.shape[0]):
            if layers.baskets[basket, service]:
                for c in range(found):
                    baskets[basket, who[c]] += factor * drawn[c]
        if record.claims.shape[0] > 0:
            for c in range(found):
                record.claims[who[c], year, service] = number[c]
                record.cost[who[c], year, service] = factor * drawn[c]
    if program.on:
        copy(batch["served"], size, batch["exposure"])


@jit
def members_of(record, start):  # type: ignore[no-untyped-def]
    """Give the rows of a record from one member on."""
    return Record(record.claims[start:], record.cost[start:], record.person_years[start:])


@jit
def add_segment(realization, segment, factors, people, kept, room, out, record):  # type: ignore[no-untyped-def]
    """Simulate all members of a segment through all years of one realization, batch by batch."""
    (batches, baskets), (services, layers, _, program) = room, kept
    batch = batches[0]  # a record holds no reference to its array: ``room`` keeps the memory
    person, claim, most = batch["people"], batch["claims"], people.members[:, segment].max()
    of_people = child(people.keys[segment], realization)
    of_claims = child(services.segment_keys[segment], realization)
    for start in range(0, most, SIZE):
        members = min(most - start, SIZE)
        for i in range(whole(members)):
            person[i], claim[i] = child(of_people, start + i), child(of_claims, start + i)
        for year in range(people.years.size):
            live, index = min(max(people.members[year, segment] - start, 0), SIZE), (year, segment)
            out.person_years[index] += draw_states(batch, members, live, index, people, program)
            if program.on:
                out.program[year, segment, 0] += enroll(batch, live, index, people, program)
            rows = members_of(record, start)
            add_services(batch, whole(live), index, factors, kept, baskets, out, rows)
            add_layers(batch, whole(live), index, layers, baskets, out)
            if program.on:
                add_program(batch, live, out.program[year, segment])
            for i in range(min(live, rows.person_years.shape[0])):
                rows.person_years[i, year] = batch["exposure"][i]


@njit(nogil=True, cache=True, error_model="numpy")
def simulate_members(rows, realizations, factors, people, kept, out, record):  # type: ignore[no-untyped-def]
    """Fill rows of ``out``, :class:`Totals` of zeros, with every member's claims.

    Parameters
    ----------
    rows
        First row and the one after the last; other threads fill others meanwhile. A loop over
        threads in here would be compiled three times.
    realizations
        Numbers that key the draws, (R,) int64, whatever the block.
    factors
        Systematic factors on frequency, (R, T, K), and on price, (R, T), and what a program leaves
        of its members' claims, a single empty row without one.
    people, kept
        :class:`People`; services, layers, tables and program.
    out, record
        Sums; a :class:`Record` with rows keeps the members of the last segment.
    """
    frequency, price, left = factors
    room = (np.empty(1, BATCH), np.empty((kept[1].baskets.shape[0], SIZE)))
    for row in range(rows[0], rows[1]):
        sums = Totals(
            out.claims[row], out.cost[row], out.layer_cost[row], out.person_years[row],
            out.program[row],
        )  # fmt: skip
        drawn = (frequency[row], price[row], left[min(row, left.shape[0] - 1)])
        at = min(row, record.claims.shape[0] - 1)  # a single empty row stands for all
        noted = Record(record.claims[at], record.cost[at], record.person_years[at])
        for segment in range(people.keys.size):
            add_segment(realizations[row], segment, drawn, people, kept, room, sums, noted)
