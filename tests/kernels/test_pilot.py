"""Rows of a pilot against the same arithmetic in NumPy; the factor of a singular covariance."""

from __future__ import annotations

import numpy as np

from tests.engines.test_collective import PLAN
from vbsim.engines.moments import moments
from vbsim.engines.pilot import Pilot, trajectories
from vbsim.kernels.pilot import cholesky

SIZE = 2_048
SEGMENT = 1
EXACT = moments(PLAN, SEGMENT)


def by_numpy() -> np.ndarray:
    """Relative totals, cost, claims, person-years and layers of every trajectory, (M, W)."""
    drawn, world = trajectories(PLAN, SEGMENT, SIZE), PLAN.world
    level = world.level[:, SEGMENT, None]
    total = drawn.cost.sum(axis=2, dtype=np.float64)
    columns = [(total / total.mean(axis=0))[..., None], level * drawn.cost, drawn.claims]
    columns.append(drawn.person_years[..., None])
    for layer in PLAN.layers:
        held = level[:, 0] * drawn.cost[..., layer.services].sum(axis=2)
        scale = drawn.person_years if layer.annualized else 1.0
        lower, upper = layer.lower[:, SEGMENT] * scale, layer.upper[:, SEGMENT] * scale
        columns.append((np.clip(held, lower, upper) - lower)[..., None])
    table = np.concatenate(columns, axis=2)
    return table.transpose(0, 2, 1).reshape(SIZE, -1)


def test_rows_and_moments_of_a_pilot() -> None:
    """Deviations in float32, so to 1e-4 of each variable's spread, stretched by the matrix."""
    table, years = by_numpy(), PLAN.world.years.size
    spread = table.std(axis=0)
    known = np.concatenate([spread[:years], EXACT.spread.T.reshape(-1)])
    pilot = Pilot.of(PLAN, SEGMENT, SIZE, (EXACT.mean, EXACT.spread, EXACT.covariance))
    expected = (table - table.mean(axis=0)) @ pilot.stretch.T
    rows = pilot.rows(np.arange(SIZE))
    np.testing.assert_allclose(rows / known, expected / known, atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(
        pilot.covariance / np.outer(known, known), np.cov((expected / known).T, ddof=0), atol=1e-4
    )
    dearest, others = pilot.dearest(50)
    size = (table[:, :years] ** 2).sum(axis=1)
    assert size[dearest].min() >= size[others].max() * (1.0 - 1e-5)
    assert set(dearest) | set(others) == set(range(SIZE))


def test_spreads_and_what_services_have_in_common_are_exact() -> None:
    pilot = Pilot.of(PLAN, SEGMENT, SIZE, (EXACT.mean, EXACT.spread, EXACT.covariance))
    years, size = PLAN.world.years.size, EXACT.covariance.shape[1]
    spread = np.sqrt(pilot.covariance.diagonal()[years:])
    np.testing.assert_allclose(spread, EXACT.spread.T.reshape(-1), rtol=1e-6)
    for year in range(years):
        at = years + years * np.arange(size) + year
        np.testing.assert_allclose(pilot.covariance[np.ix_(at, at)], EXACT.covariance[year])


def test_exact_covariance_of_services_is_what_is_drawn() -> None:
    """65,536 trajectories: correlations of numbers of claims within 0.03, five errors of a pilot.

    Costs have heavier tails: theirs within 0.06.
    """
    drawn = trajectories(PLAN, SEGMENT, 2**16)
    both = np.concatenate([drawn.cost[:, 0], drawn.claims[:, 0]], axis=1)
    spread, services = np.sqrt(EXACT.covariance[0].diagonal()), drawn.cost.shape[2]
    off = np.abs(np.corrcoef(both.T) - EXACT.covariance[0] / np.outer(spread, spread))
    assert off[services:, services:].max() < 0.03
    assert off.max() < 0.06


def test_exposure_and_layers_alone_are_the_same() -> None:
    """What an engine without services draws from are rows and moments of the whole one."""
    years, apart = PLAN.world.years.size, moments(PLAN, SEGMENT, services=False)
    whole = Pilot.of(PLAN, SEGMENT, SIZE, (EXACT.mean, EXACT.spread, EXACT.covariance))
    part = Pilot.of(PLAN, SEGMENT, SIZE, (apart.mean, apart.spread, apart.covariance))
    width = apart.mean.size
    kept = [*range(years), *range(whole.mean.size - width, whole.mean.size)]
    np.testing.assert_allclose(part.rows(np.arange(9)), whole.rows(np.arange(9))[:, kept])
    close = {"rtol": 1e-5, "atol": 1e-5 * np.abs(part.covariance).max()}
    np.testing.assert_allclose(part.covariance, whole.covariance[np.ix_(kept, kept)], **close)


def test_a_singular_covariance_has_a_factor() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(size=(500, 5))
    dependent = np.concatenate([base, base[:, :2].sum(axis=1, keepdims=True)], axis=1)
    covariance = np.cov(dependent.T)
    factor = cholesky(covariance, 1e-6)
    np.testing.assert_allclose(factor @ factor.T, covariance, atol=1e-12)
    np.testing.assert_array_equal(factor, np.tril(factor))
    np.testing.assert_array_equal(factor[:, 5], 0.0)
    np.testing.assert_allclose(cholesky(covariance[:5, :5], 1e-6), factor[:5, :5])
