"""How the cost in layers of a member's annual cost responds to the use and the price of services.

The cost in a layer ``[a, b)`` is no linear function of what moves all members of a year: dearer or
more frequent claims push members through its bounds. Its mean and its spread are functions of the
factors alone, so they are worked out once, from the same transform as the exact annual cost
(:mod:`vbsim.generators.annual_cost`): the derivatives of a compound Poisson distribution in its
claim rates are again products of transforms.

The logarithm of the mean is a polynomial in the common log price and quadratic in the log use of
the services; the logarithm of the spread is linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vbsim.generators import annual_cost, population, unit_cost, utilization
from vbsim.kernels import exponential

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
# Only ratios are taken from this grid, so it may be coarser than that of the exact distribution.
_POINTS = 2**12
_STEPS_PER_MEAN = 20  # the grid reaches to 205 times the mean
_LOG_STEP = 0.25  # between log intensities
_PRICES = np.linspace(-0.3, 0.3, 13)  # log prices at which the mean is worked out
_DEGREE = 5
_POLYNOMIAL = np.linalg.pinv(np.vander(_PRICES, _DEGREE + 1, increasing=True))
_STEP = 0.02  # of log price, for differences


@dataclass(frozen=True, slots=True)
class Response:
    """Response of the layers of one year and segment; L layers, K services.

    Parameters
    ----------
    price
        Coefficients of the log mean in the log price, constant first, (L, degree + 1).
    use
        Elasticity of the mean to the use of each service, (L, K).
    curvature
        Second derivatives of the log mean in the log use of any two services, (L, K, K).
    cross
        Relative change of ``use`` with the log price, (L,).
    spread_use, spread_price
        Elasticity of the standard deviation to use, (L, K), and price, (L,).
    """

    price: FloatArray
    use: FloatArray
    curvature: FloatArray
    cross: FloatArray
    spread_use: FloatArray
    spread_price: FloatArray

    def log_mean(self, log_price: FloatArray, log_use: FloatArray) -> FloatArray:
        """Log of the layers' mean over its reference: prices (R,), use (R, K) to (R, L)."""
        powers = log_price[:, None] ** np.arange(self.price.shape[1])
        linear = (log_use @ self.use.T) * (1.0 + self.cross * log_price[:, None])
        square = np.einsum("rj,ljk,rk->rl", log_use, self.curvature, log_use)
        return powers @ self.price.T + linear + 0.5 * square

    def log_spread(self, log_price: FloatArray, log_use: FloatArray) -> FloatArray:
        """Log of the layers' standard deviation over its reference, (R, L)."""
        return log_use @ self.spread_use.T + self.spread_price * log_price[:, None]


