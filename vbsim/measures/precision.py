"""How well n realizations tell a measure: standard errors, paired differences, intervals.

An estimate carries its empirical influence: how strongly each realization pulls the value. To first
order the error of the value is the mean of n independent influences, hence

    standard error = sqrt(mean(influence**2) / n).

Two contracts settled on the same realizations share their luck. Subtracting their influences
realization by realization keeps that, so every measure has a paired error without a formula of its
own.

A quantile has no smooth influence. Its standard error is the standard deviation of the order
statistic over all bootstrap resamples, which has a closed form (Maritz and Jarrett, 1978), needs no
bandwidth, and is 0 where the quantile lies deep inside a point mass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FEWEST_BEYOND = 5.0
"""Realizations expected beyond a quantile below which its standard error is missing.

In replications, 95 % intervals of TVaR cover 90-94 % with 5 realizations there, 83-87 % with 2.5.
With less than 1 the quantile is the largest realization and the error of TVaR would read 0.
"""


@dataclass(frozen=True, eq=False)
class Design:
    """How realizations hang together, and what is known of them beforehand.

    Parameters
    ----------
    controls
        Control variates, (n, q): quantities of the realizations whose mean is known to be 0.
    groups
        Number, from 0, of the group that each realization belongs to, (n,): an independent
        randomization, or a draw of the uncertain figures. Groups are independent, realizations of
        one are not.
    """

    controls: FloatArray
    groups: IntArray

    @cached_property
    def regression(self) -> FloatArray:
        """Coefficients of a regression on the controls per value, (q, n)."""
        return np.asarray(np.linalg.pinv(self.controls - self.controls.mean(axis=0)))

    def improve(self, estimate: Estimate) -> Estimate:
        """Take what the controls explain out of an estimate and of its error.

        The influence of the realizations is regressed on the controls (Glynn and Szechtman, "Some
        new perspectives on the method of control variates", 2002): what their known mean says the
        sample has drawn too much of is subtracted.
        """
        if math.isnan(estimate.standard_error):
            return estimate
        freedom = min(estimate.freedom, max(float(self.groups.max()), 1.0))
        estimate = replace(estimate, groups=self.groups, freedom=freedom)
        if self.controls.shape[1] == 0:
            return estimate
        slopes = self.regression @ estimate.influence
        mean = self.controls.mean(axis=0)
        influence = estimate.influence - (self.controls - mean) @ slopes
        value = estimate.value - float(mean @ slopes)
        return replace(estimate, value=value, influence=influence)


@dataclass(frozen=True, eq=False)
class Sample:
    """Net result of every realization [USD]; sorted at most once for all measures.

    Parameters
    ----------
    values
        Net results, (n,).
    design
        How the realizations hang together; ``None`` where they are independent.
    """

    values: FloatArray
    design: Design | None = None

    def __post_init__(self) -> None:
        """Refuse what has no distribution: no realizations, several axes, missing values."""
        if self.values.ndim != 1 or self.values.size == 0:
            raise ValueError(
                f"net result has shape {self.values.shape}; expected one axis with a value per "
                "realization"
            )
        odd = np.flatnonzero(~np.isfinite(self.values))
        if odd.size:
            raise ValueError(
                f"net result is missing or infinite in {odd.size} of {self.values.size} "
                f"realizations, first at position {odd[0]}; expected a number in each"
            )

    @property
    def n(self) -> int:
        """Number of realizations."""
        return self.values.size

    @cached_property
    def ordered(self) -> FloatArray:
        """Values in ascending order."""
        return np.sort(self.values)

    @cached_property
    def loss(self) -> Sample:
        """Loss of every realization [USD], positive = money owed."""
        return Sample(0.0 - self.values, self.design)


def sample_of(net: ArrayLike, design: Design | None = None) -> Sample:
    """Sample of a net result given as anything array-like."""
    # Adding 0.0 turns -0.0, the mirror image of a party that gets nothing, into 0.0.
    return Sample(np.asarray(net, dtype=np.float64) + 0.0, design)


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A measure of n realizations, and what each of them contributes to its error.

    Parameters
    ----------
    value
        The measure [its unit]; NaN where the realizations do not define it.
    influence
        Pull of each realization on the value [unit of the value], mean 0, shape (n,); NaN where
        the precision is unknown.
    floor
        Smallest standard error to report [unit of the value].
    freedom
        Degrees of freedom of the standard error beyond what the influence shows.
    widening
        Factor on the standard error that the influence shows.
    groups
        Number of the group of each realization, (n,), where groups are independent and not the
        realizations: the error then is that of the groups' means; ``None`` elsewhere.
    """

    value: float
    influence: FloatArray
    floor: float = 0.0
    freedom: float = math.inf
    widening: float = 1.0
    groups: IntArray | None = None

    @property
    def standard_error(self) -> float:
        """Monte Carlo standard error [unit of the value]; NaN where unknown."""
        pulls, count = self.influence, self.influence.size
        if self.groups is not None:
            pulls, count = self._by_group
        error = self.widening * math.sqrt(np.mean(pulls**2) / count) if count else math.nan
        return error if math.isnan(error) else max(error, self.floor)

    @property
    def _by_group(self) -> tuple[FloatArray, int]:
        """Mean pull of each group, weighted by its size, and the number of groups less 1."""
        assert self.groups is not None
        # Neighbours of one group first: bincount alone waits for every addition to the same sum.
        first = np.flatnonzero(np.append(True, self.groups[1:] != self.groups[:-1]))
        sums = np.bincount(self.groups[first], np.add.reduceat(self.influence, first))
        return np.asarray(sums * (sums.size / self.influence.size)), sums.size - 1


def small_tail(n: int, level: float) -> float:
    """Widening of a mean over the tail beyond ``level``: sqrt(m / (m - 2)) for m realizations.

    Found by replication: value plus or minus 1.96 standard errors covers the true TVaR 95 % of
    contract results in 92.4 to 94.8 % of runs of 500 to 2,000 realizations without it, and in 93.6
    to 95.0 % with it.
    """
    beyond = n * (1.0 - level)
    return math.sqrt(beyond / (beyond - 2.0))


def undefined(n: int) -> Estimate:
    """Estimate of a measure that these n realizations do not define."""
    return Estimate(math.nan, unknown(n))


def unknown(n: int) -> FloatArray:
    """Influence of n realizations on a value whose precision cannot be told."""
    return np.full(n, np.nan)


def ratio_of_means(part: FloatArray, whole: FloatArray, design: Design | None = None) -> Estimate:
    """Ratio of two means over realizations; its influence is by the delta method."""
    if not whole.mean() > 0.0:
        return undefined(part.size)
    ratio = float(part.mean() / whole.mean())
    if part.size < 2:
        return Estimate(ratio, unknown(part.size))
    found = Estimate(ratio, (part - ratio * whole) / whole.mean())
    return found if design is None else design.improve(found)


def difference(estimate: Estimate, reference: Estimate) -> Estimate:
    """Paired difference of one measure between two contracts on the same realizations.

    Parameters
    ----------
    estimate, reference
        The measure of each contract; element i of both influences is the same realization.

    Raises
    ------
    ValueError
        If the two rest on different numbers of realizations.
    """
    if estimate.influence.shape != reference.influence.shape:
        raise ValueError(
            f"paired difference of {estimate.influence.size} and {reference.influence.size} "
            "realizations; expected the same realizations in both"
        )
    # A contract equals itself exactly; two contracts that merely never differed may differ yet.
    floor = 0.0 if estimate is reference else max(estimate.floor, reference.floor)
    return Estimate(
        estimate.value - reference.value,
        estimate.influence - reference.influence,
        floor,
        min(estimate.freedom, reference.freedom),
        max(estimate.widening, reference.widening),
        estimate.groups,
    )


def interval(estimate: Estimate, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of an estimate: value + SE * (g * (1 + 2 z**2) / 6 -+ t).

    t is Student's quantile at the degrees of freedom of the standard error (Satterthwaite, from the
    kurtosis of the influence), z the normal quantile, and g = skewness / sqrt(n) the second-order
    correction (Johnson, 1978; Hall, 1992). With many realizations this is value -+ z * SE; with few
    in the tail that decides the value, the plain interval would miss too often, and on one side.

    Parameters
    ----------
    estimate
        Any estimate or paired difference.
    level
        Probability that the interval covers the true value, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper bound [unit of the value]; NaN where the precision is unknown.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"interval level is {level:g}; expected a share between 0 and 1")
    skewness, freedom = _shape(estimate)
    upper = (1.0 + level) / 2.0
    z = float(special.ndtri(upper))
    t = z if math.isinf(freedom) else float(special.stdtrit(freedom, upper))
    shift = skewness / math.sqrt(estimate.influence.size) * (1.0 + 2.0 * z * z) / 6.0
    error = estimate.standard_error
    return estimate.value + error * (shift - t), estimate.value + error * (shift + t)


