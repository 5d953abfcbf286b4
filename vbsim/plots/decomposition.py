"""Decomposition of variance: a bar per contract, cut by source; what no source makes alone in grey.

Drawn from a decomposition, not from the findings of a run: ``draw`` takes the Dataset of
:func:`vbsim.decompose.decompose_scenario`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style, text

_TOGETHER = "together"
_HEAD, _FOOT, _LEFT = 1.15, 0.6, 0.24
_WIDE_ENOUGH = 0.055  # of the bar, for a figure inside


def draw(
    figure: Figure, decomposition: xr.Dataset, labels: Mapping[str, str], quantity: str
) -> Axes:
    """Draw a row per contract of the first year whose result varies.

    Parameters
    ----------
    figure
        Empty; its size is set.
    decomposition
        From :func:`vbsim.decompose.decompose_scenario`.
    labels
        Words for each contract.
    quantity
        ``net result`` or ``savings rate``.
    """
    found = decomposition.sel(quantity=quantity).isel(year=0)
    names = [n for n in labels if float(found["variance"].sel(contract=n)) > 0.0]
    style.rows(figure, len(names), _HEAD, _FOOT)
    height = figure.get_figheight()
    axes = figure.add_axes((_LEFT, _FOOT / height, 0.72, 1 - (_HEAD + _FOOT) / height))
    style.frame(axes, grid="x")
    for row, name in enumerate(names):
        _bar(axes, found.sel(contract=name), row)
    axes.set_yticks(range(len(names)), [text.wrapped(labels[n], 26) for n in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0.0, 1.01)
    style.percent_axis(axes.xaxis, f"Share of the variance of the {quantity}")
    style.title(
        figure,
        f"What makes the {quantity} uncertain, {int(decomposition['year'][0])}",
        "Coloured: what a source does by itself. Grey: sources together, near a gate or a cap.",
    )
    handles, words = axes.get_legend_handles_labels()
    figure.legend(
        handles[: found.sizes["source"] + 1],
        words[: found.sizes["source"] + 1],
        loc="upper left",
        bbox_to_anchor=(0.015, 1.0 - 0.58 / height),
        ncols=found.sizes["source"] + 1,
        frameon=False,
        fontsize=style.TEXT,
        handlelength=1.0,
        columnspacing=1.4,
    )
    return axes


def _bar(axes: Axes, one: xr.Dataset, row: int) -> None:
    names = [str(name) for name in one["source"].values]
    shares = [*one["alone"].values, float(one["interactions"])]
    colours = [*style.SERIES[: len(names)], style.RULE]
    # An estimate a little below 0 is drawn as nothing.
    edge = 0.0
    for name, share, colour in zip([*names, _TOGETHER], shares, colours, strict=True):
        width = float(np.clip(share, 0.0, 1.0))
        axes.barh(row, width, left=edge, height=0.6, color=colour, label=name, edgecolor="white")
        if width > _WIDE_ENOUGH:
            axes.text(
                edge + width / 2,
                row,
                text.percent(width, 0),
                ha="center",
                va="center",
                fontsize=style.SMALL,
                color=style.INK if name == _TOGETHER else "white",
            )
        edge += width
