"""Spread of the savings rates, and the share that earns, by the size of the entities."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots.portfolio import bars
from vbsim.plots.portfolio.findings import PortfolioFindings

_PANELS = {
    "spread_of_savings_rates": "Standard deviation of the savings rates",
    "share_earning": "Share that earns",
}


def applies(findings: PortfolioFindings) -> bool:
    """Whether there are bands of sizes to tell apart, with a spread in each."""
    return bars.known(findings, "size", "spread_of_savings_rates").size >= bars.FEWEST


def draw(figure: Figure, findings: PortfolioFindings) -> Axes:
    """Draw two panels with a bar per band; returns the first."""
    chosen = bars.known(findings, "size", "spread_of_savings_rates")
    words = ("Spread and earning by size", "Assigned members")
    return bars.draw_groups(figure, findings, chosen, _PANELS, words)
