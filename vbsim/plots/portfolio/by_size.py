"""Spread of the savings rates, and the share that earns, by the size of the entities."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style
from vbsim.plots.portfolio.findings import PortfolioFindings

_PANELS = {
    "spread_of_savings_rates": "Standard deviation of the savings rates",
    "share_earning": "Share that earns",
}
_FEWEST = 2  # bands


def applies(findings: PortfolioFindings) -> bool:
    """Whether there are bands of sizes to tell apart, with a spread in each."""
    return bands(findings).size >= _FEWEST


def bands(findings: PortfolioFindings) -> np.ndarray:
    """Find the groups by size that hold more than one entity with a benchmark."""
    found = findings.groups("size")
    known = ~np.isnan(findings.measure("spread_of_savings_rates", "mean")[found])
    return np.asarray(found[known])


def draw(figure: Figure, findings: PortfolioFindings) -> Axes:
    """Draw two panels with a bar per band; returns the first."""
    chosen = bands(findings)
    figure.set_size_inches(style.WIDTH, 1.6 + 0.33 * chosen.size)
    height = figure.get_figheight()
    grid = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(
        left=0.21, right=0.97, top=1 - 1.0 / height, bottom=0.4 / height, wspace=0.1
    )
    for axes, quantity in zip(grid, _PANELS, strict=True):
        _draw_panel(axes, findings, quantity, chosen)
    labels = findings.program["group_label"].values[chosen]
    at = list(findings.program["contract"].values).index(findings.reference)
    counts = findings.program["count"].values[chosen, at]
    rows = [f"{label} ({count})" for label, count in zip(labels, counts, strict=True)]
    grid[0].set_yticks(range(chosen.size), rows, fontsize=style.TEXT)
    grid[0].set_ylim(chosen.size - 0.5, -0.5)
    style.axis_label(grid[0].yaxis, "Assigned members (number of entities)")
    style.title(
        figure,
        f"Spread and earning by size, {findings.year}",
        "Circle: mean of the simulated years; bar: 5th to 95th percentile; diamond: as published",
    )
    first: Axes = grid[0]
    return first


def _draw_panel(axes: Axes, findings: PortfolioFindings, quantity: str, chosen: np.ndarray) -> None:
    style.frame(axes, grid="x")
    row = np.arange(chosen.size)
    low, high, mean = (findings.measure(quantity, key)[chosen] for key in ("p05", "p95", "mean"))
    axes.hlines(row, low, high, color=style.GAIN, linewidth=5.0, alpha=0.45)
    axes.plot(mean, row, "o", color="white", markeredgecolor=style.INK, markersize=5.5, zorder=5)
    published = findings.published(quantity)[chosen]
    axes.plot(published, row, "D", color=style.LOSS, markersize=5.0, zorder=6)
    axes.set_title(_PANELS[quantity], fontsize=style.TEXT, color=style.INK, loc="left", pad=5)
    axes.tick_params(left=False)
    axes.set_xlim(left=0.0)
    style.percent_axis(axes.xaxis, "")
