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

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
# Only ratios are taken from this grid, so it may be coarser than that of the exact distribution.
_POINTS = 2**12
_STEPS_PER_MEAN = 20  # the grid reaches to 205 times the mean
_LOG_STEP = 0.25  # between log intensities
_PRICES = np.linspace(-0.3, 0.3, 13)  # log prices at which the mean is worked out
_DEGREE = 5
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
    found = []
    for basket, lower, upper in layers:
        services = tuple(np.flatnonzero(basket).tolist())
        step, masses = _masses(people.whole(), use, unit_costs, price, services)
        found.append(_of_layer(step, basket, masses, lower, upper))
    if not found:
        shapes = ((_DEGREE + 1,), (len(price),), (len(price),) * 2, (), (len(price),), ())
        return Response(*(np.empty((0, *shape)) for shape in shapes))
    return Response(*(np.array(column) for column in zip(*found, strict=True)))


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
def _masses(
    people: population.Params,
    use: utilization.Params,
    unit_costs: tuple[unit_cost.Params, ...],
    price: tuple[float, ...],
    basket: tuple[int, ...],
) -> tuple[float, tuple[FloatArray, FloatArray, FloatArray]]:
    """Money step [USD]; mass of a basket's annual cost, its derivatives in one and two log rates.

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
    grown = np.exp(exponent)

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
    return step, (mass, once, twice)


def _of_layer(
    step: float,
    basket: BoolArray,
    masses: tuple[FloatArray, FloatArray, FloatArray],
    lower: float,
    upper: float,
) -> tuple[FloatArray, FloatArray, FloatArray, float, FloatArray, float]:
    """Coefficients of one layer, in the order of :class:`Response`; zeros for an empty one."""
    mass, once, twice = masses
    grid, size = step * np.arange(_POINTS), basket.size
    use, spread, curvature = np.zeros(size), np.zeros(size), np.zeros((size, size))
    held = np.clip(grid, lower, upper) - lower
    mean = float(mass @ held)
    if not mean > 1e-9 * step:
        return np.zeros(_DEGREE + 1), use, curvature, 0.0, spread, 0.0
    dearer = np.clip(np.multiply.outer(np.exp(_PRICES), grid), lower, upper) - lower
    logs = np.log(dearer @ mass / mean)
    price: FloatArray = np.asarray(np.polynomial.polynomial.polyfit(_PRICES, logs, _DEGREE))
    price[0] = 0.0
    moved = np.clip(np.multiply.outer(np.exp((-_STEP, _STEP)), grid), lower, upper) - lower
    means = moved @ mass
    before, after = (once @ moved.T / means).T
    narrow, wide = moved**2 @ mass - means**2
    elasticity = once @ held / mean
    change = once @ held**2 - 2.0 * mean * (once @ held)
    use[basket] = elasticity
    spread[basket] = 0.5 * change / (float(mass @ held**2) - mean**2)
    curvature[np.ix_(basket, basket)] = twice @ held / mean - np.outer(elasticity, elasticity)
    cross = float((after - before).sum()) / (2.0 * _STEP * float(elasticity.sum()))
    return price, use, curvature, cross, spread, float(np.log(wide / narrow)) / (4.0 * _STEP)
