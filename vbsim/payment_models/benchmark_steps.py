"""Sentences of benchmark rules, each a pure function of what was measured.

S enrollment types (segments); every array may have realizations in front. Amounts are of each
type [USD], growth is a factor (1.03 = three percent more).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from vbsim.payment_models.base import FloatArray


def weighted(weights: FloatArray, by_year: Sequence[FloatArray]) -> FloatArray:
    """Sum over base years, each (R, S), by their weights (B, S) or (B,), (R, S)."""
    total = weights[0] * by_year[0]
    for weight, one in zip(weights[1:], by_year[1:], strict=True):
        total += weight * one
    return np.asarray(total)


def blended_growth(
    nation: FloatArray,
    national: FloatArray,
    regional: FloatArray,
    beyond: FloatArray,
    national_weight: float,
) -> FloatArray:
    """Two-way growth: national and regional, the nation with the ACO's share of its market.

    ``nation`` (R, S) multiplies both expected growths, and ``beyond`` (R, 1) the regional one: what
    the nation and the region did that was not expected.
    42 CFR 425.601(a)(5) and 425.652(b); the weights as Tuva's MSSP connector has them.
    """
    # Column by column in memory, as ``nation`` is: by rows of few types it takes thrice as long.
    growth = nation * ((1.0 - national_weight) * regional)
    growth *= beyond
    growth += nation * (national_weight * national)
    return growth


def three_way(two_way: ArrayLike, prospective: ArrayLike, weight: float) -> FloatArray:
    """Three-way amount: two-way and accountable care prospective trend (ACPT), by their weights."""
    return np.asarray((1.0 - weight) * np.asarray(two_way) + weight * np.asarray(prospective))


def within_share(amount: FloatArray, whole: FloatArray, floor: float, cap: float) -> FloatArray:
    """Keep an amount between ``-floor`` and ``cap`` of a whole."""
    return np.minimum(np.maximum(amount, -floor * whole), cap * whole)


def capped_each(growth: FloatArray, cap: float) -> FloatArray:
    """Growth of risk scores, each enrollment type capped for itself; no floor.

    42 CFR 425.605(a)(1), agreement periods to 2023.
    """
    return np.minimum(growth, 1.0 + cap)


def capped_together(together: FloatArray, demographic_growth: float, cap: float) -> FloatArray:
    """Part of risk score growth that counts, the same of every type, (R,).

    It shrinks where all types together exceed demographic growth by ``cap``. ``together`` is the
    growth of all, (R,): the average by their parts of the benchmark.
    """
    return np.minimum((1.0 + demographic_growth + cap) / together, 1.0)


def capped_both_ways(
    score: FloatArray, reference: FloatArray, first: FloatArray,
    cap: float, coding_factor: float, growth_cap: float,
) -> FloatArray:  # fmt: skip
    """Risk score of ACO REACH: within a cap of the reference year's, less coding, capped again.

    Parameters
    ----------
    score, reference, first
        Risk scores of the performance year, of the reference year, of the last base year, (S,).
    cap
        Largest change either way against the reference year [share].
    coding_factor
        Coding intensity, by which the score is divided [share].
    growth_cap
        Largest growth since the last base year, applied last [share]; infinite without one.
    """
    capped = np.clip(score, (1.0 - cap) * reference, (1.0 + cap) * reference)
    return np.minimum(capped / (1.0 + coding_factor), (1.0 + growth_cap) * first)
