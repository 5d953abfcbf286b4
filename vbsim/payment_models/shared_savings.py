"""Shared savings, one- or two-sided: payer and provider split the gap to the benchmark.

Savings and losses count from the first dollar once they reach the minimum savings or loss rate,
inclusively. Sequestration is taken before the payment limit and never from losses: both proved by
replaying published settlements (rules/mssp.yaml).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import (
    ContractYear,
    FloatArray,
    Statement,
    Transfer,
    amount,
    given,
    rate,
    step,
)
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, SHARE


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year; every rate is a share in [0, 1].

    Parameters
    ----------
    two_sided
        Whether losses are shared.
    minimum_savings_rate, minimum_loss_rate
        Gates [share of benchmark]; one for all realizations, or one each.
    sharing_rate
        Provider's part of savings; times the quality score if ``quality_scales_sharing``.
    sharing_rate_standard_missed
        The same where the quality standard is not met.
    alternative_standard
        Whether meeting the alternative quality standard alone earns the sharing rate times the
        quality score.
    loss_rate_minimum, loss_rate_maximum, loss_rate_quality_slope
        Provider's part of losses is ``1 - slope * quality`` within the two; the maximum where the
        standard is not met.
    payment_limit, loss_limit_benchmark
        Caps [share of benchmark].
    loss_limit_amount
        Second cap on losses [USD], infinite where the contract has none.
    sequestration
        Part withheld from savings payments.
    reduced_sharing
        Part of the sharing rate for savings that miss the gate; 0 where they earn nothing.
    """

    two_sided: bool
    minimum_savings_rate: float | FloatArray
    minimum_loss_rate: float | FloatArray
    sharing_rate: float
    quality_scales_sharing: bool
    sharing_rate_standard_missed: float
    alternative_standard: bool
    payment_limit: float
    loss_rate_minimum: float
    loss_rate_maximum: float
    loss_rate_quality_slope: float
    loss_limit_benchmark: float
    loss_limit_amount: float
    sequestration: float
    reduced_sharing: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a rate outside [0, 1], a cap below zero and a range that is none."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "loss_limit_amount":
                if not value >= 0.0:
                    raise ParameterError(f"{item.name} is {value:g} USD; expected 0 or more")
            elif not np.all((np.asarray(value) >= 0.0) & (np.asarray(value) <= 1.0)):
                raise ParameterError(
                    f"{item.name} is {clauses.in_words(value)}; expected between 0 and 1 "
                    "(write 2 % as 0.02)"
                )
        if self.loss_rate_minimum > self.loss_rate_maximum:
            raise ParameterError(
                f"loss_rate_minimum is {self.loss_rate_minimum:g}; expected at most "
                f"loss_rate_maximum, {self.loss_rate_maximum:g}"
            )


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    benchmark = year.benchmark
    gap = benchmark - year.expenditure
    sharing, loss_rate = rates(year, terms)
    savings, sharing = counted_savings(year, sharing, terms)
    losses = clauses.gate(-gap, benchmark, terms.minimum_loss_rate) * terms.two_sided
    shared, owed = sharing * savings, loss_rate * losses
    after_sequestration = shared * (1.0 - terms.sequestration)
    loss_limit = np.minimum(terms.loss_limit_benchmark * benchmark, terms.loss_limit_amount)
    paid = np.minimum(after_sequestration, terms.payment_limit * benchmark)
    limited = np.minimum(owed, loss_limit)
    charged = np.maximum(limited - year.losses_forgiven, 0.0)
    lines = {
        "benchmark": given(benchmark, "what the expenditure is held against"),
        "expenditure": given(year.expenditure, "claims that count"),
        "gross_savings": step(gap, "benchmark - expenditure"),
        "savings_rate": rate(clauses.share_of(gap, benchmark), "gross_savings / benchmark"),
        "minimum_savings_rate": given(terms.minimum_savings_rate, "share of benchmark", SHARE),
        "minimum_loss_rate": given(terms.minimum_loss_rate, "share of benchmark", SHARE),
        "savings_counted": amount(
            savings,
            "gross_savings if gross_savings >= minimum_savings_rate * benchmark else 0",
        ),
        "losses_counted": amount(
            losses,
            "-gross_savings if -gross_savings >= minimum_loss_rate * benchmark else 0"
            if terms.two_sided
            else "0",
        ),
        "quality_score": given(year.quality_score, "quality score", SHARE),
        "sharing_rate": given(sharing, "provider's part of savings, by quality", SHARE),
        "loss_rate": given(loss_rate, "provider's part of losses, by quality", SHARE),
        "sequestration_rate": given(terms.sequestration, "part of savings payments", SHARE),
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
        "payment_limit": amount(
            terms.payment_limit * benchmark, f"{terms.payment_limit:g} * benchmark"
        ),
        "loss_limit": given(loss_limit, "most that the provider owes"),
        "limits": step(
            (paid - after_sequestration) + (owed - limited),
            "min(payment_limit - sharing_rate * savings_counted - sequestration, 0)"
            " + max(loss_rate * losses_counted - loss_limit, 0)",
        ),
    }
    if np.ndim(year.losses_forgiven):
        lines["relief"] = given(year.losses_forgiven, "for extreme circumstances")
        lines["losses_forgiven"] = step(
            limited - charged, "min(relief, loss_rate * losses_counted, loss_limit)"
        )
    lines["shared_savings"] = amount(
        paid, "min(sharing_rate * savings_counted + sequestration, payment_limit)"
    )
    forgiven = " - losses_forgiven" if np.ndim(year.losses_forgiven) else ""
    lines["shared_losses"] = amount(
        charged, f"min(loss_rate * losses_counted, loss_limit){forgiven}"
    )
    transfers = (
        Transfer(PAYER, DOWNSTREAM, "claims", year.cost),
        Transfer(PAYER, PROVIDER, "shared savings", paid),
        Transfer(PROVIDER, PAYER, "shared losses", charged),
    )
    return None, Statement(lines, transfers)


def counted_savings(
    year: ContractYear, sharing: FloatArray, terms: Terms
) -> tuple[FloatArray, FloatArray]:
    """Give the savings that count [USD], and the provider's part of them.

    Savings that miss the gate count at the reduced rate, if the contract has one. A benchmark that
    the guardrail raised earns nothing.
    """
    gap = year.benchmark - year.expenditure
    counted = clauses.gate(gap, year.benchmark, terms.minimum_savings_rate)
    if terms.reduced_sharing:
        missed = (gap > 0.0) & (counted == 0.0)
        counted = np.maximum(gap, 0.0)
        sharing = np.where(missed, terms.reduced_sharing * sharing, sharing)
    return np.where(np.asarray(year.guardrail) > 0.5, 0.0, counted), sharing


def rates(year: ContractYear, terms: Terms) -> tuple[FloatArray, FloatArray]:
    """Give the provider's part of savings and of losses, by quality."""
    met = year.quality_standard_met > 0.5
    alternative = terms.alternative_standard & (np.asarray(year.alternative_standard_met) > 0.5)
    scale = year.quality_score if terms.quality_scales_sharing else np.ones_like(year.cost)
    sharing = np.where(met, terms.sharing_rate * scale, terms.sharing_rate_standard_missed)
    sharing = np.where(~met & alternative, terms.sharing_rate * year.quality_score, sharing)
    by_quality = clauses.within(
        1.0 - terms.loss_rate_quality_slope * year.quality_score,
        terms.loss_rate_minimum,
        terms.loss_rate_maximum,
    )
    return sharing, np.where(met | alternative, by_quality, terms.loss_rate_maximum)
