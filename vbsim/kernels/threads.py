"""Rows of a kernel shared among threads, where numba's own loop takes too long to compile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba

_PARTS = 8  # for each thread: what is left when the first of them ends is an eighth at most


def on_threads(kernel: Callable[..., object], count: int, *given: Any) -> None:
    """Run a kernel over rows, some on each of numba's threads.

    Parameters
    ----------
    kernel
        Of first row and the one after the last, and what is ``given``; it must let go of Python's
        lock, and a row must not depend on others.
    count
        How many rows there are.
    given
        What it takes besides.
    """
    threads = min(numba.get_num_threads(), count)
    if threads < 2:
        kernel((0, count), *given)
        return
    size = -(-count // (_PARTS * threads))
    pool = ThreadPoolExecutor(threads)
    try:
        parts = [(start, min(start + size, count)) for start in range(0, count, size)]
        for part in [pool.submit(kernel, rows, *given) for rows in parts]:
            part.result()
    finally:
        pool.shutdown(cancel_futures=True)
