"""Provider's part of savings and of losses, by quality: lines of a shared-savings statement."""

from __future__ import annotations

import numpy as np

from vbsim.payment_models import clauses
from vbsim.payment_models.base import ContractYear, FloatArray, Line, amount, given, rate
from vbsim.payment_models.shared_savings_terms import Terms
from vbsim.vocabulary import SHARE, YES_OR_NO

Lines = dict[str, Line]


def standard(year: ContractYear, terms: Terms) -> Lines:
    """Quality, and whether it meets the standard and its alternative."""
    lines = {"quality_score": given(year.quality_score, "quality score of the year", SHARE)}
    if terms.minimum_quality is None:
        met = given(year.quality_standard_met, "1 where the quality standard is met", YES_OR_NO)
        lines["quality_standard_met"] = met
    elif terms.minimum_quality > 0.0:
        lines["minimum_quality_rate"] = given(terms.minimum_quality, "score that is asked", SHARE)
        lines["quality_standard_met"] = amount(
            (year.quality_score >= terms.minimum_quality) * 1.0,
            "1 if quality_score >= minimum_quality_rate else 0",
            YES_OR_NO,
        )
    if terms.alternative_standard:
        lines["alternative_standard_met"] = given(
            year.alternative_standard_met, "1 where its alternative is met", YES_OR_NO
        )
    return lines


def sharing(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Lines of the provider's part of savings."""
    found = _full_sharing(year, terms)
    full, words = found["full_sharing_rate"].value, "full_sharing_rate"
    part = full * np.ones_like(year.cost)
    if terms.quality_scales_sharing:
        part, words = full * year.quality_score, "full_sharing_rate * quality_score"
    if terms.quality_scales_sharing and terms.quality_floor:
        part = full * np.maximum(year.quality_score, terms.quality_floor)
        words = "full_sharing_rate * max(quality_score, quality_floor_rate)"
        found["quality_floor_rate"] = given(
            terms.quality_floor, "the score counts as at least so much", SHARE
        )
    if "quality_standard_met" in lines:
        met, missed = lines["quality_standard_met"].value > 0.5, terms.sharing_rate_standard_missed
        found["missed_standard_rate"] = given(
            missed, "part of savings where the quality standard is missed", SHARE
        )
        part, otherwise = np.where(met, part, missed), "missed_standard_rate"
        if terms.alternative_standard:
            alternative = lines["alternative_standard_met"].value > 0.5
            part = np.where(~met & alternative, full * year.quality_score, part)
            otherwise = (
                "full_sharing_rate * quality_score if alternative_standard_met > 0.5 else "
                "missed_standard_rate"
            )
        words = f"{words} if quality_standard_met > 0.5 else {otherwise}"
    if terms.reduced_sharing:
        return found | _reduced(lines, part, words, terms)
    return found | {"sharing_rate": rate(part, words)}


def _full_sharing(year: ContractYear, terms: Terms) -> Lines:
    """Lines of the part of savings where quality takes nothing away."""
    if terms.sharing_tiers:
        return clauses.by_tier(year.measures, terms.measures, terms.sharing_tiers)
    return {
        "full_sharing_rate": given(terms.sharing_rate, "provider's part of savings at most", SHARE)
    }


def _reduced(lines: Lines, part: FloatArray, words: str, terms: Terms) -> Lines:
    """Lines of the part of savings that miss the gate and count all the same."""
    gap, mark = lines["gross_savings"].value, lines["benchmark"].value
    missed = (gap > 0.0) & (clauses.gate(gap, mark, terms.minimum_savings_rate) == 0.0)
    return {
        "reduced_sharing_rate": given(
            terms.reduced_sharing, "part of the sharing rate, below the minimum", SHARE
        ),
        "sharing_rate_by_quality": rate(part, words),
        "sharing_rate": rate(
            np.where(missed, terms.reduced_sharing * part, part),
            "reduced_sharing_rate * sharing_rate_by_quality"
            " if 0 < gross_savings < minimum_savings_rate * benchmark else sharing_rate_by_quality",
        ),
    }


def loss_rate(lines: Lines, terms: Terms) -> Lines:
    """Lines of the provider's part of losses."""
    if not terms.two_sided:
        return {"loss_rate": rate(np.zeros_like(lines["gross_savings"].value), "0")}
    most, quality = terms.loss_rate_maximum, lines["quality_score"].value
    found = {"largest_loss_rate": given(most, "provider's part of losses at most", SHARE)}
    part, words = np.full_like(quality, most), "largest_loss_rate"
    # Without a slope it is 1 - 0 * quality, within its bounds: the maximum.
    if terms.loss_rate_minimum < most and terms.loss_rate_quality_slope:
        more, part, words = _by_quality(quality, terms)
        found |= more
    missed = terms.loss_rate_standard_missed
    standards = [n for n in ("quality_standard_met", "alternative_standard_met") if n in lines]
    if "quality_standard_met" in lines and (missed is not None or words != "largest_loss_rate"):
        otherwise = "largest_loss_rate" if missed is None else "missed_standard_loss_rate"
        if missed is not None:
            found[otherwise] = given(
                missed, "part of losses where the quality standard is missed", SHARE
            )
        met: FloatArray = sum((lines[name].value for name in standards), start=np.zeros(1))
        part = np.where(met > 0.5, part, most if missed is None else missed)
        words = f"{words} if {' + '.join(standards)} > 0.5 else {otherwise}"
    return found | {"loss_rate": rate(part, words)}


def _by_quality(quality: FloatArray, terms: Terms) -> tuple[Lines, FloatArray, str]:
    """Give the part of losses that falls with quality, its formula and the terms in it."""
    least, most, slope = (
        terms.loss_rate_minimum, terms.loss_rate_maximum, terms.loss_rate_quality_slope
    )  # fmt: skip
    found = {
        "smallest_loss_rate": given(least, "provider's part of losses at least", SHARE),
        "loss_quality_slope": given(
            slope, "what a full quality score takes off the part of losses", SHARE
        ),
    }
    words = (
        "min(max(1 - loss_quality_slope * quality_score, smallest_loss_rate), largest_loss_rate)"
    )
    return found, clauses.within(1.0 - slope * quality, least, most), words
