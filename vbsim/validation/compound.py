"""Aggregate losses of any number of claims and any severity: exact, and drawn.

Exact: on an even money grid the probability generating function of the number of claims is applied
to the Fourier transform of the severity (Klugman, Panjer and Willmot, *Loss Models*, chapter 9).
Drawn: numbers of claims by inversion, costs from the laws that the engines draw from. The engines
themselves know (mixed) Poisson numbers alone; the oracles of the textbooks need others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from vbsim import streams
from vbsim.generators import unit_cost
from vbsim.measures.precision import FloatArray

_SEED = 6


@dataclass(frozen=True, slots=True)
class Frequency:
    """Number of claims.

    Parameters
    ----------
    generating
        Probability generating function.
    mass
        Probabilities of 0, 1, 2 ... claims, as far as they count.
    """

    generating: Callable[[NDArray[np.complex128]], NDArray[np.complex128]]
    mass: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Expected number of claims."""
        return float(np.arange(len(self.mass)) @ np.array(self.mass))

    @property
    def variance(self) -> float:
        """Variance of the number of claims."""
        return float((np.arange(len(self.mass)) - self.mean) ** 2 @ np.array(self.mass))


def listed(*mass: float) -> Frequency:
    """So many claims with the probabilities listed."""
    return Frequency(
        lambda z: np.asarray(np.polynomial.polynomial.polyval(z, mass), dtype=np.complex128), mass
    )


def poisson(mean: float) -> Frequency:
    """Poisson number of claims."""
    return Frequency(lambda z: np.exp(mean * (z - 1.0)), _mass(stats.poisson(mean)))


def negative_binomial(r: float, beta: float) -> Frequency:
    """Negative binomial number of claims with mean r β and variance r β (1 + β)."""
    law = stats.nbinom(r, 1.0 / (1.0 + beta))
    return Frequency(lambda z: (1.0 - beta * (z - 1.0)) ** -r, _mass(law))


def binomial(count: int, chance: float) -> Frequency:
    """Binomial number of claims."""
    law = stats.binom(count, chance)
    return Frequency(lambda z: (1.0 + chance * (z - 1.0)) ** count, _mass(law))


def _mass(law: object) -> tuple[float, ...]:
    last = int(law.isf(1e-16)) + 1  # type: ignore[attr-defined]
    return tuple(law.pmf(np.arange(last + 1)).tolist())  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Compound:
    """Sum of a random number of independent costs.

    Parameters
    ----------
    name
        Of its random stream.
    frequency
        Number of claims.
    severity
        Cost of one.
    step, points
        Money grid [USD]: costs are multiples of the step, or are spread with their mean kept.
    years
        How many are drawn.
    """

    name: str
    frequency: Frequency
    severity: unit_cost.Params
    step: float = 1.0
    points: int = 2**12
    years: int = 1_000_000

    @property
    def mean(self) -> float:
        """Exact mean."""
        return self.frequency.mean * unit_cost.mean(self.severity)

    @property
    def variance(self) -> float:
        """Exact variance."""
        mean, cv = unit_cost.mean(self.severity), unit_cost.cv(self.severity)
        number = self.frequency
        return float(mean**2 * (number.mean * cv**2 + number.variance))

    def mass(self) -> FloatArray:
        """Probability of every point of the grid."""
        severity = unit_cost.discretized(self.severity, self.step, self.points)
        found = np.fft.irfft(self.frequency.generating(np.fft.rfft(severity)), self.points)
        return np.asarray(np.maximum(found, 0.0))

    def stop_loss(self, retention: float) -> float:
        """Exact mean of what lies above a retention."""
        money = self.step * np.arange(self.points)
        below = np.maximum(retention - money, 0.0) @ self.mass()
        return self.mean - retention + float(below)

    def draws(self) -> FloatArray:
        """Losses of the years drawn, from a stream of the law's own name."""
        return _draws(self.name, self.frequency.mass, self.severity, self.years)


@cache
def _draws(
    name: str, mass: tuple[float, ...], severity: unit_cost.Params, count: int
) -> FloatArray:
    key = streams.key(_SEED, "validation", name)
    years = np.zeros(1, dtype=np.int64)
    uniforms = streams.uniforms(key, np.arange(count), years, 1)[:, 0, 0]
    numbers = np.minimum(np.searchsorted(np.cumsum(mass), uniforms), len(mass) - 1)
    owner = np.repeat(np.arange(count), numbers)
    of_costs = streams.key(_SEED, "validation", name, "cost")
    costs = unit_cost.values(severity, streams.uniforms(of_costs, np.arange(owner.size), years, 1))
    found = np.bincount(owner, costs[:, 0], count)
    return np.asarray(found, dtype=np.float64)
