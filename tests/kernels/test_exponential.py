"""The complex exponential against the C library's, and at values known by hand."""

from __future__ import annotations

import cmath

import numpy as np
import pytest

from vbsim.kernels import exponential


def test_it_is_that_of_the_c_library() -> None:
    # Rates of up to 3,000 claims, as the heaviest users of a year have; rounding of the angle in
    # quarter turns, of two polynomials and of their product: some 2e-16 each.
    random = np.random.default_rng(5)
    x = random.uniform(-40.0, 0.0, 20_000) + 1j * random.uniform(-3000.0, 3000.0, 20_000)
    exact = np.array([cmath.exp(value) for value in x])
    assert np.abs(exponential.exp(x) / exact - 1.0).max() < 8e-16


@pytest.mark.parametrize(
    ("x", "expected"),
    [(0.0, 1.0), (1j * np.pi / 2, 1j), (1j * np.pi, -1.0), (-1j * np.pi / 2, -1j), (1.0, np.e)],
)
def test_known_values(x: complex, expected: complex) -> None:
    found = exponential.exp(np.array([x], dtype=np.complex128))[0]
    assert abs(found - expected) < 3e-16 * max(abs(expected), 1.0)


def test_far_below_it_is_next_to_nothing() -> None:
    x = np.array([[-709.0, -1e4], [-1e9, -700.0]]) + 3.0j
    assert np.abs(exponential.exp(x)).max() < 1e-300


def test_the_shape_stays_and_the_order_in_memory_does_not_matter() -> None:
    x = (np.arange(12.0) - 6.0 + 1j * np.arange(12.0)).reshape(3, 4).T
    assert np.array_equal(exponential.exp(x), exponential.exp(x.copy()))
    assert exponential.exp(x).shape == (4, 3)
