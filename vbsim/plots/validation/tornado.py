"""Which UNVERIFIED figure moves the answer: a tornado of the chance to owe and the mean result."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from vbsim.plots import style, text
from vbsim.validation import Moved, Validation

_SHOWN = 16
_LEFT, _GAP, _RIGHT, _HEAD, _FOOT, _ROW = 2.75, 0.3, 0.2, 1.0, 0.6, 0.3
_PANELS = (
    ("prob_loss", 100.0, "Change of P(owes) [points]"),
    ("mean", 1e-3, "Change of the mean result [USD thousand]"),
)


def applies(found: Validation) -> bool:
    """Where a scenario's answer was moved."""
    return found.sensitivity is not None and bool(found.sensitivity.moved)


def shown(found: Validation) -> list[Moved]:
    """Give the figures that are drawn: those that move the chance to owe most."""
    assert found.sensitivity is not None
    return list(found.sensitivity.moved[:_SHOWN])


def label(path: str) -> str:
    """Words for the path of a figure."""
    names = path.removeprefix("enrollment_types.").removeprefix("services.").split(".")
    if path.startswith("uncertainty.true_savings"):
        return "Prior of true savings, sd"
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
        f"P(owes) {text.percent(one.value)} ± {text.percent(one.error)}; the "
        f"{len(rows)} of {len(found.sensitivity.moved)} figures that move it most",
    )
    return panels[0]


def _panel(axes: Axes, rows: list[Moved], answer: str, scale: float) -> None:
    style.frame(axes, grid="x")
    axes.axvline(0.0, color=style.INK, linewidth=0.8, zorder=3)
    for row, one in enumerate(rows):
        pairs = one.changes[answer]
        colours = (style.LOSS,) if len(pairs) == 1 else (style.GAIN, style.LOSS)
        for end, (change, colour) in enumerate(zip(pairs, colours, strict=True)):
            lift = row + (0.0 if len(pairs) == 1 else 0.19 * (2 * end - 1))
            bar: BarContainer = axes.barh(
                lift, scale * change.value, 0.36, color=colour, alpha=0.45 if one.verified else 1.0,
                hatch="////" if one.verified else None, edgecolor="white", linewidth=0.0,
            )  # fmt: skip
            bar.set_label("_")
            middle, reach = scale * change.value, 2.0 * scale * change.error
            axes.plot([middle - reach, middle + reach], [lift, lift], color=style.INK,
                      linewidth=0.8, zorder=4)  # fmt: skip
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}".replace("-", "−")))
