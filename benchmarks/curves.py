"""How time and memory grow with members, realizations, years, contracts and threads."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numba
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from benchmarks.cases import SCENARIO, demonstration, members_of
from benchmarks.settlement import five_years
from vbsim.allocator import keep_freed_memory
from vbsim.plan import Plan
from vbsim.settle import settle
from vbsim.simulate import engine_of

RUNS = 5
COUNTS = {"claims": 20, "collective": 2_000}  # realizations whose time is comparable
Timed = Callable[[int], float]
_RUN = """
import json, resource, sys, vbsim
from dataclasses import replace
plan = vbsim.resolve(vbsim.load(sys.argv[1]))
plan = replace(plan, realizations=int(sys.argv[2]), engine="collective")
vbsim.run(plan, sys.argv[3])
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
"""


def draw(folder: Path) -> None:
    """Time everything and write the figures into a folder; memory is as on the command line."""
    keep_freed_memory()
    folder.mkdir(parents=True, exist_ok=True)
    for name, (label, sizes, series) in _figures().items():
        found = {text: [timed(size) for size in sizes] for text, timed in series.items()}
        _figure(label, sizes, found, "seconds").savefig(folder / f"{name}.png", dpi=150)
        _print(name, sizes, found, "s")
    sizes = (1_000, 4_000, 16_000, 64_000)
    memory = {"whole run, report included": [_peak(size, folder) for size in sizes]}
    _figure("realizations", sizes, memory, "peak memory [MB]").savefig(
        folder / "memory.png", dpi=150
    )
    _print("memory", sizes, memory, "MB")


def _figures() -> dict[str, tuple[str, Sequence[int], dict[str, Timed]]]:
    threads = range(1, int(numba.config.NUMBA_NUM_THREADS) + 1)  # type: ignore[attr-defined]
    both = [(f"{name}, {count:,} realizations", name) for name, count in COUNTS.items()]
    return {
        "members": (
            "members", (2_500, 5_000, 10_000, 20_000, 40_000),
            {text: _of_members(name) for text, name in both},
        ),
        "realizations": (
            "realizations", (500, 1_000, 2_000, 4_000), {"collective, settled": _of_realizations},
        ),
        "years": ("performance years", (1, 2, 3, 4, 5), {"settlement": _of_years}),
        "contracts": ("contracts", (1, 2, 4, 8), {"settlement": _of_contracts}),
        "threads": ("threads", tuple(threads), {text: _of_threads(name) for text, name in both}),
    }  # fmt: skip


def _median(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _sized(members: int, engine: str) -> Plan:
    return replace(members_of(demonstration(), members), engine=engine)


def _of_members(engine: str) -> Timed:
    def timed(members: int) -> float:
        made, count = engine_of(_sized(members, engine)), COUNTS[engine]
        return _median(lambda: made.block(np.arange(count)))

    return timed


def _of_threads(engine: str) -> Timed:
    def timed(threads: int) -> float:
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        found = _of_members(engine)(10_000)
        numba.set_num_threads(before)
        return found

    return timed


def _of_realizations(count: int) -> float:
    plan, engine = _experience()[0], _engine()
    return _median(lambda: settle(plan, engine.block(np.arange(count))))


@cache
def _engine() -> object:
    return engine_of(_sized(10_000, "collective"))


@cache
def _experience() -> tuple[Plan, object]:
    plan = _sized(10_000, "collective")
    return plan, engine_of(plan).block(np.arange(2_000))


def _of_contracts(count: int) -> float:
    plan, experience = _experience()
    chosen = plan.contracts[:1] * count
    named = [replace(contract, name=f"{contract.name}_{n}") for n, contract in enumerate(chosen)]
    return _median(lambda: settle(replace(plan, contracts=tuple(named)), experience))


def _of_years(count: int) -> float:
    plan, experience = _experience()
    longer, base = five_years(plan), int((~plan.performance).sum())
    years = longer.world.years[: base + count]
    rows = [*range(base), *[base] * count]
    many = experience.isel(year=rows).assign_coords(year=years)
    shorter = replace(longer, world=replace(longer.world, years=years))
    return _median(lambda: settle(shorter, many))


def _peak(realizations: int, folder: Path) -> float:
    """Peak memory of a whole run in a process of its own [MB]."""
    out = folder / f"run_{realizations}"
    words = [sys.executable, "-c", _RUN, str(SCENARIO), str(realizations), str(out)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ)
    for path in sorted(out.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    out.rmdir()
    return float(json.loads(done.stdout))


def _print(name: str, sizes: Sequence[int], found: dict[str, list[float]], unit: str) -> None:
    for text, values in found.items():
        cells = ", ".join(
            f"{size:,}: {v:.4g} {unit}" for size, v in zip(sizes, values, strict=True)
        )
        print(f"{name}, {text}: {cells}; slope {_slope(sizes, values):.2f}", flush=True)


def _slope(sizes: Sequence[int], values: list[float]) -> float:
    """Slope on logarithmic axes: 1 doubles with the size; 0 of a single size."""
    if len(sizes) < 2:
        return 0.0
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def _figure(label: str, sizes: Sequence[int], found: dict[str, list[float]], unit: str) -> Figure:
    """Draw times on logarithmic axes, beside a line that doubles; memory from 0 on."""
    figure = Figure(figsize=(6.0, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    for text, values in found.items():
        shown = f"{text} (slope {_slope(sizes, values):.2f})"
        axes.plot(sizes, values, marker="o", label=shown)
    if unit == "seconds":
        axes.set_yscale("log")
        first, direction = max(values[0] for values in found.values()), 1.0
        if label == "threads":
            direction = -1.0
        line = [first * (size / sizes[0]) ** direction for size in sizes]
        name = "halves" if direction < 0.0 else "doubles"
        axes.plot(sizes, line, color="0.6", linestyle="--", label=f"{name} with {label}")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{1e3 * value:,.4g}"))
    axes.set_xticks(list(sizes), [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set(xlabel=label, ylabel="milliseconds" if unit == "seconds" else unit)
    if unit != "seconds":
        axes.set_ylim(0.0, 1.25 * max(max(values) for values in found.values()))
    what = "Time" if unit == "seconds" else "Peak memory"
    axes.set_title(f"{what} by {label}", loc="left", fontsize="medium", fontweight="bold")
    axes.legend(frameon=False, fontsize="small")
    axes.grid(alpha=0.3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure
