"""Risk measures of a net result: each definition with its catalogue entry below it.

``net`` is the signed net result of one party in each realization [USD], positive = money to the
party; its loss is ``-net``, positive = money owed. A quantile is an order statistic, never
interpolated: the smallest value that at least the stated share of the realizations do not exceed.
TVaR is the mean of all quantiles beyond its level, so that realizations tied with the VaR count
with the weight that belongs to the tail: the expected shortfall, a coherent measure (Acerbi and
Tasche, 2002).

``MEASURES`` holds the measures reported by default; ``percentile``, ``value_at_risk``,
``tail_value_at_risk`` and ``prob_owing_more_than`` make others. ``reserve_against`` and
``prob_ruin`` are of a drawdown (:mod:`vbsim.measures.horizon`), not of a net result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from vbsim.measures.precision import (
    FEWEST_BEYOND,
    Estimate,
    Sample,
    order_statistic_error,
    quantile_influence,
    sample_of,
    small_tail,
    undefined,
    unknown,
)

USD = "USD"
SHARE = "1"
RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Measure:
    """One risk measure.

    Parameters
    ----------
    key
        Name in results and files; tells apart any two levels or thresholds.
    label
        Name in tables and figures.
    unit
        ``USD``, ``1`` for a share, or ``ratio``.
    description
        Exact definition, one sentence.
    function
        Estimates the measure from a sample of at least two realizations.
    """

    key: str
    label: str
    unit: str
    description: str
    function: Callable[[Sample], Estimate]

    def __call__(self, net: ArrayLike | Sample) -> Estimate:
        """Estimate the measure; undefined with fewer than two realizations.

        Parameters
        ----------
        net
            Signed net result per realization [USD], positive = money to the party. Pass one
            ``Sample`` to several measures to sort it only once.
        """
        sample = net if isinstance(net, Sample) else sample_of(net)
        if sample.n <= 1:
            return undefined(sample.n)
        found = self.function(sample)
        if sample.design is None:
            return found
        better = sample.design.improve(found)
        if self.unit == SHARE:
            better = replace(better, value=min(max(better.value, 0.0), 1.0))
        return better


MEASURES: dict[str, Measure] = {}


def _enter(*measures: Measure) -> None:
    for measure in measures:
        if measure.key in MEASURES:
            raise ValueError(f"two measures have the key '{measure.key}'")
        MEASURES[measure.key] = measure


def mean(sample: Sample) -> Estimate:
    """Mean net result."""
    value = float(sample.values.mean())
    return Estimate(value, sample.values - value)


_enter(Measure("mean", "Mean", USD, "Mean net result.", mean))


def sd(sample: Sample) -> Estimate:
    """Root mean squared deviation from the mean."""
    squares = (sample.values - sample.values.mean()) ** 2
    value = math.sqrt(squares.mean())
    if value == 0.0:
        return Estimate(0.0, np.zeros(sample.n))
    return Estimate(value, (squares - value**2) / (2.0 * value))


_enter(
    Measure(
        "sd",
        "Standard deviation",
        USD,
        "Root mean squared deviation of the net result from its mean (divisor n).",
        sd,
    )
)


def quantile(sample: Sample, level: float) -> Estimate:
    """Smallest value that at least the share ``level`` of the realizations does not exceed."""
    # The product may exceed a whole number by rounding alone: 1000 * 0.95 must give rank 950.
    rank = math.ceil(sample.n * level * (1.0 - 1e-12))
    value = float(sample.ordered[rank - 1])
    if not _tail_is_filled(sample, level):
        return Estimate(value, unknown(sample.n))
    error = order_statistic_error(sample.ordered, rank)
    influence = quantile_influence(sample.values, value, level, error)
    # The error is read from some sqrt(n p (1 - p)) neighbours; the factor that keeps 95 % intervals
    # at 94-97 % for light and heavy tails, with 5 or more realizations beyond, was found by trial.
    freedom = 2.0 * math.sqrt(math.pi * sample.n * level * (1.0 - level))
    return Estimate(value, influence, freedom=freedom)


def _tail_is_filled(sample: Sample, level: float) -> bool:
    """Enough realizations beyond the quantile, on its thinner side, to tell its precision."""
    return sample.n * min(level, 1.0 - level) * (1.0 + 1e-12) >= FEWEST_BEYOND


def percentile(q: float) -> Measure:
    """Percentile ``q`` of the net result, ``q`` in (0, 100)."""
    if not 0.0 < q < 100.0:
        raise ValueError(f"percentile is {q:g}; expected a number between 0 and 100")
    number = Decimal(str(q))
    shown = _plain(number)
    whole, point, decimals = shown.partition(".")
    return Measure(
        f"p{whole:0>2}{point}{decimals}",
        f"Percentile {shown}",
        USD,
        f"Smallest net result that at least {shown} % of the realizations do not exceed.",
        partial(quantile, level=float(number.scaleb(-2))),
    )


def _plain(number: Decimal) -> str:
    """Shortest plain decimal that keeps every digit."""
    return f"{number.normalize():f}"


_enter(*map(percentile, (1, 5, 10, 25, 50, 75, 90, 95, 99)))


def share_above(sample: Sample, threshold: float) -> Estimate:
    """Share of the realizations strictly above the threshold."""
    above = (sample.values > threshold).astype(np.float64)
    value = float(above.mean())
    # 0 of n is no proof of 0: one realization more would have moved the share by 1 / n.
    return Estimate(value, above - value, floor=1.0 / sample.n)


def loss_share_above(sample: Sample, threshold: float) -> Estimate:
    """Share of the realizations whose loss is strictly above the threshold."""
    return share_above(sample.loss, threshold)


def prob_owing_more_than(amount: float) -> Measure:
    """Probability that the party owes more than ``amount`` [USD, at least 0]."""
    if not 0.0 <= amount < math.inf:
        raise ValueError(f"amount owed is {amount:g} USD; expected a finite number, at least 0")
    number = Decimal(str(amount))
    return Measure(
        f"prob_owing_more_than_{_plain(number)}",
        f"Probability of owing more than {number.normalize():,f} USD",
        SHARE,
        f"Share of the realizations with a net result below -{number.normalize():,f} USD.",
        partial(loss_share_above, threshold=float(amount)),
    )


_enter(
    Measure(
        "prob_gain",
        "Probability of a gain",
        SHARE,
        "Share of the realizations with a net result above 0.",
        partial(share_above, threshold=0.0),
    ),
    Measure(
        "prob_loss",
        "Probability of a loss",
        SHARE,
        "Share of the realizations with a net result below 0.",
        partial(loss_share_above, threshold=0.0),
    ),
)


def loss_quantile(sample: Sample, level: float) -> Estimate:
    """Smallest loss that at least the share ``level`` of the realizations does not exceed."""
    return quantile(sample.loss, level)


def value_at_risk(level: float) -> Measure:
    """Value at risk (VaR) of the loss at ``level``, a share in (0, 1)."""
    shown = _percent(level)
    return Measure(
        f"var_{shown}",
        f"VaR {shown} %",
        USD,
        f"Smallest loss (minus the net result) that at least {shown} % of the realizations do not "
        "exceed; positive = money owed.",
        partial(loss_quantile, level=level),
    )


def _percent(level: float) -> str:
    if not 0.0 < level < 1.0:
        raise ValueError(
            f"level is {level:g}; expected a share between 0 and 1 (write 95 % as 0.95)"
        )
    return _plain(Decimal(str(level)).scaleb(2))


_enter(*map(value_at_risk, (0.90, 0.95, 0.99)))


def loss_beyond_quantile(sample: Sample, level: float) -> Estimate:
    """Mean of the loss quantiles from ``level`` to 1.

    With q the quantile at ``level``, this is q + mean(max(loss - q, 0)) / (1 - level): the tail sum
    in which realizations tied with q carry the weight left over (Rockafellar and Uryasev, 2002).
    """
    loss = sample.loss
    at_level = quantile(loss, level)
    excess = np.maximum(loss.values - at_level.value, 0.0) / (1.0 - level)
    beyond = float(excess.mean())
    if not _tail_is_filled(loss, level):
        return Estimate(at_level.value + beyond, unknown(loss.n))
    widening = small_tail(loss.n, level)
    return Estimate(at_level.value + beyond, excess - beyond, widening=widening)


def tail_value_at_risk(level: float) -> Measure:
    """Tail value at risk (TVaR) of the loss at ``level``, a share in (0, 1)."""
    shown = _percent(level)
    return Measure(
        f"tvar_{shown}",
        f"TVaR {shown} %",
        USD,
        f"Mean of the quantiles of the loss (minus the net result) from {shown} % to 100 %, ties "
        "weighted; positive = money owed.",
        partial(loss_beyond_quantile, level=level),
    )


_enter(*map(tail_value_at_risk, (0.90, 0.95, 0.99)))


def mean_above_zero(sample: Sample) -> Estimate:
    """Mean of the values above 0; undefined unless at least two are."""
    above = sample.values > 0.0
    if np.count_nonzero(above) < 2:
        return undefined(sample.n)
    value = float(sample.values[above].mean())
    return Estimate(value, np.where(above, sample.values - value, 0.0) / above.mean())


def mean_loss_above_zero(sample: Sample) -> Estimate:
    """Mean of the losses above 0; undefined unless at least two are."""
    return mean_above_zero(sample.loss)


_enter(
    Measure(
        "expected_gain",
        "Expected gain, given a gain",
        USD,
        "Mean net result of the realizations with a net result above 0.",
        mean_above_zero,
    ),
    Measure(
        "expected_loss",
        "Expected loss, given a loss",
        USD,
        "Mean loss (minus the net result) of the realizations with a net result below 0.",
        mean_loss_above_zero,
    ),
)


LOWEST_RATIO = Measure(
    "lowest_ratio_p05",
    "Risk-based capital ratio, 5th percentile of the lowest",
    RATIO,
    "Percentile 5 of the lowest risk-based capital ratio at the end of any year.",
    partial(quantile, level=0.05),
)
BELOW_ACTION = Measure(
    "prob_below_action",
    "Probability of falling below the action level",
    SHARE,
    "Share of the realizations in which the ratio is below the action level at the end of a year.",
    partial(share_above, threshold=0.5),
)
MEAN_DRAWDOWN = Measure(
    "mean_drawdown",
    "Mean drawdown",
    USD,
    "Mean of the most that the discounted running sum of the net results falls below its start.",
    mean,
)


def reserve_against(probability: float) -> Measure:
    """Reserve for a stated probability of ruin, a share in (0, 1), from a sample of drawdowns."""
    shown = _percent(probability)
    return Measure(
        f"reserve_{shown}",
        f"Reserve for {shown} % probability of ruin",
        USD,
        f"Smallest amount that the drawdown exceeds in at most {shown} % of the realizations.",
        partial(quantile, level=float(1 - Decimal(str(probability)))),
    )


def prob_ruin(reserve: float) -> Measure:
    """Probability that a drawdown exceeds a reserve [USD]; undefined where it is NaN."""

    def ruined(sample: Sample) -> Estimate:
        if math.isnan(reserve):
            return undefined(sample.n)
        return share_above(sample, reserve)

    return Measure(
        "prob_ruin",
        "Probability of ruin with the stated reserve",
        SHARE,
        "Share of the realizations in which the drawdown exceeds the stated reserve.",
        ruined,
    )
