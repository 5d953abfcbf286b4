"""What an agreement period adds to the settlement of its years.

Advance payments are paid ahead and recouped from earned savings; what savings do not cover is
carried to the next year (settlements of 214 funded ACO-years, rules/mssp.yaml). A contractor that
leaves before a year ends forfeits its savings, owes losses for its months, and may have to repay
what it holds. A repayment mechanism (escrow, letter of credit, surety bond) secures losses and
costs a fee.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import FloatArray, Line, Statement, Transfer, amount, given, step
from vbsim.vocabulary import PAYER, SHARE, VENDOR

MONTHS = 12.0


@dataclass(frozen=True, slots=True)
class Terms:
    """One year of an agreement.

    Parameters
    ----------
    months
        Months of the year in the agreement; 0 for a year outside it, 12 for a whole one.
    months_charged
        Months for which losses are owed in a year that is left early.
    advance
        Advance payments of the year [USD].
    recoups
        Whether advance payments are recouped from savings.
    repays_on_leaving
        Whether what is left of them falls due when the contractor leaves early.
    mechanism_share, mechanism_amount
        Repayment mechanism: the smaller of a share of the benchmark and an amount [USD]; no
        mechanism with a share of 0.
    mechanism_fee
        Yearly fee for it [share of the mechanism].
    """

    months: float = MONTHS
    months_charged: float = MONTHS
    advance: float = 0.0
    recoups: bool = False
    repays_on_leaving: bool = False
    mechanism_share: float = 0.0
    mechanism_amount: float = np.inf
    mechanism_fee: float = 0.0

    def __post_init__(self) -> None:
        """Refuse months that no year has, and amounts below zero."""
        for name in ("months", "months_charged"):
            if not 0.0 <= getattr(self, name) <= MONTHS:
                raise ParameterError(f"{name} is {getattr(self, name):g}; expected 0 to {MONTHS:g}")
        for name in ("advance", "mechanism_amount"):
            if not getattr(self, name) >= 0.0:
                raise ParameterError(f"{name} is {getattr(self, name):g} USD; expected 0 or more")
        clauses.check_share("mechanism_share", self.mechanism_share)
        clauses.check_share("mechanism_fee", self.mechanism_fee)

    @property
    def leaves(self) -> bool:
        """Whether the contractor leaves before the year ends."""
        return 0.0 < self.months < MONTHS


Carried = FloatArray | float
"""Advance payments that are still to be recouped [USD]."""


def under_agreement(
    carried: Carried, statement: Statement, terms: Terms
) -> tuple[Carried, Statement]:
    """Add a year's agreement to its statement, which has lines of shared savings and losses.

    Parameters
    ----------
    carried
        Advance payments that earlier years left to be recouped, (R,) or one for all [USD].
    statement
        Of the contract alone; its party is the contractor.
    terms
        Of the year.

    Returns
    -------
    tuple
        What is carried to the next year, and the statement with the agreement's lines and flows.
    """
    holder, lines, flows = statement.party, dict(statement.lines), []
    earned, words = lines["shared_savings"].value, "shared_savings"
    if terms.leaves:
        more = _leaving(lines, terms)
        lines |= more
        flows += [
            Transfer(holder, PAYER, "savings forfeited", -more["savings_forfeited"].value, True),
            Transfer(PAYER, holder, "losses not charged", more["losses_not_charged"].value, True),
        ]
        earned, words = np.zeros_like(earned), "(shared_savings + savings_forfeited)"
    if terms.recoups:
        carried, more = _recouped(carried, earned, words, terms)
        lines |= more
        flows += [
            Transfer(PAYER, holder, "advance payments", more["advance_paid"].value),
            Transfer(holder, PAYER, "advance recouped", -more["advance_recouped"].value, True),
        ]
        if "advance_repaid" in more:
            repaid = -more["advance_repaid"].value
            flows.append(Transfer(holder, PAYER, "advance repaid", repaid, True))
    if terms.mechanism_share:
        more = _mechanism(lines, terms)
        lines |= more
        fee = -more["repayment_mechanism_cost"].value
        flows.append(Transfer(holder, VENDOR, "repayment mechanism", fee))
    return carried, Statement(lines, (*statement.transfers, *flows), holder)


def _leaving(lines: dict[str, Line], terms: Terms) -> dict[str, Line]:
    """Lines of a year that is not served to its end."""
    saved, lost = lines["shared_savings"].value, lines["shared_losses"].value
    return {
        "months_charged": given(
            terms.months_charged, "of the year, for which losses are owed", "months"
        ),
        "savings_forfeited": step(-saved, "-shared_savings"),
        "losses_not_charged": step(
            (1.0 - terms.months_charged / MONTHS) * lost,
            f"(1 - months_charged / {MONTHS:.0f}) * shared_losses",
        ),
    }


def _recouped(
    carried: Carried, earned: FloatArray, words: str, terms: Terms
) -> tuple[FloatArray, dict[str, Line]]:
    """Lines of advance payments: carried in, paid, recouped, and carried out."""
    before = np.broadcast_to(np.asarray(carried, dtype=np.float64), earned.shape)
    paid = np.full_like(earned, terms.advance)
    balance = before + paid
    recouped = np.minimum(np.maximum(earned, 0.0), balance)
    left = balance - recouped
    lines = {
        "advance_carried": given(before, "advance payments that are still to be recouped"),
        "advance_due": given(terms.advance, "advance payments of the year"),
        "advance_paid": step(paid, "advance_due"),
        "advance_recouped": step(
            -recouped, f"-min(max({words}, 0), advance_carried + advance_paid)"
        ),
    }
    rest = "advance_carried + advance_paid + advance_recouped"
    if terms.leaves and terms.repays_on_leaving:
        lines["advance_repaid"] = step(-left, f"-({rest})")
        left, rest = np.zeros_like(left), f"{rest} + advance_repaid"
    lines["advance_balance"] = amount(left, rest)
    return left, lines


def _mechanism(lines: dict[str, Line], terms: Terms) -> dict[str, Line]:
    """Lines of the repayment mechanism: what it secures, and what it costs."""
    mark, lost = lines["benchmark"].value, lines["shared_losses"].value
    size, words = terms.mechanism_share * mark, "repayment_mechanism_share * benchmark"
    found = {
        "repayment_mechanism_share": given(
            terms.mechanism_share, "to be secured, of benchmark", SHARE
        )
    }
    if np.isfinite(terms.mechanism_amount):
        found["repayment_mechanism_limit"] = given(
            terms.mechanism_amount, "most to be secured, by participants' revenue"
        )
        size = np.minimum(size, terms.mechanism_amount)
        words = f"min({words}, repayment_mechanism_limit)"
    return found | {
        "repayment_mechanism": amount(size, words),
        "losses_unsecured": amount(
            np.maximum(lost - size, 0.0), "max(shared_losses - repayment_mechanism, 0)"
        ),
        "repayment_mechanism_fee": given(terms.mechanism_fee, "yearly fee for it", SHARE),
        "repayment_mechanism_cost": step(
            -terms.mechanism_fee * size, "-repayment_mechanism_fee * repayment_mechanism"
        ),
    }
