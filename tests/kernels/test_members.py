"""The claims kernel: compiled = plain twin = independent program = known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.conftest import small_scenario
from vbsim import streams
from vbsim.generators import unit_cost, utilization
from vbsim.kernels import grid, members
from vbsim.kernels.counts import poisson_tables, tabulated_means
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import engine_of


def test_keys_are_those_of_the_streams() -> None:
    key = np.uint64(streams.key(1, "x"))
    for counter in (0, 1, 2022, 10**9):
        ours = members.child(key, counter)
        assert int(ours) == int(streams.child(key, counter))


def drawn(table: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Draws of a table for these words."""
    batch = np.zeros(1, members.BATCH)[0]
    found = []
    for start in range(0, bits.size, members.SIZE):
        part = bits[start : start + members.SIZE]
        members.read_table(batch, table.astype(np.float32), part, part.size)
        found.append(batch["drawn"][: part.size].copy())
    return np.concatenate(found).astype(float)


def test_survival_nodes_are_where_the_kernel_looks() -> None:
    bits = np.array([1, 3, 77, 2**16 + 1, 2**31 - 1, 2**31 + 1, 2**32 - 1], dtype=np.uint32)
    # A table of the survival itself gives back the uniform, to float32 precision.
    found = drawn(grid.table_of(grid.survival_nodes()), bits)
    np.testing.assert_allclose(found, bits * 2.0**-32, rtol=1e-6)


def test_power_mean_is_the_mean_of_the_draws() -> None:
    log_table = grid.table_of(-0.8 * stats.norm.ppf(np.minimum(grid.survival_nodes(), 0.99)))
    bits = np.random.default_rng(3).integers(0, 2**32, 100_000, dtype=np.uint32)
    found = np.exp(1.4 * drawn(log_table, bits))
    error = found.std() / np.sqrt(found.size)
    assert abs(found.mean() - grid.power_mean(log_table, 1.4)) < 4.0 * error


def test_powers_of_two() -> None:
    x = np.linspace(-125.0, 125.0, 20_001).astype(np.float32)
    found = np.array([members.exp2(value) for value in x], dtype=float)
    np.testing.assert_allclose(found, 2.0 ** x.astype(float), rtol=2.5e-7)
    assert members.exp2(np.float32(0.0)) == 1.0


def test_words_of_neighbours_are_independent() -> None:
    """Words of members, positions, services and both halves: uniform, and pairs uncorrelated.

    200,000 members; 12 chi-square tests of 64 cells and 66 correlations at a fixed seed.
    """
    keys = streams.child(np.uint64(streams.key(3, "members")), np.arange(200_000))
    services = [np.uint64(streams.key(3, "service", name)) for name in ("inpatient", "snf")]
    batch, columns = np.zeros(1, members.BATCH)[0], []
    for service in services:
        for counter in (0, 1, 2):
            halves = []
            for start in range(0, keys.size, members.SIZE):
                part = keys[start : start + members.SIZE]
                members.words(batch, part, service, counter, part.size)
                halves.append(np.stack([batch[w][: part.size].copy() for w in ("first", "second")]))
            columns += list(np.concatenate(halves, axis=1))
    words = np.array(columns)
    for column in words:
        assert stats.chisquare(np.bincount(column >> 26, minlength=64)).pvalue > 1e-4
        low = np.bincount(column & np.uint32(63), minlength=64)
        assert stats.chisquare(low).pvalue > 1e-4
    bound = 4.5 / np.sqrt(keys.size)  # standard errors of a correlation of independent words
    assert np.abs(np.corrcoef(words)[np.triu_indices(12, 1)]).max() < bound
    assert np.abs([np.corrcoef(w[:-1], w[1:])[0, 1] for w in words]).max() < bound


