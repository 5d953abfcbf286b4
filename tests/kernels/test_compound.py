"""Mixed compound transforms against the sum written out."""

from __future__ import annotations

import numba
import numpy as np

from vbsim.kernels import compound

RANDOM = np.random.default_rng(6)
WEIGHTS = RANDOM.dirichlet(np.ones(7), size=2)
RATES = RANDOM.gamma(0.5, 20.0, (7, 3))
# Transforms of a claim's cost less 1: the characteristic function of a uniform cost, at 130
# frequencies, which are no multiple of a block.
ANGLES = RANDOM.uniform(0.1, 3.0, (3, 130))
TRANSFORMS = (np.exp(1j * ANGLES) - 1.0) / (1j * ANGLES) - 1.0
PARTS = (0.25, 0.75)


def test_it_is_the_sum_over_the_intensities() -> None:
    found = compound.mixed(WEIGHTS, RATES, TRANSFORMS, PARTS)
    expected = np.zeros((3, 130), dtype=complex)
    for row, (weights, exposure) in enumerate(
        [(WEIGHTS[0], 1.0), (WEIGHTS[1], 0.25), (WEIGHTS[1], 0.75)]
    ):
        for weight, rates in zip(weights, RATES, strict=True):
            expected[row] += weight * np.prod(
                [np.exp(exposure * r * t) for r, t in zip(rates, TRANSFORMS, strict=True)], axis=0
            )
    # Rates add up to 100 or so: as many times the rounding of one exponential.
    assert np.abs(found - expected).max() < 1e-13


def test_threads_change_no_bit() -> None:
    before = numba.get_num_threads()
    found = compound.mixed(WEIGHTS, RATES, TRANSFORMS, PARTS)
    try:
        numba.set_num_threads(1)
        again = compound.mixed(WEIGHTS, RATES, TRANSFORMS, PARTS)
    finally:
        numba.set_num_threads(before)
    assert np.array_equal(found, again)
