"""CRPS of every forecast by size band."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.backtest import BANDS, Backtest
from vbsim.plots import style
from vbsim.plots.backtest.names import FORECASTS, band

_HEAD, _FOOT = 1.0, 0.55


def applies(found: Backtest) -> bool:
    """Every backtest has forecasts and what came."""
    return True


def draw(figure: Figure, found: Backtest) -> Axes:
    """Draw a row for each band that has an ACO, a mark for each forecast."""
    bands = [
        (band(number), found.scored & (found.band == number))
        for number in range(len(BANDS))
        if (found.scored & (found.band == number)).any()
    ]
    style.rows(figure, len(bands), _HEAD, _FOOT)
    height = figure.get_figheight()
    place = (0.23, _FOOT / height, 0.74, 1.0 - (_HEAD + _FOOT) / height)
    axes = figure.add_axes(place)
    style.frame(axes, grid="x")
    means = [found.mean_scores("crps", which) for _, which in bands]
    for name, (words, colour, marker) in FORECASTS.items():
        values = [np.nan if one[name] is None else 100.0 * float(one[name] or 0.0) for one in means]
        if not np.isnan(values).all():
            axes.plot(values, range(len(bands)), marker, color=colour, markersize=6, label=words)
    labels = [f"{name} (n = {int(which.sum())})" for name, which in bands]
    axes.set_yticks(range(len(bands)), labels)
    axes.tick_params(axis="y", length=0, labelsize=style.TEXT)
    axes.set_ylim(len(bands) - 0.5, -0.5)
    axes.set_xlim(left=0.0)
    style.axis_label(axes.xaxis, "Mean CRPS [percentage points of the savings rate]")
    figure.legend(
        *axes.get_legend_handles_labels(), loc="upper left", ncols=4, frameon=False,
        bbox_to_anchor=(0.012, 1.0 - 0.53 / height), fontsize=style.SMALL,
    )  # fmt: skip
    style.title(
        figure, "How near are the forecasts, by size?", f"{found.year}, CRPS by beneficiaries"
    )
    return axes
