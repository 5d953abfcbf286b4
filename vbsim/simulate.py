"""Plan to Experience: thousands of realizations of every simulated year, block by block.

A block is a run of realization numbers. Its draws are keyed by those numbers, so the block's size,
the number of threads and the order of the blocks cannot change a result, and the first realizations
of a long run are those of a short one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numba
import numpy as np
import xarray as xr

from vbsim import streams, vocabulary
from vbsim.errors import CapacityError, ParameterError
from vbsim.generators import (
    entity_year,
    episodes,
    population,
    quality,
    quality_measures,
    shocks,
    trend,
    true_savings,
    unit_cost,
    utilization,
)
from vbsim.kernels import episodes as episodes_kernel
from vbsim.kernels import grid, inputs
from vbsim.kernels import members as kernel
from vbsim.kernels.counts import poisson_tables
from vbsim.plan import Episodes, FloatArray, Plan

# Member-years per block: about a second of work, so that progress moves and Ctrl-C is prompt.
_BLOCK_MEMBER_YEARS = 10_000_000


def simulate(plan: Plan, threads: int | None = None, block: int | None = None) -> xr.Dataset:
    """Simulate all realizations and return them as one Dataset.

    Parameters
    ----------
    plan
        From :func:`vbsim.resolve`.
    threads
        Threads of the claims engine; all processors by default. Never changes a number.
    block
        Realizations simulated at a time. Never changes a number.

    Returns
    -------
    Dataset
        The variables of ``vocabulary.EXPERIENCE``.

    Raises
    ------
    CapacityError
        If the Dataset would not fit into the memory that is free.
    """
    need, free = experience_bytes(plan), free_memory()
    if 5 * need > 4 * free:
        raise CapacityError(
            f"{plan.realizations:,} realizations need {need / 1e9:,.1f} GB of memory, and "
            f"{free / 1e9:,.1f} GB are free; lower realizations, or use vbsim run, which keeps one "
            "block in memory"
        )
    return xr.concat(list(blocks(plan, threads=threads, block=block)), dim=vocabulary.REALIZATION)


def blocks(
    plan: Plan, threads: int | None = None, block: int | None = None
) -> Iterator[xr.Dataset]:
    """Simulate block by block; memory is bounded by the block."""
    if threads is not None:
        check_threads(threads)
        numba.set_num_threads(threads)
    engine = Engine.of(plan)
    size = block_size(plan) if block is None else block
    for start in range(0, plan.realizations, size):
        yield engine.block(np.arange(start, min(start + size, plan.realizations)))


def processors() -> int:
    """Threads that the claims engine may use on this machine."""
    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]


def check_threads(threads: int) -> None:
    """Raise ParameterError unless this machine has so many processors."""
    if not 1 <= threads <= processors():
        raise ParameterError(
            f"threads: found {threads}; expected 1 to {processors()}, the processors that this "
            "machine has; leave it out to use them all"
        )


def block_size(plan: Plan) -> int:
    """Realizations per block that keep a block at about a second of work."""
    return int(np.clip(_BLOCK_MEMBER_YEARS // member_years(plan), 1, 2000))


def member_years(plan: Plan) -> int:
    """Members simulated in one realization, over all years."""
    return int(plan.world.members.sum())


def experience_bytes(plan: Plan) -> int:
    """Size of the whole Experience [bytes]."""
    years, segments = plan.world.members.shape
    per_cell = 2 * len(plan.world.services) + len(plan.layers) + 2
    kinds, measures = plan.episodes, plan.systematic.quality_measures
    per_year = 4 if kinds is None else 4 + len(kinds.types) * (3 + len(kinds.limits))
    per_year += 2 * len(measures[0].measures) if measures else 0
    return 8 * plan.realizations * years * (segments * per_cell + per_year)


def seconds(plan: Plan) -> float:
    """Time that simulating a plan takes on this machine, from a short trial [s]."""
    engine = Engine.of(plan)
    trial = int(np.clip(1_000_000 // member_years(plan), 1, 100))
    engine.block(np.arange(1))  # compiles, or loads what was compiled
    start = time.perf_counter()
    engine.block(np.arange(trial))
    return (time.perf_counter() - start) / trial * plan.realizations


def free_memory() -> int:
    """Memory that this machine has free [bytes]."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 8 * 2**30  # a platform that tells nothing: assume a small machine


@dataclass(frozen=True)
class Factors:
    """Systematic factors of a block; R realizations, T years, K services, S segments."""

    frequency: FloatArray  # (R, T, K)
    price: FloatArray  # (R, T, K)
    national: FloatArray  # (R, T, S)
    local: FloatArray  # (R, T)
    savings: FloatArray  # (R, T)
    quality: FloatArray  # (R, T, 2)


