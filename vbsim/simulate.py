"""Plan to Experience: thousands of realizations of every simulated year, block by block.

A block is a run of realization numbers. Its draws are keyed by those numbers, so the block's size,
the number of threads and the order of the blocks cannot change a result, and the first realizations
of a long run are those of a short one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import xarray as xr

from vbsim import streams, vocabulary
from vbsim.engines import choose, member_years
from vbsim.engines.collective import CollectiveEngine
from vbsim.engines.kept import Kept, Members
from vbsim.engines.points import Points, RandomPoints, SobolPoints
from vbsim.engines.systematic import Factors, systematic
from vbsim.errors import CapacityError, ParameterError
from vbsim.generators import episodes, quality_measures, risk_score, unit_cost
from vbsim.kernels import episodes as episodes_kernel
from vbsim.kernels import grid
from vbsim.kernels.inputs import ARM, PROGRAM, Totals
from vbsim.plan import Episodes, FloatArray, Plan

# Member-years per block: about a second of work, so that progress moves and Ctrl-C is prompt.
_BLOCK_MEMBER_YEARS = 20_000_000
_LARGEST_BLOCK = 2000
_LEAST_LEFT = 1e-9  # of claims that easier access leaves


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
    return vocabulary.joined(list(blocks(plan, threads=threads, block=block)))


def blocks(
    plan: Plan, threads: int | None = None, block: int | None = None
) -> Iterator[xr.Dataset]:
    """Simulate block by block; memory is bounded by the block."""
    use_threads(threads)
    engine = engine_of(plan)
    for numbers in numbers_by_block(plan, block):
        yield engine.block(numbers)


def numbers_by_block(plan: Plan, block: int | None = None) -> Iterator[np.ndarray]:
    """Numbers of all realizations of a plan, block by block."""
    size = block_size(plan) if block is None else block
    for start in range(0, plan.realizations, size):
        yield np.arange(start, min(start + size, plan.realizations))


@dataclass(frozen=True)
class Engine:
    """What simulates a plan: realization numbers in, their Experience out.

    Parameters
    ----------
    plan
        What is simulated.
    members
        Engine that adds up the members of a realization.
    points
        Where the uniform numbers come from.
    """

    plan: Plan
    members: Members
    points: Points

    def block(self, realizations: np.ndarray) -> xr.Dataset:
        """Simulate the realizations of these numbers."""
        factors = systematic(self.plan, realizations, self.points)
        sums = self.members.sums(realizations, factors, self.points)
        return _labelled(self.plan, realizations, factors, sums)


@dataclass(frozen=True)
class DrawsEngine:
    """What simulates a plan with uncertain figures: every realization by its draw's own Plan.

    Parameters
    ----------
    plan
        What is simulated.
    engine
        Name of the engine of every draw.
    kept
        Engines of the members of the last draws.
    means
        Engine of the members at the means of the uncertain figures, which the others come from.
    """

    plan: Plan
    engine: str
    kept: Kept
    means: Members | None

    def block(self, realizations: np.ndarray) -> xr.Dataset:
        """Simulate the realizations of these numbers."""
        parts = [
            self._drawn(draw, realizations[where])
            for draw, where in self.plan.by_draw(realizations)
        ]
        return parts[0] if len(parts) == 1 else vocabulary.joined(parts)

    def _drawn(self, draw: Plan, realizations: np.ndarray) -> xr.Dataset:
        engine = Engine(draw, self.kept.of(draw, self.engine, self.means), RandomPoints(draw))
        values = np.repeat([draw.drawn], realizations.size, axis=0)
        found = engine.block(realizations).assign(
            parameter_value=((vocabulary.REALIZATION, vocabulary.PARAMETER), values)
        )
        return vocabulary.label(
            found.assign_coords(
                {
                    vocabulary.PARAMETER: [one.name for one in self.plan.parameters],
                    vocabulary.DRAW: (vocabulary.REALIZATION, realizations // self.plan.inner),
                }
            ),
            "experience",
        )


def engine_of(plan: Plan, kept: Kept | None = None) -> Engine | DrawsEngine:
    """Make the engine that a plan asks for, or ``auto`` chooses.

    Parameters
    ----------
    plan
        What is simulated.
    kept
        Engines of members that are there already.

    Raises
    ------
    ParameterError
        If Sobol points are asked for and figures are uncertain: the errors of both designs rest on
        groups of realizations, which are not the same.
    """
    (name, _), kept = choose(plan), kept or Kept()
    if not plan.draws:
        members = kept.of(plan, name)
        return Engine(plan, members, _points(plan, members))
    if plan.sampling != "random":
        raise ParameterError(
            f"sampling: found {plan.sampling} and {len(plan.parameters)} uncertain figures; "
            "expected one of the two; leave --sampling out, or state the figures for certain"
        )
    means = kept.of(plan, name) if name == "collective" else None
    return DrawsEngine(plan, name, kept, means)


def _points(plan: Plan, members: Members) -> Points:
    if plan.sampling == "random":
        return RandomPoints(plan)
    return SobolPoints.of(plan, members.luck() if isinstance(members, CollectiveEngine) else {})


def processors() -> int:
    """Threads that the claims engine may use on this machine."""
    return int(numba.config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]


def use_threads(threads: int | None) -> None:
    """Simulate on so many threads; leave all as it is without a number."""
    if threads is not None:
        check_threads(threads)
        numba.set_num_threads(threads)


def check_threads(threads: int) -> None:
    """Raise ParameterError unless this machine has so many processors."""
    if not 1 <= threads <= processors():
        raise ParameterError(
            f"threads: found {threads}; expected 1 to {processors()}, the processors that this "
            "machine has; leave it out to use them all"
        )


def block_size(plan: Plan) -> int:
    """Realizations per block that keep a block at about a second of work."""
    if choose(plan)[0] == "collective":
        return _LARGEST_BLOCK
    return int(np.clip(_BLOCK_MEMBER_YEARS // member_years(plan), 1, _LARGEST_BLOCK))


def experience_bytes(plan: Plan) -> int:
    """Size of the whole Experience [bytes]."""
    years, segments = plan.world.members.shape
    per_cell = 2 * len(plan.world.services) + len(plan.layers) + 2
    kinds, measures = plan.episodes, plan.systematic.quality_measures
    own = sum(each.sd > 0.0 for each in (plan.systematic.region, plan.systematic.run_out))
    per_year = 4 + own if kinds is None else 4 + own + len(kinds.types) * (3 + len(kinds.limits))
    per_year += 2 * len(measures[0].measures) if measures else 0
    per_cell += 0 if plan.systematic.risk_score is None else 1
    per_year += len(PROGRAM) + 1 if plan.program is not None else 0
    drawn = len(plan.parameters) + 1 if plan.parameters else 0
    return 8 * plan.realizations * (years * (segments * per_cell + per_year) + drawn)


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


def _quality(
    plan: Plan, realizations: np.ndarray, factors: Factors, sums: Totals
) -> dict[str, FloatArray]:
    """Quality score and standard; rates and denominators of the measures, if there are any."""
    score, found, years = factors.quality, {}, plan.systematic.quality_measures
    if years:
        labels, random = quality_measures.labels(years[0]), RandomPoints(plan)
        uniforms = random.uniforms("quality_measures", labels, realizations, plan.world.years)
        counts = (sums.person_years.sum(axis=2), sums.claims.sum(axis=2), plan.world.services)
        rates, eligible = quality_measures.measured(years, uniforms, *counts)
        found = {"measure_rate": rates, "measure_eligible": eligible}
        if years[0].standard is not None:
            score = quality_measures.score(years[0], rates)
    return {"quality_score": score[..., 0], "quality_standard_met": score[..., 1], **found}


def _episodes(
    plan: Plan, kinds: Episodes, realizations: np.ndarray, factors: Factors, sums: Totals
) -> dict[str, FloatArray]:
    """Episodes of a block: their number follows exposure and the use of inpatient care."""
    world, seed = plan.world, plan.seed_of("episodes")
    inpatient = world.services.index("inpatient") if "inpatient" in world.services else 0
    # The savings of the entity are in its post-acute care, not in how many have the procedure.
    use = factors.frequency[:, :, inpatient] / (1.0 - factors.savings)
    exposure = sums.person_years.sum(axis=2) * use / 1000.0
    uniforms = RandomPoints(plan).uniforms("episodes", kinds.types, realizations, world.years)
    expected = exposure[:, :, None] * np.array([params.per_1000 for params in kinds.params])
    counts = episodes.counts(expected, uniforms)
    out = episodes_kernel.Sums(
        np.zeros(counts.shape),
        np.zeros(counts.shape),
        np.zeros((*counts.shape, len(kinds.limits))),
    )
    episodes_kernel.simulate_episodes(
        realizations.astype(np.int64),
        world.years.astype(np.int64),
        counts,
        factors.price,
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


def _risk_score(
    plan: Plan, realizations: np.ndarray, factors: Factors, sums: Totals
) -> dict[str, FloatArray]:
    """Risk scores as they are measured, from what luck did to last year's cost."""
    params, world = plan.systematic.risk_score, plan.world
    if params is None:
        return {}
    uniforms = RandomPoints(plan).uniforms(
        "risk_score", risk_score.labels(params), realizations, world.years
    )
    whole = factors.national * (factors.local * (1.0 - factors.savings))[..., None]
    expected = whole * world.expected_cost * sums.person_years
    luck = sums.cost.sum(axis=3) / np.where(expected > 0.0, expected, np.inf) - 1.0
    last_year = np.zeros_like(luck)
    follows = np.diff(world.years) == 1
    last_year[:, 1:][:, follows] = luck[:, :-1][:, follows]
    since = world.years - plan.start_year
    errors = risk_score.values(params, uniforms)
    return {"risk_score": risk_score.measured(params, errors, world.members, last_year, since)}


