"""``python -m benchmarks.engines``: the collective engine held against the claims engine.

The demonstration's four segments and three base years at several sizes, for one and for five
performance years, on the same realizations: both engines share their systematic random numbers, so
the difference is the luck of the members and what the collective engine gets wrong. Savings rate,
probabilities and correlations are of the last year; value at risk is that of the loss of all
performance years together. Correlations are of the pair that differs most. Errors are those of the
difference, from 20 batches of realizations or the paired error of the measure.

Verdicts: ``met`` with 95 % confidence; ``inside`` the tolerance, with an error too large to be
sure; ``noise``: outside, within two errors of the tolerance; ``MISSED``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.cases import SCENARIO, members_of
from vbsim.allocator import keep_freed_memory
from vbsim.engines import pilot
from vbsim.measures.catalogue import Measure, tail_value_at_risk, value_at_risk
from vbsim.measures.precision import Estimate, difference
from vbsim.plan import FloatArray, Plan
from vbsim.scenario.load import load
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Projection
from vbsim.settle import settle
from vbsim.simulate import engine_of, numbers_by_block

# Realizations of the claims engine: some half a minute on two threads each.
CASES = {
    (1_000, 1): 100_000, (1_000, 5): 60_000, (5_000, 1): 40_000, (5_000, 5): 20_000,
    (20_000, 1): 20_000, (20_000, 5): 10_000, (50_000, 1): 10_000, (50_000, 5): 5_000,
}  # fmt: skip
BATCHES = 20
SPEED = 10_000  # realizations
GATED, FULL = "enhanced", "capitation"
Seen = dict[str, FloatArray]


@dataclass(frozen=True)
class Target:
    """A figure that both engines give.

    Parameters
    ----------
    name
        What it is.
    tolerance
        Largest difference, a share of the claims engine's figure where ``relative``.
    relative
        Whether it is.
    value
        The figure of some realizations, several, or an estimate that knows its error.
    """

    name: str
    tolerance: float
    relative: bool
    value: Callable[[Seen], Any]


def _correlations(name: str) -> Callable[[Seen], FloatArray]:
    def value(seen: Seen) -> FloatArray:
        matrix = np.atleast_2d(np.corrcoef(seen[name].T))
        return matrix[np.triu_indices(len(matrix), 1)]

    return value


def _risk(measure: Measure, contract: str) -> Target:
    name = f"{measure.label}, {contract}"
    return Target(name, 0.02, True, lambda seen: measure(seen[contract]))


def _targets() -> list[Target]:
    return [
        Target("mean savings rate", 2e-4, False, lambda seen: seen["rate"].mean()),
        Target("sd of the savings rate", 0.01, True, lambda seen: seen["rate"].std()),
        Target("P(earning), ENHANCED", 0.005, False, lambda seen: (seen["gated"] > 0).mean()),
        Target("P(owing), ENHANCED", 0.005, False, lambda seen: (seen["gated"] < 0).mean()),
        *(_risk(m(0.99), c) for c in (GATED, FULL) for m in (value_at_risk, tail_value_at_risk)),
        Target("correlations of counts", 0.02, False, _correlations("claims")),
        Target("correlations of costs", 0.02, False, _correlations("cost")),
        Target("correlations of years", 0.02, False, _correlations("total")),
    ]


def plan_of(members: int, years: int) -> Plan:
    """Plan of the demonstration with so many members and performance years."""
    growth = Projection(growth=0.045, source="UNVERIFIED: both engines simulate the same")
    scenario = load(SCENARIO).model_copy(update={"years": years, "projection": growth})
    return members_of(resolve(scenario), members)


def _seen(plan: Plan, experience: xr.Dataset) -> Seen:
    """Settle a block and keep what the targets look at."""
    settled = settle(plan, experience)
    net = settled["net_to_provider"]
    cost = experience["cost"].values
    return {
        "rate": settled["savings_rate"].sel(contract=GATED).values[:, -1],
        "gated": net.sel(contract=GATED).values[:, -1],
        **{name: net.sel(contract=name).values.sum(axis=1) for name in (GATED, FULL)},
        "claims": experience["claims"].values[:, -1].sum(axis=1),
        "cost": cost[:, -1].sum(axis=1),
        "total": cost.sum(axis=(2, 3)),
    }


def run(plan: Plan, engine: str) -> tuple[Seen, float]:
    """Simulate a plan with an engine; also give the seconds that its simulation took."""
    made, seconds, found = engine_of(replace(plan, engine=engine)), 0.0, []
    for numbers in numbers_by_block(replace(plan, engine=engine)):
        start = time.perf_counter()
        experience = made.block(numbers)
        seconds += time.perf_counter() - start
        found.append(_seen(plan, experience))
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}, seconds


def compare(target: Target, ours: Seen, theirs: Seen) -> tuple[float, float, float, float, str]:
    """Give collective, claims, tolerance, error of the difference, verdict: worst of several."""
    found, judge, errors = _figures(target, ours, theirs)
    worst = int(np.argmax(np.abs(found - judge)))
    one, two, error = float(found[worst]), float(judge[worst]), float(errors[worst])
    allowed = target.tolerance * abs(two) if target.relative else target.tolerance
    off = abs(one - two)
    if off <= allowed:
        verdict = "met" if off + 1.96 * error <= allowed else "inside"
    else:
        verdict = "MISSED" if off > allowed + 1.96 * error else "noise"
    return one, two, allowed, error, verdict


def _figures(target: Target, ours: Seen, theirs: Seen) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Figures of the collective and of the claims engine, and errors of their differences."""
    found, judge = target.value(ours), target.value(theirs)
    if isinstance(found, Estimate) and isinstance(judge, Estimate):
        off = difference(found, judge)
        return tuple(np.array([x]) for x in (found.value, judge.value, off.standard_error))
    count = theirs["rate"].size // BATCHES
    parts = [slice(n * count, (n + 1) * count) for n in range(BATCHES)]
    pairs = [
        [target.value({k: v[part] for k, v in seen.items()}) for seen in (ours, theirs)]
        for part in parts
    ]
    errors = np.std([a - b for a, b in pairs], axis=0, ddof=1) / np.sqrt(BATCHES)
    return np.atleast_1d(found), np.atleast_1d(judge), np.atleast_1d(errors)


