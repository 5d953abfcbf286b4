"""Distributions of what the whole portfolio comes to, each with the published result."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.portfolio.findings import PortfolioFindings
from vbsim.plots.text import MILLION

Show = Callable[[float], str]
_PANELS = {
    "share_earning": "Share of entities that earn",
    "total_earned": "Total earned by entities",
    "net_to_payer": "Net to the payer: gross savings less what is earned, plus what is owed",
}
_LEFT, _RIGHT, _HEAD, _FOOT, _PANEL = 0.04, 0.96, 0.95, 0.5, 1.6


def applies(findings: PortfolioFindings) -> bool:
    """One entity is no program."""
    return findings.members.size > 1


def shown(findings: PortfolioFindings) -> dict[str, FloatArray]:
    """Values of each panel in every realization; those that are not known are left out."""
    found = {quantity: findings.values(quantity) for quantity in _PANELS}
    return {name: values for name, values in found.items() if not np.isnan(values).any()}


def draw(figure: Figure, findings: PortfolioFindings) -> Axes:
    """Draw a panel per quantity; returns the first."""
    panels = shown(findings)
    figure.set_size_inches(style.WIDTH, _HEAD + _FOOT + _PANEL * len(panels))
    height = figure.get_figheight()
    grid = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    figure.subplots_adjust(
        left=_LEFT, right=_RIGHT, top=1 - _HEAD / height, bottom=_FOOT / height, hspace=0.62
    )
    for axes, (quantity, values) in zip(grid, panels.items(), strict=True):
        published = findings.published(quantity)[findings.groups("all")][0]
        _draw_panel(axes, quantity, values, float(published))
    style.title(
        figure,
        f"What {findings.members.size:,} entities come to together, {findings.year}",
        f"{next(iter(panels.values())).size:,} simulated years of the whole portfolio",
    )
    first: Axes = grid[0]
    return first


def bins(values: FloatArray, published: float) -> FloatArray:
    """Edges of equal bins that reach over all values and the published one; steps of a count."""
    low, high = float(values.min()), float(values.max())
    if not np.isnan(published):
        low, high = min(low, published), max(high, published)
    width = (high - low) / np.clip(2.0 * np.sqrt(values.size), 20, 60) or 1.0
    steps = np.unique(values)
    # A share of a few entities takes few values: a bar for each, or for as many as fit.
    if 1 < steps.size < values.size / 4:
        step = float(np.diff(steps).min())
        width = step * max(np.ceil(width / step - 1e-9), 1.0)
        return np.asarray(low - 0.5 * step + width * np.arange((high - low) // width + 2))
    return np.asarray(low + width * np.arange(-1, np.ceil((high - low) / width) + 2))


def _draw_panel(axes: Axes, quantity: str, values: FloatArray, published: float) -> None:
    is_share = quantity.startswith("share")
    scale = 1.0 if is_share else MILLION
    show: Show = text.percent if is_share else text.large_amount
    style.frame(axes, grid="x")
    edges = bins(values / scale, published / scale)
    shares = np.histogram(values / scale, edges)[0] / values.size
    axes.stairs(shares, edges, fill=True, color=style.GAIN, alpha=0.75, linewidth=0)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0.0, 1.3 * shares.max())
    axes.set_yticks([])
    axes.set_title(_PANELS[quantity], fontsize=style.TEXT, color=style.INK, loc="left", pad=4)
    mean = float(values.mean())
    axes.axvline(mean / scale, color=style.INK, linewidth=1.0, linestyle=(0, (2, 2)))
    published_right = bool(published > mean)
    _mark(axes, mean / scale, f"mean {show(mean)}", right=not published_right)
    if not np.isnan(published):
        axes.axvline(published / scale, color=style.INK, linewidth=1.8)
        place = float(np.mean(values < published) + 0.5 * np.mean(values == published))
        words = f"published {show(published)}\nat percentile {100.0 * place:.0f}"
        _mark(axes, published / scale, words, right=published_right)
    if is_share:
        style.percent_axis(axes.xaxis, "")
    else:
        style.money_axis(axes.xaxis, "")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda amount, _: text.number(amount)))
        style.axis_label(axes.xaxis, style.MONEY)


def _mark(axes: Axes, place: float, words: str, *, right: bool) -> None:
    axes.annotate(
        text.literal(words),
        (place, 0.97),
        xycoords=axes.get_xaxis_transform(),
        xytext=(6 if right else -6, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        fontsize=style.SMALL,
        color=style.INK,
    )
