"""Portfolios on the command line: run, check, report, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

import vbsim
from tests.conftest import PORTFOLIOS, REPOSITORY
from tests.portfolio.samples import SCENARIO, TABLE, write
from tests.scenario.base import BASE, CommandLine, listing
from vbsim.report.unfinished import partial_folder

FILES = ["entities.csv", "figures", "manifest.json", "report.html", "results.nc", "scenario.yaml",
         "summary.csv"]  # fmt: skip
PATIENCE = 120.0  # seconds, for a machine that has to compile first


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the small portfolio and its run."""
    folder = tmp_path_factory.mktemp("command")
    portfolio = vbsim.load_portfolio(write(folder), changes={"realizations": 60})
    vbsim.run_portfolio(portfolio, folder / "run")
    return folder


def test_a_run_writes_a_whole_folder(stored: Path) -> None:
    folder = stored / "run"
    assert sorted(p.name for p in folder.iterdir()) == FILES
    assert sorted(p.name for p in stored.iterdir()) == ["entities.csv", "run", "three.yaml"]
    assert (folder / "entities.csv").read_text(encoding="utf-8") == TABLE
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["entities"], manifest["realizations"]) == (3, 60)
    assert manifest["engine"] == "collective"
    with xr.open_dataset(folder / "results.nc", engine="h5netcdf") as results:
        assert results.sizes == {"entity": 3, "contract": 1, "year": 1, "realization": 60}
        for name in results.data_vars:
            assert results[name].attrs["units"]
    with (folder / "summary.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert {row["entity"] for row in rows} == {"", "east", "north", "west"}
    assert {row["group"] for row in rows} >= {"", "all", "terms_mssp_enhanced"}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'are <strong class="unverified">UNVERIFIED</strong>. They rest on:' in page
    assert "East Group" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_report_is_made_anew_from_its_folder_alone(
    stored: Path, tmp_path: Path, vbsim_command: CommandLine
) -> None:
    folder = tmp_path / "moved"
    folder.mkdir()
    for name in ("entities.csv", "manifest.json", "results.nc", "scenario.yaml"):
        (folder / name).write_bytes((stored / "run" / name).read_bytes())
    assert vbsim_command("report", folder).code == 0
    before = (stored / "run" / "summary.csv").read_bytes()
    assert (folder / "summary.csv").read_bytes() == before
    assert "East Group" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", ["compare", "explain"])
def test_what_a_portfolio_does_not_hold(
    verb: str, stored: Path, vbsim_command: CommandLine
) -> None:
    words = ["--contract", "mssp", "--realization", "1"] if verb == "explain" else []
    ended = vbsim_command(verb, stored / "run", *words)
    assert ended.code == 2
    assert "holds a portfolio, which keeps no statements of its entities" in ended.err


def test_check_tells_entities_and_figures(vbsim_command: CommandLine) -> None:
    path = write(Path.cwd())
    told = vbsim_command("check", path)
    assert told.code == 0
    for words in ("entities: 3, from", "MSSP ENHANCED", "UNVERIFIED", "time: about"):
        assert words in told.out
    found = json.loads(vbsim_command("check", path, "--json", "--seed", "9").out)
    assert found["seed"] == 9
    assert [one["entity"] for one in found["entities"]] == ["east", "north", "west"]
    assert found["terms"][1] == {"contract": "mssp", "terms": "MSSP ENHANCED", "entities": 2}


def test_the_table_and_the_data_of_a_run(vbsim_command: CommandLine) -> None:
    path = write(Path.cwd())
    table = vbsim_command("run", path, "--realizations", "20", "-o", "a")
    assert table.code == 0
    assert "Share that earns" in table.out
    found = vbsim_command("run", path, "--realizations", "20", "-o", "b", "--json")
    data = json.loads(found.out)
    assert set(data) == {"program", "groups", "entities", "folder"}
    assert 0.0 < data["program"]["mssp"]["share_earning.mean"]["value"] < 1.0
    again = vbsim_command("run", path, "--realizations", "20", "-o", "a")
    assert again.code == 2
    assert "a already holds a run" in again.err
    assert vbsim_command("run", path, "-o", "a", "--overwrite", "--quiet").out == ""


def test_options_for_one_entity_are_refused_together(vbsim_command: CommandLine) -> None:
    path = write(Path.cwd())
    before = listing(Path.cwd())
    options = ["--engine", "claims", "--sampling", "sobol", "--target-se", "mssp.mean: 2%",
               "--cluster", "local", "--resume"]  # fmt: skip
    ended = vbsim_command("run", path, *options)
    assert ended.code == 2
    for words in ("--engine claims", "--sampling sobol", "--target-se", "--cluster", "--resume"):
        assert ended.err.count(f"  {words}:") == 1
    assert "leave them out" in ended.err
    assert listing(Path.cwd()) == before


def test_a_results_file_is_for_portfolios(vbsim_command: CommandLine) -> None:
    Path("one.yaml").write_text(BASE, encoding="utf-8")
    ended = vbsim_command("run", "one.yaml", "--puf", "results.csv")
    assert ended.code == 2
    assert "--puf: found results.csv for one.yaml, a scenario of one entity" in ended.err


def test_the_program_asks_for_the_file_that_is_not_shipped(vbsim_command: CommandLine) -> None:
    path = next(path for path in PORTFOLIOS if "program" in path.stem)
    for words, message in (
        ([], "name the file where it is: --puf FILE"),
        (["--puf", "nowhere.csv"], "nowhere.csv"),
        (["--puf", str(REPOSITORY / "scenarios" / "five_groups.csv")], "five_groups.csv"),
    ):
        ended = vbsim_command("run", path, *words)
        assert ended.code == 2, ended
        assert message in ended.err
        assert "Traceback" not in ended.err
        assert list(Path.cwd().iterdir()) == []


def test_the_shipped_example_runs(vbsim_command: CommandLine) -> None:
    path = REPOSITORY / "scenarios" / "five_groups.yaml"
    ended = vbsim_command("run", path, "--realizations", "50", "-o", "run", "--quiet")
    assert (ended.code, ended.out) == (0, "")
    assert len(list(Path("run/figures").glob("*.png"))) >= 2


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_a_stopped_run_leaves_nothing_that_looks_whole(
    how: signal.Signals, tmp_path: Path, vbsim_command: CommandLine
) -> None:
    rows = "".join(f"e{number},,9000,enhanced\n" for number in range(40))
    path = write(tmp_path, TABLE.splitlines()[0] + "\n" + rows, SCENARIO.replace("400", "20000"))
    words = [sys.executable, "-m", "vbsim", "run", path.name, "-o", "run"]
    run = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    partial, give_up = partial_folder(tmp_path / "run"), time.monotonic() + PATIENCE
    while not partial.exists():
        assert run.poll() is None, "the run ended before it could be stopped"
        assert time.monotonic() < give_up, "the run began nothing"
        time.sleep(0.02)
    run.send_signal(how)
    told = run.communicate()[1]
    assert not (tmp_path / "run").exists()
    if how == signal.SIGINT:
        assert run.returncode == 1
        assert "stopped before the end; nothing was written" in told
        assert not partial.exists()
    else:
        # What a kill leaves is no run, and the next one clears it away.
        path = write(tmp_path, scenario=SCENARIO.replace("400", "20"))
        assert vbsim_command("run", path, "-o", "run", "--quiet").code == 0
        assert (tmp_path / "run" / "report.html").is_file()
        assert not partial.exists()
