"""The survival grid on which a distribution becomes a table that a kernel draws from.

Node ``j = 32 e + q`` (``e`` = 0..31, ``q`` = 0..31) stands at the survival probability
``2**(e - 32) * (1 + q / 32)`` and node 1024 at 1; a table repeats its last node. The grid is
log-spaced in the upper tail, so that the largest claim in 2**32 is as well placed as the median,
and a node's number is read from the top bits of a float32: no search, no logarithm.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def survival_nodes() -> NDArray[np.float64]:
    """Survival probabilities of the nodes, shape (1025,), rising from 2**-32 to 1; read only."""
    octave, step = np.divmod(np.arange(1025), 32)
    nodes = np.asarray(2.0 ** (octave - 32.0) * (1.0 + step / 32.0))
    nodes.setflags(write=False)
    return nodes


def table_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make the table of values at the nodes, shape (1026,).

    The last node is repeated because the float32 nearest to a survival just below 1 is 1 itself.
    """
    return np.append(values, values[-1])


def cell_weights() -> NDArray[np.float64]:
    """Probability of each of the 1,024 cells between nodes; below 2**-32 a draw is node 0."""
    return np.diff(survival_nodes())


def with_slopes(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pair each node's value with the slope behind it, per unit of the 18 bits that place a draw.

    Shape (..., 1026) becomes (..., 1025, 2).
    """
    slopes = np.diff(tables, axis=-1) * 2.0**-18
    return np.ascontiguousarray(np.stack([tables[..., :-1], slopes], axis=-1))


def table_mean(table: NDArray[np.float64]) -> float:
    """Mean of the draws that a table gives."""
    return float(cell_weights() @ (table[:1024] + table[1:1025]) / 2.0 + 2.0**-32 * table[0])


def table_moments(table: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation of the draws that a table gives."""
    mean = table_mean(table)
    left, right = table[:1024] - mean, table[1:1025] - mean
    cells = cell_weights() @ (left**2 + left * right + right**2) / 3.0
    return mean, float(np.sqrt(2.0**-32 * left[0] ** 2 + cells))


def power_mean(log_table: NDArray[np.float64], power: float) -> float:
    """Mean of ``exp(power * value)`` for a value drawn by linear interpolation from a table.

    Exact: within a cell the value is linear in the uniform, so the exponential integrates in
    closed form. Normalizing with it makes the engine's mean exact whatever the table leaves out.
    """
    left, right = power * log_table[:-2], power * log_table[1:-1]
    gap = right - left
    flat = np.abs(gap) < 1e-9
    safe = np.where(flat, 1.0, gap)
    mean = np.where(flat, np.exp(left), (np.exp(right) - np.exp(left)) / safe)
    return float(cell_weights() @ mean + 2.0**-32 * np.exp(left[0]))
