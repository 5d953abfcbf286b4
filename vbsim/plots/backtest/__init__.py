"""Figures of a backtest: forecasts and what came in, matplotlib Axes out; one figure per file.

``BACKTEST_FIGURES`` names each module of this package with its caption. A module holds
``draw(figure, found) -> Axes``, which draws on an empty figure, sets its size [inch] and returns
the first axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from vbsim.backtest import Backtest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["BACKTEST_FIGURES", "BacktestFigure"]


@dataclass(frozen=True, slots=True)
class BacktestFigure:
    """One entry of the registry.

    Parameters
    ----------
    module
        Name of the module that draws it.
    caption
        What to see in it, for readers of the page.
    """

    module: str
    caption: str

    def draw(self, found: Backtest) -> Figure:
        """Draw the figure on a canvas of its own."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(facecolor="white")
        FigureCanvasAgg(figure)
        import_module(f"vbsim.plots.backtest.{self.module}").draw(figure, found)
        return figure


BACKTEST_FIGURES = {
    "coverage": BacktestFigure(
        "coverage",
        "How often the published savings rate fell into the central interval of each level. An "
        "honest forecast lies near the diagonal: above it intervals are too wide, below it too "
        "narrow. The band holds nine honest forecasts out of ten; it is wide because the program's "
        "year is common to all ACOs.",
    ),
    "pit": BacktestFigure(
        "pit",
        "Where the published rate fell in its predictive distribution, counted in tenths. An "
        "honest forecast is flat but for chance; a hump says too wide, two horns too narrow, a "
        "slope that the program did better or worse than expected. The marks hold nine honest "
        "forecasts out of ten, each tenth for itself.",
    ),
    "crps_by_size": BacktestFigure(
        "crps_by_size",
        "Mean distance of the forecast from what came (CRPS, in points of the savings rate), by "
        "assigned beneficiaries; further left is better.",
    ),
    "earning": BacktestFigure(
        "earning",
        "ACOs in groups of equal number by their forecast probability of earning a payment, and "
        "the share that did. Bars: 90 % of groups whose forecast is right, chance alone.",
    ),
    "totals": BacktestFigure(
        "totals",
        "Three program-wide figures: predictive interval of 80 % (thick) and of 95 % (thin), the "
        "median, and what was published.",
    ),
}
