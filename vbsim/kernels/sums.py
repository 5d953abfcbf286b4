"""Tables of the cost of several claims together.

The sum of n independent draws from a table is a law of its own. Its survival function comes from
fast Fourier transforms on even money grids (Embrechts & Frei, "Panjer recursion versus FFT for
compound distributions", 2009), with the mean of every claim kept; read at the survival nodes it is
a table like any other. Windows of several sizes resolve both the bulk and a heavy tail. An affine
map, within 0.1 % of the identity, then makes the mean of each table n times and its standard
deviation the square root of n times that of the single claim.

Measured: quantiles between survival 1e-6 and 1/2 agree with those of exact gamma sums (cv 0.6 and
1.2, up to 384 claims) to 0.03 %, and with windows of 16 times as many points (lognormal up to sigma
2, Weibull, Pareto of cv 3) to 0.1 %; lower ones to 0.3 % of the mean. The lowest 1/64 of a sum is
spread evenly, and what a single claim's table cuts at 2**-32 is cut here as well.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from vbsim.kernels.grid import survival_nodes, table_mean, table_moments, table_of
from vbsim.kernels.members import LARGE, NODES, TABULATED

FloatArray = NDArray[np.float64]
# Numbers of claims that share windows: within a factor of two.
_GROUPS = (
    *(tuple(range(2**k + 1, 2 ** (k + 1) + 1)) for k in range(5)),
    *((LARGE[k], LARGE[k + 1]) for k in (1, 3, 5)),
    (LARGE[7],),
)
_EDGES = 2.0 ** -np.array([8.0, 16.0, 24.0, 32.0])  # survival to which a window must reach
_POINTS, _MOST_POINTS = 2**12, 2**16
_STEPS_PER_SD = 16  # in the lowest window, which holds the bulk


class _Window(NamedTuple):
    """Money grid 0, step, ... and survival of each sum in the middle between its points."""

    step: float  # USD
    survival: dict[int, FloatArray]


def sum_tables(table: FloatArray) -> NDArray[np.float32]:
    """Tables of 0, 1, ... 32 and of each of the large numbers of claims, one after the other.

    ``table`` is that of one claim, shape (1026,); the result has shape (rows * 1026,).
    """
    mean, sd = table_moments(table)
    sums = {0: np.zeros(NODES - 1), 1: table[:-1]}
    for group in _GROUPS if sd > 1e-9 * mean else ():
        windows = [_window(table, group, *size) for size in _sizes(table, group[-1])]
        for n in group:
            sums[n] = _pinned(_nodes(windows, n), n * mean, np.sqrt(n) * sd)
    rows = [table_of(sums.get(n, n * table[:-1])) for n in (*range(TABULATED + 1), *LARGE[1:])]
    return np.maximum(np.concatenate(rows), 0.0).astype(np.float32)


def limited_mean(table: FloatArray, limits: FloatArray) -> FloatArray:
    """E[min(Y, limit)] of a claim drawn from a table [USD]: exact."""
    values, survival = table[NODES - 2 :: -1], survival_nodes()[::-1]
    widths = np.diff(values)
    area = values[0] + np.append(0.0, np.cumsum(widths * (survival[1:] + survival[:-1]) / 2.0))
    cell = np.clip(np.searchsorted(values, limits, "right") - 1, 0, widths.size - 1)
    into = np.clip(limits - values[cell], 0.0, widths[cell])
    slope = np.diff(survival) / np.where(widths > 0.0, widths, 1.0)
    inside = area[cell] + into * (survival[cell] + slope[cell] * into / 2.0)
    return np.where(limits < values[0], limits, inside)


def _sizes(table: FloatArray, n: int) -> list[tuple[float, int]]:
    """Reach [USD] and points of the windows that sums of n claims need."""
    mean, sd = table_moments(table)
    single = np.interp(_EDGES / n, survival_nodes(), table[:-1])
    normal = np.sqrt(-2.0 * np.log(_EDGES) * n) * np.minimum(sd, single)
    reaches = 1.05 * (n * mean + single + normal)
    kept = [reaches[-1]]
    for reach in reaches[-2::-1]:
        kept += [reach] if kept[-1] > 3.0 * reach else []
    bulk = table_moments(np.minimum(table, kept[-1]))[1]
    points = _POINTS
    while points < _MOST_POINTS and 0.0 < bulk < _STEPS_PER_SD * kept[-1] / points:
        points *= 2
    return [(kept[-1], points), *((reach, _POINTS) for reach in kept[-2::-1])]


def _window(table: FloatArray, group: tuple[int, ...], reach: float, points: int) -> _Window:
    """Convolve claims below ``reach``; below it, larger claims do not change the law of a sum."""
    step = reach / points
    slopes = np.diff(limited_mean(table, np.arange(points + 1.0) * step)) / step
    # Twice the room, so that a sum beyond the window does not come back at its beginning.
    single = fft.rfft(-np.diff(slopes, prepend=1.0), 2 * points)
    powers = {group[0]: single ** group[0]}
    for fewer, n in pairwise(group):
        powers[n] = powers[fewer] * single ** (n - fewer)
    below = {n: np.cumsum(fft.irfft(power, 2 * points)[:points]) for n, power in powers.items()}
    return _Window(step, {n: np.minimum.accumulate(1.0 - mass) for n, mass in below.items()})


def _nodes(windows: list[_Window], n: int) -> FloatArray:
    """Values at the survival nodes, each from the lowest window that reaches it."""
    nodes, values = survival_nodes(), np.empty(0)
    for window in reversed(windows):
        survival = window.survival[n]
        found = np.interp(-nodes, -survival, window.step * (np.arange(survival.size) + 0.5))
        limited = window.step * np.append(0.0, np.cumsum(survival))
        lowest = np.interp(found[-2] / window.step, np.arange(limited.size), limited)
        # What the lowest cell holds of the mean, which its two ends must have on average.
        share = (lowest - nodes[-2] * found[-2]) / (1.0 - nodes[-2])
        found[-1] = np.clip(2.0 * share - found[-2], 0.0, found[-2])
        values = np.where(nodes >= 2.0 * survival[-1], found, values if values.size else found)
    return values


def _pinned(values: FloatArray, mean: float, sd: float) -> FloatArray:
    """Map a table so that its draws have this mean and standard deviation [USD]."""
    found, spread = table_moments(values)
    moved = np.maximum(mean + (values - found) * sd / spread, 0.0)
    return moved * (mean / table_mean(moved))
