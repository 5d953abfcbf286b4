"""Which UNVERIFIED figure moves the answer: a tornado of the chance to owe and of bad years."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vbsim.plots import style, text
from vbsim.validation import Moved, Validation
from vbsim.validation.sensitivity import ALL

_SHOWN = 16
_LEFT, _GAP, _RIGHT, _HEAD, _FOOT, _ROW = 2.75, 0.3, 0.2, 0.8, 0.6, 0.3
_PANELS = (
    ("prob_loss", 100.0, "Change of P(owes) [points]"),
    ("tvar_95", 1e-3, "Change of TVaR 95 % [USD thousand]"),
)


def applies(found: Validation) -> bool:
    """Where a scenario's answer was moved."""
    return found.sensitivity is not None and bool(found.sensitivity.moved)


def shown(found: Validation) -> list[Moved]:
    """Give the figures that are drawn: the first of all."""
    assert found.sensitivity is not None
    return list(found.sensitivity.moved[:_SHOWN])


def label(path: str) -> str:
    """Words for the path of a figure."""
    names = path.removeprefix("enrollment_types.").removeprefix("services.").split(".")
    if path.startswith("uncertainty.true_savings"):
        return "Prior of true savings, sd"
    if path.startswith(ALL):
        return f"All together: {text.spelled(path.removeprefix(ALL))}"
    keep = [name for name in names if name not in ("members", "uncertainty")]
    return text.words("_".join(keep[:1])) + "".join(f", {text.spelled(part)}" for part in keep[1:])


def draw(figure: Figure, found: Validation) -> Axes:
    """Draw two panels that share their rows."""
    assert found.sensitivity is not None
    rows = shown(found)
    height = _HEAD + _FOOT + _ROW * len(rows)
    figure.set_size_inches(style.WIDTH, height)
    width = (style.WIDTH - _LEFT - _GAP - _RIGHT) / 2
    panels = []
    for number, (answer, scale, words) in enumerate(_PANELS):
        axes = figure.add_axes(
            ((_LEFT + number * (width + _GAP)) / style.WIDTH, _FOOT / height,
             width / style.WIDTH, _ROW * len(rows) / height)
        )  # fmt: skip
        _panel(axes, rows, answer, scale)
        style.axis_label(axes.xaxis, words)
        axes.set_yticks(range(len(rows)), [label(one.path) for one in rows] if not number else [])
        panels.append(axes)
    one = found.sensitivity.answers["prob_loss"]
    style.title(
        figure,
        f"What moves the answer: {found.sensitivity.contract}",
        f"P(owes) {text.percent(one.value)} ± {text.percent(one.error)}; the first "
        f"{len(rows)} of {len(found.sensitivity.moved)} moves, the surest change on top",
    )
    return panels[0]


def _panel(axes: Axes, rows: list[Moved], answer: str, scale: float) -> None:
    style.frame(axes, grid="x")
    axes.axvline(0.0, color=style.INK, linewidth=0.8, zorder=3)
    reach = 1.1 * _reach(rows, answer, scale)
    axes.set_xlim(-reach, reach)
    for row, one in enumerate(rows):
        pairs = one.changes[answer]
        colours = (style.LOSS,) if len(pairs) == 1 else (style.GAIN, style.LOSS)
        for end, (change, colour) in enumerate(zip(pairs, colours, strict=True)):
            lift = row + (0.0 if len(pairs) == 1 else 0.19 * (2 * end - 1))
            _bar(axes, lift, scale * change.value, colour, comparison=one.verified)
            middle, error = scale * change.value, 2.0 * scale * change.error
            axes.plot(
                [middle - error, middle + error], [lift, lift], color=style.INK, linewidth=0.8
            )
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}".replace("-", "−")))


def _reach(rows: list[Moved], answer: str, scale: float) -> float:
    """Largest change with its error among the UNVERIFIED figures; others may exceed it."""
    own = [one for one in rows if not one.verified] or rows
    ends = [abs(c.value) + 2.0 * c.error for one in own for c in one.changes[answer]]
    return scale * max(ends) or 1.0


def _bar(axes: Axes, lift: float, value: float, colour: str, *, comparison: bool) -> None:
    """Draw one bar; one that leaves the panel tells its length."""
    axes.barh(
        lift, value, 0.36, color=colour, alpha=0.45 if comparison else 1.0,
        hatch="////" if comparison else None, edgecolor="white", linewidth=0.0,
    )  # fmt: skip
    edge = axes.get_xlim()[1]
    if abs(value) > edge:
        decimals = 1 if edge < 10.0 else 0
        words = ("+" if value > 0 else "") + text.number(value, decimals)
        axes.text(
            math.copysign(0.97 * edge, value), lift, words,
            ha="right" if value > 0 else "left", va="center", fontsize=style.SMALL,
            color=style.INK, zorder=5,
        )  # fmt: skip
