"""What the year decides: the program's figures against the mean savings rate of the same year."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plan import FloatArray
from vbsim.plots import style
from vbsim.plots.portfolio.findings import PortfolioFindings
from vbsim.plots.text import MILLION, percent

_DRIVER = "mean_savings_rate"
_PANELS = {"share_earning": "Share that earns", "net_to_payer": "Net to the payer"}
_MOST = 2_000  # dots


def applies(findings: PortfolioFindings) -> bool:
    """Whether years differ in the mean savings rate."""
    rates = findings.values(_DRIVER)
    return rates.size > 2 and not np.isnan(rates).any() and float(np.ptp(rates)) > 0.0


def expected_at(rates: FloatArray, values: FloatArray, rate: float) -> tuple[float, float]:
    """Mean of a quantity in years of one mean savings rate, and what the years still spread.

    From a straight line through all years.
    """
    slope, start = np.polyfit(rates, values, 1)
    return float(start + slope * rate), float(np.std(values - start - slope * rates, ddof=2))


def draw(figure: Figure, findings: PortfolioFindings) -> Axes:
    """Draw two panels, a dot per simulated year; returns the first."""
    figure.set_size_inches(style.WIDTH, 4.2)
    grid = figure.subplots(1, len(_PANELS), sharex=True)
    figure.subplots_adjust(left=0.09, right=0.97, top=0.77, bottom=0.13, wspace=0.26)
    known = findings.groups("all")[0]
    published = findings.published(_DRIVER)[known]
    for axes, (quantity, heading) in zip(grid, _PANELS.items(), strict=True):
        scale = MILLION if quantity == "net_to_payer" else 1.0
        style.frame(axes, grid="both")
        rates, values = findings.values(_DRIVER), findings.values(quantity) / scale
        axes.plot(
            rates[:_MOST], values[:_MOST], ".", color=style.GAIN, markersize=3, alpha=0.45, mew=0
        )
        ends = np.array([rates.min(), rates.max()])
        line = [expected_at(rates, values, rate)[0] for rate in ends]
        axes.plot(ends, line, color=style.INK, linewidth=1.0)
        axes.plot(
            published,
            findings.published(quantity)[known] / scale,
            "D",
            color=style.LOSS,
            markeredgecolor="white",
            markersize=8,
            zorder=5,
        )
        style.percent_axis(axes.xaxis, "Mean savings rate of the entities in the year")
        axes.set_title(heading, fontsize=style.TEXT, color=style.INK, loc="left", pad=5)
    style.percent_axis(grid[0].yaxis, "")
    style.money_axis(grid[1].yaxis, "Net to the payer")
    mark = "" if np.isnan(published) else f"; diamond: as published, at {percent(published)}"
    style.title(
        figure, f"What the year decides, {findings.year}", f"Each dot is a simulated year{mark}"
    )
    first: Axes = grid[0]
    return first
