"""Costs of several claims together: exact moments, exact laws and sums of single draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from vbsim.generators import unit_cost
from vbsim.generators.unit_cost import Params
from vbsim.kernels import sums
from vbsim.kernels.grid import survival_nodes, table_moments
from vbsim.kernels.members import LARGE, NODES, TABULATED

NUMBERS = np.array([*range(TABULATED + 1), *LARGE[1:]])
EVERY: list[dict[str, Any]] = [
    {"lognormal": {"mean": 614.0, "cv": 2.5}},
    {"lognormal": {"mean": 11542.0, "cv": 1.1}},
    {"gamma": {"mean": 15500.0, "cv": 1.2}},
    {"gamma": {"mean": 80.0, "cv": 0.1}},
    {"weibull": {"mean": 1000.0, "cv": 2.0}},
    {"pareto": {"mean": 1000.0, "cv": 3.0}},
]
ODD: list[dict[str, Any]] = [
    {"pareto": {"alpha": 1.5, "scale": 500.0}},
    {"fixed": {"value": 100.0}},
    {"empirical": {"values": [0.0, 0.0, 100.0, 5000.0]}},
]


def tables_of(spec: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Table of one claim, and those of every number of claims, (numbers, nodes)."""
    single = unit_cost.quantile_table(Params.from_spec(spec))
    return single, sums.sum_tables(single).astype(float).reshape(NUMBERS.size, NODES)


@pytest.mark.parametrize("spec", EVERY + ODD, ids=str)
def test_moments(spec: dict[str, Any]) -> None:
    """Mean to 1e-7 of every law, standard deviation to 1e-5 of all but discrete ones."""
    single, tables = tables_of(spec)
    mean, sd = table_moments(single)
    found = np.array([table_moments(table) for table in tables])
    np.testing.assert_allclose(found[:, 0], NUMBERS * mean, rtol=1e-7)
    loss = 0.01 if "empirical" in spec else 1e-5
    np.testing.assert_allclose(found[:, 1], np.sqrt(NUMBERS) * sd, rtol=loss, atol=1e-4 * mean)
    assert tables.min() >= 0.0
    assert np.all(np.diff(tables) <= 1e-6 * tables[:, :-1])


@pytest.mark.parametrize("cv", [0.6, 1.2])
def test_sums_of_gamma_claims_are_gamma(cv: float) -> None:
    """Quantiles of the exact law, whose shapes add, between survival 1e-6 and 1/2: 0.03 %."""
    _, tables = tables_of({"gamma": {"mean": 1000.0, "cv": cv}})
    nodes = survival_nodes()
    checked = (nodes > 1e-6) & (nodes < 0.5)
    for number, table in zip(NUMBERS[1:], tables[1:], strict=True):
        exact = stats.gamma.isf(nodes[checked], number / cv**2, scale=1000.0 * cv**2)
        np.testing.assert_allclose(table[:-1][checked], exact, rtol=3e-4, err_msg=str(number))


@pytest.mark.parametrize("spec", EVERY, ids=str)
def test_against_finer_windows(spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen times as many points move upper quantiles by 0.1 % at most."""
    single, tables = tables_of(spec)
    monkeypatch.setattr(sums, "_GROUPS", ((2,), (7, 8), (31, 32), (48, 64)))
    monkeypatch.setattr(sums, "_POINTS", 2**16)
    monkeypatch.setattr(sums, "_MOST_POINTS", 2**18)
    finer = sums.sum_tables(single).reshape(NUMBERS.size, NODES)
    upper = np.append(survival_nodes() < 0.5, False)
    for number in (2, 7, 8, 31, 32, 48, 64):
        row = int(np.searchsorted(NUMBERS, number))
        np.testing.assert_allclose(tables[row][upper], finer[row][upper], rtol=1e-3)
        np.testing.assert_allclose(tables[row], finer[row], atol=0.003 * number * tables[1].mean())


@pytest.mark.parametrize("number", [2, 5, 32, 96])
@pytest.mark.parametrize("spec", [EVERY[0], EVERY[2]], ids=str)
def test_against_sums_of_single_draws(spec: dict[str, Any], number: int) -> None:
    """Two-sample Kolmogorov-Smirnov of 50,000 each at a fixed seed, and the share in the tail."""
    single, tables = tables_of(spec)
    rng = np.random.default_rng(17)
    summed = np.zeros(50_000)
    for _ in range(number):
        summed += draws(single, rng.random(summed.size))
    together = draws(tables[int(np.searchsorted(NUMBERS, number))], rng.random(summed.size))
    assert stats.ks_2samp(summed, together).pvalue > 1e-3
    beyond = np.quantile(together, 0.99)
    # standard error of the difference of two shares
    assert abs(np.mean(summed > beyond) - 0.01) < 4.0 * np.sqrt(2.0 * 0.01 * 0.99 / summed.size)


def draws(table: np.ndarray, survival: np.ndarray) -> np.ndarray:
    """Draw by linear interpolation between the nodes, without the kernel."""
    return np.interp(survival, survival_nodes(), table[:-1])


def test_limited_mean_is_exact() -> None:
    """E[min(Y, x)] of the draws: half of the cells' trapezoids by numerical integration."""
    single, _ = tables_of(EVERY[1])
    survival = (np.arange(2_000_000) + 0.5) / 2_000_000
    drawn = draws(single, survival)
    for limit in (0.0, 500.0, 9_000.0, 60_000.0):
        found = sums.limited_mean(single, np.array([limit]))[0]
        assert found == pytest.approx(np.minimum(drawn, limit).mean(), rel=1e-5, abs=1e-9)
    assert sums.limited_mean(single, np.array([np.inf]))[0] == pytest.approx(
        table_moments(single)[0], rel=1e-12
    )
