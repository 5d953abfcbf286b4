"""The survival grid on which a distribution becomes a table that a kernel draws from.

Node ``j = 32 e + q`` (``e`` = 0..31, ``q`` = 0..31) stands at the survival probability
``2**(e - 32) * (1 + q / 32)``; node 1024 stands at 1 and node 1025 repeats it. The grid is
log-spaced in the upper tail, so that the largest claim in 2**32 is as well placed as the median,
and a node's number is read from the top bits of a float32: no search, no logarithm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NODES = 1026


def survival_nodes() -> NDArray[np.float64]:
    """Survival probabilities of the nodes, shape (1026,), rising from 2**-32 to 1."""
    octave, step = np.divmod(np.arange(1024), 32)
    nodes = 2.0 ** (octave - 32.0) * (1.0 + step / 32.0)
    return np.concatenate([nodes, [1.0, 1.0]])


def cell_weights() -> NDArray[np.float64]:
    """Probability of each of the 1,025 cells between nodes; the first takes all below 2**-32."""
    weights = np.diff(survival_nodes())
    weights[0] += 2.0**-32
    return weights


def power_mean(log_table: NDArray[np.float64], power: float) -> float:
    """Mean of ``exp(power * value)`` for a value drawn by linear interpolation from a table.

    Exact: within a cell the value is linear in the uniform, so the exponential integrates in
    closed form. Normalizing with it makes the engine's mean exact whatever the table leaves out.
    """
    left, right = power * log_table[:-1], power * log_table[1:]
    gap = right - left
    flat = np.abs(gap) < 1e-9
    safe = np.where(flat, 1.0, gap)
    mean = np.where(flat, np.exp(left), (np.exp(right) - np.exp(left)) / safe)
    return float(cell_weights() @ mean)
