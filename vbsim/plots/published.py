"""The published result against the simulated savings rates of the reference contract."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style, text
from vbsim.plots.base import Findings

_LABEL = 0.18
"""Width that a label needs [share of the axis]."""


def applies(findings: Findings) -> bool:
    """Whether a result was published and the reference contract has a benchmark."""
    return not np.isnan(findings.published_percentile())


def gates(findings: Findings) -> tuple[float, float]:
    """Range of savings rates in which no money moves: minus the loss gate, the savings gate.

    A one-sided contract has no loss gate: the lower end is minus infinity.
    """
    terms = findings.contract(findings.reference).terms[findings.year_number]
    lower = -float(getattr(terms, "minimum_loss_rate", 0.0))
    if not getattr(terms, "two_sided", True):
        lower = -np.inf
    return lower, float(getattr(terms, "minimum_savings_rate", 0.0))


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw the distribution, the gates and the published rate."""
    observed = findings.plan.observed
    assert observed is not None
    rates = findings.savings_rate(findings.reference)
    figure.set_size_inches(style.WIDTH, 4.5)
    axes = figure.add_axes((0.04, 0.13, 0.93, 0.63))
    style.frame(axes)
    axes.set_yticks([])
    shares, edges = np.histogram(rates, bins=60)
    axes.bar(
        edges[:-1],
        shares / rates.size,
        np.diff(edges),
        align="edge",
        color=style.SERIES[4],
        linewidth=0,
    )
    low, high = min(rates.min(), observed.savings_rate), max(rates.max(), observed.savings_rate)
    room = 0.03 * (high - low) or 0.01
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(0.0, 1.3 * shares.max() / rates.size)
    _shade(axes, *gates(findings))
    _mark(axes, observed.savings_rate, findings.published_percentile())
    style.percent_axis(axes.xaxis, "Savings rate, (benchmark − expenditure) / benchmark")
    style.title(
        figure,
        f"{text.shortened(findings.label(findings.reference), 36)}: where the published result of "
        f"{findings.year} fell",
        f"Simulated savings rates; published: {observed.source}",
    )
    return axes


def _shade(axes: Axes, lower: float, upper: float) -> None:
    left, right = axes.get_xlim()
    start, stop = max(lower, left), min(upper, right)
    if start >= stop:
        return
    axes.axvspan(start, stop, color=style.SHADE, linewidth=0, zorder=0)
    words = "no payment either way" if np.isfinite(lower) else "no payment"
    room = _LABEL * (right - left)
    middle = min(max((start + stop) / 2.0, left + room), right - room)
    # A row of its own: a narrow range has no room between the other two.
    places = [(middle, 1.07, words, "center", style.GREY)]
    if start - left > room:
        places.append((start, 1.01, f"owes beyond {text.percent(lower, 2)} ", "right", style.LOSS))
    if right - stop > room:
        places.append((stop, 1.01, f" earns from {text.percent(upper, 2)}", "left", style.GAIN))
    for place, level, note, side, colour in places:
        axes.text(
            place,
            level,
            note,
            transform=axes.get_xaxis_transform(),
            ha=side,
            va="bottom",
            fontsize=style.SMALL,
            color=colour,
        )


def _mark(axes: Axes, rate: float, percentile: float) -> None:
    axes.axvline(rate, color=style.INK, linewidth=1.8)
    left, right = axes.get_xlim()
    on_right = rate < (left + right) / 2.0
    axes.annotate(
        f"published: {text.percent(rate, 2)}\nat percentile {100 * percentile:.1f}\n"
        "of the simulated years",
        (rate, 0.97),
        xycoords=axes.get_xaxis_transform(),
        xytext=(8 if on_right else -8, 0),
        textcoords="offset points",
        ha="left" if on_right else "right",
        va="top",
        fontsize=style.TEXT,
        color=style.INK,
    )
