"""Comparison of contracts: mean and range of the net result, paired difference in words."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import style, text
from vbsim.plots.base import Findings
from vbsim.plots.text import MILLION

_HEAD, _FOOT = 1.0, 0.55
_LEFT, _RIGHT = 0.2, 0.7
_MEAN_AT, _DIFFERENCE_AT = 0.835, 0.99


def applies(findings: Findings) -> bool:
    """Every run has net results."""
    return True


def order(findings: Findings) -> list[str]:
    """Contracts by their mean net result, best first."""
    return sorted(findings.names, key=lambda name: -findings.measure(name, "mean")[0])


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw a row per contract, best mean on top."""
    names = order(findings)
    style.rows(figure, len(names), _HEAD, _FOOT)
    height = figure.get_figheight()
    box = (_LEFT, _FOOT / height, _RIGHT - _LEFT, 1 - (_HEAD + _FOOT) / height)
    axes = figure.add_axes(box)
    style.frame(axes, grid="x")
    decimals = text.decimals_of_millions([findings.measure(name, "sd")[0] for name in names])
    for row, name in enumerate(names):
        _draw_row(axes, findings, name, row)
        _write_row(axes, findings, name, row, decimals)
    axes.axvline(0.0, color=style.INK, linewidth=0.8, zorder=1)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks([])
    style.money_axis(axes.xaxis, f"Net result of {findings.whose}")
    _write_heads(figure, findings, 1 - (_HEAD - 0.1) / height)
    return axes


def _draw_row(axes: Axes, findings: Findings, name: str, row: int) -> None:
    colour = style.GAIN if name == findings.reference else style.GREY
    for low, high, width in (("p05", "p95", 2.0), ("p25", "p75", 8.0)):
        ends = np.array([findings.measure(name, key)[0] for key in (low, high)]) / MILLION
        axes.plot(
            ends, [row, row], color=colour, linewidth=width, alpha=0.55, solid_capstyle="butt"
        )
    mean = findings.measure(name, "mean")[0] / MILLION
    axes.plot(mean, row, "o", color="white", markeredgecolor=style.INK, markersize=6, zorder=5)


def _write_row(axes: Axes, findings: Findings, name: str, row: int, decimals: int) -> None:
    own = name == findings.reference
    gap = "reference" if own else _with_error(findings.difference(name, "mean"), decimals)
    cells = (
        (0.02, text.wrapped(findings.label(name), 20 if own else 22), "left"),  # bold is wider
        (_MEAN_AT, _with_error(findings.measure(name, "mean"), decimals), "right"),
        (_DIFFERENCE_AT, gap, "right"),
    )
    for place, cell, side in cells:
        axes.text(
            (place - _LEFT) / (_RIGHT - _LEFT),
            row,
            cell,
            ha=side,
            va="center",
            transform=axes.get_yaxis_transform(which="grid"),
            fontsize=style.TEXT,
            color=style.INK,
            linespacing=1.1,
            weight="bold" if own and side == "left" else "normal",
        )


def _with_error(pair: tuple[float, float], decimals: int) -> str:
    value, error = (text.millions(amount, decimals) for amount in pair)
    return f"{value} ± {error}"


def _write_heads(figure: Figure, findings: Findings, bottom: float) -> None:
    style.title(
        figure,
        f"Contracts side by side, {findings.year}",
        "Circle: mean. Thick bar: middle half of the outcomes. Thin bar: 5th to 95th percentile.",
    )
    heads = (
        (_MEAN_AT, "mean ±\nstandard error"),
        (_DIFFERENCE_AT, "difference of means\nfrom the reference"),
    )
    for place, head in heads:
        figure.text(
            place,
            bottom,
            head,
            fontsize=style.SMALL,
            color=style.GREY,
            ha="right",
            va="bottom",
            linespacing=1.1,
        )
