"""Every shipped scenario and template runs end to end."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import vbsim
from tests.conftest import REPOSITORY
from vbsim.run import rebuild_report

SCENARIOS = sorted((REPOSITORY / "scenarios").glob("*.yaml"))
TEMPLATES = sorted((REPOSITORY / "vbsim" / "scenario" / "templates").glob("*.yaml"))
FILES = {"scenario.yaml", "manifest.json", "results.nc", "summary.csv", "report.html", "figures"}


@pytest.mark.parametrize("path", [*SCENARIOS, *TEMPLATES], ids=lambda p: p.stem)
def test_runs_and_writes_a_whole_folder(path: Path, tmp_path: Path) -> None:
    plan = replace(vbsim.resolve(vbsim.load(path)), realizations=60)
    found = vbsim.run(plan, tmp_path / "run")
    folder = tmp_path / "run"
    assert {p.name for p in folder.iterdir()} == FILES
    assert list((folder / "figures").glob("*.png"))
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    for group in (None, "experience"):
        with xr.open_dataset(folder / "results.nc", engine="h5netcdf", group=group) as results:
            for name in (*results.coords, *results.data_vars):
                assert results[name].attrs["units"]
                assert results[name].attrs["long_name"]
    with (folder / "summary.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert rows
    assert all(np.isfinite(float(row["standard_error"])) for row in rows)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["realizations"] == 60
    np.testing.assert_allclose(found.settlement["net_to_party"].sum("party"), 0.0, atol=0.01)
    found.settlement.close()


def test_report_can_be_rebuilt(tmp_path: Path) -> None:
    plan = replace(vbsim.resolve(vbsim.load(SCENARIOS[0])), realizations=40)
    found = vbsim.run(plan, tmp_path / "run")
    found.settlement.close()
    report = tmp_path / "run" / "report.html"
    before = (tmp_path / "run" / "summary.csv").read_text(encoding="utf-8")
    report.unlink()
    assert rebuild_report(tmp_path / "run") == report
    assert report.stat().st_size > 10_000
    assert (tmp_path / "run" / "summary.csv").read_text(encoding="utf-8") == before


def test_a_run_in_memory_is_the_run_on_disk(tmp_path: Path) -> None:
    plan = replace(vbsim.resolve(vbsim.load(SCENARIOS[0])), realizations=40)
    with vbsim.run(plan, tmp_path / "run").settlement as stored:
        for name, values in vbsim.run(plan).settlement.items():
            np.testing.assert_array_equal(stored[name].values, values.values)
