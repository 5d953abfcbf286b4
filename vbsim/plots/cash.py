"""Cash by calendar year: when the money of a contract is paid, and how far it is out of pocket."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plan import FloatArray
from vbsim.plots import style
from vbsim.plots.base import Findings
from vbsim.plots.fan import fan, finish, heads, label, panels
from vbsim.plots.text import MILLION
from vbsim.vocabulary import CASH_YEAR, CONTRACT, REALIZATION


def applies(findings: Findings) -> bool:
    """Whether a contract tells when its settlement is paid."""
    return "cash_to_holder" in findings.results


def cash_by_year(findings: Findings, name: str) -> FloatArray:
    """Money to the holder of a contract, (realizations, calendar years) [USD million]."""
    found = findings.results["cash_to_holder"].sel({CONTRACT: name})
    return np.asarray(found.transpose(REALIZATION, CASH_YEAR).values, dtype=np.float64) / MILLION


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw a row per contract with a lag: mean cash of each year, and the position so far."""
    told = [c.name for c in findings.plan.contracts if c.settlement_lag is not None]
    years = [int(y) for y in findings.results[CASH_YEAR].values]
    grid = panels(figure, len(told), 2)
    for row, name in zip(grid, told, strict=True):
        cash = cash_by_year(findings, name)
        mean = cash.mean(axis=0)
        colours = [style.GAIN if amount >= 0.0 else style.LOSS for amount in mean]
        row[0].bar(years, mean, width=0.6, color=colours)
        row[0].axhline(0.0, color=style.INK, linewidth=0.8)
        fan(row[1], years, np.cumsum(cash, axis=1))
        label(figure, row[0], findings, name)
    finish(grid, years)
    heads(figure, grid, ("Mean cash of the year", "Cash position so far"))
    style.title(
        figure,
        f"When the money comes, {years[0]} to {years[-1]}",
        "Settlements are paid after their year. Right: median, 25th to 75th and 5th to 95th "
        "percentile",
    )
    first: Axes = grid[0, 0]
    return first
