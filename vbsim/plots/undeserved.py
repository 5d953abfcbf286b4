"""What luck does, by size: paid or charged without having deserved it, and savings denied.

Drawn from :func:`vbsim.skill.curves`, not from the findings of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.minimum_rate import members_axis

_COLOURS = {"earns": style.GAIN, "owes": style.LOSS}
_WORDS = {"earns": "earns", "owes": "owes"}
_SKILL = style.SERIES[2:]


@dataclass(frozen=True, slots=True)
class Cell:
    """A probability that somebody published.

    Parameters
    ----------
    what
        ``earns``, ``owes`` or ``denied``.
    size
        Members.
    true_savings
        Share.
    probability
        Share.
    """

    what: str
    size: int
    true_savings: float
    probability: float


def denied(found: xr.Dataset, true_savings: float) -> tuple[FloatArray, FloatArray]:
    """Probability by size that who has saved so much earns nothing, and its standard error."""
    one = found.sel(true_savings=true_savings)
    return 1.0 - one["earns"].values, one["earns_standard_error"].values


def draw(figure: Figure, found: xr.Dataset, label: str, published: Sequence[Cell] = ()) -> Axes:
    """Draw both panels of one contract: without true savings, and with those asked for above 0.

    Parameters
    ----------
    figure
        Empty; its size is set.
    found
        From :func:`vbsim.skill.curves`, with true savings 0 among those asked for.
    label
        Words for the contract.
    published
        Cells of a published table; those of true savings that are not drawn are left out.
    """
    figure.set_size_inches(style.WIDTH, 4.2)
    left: Axes = figure.add_axes((0.08, 0.13, 0.40, 0.62))
    right: Axes = figure.add_axes((0.57, 0.13, 0.40, 0.62))
    members, none = found["size"].values, found.sel(true_savings=0.0)
    for name, colour in _COLOURS.items():
        if bool((none[name] > 0.0).any()):
            values, errors = none[name].values, none[f"{name}_standard_error"].values
            _line(left, members, values, errors, colour, _WORDS[name])
            _cells(left, published, name, 0.0, colour)
    skilled = [float(rate) for rate in found["true_savings"].values if rate > 0.0]
    for number, rate in enumerate(skilled):
        colour = _SKILL[number % len(_SKILL)]
        _line(right, members, *denied(found, rate), colour, f"saves {text.percent(rate, 0)}")
        _cells(right, published, "denied", rate, colour)
    for axes, heading in (
        (left, "Luck: nothing was saved"),
        (right, "Skill denied: savings that earn nothing"),
    ):
        style.frame(axes, grid="both")
        axes.set_title(heading, fontsize=style.TEXT, color=style.INK, loc="left")
        axes.set_ylim(bottom=0.0)
        members_axis(axes, members)
        style.percent_axis(axes.yaxis, "Probability" if axes is left else "")
        axes.legend(fontsize=style.SMALL, frameon=False, labelcolor=style.INK, loc="upper right")
    marks = "; diamonds as published" if published else ""
    style.title(
        figure,
        f"What luck does, by size: {label}",
        f"Shaded: 2 standard errors on either side{marks}",
    )
    return left


def _line(
    axes: Axes, members: FloatArray, values: FloatArray, errors: FloatArray, colour: str, label: str
) -> None:
    axes.plot(members, values, color=colour, linewidth=1.8, label=label)
    low, high = values - 2.0 * errors, values + 2.0 * errors
    axes.fill_between(members, low, high, color=colour, alpha=0.15, lw=0)


def _cells(axes: Axes, cells: Sequence[Cell], what: str, savings: float, colour: str) -> None:
    own = [cell for cell in cells if cell.what == what and cell.true_savings == savings]
    axes.plot(
        [cell.size for cell in own],
        [cell.probability for cell in own],
        "D",
        color=colour,
        markeredgecolor=style.INK,
        markersize=9 if what == "earns" else 6,  # both are seen where they fall together
        zorder=5,
    )
