"""Terms of a shared-savings contract, of a program or a private one."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from itertools import pairwise

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import FloatArray

_MONEY = ("loss_limit_amount", "fees_per_member_year", "social_needs_pmpm")


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year; every rate is a share in [0, 1].

    Terms without a default are those that a program's rules state.

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
    loss_rate_standard_missed
        Provider's part of losses where the standard is missed; ``None`` for the maximum.
    relief_rate
        Part of shared losses forgiven for extreme and uncontrollable circumstances, where the year
        does not give it in dollars.
    excess_only
        Whether only what lies beyond the minimum counts, instead of all from the first dollar.
    minimum_quality
        Score that meets the quality standard; 0 where quality bars nothing; ``None`` where the
        standard is another than a score, and the year says whether it was met.
    quality_floor
        The quality score counts as at least so much when it scales the sharing rate.
    payment_floor
        Least payment once savings count and earn a share [share of benchmark]; never above the
        payment limit.
    measures
        Quality measures of the tiers, in the order of ``ContractYear.measures``.
    sharing_tiers
        (least number of measures met, sharing rate), the most measures first; below the last
        nothing is shared. Takes the place of ``sharing_rate``.
    fees_per_member_year
        Fees that are paid during the year and netted from the payment, which they may use up and
        no more [USD].
    social_needs_pmpm
        Cost of a social-needs intervention, which the provider pays to a vendor [USD PMPM].
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
    loss_rate_standard_missed: float | None = None
    relief_rate: float = 0.0
    excess_only: bool = False
    minimum_quality: float | None = None
    quality_floor: float = 0.0
    payment_floor: float = 0.0
    measures: tuple[clauses.Target, ...] = ()
    sharing_tiers: tuple[tuple[int, float], ...] = ()
    fees_per_member_year: float = 0.0
    social_needs_pmpm: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a rate outside [0, 1], a cap below zero and a range that is none."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _MONEY:
                if not value >= 0.0:
                    raise ParameterError(f"{item.name} is {value:g} USD; expected 0 or more")
            elif value is not None and not isinstance(value, tuple):
                clauses.check_share(item.name, value)
        if self.loss_rate_minimum > self.loss_rate_maximum:
            raise ParameterError(
                f"loss_rate_minimum is {self.loss_rate_minimum:g}; expected at most "
                f"loss_rate_maximum, {self.loss_rate_maximum:g}"
            )
        if self.payment_floor > self.payment_limit:
            raise ParameterError(
                f"payment_floor is {self.payment_floor:g}; expected at most payment_limit, "
                f"{self.payment_limit:g}"
            )
        if self.excess_only and self.reduced_sharing:
            raise ParameterError(
                "reduced_sharing is of savings below the minimum, which excess_only never counts; "
                "expected one of the two"
            )
        _check_tiers(self.sharing_tiers, len(self.measures))


PROGRAM_TERMS = tuple(item.name for item in fields(Terms) if item.default is MISSING)
"""Terms that a program's rules state, or that are worked out from them."""


def _check_tiers(tiers: tuple[tuple[int, float], ...], measures: int) -> None:
    """Refuse tiers that more measures do not improve, or that cannot be reached."""
    for _, share in tiers:
        clauses.check_share("the share of a sharing tier", share)
    for (more, high), (fewer, low) in pairwise(tiers):
        if more <= fewer or high < low:
            raise ParameterError(
                f"sharing_tiers go from {high:g} for {more} measures to {low:g} for {fewer}; "
                "expected the most measures first, and no larger share for fewer"
            )
    if tiers and not 1 <= tiers[-1][0] <= tiers[0][0] <= measures:
        raise ParameterError(
            f"sharing_tiers ask for {tiers[-1][0]} to {tiers[0][0]} measures; expected 1 to "
            f"{measures}, the number of measures"
        )
