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
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import Engine


def test_keys_are_those_of_the_streams() -> None:
    key = np.uint64(streams.key(1, "x"))
    for counter in (0, 1, 2022, 10**9):
        ours = members.child(key, counter)
        assert int(ours) == int(streams.child(key, counter))


def test_survival_nodes_are_where_the_kernel_looks() -> None:
    table = members.with_slopes(grid.table_of(grid.survival_nodes()))
    for bits in (1, 3, 77, 2**16 + 1, 2**31 - 1, 2**31 + 1, 2**32 - 1):
        drawn = members.from_table(table, np.uint32(bits))
        # A table of the survival itself gives back the uniform, to float32 precision.
        assert drawn == pytest.approx(bits * 2.0**-32, rel=1e-6)


def test_power_mean_is_the_mean_of_the_draws() -> None:
    log_table = grid.table_of(-0.8 * stats.norm.ppf(np.minimum(grid.survival_nodes(), 0.99)))
    bits = np.random.default_rng(3).integers(0, 2**32, 400_000, dtype=np.uint32)
    table = members.with_slopes(log_table)
    drawn = np.exp(1.4 * np.array([members.from_table(table, b) for b in bits[:100_000]]))
    error = drawn.std() / np.sqrt(drawn.size)
    assert abs(drawn.mean() - grid.power_mean(log_table, 1.4)) < 4.0 * error


@pytest.mark.parametrize("expected", [0.01, 0.2, 0.7, 3.3, 8.0, 15.9, 16.0, 47.5, 300.0, 700.25])
def test_poisson_counts(expected: float) -> None:
    tables = members.poisson_tables()
    keys = streams.child(np.uint64(streams.key(11, "poisson")), np.arange(20_000))
    first = [members.uniform(bits) for bits in streams.child(keys, 0)]
    pairs = zip(keys, first, strict=True)
    counts = np.array([members.poisson(key, u, expected, tables)[0] for key, u in pairs])
    low, high = stats.poisson.ppf([0.001, 0.999], expected).astype(int)
    inside = np.clip(counts, low, high) - low
    seen = np.bincount(inside, minlength=high - low + 1)
    cdf = stats.poisson.cdf(np.arange(low, high + 1), expected)
    cdf[-1] = 1.0
    mass = np.diff(cdf, prepend=0.0) * counts.size
    pooled = mass > 5.0
    seen = np.append(seen[pooled], seen[~pooled].sum())
    mass = np.append(mass[pooled], mass[~pooled].sum())
    if mass[-1] == 0.0:
        seen, mass = seen[:-1], mass[:-1]
    # chi-square at a fixed seed; ten cases, so p below 1e-4 would be one in a thousand
    assert stats.chisquare(seen, mass).pvalue > 1e-4


def test_poisson_tables_are_exact() -> None:
    tables = members.poisson_tables()
    for mean, cdf in zip(tables.means, tables.cdf, strict=True):
        exact = stats.poisson.cdf(np.arange(cdf.size), mean)
        np.testing.assert_allclose(cdf[:-1], exact[:-1], rtol=1e-12)


def tiny_plan() -> Plan:
    plan = resolve(small_scenario())
    return replace(plan, realizations=2)


def test_compiled_equals_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole kernel as plain Python gives the compiled numbers, to the last bit."""
    plan = tiny_plan()
    world = replace(plan.world, members=np.minimum(plan.world.members, 12))
    plan = replace(plan, world=world)
    compiled = Engine.of(plan).block(np.arange(2))
    for name, item in vars(members).items():
        if hasattr(item, "py_func"):
            monkeypatch.setattr(members, name, item.py_func)
    monkeypatch.setattr(members, "prange", range)
    with np.errstate(over="ignore"):
        plain = Engine.of(plan).block(np.arange(2))
    for name in compiled.data_vars:
        np.testing.assert_allclose(
            compiled[name].values, plain[name].values, rtol=1e-13, err_msg=str(name)
        )


def test_layers_add_up_to_the_cost() -> None:
    """[0, 50k) + [50k, inf) = all claims, in every realization and segment."""
    plan = tiny_plan()
    whole = plan.layers[0]
    shape = whole.lower.shape
    cut, top = np.full(shape, 50_000.0), np.full(shape, np.inf)
    low = replace(whole, name="low", lower=np.zeros(shape), upper=cut, annualized=False)
    high = replace(whole, name="high", lower=cut, upper=top, annualized=False)
    out = Engine.of(replace(plan, layers=(low, high))).block(np.arange(2))
    np.testing.assert_allclose(
        out["layer_cost"].sum("layer").values, out["cost"].sum("service").values, rtol=1e-12
    )


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
    out = Engine.of(replace(plan, world=world)).block(np.arange(count))
    ours = out["cost"].values[:, -1, 0].sum(axis=1)
    theirs = claim_by_claim(plan, count, np.random.default_rng(8))
    # Two-sample Kolmogorov-Smirnov at fixed seeds.
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3
    error = np.hypot(ours.std(), theirs.std()) / np.sqrt(count)
    assert abs(ours.mean() - theirs.mean()) < 4.0 * error
    tail = [np.mean(x > np.quantile(theirs, 0.99)) for x in (ours, theirs)]
    # share above a 99th percentile: standard error of the difference sqrt(2 * .01 * .99 / n)
    assert abs(tail[0] - tail[1]) < 4.0 * np.sqrt(2 * 0.01 * 0.99 / count)