@dataclass(frozen=True, slots=True)
class Excess:
    """Sums over a distribution on a grid of what lies beyond a bound; P points.

    Parameters
    ----------
    step
        Between points, from 0 on [USD].
    first
        Sum of masses times the amount beyond each point, (..., P); linear in between [USD].
    second
        Half the sum of masses times the square of that amount, (..., P) [USD**2].
    """

    step: float
    first: FloatArray
    second: FloatArray

    @classmethod
    def of(cls, step: float, masses: FloatArray) -> Excess:
        """Add up from the end of the grid, so that the far tail keeps its digits."""
        beyond = _from_end(masses[..., 1:])
        first = _from_end(step * beyond)
        return cls(step, first, _from_end(0.5 * step * (first[..., 1:] + first[..., :-1])))

    @property
    def end(self) -> float:
        """Last point of the grid [USD]."""
        return self.step * (self.first.shape[-1] - 1)

    def mean(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Sum of masses times the amount between bounds of any shape: (..., *shape) [USD]."""
        return self._at(lower)[0] - self._at(upper)[0]

    def square(self, lower: FloatArray, upper: FloatArray) -> FloatArray:
        """Sum of masses times the square of the amount between bounds [USD**2]."""
        first, above = self._at(upper)
        return 2.0 * (self._at(lower)[1] - above - (upper - lower) * first)

    def _at(self, bound: FloatArray) -> tuple[FloatArray, FloatArray]:
        place = np.minimum(bound / self.step, self.first.shape[-1] - 1.0)
        node = np.minimum(place.astype(np.int64), self.first.shape[-1] - 2)
        left = node + 1.0 - place
        after = self.first[..., node + 1]
        first = after + left * (self.first[..., node] - after)
        second = self.second[..., node + 1] + 0.5 * self.step * left * (first + after)
        return first, second


def _from_end(values: FloatArray) -> FloatArray:
    """Add values up from each to the last, and 0 behind it: (..., n) to (..., n + 1)."""
    found = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values[..., ::-1], axis=-1, out=found[..., -2::-1])
    return found


def respond(
    people: population.Params,
    use: utilization.Params,
    unit_costs: tuple[unit_cost.Params, ...],
    price: tuple[float, ...],
    layers: tuple[tuple[BoolArray, float, float], ...],
) -> Response:
    """Work out the response of layers.

    Parameters
    ----------
    people, use, unit_costs, price
        Of one year and segment; ``price`` is that of each service against its unit cost, K of them.
    layers
        (services of the basket, lower bound, upper bound) of each, at these prices [USD].
    """
    size, count = len(price), len(layers)
    found = Response(
        price=np.zeros((count, _DEGREE + 1)),
        use=np.zeros((count, size)),
        curvature=np.zeros((count, size, size)),
        cross=np.zeros(count),
        spread_use=np.zeros((count, size)),
        spread_price=np.zeros(count),
    )
    together: dict[tuple[int, ...], list[int]] = {}
    for number, (services, *_) in enumerate(layers):
        together.setdefault(tuple(np.flatnonzero(services).tolist()), []).append(number)
    for basket, numbers in together.items():
        excesses = _excesses(people.whole(), use, unit_costs, price, basket)
        bounds = np.array([layers[number][1:] for number in numbers], dtype=np.float64).T
        _fill(found, np.array(numbers), np.array(basket), excesses, bounds)
    return found


def _intensities(
    people: population.Params, use: utilization.Params
) -> tuple[FloatArray, FloatArray]:
    """Probabilities of thinned log intensities, (I,), and the claim rates at each, (I, K)."""
    logs, weights = annual_cost.intensities(people, use)
    place = np.floor((logs - logs.min()) / _LOG_STEP).astype(np.int64)
    mass: FloatArray = np.bincount(place, weights).astype(np.float64)
    held = mass > 0.0
    middle = np.bincount(place, weights * logs)[held] / mass[held]
    response = utilization.response(use, middle)
    rates = np.asarray(use.rates) * response / (mass[held] @ response)
    return mass[held], rates


@lru_cache(maxsize=256)
def _excesses(
    people: population.Params,
    use: utilization.Params,
    unit_costs: tuple[unit_cost.Params, ...],
    price: tuple[float, ...],
    basket: tuple[int, ...],
) -> tuple[Excess, Excess, Excess]:
    """Excess of a basket's annual cost, and its derivatives in one and in two log rates.

    Entities that share an assumption set share them, whatever their cost levels.
    """
    means = [p * unit_cost.mean(law) for law, p in zip(unit_costs, price, strict=True)]
    step = float(np.dot(use.rates, means)) / _STEPS_PER_MEAN
    laws = [(unit_costs[service], price[service]) for service in basket]
    severity = np.stack([unit_cost.discretized(law, step / p, _POINTS) for law, p in laws])
    tilt = annual_cost.tilting(_POINTS)
    transforms = np.fft.rfft(severity / tilt, axis=1) - 1.0
    weights, rates = _intensities(people, use)
    rates = rates[:, basket]
    exponent = rates @ transforms
    grown = exponential.exp(exponent)

    def on_grid(transform: NDArray[Any], total: float) -> FloatArray:
        """Transform back, with what lies beyond the grid on its last point."""
        found = tilt * np.fft.irfft(transform, _POINTS)
        found[..., -1] += total - found.sum(axis=-1)
        return found

    mass = on_grid(weights @ grown, 1.0)
    once = on_grid(((weights[:, None] * rates).T @ grown) * transforms, 0.0)
    size = len(basket)
    twice = np.zeros((size, size, _POINTS))
    for j in range(size):
        by_pair = ((weights * rates[:, j])[:, None] * rates).T @ grown
        twice[j] = on_grid(by_pair * transforms * transforms[j], 0.0)
        twice[j, j] += once[j]
    return Excess.of(step, mass), Excess.of(step, once), Excess.of(step, twice)


def _fill(
    found: Response,
    numbers: NDArray[np.int64],
    basket: NDArray[np.int64],
    excesses: tuple[Excess, Excess, Excess],
    bounds: FloatArray,
) -> None:
    """Fill in a basket's layers, ``numbers``, of ``bounds`` (2, n); nothing moves an empty one."""
    cost, once, twice = excesses
    lower, upper = np.minimum(bounds, 2.0 * cost.end)  # beyond, at whatever price, is nothing
    mean = cost.mean(lower, upper)
    some = np.flatnonzero(mean > 1e-9 * cost.step)
    if some.size == 0 or basket.size == 0:
        return
    at, lower, upper, mean = numbers[some], lower[some], upper[some], mean[some]
    dearer = np.exp(_PRICES)[:, None]
    logs = np.log(dearer * cost.mean(lower / dearer, upper / dearer) / mean)
    found.price[at] = (_POLYNOMIAL @ logs).T
    found.price[at, 0] = 0.0
    moved = np.exp((-_STEP, _STEP))[:, None]
    means = moved * cost.mean(lower / moved, upper / moved)
    before, after = np.moveaxis(moved * once.mean(lower / moved, upper / moved) / means, 1, 0)
    narrow, wide = moved**2 * cost.square(lower / moved, upper / moved) - means**2
    change = once.mean(lower, upper)
    elasticity = change / mean
    found.use[at[:, None], basket] = elasticity.T
    variance = cost.square(lower, upper) - mean**2
    widened = once.square(lower, upper) - 2.0 * mean * change
    found.spread_use[at[:, None], basket] = 0.5 * (widened / variance).T
    curved = twice.mean(lower, upper) / mean - elasticity[:, None] * elasticity
    found.curvature[np.ix_(at, basket, basket)] = np.moveaxis(curved, -1, 0)
    found.cross[at] = (after - before).sum(axis=0) / (2.0 * _STEP * elasticity.sum(axis=0))
    found.spread_price[at] = np.log(wide / narrow) / (4.0 * _STEP)
