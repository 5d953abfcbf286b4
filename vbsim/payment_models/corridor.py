"""Risk corridors: savings and losses are shared band by band, each band at its own share.

Bands are shares of the benchmark and symmetric for savings and losses; a share holds for the part
of the savings inside its band, so there is no cliff, and there is no minimum savings rate. The
benchmark is what is left of the stated one after the discount and the part of the quality withhold
that was not earned back. Sequestration is taken from savings, never from losses: proved by
replaying published settlements (rules/aco_reach.yaml).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import ContractYear, FloatArray, Statement, Transfer
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year.

    Parameters
    ----------
    corridors
        Bands, each (lower end [share of benchmark], provider's part); the first begins at 0, each
        ends where the next begins, the last has no end.
    discount
        Taken off the benchmark [share of benchmark].
    quality_withhold
        Part of the discounted benchmark that the quality score earns back.
    sequestration
        Part withheld from savings payments.
    """

    corridors: tuple[tuple[float, float], ...]
    discount: float
    quality_withhold: float
    sequestration: float

    def __post_init__(self) -> None:
        """Refuse bands out of order and shares outside [0, 1]."""
        ends = [end for end, _ in self.corridors]
        if ends[:1] != [0.0] or any(low >= high for low, high in pairwise(ends)):
            raise ParameterError(f"corridors begin at {ends}; expected 0 first, then rising")
        shares = [share for _, share in self.corridors]
        for value in (*shares, self.discount, self.quality_withhold, self.sequestration):
            if not 0.0 <= value <= 1.0:
                raise ParameterError(f"{value:g} is no share; expected 0 to 1 (write 2 % as 0.02)")


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    discount = terms.discount * year.benchmark
    unearned = terms.quality_withhold * (year.benchmark - discount) * (1.0 - year.quality_score)
    benchmark = year.benchmark - discount - unearned
    gap = benchmark - year.expenditure
    savings = through_corridors(np.maximum(gap, 0.0), benchmark, terms.corridors)
    losses = through_corridors(np.maximum(-gap, 0.0), benchmark, terms.corridors)
    paid = savings * (1.0 - terms.sequestration)
    steps = {
        "gross_savings": year.benchmark - year.expenditure,
        "discount": -discount,
        "unearned_quality_withhold": -unearned,
        "payer_part": (savings - losses) - gap,
        "sequestration": paid - savings,
    }
    facts = {
        "expenditure": year.expenditure,
        "benchmark_after_discount_and_quality": benchmark,
        "savings_rate": clauses.share_of(gap, benchmark),
        "sharing_rate": savings / np.where(gap > 0.0, gap, 1.0),
        "loss_rate": losses / np.where(gap < 0.0, -gap, 1.0),
        "shared_savings": paid,
        "shared_losses": losses,
    }
    transfers = (
        Transfer(PAYER, DOWNSTREAM, "claims", year.cost),
        Transfer(PAYER, PROVIDER, "shared savings", paid),
        Transfer(PROVIDER, PAYER, "shared losses", losses),
    )
    return None, Statement(facts, steps, transfers)


def through_corridors(
    amount: FloatArray, benchmark: FloatArray, corridors: tuple[tuple[float, float], ...]
) -> FloatArray:
    """Give the provider's part of an amount [USD]: each band's share of what lies inside."""
    kept = np.zeros_like(amount)
    ends = [end for end, _ in corridors[1:]] + [np.inf]
    for (low, share), high in zip(corridors, ends, strict=True):
        width = np.inf if high == np.inf else (high - low) * benchmark
        kept += share * np.clip(amount - low * benchmark, 0.0, width)
    return kept