def counted(mean: float, members_drawn: int) -> tuple[np.ndarray, np.ndarray]:
    """Claims and costs of members of one mean, each claim costing 1."""
    tables, batch = poisson_tables(), np.zeros(1, members.BATCH)[0]
    numbers = np.array([*range(members.TABULATED + 1), *members.LARGE[1:]], dtype=np.float32)
    ones = np.repeat(numbers, members.NODES)
    counts, costs = [], []
    batch["exposure"][:] = 1.0
    for start in range(0, members_drawn, members.SIZE):
        places = np.arange(start, start + members.SIZE)
        batch["keys"][:] = streams.child(np.uint64(streams.key(11, "poisson")), places)
        found = members.draw_counts(batch, members.SIZE, np.uint64(5), mean, 0.0, tables)
        claims, cost = members.draw_costs(batch, found, ones, tables)
        assert claims == batch["number"][:found].sum()
        assert cost == batch["drawn"][:found].sum(dtype=float)
        for into, each in ((counts, "number"), (costs, "drawn")):
            values = np.zeros(members.SIZE)
            values[batch["who"][:found]] = batch[each][:found]
            into.append(values)
    return np.concatenate(counts)[:members_drawn], np.concatenate(costs)[:members_drawn]


MEANS = (0.003, 0.06, 0.2, 0.7, 1.0, 3.3, 8.06, 15.9, 31.99, 32.0, 47.5, 300.0, 700.25, 1000.0)


@pytest.mark.parametrize("mean", MEANS)
def test_counts_are_poisson(mean: float) -> None:
    """Chi-square of 100,000 counts at a fixed seed; 14 means, so p below 1e-4 is one in 700."""
    counts, costs = counted(mean, 100_000)
    np.testing.assert_array_equal(counts, costs)  # claims of 1 cost what they count
    low, high = stats.poisson.ppf([1e-4, 1.0 - 1e-4], mean).astype(int)
    inside = np.clip(counts, low, high).astype(int) - low
    seen = np.bincount(inside, minlength=high - low + 1)
    cdf = np.append(stats.poisson.cdf(np.arange(low, high), mean), 1.0)
    mass = np.diff(cdf, prepend=0.0) * counts.size
    pooled = mass > 5.0
    seen = np.append(seen[pooled], seen[~pooled].sum())
    mass = np.append(mass[pooled], mass[~pooled].sum())
    if mass[-1] == 0.0:
        seen, mass = seen[:-1], mass[:-1]
    assert stats.chisquare(seen, mass).pvalue > 1e-4
    assert abs(counts.mean() - mean) < 4.5 * np.sqrt(mean / counts.size)


def test_no_rate_no_claim() -> None:
    assert counted(0.0, 5_000)[0].max() == 0.0


def test_counts_rise_with_the_mean() -> None:
    """Common random numbers: more is expected of a member, and seldom less is drawn."""
    fewer, more = counted(2.0, 20_000)[0], counted(2.2, 20_000)[0]
    # Independent draws would fall for 40 % of members; the rest of a mean has its own uniform.
    assert np.mean(more < fewer) < 0.05
    assert np.corrcoef(fewer, more)[0, 1] > 0.9


def test_poisson_tables_are_exact() -> None:
    tables, means = poisson_tables(), tabulated_means()
    ends = np.append(tables.start, tables.above.size)
    for row, mean in enumerate(means):
        above = tables.above[ends[row] : ends[row + 1]].astype(float)
        exact = stats.poisson.sf(np.arange(above.size), mean) * 2.0**32
        np.testing.assert_allclose(above, np.minimum(exact, 2.0**32 - 1), atol=0.51)
        assert above[-1] == 0.0
    np.testing.assert_array_equal(tables.large, means[members.TABULATED * members.STEPS :])


def test_entries_say_what_a_search_finds() -> None:
    """The first and last draw of every stretch, and those around its threshold."""
    tables = poisson_tables()
    for row in (0, 1, 5, 8, 63, 130, 255):
        for stretch in (*range(64), *range(65, 128)):
            entry = int(tables.entries[row * 128 + stretch])
            below, n = entry >> 6, entry & 63
            wide = stretch >= 64
            bucket, first = (stretch - 64, 0) if wide else (0, stretch * 2**20)
            last = 2**26 - 1 if wide else first + 2**20 - 1
            for inside in {first, min(max(below - 1, first), last), min(max(below, first), last)}:
                draw = np.uint32(bucket * 2**26 + inside)
                found = members.from_poisson_table(draw, np.uint32(row), tables)
                assert n == members.SEVERAL or found == n + (inside < below)


def tiny_plan() -> Plan:
    plan = resolve(small_scenario())
    return replace(plan, realizations=2)


