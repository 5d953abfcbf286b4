"""Sentences that contracts share, each a function of vectors over realizations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vbsim.errors import ParameterError
from vbsim.payment_models.base import (
    ContractYear,
    FloatArray,
    Line,
    amount,
    given,
    rate,
    step,
)
from vbsim.vocabulary import SHARE

BoolArray = NDArray[np.bool_]


def gate(gap: FloatArray, benchmark: FloatArray, minimum_rate: float | FloatArray) -> FloatArray:
    """Count a gap from its first dollar once it reaches the minimum rate, inclusively [USD]."""
    return np.where(reaches(gap, minimum_rate * benchmark), gap, 0.0)


def reaches(gap: FloatArray | float, minimum: FloatArray | float) -> BoolArray:
    """Tell where a gap above 0 reaches a minimum, inclusively."""
    # 0.07 * 11,100 rounds up past 777: a gap of exactly the minimum must not fail by rounding.
    return np.asarray((gap > 0.0) & (gap >= minimum * (1.0 - 1e-12)))


def share_of(amount: FloatArray, whole: FloatArray) -> FloatArray:
    """Part of a whole as a share of 1; missing (NaN) where there is no whole."""
    return np.divide(amount, whole, out=np.full_like(amount, np.nan), where=whole != 0.0)


def over_types(
    amounts: FloatArray, each: FloatArray | tuple[float, ...] | float = 1.0
) -> FloatArray:
    """Sum over episode types, (R,), of amounts (R, E) times what each type counts.

    One type after the other: the same to the last bit whatever the number of realizations, which a
    matrix product is not.
    """
    counts = np.broadcast_to(each, amounts.shape[1:])
    total = np.zeros(amounts.shape[0])
    for column, count in enumerate(counts):
        total += amounts[:, column] * count
    return total


def in_words(value: float | FloatArray) -> str:
    """Write a rate, or the range of many, for a message."""
    low, high = float(np.min(value)), float(np.max(value))
    return f"{low:g} to {high:g}" if low < high else f"{low:g}"


def within(value: FloatArray, low: float, high: float) -> FloatArray:
    """Keep a rate between its floor and its ceiling."""
    return np.minimum(np.maximum(value, low), high)


def check_share(name: str, value: float | FloatArray) -> None:
    """Refuse a term outside [0, 1]."""
    if not np.all((value >= 0.0) & (value <= 1.0)):
        raise ParameterError(
            f"{name} is {in_words(value)}; expected between 0 and 1 (write 2 % as 0.02)"
        )


@dataclass(frozen=True, slots=True)
class Target:
    """What a quality measure must reach to count as met.

    Parameters
    ----------
    name
        The measure.
    threshold
        Rate that meets it [share of the eligible], inclusively.
    lower_is_better
        Whether a rate below the threshold meets it, such as for readmissions.
    """

    name: str
    threshold: float
    lower_is_better: bool = False

    def __post_init__(self) -> None:
        """Refuse a threshold that no rate can be held against."""
        check_share(f"threshold of {self.name}", self.threshold)

    @property
    def formula(self) -> str:
        """Arithmetic of 1 where the measure is met and 0 where it is not."""
        sign = "<=" if self.lower_is_better else ">="
        return f"(1 if {self.name}_rate {sign} {self.threshold!r} else 0)"

    def met(self, found: FloatArray) -> FloatArray:
        """Tell where a rate meets the target, 1 or 0."""
        reached = found <= self.threshold if self.lower_is_better else found >= self.threshold
        return np.asarray(reached, dtype=np.float64)


def by_tier(
    measures: FloatArray, targets: tuple[Target, ...], tiers: tuple[tuple[int, float], ...]
) -> dict[str, Line]:
    """Lines of a share by the number of quality measures met.

    Parameters
    ----------
    measures
        Rate of each measure, (R, M) [share of the eligible].
    targets
        What each must reach, in the same order.
    tiers
        (least number met, share), the most first; below the last the share is 0.
    """
    columns = [measures[:, number] for number in range(len(targets))]
    count = np.sum([t.met(found) for t, found in zip(targets, columns, strict=True)], axis=0)
    share = np.select([count >= least for least, _ in tiers], [part for _, part in tiers], 0.0)
    words = [f"{part!r} if measures_met >= {least}" for least, part in tiers]
    lines = {
        f"{target.name}_rate": given(found, "share of the eligible", SHARE)
        for target, found in zip(targets, columns, strict=True)
    }
    met = " + ".join(target.formula for target in targets)
    return lines | {
        "measures_met": amount(count, met, "measures"),
        "full_sharing_rate": rate(share, " else ".join([*words, "0"])),
    }


def social_needs(year: ContractYear, pmpm: float) -> dict[str, Line]:
    """Lines of what a social-needs intervention costs the provider; none where it is free."""
    if not pmpm:
        return {}
    months = 12.0 * year.person_years
    return {
        "social_needs_pmpm": given(pmpm, "social-needs intervention", "USD PMPM"),
        "social_needs_months": given(months, "exposure", "member-months"),
        "social_needs_intervention": step(
            -pmpm * months, "-social_needs_pmpm * social_needs_months"
        ),
    }


def banded(table: list[list[float]], count: int) -> float:
    """Rate for a count from bands (low, high, rate at low, rate at high), linear within a band."""
    for low, high, at_low, at_high in table:
        if low <= count <= high:
            return at_low + (count - low) / (high - low) * (at_high - at_low)
    raise ParameterError(f"no band holds {count}; bands reach from {table[0][0]:g} up")


Pieces = tuple[tuple[float, float, float, float], ...]


def check_pieces(pieces: Pieces, full: float) -> None:
    """Refuse pieces that leave a score between 0 and full without a rate, or run backwards."""
    reached, whole = 0.0, f"expected a rate of every score from 0 to {full:g}"
    for low, high, *rates in sorted(pieces):
        if not low <= high or not all(-1.0 <= value <= 1.0 for value in rates):
            raise ParameterError(
                f"a piece goes from {low:g} to {high:g} at rates {rates[0]:g} to {rates[1]:g}; "
                "expected rising scores and shares from -1 to 1 (write 2 % as 0.02)"
            )
        if low > reached:
            raise ParameterError(f"no rate of scores from {reached:g} to {low:g}; {whole}")
        reached = max(reached, high)
    if pieces and reached < full:
        raise ParameterError(f"no rate of scores from {reached:g} to {full:g}; {whole}")


def pieces_at(pieces: Pieces, scores: FloatArray) -> FloatArray:
    """Piece (lowest score, highest, rate at each) that holds each score, (R, 4).

    Both ends belong to a piece, and the first that holds a score counts: so a tier begins where it
    says, a line joins the next without a gap, and a jump is on the side that comes first.
    """
    number = np.full(scores.size, len(pieces) - 1)
    for at in reversed(range(len(pieces))):
        np.putmask(number, (scores >= pieces[at][0]) & (scores <= pieces[at][1]), at)
    return np.take(np.asarray(pieces).T, number, axis=1).T


def rate_in_piece(held: FloatArray, scores: FloatArray) -> FloatArray:
    """Rate of each score in the piece that holds it, linear between the piece's ends."""
    low, high, at_low, at_high = held.T
    width = high - low
    way = np.divide(scores - low, width, out=np.zeros_like(scores), where=width > 0.0)
    return at_low + way * (at_high - at_low)
