"""Shared savings, one- or two-sided: payer and provider split the gap to the benchmark.

Savings and losses count once they reach the minimum savings or loss rate, inclusively: from the
first dollar, or only the excess over the minimum. Sequestration is taken before the payment limit
and never from losses: both proved by replaying published settlements (rules/mssp.yaml).

Private contracts know more: a share by the number of quality measures met, a floor under a payment
that is earned, fees that are paid during the year and netted from the payment, and the cost of a
social-needs intervention that the provider buys.
"""

from __future__ import annotations

import numpy as np

from vbsim.payment_models import clauses, shared_savings_rates
from vbsim.payment_models.base import (
    ContractYear,
    FloatArray,
    Line,
    Statement,
    Transfer,
    amount,
    given,
    rate,
    step,
)
from vbsim.payment_models.shared_savings_terms import Terms
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, SHARE, VENDOR, YES_OR_NO

__all__ = ["Terms", "settle"]
Lines = dict[str, Line]


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    lines = _gap(year, terms)
    lines |= _counted(lines, year, terms)
    lines |= shared_savings_rates.standard(year, terms)
    lines |= shared_savings_rates.sharing(lines, year, terms)
    lines |= shared_savings_rates.loss_rate(lines, terms)
    lines |= _split(lines, terms)
    lines |= _limits(lines, terms)
    lines |= _floor(lines, terms) | _relief(lines, year, terms)
    lines |= _fees(lines, year, terms)
    lines |= _payments(lines)
    lines |= clauses.social_needs(year, terms.social_needs_pmpm)
    return None, Statement(lines, _transfers(lines, year))


def _gap(year: ContractYear, terms: Terms) -> Lines:
    """Benchmark, expenditure and the gates."""
    gap = year.benchmark - year.expenditure
    lines = {
        "benchmark": given(year.benchmark, "what the expenditure is held against"),
        "expenditure": given(year.expenditure, "claims that count"),
        "gross_savings": step(gap, "benchmark - expenditure"),
        "savings_rate": rate(clauses.share_of(gap, year.benchmark), "gross_savings / benchmark"),
        "minimum_savings_rate": given(
            terms.minimum_savings_rate, "savings count from this share of benchmark", SHARE
        ),
    }
    if terms.two_sided:
        lines["minimum_loss_rate"] = given(
            terms.minimum_loss_rate, "losses count from this share of benchmark", SHARE
        )
    if np.ndim(year.guardrail):
        lines["guardrail"] = given(
            year.guardrail, "1 where a guardrail raised the benchmark and bars savings", YES_OR_NO
        )
    return lines


