"""The pilot's trajectories as rows of numbers, and a factor of their covariance.

A row holds one member's deviations in every variable and year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]


class Drawn(NamedTuple):
    """Trajectories; M members, T years, K services, B baskets."""

    cost: Float32Array  # (M, T, K), none if services are not wanted
    claims: Float32Array  # (M, T, K)
    person_years: Float32Array  # (M, T)
    relative: Float32Array  # (M, T) cost of all services over its mean
    held: Float32Array  # (B, M, T) cost of each basket of services


class Wanted(NamedTuple):
    """Variables of a row; L layers. Axes of length W run through a variable's years, then on."""

    level: Float32Array  # (T,) of cost
    basket: NDArray[np.int64]  # (L,)
    lower: Float32Array  # (L, T) bounds
    upper: Float32Array  # (L, T)
    annualized: NDArray[np.bool_]  # (L,) whether the bounds are shortened with the exposure
    center: Float32Array  # (W,) what a row is the deviation from: total, services, exposure, layers


@njit(cache=True, error_model="numpy")
def fill_rows(drawn, wanted, members, rows):  # type: ignore[no-untyped-def]
    """Fill ``rows`` (n, W) with those of some ``members`` (n,)."""
    years, services = drawn.person_years.shape[1], drawn.cost.shape[2]
    people = (1 + 2 * services) * years
    for i in range(members.size):
        member = members[i]
        for year in range(years):
            here, level = drawn.person_years[member, year], wanted.level[year]
            rows[i, year] = drawn.relative[member, year]
            rows[i, people + year] = here
            for k in range(services):
                rows[i, (1 + k) * years + year] = level * drawn.cost[member, year, k]
                rows[i, (1 + services + k) * years + year] = drawn.claims[member, year, k]
            for n in range(wanted.basket.size):
                held = level * drawn.held[wanted.basket[n], member, year]
                scale = here if wanted.annualized[n] else np.float32(1.0)
                lower, upper = wanted.lower[n, year] * scale, wanted.upper[n, year] * scale
                at = people + (1 + n) * years + year
                rows[i, at] = min(max(held, lower), upper) - lower
        for at in range(rows.shape[1]):
            rows[i, at] -= wanted.center[at]


@njit(cache=True, error_model="numpy")
def cholesky(covariance, least):  # type: ignore[no-untyped-def]
    """Lower triangular factor of a covariance that may be singular.

    Zero where a pivot is below ``least`` of its variance.
    """
    size = covariance.shape[0]
    factor, rest = np.zeros((size, size)), covariance.copy()
    for j in range(size):
        if rest[j, j] > least * covariance[j, j] > 0.0:
            root = np.sqrt(rest[j, j])
            for i in range(j, size):
                factor[i, j] = rest[i, j] / root
            for i in range(j + 1, size):
                for k in range(j + 1, i + 1):
                    rest[i, k] -= factor[i, j] * factor[k, j]
    return factor
