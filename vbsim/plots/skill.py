"""Skill against luck: who earns, by true savings; luck rewarded and skill denied, by minimum.

Drawn from :func:`vbsim.skill.curves`, not from the findings of a run.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style, text

_TRUE = 0.05  # true savings whose denial is shown, or the nearest there is


def draw(figure: Figure, found: xr.Dataset, label: str) -> Axes:
    """Draw both panels of one contract.

    Parameters
    ----------
    figure
        Empty; its size is set.
    found
        From :func:`vbsim.skill.curves`.
    label
        Words for the contract.
    """
    measured = bool(found["reaches"].notnull().all()) and bool((found["true_savings"] == 0.0).any())
    figure.set_size_inches(style.WIDTH, 4.4)
    width = 0.4 if measured else 0.86
    left = figure.add_axes((0.08, 0.2, width, 0.58))
    _by_savings(left, found)
    if measured:
        _by_minimum(figure.add_axes((0.58, 0.2, 0.4, 0.58)), found)
    style.title(
        figure,
        f"Skill against luck: {label}",
        "One colour per number of members. Shaded: 2 standard errors on either side.",
    )
    figure.legend(
        *left.get_legend_handles_labels(),
        loc="lower left",
        bbox_to_anchor=(0.06, 0.0),
        ncols=found.sizes["size"] + 1,
        frameon=False,
        fontsize=style.SMALL,
    )
    return left


def _by_savings(axes: Axes, found: xr.Dataset) -> None:
    style.frame(axes, grid="both")
    at = found["true_savings"].values
    owed = bool((found["owes"] > 0.0).any())
    for number, size in enumerate(found["size"].values):
        one, colour = found.sel(size=size), _colour(number)
        _line(axes, at, one, "earns", colour, "-", f"{int(size):,} members")
        if owed:
            _line(axes, at, one, "owes", colour, ":", None)
    axes.axvline(0.0, color=style.INK, linewidth=0.8, zorder=1)
    axes.set_ylim(-0.02, 1.02)
    style.percent_axis(axes.xaxis, "True savings of the expenditure that counts")
    style.percent_axis(axes.yaxis, "Probability")
    axes.set_title(
        "Earns (solid)" + (", owes (dotted)" if owed else ""), fontsize=style.TEXT, loc="left"
    )


def _by_minimum(axes: Axes, found: xr.Dataset) -> None:
    style.frame(axes, grid="both")
    at = found["minimum_savings_rate"].values
    true = float(found["true_savings"].sel(true_savings=_TRUE, method="nearest"))
    for number, size in enumerate(found["size"].values):
        reaches, colour = found["reaches"].sel(size=size), _colour(number)
        axes.plot(at, reaches.sel(true_savings=0.0), color=colour, linewidth=1.6)
        axes.plot(at, 1.0 - reaches.sel(true_savings=true), "--", color=colour, linewidth=1.6)
    axes.set_ylim(-0.02, 1.02)
    style.percent_axis(axes.xaxis, "Minimum savings rate")
    style.percent_axis(axes.yaxis, "")
    axes.set_title(
        f"Luck rewarded (solid: no true savings),\nskill denied (dashed: {text.percent(true, 0)})",
        fontsize=style.TEXT,
        loc="left",
    )


def _line(
    axes: Axes,
    at: np.ndarray,
    one: xr.Dataset,
    name: str,
    colour: str,
    dash: str,
    label: str | None,
) -> None:
    value, error = one[name].values, one[f"{name}_standard_error"].values
    axes.plot(at, value, dash, color=colour, linewidth=1.6, label=label)
    axes.fill_between(at, value - 2 * error, value + 2 * error, color=colour, alpha=0.15, lw=0)


def _colour(number: int) -> str:
    return style.SERIES[number % len(style.SERIES)]