def _shape(estimate: Estimate) -> tuple[float, float]:
    """Skewness of the influence, and degrees of freedom of the standard error."""
    influence = estimate.influence
    if estimate.groups is not None:
        return 0.0, estimate.freedom
    scale = math.sqrt(np.mean(influence**2))
    if scale == 0.0 or math.isnan(scale):
        return 0.0, estimate.freedom
    standardized = influence / scale
    spread = float(np.mean(standardized**4)) - 1.0
    freedom = 2.0 * influence.size / spread if spread > 0.0 else math.inf
    return float(np.mean(standardized**3)), min(freedom, estimate.freedom)


def order_statistic_error(ordered: FloatArray, rank: int) -> float:
    """Spread of an order statistic over all bootstrap resamples, as a standard deviation.

    The order statistic of a resample is at most ``ordered[i - 1]`` with probability
    I(i / n; rank, n - rank + 1), the regularized incomplete beta function.

    Parameters
    ----------
    ordered
        Realizations in ascending order, shape (n,).
    rank
        Which order statistic, 1 = smallest.
    """
    first, weights = _order_weights(ordered.size, rank)
    gaps = ordered[first : first + weights.size] - ordered[rank - 1]
    variance = weights @ gaps**2 - (weights @ gaps) ** 2
    return math.sqrt(max(float(variance), 0.0))


