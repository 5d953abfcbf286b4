"""Settlement waterfall: from the first line of the statement to the net, for one realization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plan import FloatArray
from vbsim.plots import style, text
from vbsim.plots.base import Findings
from vbsim.plots.text import MILLION

_HEAD, _FOOT = 1.0, 0.55
_LEFT, _RIGHT, _AMOUNT_AT = 0.2, 0.88, 0.98


@dataclass(frozen=True, eq=False)
class Bars:
    """Lines of a statement as bars.

    Parameters
    ----------
    names
        Lines that add up, in order, and last the net.
    starts, amounts
        Where each bar begins, and how far it reaches [USD]; the net begins at 0.
    """

    names: list[str]
    starts: FloatArray
    amounts: FloatArray


def applies(findings: Findings) -> bool:
    """Every run has statements."""
    return True


def bars(findings: Findings, contract: str, position: int) -> Bars:
    """Bars of one realization's statement."""
    statement = findings.statement(contract, position)
    steps = {name: statement[name] for name in findings.steps(contract) if name in statement}
    amounts = np.array(list(steps.values()))
    starts = np.concatenate([[0.0], np.cumsum(amounts)[:-1], [0.0]])
    return Bars([*steps, "net"], starts, np.append(amounts, amounts.sum()))


def draw(figure: Figure, findings: Findings, contract: str | None = None) -> Axes:
    """Draw the waterfall of a contract (the reference by default) at its median realization."""
    chosen = findings.reference if contract is None else contract
    number = findings.median_position(chosen)
    note = "at least half of the simulated years end no better than this one"
    return draw_realization(figure, findings, chosen, number, ("the median outcome", note))


def draw_realization(
    figure: Figure, findings: Findings, chosen: str, position: int, words: tuple[str, str]
) -> Axes:
    """Draw the waterfall of one realization; ``words`` name the outcome and place it."""
    shown = bars(findings, chosen, position)
    style.rows(figure, len(shown.names), _HEAD, _FOOT)
    height = figure.get_figheight()
    axes = figure.add_axes((_LEFT, _FOOT / height, _RIGHT - _LEFT, 1 - (_HEAD + _FOOT) / height))
    style.frame(axes, grid="x")
    _draw_bars(axes, shown)
    axes.set_yticks(range(len(shown.names)), [text.words(name) for name in shown.names])
    axes.tick_params(axis="y", length=0, labelsize=style.TEXT)
    axes.get_yticklabels()[-1].set_fontweight("bold")
    axes.set_ylim(len(shown.names) - 0.4, -0.6)
    holder = findings.holder(chosen)
    style.money_axis(axes.xaxis, f"Running total, positive = money to the {holder}")
    number = int(findings.results["realization"].values[position])
    label = text.shortened(findings.contract(chosen).label, 36)
    style.title(
        figure,
        f"{label}: how {words[0]} of {findings.year} is settled",
        f"Realization {number:,}: {words[1]}",
    )
    return axes


def _draw_bars(axes: Axes, shown: Bars) -> None:
    rows = np.arange(len(shown.names))
    starts, amounts = shown.starts / MILLION, shown.amounts / MILLION
    colours = [style.GAIN if amount >= 0.0 else style.LOSS for amount in amounts]
    axes.barh(rows, amounts, left=starts, height=0.62, color=colours)
    axes.axvline(0.0, color=style.INK, linewidth=0.8)
    ends = (starts + amounts)[:-1]
    for row, end in zip(rows, ends, strict=False):
        axes.plot([end, end], [row + 0.31, row + 0.69], color=style.GREY, linewidth=0.8)
    reach = np.concatenate([starts, starts + amounts])
    room = 0.04 * (reach.max() - reach.min()) or 1.0
    axes.set_xlim(reach.min() - room, reach.max() + room)
    _write_amounts(axes, shown)


def _write_amounts(axes: Axes, shown: Bars) -> None:
    cells: list[tuple[float, str, str]] = [(-0.65, "USD", "normal")]
    for number, amount in enumerate(shown.amounts):
        weight = "bold" if number == shown.amounts.size - 1 else "normal"
        cells.append((float(number), text.number(float(amount)), weight))
    for row, cell, weight in cells:
        axes.text(
            (_AMOUNT_AT - _LEFT) / (_RIGHT - _LEFT),
            row,
            cell,
            transform=axes.get_yaxis_transform(which="grid"),
            fontsize=style.TEXT,
            color=style.INK if row >= 0.0 else style.GREY,
            ha="right",
            va="center",
            weight=weight,
        )
