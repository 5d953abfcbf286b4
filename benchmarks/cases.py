"""Named cases: what is timed, against what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.reference import simulate_year
from vbsim.engines import member_years
from vbsim.generators import utilization
from vbsim.plan import Plan
from vbsim.scenario.load import load
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.settle import settle
from vbsim.simulate import engine_of

SCENARIO = Path(__file__).parents[1] / "scenarios" / "northwest_ohio_2022.yaml"
AGED = {
    "vbsim": 1,
    "name": "Ten thousand aged members",
    "start_year": 2024,
    "assumptions": "medicare_ffs",
    "population": {
        "segments": {"aged": {"enrollment_type": "aged_non_dual", "person_years": 9750.0}}
    },
    "contracts": {"capitation": {"model": "capitation", "pmpm": 1100.0, "stop_loss": "specific"}},
    "stop_loss": {"specific": {"attachment": 150000.0, "loading": 0.2}},
}
Work = Callable[[], int]


@dataclass(frozen=True)
class Case:
    """One comparison.

    Parameters
    ----------
    name, unit
        What is timed; what one unit of its work is.
    subject, reference
        Each does some work and returns how many units it did.
    """

    name: str
    unit: str
    subject: Work
    reference: Work


@cache
def demonstration() -> Plan:
    """Plan of the demonstration: four segments, three base years and one performance year."""
    return resolve(load(SCENARIO))


def members_of(plan: Plan, members: int) -> Plan:
    """Give a plan about so many members in its last year, and in all others as before in ratio."""
    share = members / plan.world.members[-1].sum()
    many = np.maximum(np.rint(plan.world.members * share), 1).astype(np.int64)
    return replace(plan, world=replace(plan.world, members=many))


def claims_engine() -> Case:
    """Claims engine against the NumPy program: one year of 10,000 aged members, 19 claims each."""
    plan = replace(resolve(Scenario.model_validate(AGED)), engine="claims")
    engine = engine_of(plan)
    scale = utilization.response(plan.world.use[0][0], np.zeros(1))[0]
    rng = np.random.default_rng(1)

    def subject() -> int:
        engine.block(np.arange(400))
        return 400 * member_years(plan)

    def reference() -> int:
        for _ in range(20):
            simulate_year(plan, scale, rng)
        return 20 * member_years(plan)

    return Case("claims engine, all threads / NumPy program", "member-year", subject, reference)


def settlement() -> Case:
    """Settling all contracts of the demonstration against summing their claims once in NumPy."""
    plan = replace(demonstration(), realizations=1000)
    experience = engine_of(plan).block(np.arange(1000))
    cost = experience["cost"].to_numpy()

    def subject() -> int:
        settle(plan, experience)
        return 1000 * len(plan.contracts)

    def reference() -> int:
        cost.sum(axis=(2, 3))
        return 1000

    return Case("settlement / summing the claims", "realization-contract", subject, reference)


def collective_engine() -> Case:
    """Compare the collective engine with claims: the demonstration, twice as large."""
    plan = replace(demonstration(), engine="claims")
    world = replace(plan.world, members=2 * plan.world.members)
    judge = engine_of(replace(plan, world=world))
    engine = engine_of(replace(plan, world=world, engine="collective"))

    def subject() -> int:
        engine.block(np.arange(2000))
        return 2000

    def reference() -> int:
        judge.block(np.arange(10))
        return 10

    return Case("collective engine / claims engine", "realization", subject, reference)


CASES = {"claims": claims_engine, "collective": collective_engine, "settle": settlement}
