"""Figures of a backtest: forecasts and what came in, Axes out.

Each is a module as :mod:`vbsim.plots.base` describes, on :class:`vbsim.backtest.Backtest`.
"""

from __future__ import annotations

from vbsim.plots import Illustration

__all__ = ["BACKTEST_FIGURES"]

BACKTEST_FIGURES = {
    "coverage": Illustration(
        "backtest.coverage",
        "How often the published savings rate fell into the central interval of each level. An "
        "honest forecast lies near the diagonal: above it intervals are too wide, below it too "
        "narrow. The band holds nine honest forecasts out of ten; it is wide because the program's "
        "year is common to all ACOs.",
    ),
    "pit": Illustration(
        "backtest.pit",
        "Where the published rate fell in its predictive distribution, counted in tenths. An "
        "honest forecast is flat but for chance; a hump says too wide, two horns too narrow, a "
        "slope that the program did better or worse than expected. The marks hold nine honest "
        "forecasts out of ten, each tenth for itself.",
    ),
    "crps_by_size": Illustration(
        "backtest.crps_by_size",
        "Mean distance of the forecast from what came (CRPS, in points of the savings rate), by "
        "assigned beneficiaries; further left is better.",
    ),
    "earning": Illustration(
        "backtest.earning",
        "ACOs in groups of equal number by their forecast probability of earning a payment, and "
        "the share that did. Bars: 90 % of groups whose forecast is right, chance alone.",
    ),
    "totals": Illustration(
        "backtest.totals",
        "Three program-wide figures: predictive interval of 80 % (thick) and of 95 % (thin), the "
        "median, and what was published.",
    ),
}
