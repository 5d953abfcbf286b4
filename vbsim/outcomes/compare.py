"""Says in words why a derived result is not the published one, or why there is none."""

from __future__ import annotations

from vbsim.outcomes.layout import Layout
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.reader import OutcomeFile, Row


def absent(row: Row, name: str, layout: Layout) -> str:
    """Say that a field that is needed has no number, and why."""
    column = row.header.name(name) if name in row.header.places else layout.columns[name][0]
    return f"{column} is {row.absent(name)}, and the settlement needs it"


def mssp(outcome: Outcome, row: Row, revenue_limit: float, file: OutcomeFile) -> None:
    """Give the reason of a difference above one dollar in an MSSP settlement."""
    difference = outcome.difference
    owed = outcome.owed_shared_losses
    if difference is None or owed is None:
        if owed and revenue_limit:
            outcome.because(_revenue(revenue_limit) + ", so the loss is an upper bound")
        return
    if abs(difference) <= 1.0:
        return
    if owed and difference < 0.0 and revenue_limit:
        flagged = " (flagged RevLossLimit)" if row.value("revenue_limited") else ""
        outcome.because("the published loss is lower: " + _revenue(revenue_limit) + flagged)
    elif abs(difference) <= _rounding(outcome, row, file):
        outcome.because(_rounded(outcome, row, file))
    if row.value("prorated"):
        outcome.because("terminated in mid-year: losses are prorated by a share not in the file")
    if not outcome.reason:
        outcome.because("the file does not say why")


def _revenue(limit: float) -> str:
    return f"revenue-based loss limit ({limit:.0%} of participants' revenue, which no file gives)"


def _rounding(outcome: Outcome, row: Row, file: OutcomeFile) -> float:
    """Largest difference that the rounding of quality and of dollars can make [USD]."""
    gap = abs((row.value("benchmark") or 0.0) - (row.value("expenditure") or 0.0))
    dollars = 1.0 + (outcome.sharing_rate or 0.0)
    return gap * file.rounding(row.year, "quality") + dollars


def _rounded(outcome: Outcome, row: Row, file: OutcomeFile) -> str:
    step = file.rounding(row.year, "quality")
    quality = f"the file rounds {file.header.name('quality')} to {200.0 * step:.2g} %"
    rates = file.rounding(row.year, "published_sharing")
    if rates > step:
        name = file.header.name("published_sharing")
        quality += f" and {name} to {200.0 * rates:.2g} %"
    return quality if abs(outcome.difference or 0.0) > 2.0 else "the file rounds dollars"


def private(outcome: Outcome) -> None:
    """Say that nothing explains a difference above one dollar in a private settlement."""
    if outcome.difference is not None and abs(outcome.difference) > 1.0:
        outcome.because("the terms as written do not give the published amount")


def aco_reach(outcome: Outcome, row: Row) -> None:
    """Give the reason of a difference above one dollar in a REACH settlement."""
    if outcome.difference is None or abs(outcome.difference) <= 1.0:
        return
    before = row.value("published_unsequestered")
    if not outcome.published and before is not None and before > 0.0:
        outcome.because(f"the file pays nothing although shared_savings is {before:,.2f}")
        withheld = row.value("retention_withhold")
        if withheld:
            outcome.because(f"it carries a retention withhold of {withheld:g} %")
    else:
        outcome.because("the file does not say why")
