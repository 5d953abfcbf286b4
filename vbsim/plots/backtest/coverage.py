"""Coverage of central intervals against their level."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.backtest import Backtest
from vbsim.backtest.panel import FloatArray
from vbsim.plots import style
from vbsim.plots.backtest.names import FORECASTS

LEVELS = np.linspace(0.05, 0.95, 19)


def shares(pit: FloatArray) -> FloatArray:
    """Share of PIT values (..., n) inside the central interval of each of ``LEVELS``, (..., 19)."""
    inside = 2.0 * np.abs(pit - 0.5)
    return np.stack([(inside <= level).mean(axis=-1) for level in LEVELS], axis=-1)


def applies(found: Backtest) -> bool:
    """Every backtest has forecasts and what came."""
    return True


def draw(figure: Figure, found: Backtest) -> Axes:
    """Draw the coverage of every forecast, and the band of an honest one."""
    figure.set_size_inches(style.WIDTH, 4.8)
    axes = figure.add_axes((0.09, 0.11, 0.52, 0.72))
    style.frame(axes, grid="both")
    low, high = np.quantile(shares(found.honest_pit), [0.05, 0.95], axis=0)
    axes.fill_between(LEVELS, low, high, color=style.SHADE, linewidth=0, label="honest, 9 in 10")
    axes.plot([0, 1], [0, 1], color=style.RULE, linewidth=1.0)
    pits = {"vbsim": found.pit[found.scored]}
    pits |= {name: one.pit for name, one in found.simple.items() if one is not None}
    for name, pit in pits.items():
        words, colour, marker = FORECASTS[name]
        size = 4.0 if name == "vbsim" else 0.0
        axes.plot(LEVELS, shares(pit), color=colour, marker=marker, markersize=size, label=words)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    style.percent_axis(axes.xaxis, "Level of the interval")
    style.percent_axis(axes.yaxis, "ACOs inside")
    axes.legend(loc="upper left", bbox_to_anchor=(1.04, 1.0), fontsize=style.TEXT, frameon=False)
    style.title(
        figure,
        f"Are the intervals honest? {found.year}, forecast from {found.span}",
        f"{int(found.scored.sum())} ACOs that are in the last history file",
    )
    return axes
