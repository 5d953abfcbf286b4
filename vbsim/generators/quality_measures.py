"""Quality measures: rates of members (or of claims) for whom care went as it should, or did not.

The entity's true rate of a year is beta distributed around its mean: the spread holds what differs
between entities and years. What is measured is a count: given the true rate ``p``, the numerator is
binomial, of the members who are eligible or of the simulated claims of a service. So a rate is
beta-binomial, with mean ``m`` and variance ``m (1 - m) / n * (1 + (n - 1) / (a + b + 1))``.

True rates of one year move together by a one-factor Gaussian copula with a single correlation, the
correlation of performance: the rate of a measure whose lower values are better moves the other way.

A measure that counts claims takes them from the simulated utilization, so cost and quality move
together as far as its denominator lets them: emergency department visits and ambulatory-sensitive
admissions per person-year rise with utilization; readmissions per stay do not, except where
``per_person_year`` is asked for. A rate per person-year is a plain rate: 430 visits per 1,000
person-years are 0.43, and more than 1 per person-year is possible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError

FloatArray = NDArray[np.float64]
_COMMON = "common factor"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure in one year.

    Parameters
    ----------
    name
        Keys the draws.
    mean, sd
        Of the true rate; of members, or the probability that a claim of ``service`` counts.
    eligible, eligible_share
        Number of eligible members, or their part of the person-years; one of the two, unless
        claims are counted.
    service
        Service whose claims are counted; empty where members are.
    per_person_year
        Whether the denominator of counted claims is the person-years, not the claims.
    lower_is_better
        Whether a lower rate is better.
    threshold, benchmark
        Rates at which a point begins to be earned and is earned in full; ``None`` if unscored.
    weight
        Of the measure in the entity's score.
    """

    name: str
    mean: float
    sd: float = 0.0
    eligible: float | None = None
    eligible_share: float | None = None
    service: str = ""
    per_person_year: bool = False
    lower_is_better: bool = False
    threshold: float | None = None
    benchmark: float | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a rate outside [0, 1], a spread no beta has, and two denominators or none."""
        if not 0.0 <= self.mean <= 1.0:
            raise ParameterError(
                f"mean of {self.name} is {self.mean:g}; expected a share between 0 and 1 "
                "(write 81.5 % as 0.815)"
            )
        limit = np.sqrt(self.mean * (1.0 - self.mean))
        if not (self.sd == 0.0 or 0.0 < self.sd < limit):
            raise ParameterError(
                f"sd of {self.name} is {self.sd:g}; expected 0, or less than {limit:.3f} for a "
                f"mean of {self.mean:g}"
            )
        stated = [v for v in (self.eligible, self.eligible_share, self.service or None) if v]
        if len(stated) != 1:
            raise ParameterError(
                f"{self.name} states {len(stated)} of eligible, eligible_share and service; "
                "expected one, more than 0"
            )


@dataclass(frozen=True, slots=True)
class Params:
    """Measures of one year.

    Parameters
    ----------
    measures
        In the order of the experience.
    correlation
        Of the performance on any two measures, before the beta distribution is laid over it.
    standard
        Score at which the quality standard is met, where the measures make the entity's score.
    """

    measures: tuple[Measure, ...]
    correlation: float = 0.0
    standard: float | None = None

    def __post_init__(self) -> None:
        """Refuse a name given twice, and a correlation or standard outside [0, 1]."""
        names = [measure.name for measure in self.measures]
        if len(set(names)) != len(names) or not names:
            raise ParameterError(f"measures are {', '.join(names) or 'none'}; expected each once")
        for name, value in (("correlation", self.correlation), ("standard", self.standard)):
            if value is not None and not 0.0 <= value <= 1.0:
                raise ParameterError(
                    f"{name} of the quality measures is {value:g}; expected a share between 0 and 1"
                )


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one year takes: what is common, then two per measure."""
    own = [(f"{measure.name} rate", f"{measure.name} numerator") for measure in params.measures]
    return (_COMMON, *(label for pair in own for label in pair))


def values(params: Params, uniforms: FloatArray, trials: FloatArray | None = None) -> FloatArray:
    """Measured rates of trials: uniforms (..., 1 + 2 M) to rates (..., M).

    Parameters
    ----------
    params
        The M measures of the year.
    uniforms
        In the order of :func:`labels`.
    trials
        Eligible members or claims of each measure, (..., M), whole numbers; without them the true
        rates come back. The rate of no trial is missing (NaN).
    """
    true = _true_rates(params, uniforms)
    if trials is None:
        return true
    hits = binomial_quantile(uniforms[..., 2::2], trials, true)
    return np.divide(hits, trials, out=np.full_like(hits, np.nan), where=trials > 0.0)


def mean(params: Params) -> FloatArray:
    """Mean rate of each measure."""
    return np.array([measure.mean for measure in params.measures])


