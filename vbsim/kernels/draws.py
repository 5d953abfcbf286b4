"""Uniform numbers of named streams, for vectors over realizations."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(inline="always")
def child(parent, counter):  # type: ignore[no-untyped-def]
    """Key one level down; twin of :func:`vbsim.streams.child`."""
    z = parent + (np.uint64(counter) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, error_model="numpy")
def fill_uniforms(keys, realizations, years, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (R, T, J) with the first number of each key (J,), realization and year.

    Twin of :func:`vbsim.streams.uniforms`.
    """
    for row in range(realizations.size):
        for column in range(keys.size):
            key = child(keys[column], realizations[row])
            for year in range(years.size):
                bits = child(child(key, years[year]), 0)
                whole = np.float64(bits >> np.uint64(11))
                out[row, year, column] = (whole + 0.5) * 1.1102230246251565e-16
