"""Processes beside this one, for what Python does on one processor at a time.

The command line starts them while it has one thread, and they wait for work: draws of uncertain
figures to be resolved, simulated and settled, figures to be drawn. What they return does not depend
on how many they are.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_MOST = 8
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux' prctl.h
_beside: ProcessPoolExecutor | None = None
_number = 0


@contextmanager
def beside(count: int, prepare: Callable[[], None]) -> Iterator[None]:
    """Keep ``count`` processes for :func:`each`, where more than one can be had.

    They are copies of this process, so they start in milliseconds and have imported what it has.
    A copy keeps one thread alone: it is safe only while there are no others, and is made only where
    that can be seen, on Linux.

    Parameters
    ----------
    count
        How many; 8 at most.
    prepare
        What each of them does first, while this process goes on.
    """
    global _beside, _number
    most = min(count, _MOST)
    pool = _started(most, prepare) if most > 1 and _has_one_thread() else None
    if pool is None:
        yield
        return
    _beside, _number = pool, most
    try:
        yield
    finally:
        _beside, _number = None, 0
        pool.shutdown(cancel_futures=True)


def _started(count: int, prepare: Callable[[], None]) -> ProcessPoolExecutor | None:
    """Start so many processes; nothing if the system does not grant them."""
    pool = ProcessPoolExecutor(count, get_context("fork"), _born, (os.getpid(), prepare))
    # An interrupt belongs to the command, which then ends its copies: they are born deaf to it.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pool.submit(int)  # the first call starts all of them
    except OSError:
        for copy in active_children():
            copy.kill()
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
    return pool


def count_beside() -> int:
    """Count the processes beside this one."""
    return _number


def each(function: Callable[[T], R], items: Iterable[T], together: int = 1) -> Iterator[R]:
    """Apply a function to every item, in the processes beside this one if there are any.

    Parameters
    ----------
    function
        Of one item. Function, items and results must be such that they can be pickled.
    items
        What it is applied to.
    together
        Items that go to a process at a time.

    Yields
    ------
    R
        Results in the order of the items. An error of the function is raised where its result
        would be.
    """
    if _beside is None:
        yield from map(function, items)
        return
    sent = pickle.dumps(function)  # it may hold megabytes: made into bytes once
    todo = list(items)
    groups = [todo[start : start + together] for start in range(0, len(todo), together)]
    rest, waiting, done = iter(groups), deque[Future[list[R]]](), 0
    try:
        while done < len(groups):
            ahead = islice(rest, 2 * _number - len(waiting))  # what is done waits in memory
            waiting.extend(_beside.submit(_apply, sent, group) for group in ahead)
            found = waiting.popleft().result()
            done += 1
            yield from found
    except BrokenProcessPool:  # the system ended one of them, for want of memory
        yield from map(function, chain.from_iterable(groups[done:]))


def _apply(function: bytes, items: list[Any]) -> list[Any]:
    return [_unpickled(function)(item) for item in items]


_unpickled = lru_cache(maxsize=1)(pickle.loads)


def _has_one_thread() -> bool:
    """Whether it is certain that this process has one thread, those of libraries counted."""
    tasks = Path("/proc/self/task")
    return tasks.is_dir() and len(list(tasks.iterdir())) == 1


def _born(command: int, prepare: Callable[[], None]) -> None:
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != command:  # it was killed before this process asked to die with it
        os._exit(1)
    prepare()