@dataclass(frozen=True)
class Engine:
    """The claims engine: every member and every claim, ready to run."""

    plan: Plan
    people: inputs.People
    services: inputs.Services
    layers: inputs.Layers
    tables: inputs.PoissonTables

    @classmethod
    def of(cls, plan: Plan) -> Engine:
        """Make the tables that the kernel draws from."""
        people = _people(plan)
        return cls(plan, people, _services(plan), _layers(plan), poisson_tables())

    def block(self, realizations: np.ndarray) -> xr.Dataset:
        """Simulate the realizations of these numbers."""
        factors = systematic(self.plan, realizations)
        years, segments = self.plan.world.members.shape
        services, layers = len(self.plan.world.services), len(self.plan.layers)
        shape = (realizations.size, years, segments)
        sums = inputs.Totals(
            np.zeros((*shape, services)),
            np.zeros((*shape, services)),
            np.zeros((*shape, layers)),
            np.zeros(shape),
        )
        kernel.simulate_members(
            realizations.astype(np.int64),
            (factors.frequency, factors.price),
            self.people,
            self.services,
            self.layers,
            self.tables,
            sums,
        )
        return _labelled(self.plan, realizations, factors, sums)


def systematic(plan: Plan, realizations: np.ndarray) -> Factors:
    """Draw what reaches all members of a realization at once.

    Trend and shocks begin with the first performance year: base years have happened, and their
    level is part of what the scenario states. The entity's own level moves in every year.
    """
    model, world, performance = plan.systematic, plan.world, plan.performance
    use = _draw(plan, "shocks", shocks, model.shocks, realizations)
    level = np.cumprod(
        np.where(performance, _draw(plan, "trend", trend, model.trend, realizations), 1.0), axis=1
    )
    use = np.where(performance[:, None], use, 1.0)
    local = _draw(plan, "entity_year", entity_year, model.entity_year, realizations)
    skill = _draw(plan, "true_savings", true_savings, model.true_savings, realizations)
    # One draw per realization: the first performance year's holds for all.
    savings = np.where(performance, skill[:, np.argmax(performance)][:, None], 0.0)
    cost = world.rate * world.mean_unit_cost
    share = cost / cost.sum(axis=2, keepdims=True)
    return Factors(
        frequency=use * (1.0 - savings)[:, :, None],
        price=np.repeat((level * local)[:, :, None], len(world.services), axis=2),
        national=level[:, :, None] * np.einsum("tsk,rtk->rts", share, use),
        local=local,
        savings=savings,
        quality=_draw(plan, "quality", quality, model.quality, realizations),
    )


def _quality(
    plan: Plan, realizations: np.ndarray, factors: Factors, sums: inputs.Totals
) -> dict[str, FloatArray]:
    """Quality score and standard; rates and denominators of the measures, if there are any."""
    score, found, years = factors.quality, {}, plan.systematic.quality_measures
    if years:
        uniforms = _uniforms(plan, "quality_measures", quality_measures, years[0], realizations)
        counts = (sums.person_years.sum(axis=2), sums.claims.sum(axis=2), plan.world.services)
        rates, eligible = quality_measures.measured(years, uniforms, *counts)
        found = {"measure_rate": rates, "measure_eligible": eligible}
        if years[0].standard is not None:
            score = quality_measures.score(years[0], rates)
    return {"quality_score": score[..., 0], "quality_standard_met": score[..., 1], **found}


def _draw(
    plan: Plan, stream: str, generator: ModuleType, params: object, realizations: np.ndarray
) -> FloatArray:
    uniforms = _uniforms(plan, stream, generator, params, realizations)
    return np.asarray(generator.values(params, uniforms))


def _uniforms(
    plan: Plan, stream: str, generator: ModuleType, params: object, realizations: np.ndarray
) -> FloatArray:
    seed = plan.seed_of(stream)
    columns = [
        streams.uniforms(streams.key(seed, stream, label), realizations, plan.world.years, 1)
        for label in generator.labels(params)
    ]
    return np.concatenate(columns, axis=2)


def _people(plan: Plan) -> inputs.People:
    world = plan.world
    seed = plan.seed_of("population")
    gaps = np.diff(world.years, prepend=world.years[0])[:, None]
    groups = world.people
    return inputs.People(
        keys=_keys(seed, "population", world.segments),
        years=world.years.astype(np.int64),
        members=world.members.astype(np.int64),
        stay=np.array([p.retention for p in groups]) ** gaps,
        persist=np.array([p.ill_persistence for p in groups]) ** gaps,
        ill_share=np.array([p.ill_share for p in groups]),
        partial=np.array([2.0 * (1.0 - p.person_years_per_member) for p in groups]),
        log_level=np.log([p.levels for p in groups]).astype(np.float32),
        log_risk=_tables(population.log_risk_table(p) for p in groups),
        log_transient=_tables(utilization.log_transient_table(u) for u in world.use[0]),
    )


def _services(plan: Plan) -> inputs.Services:
    world = plan.world
    seed = plan.seed_of("claims")
    # At intensity 1, relative to the mean; like elasticities the same for all rates and years.
    response = np.stack([utilization.response(use, np.zeros(())) for use in world.use[0]])
    return inputs.Services(
        segment_keys=_keys(seed, "claims", world.segments),
        keys=_keys(seed, "service", world.services),
        rate=world.rate * response,
        power=np.array([use.elasticities for use in world.use[0]]) / np.log(2.0),
        price=world.price,
        sums=_tables(unit_cost.sum_tables(law) for law in world.unit_costs),
    )


