"""Savings rate of every entity, with its interval and the published rate."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plan import BoolArray, FloatArray
from vbsim.plots import style, text
from vbsim.plots.portfolio.findings import PortfolioFindings

_TICKS = 6
_NAMED = 12  # entities whose names fit on the axis


def applies(findings: PortfolioFindings) -> bool:
    """Whether any entity has a benchmark."""
    return not bool(np.isnan(findings.rates("mean")).all())


def order(findings: PortfolioFindings) -> np.ndarray:
    """Entities with a benchmark by their number of members, the smallest first."""
    rising = np.argsort(findings.members, kind="stable")
    return np.asarray(rising[~np.isnan(findings.rates("mean")[rising])])


def outside(findings: PortfolioFindings) -> BoolArray:
    """Whether the published rate of each entity lies outside its 5th to 95th percentile."""
    published = findings.published_rates
    low, high = findings.rates("p05"), findings.rates("p95")
    return np.asarray((published < low) | (published > high))


def draw(figure: Figure, findings: PortfolioFindings) -> Axes:
    """Draw a vertical line per entity."""
    figure.set_size_inches(style.WIDTH, 4.4)
    axes = figure.add_axes((0.085, 0.12, 0.865, 0.7))
    style.frame(axes, grid="y")
    chosen = order(findings)
    place = np.arange(chosen.size, dtype=np.float64)
    thin, thick = (1.0, 2.2) if chosen.size > 100 else (1.6, 6.0)
    for low, high, width in (("p05", "p95", thin), ("p25", "p75", thick)):
        ends = [findings.rates(end)[chosen] for end in (low, high)]
        axes.vlines(place, *ends, color=style.GAIN, linewidth=width, alpha=0.45)
    axes.axhline(0.0, color=style.INK, linewidth=0.8, zorder=1)
    below = "no entity's result was published"
    if not np.isnan(findings.published_rates[chosen]).all():
        below = _draw_published(axes, findings, chosen, place)
    _label(axes, findings.members[chosen], findings.entities["entity"].values[chosen])
    style.percent_axis(axes.yaxis, "Savings rate")
    style.title(figure, f"Savings rate of every entity, {findings.year}", below)
    return axes


def _draw_published(
    axes: Axes, findings: PortfolioFindings, chosen: np.ndarray, place: FloatArray
) -> str:
    """Draw the published rates, and say how many lie inside."""
    published, far = findings.published_rates[chosen], outside(findings)[chosen]
    size = 5.0 if chosen.size > 100 else 22.0
    for part, colour in ((~far, style.INK), (far, style.LOSS)):
        axes.scatter(place[part], published[part], s=size, color=colour, linewidth=0, zorder=5)
    known = ~np.isnan(published)
    inside = text.percent(float(np.mean(~far[known])))
    return f"{inside} of the published rates lie between the 5th and the 95th simulated percentile"


def _label(axes: Axes, members: np.ndarray, names: np.ndarray) -> None:
    """Tell sizes on the axis of entities, and names where there are few."""
    axes.set_xlim(-1.0, float(members.size))
    few = members.size <= _NAMED
    count = members.size if few else _TICKS
    at = np.unique(np.linspace(0, members.size - 1, count).round().astype(int))
    words = [f"{members[number]:,}" for number in at]
    if few:
        words = [
            f"{text.shortened(text.literal(str(name)), 12)}\n{size}"
            for name, size in zip(names, words, strict=True)
        ]
    axes.set_xticks(at, words)
    style.axis_label(axes.xaxis, "Entities by assigned members")
