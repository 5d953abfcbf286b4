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
    lines = {
        "benchmark": given(year.benchmark, "benchmark as it was set"),
        "expenditure": given(year.expenditure, "claims that count"),
        "quality_score": given(year.quality_score, "quality score", SHARE),
        "discount_rate": given(terms.discount, "share of the benchmark", SHARE),
        "quality_withhold_rate": given(terms.quality_withhold, "share of the benchmark", SHARE),
        "sequestration_rate": given(terms.sequestration, "part of savings payments", SHARE),
        "gross_savings": step(year.benchmark - year.expenditure, "benchmark - expenditure"),
        "discount": step(-discount, "-discount_rate * benchmark"),
        "unearned_quality_withhold": step(
            -unearned,
            "-quality_withhold_rate * (benchmark + discount) * (1 - quality_score)",
        ),
        "benchmark_after_discount_and_quality": amount(
            benchmark, "benchmark + discount + unearned_quality_withhold"
        ),
        "gap": amount(gap, "benchmark_after_discount_and_quality - expenditure"),
        "savings_rate": rate(
            clauses.share_of(gap, benchmark), "gap / benchmark_after_discount_and_quality"
        ),
        "savings_in_corridors": amount(savings, _in_words("max(gap, 0)", terms.corridors)),
        "shared_losses": amount(losses, _in_words("max(-gap, 0)", terms.corridors)),
        "sharing_rate": rate(
            savings / np.where(gap > 0.0, gap, 1.0), "savings_in_corridors / gap if gap > 0 else 0"
        ),
        "loss_rate": rate(
            losses / np.where(gap < 0.0, -gap, 1.0), "-shared_losses / gap if gap < 0 else 0"
        ),
        "payer_part": step((savings - losses) - gap, "savings_in_corridors - shared_losses - gap"),
        "sequestration": step(paid - savings, "-sequestration_rate * savings_in_corridors"),
        "shared_savings": amount(paid, "savings_in_corridors + sequestration"),
    }
    transfers = (
        Transfer(PAYER, DOWNSTREAM, "claims", year.cost),
        Transfer(PAYER, PROVIDER, "shared savings", paid),
        Transfer(PROVIDER, PAYER, "shared losses", losses),
    )
    return None, Statement(lines, transfers)


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


def _in_words(gap: str, corridors: tuple[tuple[float, float], ...]) -> str:
    """Write the formula of what an amount earns in its bands."""
    base = "benchmark_after_discount_and_quality"
    ends = [end for end, _ in corridors[1:]]
    bands = []
    for number, (low, share) in enumerate(corridors):
        inside = f"max({gap} - {low:g} * {base}, 0)" if low else gap
        if number < len(ends):
            inside = f"min({inside}, {ends[number] - low:g} * {base})"
        bands.append(f"{share:g} * {inside}")
    return " + ".join(bands)
