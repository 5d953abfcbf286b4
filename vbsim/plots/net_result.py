"""Distribution of the net result, one panel per contract on one money axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.base import Findings
from vbsim.plots.text import MILLION
from vbsim.vocabulary import REALIZATION

_HEAD, _FOOT = 1.0, 0.55
_LEFT, _RIGHT = 0.2, 0.58
_COLUMNS = {
    "owes": 0.655,
    "exactly 0": 0.735,
    "earns": 0.805,
    "│ VaR 95 %": 0.895,
    "┆ TVaR 95 %": 0.99,
}


@dataclass(frozen=True, eq=False)
class Panel:
    """What one panel shows: shares of all realizations in bins, exact zeros left out."""

    edges: FloatArray
    shares: FloatArray
    zero: float


def applies(findings: Findings) -> bool:
    """Every run has net results."""
    return True


def bins(findings: Findings) -> FloatArray:
    """Edges of equal bins over all net results, one of them at 0 [USD million]."""
    low = high = 0.0
    for net in map(findings.net, findings.names):  # one contract in memory at a time
        low, high = min(low, float(net.min())), max(high, float(net.max()))
    low, high, count = low / MILLION, high / MILLION, findings.results.sizes[REALIZATION]
    # More realizations carry finer bins before their bars begin to look like noise.
    width = (high - low) / np.clip(2.0 * np.sqrt(count), 30, 160) or 1.0
    first, last = np.floor(low / width) - 1, np.ceil(high / width) + 1
    return np.asarray(width * np.arange(first, last + 1))


def panel(net: FloatArray, edges: FloatArray) -> Panel:
    """Histogram of one contract; the point mass at exactly 0 is told apart."""
    moved = net[net != 0.0] / MILLION
    shares = np.histogram(moved, edges)[0] / net.size
    return Panel(edges, shares, float(np.mean(net == 0.0)))


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw one panel per contract; returns the first."""
    names = findings.names
    style.rows(figure, len(names), _HEAD, _FOOT)
    height = figure.get_figheight()
    grid = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(
        left=_LEFT, right=_RIGHT, top=1 - _HEAD / height, bottom=_FOOT / height, hspace=0.12
    )
    edges = bins(findings)
    decimals = text.decimals_of_millions([findings.measure(name, "tvar_95")[0] for name in names])
    for axes, name in zip(grid, names, strict=True):
        _draw_panel(axes, panel(findings.net(name), edges), last=axes is grid[-1])
        _mark(axes, findings, name)
        _write_row(figure, axes, findings, name, decimals)
    style.money_axis(grid[-1].xaxis, f"Net result of {findings.whose}")
    _write_heads(figure, findings, 1 - (_HEAD - 0.1) / height)
    first: Axes = grid[0]
    return first


def _draw_panel(axes: Axes, shown: Panel, last: bool) -> None:
    style.frame(axes, grid="x")
    axes.set_yticks([])
    axes.tick_params(bottom=last)
    zero = int(np.argmin(np.abs(shown.edges)))
    for part, colour in ((slice(0, zero), style.LOSS), (slice(zero, None), style.GAIN)):
        edges = shown.edges[part.start : None if part.stop is None else part.stop + 1]
        axes.stairs(shown.shares[part], edges, fill=True, color=colour, linewidth=0)
    axes.set_ylim(0.0, 1.1 * (shown.shares.max() or 1.0))
    axes.set_xlim(shown.edges[0], shown.edges[-1])
    axes.axvline(0.0, color=style.INK, linewidth=0.8)
    if shown.zero == 1.0:
        axes.text(
            0.0, 0.45, "  always exactly 0", fontsize=style.SMALL, color=style.GREY, va="center"
        )


def _mark(axes: Axes, findings: Findings, name: str) -> None:
    for key, dashes in (("var_95", "-"), ("tvar_95", (0, (1.5, 1.5)))):
        loss = findings.measure(name, key)[0]
        # A contract that cannot lose has its VaR at the zero line.
        if loss > 0.0:
            axes.axvline(-loss / MILLION, color=style.INK, linewidth=1.4, linestyle=dashes)


def _write_row(figure: Figure, axes: Axes, findings: Findings, name: str, decimals: int) -> None:
    box = axes.get_position()
    middle = (box.y0 + box.y1) / 2.0
    figure.text(
        0.02,
        middle,
        text.wrapped(findings.label(name)),
        fontsize=style.TEXT,
        color=style.INK,
        va="center",
        linespacing=1.1,
    )
    owes, earns = findings.measure(name, "prob_loss")[0], findings.measure(name, "prob_gain")[0]
    losses = [findings.measure(name, key)[0] for key in ("var_95", "tvar_95")]
    cells = [text.percent(share) for share in (owes, np.mean(findings.net(name) == 0.0), earns)]
    cells += [text.millions(loss, decimals) for loss in losses]
    colours = (style.LOSS, style.GREY, style.GAIN, style.INK, style.INK)
    for place, cell, colour in zip(_COLUMNS.values(), cells, colours, strict=True):
        figure.text(place, middle, cell, fontsize=style.TEXT, color=colour, ha="right", va="center")


def _write_heads(figure: Figure, findings: Findings, bottom: float) -> None:
    style.title(
        figure,
        f"How much {findings.whose} may win or lose, {findings.year}",
        f"{findings.net(findings.names[0]).size:,} simulated years, the same for every contract; "
        "losses orange, gains blue",
    )
    for head, place in _COLUMNS.items():
        shown = head.replace(" 95 %", " 95 %\nof the loss") if "VaR" in head else head
        figure.text(
            place,
            bottom,
            shown,
            fontsize=style.SMALL,
            color=style.GREY,
            ha="right",
            va="bottom",
            linespacing=1.1,
        )
