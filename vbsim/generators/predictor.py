"""Predictor: what a member's record tells of the year to come, and how well it is read.

A predictor sees the log intensity ``u`` of a member's last year with a normal error: its score is
``u + noise * e``. It looks back, as one trained on claims does, so those whom it picks regress to
the mean by themselves. The error follows from the accuracy that is stated of the predictor: an area
under the curve (AUC) for an admission in the year to come, the share of those admitted that is
found among the flagged (sensitivity), or the share of the variance of cost that is explained (R2).
All three are integrals over the joint distribution of two years, worked out here without
simulation; what a perfect reading of last year reaches is the most that can be asked.

The members that a program may flag are those who were here last year; who is newly assigned has no
record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from vbsim.errors import ParameterError
from vbsim.generators import population, utilization
from vbsim.generators.annual_cost import LOG_STEP, PART_YEAR, on_log_grid

FloatArray = NDArray[np.float64]
_LARGEST_NOISE = 50.0  # of the score: its reading of the record is worth nothing
_POINTS = 512  # of a table of whom is flagged
_NAMES = {"auc": "AUC", "sensitivity": "sensitivity", "r_squared": "R2"}


@dataclass(frozen=True, eq=False)
class Record:
    """Last year of the members who are still here, on a grid of its log intensity; G points.

    Parameters
    ----------
    log_intensity, weight
        Points, rising, and the share of these members at each, (G,).
    admitted
        Probability of an admission in the year to come at each, (G,).
    cost
        Expected cost of the year to come at each, (G,) [USD].
    cost_variance
        Variance of that cost over all of them [USD squared].
    here
        Share of all members who have such a record.
    """

    log_intensity: FloatArray
    weight: FloatArray
    admitted: FloatArray
    cost: FloatArray
    cost_variance: float
    here: float


@dataclass(frozen=True, slots=True)
class Claims:
    """What a year's claims cost, by service, K of each.

    Parameters
    ----------
    admission
        Position of the service whose claims are admissions.
    unit_cost, square
        Mean of a claim's cost [USD] and of its square [USD squared].
    """

    admission: int
    unit_cost: tuple[float, ...]
    square: tuple[float, ...]


def record(people: population.Params, use: utilization.Params, claims: Claims) -> Record:
    """Work out what last year tells of the year to come."""
    risk = on_log_grid(population.log_risk_table(people))
    transient = on_log_grid(utilization.log_transient_table(use))
    start, size = risk[0] + transient[0], risk[1].size + transient[1].size - 1
    shape = start + LOG_STEP * np.arange(size)
    density = np.convolve(risk[1], transient[1])
    states = zip(
        np.log(people.levels), (1.0 - people.ill_share, people.ill_share), people.stay, strict=True
    )
    logs, weights, found = [], [], []
    for before, (log_level, share, stay) in enumerate(states):
        told = np.zeros((size, 3))
        for state, level in enumerate(np.log(people.levels).tolist()):
            chance = _chance(people, before, state)
            # The same function of risk and of risk times transient, as these are kept or not.
            year = _year(people, use, claims, state, np.asarray(shape + level))
            fresh = _mean_over_transient(people, use, claims, state, risk, transient, level)
            keep = people.transient_persistence
            drawn = np.stack(
                [np.convolve(risk[1] * part, transient[1]) for part in fresh.T], axis=1
            )
            told += chance * (keep * density[:, None] * year + (1.0 - keep) * drawn)
        logs.append(shape + log_level)
        weights.append(share * stay * density)
        found.append(share * stay * told)
    return _sorted(np.concatenate(logs), np.concatenate(weights), np.concatenate(found))


def _chance(people: population.Params, before: int, state: int) -> float:
    """Probability of a state given last year's."""
    anew = (1.0 - people.ill_share, people.ill_share)[state]
    return people.ill_persistence * (before == state) + (1.0 - people.ill_persistence) * anew


def _year(
    people: population.Params,
    use: utilization.Params,
    claims: Claims,
    state: int,
    logs: FloatArray,
) -> FloatArray:
    """Probability of an admission, mean cost and mean squared cost of a year, (G, 3)."""
    death, part = people.died[state], people.partial
    last = logs + np.log(people.end_of_life_ratio)
    rates = np.array(use.rates)
    unit_cost, square = np.array(claims.unit_cost), np.array(claims.square)
    cases = [((1.0 - death) * (1.0 - part), 1.0, logs)]
    cases += [((1.0 - death) * part / 2.0, exposure, logs) for exposure in PART_YEAR]
    cases += [(death / 2.0, exposure, last) for exposure in PART_YEAR]
    out = np.zeros((logs.size, 3))
    for share, exposure, at in cases:
        if share > 0.0:
            expected = exposure * rates * utilization.response(use, at)
            cost = expected @ unit_cost
            admitted = -np.expm1(-expected[:, claims.admission])
            out += share * np.stack([admitted, cost, cost**2 + expected @ square], axis=1)
    return out


def _mean_over_transient(
    people: population.Params,
    use: utilization.Params,
    claims: Claims,
    state: int,
    risk: tuple[float, FloatArray],
    transient: tuple[float, FloatArray],
    level: float,
) -> FloatArray:
    """Mean of :func:`_year` over a fresh transient at every risk, (risks, 3)."""
    size = risk[1].size + transient[1].size - 1
    logs = risk[0] + transient[0] + level + LOG_STEP * np.arange(size)
    year = _year(people, use, claims, state, np.asarray(logs, dtype=np.float64))
    columns = [np.convolve(column, transient[1][::-1], mode="valid") for column in year.T]
    return np.stack(columns, axis=1)


