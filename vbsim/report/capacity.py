"""What a run needs of this machine: time, memory and disk; and whether they are there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np

from vbsim.blocks import Blocks
from vbsim.engines import choose, member_years
from vbsim.errors import CapacityError
from vbsim.plan import Plan
from vbsim.report.run_folder import RESULTS
from vbsim.report.unfinished import partial_folder
from vbsim.simulate import block_size, experience_bytes, free_memory

_LINES = 30  # of a contract's statement, with its net results; between 20 and 30 in all models
_BENCHMARK_LINES = 40  # more, where a program's rules build the benchmark or an agreement adds
_BLOCK_BYTES = 2**26
# Measured peaks of a process: libraries, compiling and figures; copies of a block while it
# is settled and written; and, per realization, the sorted samples of two contracts while their
# difference is measured.
_PROGRAM_BYTES, _BLOCK_COPIES, _MEASURING_BYTES = 480e6, 2, 150


def size(count: float) -> str:
    """Write a number of bytes."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def row_bytes(plan: Plan) -> int:
    """Size of the results of one realization [bytes]."""
    rules = sum(contract.by_rules or bool(contract.agreement) for contract in plan.contracts)
    lines = len(plan.contracts) * (8 + _LINES) + rules * _BENCHMARK_LINES
    settled = int(np.sum(plan.performance)) * lines
    return experience_bytes(plan) // plan.realizations + 8 * settled


def results_bytes(plan: Plan) -> int:
    """Size of ``results.nc`` [bytes]."""
    return plan.realizations * row_bytes(plan)


def block_rows(plan: Plan) -> int:
    """Realizations per block: at most a second of work, and a bounded part of memory."""
    return max(1, min(block_size(plan), _BLOCK_BYTES // row_bytes(plan)))


def memory_bytes(plan: Plan, processes: int = 0) -> int:
    """Memory that a run takes [bytes], measuring, reporting and other processes included."""
    return (1 + processes) * block_memory(plan) + _MEASURING_BYTES * plan.realizations


def block_memory(plan: Plan) -> int:
    """Memory that simulating and settling one block takes [bytes]."""
    return int(_PROGRAM_BYTES) + _BLOCK_COPIES * block_rows(plan) * row_bytes(plan)


def seconds(plan: Plan, processes: int = 1) -> float:
    """Time that simulating and settling a plan takes on this machine, from a short trial [s].

    Draws of uncertain figures are shared out among processes.
    """
    blocks = Blocks(plan)
    blocks(range(1))  # compiles, or loads what was compiled
    if plan.draws:  # another draw, whose engine is made
        trial, shared = range(plan.inner, 2 * plan.inner), max(1, processes)
    elif choose(plan)[0] == "collective":
        trial, shared = range(block_rows(plan)), 1
    else:
        trial, shared = range(int(np.clip(1_000_000 // member_years(plan), 1, 100))), 1
    start = time.perf_counter()
    blocks(trial)
    return (time.perf_counter() - start) * plan.realizations / (len(trial) * shared)


def check_disk(out: Path, need: int) -> None:
    """Raise CapacityError if the results [bytes] would not fit on the disk of ``out``."""
    place = out.absolute()
    while not place.exists():
        place = place.parent
    begun = partial_folder(out) / RESULTS
    if begun.is_file():  # as much of it as has its place on the disk already
        need -= 512 * getattr(begun.stat(), "st_blocks", 0)
    free = shutil.disk_usage(place).free
    if need > 0.9 * free:
        raise CapacityError(
            f"the results need {size(need)} on disk, and {size(free)} are free at {place}; lower "
            "realizations, or choose another disk with -o"
        )


def check_memory(need: int) -> None:
    """Raise CapacityError if a run [bytes] would not fit into the memory that is free."""
    free = free_memory()
    if need > 0.9 * free:
        raise CapacityError(
            f"the run needs {size(need)} of memory, and {size(free)} are free; lower "
            "realizations, or close other programs"
        )
