"""Capital over the horizon: hand-worked paths and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from vbsim import vocabulary
from vbsim.measures.catalogue import prob_ruin, reserve_against
from vbsim.measures.horizon import discounted, drawdown
from vbsim.measures.summary import measure


def test_a_path_by_hand() -> None:
    """+10, -30, +15: the running sum is 10, -20, -5, and falls 20 below its start, not 30."""
    path = np.array([[10.0], [-30.0], [15.0]])
    assert drawdown(path).tolist() == [20.0]
    assert drawdown(np.abs(path)).tolist() == [0.0]
    # Each result is discounted from the end of its year.
    found = discounted(path, 0.25)[:, 0]
    np.testing.assert_allclose(found, [10 / 1.25, -30 / 1.25**2, 15 / 1.25**3])
    assert drawdown(discounted(path, 0.25))[0] == pytest.approx(30 / 1.25**2 - 8.0)


def test_a_reserve_that_earns_the_discount_rate_survives_exactly_the_drawdown() -> None:
    """An account that starts with the reserve and earns the rate touches 0 and no less."""
    rng, rate = np.random.default_rng(3), 0.07
    path = rng.normal(0.0, 1.0, (6, 500))
    held = drawdown(discounted(path, rate))
    account, lowest = held.copy(), np.full(500, np.inf)
    for year in path:
        account = account * (1.0 + rate) + year
        lowest = np.minimum(lowest, account)
    np.testing.assert_allclose(lowest[held > 0.0], 0.0, atol=1e-12)
    assert np.all(lowest > -1e-12)


def test_reserves_are_the_quantiles_of_the_drawdown() -> None:
    """One normal year: the reserve for a probability p is mean loss + sd times the quantile."""
    net = np.random.default_rng(5).normal(1.0, 2.0, 200_000)
    falls = drawdown(net[None, :])
    for probability in (0.05, 0.01):
        found = reserve_against(probability)(falls)
        exact = -1.0 + 2.0 * stats.norm.ppf(1.0 - probability)
        assert abs(found.value - exact) < 3.0 * found.standard_error
    ruin = prob_ruin(2.0)(falls)
    assert abs(ruin.value - stats.norm.cdf(-1.5)) < 3.0 * ruin.standard_error


def test_ruin_of_a_random_walk() -> None:
    """Steps of +1 and -1, 8 of them: reflection gives P(the lowest falls below -r) exactly."""
    steps, r = 8, 2
    path = np.where(np.random.default_rng(8).random((steps, 100_000)) < 0.5, 1.0, -1.0)
    found = prob_ruin(float(r))(drawdown(path))
    # P(min <= -k) = P(S <= -k) + P(S < -k), with k = r + 1.
    down = stats.binom(steps, 0.5)
    sums = np.array([2 * n - steps for n in range(steps + 1)])
    mass = down.pmf(np.arange(steps + 1))
    exact = mass[sums <= -r - 1].sum() + mass[sums < -r - 1].sum()
    assert abs(found.value - exact) < 3.0 * found.standard_error


def settlement(net: np.ndarray, reserves: list[float]) -> xr.Dataset:
    """Settle by hand: contracts that a provider holds, (R, T, C) [USD]."""
    names = [f"c{n}" for n in range(net.shape[2])]
    none = 0.0 * net
    party = np.stack([none, -net, net, none, none, none], axis=3)
    dims = ("realization", "year", "contract")
    return xr.Dataset(
        {
            "net_to_party": ((*dims, "party"), party),
            "savings_rate": (dims, np.full_like(net, np.nan)),
            "statement": (("realization", "year", "line"), np.zeros((*net.shape[:2], 0))),
        },
        {
            "contract": names,
            "year": 2030 + np.arange(net.shape[1]),
            "party": list(vocabulary.PARTIES),
            "holder": ("contract", ["provider"] * len(names)),
            "line": np.array([], dtype=str),
        },
        {
            "reference": names[0],
            "discount_rate": 0.05,
            "ruin_probabilities": [0.1],
            "reserves": reserves,
        },
    )


def test_the_summary_tells_present_values_and_reserves() -> None:
    net = np.random.default_rng(0).normal(0.0, 1e6, (300, 3, 2))
    found = measure(settlement(net, [1e6, np.nan]))
    value = discounted(net[..., 1].T, 0.05).sum(axis=0)
    means = found["horizon_value"].sel(contract="c1", measure="mean")
    assert float(means.sel(party="provider")) == pytest.approx(value.mean())
    assert float(means.sel(party="payer")) == pytest.approx(-value.mean())
    falls = drawdown(discounted(net[..., 0].T, 0.05))
    capital = found["capital_value"].sel(contract="c0")
    assert float(capital.sel(capital_measure="reserve_10")) == np.sort(falls)[269]
    assert float(capital.sel(capital_measure="prob_ruin")) == np.mean(falls > 1e6)
    # No reserve is stated, no ruin to tell; nor is there a plan with a ratio.
    other = found["capital_value"].sel(contract="c1")
    assert np.isnan(other.sel(capital_measure=["prob_ruin", "lowest_ratio_p05"])).all()
    silent = settlement(net, [])
    for key in ("discount_rate", "ruin_probabilities", "reserves"):
        del silent.attrs[key]
    assert not {"horizon_value", "capital_value"} & set(measure(silent))
