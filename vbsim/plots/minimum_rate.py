"""Minimum savings rates by size: the contract's own, and those that so much luck would pass.

Drawn from :func:`vbsim.skill.curves`, not from the findings of a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.measures.precision import FloatArray, IntArray
from vbsim.plots import style, text

CHANCES = (0.10, 0.05, 0.01)
_MEMBERS = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)


def passed_by(found: xr.Dataset, chance: float) -> FloatArray:
    """Minimum savings rate that a chance of the years pass without true savings, by size.

    Interpolated between the minimum savings rates of ``found``; missing beyond them.
    """
    least = found["minimum_savings_rate"].values
    shares = found["reaches"].sel(true_savings=0.0).transpose("size", ...).values
    return np.array(
        [np.interp(chance, row[::-1], least[::-1], left=np.nan, right=np.nan) for row in shares]
    )


def draw(
    figure: Figure,
    found: xr.Dataset,
    label: str,
    published: Mapping[int, str] | None = None,
    chances: Sequence[float] = CHANCES,
) -> Axes:
    """Draw the contract's own minimum savings rate and a curve for each chance.

    Parameters
    ----------
    figure
        Empty; its size is set.
    found
        From :func:`vbsim.skill.curves`, with true savings 0 among those asked for.
    label
        Words for the contract.
    published
        Words for what was published of some sizes, written at the contract's own minimum.
    chances
        Of passing by luck.
    """
    figure.set_size_inches(style.WIDTH, 4.6)
    axes: Axes = figure.add_axes((0.09, 0.12, 0.67, 0.72))
    style.frame(axes, grid="both")
    members, own = found["size"].values, found["own_minimum"].values
    for number, chance in enumerate(chances):
        rates, colour = passed_by(found, chance), style.SERIES[number]
        axes.plot(
            members,
            rates,
            style.DASHES[1:][number % 3],
            color=colour,
            linewidth=1.6,
            label=f"{text.percent(chance, 0)} pass by luck",
        )
    axes.plot(members, own, color=style.INK, linewidth=2.2, zorder=4, label="the contract's own")
    _mark(axes, found, published or {})
    axes.set_ylim(bottom=0.0)
    members_axis(axes, members)
    style.percent_axis(axes.yaxis, "Minimum savings rate")
    axes.legend(
        fontsize=style.SMALL,
        frameon=False,
        labelcolor=style.INK,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        handlelength=2.6,
        reverse=True,
    )
    style.title(
        figure,
        f"Who passes by luck: {label}",
        "Coloured: the minimum that so many years pass although nothing was saved",
    )
    return axes


def members_axis(axes: Axes, members: IntArray) -> None:
    """Label an axis of numbers of members, in equal ratios."""
    axes.set_xscale("log")
    shown = [size for size in _MEMBERS if members.min() <= size <= members.max()]
    axes.set_xticks(shown, [f"{size:,}" for size in shown])
    axes.set_xticks([], minor=True)
    style.axis_label(axes.xaxis, "Members")


def _mark(axes: Axes, found: xr.Dataset, published: Mapping[int, str]) -> None:
    for size, words in published.items():
        at = (size, float(found["own_minimum"].sel(size=size)))
        axes.plot(*at, "D", color=style.INK, markersize=6, zorder=5)
        axes.annotate(
            words,
            at,
            xytext=(0, -16),
            textcoords="offset points",
            fontsize=style.SMALL,
            color=style.INK,
            ha="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            zorder=6,
        )
