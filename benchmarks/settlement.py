"""``python -m benchmarks.settlement``: what settling costs, payment model by payment model.

10,000 realizations of five performance years, every contract of every shipped scenario, each
settled alone: reading the claims, the benchmark, the statement line by line and the ledger. First
the mean of each payment model's contracts is printed, then each of them. A small simulation is
repeated to that size, because a settlement does not see where its numbers come from. The reference
is a plain NumPy copy of as much memory as the settlement fills, in the same process: no program
that writes the same results takes less. Times are of the processor, which settling keeps busy
alone. Memory is allocated as on the command line.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from vbsim.allocator import keep_freed_memory
from vbsim.contract import Contract
from vbsim.plan import Plan
from vbsim.scenario.load import load
from vbsim.scenario.portfolio import is_portfolio
from vbsim.scenario.resolve import resolve
from vbsim.scenario.source import read_source
from vbsim.settle import settle
from vbsim.simulate import simulate

_SHIPPED = sorted((Path(__file__).parents[1] / "scenarios").glob("*.yaml"))
SCENARIOS = [path for path in _SHIPPED if not is_portfolio(read_source(path))]
SIMULATED = 200  # realizations that are repeated
REALIZATIONS, YEARS = 10_000, 5
RUNS = 5
LIMIT = 500.0  # ns per realization, contract and year


@dataclass(frozen=True)
class Timing:
    """What one contract costs [ns per realization, contract and year].

    Parameters
    ----------
    scenario, contract, model
        What was settled.
    lines
        Lines of its statement.
    first, settled, copied
        First settlement, which warms up; the median of later ones; that of the reference.
    """

    scenario: str
    contract: str
    model: str
    lines: int
    first: float
    settled: float
    copied: float


def main() -> None:
    """Time every contract and print the table, slowest first."""
    keep_freed_memory()
    print(f"settling {REALIZATIONS:,} realizations of {YEARS} years; medians of {RUNS}")
    found = [timing for path in SCENARIOS for timing in timings(path)]
    means = {
        model: statistics.mean(each.settled for each in found if each.model == model)
        for model in {each.model for each in found}
    }
    print(f"{'model':48s} {'contracts':>9s} {'ns per realization, contract and year':>38s}")
    for model, mean in sorted(means.items(), key=lambda each: -each[1]):
        print(f"{model:48s} {sum(each.model == model for each in found):9d} {mean:38.0f}")
    columns = f"{'lines':>5s} {'first':>6s} {'ns':>6s} {'copy':>6s} {'ratio':>6s}"
    print(f"\n{'contract':48s} {'model':22s} {columns}")
    for each in sorted(found, key=lambda each: -each.settled):
        _show(each)
    contracts = {f"{each.scenario}: {each.contract}": each.settled for each in found}
    for what, times in (("models", means), ("contracts", contracts)):
        above = [name for name, time in times.items() if time > LIMIT]
        print(f"{what} above {LIMIT:.0f} ns: {', '.join(above) or 'none'}")


def _show(each: Timing) -> None:
    name = f"{each.scenario}: {each.contract}"
    times = f"{each.first:6.0f} {each.settled:6.0f} {each.copied:6.0f}"
    ratio = each.settled / each.copied
    print(f"{name:48s} {each.model:22s} {each.lines:5d} {times} {ratio:6.1f}")


def timings(path: Path) -> Iterator[Timing]:
    """Time the contracts of a scenario."""
    plan = resolve(load(path))
    experience = repeated(plan, simulate(replace(plan, realizations=SIMULATED)))
    plan = five_years(plan)
    for contract in plan.contracts:
        alone = replace(plan, contracts=(contract,))
        first, settled = nanoseconds(partial(settle, alone, experience))
        results = settle(alone, experience)
        lines = results.sizes["line"]
        _, copied = nanoseconds(np.ones(results.nbytes // 8).copy)
        yield Timing(path.stem, contract.name, contract.model, lines, first, settled, copied)


def five_years(plan: Plan) -> Plan:
    """Give every contract the terms of its years again until there are five."""
    base = plan.world.years[~plan.performance]
    years = np.concatenate([base, plan.start_year + np.arange(YEARS)])
    contracts = tuple(map(_prolonged, plan.contracts))
    return replace(plan, world=replace(plan.world, years=years), contracts=contracts)


def _prolonged(contract: Contract) -> Contract:
    """Repeat whatever the contract has year by year."""
    names = ("terms", "benchmarks", "stop_loss", "agreement", "economics")
    again = {name: _again(getattr(contract, name)) for name in names}
    retentions = tuple(replace(r, covers=_again(r.covers)) for r in contract.retentions)
    return replace(contract, **again, retentions=retentions)


def _again(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(values[year % len(values)] for year in range(YEARS)) if values else ()


def repeated(plan: Plan, small: xr.Dataset) -> xr.Dataset:
    """Repeat realizations and performance years, each year from other realizations."""
    base, performance = np.flatnonzero(~plan.performance), np.flatnonzero(plan.performance)
    again = performance[np.arange(YEARS) % performance.size]
    drawn = [(year, plan.world.years[year], 0) for year in base]
    drawn += [(year, plan.start_year + shift, 7 * shift) for shift, year in enumerate(again)]
    rows = np.arange(REALIZATIONS)
    parts = [
        small.isel(year=[year], realization=(rows + shift) % SIMULATED).assign_coords(
            realization=rows, year=[label]
        )
        for year, label, shift in drawn
    ]
    return xr.concat(parts, "year", data_vars="all")


def nanoseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Time the first call, and the median of later ones [ns per realization and year]."""
    times = []
    for _ in range(RUNS + 1):
        start = time.process_time()
        work()
        times.append((time.process_time() - start) / (REALIZATIONS * YEARS) * 1e9)
    return times[0], statistics.median(times[1:])


if __name__ == "__main__":
    main()
