"""Running results over the horizon: how far below its start the running sum may fall."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.measures.horizon import discounted, drawdown
from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.base import Findings
from vbsim.plots.text import MILLION
from vbsim.vocabulary import CONTRACT, PARTY, YEAR

_HEAD, _FOOT, _ROW = 0.75, 0.6, 0.34
_POINTS = 400


def applies(findings: Findings) -> bool:
    """Whether the plan states capital, and any contract can fall below its start."""
    if findings.plan.capital is None:
        return False
    return any(falls(findings, name).max() > 0.0 for name in findings.names)


def falls(findings: Findings, name: str) -> FloatArray:
    """Drawdown of a contract's holder over the horizon, (R,) [USD, at least 0]."""
    assert findings.plan.capital is not None
    at = {CONTRACT: name, PARTY: findings.holder(name)}
    net = findings.results["net_to_party"].sel(at).transpose(YEAR, "realization").values
    return drawdown(discounted(net, findings.plan.capital.discount_rate))


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw the probability of ruin against the reserve, a curve per contract that can fall."""
    every = {name: falls(findings, name) for name in findings.names}
    shown = {name: found for name, found in every.items() if found.max() > 0.0}
    height = max(4.5, _HEAD + _FOOT + _ROW * len(shown))
    figure.set_size_inches(style.WIDTH, height)
    axes = figure.add_axes((0.1, _FOOT / height, 0.58, 1 - (_HEAD + _FOOT) / height))
    style.frame(axes, grid="both")
    axes.set_yscale("log")
    least = 1.0 / next(iter(shown.values())).size
    for name in sorted(shown, key=lambda n: -float(shown[n].mean())):
        _curve(axes, findings, name, shown[name])
    capital = findings.plan.capital
    assert capital is not None
    for level in capital.ruin_probabilities:
        axes.axhline(level, color=style.GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.set_ylim(max(0.7 * least, 1e-4), 1.0)
    axes.set_xlim(0.0, None)
    style.money_axis(axes.xaxis, "Reserve at the start")
    style.percent_axis(axes.yaxis, "Probability of ruin within the horizon")
    axes.tick_params(which="minor", left=False)
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.02, 1.02), fontsize=style.SMALL, frameon=False,
        alignment="left", labelspacing=0.7, labelcolor=style.INK,
    )  # fmt: skip
    years = findings.plan.world.years[findings.plan.performance]
    span = f"{years[0]}" if years.size == 1 else f"{years[0]} to {years[-1]}"
    style.title(
        figure,
        f"Reserve that the running results of {findings.whose} call for, {span}",
        "Dashed: the stated probabilities of ruin. Dot: the stated reserve. Logarithmic scale",
    )
    return axes


def _curve(axes: Axes, findings: Findings, name: str, found: FloatArray) -> None:
    number = findings.names.index(name)
    colour = style.SERIES[number % len(style.SERIES)]
    dashes = style.DASHES[number // len(style.SERIES) % len(style.DASHES)]
    reserves = np.linspace(0.0, float(np.sort(found)[-max(found.size // 2000, 1)]), _POINTS)
    chance = 1.0 - np.searchsorted(np.sort(found), reserves, side="right") / found.size
    known = chance > 0.0
    label = text.wrapped(findings.label(name), 27)
    axes.plot(
        reserves[known] / MILLION, chance[known], color=colour, linestyle=dashes, linewidth=1.6,
        label=label,
    )  # fmt: skip
    assert findings.plan.capital is not None
    held = findings.plan.capital.reserve_of(name)
    if not np.isnan(held) and (ruin := float(np.mean(found > held))) > 0.0:
        axes.plot(held / MILLION, ruin, "o", color=colour, markersize=5, markeredgecolor="white")
