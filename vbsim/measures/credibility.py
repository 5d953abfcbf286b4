"""Skill against luck: what an observed result says of true savings, given how much is noise.

The simulation knows the true savings of every realization, so the credibility that an observed rate
deserves needs no formula for the noise: it is read from simulated pairs of true savings and
measured rate. The posterior is the best linear one, a weighted mean of prior and observation
(Bühlmann, "Experience rating and credibility", ASTIN Bulletin 1967), normal where a probability is
asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.measures.decomposition import group_sums, jackknife
from vbsim.measures.precision import FloatArray, IntArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of true savings after a result, each with its standard error, (2,).

    Parameters
    ----------
    credibility
        Weight of the observation, the rest being the prior's: squared correlation of true savings
        and measured rate.
    mean, sd
        Of the posterior of true savings [share of expected cost].
    none
        Probability that true savings are 0 or less.
    """

    credibility: FloatArray
    mean: FloatArray
    sd: FloatArray
    none: FloatArray


def posterior(
    savings: FloatArray, rates: FloatArray, observed: float, groups: IntArray
) -> Posterior:
    """Posterior of true savings after an observed savings rate.

    Parameters
    ----------
    savings, rates
        True savings, drawn from the prior, and the measured savings rate, (n,) [shares].
    observed
        Savings rate that was measured [share].
    groups
        Group of each realization, (n,), for errors by leaving out one after another.
    """
    rows = [np.ones_like(savings), savings, rates, savings**2, rates**2, savings * rates]
    sums = group_sums(rows, groups)

    def statistic(sums: FloatArray) -> FloatArray:
        """Credibility, mean, sd and probability of none from sums (..., 6), (..., 4)."""
        mean, rate, squares, rate_squares, product = np.moveaxis(
            sums[..., 1:] / sums[..., :1], -1, 0
        )
        prior, noise = squares - mean**2, rate_squares - rate**2
        covariance = product - mean * rate
        weight = covariance**2 / (prior * noise)
        centre = mean + covariance / noise * (observed - rate)
        spread = np.sqrt(prior * (1.0 - weight))
        return np.stack([weight, centre, spread, special.ndtr(-centre / spread)], axis=-1)

    found = jackknife(sums, statistic)
    return Posterior(*found.T)


def share_of(part: BoolArray, whole: BoolArray, groups: IntArray) -> FloatArray:
    """Share of the realizations of ``whole`` that are in ``part`` as well, and its error, (2,).

    Both (n,); missing (NaN) where ``whole`` is empty.
    """
    sums = group_sums([part & whole, whole], groups)
    if np.any(sums[:, 1].sum() - sums[:, 1] == 0.0):
        return np.full(2, np.nan)
    return jackknife(sums, lambda s: s[..., :1] / s[..., 1:])[:, 0]
