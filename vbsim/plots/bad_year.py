"""Settlement waterfall of a bad year: the 1-in-20 outcome of the reference contract."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vbsim.plots import waterfall
from vbsim.plots.base import Findings

_LEVEL = 0.05  # the loss there is VaR 95 %


def applies(findings: Findings) -> bool:
    """Whether the 1-in-20 outcome costs the holder of the contract money."""
    return bool(findings.net(findings.reference)[_position(findings)] < 0.0)


def draw(figure: Figure, findings: Findings) -> Axes:
    """Draw the waterfall of the reference contract at its 5th percentile."""
    words = ("a 1-in-20 bad outcome", "1 in 20 of the simulated years ends at least as badly")
    return waterfall.draw_realization(
        figure, findings, findings.reference, _position(findings), words
    )


def _position(findings: Findings) -> int:
    return findings.position_at(findings.reference, _LEVEL)
