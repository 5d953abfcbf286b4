"""Every shipped scenario and template runs end to end."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import vbsim
from tests.conftest import REPOSITORY, SCENARIOS, plan_of, small_scenario
from vbsim.plan import Plan
from vbsim.report import capacity
from vbsim.report.program import program
from vbsim.run import rebuild_report
from vbsim.scenario.resolve import resolve
from vbsim.simulate import simulate

TEMPLATES = sorted((REPOSITORY / "vbsim" / "scenario" / "templates").glob("*.yaml"))
FILES = {"scenario.yaml", "manifest.json", "results.nc", "summary.csv", "report.html", "figures"}


@pytest.mark.usefixtures("one_figure")
@pytest.mark.parametrize("path", [*SCENARIOS, *TEMPLATES], ids=lambda p: p.stem)
def test_runs_and_writes_a_whole_folder(path: Path, tmp_path: Path) -> None:
    runs_and_writes_a_whole_folder(path, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_draws_all_figures(path: Path, tmp_path: Path) -> None:
    runs_and_writes_a_whole_folder(path, tmp_path)


def runs_and_writes_a_whole_folder(path: Path, tmp_path: Path) -> None:
    plan = replace(plan_of(path), realizations=60)
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


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_a_realization_settles_alone_as_among_others(path: Path) -> None:
    """To the last bit, so that no number depends on the blocks of a run."""
    plan = replace(plan_of(path), realizations=24)
    experience = vbsim.simulate(plan)
    together = vbsim.settle(plan, experience)
    for row in range(0, 24, 6):
        alone = vbsim.settle(plan, experience.isel(realization=[row]))
        for name, values in together.items():
            np.testing.assert_array_equal(alone[name].values[0], values.values[row], str(name))


@pytest.fixture(scope="module")
def stored(small_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the small scenario into a folder."""
    folder = tmp_path_factory.mktemp("stored") / "run"
    vbsim.run(small_plan, folder).settlement.close()
    return folder


def test_report_can_be_rebuilt(stored: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(stored, tmp_path / "run"))
    report, before = folder / "report.html", (folder / "summary.csv").read_text(encoding="utf-8")
    report.unlink()
    assert rebuild_report(folder) == report
    assert report.stat().st_size > 10_000
    assert (folder / "summary.csv").read_text(encoding="utf-8") == before


@pytest.mark.usefixtures("one_figure")
def test_a_run_tells_what_its_program_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory, block by block, on disk, and from the experience itself; none without one."""
    words = {"predictor": {"auc": 0.66}, "capacity": 0.1, "engagement": 0.5, "member_pmpm": 1.0}
    plan = resolve(small_scenario(intervention=words))
    expected = program(plan, simulate(plan))
    assert expected is not None
    monkeypatch.setattr(capacity, "block_rows", lambda plan: 7)
    stored = vbsim.run(plan, tmp_path / "run")
    stored.settlement.close()
    for run in (vbsim.run(plan), stored):
        assert run.findings.program is run.program
        assert run.program is not None
        xr.testing.assert_allclose(run.program, expected, rtol=1e-12)
    assert vbsim.run(resolve(small_scenario())).program is None


def test_a_run_in_memory_is_the_run_on_disk(small_plan: Plan, stored: Path) -> None:
    with xr.open_dataset(stored / "results.nc", engine="h5netcdf") as found:
        for name, values in vbsim.run(small_plan).settlement.items():
            np.testing.assert_array_equal(found[name].values, values.values)
