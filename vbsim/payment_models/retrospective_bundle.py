"""Retrospective bundles: fee-for-service is paid, and held against target prices afterwards.

Episodes of several types are added up in one reconciliation. A composite quality score adjusts the
amount, or, in programs that say so, sets the discounts; stop-gain and stop-loss are shares of the
total target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import (
    ContractYear,
    FloatArray,
    Line,
    Statement,
    Transfer,
    amount,
    given,
    step,
)
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, SHARE


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year; every rate is a share in [0, 1].

    Parameters
    ----------
    types
        Episode types, in the order of the contract.
    prices
        Target price of each before the discount [USD].
    discounts
        Taken off each price where the quality score sets none.
    quality_bands
        Where the score sets the discount, each (lowest score, discount for payment, discount for
        repayment, 1 if a payment may be made else 0), rising from score 0; empty otherwise.
    quality_scale
        Composite quality score of a perfect quality score.
    quality_cut, quality_relief
        Most that quality takes off a positive amount, and off a negative one.
    two_sided
        Whether a negative amount is owed.
    stop_gain, stop_loss
        Limits as shares of the total target.
    """

    types: tuple[str, ...]
    prices: tuple[float, ...]
    discounts: tuple[float, ...]
    quality_bands: tuple[tuple[float, float, float, float], ...]
    quality_scale: float
    quality_cut: float
    quality_relief: float
    two_sided: bool
    stop_gain: float
    stop_loss: float

    def __post_init__(self) -> None:
        """Refuse prices below zero, shares outside [0, 1] and bands out of order."""
        if not len(self.types) == len(self.prices) == len(self.discounts) > 0:
            raise ParameterError(
                f"{len(self.types)} episode types, {len(self.prices)} prices and "
                f"{len(self.discounts)} discounts; expected as many of each, at least 1"
            )
        for price in (*self.prices, self.quality_scale):
            if not 0.0 <= price < np.inf:
                raise ParameterError(f"price or scale is {price:g}; expected 0 or more")
        shares = [*self.discounts, self.quality_cut, self.quality_relief]
        shares += [self.stop_gain, self.stop_loss, *(v for b in self.quality_bands for v in b[1:])]
        for value in shares:
            if not 0.0 <= value <= 1.0:
                raise ParameterError(f"{value:g} is no share; expected 0 to 1 (write 2 % as 0.02)")
        starts = [band[0] for band in self.quality_bands]
        if starts and (starts[0] != 0.0 or starts != sorted(set(starts))):
            raise ParameterError(f"quality bands begin at {starts}; expected 0 first, then rising")


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    score = terms.quality_scale * year.quality_score
    target, repayment_target, lines = _targets(year, terms, score)
    spending = clauses.over_types(year.episode_counted_cost)
    gain = np.maximum(target - spending, 0.0) * _payable(score, terms)
    loss = np.maximum(spending - repayment_target, 0.0)
    costs = " + ".join(f"{name}_cost" for name in terms.types)
    payable = " * payment_allowed" if terms.quality_bands else ""
    lines |= {
        "spending": amount(spending, costs),
        "gain": amount(gain, f"max(total_target - spending, 0){payable}"),
        "loss": amount(loss, "max(spending - repayment_target, 0)"),
        "reconciliation_amount": step(gain - loss, "gain - loss"),
    }
    lines |= _by_score(lines, year, terms)
    more, paid, charged = _limited(lines, terms)
    transfers = (
        Transfer(PAYER, DOWNSTREAM, "claims", year.cost),
        Transfer(PAYER, PROVIDER, "reconciliation payment", paid),
        Transfer(PROVIDER, PAYER, "repayment", charged),
    )
    return None, Statement(lines | more, transfers)


def _by_score(lines: dict[str, Line], year: ContractYear, terms: Terms) -> dict[str, Line]:
    """Lines of what quality takes off a gain, and off a loss."""
    gain, loss, part = lines["gain"].value, lines["loss"].value, year.quality_score
    adjusted_gain = gain * (1.0 - terms.quality_cut * (1.0 - part))
    adjusted_loss = loss * (1.0 - terms.quality_relief * part)
    return {
        "quality_cut_rate": given(terms.quality_cut, "most that quality takes off a gain", SHARE),
        "quality_relief_rate": given(
            terms.quality_relief, "most that quality takes off a loss", SHARE
        ),
        "gain_after_quality": amount(
            adjusted_gain, "gain * (1 - quality_cut_rate * (1 - quality_score))"
        ),
        "loss_after_quality": amount(
            adjusted_loss, "loss * (1 - quality_relief_rate * quality_score)"
        ),
        "quality_adjustment": step(
            (adjusted_gain - gain) + (loss - adjusted_loss),
            "gain_after_quality - gain + loss - loss_after_quality",
        ),
    }