def _sorted(logs: FloatArray, weights: FloatArray, found: FloatArray) -> Record:
    """Put the two states' points in one order; points that hold nobody are left out."""
    here = float(weights.sum())
    if not here > 0.0:
        raise ParameterError(
            "retention is 0; expected more: a program looks back at members who were here last year"
        )
    keep = weights > 1e-12 * here
    order = np.argsort(logs[keep])
    logs, weights, found = logs[keep][order], weights[keep][order] / here, found[keep][order] / here
    cost = float(found[:, 1].sum())
    variance = float(found[:, 2].sum()) - cost**2
    told = found / weights[:, None]
    return Record(logs, weights, told[:, 0], told[:, 1], variance, here)


def auc(seen: Record, noise: float) -> float:
    """Probability that a member who is admitted has the higher score than one who is not."""
    yes, no = seen.weight * seen.admitted, seen.weight * (1.0 - seen.admitted)
    gap = seen.log_intensity[:, None] - seen.log_intensity
    higher = _normal(gap, np.sqrt(2.0) * noise)
    return float(yes @ higher @ no / (yes.sum() * no.sum()))


def sensitivity(seen: Record, noise: float, capacity: float) -> float:
    """Share of the members admitted who are flagged, of those who have a record."""
    flagged = _normal(seen.log_intensity - threshold(seen, noise, capacity), noise)
    return float((seen.weight * seen.admitted) @ flagged / (seen.weight @ seen.admitted))


def r_squared(seen: Record, noise: float) -> float:
    """Share of the variance of next year's cost that the best use of the score explains."""
    spread = noise + LOG_STEP
    scores = np.arange(
        seen.log_intensity[0] - 6.0 * noise, seen.log_intensity[-1] + 6.0 * noise, spread / 8.0
    )
    gap = (scores[:, None] - seen.log_intensity) / max(noise, LOG_STEP / 2.0)
    likely = np.exp(-0.5 * gap**2) * seen.weight
    total = likely.sum(axis=1)
    told = np.divide(likely @ seen.cost, total, out=np.zeros_like(total), where=total > 0.0)
    mean = float(seen.weight @ seen.cost)
    return float((total @ (told - mean) ** 2) / total.sum() / seen.cost_variance)


def threshold(seen: Record, noise: float, capacity: float) -> float:
    """Score above which members are flagged: as many as ``capacity``, a share of all, has room for.

    Minus infinity where there is room for everybody who has a record.
    """
    room = capacity / seen.here
    if room >= 1.0:
        return -np.inf

    def too_many(score: float) -> float:
        return float(seen.weight @ _normal(seen.log_intensity - score, noise)) - room

    reach = 8.0 * noise + 2.0 * LOG_STEP
    low, high = seen.log_intensity[0] - reach, seen.log_intensity[-1] + reach
    return float(optimize.brentq(too_many, low, high, xtol=1e-10))


@dataclass(frozen=True, eq=False)
class Reach:
    """Probability of being flagged, on an even grid of last year's log intensity.

    Parameters
    ----------
    first, step
        Where the grid begins, and its spacing.
    probability
        At each point, (N,).
    """

    first: float
    step: float
    probability: FloatArray


def reach(seen: Record, noise: float, capacity: float) -> Reach:
    """Tabulate whom a predictor flags; members beyond the grid are like those at its end."""
    points = np.linspace(seen.log_intensity[0], seen.log_intensity[-1], _POINTS)
    flagged = _normal(points - threshold(seen, noise, capacity), noise)
    return Reach(float(points[0]), float(points[1] - points[0]), flagged)


def _normal(gap: FloatArray, spread: float) -> FloatArray:
    """Distribution function of a normal error; a perfect score keeps the width of the grid."""
    return np.asarray(special.ndtr(gap / max(spread, LOG_STEP / 2.0)))


def noise_of(seen: Record, kind: str, stated: float, capacity: float) -> float:
    """Spread of a score's error that gives the stated accuracy.

    Parameters
    ----------
    seen
        The record that the score reads.
    kind
        ``auc``, ``sensitivity`` or ``r_squared``.
    stated
        Its value.
    capacity
        Share of all members that the program has room for.

    Raises
    ------
    ParameterError
        If even a perfect reading of the record tells less, or blind choice more.
    """
    accuracy: dict[str, Callable[[float], float]] = {
        "auc": lambda noise: auc(seen, noise),
        "sensitivity": lambda noise: sensitivity(seen, noise, capacity),
        "r_squared": lambda noise: r_squared(seen, noise),
    }
    of = accuracy[kind]
    most, least = of(0.0), of(_LARGEST_NOISE)
    if not least < stated <= most:
        raise ParameterError(
            f"{_NAMES[kind]} is {stated:g}; expected more than {least:.3f}, which chance gives, "
            f"and at most {most:.3f}, which a perfect reading of last year's record gives in this "
            "population"
        )
    if stated == most:
        return 0.0
    return float(optimize.brentq(lambda noise: of(noise) - stated, 0.0, _LARGEST_NOISE, xtol=1e-9))
