"""Shares of variance against functions whose split is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from vbsim.measures.decomposition import between_share, decompose


def split(function, draws: int, inner: int = 1, seed: int = 5):
    """Decompose a function of three independent normals; the first is shared by ``inner`` rows."""
    rng = np.random.default_rng(seed)
    sets = [rng.normal(size=(3, draws * inner)) for _ in range(2)]
    for one in sets:
        one[0] = rng.normal(size=draws).repeat(inner)
    mixed = []
    for source in range(3):
        of_both = sets[0].copy()
        of_both[source] = sets[1][source]
        mixed.append(function(*of_both))
    groups = np.arange(draws * inner) // inner if inner > 1 else None
    return decompose(function(*sets[0]), function(*sets[1]), np.array(mixed), groups)


def near(pair: np.ndarray, expected: object, errors: float = 4.0) -> None:
    assert np.all(np.abs(pair[0] - expected) <= errors * pair[1] + 1e-12), (pair, expected)


def test_a_known_split_with_an_interaction() -> None:
    """2x + y + zx: variances 4, 1, 0 alone, 1 of x and z together; within 4 standard errors."""
    found = split(lambda x, y, z: 2.0 * x + y + z * x, 20_000)
    near(found.alone, [4 / 6, 1 / 6, 0.0])
    near(found.total, [5 / 6, 1 / 6, 1 / 6])
    near(found.interactions, 1 / 6)
    near(found.variance, 6.0)
    assert found.alone[1].max() < 0.01
    assert found.alone[0].sum() + found.interactions[0] == pytest.approx(1.0, abs=1e-12)


def test_a_sum_has_no_interactions() -> None:
    found = split(lambda x, y, z: 3.0 * x + 4.0 * y, 20_000)
    near(found.alone, [9 / 25, 16 / 25, 0.0])
    near(found.interactions, 0.0)
    # A source that does not matter is known not to matter, whatever the noise of the others.
    assert found.total[0][2] == pytest.approx(0.0, abs=1e-12)
    assert abs(found.alone[0][2]) < 1e-12


def test_nested_and_one_level_estimates_agree() -> None:
    """A parameter shared by 50 realizations, and one of each realization's own: the same share."""

    def gate(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.maximum(x + 2.0 * y + 0.5 * z - 1.0, 0.0)

    nested, single = split(gate, 400, inner=50), split(gate, 20_000, seed=6)
    for name in ("alone", "total"):
        one, other = getattr(nested, name), getattr(single, name)
        assert np.all(np.abs(one[0] - other[0]) <= 4.0 * np.hypot(one[1], other[1]))
    # Realizations that share a parameter tell less of it than as many that do not.
    assert nested.alone[1][0] > single.alone[1][0]


def test_analysis_of_variance_finds_the_share_between_groups() -> None:
    """Group effect of variance 1 in noise of variance 4: a fifth; mean of 40 repetitions."""
    groups = np.repeat(np.arange(60), 20)
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        effect = rng.normal(size=60)[groups]
        found.append(between_share(effect + 2.0 * rng.normal(size=groups.size), groups))
    values, errors = np.array(found).T
    assert abs(values.mean() - 0.2) < 4.0 * values.std() / np.sqrt(40)
    # The standard error is the spread of the repetitions: 40 of them tell it to 11 % (one sigma).
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.35)


def test_what_does_not_vary_has_no_shares() -> None:
    still = np.full(100, 7.0)
    found = decompose(still, still, np.array([still]))
    assert np.isnan(found.alone).all()
    assert found.variance[0] == 0.0