def _limited(
    lines: dict[str, Line], terms: Terms
) -> tuple[dict[str, Line], FloatArray, FloatArray]:
    """Lines of stop-gain and stop-loss; what is paid, and what is repaid [USD]."""
    target = lines["total_target"].value
    gain, loss = lines["gain_after_quality"].value, lines["loss_after_quality"].value
    owed = loss if terms.two_sided else np.zeros_like(loss)
    paid = np.minimum(gain, terms.stop_gain * target)
    charged = np.minimum(owed, terms.stop_loss * target)
    found = {
        "stop_gain": amount(terms.stop_gain * target, f"{terms.stop_gain:g} * total_target"),
        "stop_loss": amount(terms.stop_loss * target, f"{terms.stop_loss:g} * total_target"),
    }
    words = "min(stop_gain - gain_after_quality, 0)"
    if terms.two_sided:
        words += " + max(loss_after_quality - stop_loss, 0)"
    else:
        found["loss_not_owed"] = step(loss, "loss_after_quality")
    found["limits"] = step((paid - gain) + (owed - charged), words)
    return found, paid, charged


def _targets(
    year: ContractYear, terms: Terms, score: FloatArray
) -> tuple[FloatArray, FloatArray, dict[str, Line]]:
    """Total targets for payment and for repayment [USD], and the lines that lead to them."""
    lines: dict[str, Line] = {
        "quality_score": given(year.quality_score, "quality score of the year", SHARE),
    }
    for column, name in enumerate(terms.types):
        count = year.episodes[:, column]
        lines |= {
            f"{name}_episodes": given(count, "number of episodes", "episodes"),
            f"{name}_price": given(terms.prices[column], "price before discount, per episode"),
            f"{name}_cost": given(
                year.episode_counted_cost[:, column], "episodes' cost, each up to the high-cost cap"
            ),
        }
    if terms.quality_bands:
        return _by_quality(year, terms, score, lines)
    discounted = np.array(terms.prices) * (1.0 - np.array(terms.discounts))
    target = clauses.over_types(year.episodes, discounted)
    parts = []
    for name, discount in zip(terms.types, terms.discounts, strict=True):
        lines[f"{name}_discount_rate"] = given(discount, "payer's discount", SHARE)
        parts.append(f"{name}_episodes * {name}_price * (1 - {name}_discount_rate)")
    lines["total_target"] = amount(target, " + ".join(parts))
    lines["repayment_target"] = amount(target, "total_target")
    return target, target, lines


def _by_quality(
    year: ContractYear, terms: Terms, score: FloatArray, lines: dict[str, Line]
) -> tuple[FloatArray, FloatArray, dict[str, Line]]:
    """Targets with the discounts that the composite quality score sets."""
    whole = clauses.over_types(year.episodes, terms.prices)
    payment, repayment = (_by_band(score, terms, column) for column in (1, 2))
    parts = [f"{name}_episodes * {name}_price" for name in terms.types]
    lines |= {
        "composite_quality_score": amount(
            score, f"{terms.quality_scale:g} * quality_score", "points"
        ),
        "payment_discount_rate": given(payment, "discount of the score's band", SHARE),
        "repayment_discount_rate": given(repayment, "discount of the score's band", SHARE),
        "payment_allowed": given(_by_band(score, terms, 3), "1 if the band may be paid", SHARE),
        "target_before_discount": amount(whole, " + ".join(parts)),
        "total_target": amount(
            whole * (1.0 - payment), "target_before_discount * (1 - payment_discount_rate)"
        ),
        "repayment_target": amount(
            whole * (1.0 - repayment), "target_before_discount * (1 - repayment_discount_rate)"
        ),
    }
    return whole * (1.0 - payment), whole * (1.0 - repayment), lines


def _by_band(score: FloatArray, terms: Terms, column: int) -> FloatArray:
    starts = np.array([band[0] for band in terms.quality_bands])
    values = np.array([band[column] for band in terms.quality_bands])
    return values[np.searchsorted(starts, score, side="right") - 1]


def _payable(score: FloatArray, terms: Terms) -> FloatArray:
    return _by_band(score, terms, 3) if terms.quality_bands else np.ones_like(score)