def _counted(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Count savings and losses.

    A benchmark that the guardrail raised earns nothing.
    """
    gap = lines["gross_savings"].value
    savings = _beyond(gap, year.benchmark, terms.minimum_savings_rate, terms)
    words = _in_words("gross_savings", "minimum_savings_rate * benchmark", terms)
    if terms.reduced_sharing:
        savings, words = np.maximum(gap, 0.0), "max(gross_savings, 0)"
    if "guardrail" in lines:
        savings = np.where(lines["guardrail"].value > 0.5, 0.0, savings)
        words = f"0 if guardrail > 0.5 else {words}"
    losses = _beyond(-gap, year.benchmark, terms.minimum_loss_rate, terms) * terms.two_sided
    lost = _in_words("-gross_savings", "minimum_loss_rate * benchmark", terms)
    return {
        "savings_counted": amount(savings, words),
        "losses_counted": amount(losses, lost if terms.two_sided else "0"),
    }


def _beyond(
    gap: FloatArray, benchmark: FloatArray, minimum: float | FloatArray, terms: Terms
) -> FloatArray:
    counted = clauses.gate(gap, benchmark, minimum)
    if not terms.excess_only:
        return counted
    return np.where(counted > 0.0, np.maximum(gap - minimum * benchmark, 0.0), 0.0)


def _in_words(gap: str, minimum: str, terms: Terms) -> str:
    if terms.excess_only:
        return f"max({gap} - {minimum}, 0)"
    return f"{gap} if {gap} >= {minimum} else 0"


def _split(lines: Lines, terms: Terms) -> Lines:
    """Divide savings and losses between payer and provider, and withhold from savings."""
    gap, savings = lines["gross_savings"].value, lines["savings_counted"].value
    losses = lines["losses_counted"].value
    shared = lines["sharing_rate"].value * savings
    owed = lines["loss_rate"].value * losses
    after_sequestration = shared * (1.0 - terms.sequestration)
    return {
        "sequestration_rate": given(terms.sequestration, "withheld from savings payments", SHARE),
        "not_counted": step(
            savings - losses - gap, "savings_counted - losses_counted - gross_savings"
        ),
        "payer_part": step(
            (shared - owed) - (savings - losses),
            "(sharing_rate - 1) * savings_counted + (1 - loss_rate) * losses_counted",
        ),
        "sequestration": step(
            after_sequestration - shared, "-sequestration_rate * sharing_rate * savings_counted"
        ),
        "savings_before_limit": amount(
            after_sequestration, "sharing_rate * savings_counted + sequestration"
        ),
        "losses_before_limit": amount(owed, "loss_rate * losses_counted"),
    }


def _limits(lines: Lines, terms: Terms) -> Lines:
    """Caps on what is paid and on what is owed."""
    mark = lines["benchmark"].value
    shared, owed = lines["savings_before_limit"].value, lines["losses_before_limit"].value
    limit, words = terms.loss_limit_benchmark * mark, "loss_limit_rate * benchmark"
    found = {
        "payment_limit_rate": given(terms.payment_limit, "most that is paid, of benchmark", SHARE),
        "payment_limit": amount(terms.payment_limit * mark, "payment_limit_rate * benchmark"),
    }
    if terms.two_sided:
        found["loss_limit_rate"] = given(
            terms.loss_limit_benchmark, "most that is owed, of benchmark", SHARE
        )
        if np.isfinite(terms.loss_limit_amount):
            limit = np.minimum(limit, terms.loss_limit_amount)
            words = f"min({words}, loss_limit_amount)"
            found["loss_limit_amount"] = given(terms.loss_limit_amount, "most that may be owed")
        found["loss_limit"] = amount(limit, words)
    cut = np.minimum(shared, found["payment_limit"].value) - shared
    words = "min(payment_limit - savings_before_limit, 0)"
    if terms.two_sided:
        cut = cut + (owed - np.minimum(owed, limit))
        words += " + max(losses_before_limit - loss_limit, 0)"
    return found | {"limits": step(cut, words)}


def _floor(lines: Lines, terms: Terms) -> Lines:
    """Least payment, once savings count and earn a share."""
    if not terms.payment_floor:
        return {}
    floor = terms.payment_floor * lines["benchmark"].value
    limited = np.minimum(lines["savings_before_limit"].value, lines["payment_limit"].value)
    earned = lines["sharing_rate"].value * lines["savings_counted"].value > 0.0
    return {
        "payment_floor_rate": given(terms.payment_floor, "least payment, of benchmark", SHARE),
        "payment_floor": step(
            np.where(earned, np.maximum(floor - limited, 0.0), 0.0),
            "max(payment_floor_rate * benchmark - min(savings_before_limit, payment_limit), 0)"
            " if sharing_rate * savings_counted > 0 else 0",
        ),
    }


def _relief(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Losses forgiven after the limit: in dollars where they are known, else by the terms."""
    limited, words = _owed(lines)
    if np.ndim(year.losses_forgiven):
        relief = given(year.losses_forgiven, "for extreme circumstances")
        found = {"relief": relief}
    elif terms.relief_rate:
        part = given(terms.relief_rate, "part of losses, for extreme circumstances", SHARE)
        relief = amount(terms.relief_rate * limited, f"relief_rate * {words}")
        found = {"relief_rate": part, "relief": relief}
    else:
        return {}
    charged = np.maximum(limited - relief.value, 0.0)
    return found | {"losses_forgiven": step(limited - charged, f"min(relief, {words})")}


def _fees(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Fees paid during the year, and what of them the savings payment is reduced by."""
    if not terms.fees_per_member_year:
        return {}
    fees = terms.fees_per_member_year * year.person_years
    paid, words = _paid(lines)
    return {
        "person_years": given(year.person_years, "exposure", "person-years"),
        "fees_per_member_year": given(
            terms.fees_per_member_year, "paid during the year", "USD per member-year"
        ),
        "fees": step(fees, "fees_per_member_year * person_years"),
        "fees_netted": step(-np.minimum(fees, paid), f"-min(fees, {words})"),
    }


def _payments(lines: Lines) -> Lines:
    """Lines of what is paid and what is owed at settlement."""
    paid, words = _paid(lines)
    if "fees_netted" in lines:
        paid, words = paid + lines["fees_netted"].value, f"{words} + fees_netted"
    owed, owed_words = _owed(lines)
    if "losses_forgiven" in lines:
        owed = np.maximum(owed - lines["relief"].value, 0.0)
        owed_words += " - losses_forgiven"
    return {"shared_savings": amount(paid, words), "shared_losses": amount(owed, owed_words)}


def _paid(lines: Lines) -> tuple[FloatArray, str]:
    """Give the savings payment before fees are netted, and its formula."""
    paid = np.minimum(lines["savings_before_limit"].value, lines["payment_limit"].value)
    words = "min(savings_before_limit, payment_limit)"
    if "payment_floor" in lines:
        floor = lines["payment_floor_rate"].value * lines["benchmark"].value
        paid = np.where(lines["payment_floor"].value > 0.0, floor, paid)
        words += " + payment_floor"
    return paid, words


def _owed(lines: Lines) -> tuple[FloatArray, str]:
    """Give the losses that are owed before any are forgiven, and their formula."""
    owed = lines["losses_before_limit"].value
    if "loss_limit" not in lines:
        return owed, "losses_before_limit"
    return np.minimum(owed, lines["loss_limit"].value), "min(losses_before_limit, loss_limit)"


def _transfers(lines: Lines, year: ContractYear) -> tuple[Transfer, ...]:
    found = [
        Transfer(PAYER, DOWNSTREAM, "claims", year.cost),
        Transfer(PAYER, PROVIDER, "shared savings", lines["shared_savings"].value, True),
        Transfer(PROVIDER, PAYER, "shared losses", lines["shared_losses"].value, True),
    ]
    if "fees" in lines:
        found.append(Transfer(PAYER, PROVIDER, "fees", lines["fees"].value))
    if "social_needs_intervention" in lines:
        cost = -lines["social_needs_intervention"].value
        found.append(Transfer(PROVIDER, VENDOR, "social-needs intervention", cost))
    return tuple(found)
