"""Fan of the net result over the performance years: each year's, and the sum so far."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.base import Findings
from vbsim.plots.text import MILLION
from vbsim.vocabulary import CONTRACT, PARTY, REALIZATION, YEAR

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
HEAD, FOOT, ROW = 1.0, 0.62, 1.15


def applies(findings: Findings) -> bool:
    """Whether there are years to fan out over."""
    return findings.results.sizes[YEAR] > 1


def net_by_year(findings: Findings, name: str) -> FloatArray:
    """Net result of a contract, (realizations, years) [USD million]."""
    at = {PARTY: findings.holder(name), CONTRACT: name}
    found = findings.results["net_to_party"].sel(at).transpose(REALIZATION, YEAR)
    return np.asarray(found.values, dtype=np.float64) / MILLION


def quantiles(values: FloatArray) -> FloatArray:
    """Order statistics at ``LEVELS`` of every column, (levels, columns)."""
    ranks = [max(int(np.ceil(len(values) * level - 1e-9)) - 1, 0) for level in LEVELS]
    return np.asarray(np.sort(values, axis=0)[ranks])


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw a row per contract: the years on the left, their sum so far on the right."""
    names, years = findings.names, [int(y) for y in findings.results[YEAR].values]
    grid = panels(figure, len(names), 2)
    for row, name in zip(grid, names, strict=True):
        net = net_by_year(findings, name)
        for axes, values in zip(row, (net, np.cumsum(net, axis=1)), strict=True):
            fan(axes, years, values)
        label(figure, row[0], findings, name)
    finish(grid, years)
    heads(figure, grid, ("Net result of the year", "Sum of the years so far"))
    style.title(
        figure,
        f"How the result of {findings.whose} spreads, {years[0]} to {years[-1]}",
        f"Line: median; dark: 25th to 75th percentile; light: 5th to 95th [{style.MONEY}]",
    )
    first: Axes = grid[0, 0]
    return first


def panels(figure: Figure, rows: int, columns: int) -> np.ndarray:
    """Make a grid of panels, a row for each contract, with room for labels on the left."""
    height = HEAD + FOOT + rows * ROW
    figure.set_size_inches(style.WIDTH, height)
    grid = figure.subplots(rows, columns, sharex=True, sharey="col", squeeze=False)
    figure.subplots_adjust(
        left=0.28, right=0.98, top=1 - HEAD / height, bottom=FOOT / height, wspace=0.18, hspace=0.2
    )
    return np.asarray(grid)


def fan(axes: Axes, years: list[int], values: FloatArray) -> None:
    """Draw median and bands of values, (realizations, years), over the years."""
    bands = quantiles(values)
    for low, high, alpha in ((0, 4, 0.18), (1, 3, 0.36)):
        axes.fill_between(years, bands[low], bands[high], color=style.GAIN, alpha=alpha, lw=0)
    axes.plot(years, bands[2], color=style.GAIN, linewidth=1.6, marker="o", markersize=3)
    axes.axhline(0.0, color=style.INK, linewidth=0.8)


def label(figure: Figure, axes: Axes, findings: Findings, name: str) -> None:
    """Write a contract's name on the left of its row."""
    box = axes.get_position()
    figure.text(
        0.02,
        (box.y0 + box.y1) / 2.0,
        text.wrapped(findings.label(name)),
        fontsize=style.TEXT,
        color=style.INK,
        va="center",
        linespacing=1.1,
    )


def finish(grid: np.ndarray, years: list[int]) -> None:
    """Ticks and frames of all panels; years below the last row."""
    step = max(1, -(-len(years) // 6))
    for axes in grid.ravel():
        style.frame(axes, grid="y")
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−"))
        )
        axes.xaxis.set_major_locator(FixedLocator(years[::step]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))
        axes.set_xlim(years[0] - 0.4, years[-1] + 0.4)


def heads(figure: Figure, grid: np.ndarray, words: tuple[str, ...]) -> None:
    """Write a heading over each column and the unit of time below it."""
    for axes, head in zip(grid[0], words, strict=True):
        box = axes.get_position()
        figure.text(
            box.x0,
            box.y1 + 0.1 / figure.get_figheight(),
            f"{head} [{style.MONEY}]",
            fontsize=style.SMALL,
            color=style.GREY,
            va="bottom",
        )
    for axes in grid[-1]:
        style.axis_label(axes.xaxis, "Calendar year")
