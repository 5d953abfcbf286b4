"""How figures look: one light theme, colours that colour-blind readers can tell apart.

Everything is set on the artists; matplotlib's global settings are left alone.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vbsim.plots.text import literal, shortened

INK = "#1f2933"
GREY = "#67737e"
RULE = "#c9d0d6"
SHADE = "#eceff2"
# Okabe and Ito's palette, without the yellow that white paper swallows.
GAIN, LOSS = "#0072B2", "#D55E00"
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1f2933")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
WIDTH = 8.0
SMALL, TEXT, TITLE = 7.5, 8.5, 11.0
MONEY = "USD million"


def title(figure: Figure, heading: str, below: str) -> None:
    """Write the heading of a figure and, in grey, what it shows."""
    height = figure.get_figheight()
    for text, size, weight, colour, inches, width in (
        (heading, TITLE, "bold", INK, 0.12, 82),
        (below, TEXT, "normal", GREY, 0.36, 118),
    ):
        figure.text(
            0.02,
            1.0 - inches / height,
            literal(shortened(text, width)),
            fontsize=size,
            weight=weight,
            color=colour,
            va="top",
        )


def frame(axes: Axes, grid: str = "") -> None:
    """Keep the bottom line of an axes alone; ``grid`` is x, y, both or nothing."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(colors=GREY, labelsize=SMALL, length=3, labelcolor=INK)
    axes.set_axisbelow(True)
    if grid in ("x", "both"):
        axes.xaxis.grid(True, color=SHADE, linewidth=0.8)
    if grid in ("y", "both"):
        axes.yaxis.grid(True, color=SHADE, linewidth=0.8)


def axis_label(axis: Axis, text: str) -> None:
    """Name an axis and its unit."""
    axis.set_label_text(text, fontsize=TEXT, color=INK)


def money_axis(axis: Axis, text: str) -> None:
    """Label an axis of amounts that are already in millions."""
    axis_label(axis, f"{text} [{MONEY}]")
    axis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10]))


def percent_axis(axis: Axis, text: str) -> None:
    """Label an axis of shares as percent."""
    axis_label(axis, text)
    axis.set_major_formatter(
        FuncFormatter(lambda share, _: f"{100.0 * share:g} %".replace("-", "−"))
    )


def rows(figure: Figure, count: int, head: float = 1.0, foot: float = 0.55) -> float:
    """Size a figure for rows of a chart, and return the height of one row [inch]."""
    row = min(max(3.0 / count, 0.44), 1.4)
    figure.set_size_inches(WIDTH, head + foot + count * row)
    return row
