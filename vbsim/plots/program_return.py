"""Return on investment of the program: the true one, and the one that before and after claim."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.base import Findings

_BINS = 40
_CLAIMED = "roi", "before_after_roi"


def applies(findings: Findings) -> bool:
    """Whether there is a program that costs anything."""
    return findings.program is not None and not np.isnan(findings.program["roi"].values).any()


def returns(findings: Findings) -> tuple[FloatArray, FloatArray]:
    """Return per dollar in every realization: true, and as before and after show it."""
    assert findings.program is not None
    true, claimed = (findings.program[name].values for name in _CLAIMED)
    return true, claimed


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw two distributions on one scale, each in a panel of its own."""
    assert findings.plan.program is not None
    true, claimed = returns(findings)
    figure.set_size_inches(style.WIDTH, 4.8)
    panels = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(left=0.04, right=0.97, top=0.80, bottom=0.12, hspace=0.42)
    for axes, values, colour, words in (
        (panels[0], true, style.GAIN, "True return: claims avoided and administration spared"),
        (
            panels[1],
            claimed,
            style.LOSS,
            "Return that a comparison of the years before and after shows",
        ),
    ):
        _panel(axes, values, colour, words)
        axes.tick_params(labelbottom=True)
    style.axis_label(panels[1].xaxis, "Return per dollar of program cost [USD]")
    panels[1].xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
    style.title(
        figure,
        f"{text.shortened(findings.plan.program.label, 40)}: what a dollar returns",
        "Each simulated future counts once, all performance years together; the line is break-even",
    )
    first: Axes = panels[0]
    return first


def _panel(axes: Axes, values: FloatArray, colour: str, words: str) -> None:
    style.frame(axes)
    axes.set_yticks([])
    counts, edges = np.histogram(values, bins=_BINS)
    axes.bar(edges[:-1], counts / values.size, np.diff(edges), align="edge", color=colour, lw=0)
    axes.set_ylim(0.0, 1.25 * counts.max() / values.size)
    axes.axvline(1.0, color=style.INK, linewidth=1.2)
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    told = (
        f"median {text.number(middle, 2)}, 90 % between {text.number(low, 2)} and "
        f"{text.number(high, 2)}; above 1 in {text.percent(float(np.mean(values > 1.0)))}"
    )
    axes.set_title(words, fontsize=style.TEXT, color=style.INK, loc="left")
    axes.set_title(told, fontsize=style.SMALL, color=style.GREY, loc="right")
