"""``python -m benchmarks``: one table of ratios, compile time apart, the machine named."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

import numba
import numpy as np

from benchmarks import claims, curves, peers, settlement
from benchmarks.cases import CASES, Case, Work

RUNS = 5


BASELINE = Path(__file__).with_name("baseline.json")
WIDTHS = (9, 9, 14, 12, 8)
WORST = 0.75  # of the baseline's ratio


def main() -> None:
    """Time every case and print the table; check or write the baseline, or draw the curves."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where a ratio fell by a quarter")
    parser.add_argument("--update", action="store_true", help="make these ratios the baseline")
    parser.add_argument("--curves", type=Path, metavar="FOLDER", help="draw scaling curves instead")
    asked = parser.parse_args()
    print(f"{_processor()}, {os.cpu_count()} processors, {platform.platform()}")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, numba {numba.__version__}, "
        f"{numba.get_num_threads()} threads; medians of {RUNS}, subject and reference in turn"
    )
    if asked.curves is not None:
        curves.draw(asked.curves)
        return
    ratios = _table(quick=asked.check)
    if asked.update:
        BASELINE.write_text(json.dumps(ratios, indent=2) + "\n", encoding="utf-8")
    if asked.check:
        sys.exit(_check(ratios))
    settlement.main()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:,.0f} MB")


def _table(quick: bool) -> dict[str, float]:
    """Print all cases, or those that are checked; give the median ratio of these by key."""
    heads = ("ns/unit", "reference", "ratio", "per second", "compile")
    columns = " ".join(f"{head:>{width}s}" for head, width in zip(heads, WIDTHS, strict=True))
    print(f"{'case':58s} {'unit':22s} {columns}")
    ratios = {key: _show(make()) for key, make in CASES.items()}
    if not quick:
        compound, missing = peers.cases()
        for make in (*claims.CASES.values(), *compound):
            _show(make())
        for sentence in missing + _show_qualities():
            print(sentence)
    return ratios


def _check(ratios: dict[str, float]) -> int:
    """Hold ratios against the baseline; 1 if one fell by a quarter."""
    fallen = 0
    for key, expected in json.loads(BASELINE.read_text(encoding="utf-8")).items():
        found = ratios[key] / expected
        verdict = "ok" if found >= WORST else "FELL"
        fallen += verdict != "ok"
        print(f"{key:12s} {ratios[key]:8.2f}, baseline {expected:8.2f}: {found:4.0%} {verdict}")
    return int(fallen > 0)


def _show(case: Case) -> float:
    start = time.perf_counter()
    case.subject()
    first = time.perf_counter() - start
    case.reference()
    pairs = [(_nanoseconds(case.subject), _nanoseconds(case.reference)) for _ in range(RUNS)]
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.1f}-{ratios[-1]:.1f})"
    times = f"{ours:9.1f} {theirs:9.1f} {spread:>14s} {1e9 / ours:12,.0f} {first:7.1f}s"
    print(f"{case.name:58s} {case.unit:22s} {times}", flush=True)
    return round(statistics.median(ratios), 3)


def _show_qualities() -> list[str]:
    found, missing = peers.qualities()
    print("\none year's aggregate loss, its whole distribution")
    columns = f"{'seconds':>9s} {'mean':>9s} {'sd':>9s} {'99.5 %':>9s}"
    print(f"{'method':44s} {columns}   (relative errors)")
    for each in found:
        errors = f"{each.mean_error:9.1e} {each.sd_error:9.1e} {each.tail_error:9.1e}"
        print(f"{each.method:44s} {each.seconds:9.4f} {errors}")
    return missing


def _nanoseconds(work: Work) -> float:
    start = time.perf_counter()
    units = work()
    return (time.perf_counter() - start) / units * 1e9


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
