"""The claims engine: every member and every claim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vbsim import streams
from vbsim.engines.points import Points
from vbsim.engines.systematic import NO_PROGRAM, Factors
from vbsim.generators import population, unit_cost, utilization
from vbsim.kernels import inputs
from vbsim.kernels import members as kernel
from vbsim.kernels.counts import poisson_tables
from vbsim.kernels.inputs import Totals
from vbsim.kernels.threads import on_threads
from vbsim.plan import Layer, Plan, Program, World


@dataclass(frozen=True)
class ClaimsEngine:
    """The tables that the claims kernel draws from.

    Parameters
    ----------
    world
        Members and what they cost.
    people, services, layers, tables, program
        The same as the kernel reads it.
    """

    world: World
    people: inputs.People
    services: inputs.Services
    layers: inputs.Layers
    tables: inputs.PoissonTables
    program: inputs.Program

    @classmethod
    def of(cls, plan: Plan) -> ClaimsEngine:
        """Make the tables of a plan."""
        seeds = (plan.seed_of("population"), plan.seed_of("claims"))
        counters = plan.counters(plan.world.years, luck=True)
        made = cls.of_world(plan.world, plan.layers, *seeds, counters)
        return made if plan.program is None else replace(made, program=_program(plan, plan.program))

    @classmethod
    def of_world(
        cls,
        world: World,
        layers: tuple[Layer, ...],
        of_people: int,
        of_claims: int,
        counters: NDArray[np.int64] | None = None,
    ) -> ClaimsEngine:
        """Make the tables; ``of_people`` and ``of_claims`` are seeds, ``counters`` the years'."""
        years = world.years.astype(np.int64) if counters is None else counters
        return cls(
            world,
            _people(world, of_people, years),
            _services(world, of_claims),
            _layers(world, layers),
            poisson_tables(),
            _no_program(len(world.segments)),
        )

    def sums(
        self, realizations: np.ndarray, factors: Factors, points: Points | None = None
    ) -> Totals:
        """Add up all members of the realizations of these numbers; ``points`` are not asked for."""
        sums = self._zeros(realizations.size)
        drawn = (factors.frequency, factors.price, factors.program)
        self._simulate(realizations, drawn, sums, _NO_RECORD)
        return sums

    def record(self, batches: int) -> inputs.Record:
        """Keep every member of so many realizations at the expected systematic level.

        For a world of one segment.
        """
        years, services = self.world.years.size, len(self.world.services)
        members = int(self.world.members.max())
        record = inputs.Record(
            np.zeros((batches, members, years, services), dtype=np.float32),
            np.zeros((batches, members, years, services), dtype=np.float32),
            np.zeros((batches, members, years), dtype=np.float32),
        )
        drawn = (np.ones((batches, years, services)), np.ones((batches, years)), NO_PROGRAM)
        self._simulate(np.arange(batches), drawn, self._zeros(batches), record)
        return record

    def _zeros(self, count: int) -> Totals:
        """Room for the sums of so many realizations."""
        shape, services = (count, *self.world.members.shape), len(self.world.services)
        return Totals(
            np.zeros((*shape, services)),
            np.zeros((*shape, services)),
            np.zeros((*shape, self.layers.basket.size)),
            np.zeros(shape),
            np.zeros((*shape, len(inputs.PROGRAM) if self.program.on else 0)),
        )

    def _simulate(
        self,
        realizations: np.ndarray,
        factors: tuple[np.ndarray, np.ndarray, np.ndarray],
        sums: Totals,
        record: inputs.Record,
    ) -> None:
        kept = (self.services, self.layers, self.tables, self.program)
        given = (realizations.astype(np.int64), factors, self.people, kept, sums, record)
        on_threads(kernel.simulate_members, realizations.size, *given)


_NO_RECORD = inputs.Record(
    np.empty((1, 0, 0, 0), dtype=np.float32),
    np.empty((1, 0, 0, 0), dtype=np.float32),
    np.empty((1, 0, 0), dtype=np.float32),
)


def _people(world: World, seed: int, counters: NDArray[np.int64]) -> inputs.People:
    groups = world.people
    turnover = population.turnover(groups, world.years)
    died = np.array([p.died for p in groups])
    return inputs.People(
        keys=_keys(seed, "population", world.segments),
        years=counters,
        members=world.members.astype(np.int64),
        stay=turnover.stay,
        persist=turnover.persist,
        ill_share=np.array([p.ill_share for p in groups]),
        ill_newly=turnover.ill_newly,
        partial=np.array([p.partial for p in groups]),
        log_level=np.log([p.levels for p in groups]).astype(np.float32),
        log_risk=_tables(population.log_risk_table(p) for p in groups),
        log_transient=_tables(utilization.log_transient_table(u) for u in world.use[0]),
        dynamic=np.array([bool(p.deaths or p.transient_persistence) for p in groups]),
        dynamics=_keys(seed, "dynamics", world.segments),
        keep=turnover.keep,
        death=died,
        log_last=np.log([p.end_of_life_ratio for p in groups]).astype(np.float32),
    )


def _no_program(segments: int) -> inputs.Program:
    nobody = np.zeros(segments)
    return inputs.Program(
        on=False,
        keys=np.zeros(segments, dtype=np.uint64),
        active=np.zeros(0, dtype=np.bool_),
        reach=np.zeros((segments, 2)),
        first=nobody,
        step=nobody + 1.0,
        after_admission=False,
        watched=-1,
        engaged=0.0,
        control=0.0,
        unit_cost=np.zeros(0),
    )


def _program(plan: Plan, program: Program) -> inputs.Program:
    world = plan.world
    return inputs.Program(
        on=True,
        keys=_keys(plan.seed_of("intervention"), "intervention", world.segments),
        active=plan.performance,
        reach=np.stack([one.probability for one in program.reach]),
        first=np.array([one.first for one in program.reach]),
        step=np.array([one.step for one in program.reach]),
        after_admission=program.after_admission,
        watched=program.admission,
        engaged=program.engagement,
        control=program.control_share,
        unit_cost=np.array([unit_cost.mean(law) for law in world.unit_costs]),
    )


def _services(world: World, seed: int) -> inputs.Services:
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


def _layers(world: World, parts: tuple[Layer, ...]) -> inputs.Layers:
    years, segments = world.members.shape
    count, services = len(parts), len(world.services)
    services_of = np.array([layer.services for layer in parts], dtype=np.bool_)
    baskets, basket = np.unique(services_of.reshape(count, services), axis=0, return_inverse=True)
    lower = np.array([layer.lower for layer in parts], dtype=np.float64)
    upper = np.array([layer.upper for layer in parts], dtype=np.float64)
    return inputs.Layers(
        baskets=baskets,
        basket=basket.reshape(count),
        lower=lower.reshape(count, years, segments),
        upper=upper.reshape(count, years, segments),
        annualized=np.array([layer.annualized for layer in parts], dtype=np.bool_),
    )


def _keys(seed: int, stream: str, names: tuple[str, ...]) -> np.ndarray:
    return np.array([streams.key(seed, stream, name) for name in names], dtype=np.uint64)
