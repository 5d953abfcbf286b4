"""Program-wide figures: predictive intervals and what was published."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from vbsim.backtest import Backtest, Total
from vbsim.plots import style, text

PANELS: dict[str, tuple[str, float, Callable[[float], str]]] = {
    "share_earning": ("ACOs that earn a payment [%]", 100.0, lambda v: text.number(v, 1)),
    "earned": ("Paid to ACOs [USD million]", 1e-6, text.number),
    "net_to_medicare": ("Net savings to Medicare [USD million]", 1e-6, text.number),
}


def applies(found: Backtest) -> bool:
    """Every backtest has forecasts and what came."""
    return True


def draw(figure: Figure, found: Backtest) -> Axes:
    """Draw a panel for each figure."""
    figure.set_size_inches(style.WIDTH, 3.6)
    height = figure.get_figheight()
    panels = []
    for number, (name, (words, scale, shown)) in enumerate(PANELS.items()):
        bottom = (2.15 - 0.95 * number) / height
        axes = figure.add_axes((0.04, bottom, 0.93, 0.42 / height))
        _panel(axes, found.totals[name], scale, shown)
        axes.set_title(words, fontsize=style.TEXT, color=style.INK, loc="left", pad=2)
        panels.append(axes)
    style.title(
        figure,
        f"The program in {found.year}, forecast from {found.span}",
        "Intervals of 80 and 95 %, median (white) and what was published (black)",
    )
    return panels[0]


def _panel(axes: Axes, total: Total, scale: float, shown: Callable[[float], str]) -> None:
    style.frame(axes, grid="x")
    axes.set_yticks([])
    axes.set_ylim(-0.5, 0.5)
    for level, width in ((0.95, 3.0), (0.8, 11.0)):
        low, high = total.interval(level)
        axes.hlines(0.0, scale * low, scale * high, color=style.SERIES[4], linewidth=width)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.plot(scale * float(np.median(total.draws)), 0.0, "o", color="white", markersize=5)
    published = scale * total.published
    axes.vlines(published, -0.45, 0.45, color=style.INK, linewidth=2.0)
    axes.margins(x=0.06)
    axes.annotate(
        shown(published), (published, 0.5), xytext=(0, 1), textcoords="offset points",
        ha="center", va="bottom", fontsize=style.SMALL, color=style.INK, annotation_clip=False,
    )  # fmt: skip
