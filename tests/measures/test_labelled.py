"""The labelled door: same numbers as the arrays, right labels, clear refusals."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from vbsim.measures import MEASURES, difference, measure_array, paired_difference
from vbsim.measures.catalogue import prob_owing_more_than

N = 600


@pytest.fixture
def net() -> xr.DataArray:
    """Net results of three contracts over two years; realizations on the middle axis."""
    rng = np.random.default_rng(1)
    shared = rng.normal(size=(2, N, 1))
    return xr.DataArray(
        shared * np.array([1.0, 0.5, 2.0]) + rng.normal(0.0, 0.1, size=(2, N, 3)),
        dims=("year", "realization", "contract"),
        coords={"year": [2025, 2026], "contract": ["base", "mild", "wild"]},
        name="net_to_provider",
        attrs={"units": "USD", "long_name": "net result"},
    )


def test_numbers_are_those_of_the_arrays(net: xr.DataArray) -> None:
    found = measure_array(net)
    for year in (2025, 2026):
        for contract in ("base", "mild", "wild"):
            values = net.sel(year=year, contract=contract).values
            cell = found.sel(year=year, contract=contract)
            for key, measure in MEASURES.items():
                estimate = measure(values)
                assert cell.value.sel(measure=key) == estimate.value
                assert cell.standard_error.sel(measure=key) == estimate.standard_error


def test_labels(net: xr.DataArray) -> None:
    found = measure_array(net, ["tvar_95", prob_owing_more_than(2)])
    assert found.value.dims == found.standard_error.dims == ("year", "contract", "measure")
    assert found.measure.values.tolist() == ["tvar_95", "prob_owing_more_than_2"]
    assert found.unit.values.tolist() == ["USD", "1"]
    assert found.label.values.tolist() == ["TVaR 95 %", "Probability of owing more than 2 USD"]
    assert found.year.values.tolist() == [2025, 2026]
    for name in ("value", "standard_error", "measure", "unit", "label"):
        assert set(found[name].attrs) >= {"units", "long_name"}
    assert found.value.attrs["long_name"] == "risk measure of the net result"


def test_single_series_with_another_dimension() -> None:
    net = xr.DataArray([1, 2, 3, 4], dims="draw")
    found = measure_array(net, ["mean", "p50"], dim="draw")
    assert found.value.dims == ("measure",)
    assert found.value.values.tolist() == [2.5, 2.0]


def test_survives_a_file(net: xr.DataArray, tmp_path: Path) -> None:
    found = measure_array(net)
    found.to_netcdf(tmp_path / "measures.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "measures.nc", engine="scipy") as back:
        xr.testing.assert_identical(back.load(), found)


def test_paired_difference(net: xr.DataArray) -> None:
    found = paired_difference(net, "base")
    assert found.value.dims == found.standard_error.dims == ("year", "contract", "measure")
    one, base = (net.sel(year=2026, contract=name).values for name in ("wild", "base"))
    for key, measure in MEASURES.items():
        expected = difference(measure(one), measure(base))
        cell = found.sel(year=2026, contract="wild", measure=key)
        assert cell.value == expected.value
        assert cell.standard_error == expected.standard_error


def test_reference_differs_from_itself_by_exactly_nothing(net: xr.DataArray) -> None:
    itself = paired_difference(net, "mild").sel(contract="mild")
    assert (itself.value == 0.0).all()
    assert (itself.standard_error == 0.0).all()


def test_paired_difference_keeps_the_order_of_dimensions(net: xr.DataArray) -> None:
    turned = net.transpose("contract", "realization", "year")
    found = paired_difference(turned, 2025, along="year", measures=["mean"])
    assert found.value.dims == ("contract", "year", "measure")
    expected = net.sel(contract="wild").mean("realization")
    drift = float(expected.sel(year=2026) - expected.sel(year=2025))
    assert found.value.sel(contract="wild", year=2026).item() == pytest.approx(drift)


def test_paired_difference_without_other_dimensions(net: xr.DataArray) -> None:
    found = paired_difference(net.sel(year=2025), "base", measures=["mean"])
    assert found.value.dims == ("contract", "measure")
    assert found.year == 2025


def test_undefined_stays_missing(net: xr.DataArray) -> None:
    found = measure_array(-abs(net), ["expected_gain", "expected_loss"])
    assert found.value.sel(measure="expected_gain").isnull().all()
    assert found.value.sel(measure="expected_loss").notnull().all()


def test_refusal_says_where(net: xr.DataArray) -> None:
    net.loc[{"year": 2026, "contract": "mild", "realization": 3}] = math.nan
    message = "^year 2026, contract mild: net result is missing .* in 1 of 600 .* position 3"
    with pytest.raises(ValueError, match=message):
        measure_array(net)
    with pytest.raises(ValueError, match=message):
        paired_difference(net, "base")


def test_unknown_names_are_refused(net: xr.DataArray) -> None:
    with pytest.raises(ValueError, match="no dimension 'realisation'; did you mean 'realization'"):
        measure_array(net, dim="realisation")
    with pytest.raises(ValueError, match="no measure is called 'tvar_94'; did you mean 'tvar_9"):
        measure_array(net, ["tvar_94"])
    with pytest.raises(ValueError, match="measures is the text 'mean'"):
        measure_array(net, "mean")
    with pytest.raises(ValueError, match="no contract is called 'milt'; did you mean 'mild'"):
        paired_difference(net, "milt")
    with pytest.raises(ValueError, match="no dimension 'contracts'"):
        paired_difference(net, "base", along="contracts")
