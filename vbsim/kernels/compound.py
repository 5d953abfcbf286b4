"""Transforms of compound Poisson distributions, mixed over intensities."""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from vbsim.kernels.exponential import real_exp, sine_cosine

_AT_ONCE = 64  # frequencies whose sums stay in the nearest cache


def mixed(
    weights: NDArray[np.float64],
    rates: NDArray[np.float64],
    transforms: NDArray[np.complex128],
    parts: tuple[float, float],
) -> NDArray[np.complex128]:
    """Transform a year's cost, at a full year and at two exposures that add up to it.

    Parameters
    ----------
    weights
        Probabilities of the intensities in a full year, and in a part of one, (2, I).
    rates
        Claims of each service in a full year at every intensity, (I, K).
    transforms
        Transform of one claim's cost, less 1, (K, F).
    parts
        The two exposures [years].

    Returns
    -------
    ndarray
        (3, F): of a full year, and of a part of one at the first and at the second exposure.
    """
    # A block's numbers lie together, so that the compiler takes several frequencies at once.
    services, frequencies = transforms.shape
    blocks = -(-frequencies // _AT_ONCE)
    padded = np.zeros((services, blocks * _AT_ONCE), dtype=np.complex128)
    padded[:, :frequencies] = transforms
    by_block = padded.reshape(services, blocks, _AT_ONCE)
    halves = np.stack([by_block.real, by_block.imag])
    found = np.zeros((blocks, 6, _AT_ONCE))
    _mix(weights, rates, np.ascontiguousarray(np.moveaxis(halves, 2, 0)), *parts, found)
    rows = np.moveaxis(found, 0, 1).reshape(3, 2, -1)[:, :, :frequencies]
    return rows[:, 0] + 1j * rows[:, 1]


@njit(parallel=True, cache=True, error_model="numpy")
def _mix(weights, rates, transforms, first, second, out):  # type: ignore[no-untyped-def]
    """Add to ``out`` (blocks, 6, n); every frequency by itself, whatever the threads."""
    for block in prange(out.shape[0]):
        exponent = np.empty((2, _AT_ONCE))
        for i in range(rates.shape[0]):
            _add_up(rates[i], transforms[block], exponent)
            _grow(weights[0, i], weights[1, i], first, second, exponent, out[block])


@njit(error_model="numpy")
def _add_up(rates, transforms, exponent):  # type: ignore[no-untyped-def]
    """Fill real and imaginary parts of the exponent, (2, n), from (2, K, n)."""
    exponent[:] = 0.0
    for k in range(rates.size):
        for f in range(exponent.shape[1]):
            exponent[0, f] += rates[k] * transforms[0, k, f]
            exponent[1, f] += rates[k] * transforms[1, k, f]


@njit(error_model="numpy")
def _grow(full, part, first, second, exponent, out):  # type: ignore[no-untyped-def]
    """Add the exponentials of an intensity, real and imaginary parts in turn, (6, n)."""
    for f in range(exponent.shape[1]):
        x, y = exponent[0, f], exponent[1, f]
        short, long = real_exp(first * x), real_exp(second * x)
        sine, cosine = sine_cosine(first * y)
        a, b = short * cosine, short * sine
        sine, cosine = sine_cosine(second * y)
        c, d = long * cosine, long * sine
        out[0, f] += full * (a * c - b * d)
        out[1, f] += full * (a * d + b * c)
        out[2, f] += part * a
        out[3, f] += part * b
        out[4, f] += part * c
        out[5, f] += part * d