@lru_cache(maxsize=64)
def _order_weights(n: int, rank: int) -> tuple[int, FloatArray]:
    """Where the realizations begin that a resample's order statistic may be, and how often it is.

    The same for every series of a run; ranks further than 8 standard deviations away have no weight
    that counts.
    """
    reach = math.ceil(8.0 * math.sqrt(rank * (n - rank + 1) / n))
    first, last = max(0, rank - reach), min(n, rank + reach)
    at_most = special.betainc(rank, n - rank + 1, np.arange(first, last + 1) / n)
    return first, np.diff(at_most)


def quantile_influence(
    values: FloatArray, quantile: float, level: float, error: float
) -> FloatArray:
    """Influence of each realization on a quantile, scaled to a known standard error.

    Parameters
    ----------
    values
        Realizations, shape (n,).
    quantile
        Their quantile at ``level``.
    level
        Share of the realizations at or below the quantile, in (0, 1).
    error
        Standard error of the quantile; 0 gives an influence of 0.
    """
    if error == 0.0:
        return np.zeros(values.size)
    # With ties at the quantile, either side of the tie may be the better split of the realizations.
    splits = [
        np.asarray(above, dtype=np.float64) for above in (values > quantile, values >= quantile)
    ]
    proper = [above for above in splits if 0.0 < above.mean() < 1.0]
    above = min(proper, key=lambda split: abs(float(split.mean()) - (1.0 - level)))
    share = float(above.mean())
    scale = error * math.sqrt(values.size / (share * (1.0 - share)))
    return scale * (above - share)
