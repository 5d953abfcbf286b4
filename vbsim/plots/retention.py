"""The stop-loss frontier: what a cover costs at each attachment, and how much tail it takes off."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style, text
from vbsim.plots.base import Findings
from vbsim.plots.offers import TAILS, Offer, offers
from vbsim.plots.text import MILLION

_HEAD, _FOOT, _ROW = 0.75, 0.6, 0.2


def applies(findings: Findings) -> bool:
    """Whether the plan states retentions, and realizations enough tell what they do."""
    return any(np.isfinite(offer.relief[key][0]) for offer in offers(findings) for key in TAILS)


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw the mean cost of the cover against the tail that it leaves, a curve per contract."""
    found = [offer for offer in offers(findings) if not np.isinf(offer.attachment)]
    names = list(dict.fromkeys(offer.contract for offer in found))
    head = _HEAD + _ROW * len(names)
    height = 4.0 + head
    figure.set_size_inches(style.WIDTH, height)
    axes = figure.add_axes((0.1, _FOOT / height, 0.84, 1 - (head + _FOOT) / height))
    style.frame(axes, grid="both")
    for number, name in enumerate(names):
        own = [offer for offer in found if offer.contract == name]
        for key, dashes in zip(TAILS, style.DASHES, strict=False):
            _curve(axes, own, key, style.SERIES[number % len(style.SERIES)], dashes)
    axes.axhline(0.0, color=style.INK, linewidth=0.8)
    costs = [offer.cost[0] / MILLION for offer in found]
    # Room for the words at the last dot.
    axes.set_xlim(min(0.0, 1.1 * min(costs)), 1.25 * max(*costs, 1e-3))
    style.money_axis(axes.xaxis, "Mean net result given up for the cover")
    style.money_axis(axes.yaxis, "Tail taken off")
    axes.margins(y=0.15)
    axes.legend(
        fontsize=style.SMALL,
        frameon=False,
        labelcolor=style.INK,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2,
        handlelength=4.0,
    )
    style.title(
        figure,
        f"What a stop-loss costs, and what it takes off the tail, {findings.year}",
        "Each dot an attachment. Tail: mean loss of the worst 5 % and 1 % of the years. Bars: 95 % "
        "confidence, paired",
    )
    return axes


def _curve(axes: Axes, own: list[Offer], key: str, colour: str, dashes: object) -> None:
    cost = np.array([offer.cost[0] for offer in own]) / MILLION
    relief = -np.array([offer.relief[key][0] for offer in own]) / MILLION
    error = 1.96 * np.array([offer.relief[key][1] for offer in own]) / MILLION
    level = key.removeprefix("tvar_")
    label = f"{text.wrapped(own[0].label, 40)}: TVaR {level} %"
    axes.errorbar(
        cost,
        relief,
        yerr=error,
        color=colour,
        linestyle=dashes,
        linewidth=1.4,
        marker="o" if key == TAILS[0] else "s",
        markerfacecolor=colour if key == TAILS[0] else "white",
        markersize=5,
        elinewidth=0.8,
        capsize=2,
        label=label,
    )
    if key != TAILS[-1]:
        return
    for offer, x, y in zip(own, cost, relief, strict=True):
        axes.annotate(
            f"{offer.attachment / 1e3:,.0f}k" + (" (own)" if offer.own else ""),
            (x, y),
            xytext=(6, 7),
            textcoords="offset points",
            fontsize=style.SMALL,
            color=style.INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            zorder=6,
        )