def test_compiled_equals_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole kernel as plain Python gives the compiled numbers, to the last bit."""
    plan = tiny_plan()
    world = replace(plan.world, members=np.minimum(plan.world.members, 12))
    plan = replace(plan, world=world)
    compiled = engine_of(plan).block(np.arange(2))
    for name, item in vars(members).items():
        if hasattr(item, "py_func"):
            monkeypatch.setattr(members, name, item.py_func)
    for number in range(2):  # alone each stays on this thread, where overflow is no warning
        with np.errstate(over="ignore"):
            plain = engine_of(plan).block(np.array([number]))
        for name, values in plain.items():
            np.testing.assert_allclose(
                compiled[name].values[[number]], values.values, rtol=1e-13, err_msg=str(name)
            )


def test_layers_add_up_to_the_cost() -> None:
    """[0, 50k) + [50k, inf) = all claims, in every realization and segment."""
    plan = tiny_plan()
    whole = plan.layers[0]
    shape = whole.lower.shape
    cut, top = np.full(shape, 50_000.0), np.full(shape, np.inf)
    low = replace(whole, name="low", lower=np.zeros(shape), upper=cut, annualized=False)
    high = replace(whole, name="high", lower=cut, upper=top, annualized=False)
    out = engine_of(replace(plan, layers=(low, high))).block(np.arange(2))
    np.testing.assert_allclose(
        out["layer_cost"].sum("layer").values, out["cost"].sum("service").values, rtol=1e-12
    )


def test_baskets_are_sums_of_their_services() -> None:
    """Whole layers of three baskets, two of them alike, are the cost of their services."""
    plan = tiny_plan()
    whole = plan.layers[0]
    shape, count = whole.lower.shape, len(plan.world.services)
    sets = [[n == 0 for n in range(count)], [n > 2 for n in range(count)]]
    layers = tuple(
        replace(whole, name=str(n), services=tuple(chosen), lower=np.zeros(shape),
                upper=np.full(shape, np.inf), annualized=False)
        for n, chosen in enumerate([*sets, sets[0]])
    )  # fmt: skip
    out = engine_of(replace(plan, layers=layers)).block(np.arange(2))
    cost = out["cost"].values
    for n, chosen in enumerate([*sets, sets[0]]):
        expected = cost[..., np.array(chosen)].sum(axis=-1)
        np.testing.assert_allclose(out["layer_cost"].values[..., n], expected, rtol=1e-12)


def claim_by_claim(plan: Plan, count: int, rng: np.random.Generator) -> np.ndarray:
    """Annual cost of members of the first segment, drawn claim by claim in plain NumPy."""
    world = plan.world
    people, use = world.people[0], world.use[-1][0]
    well, ill = people.levels
    level = np.where(rng.random(count) < people.ill_share, ill, well)
    risk = level * np.exp(rng.normal(-0.5 * people.risk_sd**2, people.risk_sd, count))
    log_intensity = np.log(risk * rng.gamma(use.transient_shape, 1.0 / use.transient_shape, count))
    expected = np.asarray(use.rates) * utilization.response(use, log_intensity)
    total = np.zeros(count)
    for number, params in enumerate(world.unit_costs):
        claims = rng.poisson(expected[:, number])
        paid = unit_cost.inverse_survival(params, rng.random(int(claims.sum())))
        owner = np.repeat(np.arange(count), claims)
        total += np.bincount(owner, paid, count) * world.price[-1, 0, number]
    return total


def test_annual_cost_of_a_member_against_an_independent_program() -> None:
    """One member per realization: the kernel's annual costs against plain NumPy's."""
    plan = resolve(small_scenario())
    people = tuple(replace(p, person_years_per_member=1.0) for p in plan.world.people)
    world = replace(plan.world, members=np.ones_like(plan.world.members), people=people)
    count = 100_000
    out = engine_of(replace(plan, world=world)).block(np.arange(count))
    ours = out["cost"].values[:, -1, 0].sum(axis=1)
    theirs = claim_by_claim(plan, count, np.random.default_rng(8))
    # Two-sample Kolmogorov-Smirnov at fixed seeds.
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3
    error = np.hypot(ours.std(), theirs.std()) / np.sqrt(count)
    assert abs(ours.mean() - theirs.mean()) < 4.0 * error
    tail = [np.mean(x > np.quantile(theirs, 0.99)) for x in (ours, theirs)]
    # share above a 99th percentile: standard error of the difference sqrt(2 * .01 * .99 / n)
    assert abs(tail[0] - tail[1]) < 4.0 * np.sqrt(2 * 0.01 * 0.99 / count)
