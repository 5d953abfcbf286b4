"""``python -m benchmarks``: one table of ratios, compile time apart, the machine named."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from pathlib import Path

import numba
import numpy as np

from benchmarks import claims, peers, settlement
from benchmarks.cases import CASES, Case, Work

RUNS = 5


def main() -> None:
    """Time every case and print the table."""
    print(f"{_processor()}, {os.cpu_count()} processors, {platform.platform()}")
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, numba {numba.__version__}, "
        f"{numba.get_num_threads()} threads; medians of {RUNS}, subject and reference in turn"
    )
    columns = f"{'ns/unit':>9s} {'reference':>9s} {'ratio':>14s} {'compile':>8s}"
    print(f"{'case':58s} {'unit':22s} {columns}")
    compound, missing = peers.cases()
    for make in (*CASES.values(), *claims.CASES.values(), *compound):
        _show(make())
    for sentence in missing + _show_qualities():
        print(sentence)
    settlement.main()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:,.0f} MB")


def _show(case: Case) -> None:
    start = time.perf_counter()
    case.subject()
    first = time.perf_counter() - start
    case.reference()
    pairs = [(_nanoseconds(case.subject), _nanoseconds(case.reference)) for _ in range(RUNS)]
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.1f}-{ratios[-1]:.1f})"
    print(f"{case.name:58s} {case.unit:22s} {ours:9.1f} {theirs:9.1f} {spread:>14s} {first:7.1f}s")


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