def _program(plan: Plan, factors: Factors, sums: Totals) -> dict[str, FloatArray]:
    """Give what the program reached and avoided, all segments together."""
    if plan.program is None:
        return {}
    found = sums.program.sum(axis=2)
    arms = found[..., 2:].reshape(*found.shape[:2], 2, len(ARM))
    avoided = sums.cost.sum(axis=2) * (1.0 / np.maximum(factors.access, _LEAST_LEFT) - 1.0)
    return {
        "program_flagged": found[..., 0],
        "program_savings": found[..., 1],
        "program_access_savings": avoided.sum(axis=2),
        **{f"program_{name}": arms[..., place] for place, name in enumerate(ARM)},
    }


def _labelled(plan: Plan, realizations: np.ndarray, factors: Factors, sums: Totals) -> xr.Dataset:
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
        **_program(plan, factors, sums),
        **_risk_score(plan, realizations, factors, sums),
    }
    if plan.systematic.region.sd > 0.0:
        values["regional_factor"] = factors.regional
    if plan.systematic.run_out.sd > 0.0:
        values["completion"] = factors.completion
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
    if plan.program is not None:
        coordinates[vocabulary.ARM] = [vocabulary.ENGAGED, vocabulary.HELD_OUT]
    if measures:
        coordinates[vocabulary.QUALITY_MEASURE] = [m.name for m in measures[0].measures]
    variables = {n: (vocabulary.EXPERIENCE[n].dims, v) for n, v in values.items()}
    return vocabulary.label(xr.Dataset(variables, coordinates), "experience")
