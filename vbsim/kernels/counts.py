"""Poisson tables that the claims kernel draws counts from."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.kernels.inputs import PoissonTables
from vbsim.kernels.members import LARGE, SEVERAL, STEPS, TABULATED

_BUCKET = 2**26  # draws in a bucket: a draw has 32 bits, the bucket the top 6


def tabulated_means() -> NDArray[np.float64]:
    """Means of the rows: in steps of 1/8 below 32, then the large ones."""
    return np.concatenate([np.arange(TABULATED * STEPS) / STEPS, np.array(LARGE, dtype=np.float64)])


@cache
def poisson_tables() -> PoissonTables:
    """Tables of :func:`tabulated_means`, exact to the 32 bits of a draw."""
    rows = [_above(mean) for mean in tabulated_means()]
    starts = np.cumsum([0, *(row.size for row in rows[:-1])])
    fine = rows[: TABULATED * STEPS]
    # Of each row, the first bucket in 64 parts and then all buckets.
    parts = [_entries(row, width) for row in fine for width in (_BUCKET // 64, _BUCKET)]
    return PoissonTables(
        entries=np.concatenate(parts),
        least=np.stack([_least(row, _BUCKET) for row in rows]).astype(np.uint16),
        start=starts.astype(np.uint32),
        above=np.concatenate(rows).astype(np.uint32),
        large=np.array(LARGE, dtype=np.float32),
    )


def _above(mean: float) -> NDArray[np.int64]:
    """P(N > n) in units of 2**-32 for n = 0, 1, ... down to the first 0."""
    n = np.arange(int(mean + 7.0 * np.sqrt(mean)) + 16)
    tail = np.minimum(np.rint(special.pdtrc(n, mean) * 2.0**32), 2.0**32 - 1.0)
    return tail[: int(np.argmin(tail)) + 1].astype(np.int64)


def _least(above: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Smallest count in each of the first 64 stretches of so many draws: that of its last draw."""
    last = (np.arange(64) + 1) * width - 1
    return np.searchsorted(-above, -last)


def _entries(above: NDArray[np.int64], width: int) -> NDArray[np.uint32]:
    """Smallest count of a stretch in 6 bits; above them, below which draw of the bucket one more.

    The first of the wide stretches is never looked up: its parts are.
    """
    first, least = np.arange(64) * width, _least(above, width)
    more = np.where(above[least] > first, above[least] - first // _BUCKET * _BUCKET, 0)
    several = (np.searchsorted(-above, -first) > least + 1) | (least >= SEVERAL)
    return (np.where(several, 0, more) << 6 | np.where(several, SEVERAL, least)).astype(np.uint32)
