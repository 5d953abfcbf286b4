"""Simulated against assumed utilization and cost: a check of the engine, service by service."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style, text
from vbsim.plots.base import BAR, FIT_VARIABLES, Findings
from vbsim.vocabulary import SEGMENT, SERVICE

_HEAD, _FOOT, _ROW = 1.15, 0.55, 0.42


def applies(findings: Findings) -> bool:
    """Whether there are enough realizations to tell an error."""
    fit = findings.fit
    return fit is not None and bool(fit["utilization_standard_error"].notnull().any())


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw two panels, utilization and cost; returns the first."""
    fit = findings.fit
    assert fit is not None
    services = [str(name) for name in fit[SERVICE].values]
    height = max(_HEAD + _FOOT + _ROW * len(services), 3.0)
    figure.set_size_inches(style.WIDTH, height)
    grid = figure.subplots(1, len(FIT_VARIABLES), sharey=True, sharex=True, squeeze=False)[0]
    figure.subplots_adjust(
        left=0.13, right=0.98, top=1 - _HEAD / height, bottom=_FOOT / height, wspace=0.06
    )
    for axes, (variable, heading) in zip(grid, FIT_VARIABLES.items(), strict=True):
        style.frame(axes, grid="x")
        _draw_panel(axes, findings.fit_ratios(variable))
        axes.set_title(heading, fontsize=style.TEXT, color=style.INK, loc="left")
        style.axis_label(axes.xaxis, "Simulated / assumed")
    grid[0].set_yticks(range(len(services)), [text.words(name) for name in services])
    grid[0].tick_params(axis="y", length=0, labelsize=style.TEXT)
    grid[1].tick_params(axis="y", length=0)
    grid[0].set_ylim(len(services) - 0.5, -0.5)
    _legend(figure, grid[0], height)
    style.title(
        figure,
        "Does the simulation give back what was assumed?",
        f"Mean of {fit.attrs['year']} over all realizations, divided by what the assumptions say; "
        f"bars: ± {BAR:g} standard errors",
    )
    first: Axes = grid[0]
    return first


def _draw_panel(axes: Axes, shown: xr.Dataset) -> None:
    segments, services = shown[SEGMENT].values, shown.sizes[SERVICE]
    for row in range(0, services, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f6f8f9", linewidth=0, zorder=0)
    axes.axvline(1.0, color=style.INK, linewidth=0.8, zorder=1)
    places = (np.arange(segments.size) - (segments.size - 1) / 2.0) * 0.8 / segments.size
    for number, (name, place) in enumerate(zip(segments, places, strict=True)):
        one = shown.sel({SEGMENT: name})
        axes.errorbar(
            one["ratio"].values,
            np.arange(services) + place,
            xerr=np.nan_to_num(one["margin"].values),
            fmt=style.MARKERS[number % len(style.MARKERS)],
            color=style.SERIES[number % len(style.SERIES)],
            markersize=3.2,
            elinewidth=1.0,
            label=text.words(str(name)),
        )


def _legend(figure: Figure, axes: Axes, height: float) -> None:
    marks, names = axes.get_legend_handles_labels()
    figure.legend(
        marks,
        names,
        loc="upper left",
        bbox_to_anchor=(0.012, 1 - 0.53 / height),
        ncols=7,
        fontsize=style.SMALL,
        frameon=False,
        handletextpad=0.3,
        columnspacing=1.4,
    )
