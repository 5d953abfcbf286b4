"""Forecast probability of earning against the share that earned."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from vbsim.backtest import Backtest
from vbsim.backtest.panel import FloatArray
from vbsim.plots import style

GROUPS = 8


def groups(found: Backtest) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean forecast, share that earned, and the range that chance allows, of each group."""
    order = np.argsort(found.earns, kind="stable")
    parts = [part for part in np.array_split(order, GROUPS) if part.size]
    expected = np.array([found.earns[part].mean() for part in parts])
    earned = np.array([(found.payment[part] > 0.0).mean() for part in parts])
    sizes = np.array([part.size for part in parts])
    low, high = (stats.binom.ppf(q, sizes, expected) / sizes for q in (0.05, 0.95))
    return expected, earned, low, high


def applies(found: Backtest) -> bool:
    """Every backtest has forecasts and what came."""
    return True


def draw(figure: Figure, found: Backtest) -> Axes:
    """Draw the groups along the diagonal."""
    figure.set_size_inches(style.WIDTH, 4.8)
    axes = figure.add_axes((0.09, 0.11, 0.88, 0.72))
    style.frame(axes, grid="both")
    expected, earned, low, high = groups(found)
    axes.plot([0, 1], [0, 1], color=style.RULE, linewidth=1.0)
    axes.vlines(expected, low, high, color=style.RULE, linewidth=5.0)
    axes.plot(expected, earned, "o", color=style.GAIN, markersize=6, clip_on=False)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    style.percent_axis(axes.xaxis, "Forecast probability of earning a payment")
    style.percent_axis(axes.yaxis, "ACOs that earned one")
    style.title(
        figure,
        f"Who earns? {found.year}, forecast and published",
        f"All {len(found.known)} ACOs, newcomers among them",
    )
    return axes