def _tables(rows: Iterable[np.ndarray]) -> inputs.Float32Array:
    return np.stack(list(rows)).astype(np.float32)


def _layers(plan: Plan) -> inputs.Layers:
    years, segments = plan.world.members.shape
    count, services = len(plan.layers), len(plan.world.services)
    services_of = np.array([layer.services for layer in plan.layers], dtype=np.bool_)
    baskets, basket = np.unique(services_of.reshape(count, services), axis=0, return_inverse=True)
    lower = np.array([layer.lower for layer in plan.layers], dtype=np.float64)
    upper = np.array([layer.upper for layer in plan.layers], dtype=np.float64)
    return inputs.Layers(
        baskets=baskets,
        basket=basket.reshape(count),
        lower=lower.reshape(count, years, segments),
        upper=upper.reshape(count, years, segments),
        annualized=np.array([layer.annualized for layer in plan.layers], dtype=np.bool_),
    )


def _episodes(
    plan: Plan, kinds: Episodes, realizations: np.ndarray, factors: Factors, sums: inputs.Totals
) -> dict[str, FloatArray]:
    """Episodes of a block: their number follows exposure and the use of inpatient care."""
    world, seed = plan.world, plan.seed_of("episodes")
    inpatient = world.services.index("inpatient") if "inpatient" in world.services else 0
    # The savings of the entity are in its post-acute care, not in how many have the procedure.
    use = factors.frequency[:, :, inpatient] / (1.0 - factors.savings)
    exposure = sums.person_years.sum(axis=2) * use / 1000.0
    keys = [streams.key(seed, "episodes", name) for name in kinds.types]
    uniforms = [streams.uniforms(key, realizations, world.years, 1) for key in keys]
    expected = exposure[:, :, None] * np.array([params.per_1000 for params in kinds.params])
    counts = episodes.counts(expected, np.concatenate(uniforms, axis=2))
    out = episodes_kernel.Sums(
        np.zeros(counts.shape),
        np.zeros(counts.shape),
        np.zeros((*counts.shape, len(kinds.limits))),
    )
    episodes_kernel.simulate_episodes(
        realizations.astype(np.int64),
        world.years.astype(np.int64),
        counts,
        np.ascontiguousarray(factors.price[:, :, inpatient]),
        1.0 - factors.savings,
        _episode_types(kinds, [streams.key(seed, "episode", name) for name in kinds.types]),
        out,
    )
    return {
        "episodes": counts.astype(np.float64),
        "episode_cost": out.cost,
        "episode_anchor_cost": out.anchor,
        "episode_counted_cost": out.counted,
    }


def _episode_types(kinds: Episodes, keys: list[int]) -> episodes_kernel.Types:
    tables = [[unit_cost.quantile_table(law) for law in p.laws] for p in kinds.params]
    return episodes_kernel.Types(
        keys=np.array(keys, dtype=np.uint64),
        costs=grid.with_slopes(np.array(tables)),
        settings=np.cumsum([p.settings for p in kinds.params], axis=1),
        readmission=np.array([p.readmission_share for p in kinds.params]),
        limits=kinds.limit,
    )


def _keys(seed: int, stream: str, names: tuple[str, ...]) -> np.ndarray:
    return np.array([streams.key(seed, stream, name) for name in names], dtype=np.uint64)


def _labelled(
    plan: Plan, realizations: np.ndarray, factors: Factors, sums: inputs.Totals
) -> xr.Dataset:
    world, measures = plan.world, plan.systematic.quality_measures
    values = {
        "claims": sums.claims,
        "cost": sums.cost,
        "layer_cost": sums.layer_cost,
        "person_years": sums.person_years,
        "national_factor": factors.national,
        "local_factor": factors.local,
        "true_savings": factors.savings,
        **_quality(plan, realizations, factors, sums),
    }
    if plan.episodes is not None:
        values |= _episodes(plan, plan.episodes, realizations, factors, sums)
    coordinates = {
        vocabulary.REALIZATION: realizations,
        vocabulary.YEAR: world.years,
        vocabulary.SEGMENT: list(world.segments),
        vocabulary.SERVICE: list(world.services),
        vocabulary.LAYER: np.array([layer.name for layer in plan.layers], dtype=object),
    }
    if plan.episodes is not None:
        coordinates[vocabulary.EPISODE_TYPE] = list(plan.episodes.types)
        coordinates[vocabulary.EPISODE_LIMIT] = list(plan.episodes.limits)
    if measures:
        coordinates[vocabulary.QUALITY_MEASURE] = [m.name for m in measures[0].measures]
    variables = {n: (vocabulary.EXPERIENCE[n].dims, v) for n, v in values.items()}
    return vocabulary.label(xr.Dataset(variables, coordinates), "experience")
