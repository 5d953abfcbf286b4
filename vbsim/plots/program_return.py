"""Return on investment of the program: the true one, and the one that before and after claim."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.base import Findings

_BINS = 120  # of one width in both panels
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
    edges = np.histogram_bin_edges(np.concatenate([true, claimed, [1.0]]), bins=_BINS)
    figure.set_size_inches(style.WIDTH, 5.2)
    panels = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(left=0.04, right=0.97, top=0.79, bottom=0.11, hspace=0.62)
    for axes, values, colour, words in (
        (panels[0], true, style.GAIN, "True return: claims avoided and administration spared"),
        (panels[1], claimed, style.LOSS, "Return that a comparison before and after would claim"),
    ):
        _panel(axes, values, edges, colour, words)
        axes.tick_params(labelbottom=True)
    style.axis_label(panels[1].xaxis, "Return per dollar of program cost [USD]")
    panels[1].xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
    style.title(
        figure,
        f"{text.shortened(findings.plan.program.label, 40)}: what a dollar returns",
        "Height: share of the simulated futures, all performance years together; line: break-even",
    )
    first: Axes = panels[0]
    return first


def _panel(axes: Axes, values: FloatArray, edges: FloatArray, colour: str, words: str) -> None:
    style.frame(axes)
    axes.set_yticks([])
    counts, _ = np.histogram(values, bins=edges)
    axes.bar(edges[:-1], counts / values.size, np.diff(edges), align="edge", color=colour, lw=0)
    axes.set_ylim(0.0, 1.1 * counts.max() / values.size)
    axes.axvline(1.0, color=style.INK, linewidth=1.2)
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    told = (
        f"Median {text.number(middle, 2)}; 90 % between {text.number(low, 2)} and "
        f"{text.number(high, 2)}; above break-even in {text.percent(float(np.mean(values > 1.0)))}"
    )
    axes.set_title(words, fontsize=style.TEXT, color=style.INK, loc="left", pad=16)
    axes.annotate(
        told,
        (0.0, 1.0),
        (0.0, 4.0),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=style.SMALL,
        color=style.GREY,
    )
