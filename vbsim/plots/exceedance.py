"""Exceedance curves: how likely a contract costs its holder more than an amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.base import Findings
from vbsim.plots.text import MILLION

_POINTS, _TAIL = 300, 100
_HEAD, _FOOT, _ROW = 0.8, 0.6, 0.34


@dataclass(frozen=True, eq=False)
class Curve:
    """Probability of a loss above each amount, and its binomial standard error.

    Parameters
    ----------
    amounts
        Rising from 0 [USD].
    probability, standard_error
        Shares of the realizations.
    """

    amounts: FloatArray
    probability: FloatArray
    standard_error: FloatArray


def applies(findings: Findings) -> bool:
    """Whether any contract loses in any realization."""
    return any((findings.net(name) < 0.0).any() for name in findings.names)


def curve(net: FloatArray) -> Curve:
    """Exceedance curve of a contract: a grid of amounts, and every loss of the far tail."""
    losses = np.sort(np.maximum(-net, 0.0))
    grid = np.linspace(0.0, losses[-1], _POINTS)
    amounts = np.unique(np.concatenate([grid, losses[-_TAIL:]]))
    above = losses.size - np.searchsorted(losses, amounts, side="right")
    share = above / losses.size
    return Curve(amounts, share, np.sqrt(share * (1.0 - share) / losses.size))


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw one curve per contract that can lose."""
    curves = {name: curve(findings.net(name)) for name in findings.names}
    losing = {name: found for name, found in curves.items() if found.probability[0] > 0.0}
    height = max(4.5, _HEAD + _FOOT + _ROW * len(losing))
    figure.set_size_inches(style.WIDTH, height)
    axes = figure.add_axes((0.1, _FOOT / height, 0.58, 1 - (_HEAD + _FOOT) / height))
    style.frame(axes, grid="both")
    axes.set_yscale("log")
    least = 1.0 / findings.net(findings.names[0]).size
    for name in sorted(losing, key=lambda n: -findings.measure(n, "tvar_95")[0]):
        _draw_curve(axes, losing[name], findings, name, least)
    axes.set_ylim(0.7 * least, 1.0)
    axes.set_xlim(0.0, None)
    style.money_axis(axes.xaxis, "Amount x")
    style.percent_axis(axes.yaxis, "Probability of losing more than x")
    axes.tick_params(which="minor", left=False)
    _legend(axes)
    style.title(
        figure,
        f"How likely {findings.whose} owes or loses more than an amount x, {findings.year}",
        "Bands: 95 % confidence for the number of simulated years; logarithmic scale",
    )
    return axes


def _draw_curve(axes: Axes, shown: Curve, findings: Findings, name: str, least: float) -> None:
    number = findings.names.index(name)
    colour = style.SERIES[number % len(style.SERIES)]
    dashes = style.DASHES[number // len(style.SERIES) % len(style.DASHES)]
    known = shown.probability > 0.0
    amounts, share = shown.amounts[known] / MILLION, shown.probability[known]
    margin = 1.96 * shown.standard_error[known]
    low = np.maximum(share - margin, 0.5 * least)
    axes.fill_between(amounts, low, share + margin, step="post", color=colour, alpha=0.16, lw=0)
    label = f"{text.wrapped(findings.label(name), 27)}: {text.percent(float(share[0]))}"
    axes.step(
        amounts, share, where="post", color=colour, linestyle=dashes, linewidth=1.6, label=label
    )


def _legend(axes: Axes) -> None:
    legend = axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1.02),
        fontsize=style.SMALL,
        frameon=False,
        title="Probability of losing anything",
        alignment="left",
        labelspacing=0.7,
        title_fontsize=style.SMALL,
        labelcolor=style.INK,
    )
    legend.get_title().set_color(style.GREY)
