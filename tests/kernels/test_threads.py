"""Rows on threads: each is done once, however many there are, and an error is told."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from vbsim.kernels.threads import on_threads


def mark(rows: tuple[int, int], done: np.ndarray) -> None:
    done[slice(*rows)] += 1


@pytest.mark.parametrize("count", [0, 1, 2, 5, 16, 1_000])
def test_every_row_is_done_once(count: int) -> None:
    done = np.zeros(count, dtype=np.int64)
    on_threads(mark, count, done)
    np.testing.assert_array_equal(done, 1)


def test_one_thread_takes_all_rows_at_once() -> None:
    before, seen = numba.get_num_threads(), list[tuple[int, int]]()
    numba.set_num_threads(1)
    try:
        on_threads(seen.append, 100)
    finally:
        numba.set_num_threads(before)
    assert seen == [(0, 100)]


def test_an_error_ends_it() -> None:
    def fails(rows: tuple[int, int]) -> None:
        raise ValueError(f"row {rows[0]}")

    with pytest.raises(ValueError, match="row 0"):
        on_threads(fails, 100)
