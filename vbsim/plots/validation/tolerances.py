"""How far every computed target lies from the published figure, in tolerances."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style
from vbsim.validation import GROUPS, MISS, PASS, Validation

_REACH = 3.0  # tolerances that the axis shows
_LEFT, _HEAD, _FOOT = 3.6, 0.75, 0.62


def applies(found: Validation) -> bool:
    """Where a target was computed."""
    return any(one.found is not None for one in found.results)


def deviations(found: Validation) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Deviations and whether they pass, of every group with computed targets."""
    rows = {}
    for group in GROUPS:
        computed = [one for one in found.of(group) if one.found is not None]
        if computed:
            shown = np.array([one.deviation for one in computed])
            rows[group] = (
                np.clip(shown, -_REACH, _REACH),
                np.array([one.verdict == PASS for one in computed]),
            )
    return rows


def draw(figure: Figure, found: Validation) -> Axes:
    """Draw a row of marks for every group."""
    rows = deviations(found)
    height = _HEAD + _FOOT + 0.36 * len(rows)
    figure.set_size_inches(style.WIDTH, height)
    axes = figure.add_axes(
        (_LEFT / style.WIDTH, _FOOT / height, 1.0 - (_LEFT + 0.25) / style.WIDTH,
         1.0 - (_HEAD + _FOOT) / height)
    )  # fmt: skip
    style.frame(axes, grid="x")
    axes.axvspan(-1.0, 1.0, color=style.SHADE, zorder=0)
    axes.axvline(0.0, color=style.INK, linewidth=0.8, zorder=1)
    for row, (values, passed) in enumerate(rows.values()):
        # Marks of a row stand on three lines in turn, so that they can be told apart.
        lift = row + 0.17 * (np.arange(values.size) % 3 - 1)
        for chosen, colour, marker in ((passed, style.GAIN, "o"), (~passed, style.LOSS, "D")):
            axes.scatter(
                values[chosen], lift[chosen], s=20, marker=marker, color=colour, alpha=0.75,
                linewidth=0.0, zorder=3, clip_on=False,
            )  # fmt: skip
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-1.06 * _REACH, 1.06 * _REACH)
    axes.set_yticks(range(len(rows)), [f"{GROUPS[group]}  ({group})" for group in rows])
    axes.tick_params(axis="y", length=0)
    style.axis_label(axes.xaxis, "vbsim less published [tolerances]")
    counts = found.counts()
    style.title(
        figure,
        "Published figures, computed anew",
        f"{counts[PASS]} within tolerance (circles), {counts[MISS]} missed (diamonds)",
    )
    return axes
