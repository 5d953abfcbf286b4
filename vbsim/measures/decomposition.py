"""Which source of uncertainty makes how much of a variance.

A result is a function of independent sources. Simulate it with all draws first (A), with all of
them anew (B), and once for each source with that source's draws of B and all others of A. Two of
these that share a source alone correlate by what the source does alone (the first-order index); two
that share all but a source differ by what it does together with the others (the total index):
Saltelli and others, "Variance based sensitivity analysis of model output", Computer Physics
Communications 2010. The estimator of a correlation is that of Janon and others, "Asymptotic
normality and efficiency of two Sobol index estimators", ESAIM P&S 2014; the chance correlation of A
and B, whose expectation is 0, is taken out of it as a control variate.

What single sources do alone adds up to the variance but for interactions: a source that matters
only when another one has brought the result near a gate, a cap or a corner of the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vbsim.measures.precision import FloatArray, IntArray

_GROUPS = 50  # of independent realizations, for errors


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Shares of a variance, each array with its standard errors; G sources.

    Parameters
    ----------
    alone
        Share that vanishes, as far as one can expect, once the source is known, (2, G).
    total
        Share that is left when all others are known, (2, G): alone and in interactions.
    interactions
        Share that no source makes alone, (2,): 1 less the sum of ``alone``.
    variance
        The variance, (2,) [square of the unit].
    """

    alone: FloatArray
    total: FloatArray
    interactions: FloatArray
    variance: FloatArray


def decompose(
    first: FloatArray, second: FloatArray, mixed: FloatArray, groups: IntArray | None = None
) -> Decomposition:
    """Decompose the variance of a result.

    Parameters
    ----------
    first, second
        Results with all draws first and with all of them anew, (n,).
    mixed
        Results with one source's draws from the second and all others from the first, (G, n).
    groups
        Group of each realization, (n,), where groups are independent and realizations are not.

    Returns
    -------
    Decomposition
        Of values corrected for bias and errors by leaving out one group after another (jackknife);
        missing (NaN) where nothing varies.
    """
    runs = np.concatenate([first[None], second[None], mixed])
    if groups is None:
        groups = np.arange(first.size) * min(_GROUPS, first.size) // first.size
    found = jackknife(_moments(runs, groups), _shares)
    size = len(mixed)
    return Decomposition(found[:, :size], found[:, size : 2 * size], found[:, -2], found[:, -1])


def between_share(values: FloatArray, groups: IntArray) -> FloatArray:
    """Share of a variance that lies between groups, and its standard error (2,).

    Analysis of variance with one random factor: what groups' means vary more than realizations of
    one group explain (Searle, Casella & McCulloch, "Variance Components", 1992, chapter 3).
    """
    size = np.bincount(groups).astype(np.float64)
    rows = np.stack(
        [
            size,
            size**2,
            np.ones_like(size),
            np.bincount(groups, values),
            np.bincount(groups, values**2),
            np.bincount(groups, values) ** 2 / size,
        ],
        axis=1,
    )
    return jackknife(rows, _between)[:, 0]


def jackknife(rows: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Value and standard error of a function of sums over groups.

    Parameters
    ----------
    rows
        What each group adds to the sums, (K, M).
    statistic
        Function of sums (..., M) that gives values (..., V).

    Returns
    -------
    ndarray
        Values less their bias of first order, then standard errors, (2, V).
    """
    count, sums = len(rows), rows.sum(axis=0)
    whole, without = statistic(sums), statistic(sums - rows)
    value = count * whole - (count - 1) * without.mean(axis=0)
    spread = without - without.mean(axis=0)
    error = np.sqrt((count - 1) / count * (spread**2).sum(axis=0))
    return np.stack([value, error])


def _moments(runs: FloatArray, groups: IntArray) -> FloatArray:
    """Add up each group: number; values and squares of every run; products with the first two."""
    mean = runs.mean()  # taken away for the sake of rounding
    centred = runs - mean
    rows = [np.ones(runs.shape[1]), *centred, *centred**2]
    rows += [centred[at] * other for at in (0, 1) for other in centred[2:]]
    rows.append(centred[0] * centred[1])
    return group_sums(rows, groups)


def group_sums(rows: Iterable[NDArray[Any]], groups: IntArray) -> FloatArray:
    """Add up each row (n,) over the members of each group, (K, rows)."""
    sums = [np.bincount(groups, row).astype(np.float64) for row in rows]
    return np.stack(sums, axis=1)


def _shares(sums: FloatArray) -> FloatArray:
    """Alone, total, interactions and variance from sums, (..., 2 G + 2)."""
    size = (sums.shape[-1] - 6) // 4
    means = sums[..., 1:] / sums[..., :1]
    value, square = means[..., : size + 2], means[..., size + 2 : 2 * size + 4]
    with_first, with_second = np.split(means[..., 2 * size + 4 : -1], 2, axis=-1)
    shared = _correlation(
        with_first, value[..., :1], value[..., 2:], square[..., :1], square[..., 2:]
    )
    alone = _correlation(
        with_second, value[..., 1:2], value[..., 2:], square[..., 1:2], square[..., 2:]
    )
    chance = _correlation(
        means[..., -1:], value[..., :1], value[..., 1:2], square[..., :1], square[..., 1:2]
    )
    # The first two runs share nothing: what they correlate by chance goes on to the mixed ones as
    # far as these resemble the first.
    alone, total = alone - shared * chance, 1.0 - shared
    rest = 1.0 - alone.sum(axis=-1, keepdims=True)
    variance = square.mean(axis=-1, keepdims=True) - value.mean(axis=-1, keepdims=True) ** 2
    return np.concatenate([alone, total, rest, variance], axis=-1)


def _correlation(
    product: FloatArray, one: FloatArray, other: FloatArray, square: FloatArray, squares: FloatArray
) -> FloatArray:
    """Correlation of two runs of one distribution from mean product, means and mean squares."""
    mean = 0.5 * (one + other)
    variance = 0.5 * (square + squares) - mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0.0, (product - mean**2) / variance, np.nan)


def _between(sums: FloatArray) -> FloatArray:
    """Share between groups from the sums of :func:`between_share`."""
    n, squares, count, value, square, of_groups = np.moveaxis(sums, -1, 0)
    within = (square - of_groups) / (n - count)
    weight = (n - squares / n) / (count - 1.0)
    between = ((of_groups - value**2 / n) / (count - 1.0) - within) / weight
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(within + between > 0.0, between / (within + between), np.nan)
    return np.asarray(share)[..., None]
