"""The answer in one sentence, made from the numbers."""

from __future__ import annotations

import math

import numpy as np

from vbsim.plots import Findings
from vbsim.plots.text import percent
from vbsim.report.tables import money, money_with_error, with_error


def answer(findings: Findings) -> str:
    """Say what may happen under the reference contract, and where the published result fell."""
    label = findings.contract(findings.reference).label
    if math.isnan(findings.measure(findings.reference, "prob_loss")[0]):
        return f"Under {label} in {findings.year}: one simulated year tells no probability."
    parts = [_owing(findings), _earning(findings), _published(findings)]
    return f"Under {label} in {findings.year}, {'; '.join(part for part in parts if part)}."


def _owing(findings: Findings) -> str:
    name = findings.reference
    chance, error = findings.measure(name, "prob_loss")
    holder = f"the {findings.holder(name)}"
    if chance == 0.0:
        count = findings.net(name).size
        return f"{holder} owed or lost money in none of {count:,} simulated years"
    amount = findings.measure(name, "expected_loss")
    tail = findings.measure(name, "tvar_95")
    text = f"{holder} owes or loses money with probability {with_error(percent, chance, error)}"
    if not math.isnan(amount[0]):
        text += f", on average {money_with_error(*amount)} when it does"
    if tail[0] > 0.0:
        text += (
            f" and {money_with_error(*tail)} over the worst 5\N{NO-BREAK SPACE}% of the years "
            "(TVaR 95\N{NO-BREAK SPACE}%)"
        )
    return text


def _earning(findings: Findings) -> str:
    name = findings.reference
    chance = with_error(percent, *findings.measure(name, "prob_gain"))
    amount = findings.measure(name, "expected_gain")
    text = f"it earns with probability {chance}"
    if not math.isnan(amount[0]):
        text += f", on average {money_with_error(*amount)}"
    idle = float(np.mean(findings.net(name) == 0.0))
    return text + (f", and ends at exactly 0 in {percent(idle)} of the years" if idle > 0.0 else "")


def _published(findings: Findings) -> str:
    observed = findings.plan.observed
    place = findings.published_percentile()
    if observed is None or math.isnan(place):
        return ""
    paid = "no payment either way"
    if observed.payment != 0.0:
        verb = "earned" if observed.payment > 0.0 else "owed"
        paid = f"{money(abs(observed.payment))} {verb}"
    return (
        f"the published result, a savings rate of {percent(observed.savings_rate, 2)} with {paid}, "
        f"lies at percentile {100.0 * place:.1f} of the simulated savings rates"
    )
