"""Series are read piece by piece from a file, and are those of the array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from vbsim.measures import measure_array, paired_difference, series
from vbsim.measures.series import each_series


@pytest.fixture
def net() -> xr.DataArray:
    """Net results of 11 realizations, 2 years, 3 contracts and 2 parties."""
    values = np.random.default_rng(3).normal(size=(11, 2, 3, 2))
    return xr.DataArray(
        values,
        dims=("realization", "year", "contract", "party"),
        coords={"contract": ["a", "b", "c"]},
        name="net",
    )


@pytest.fixture
def stored(net: xr.DataArray, tmp_path: Path) -> Iterator[xr.DataArray]:
    net.to_dataset().to_netcdf(tmp_path / "net.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "net.nc", engine="h5netcdf", cache=False) as file:
        yield file["net"]


# Series held and rows read: all, one of each, and numbers that divide nothing.
SIZES = [(10**6, 10**6), (1, 1), (8 * 11 * 5, 8 * 12 * 7)]


@pytest.mark.parametrize(("held", "read"), SIZES)
@pytest.mark.parametrize("last", [None, "contract", "party", "year"])
def test_every_series_once_at_its_place(
    net: xr.DataArray,
    stored: xr.DataArray,
    held: int,
    read: int,
    last: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(series, "_HELD", held)
    monkeypatch.setattr(series, "_READ", read)
    order = ["year", "contract", "party"]
    order = order if last is None else [*(name for name in order if name != last), last]
    ordered = net.transpose(*order, "realization").values
    for array in (net, stored, net.transpose("year", "realization", "contract", "party")):
        found = dict(each_series(array, "realization", last))
        assert list(found) == list(np.ndindex(ordered.shape[:-1]))
        for index, values in found.items():
            np.testing.assert_array_equal(values, ordered[index])


def test_measures_do_not_depend_on_the_pieces(
    net: xr.DataArray, stored: xr.DataArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = measure_array(net), paired_difference(net, "b")
    for held, read in SIZES:
        monkeypatch.setattr(series, "_HELD", held)
        monkeypatch.setattr(series, "_READ", read)
        xr.testing.assert_identical(measure_array(stored), whole[0])
        xr.testing.assert_identical(paired_difference(stored, "b"), whole[1])


def test_a_piece_of_the_file_is_all_that_is_read(
    stored: xr.DataArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "_HELD", 8 * 11 * 6)
    monkeypatch.setattr(series, "_READ", 8 * 12 * 5)
    sizes: list[int] = []
    original = xr.DataArray.values.fget

    def seen(self: xr.DataArray) -> np.ndarray:
        sizes.append(self.size)
        return original(self)

    monkeypatch.setattr(xr.DataArray, "values", property(seen))
    assert len(list(each_series(stored, "realization"))) == 12
    assert max(sizes) == 60
    assert len(sizes) == 2 * 3
