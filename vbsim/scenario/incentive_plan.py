"""Whether physicians at substantial risk for referrals have the stop-loss that the rule asks for.

The rule holds for whoever a Medicare Advantage or Medicaid plan pays. An aggregate cover is not
judged: that takes the potential payments in dollars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vbsim import rulebook
from vbsim.contract import Condition, Contract
from vbsim.payment_models.stop_loss import Specific
from vbsim.scenario.contracts.words import IncentivePlan

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk


def condition(desk: Desk, contract: Contract, words: IncentivePlan | None) -> tuple[Condition, ...]:
    """Condition of the rule, with what holds of the contract; none where the rule does not hold."""
    if words is None:
        return ()
    book, on = rulebook.read("rules", "physician_incentive_plan"), desk.years[0]
    figure, name = book.figure("stop_loss", on), "stop-loss for substantial financial risk"
    desk.cite(figure)
    substantial = desk.cite(book.figure("substantial_financial_risk", on))
    at_risk, found = words.payments_at_risk, None
    if at_risk is not None:
        found = True
        name += (
            f" ({100.0 * at_risk:g} % of payments at risk; above {100.0 * substantial:g} % it is)"
        )
        if at_risk > substantial:
            found = _protected(desk, contract, words)
    return (desk.audit.told(contract.name, Condition(name, figure, found)),)


def _protected(desk: Desk, contract: Contract, words: IncentivePlan) -> bool | None:
    """Whether the stop-loss is enough; ``None`` where nothing says."""
    book, on = rulebook.read("rules", "physician_incentive_plan"), desk.years[0]
    panel = desk.heads if words.panel is None else words.panel
    if panel > desk.cite(book.figure("largest_panel", on)):
        return True
    cover = contract.stop_loss[0] if contract.stop_loss else None
    if cover is None:
        return False
    if cover.specific is None:
        return None
    least = desk.cite(book.figure("covered_share", on))
    largest = words.deductible
    if largest is None:
        table = desk.cite(book.figure("deductible", on))
        largest = next((row[1] for row in table or [] if panel <= row[0]), None)
    return _covers(cover.specific, least, largest)


def _covers(specific: Specific, least: float, largest: float | None) -> bool | None:
    whole = np.isinf(specific.limit) and not specific.aggregating_deductible
    if not whole or specific.coinsurance < least:
        return False
    attachments = [specific.attachment, *(attachment for _, attachment in specific.lasers)]
    return None if largest is None else max(attachments) <= largest
