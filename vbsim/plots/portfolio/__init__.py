"""Figures of a portfolio: measures of its entities and of the program in, Axes out.

Each is a module as :mod:`vbsim.plots.base` describes, on :class:`PortfolioFindings`.
"""

from __future__ import annotations

from vbsim.plots import Illustration
from vbsim.plots.portfolio.findings import PortfolioFindings

__all__ = ["PORTFOLIO_FIGURES", "PortfolioFindings"]

PORTFOLIO_FIGURES = {
    "program": Illustration(
        "portfolio.program",
        "What the whole portfolio comes to. Bars count simulated years; entities share the "
        "nation's years, so their results move together and do not average out. A dark line is "
        "the published result, where there is one; it is no input.",
    ),
    "entities": Illustration(
        "portfolio.entities",
        "Measured savings rate of every entity, the smallest on the left. Thin line: 5th to 95th "
        "percentile of the simulated years; thick line: the middle half. A dot is a published "
        "rate, orange where it lies outside the thin line, which one in ten should.",
    ),
    "by_size": Illustration(
        "portfolio.by_size",
        "Small entities' rates are spread more widely, because luck shrinks with the number of "
        "members. Bars reach from the 5th to the 95th percentile of the simulated years; diamonds, "
        "if any, are as published.",
    ),
    "by_terms": Illustration(
        "portfolio.by_terms",
        "What entities on the same terms save and how many of them earn. Bars reach from the 5th "
        "to the 95th percentile of the simulated years; diamonds, if any, are as published. Where "
        "one belief of true savings holds for all, terms differ by their rules alone, while "
        "published results also show who chose them.",
    ),
    "by_year": Illustration(
        "portfolio.by_year",
        "Entities share the nation's trend and shocks, so in some years all of them save more: the "
        "share that earns and what the payer keeps, against the mean savings rate of the same "
        "year. How far the dots spread about the line is what stays open once that is known. The "
        "diamond, if any, is as published.",
    ),
}
