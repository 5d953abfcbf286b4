"""Mean savings rate, and the share that earns, by the terms that the entities have."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots.portfolio import bars
from vbsim.plots.portfolio.findings import PortfolioFindings

_PANELS = {
    "mean_savings_rate": "Mean savings rate",
    "share_earning": "Share that earns",
}


def applies(findings: PortfolioFindings) -> bool:
    """Whether entities have different terms."""
    return bars.known(findings, "terms", "share_earning").size >= bars.FEWEST


def draw(figure: Figure, findings: PortfolioFindings) -> Axes:
    """Draw two panels with a bar per kind of terms; returns the first."""
    chosen = bars.known(findings, "terms", "share_earning")
    words = ("Savings and earning by terms", "Terms")
    return bars.draw_groups(figure, findings, chosen, _PANELS, words)
