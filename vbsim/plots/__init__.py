"""Figures: a finished run in, matplotlib Axes out; one figure per file.

``FIGURES`` names each module of this package with its caption. Modules are imported when they draw,
so that reading the registry does not load matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vbsim.plots.base import Findings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURES", "Findings", "Illustration", "blank"]


@dataclass(frozen=True, slots=True)
class Illustration:
    """One entry of the registry.

    Parameters
    ----------
    module
        Name of the module that draws it.
    caption
        What to see in it, for readers of the report.
    """

    module: str
    caption: str

    def draw(self, findings: Any) -> Figure | None:
        """Draw the findings that its module takes; ``None`` where it does not apply to them."""
        module = import_module(f"vbsim.plots.{self.module}")
        if not module.applies(findings):
            return None
        figure = blank()
        module.draw(figure, findings)
        return figure


def blank() -> Figure:
    """Make an empty figure on a canvas of its own, which shows itself in a notebook."""
    from vbsim.plots.sheet import Sheet

    return Sheet()


FIGURES = {
    "net_result": Illustration(
        "net_result",
        "Net result of each contract: the provider's, unless another party is named. Bars count "
        "simulated years, each panel on its own vertical scale; years that end at exactly 0 are "
        "not drawn but counted in the column beside. VaR 95 % is the loss that 95 % of the years "
        "do not exceed; TVaR 95 % is the mean loss of the worst 5 % of the years. Both in USD "
        "million, positive = money owed or lost.",
    ),
    "exceedance": Illustration(
        "exceedance",
        "Read upwards from an amount x: the probability that the contract costs more than x in the "
        "year. Contracts that never lose have no curve. The band is the 95 % confidence "
        "interval that comes from the number of simulated years alone.",
    ),
    "comparison": Illustration(
        "comparison",
        "All contracts settled on the same simulated years, best mean on top. The difference from "
        "the reference contract is paired year by year, so it is known more closely than the two "
        "means.",
    ),
    "program_return": Illustration(
        "program_return",
        "Return on investment of the program. Above, what it truly returns: claims avoided, at an "
        "effect that nobody knows beforehand, and administration spared, over its cost. Below, "
        "what a comparison with the members' year before would claim: whoever is picked for a bad "
        "year has a better one next, program or not.",
    ),
    "drawdown": Illustration(
        "drawdown",
        "Read upwards from a reserve: the probability that the running sum of the discounted "
        "results falls further below its start than that at the end of any year of the horizon. "
        "Contracts whose running sum never falls below its start have no curve.",
    ),
    "retention": Illustration(
        "retention",
        "Each dot is a contract with its specific stop-loss at one attachment [USD thousand]; own: "
        "the one that the contract has. To "
        "the right: the mean net result that the cover costs, premium less recovery. Upwards: how "
        "much shorter the tail of the loss is than without the cover. Below 0 the premium costs "
        "more in bad years than the cover brings.",
    ),
    "waterfall": Illustration(
        "waterfall",
        "The settlement of one simulated year, the median outcome of the reference contract, line "
        "by line. The amounts [USD] add up to the net result.",
    ),
    "bad_year": Illustration(
        "bad_year",
        "The settlement of a bad year, the 5th percentile of the reference contract's net result: "
        "only 1 in 20 simulated years ends worse. The amounts [USD] add up to the net result.",
    ),
    "published": Illustration(
        "published",
        "Distribution of the measured savings rate of the reference contract. Inside the shaded "
        "range, between the minimum loss rate and the minimum savings rate, no money moves.",
    ),
    "fan": Illustration(
        "fan",
        "Net result of each contract over the performance years: of each year on the left, and the "
        "sum of the years so far on the right. Line: median; dark band: 25th to 75th percentile; "
        "light band: 5th to 95th. Percentiles of a sum are not sums of percentiles: good and bad "
        "years partly cancel, and what persists does not.",
    ),
    "cash": Illustration(
        "cash",
        "Money that the holder of each contract receives by calendar year: advance payments, fees "
        "and capitation in their year, savings and losses when they are settled. Left: mean of "
        "the year, payments to the holder blue, from it orange. Right: the cash position so far, "
        "as a fan.",
    ),
    "fit": Illustration(
        "fit",
        "A check of the engine, not of the assumptions: utilization and cost of the first "
        "performance year, simulated over assumed, for every service and population segment. The "
        "bars are 3 standard errors wide on either side and should reach 1.",
    ),
}
