"""The claims engine against the draws that it needs: the floor of any engine that draws them.

A draw is counter to uniform to value: two words of 32 bits from a key, the node of the survival
grid, and linear interpolation in one of the engine's own tables, added up. It is timed in a loop
that does nothing else, on the threads and with the tables that the engine uses.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numba
import numpy as np
from numba import njit

from benchmarks.cases import AGED, Case
from vbsim import streams
from vbsim.engines import member_years
from vbsim.engines.claims import ClaimsEngine
from vbsim.generators import annual_cost, utilization
from vbsim.kernels import members
from vbsim.kernels.threads import on_threads
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.simulate import engine_of

REALIZATIONS = 1_000
_OF_STATE = 5  # staying, state, persistent risk, transient, exposure


@cache
def aged() -> tuple[Plan, ClaimsEngine]:
    """Plan and engine of one year of 10,000 aged members, 19 claims each."""
    plan = replace(resolve(Scenario.model_validate(AGED)), engine="claims")
    return plan, ClaimsEngine.of(plan)


def draws_needed(plan: Plan) -> tuple[float, float]:
    """Draws per member-year: with one sum for all claims of a service, and with one for each claim.

    The state takes five draws and every service one for its number of claims. Exact, from the
    distribution of intensity; splitting of large numbers, which takes more, is left out.
    """
    people, use = plan.world.people[0], plan.world.use[0][0]
    logs, weights = annual_cost.intensities(people, use)
    expected = np.asarray(use.rates) * utilization.response(use, logs)
    partial = 2.0 * (1.0 - people.person_years_per_member)
    none = np.exp(-expected)
    # exposure is 1, or uniform for the members enrolled for part of the year
    none = (1.0 - partial) * none + partial * (1.0 - none) / expected
    always = _OF_STATE + len(use.services)
    claims = float(np.sum(use.rates)) * people.person_years_per_member
    return always + float((weights @ (1.0 - none)).sum()), always + claims


@njit(nogil=True, error_model="numpy")
def draw(rows, room, keys, batches, sums, numbers, out):  # type: ignore[no-untyped-def]
    """Draw ``batches`` batches on these rows of ``out``, with the engine's own steps."""
    for row in range(rows[0], rows[1]):
        out[row] = draw_row(room[row], keys[row], batches, sums, numbers)


@njit(error_model="numpy")
def draw_row(batch, keys, batches, sums, numbers):  # type: ignore[no-untyped-def]
    """Sum of the draws of one row."""
    total = 0.0
    bits, place, share, drawn = batch["first"], batch["place"], batch["share"], batch["drawn"]
    for number in range(batches):
        table, several = sums[number % sums.shape[0]], numbers[number % sums.shape[0]]
        members.words(batch, keys, np.uint64(number), 0, members.SIZE)
        for i in range(members.SIZE):
            node, share[i] = members.node_of(bits[i])
            place[i] = node + several[i] * np.uint32(members.NODES)
        for i in range(members.SIZE):
            drawn[i] = members.between(table, place[i], share[i])
        total += members.tree_sum(drawn, members.SIZE, batch["work"])
    return total


def _floor(name: str, needed: float) -> Case:
    """Time the draws as the subject and the engine as the reference: the ratio is of the floor."""
    plan, engine = aged()
    whole = engine_of(plan)
    rows = numba.get_num_threads()
    keys = streams.child(np.uint64(1), np.arange(rows * members.SIZE)).reshape(rows, -1)
    rng = np.random.default_rng(2)
    rates = plan.world.rate[0, 0][:, None] * rng.gamma(0.5, 2.0, (1, members.SIZE))
    several = np.clip(rng.poisson(rates), 1, members.TABULATED).astype(np.uint32)
    units = REALIZATIONS * member_years(plan)
    batches = round(needed * units / members.SIZE / rows)
    room, out = np.zeros(rows, members.BATCH), np.zeros(rows)

    def floor() -> int:
        on_threads(draw, rows, room, keys, batches, engine.services.sums, several, out)
        return units

    def subject() -> int:
        whole.block(np.arange(REALIZATIONS))
        return units

    return Case(name, "member-year", floor, subject)


def floor_of_the_engine() -> Case:
    """Engine over its floor."""
    needed = draws_needed(aged()[0])[0]
    return _floor(f"floor, {needed:.1f} draws / claims engine", needed)


def floor_claim_by_claim() -> Case:
    """Engine over the floor of an engine that draws every claim by itself."""
    needed = draws_needed(aged()[0])[1]
    return _floor(f"floor, {needed:.1f} draws (each claim) / engine", needed)


CASES = {"floor": floor_of_the_engine, "floor by claim": floor_claim_by_claim}
