"""What reaches all members of a realization at once: trend, shocks, savings, quality."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from vbsim.engines.points import Points, RandomPoints
from vbsim.generators import entity_year, intervention, quality, shocks, trend, true_savings
from vbsim.plan import FloatArray, Plan


@dataclass(frozen=True)
class Factors:
    """Systematic factors of a block; R realizations, T years, K services, S segments."""

    frequency: FloatArray  # (R, T, K)
    price: FloatArray  # (R, T) of all services
    national: FloatArray  # (R, T, S)
    local: FloatArray  # (R, T)
    savings: FloatArray  # (R, T)
    quality: FloatArray  # (R, T, 2)
    regional: FloatArray  # (R, T)
    completion: FloatArray  # (R, T)
    program: FloatArray  # (R, T, K) left of the claims of its members; NO_PROGRAM without one
    access: FloatArray  # (R, T, K) left of everybody's claims by easier access; ones without


NO_PROGRAM = np.ones((1, 0, 0))


@dataclass(frozen=True)
class National:
    """What the nation shares in the P performance years."""

    use: FloatArray  # (R, P, K) shock of each service
    level: FloatArray  # (R, P) cost level, cumulated


def national(plan: Plan, realizations: np.ndarray, points: Points | None = None) -> National:
    """Draw shocks and trend; entities of a portfolio share them."""
    source = RandomPoints(plan) if points is None else points
    model, years = plan.systematic, plan.world.years[plan.performance]
    use = _draw(source, "shocks", shocks, model.shocks, realizations, years)
    steps = _draw(source, "trend", trend, model.trend, realizations, years)
    return National(use, np.asarray(np.cumprod(steps, axis=1)))


def _draw(
    source: Points,
    stream: str,
    generator: ModuleType,
    params: object,
    realizations: np.ndarray,
    years: np.ndarray,
) -> FloatArray:
    uniforms = source.uniforms(stream, generator.labels(params), realizations, years)
    return np.asarray(generator.values(params, uniforms))


def systematic(
    plan: Plan,
    realizations: np.ndarray,
    points: Points | None = None,
    shared: National | None = None,
) -> Factors:
    """Draw what reaches all members of a realization at once.

    Trend and shocks begin with the first performance year: base years have happened, and their
    level is part of what the scenario states. The entity's own level moves in every year.

    Parameters
    ----------
    plan
        What is simulated.
    realizations
        Realization numbers, (R,).
    points
        Where the uniform numbers come from; independent ones by default.
    shared
        What the nation shares, if it is drawn already.
    """
    source = RandomPoints(plan) if points is None else points
    model, world, years = plan.systematic, plan.world, plan.world.years
    performance = plan.performance
    first, later = years[performance][:1], years[performance]

    def draw(stream: str, generator: ModuleType, params: object, on: np.ndarray) -> FloatArray:
        return _draw(source, stream, generator, params, realizations, on)

    nation = national(plan, realizations, source) if shared is None else shared
    shape = (realizations.size, years.size)
    use, level = np.ones((*shape, len(world.services))), np.ones(shape)
    measured = np.full((*shape, 2), np.nan)  # nobody measures quality in a base year
    measured[:, performance] = draw("quality", quality, model.quality, later)
    use[:, performance], level[:, performance] = nation.use, nation.level
    local = draw("entity_year", entity_year, model.entity_year, years)
    regional, completion = np.ones(shape), np.ones(shape)
    if model.region.sd > 0.0:
        regional[:, performance] = np.cumprod(draw("region", trend, model.region, later), axis=1)
    if model.run_out.sd > 0.0:
        completion = draw("run_out", entity_year, model.run_out, years)
    # One draw per realization: the first performance year's holds for all.
    skill = draw("true_savings", true_savings, model.true_savings, first)
    savings = np.where(performance, skill, 0.0)
    program, access = _left(plan, source, realizations)
    cost = world.rate * world.mean_unit_cost
    share = cost / cost.sum(axis=2, keepdims=True)
    shared_use = np.ones((*shape, len(world.segments)))  # no shock reaches a base year
    shared_use[:, performance] = _weighted(share[performance], nation.use)
    return Factors(
        frequency=use * (1.0 - savings)[:, :, None] * access,
        price=level * regional * local,
        national=level[:, :, None] * shared_use,
        local=local,
        savings=savings,
        quality=measured,
        program=program,
        access=access,
        regional=regional,
        completion=completion,
    )


def _weighted(share: FloatArray, use: FloatArray) -> FloatArray:
    """Mean use by segment: shares (T, S, K) and use (R, T, K) to (R, T, S).

    No matrix product: its last bit depends on the number of realizations.
    """
    found = share[:, :, 0] * use[:, :, None, 0]
    for service in range(1, use.shape[2]):
        found += share[:, :, service] * use[:, :, None, service]
    return found


def _left(plan: Plan, source: Points, realizations: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Share of their claims that a program leaves its members, and easier access everybody.

    One draw of the effect per realization: the first performance year's holds for all.
    """
    if plan.program is None:
        return NO_PROGRAM, np.ones((1, 1, 1))
    first = plan.world.years[plan.performance][:1]
    effects = _draw(source, "intervention", intervention, plan.program.effect, realizations, first)
    left = 1.0 - plan.program.ramp[:, None, None] * effects
    return np.ascontiguousarray(left[:, :, 0]), left[:, :, 1]