def _speed(plan: Plan) -> tuple[float, float]:
    """Seconds of the collective engine for SPEED realizations, and of these for its set-up.

    The pilot is drawn anew. Tables of the unit costs are there, as they are for the claims engine.
    """
    pilot.forget()
    plan = replace(plan, engine="collective", realizations=SPEED)
    start = time.perf_counter()
    made = engine_of(plan)
    ready = time.perf_counter()
    for numbers in numbers_by_block(plan):
        made.block(numbers)
    return time.perf_counter() - start, ready - start


def show(members: int, years: int, realizations: int) -> None:
    """Run a case and print its table."""
    plan = replace(plan_of(members, years), realizations=realizations)
    theirs, seconds = run(plan, "claims")
    ours, _ = run(plan, "collective")
    print(f"\n{members:,} members, {years} performance years, {realizations:,} realizations")
    heads = ("collective", "claims", "difference", "tolerance", "error")
    print(f"{'':26s} " + " ".join(f"{head:>12s}" for head in heads))
    for target in _targets():
        one, two, allowed, error, verdict = compare(target, ours, theirs)
        cells = " ".join(f"{value:12.5g}" for value in (one, two, one - two, allowed, error))
        print(f"{target.name:26s} {cells} {verdict}")
    scaled = seconds * SPEED / realizations
    whole, ready = sorted(_speed(plan) for _ in range(5))[2]
    print(
        f"{SPEED:,} realizations: claims {scaled:.1f} s, scaled from {realizations:,}; collective "
        f"{whole:.3f} s, of which set-up {ready:.3f} s: {scaled / whole:,.0f} times as fast, "
        f"{scaled / (whole - ready):,.0f} without the set-up",
        flush=True,
    )


def main() -> None:
    """Print the tables of all cases, or of one."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--members", type=int, help="of this size only")
    parser.add_argument("--years", type=int, help="of so many performance years only")
    parser.add_argument("--realizations", type=int, help="in place of what is usual for the case")
    asked = parser.parse_args()
    keep_freed_memory()  # as on the command line
    for (members, years), usual in CASES.items():
        if asked.members in (None, members) and asked.years in (None, years):
            show(members, years, asked.realizations or usual)


if __name__ == "__main__":
    main()
