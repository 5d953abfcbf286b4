"""Measures of groups of a portfolio's entities beside what was published, a bar for each group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style
from vbsim.plots.portfolio.findings import PortfolioFindings

FEWEST = 2  # groups to tell apart


def known(findings: PortfolioFindings, kind: str, quantity: str) -> np.ndarray:
    """Find the groups of a kind of which a quantity is known."""
    found = findings.groups(kind)
    return np.asarray(found[~np.isnan(findings.measure(quantity, "mean")[found])])


def draw_groups(
    figure: Figure,
    findings: PortfolioFindings,
    chosen: np.ndarray,
    panels: Mapping[str, str],
    words: tuple[str, str],
) -> Axes:
    """Draw a panel for each of two quantities with a bar per group; returns the first.

    Parameters
    ----------
    figure
        Empty; its size is set.
    findings
        Of a finished portfolio.
    chosen
        Positions of the groups.
    panels
        Heading of each quantity, a share.
    words
        Heading of the figure, and of the groups.
    """
    figure.set_size_inches(style.WIDTH, 1.6 + 0.33 * chosen.size)
    height = figure.get_figheight()
    grid = figure.subplots(1, len(panels), sharey=True)
    figure.subplots_adjust(
        left=0.21, right=0.97, top=1 - 1.0 / height, bottom=0.4 / height, wspace=0.1
    )
    for axes, (quantity, heading) in zip(grid, panels.items(), strict=True):
        _draw_panel(axes, findings, quantity, chosen)
        axes.set_title(heading, fontsize=style.TEXT, color=style.INK, loc="left", pad=5)
    labels = findings.program["group_label"].values[chosen]
    at = list(findings.program["contract"].values).index(findings.reference)
    counts = findings.program["count"].values[chosen, at]
    rows = [f"{label} ({count})" for label, count in zip(labels, counts, strict=True)]
    grid[0].set_yticks(range(chosen.size), rows, fontsize=style.TEXT)
    grid[0].set_ylim(chosen.size - 0.5, -0.5)
    style.axis_label(grid[0].yaxis, f"{words[1]} (number of entities)")
    style.title(
        figure,
        f"{words[0]}, {findings.year}",
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
    axes.tick_params(left=False)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    style.percent_axis(axes.xaxis, "")
