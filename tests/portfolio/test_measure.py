"""Measures of the program are those of the sums over its entities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import vbsim
from tests.portfolio.samples import write
from vbsim.measures.catalogue import MEASURES
from vbsim.measures.precision import sample_of
from vbsim.portfolio import PortfolioSummary, measure_portfolio, resolve_portfolio
from vbsim.portfolio.simulate import simulate_portfolio

Found = tuple[xr.Dataset, PortfolioSummary]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Results of three entities, two of which have published ones, and their measures."""
    path = write(tmp_path_factory.mktemp("three"))
    results = simulate_portfolio(resolve_portfolio(vbsim.load_portfolio(path)))
    results["published_savings_rate"].values[:] = [0.05, -0.01, np.nan]
    results["published_payment"].values[:] = [1e6, -2e6, np.nan]
    results["published_benchmark"].values[:] = [60e6, 100e6, np.nan]
    return results, measure_portfolio(results)


def test_quantities_are_sums_over_entities(found: Found) -> None:
    results, summary = found
    net = results["net_result"].values[:, 0, 0]
    gross = (results["savings_rate"] * results["benchmark"]).values[:, 0, 0]
    series = summary.series.sel(group="all", contract="mssp").isel(year=0)
    expected = {
        "entities_earning": (net > 0.0).sum(axis=0),
        "share_owing": (net < 0.0).mean(axis=0),
        "total_earned": np.where(net > 0.0, net, 0.0).sum(axis=0),
        "total_owed": -np.where(net < 0.0, net, 0.0).sum(axis=0),
        "gross_savings": gross.sum(axis=0),
        "mean_savings_rate": results["savings_rate"].values[:, 0, 0].mean(axis=0),
        "spread_of_savings_rates": results["savings_rate"].values[:, 0, 0].std(axis=0),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(series[name], values, rtol=1e-9, err_msg=name)


def test_what_is_saved_goes_to_the_entities_and_the_payer(found: Found) -> None:
    series = found[1].series
    shared = series["net_to_payer"] + series["total_earned"] - series["total_owed"]
    np.testing.assert_allclose(shared, series["gross_savings"], rtol=1e-9)


def test_groups_add_up_to_all(found: Found) -> None:
    series, program = found[1].series, found[1].program
    for kind in ("size", "terms"):
        parts = series["total_earned"].isel(group=np.flatnonzero(program["kind"].values == kind))
        assert parts.sizes["group"] > 1
        np.testing.assert_allclose(
            parts.sum("group"), series["total_earned"].sel(group="all"), rtol=1e-9
        )


def test_measures_are_those_of_the_catalogue(found: Found) -> None:
    results, summary = found
    own = sample_of(results["net_result"].values[1, 0, 0])
    together = sample_of(summary.series["total_earned"].sel(group="all").values[0, 0])
    for key in ("mean", "p95"):
        for place, sample in (
            (summary.entities["net_result"].isel(entity=1), own),
            (summary.program["value"].sel(quantity="total_earned", group="all"), together),
        ):
            value = place.sel(contract="mssp", measure=key).values[0]
            assert value == MEASURES[key](sample).value


def test_published_results_have_their_place(found: Found) -> None:
    results, summary = found
    rates = results["savings_rate"].values[0, 0, 0]
    assert summary.entities["published_percentile"].values[0] == np.mean(rates < 0.05)
    assert np.isnan(summary.entities["published_percentile"].values[2])
    # One entity was not published, so neither was the program.
    assert np.isnan(summary.program["published"].sel(group="all")).all()


def test_a_whole_program_published(found: Found, tmp_path: Path) -> None:
    results = found[0].copy(deep=True)
    results["published_savings_rate"].values[2] = 0.02
    results["published_payment"].values[2] = 3e6
    results["published_benchmark"].values[2] = 300e6
    program = measure_portfolio(results).program.sel(group="all")
    published = program["published"]
    assert published.sel(quantity="share_earning") == pytest.approx(2.0 / 3.0)
    assert published.sel(quantity="total_earned") == 4e6
    assert published.sel(quantity="total_owed") == 2e6
    assert published.sel(quantity="gross_savings") == pytest.approx(3e6 - 1e6 + 6e6)
    assert published.sel(quantity="net_to_payer") == pytest.approx(8e6 - 4e6 + 2e6)