def measured(
    years: tuple[Params, ...],
    uniforms: FloatArray,
    person_years: FloatArray,
    claims: FloatArray,
    services: tuple[str, ...],
) -> tuple[FloatArray, FloatArray]:
    """Rates and denominators of T years, (R, T, M) each.

    Parameters
    ----------
    years
        The M measures of each year.
    uniforms
        In the order of :func:`labels`, (R, T, 1 + 2 M).
    person_years
        Exposure, (R, T).
    claims, services
        Simulated claims of each service, (R, T, K), and the services' names.
    """
    rates, denominators = [], []
    for row, params in enumerate(years):
        exposure = person_years[:, row, None]
        by_service = dict(zip(services, claims[:, row].T, strict=True))
        trials = np.stack(
            [_trials(measure, exposure[:, 0], by_service) for measure in params.measures], axis=-1
        )
        rate = values(params, uniforms[:, row], trials)
        by_exposure = np.array([measure.per_person_year for measure in params.measures])
        per_exposure = np.where(trials > 0.0, rate, 0.0) * trials / exposure
        rates.append(np.where(by_exposure, per_exposure, rate))
        denominators.append(np.where(by_exposure, exposure, trials))
    return np.stack(rates, axis=1), np.stack(denominators, axis=1)


def score(params: Params, rates: FloatArray) -> FloatArray:
    """Weighted mean of achievement points, and whether it meets the standard: (..., M) to (..., 2).

    A measure earns no point at its threshold or worse, one at its benchmark or better, and a part
    in between. Measures without cases are left out; without any, the score is 0.
    """
    points, weights = np.zeros(rates.shape[:-1]), np.zeros(rates.shape[:-1])
    for column, measure in enumerate(params.measures):
        if measure.threshold is None or measure.benchmark is None:
            continue
        counted = np.isfinite(rates[..., column]) * measure.weight
        sign = -1.0 if measure.lower_is_better else 1.0
        beyond = sign * (np.nan_to_num(rates[..., column]) - measure.threshold)
        width = sign * (measure.benchmark - measure.threshold)
        whole = (beyond >= width).astype(np.float64)
        earned = np.clip(beyond / width, 0.0, 1.0) if width > 0.0 else whole
        points, weights = points + counted * earned, weights + counted
    found = np.divide(points, weights, out=np.zeros_like(points), where=weights > 0.0)
    # A mean of points that are met in full must not miss the standard by its last bit.
    met = found >= (params.standard or 0.0) - 1e-12
    return np.stack([found, met.astype(np.float64)], axis=-1)


def binomial_quantile(uniforms: FloatArray, trials: FloatArray, share: FloatArray) -> FloatArray:
    """Smallest count whose binomial distribution function reaches the uniform, exactly.

    A Cornish-Fisher guess is moved up or down until the distribution function says that it is
    right; three moves at most of almost every draw.
    """
    u, n, p = (np.ravel(a) for a in np.broadcast_arrays(uniforms, trials, share))
    normal = special.ndtri(u)
    spread, skew = np.sqrt(n * p * (1.0 - p)), (1.0 - 2.0 * p) * (normal**2 - 1.0) / 6.0
    count = np.clip(np.round(n * p + spread * normal + skew), 0.0, n)
    low = _binomial_cdf(count, n, p) < u
    move = np.flatnonzero(low)
    while move.size:
        count[move] += 1.0
        move = move[_binomial_cdf(count[move], n[move], p[move]) < u[move]]
    move = np.flatnonzero(~low)
    while move.size:
        move = move[_binomial_cdf(count[move] - 1.0, n[move], p[move]) >= u[move]]
        count[move] -= 1.0
    return count.reshape(np.broadcast_shapes(uniforms.shape, trials.shape, share.shape))


def _binomial_cdf(count: FloatArray, trials: FloatArray, share: FloatArray) -> FloatArray:
    out = np.where(count >= trials, 1.0, 0.0)
    inside = (count >= 0.0) & (count < trials)
    n, k, p = trials[inside], count[inside], share[inside]
    out[inside] = special.betainc(n - k, k + 1.0, 1.0 - p)
    return out


def _true_rates(params: Params, uniforms: FloatArray) -> FloatArray:
    common, rates = special.ndtri(uniforms[..., 0]), []
    shared, own = np.sqrt(params.correlation), np.sqrt(1.0 - params.correlation)
    for column, measure in enumerate(params.measures):
        normal = shared * common + own * special.ndtri(uniforms[..., 1 + 2 * column])
        level = special.ndtr(-normal if measure.lower_is_better else normal)
        if measure.sd == 0.0:
            rates.append(np.full_like(level, measure.mean))
            continue
        size = measure.mean * (1.0 - measure.mean) / measure.sd**2 - 1.0
        a, b = measure.mean * size, (1.0 - measure.mean) * size
        rates.append(special.betaincinv(a, b, level))
    return np.stack(rates, axis=-1)


def _trials(
    measure: Measure, person_years: FloatArray, claims: dict[str, FloatArray]
) -> FloatArray:
    if measure.service:
        return claims[measure.service]
    if measure.eligible_share is not None:
        return np.round(measure.eligible_share * person_years)
    return np.full_like(person_years, float(measure.eligible or 0.0))
