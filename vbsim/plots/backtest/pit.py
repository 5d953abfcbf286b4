"""Histogram of the probability integral transform."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.backtest import Backtest
from vbsim.backtest.panel import FloatArray
from vbsim.plots import style

TENTHS = 10


def tenths(pit: FloatArray) -> FloatArray:
    """Share of PIT values (..., n) in each tenth, (..., 10)."""
    place = np.minimum((pit * TENTHS).astype(np.int64), TENTHS - 1)
    return np.stack([(place == number).mean(axis=-1) for number in range(TENTHS)], axis=-1)


def applies(found: Backtest) -> bool:
    """Every backtest has forecasts and what came."""
    return True


def draw(figure: Figure, found: Backtest) -> Axes:
    """Draw the bars, the level of a flat histogram and what chance allows."""
    figure.set_size_inches(style.WIDTH, 3.6)
    axes = figure.add_axes((0.09, 0.14, 0.88, 0.64))
    style.frame(axes, grid="y")
    edges = np.arange(TENTHS) / TENTHS
    shown = tenths(found.pit[found.scored])
    axes.bar(edges, shown, 1 / TENTHS, align="edge", color=style.SERIES[4], edgecolor="white")
    low, high = np.quantile(tenths(found.honest_pit), [0.05, 0.95], axis=0)
    middle = edges + 0.5 / TENTHS
    axes.vlines(middle, low, high, color=style.GREY, linewidth=1.2)
    axes.axhline(1 / TENTHS, color=style.INK, linewidth=0.9)
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks(np.linspace(0.0, 1.0, TENTHS + 1))
    axes.set_ylim(0.0, 1.15 * max(shown.max(), high.max()))
    style.axis_label(axes.xaxis, "Forecast probability of a rate up to the published one (PIT)")
    style.percent_axis(axes.yaxis, "ACOs")
    style.title(
        figure,
        "Where did the published rates fall?",
        f"{found.year}; Kolmogorov-Smirnov against joint draws from the forecast: "
        f"p = {found.pit_p_value():.2f}",
    )
    return axes
