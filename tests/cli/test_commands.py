"""The command line, where all is well; what is wrong is in tests/scenario/test_bad_input.py."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vbsim
from tests.conftest import small_scenario
from vbsim.cli import main
from vbsim.outcomes import PROGRAMS
from vbsim.scenario.resolve import as_yaml

pytestmark = pytest.mark.usefixtures("one_figure")


def words(argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> str:
    """Run the command line in this process and return what it printed."""
    monkeypatch.setattr(sys, "argv", ["vbsim", *argv])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code in (0, None)
    return capsys.readouterr().out


@pytest.fixture
def scenario_file(tmp_path: Path) -> Path:
    """Write the small scenario as a file."""
    path = tmp_path / "small.yaml"
    path.write_text(as_yaml(small_scenario(realizations=600)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the small scenario once."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    vbsim.run(small_scenario(realizations=600), folder).settlement.close()
    return folder


@pytest.fixture
def a(finished: Path, tmp_path: Path) -> Path:
    """Copy the finished run to the folder ``a``."""
    return Path(shutil.copytree(finished, tmp_path / "a"))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path):
    """Call the command line from an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *argv: words(list(argv), monkeypatch, capsys)


def test_run_prints_the_answer_and_numbers_its_folders(call, scenario_file: Path, a: Path) -> None:
    shutil.copytree(a, Path("runs") / "small")
    out = call("run", str(scenario_file))
    assert "MSSP ENHANCED" in out
    assert "±" in out
    assert "UNVERIFIED" in out
    assert "runs/small-2/report.html" in out
    assert (Path("runs") / "small-2" / "report.html").is_file()


def test_run_as_json_says_what_the_table_says(call, scenario_file: Path) -> None:
    out = json.loads(call("run", str(scenario_file), "--json"))
    found = out["contracts"]["enhanced"]["prob_loss"]
    assert 0.0 < found["value"] < 1.0
    assert found["standard_error"] > 0.0
    assert out["folder"] == "runs/small"


def test_quiet_run_prints_nothing_and_its_options_replace_the_scenarios(
    call, scenario_file: Path
) -> None:
    changed = ("--seed", "5", "--realizations", "500", "-o", "out", "--quiet")
    assert call("run", str(scenario_file), *changed) == ""
    manifest = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))
    assert (manifest["seed"], manifest["realizations"]) == (5, 500)
    resolved = Path("out/scenario.yaml").read_text(encoding="utf-8")
    assert re.search(r"^seed: 5$", resolved, re.MULTILINE)


def test_overwrite_replaces_a_run(call, scenario_file: Path, a: Path) -> None:
    call("run", str(scenario_file), "--quiet", "-o", "a", "--overwrite", "--realizations", "500")
    manifest = json.loads((a / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["realizations"] == 500


def test_check_shows_sources_and_cost(call, scenario_file: Path) -> None:
    out = call("check", str(scenario_file))
    assert "engine: claims" in out
    assert re.search(r"time: about [\d,]+ s", out)
    assert re.search(r"^sharing_rate.enhanced = 0.75 share of savings \[V, 20\d\d\]$", out, re.M)
    assert "    rules/mssp.yaml: 42 CFR part 425 (eCFR), 425.605(d)(1)" in out
    plan = json.loads(call("check", str(scenario_file), "--json"))
    figures = {figure["path"]: figure for figure in plan["figures"]}
    assert figures["sharing_rate.enhanced"]["value"] == 0.75
    assert figures["sharing_rate.enhanced"]["status"] == "V"
    assert any(figure["status"] == "UNVERIFIED" for figure in plan["figures"])


def test_compare_one_run_and_two(call, scenario_file: Path, a: Path) -> None:
    call("run", str(scenario_file), "--quiet", "-o", "b", "--seed", "9")
    assert "paired realization by realization" in re.sub(r"\s+", " ", call("compare", "a"))
    rows = json.loads(call("compare", "a", "b", "--json"))
    assert [row["contract"] for row in rows] == [
        "enhanced",
        "capitation",
        "b/enhanced",
        "b/capitation",
    ]
    assert rows[0]["mean_difference"] == 0.0
    assert rows[2]["mean_difference_standard_error"] > 0.0


def test_compare_a_run_with_itself_differs_by_nothing(call, a: Path) -> None:
    rows = json.loads(call("compare", "a", "a", "--json"))
    assert rows[2]["mean_difference"] == 0.0


def test_report_is_rebuilt(call, a: Path) -> None:
    (a / "report.html").unlink()
    assert call("report", "a").strip() == "report: a/report.html"
    assert (a / "report.html").is_file()


@pytest.mark.parametrize(("template", "engine"), [("mssp", "collective"), ("capitation", "claims")])
def test_new_writes_a_scenario_that_checks(call, template: str, engine: str) -> None:
    assert template in call("new", "x", "--list")
    out = call("new", "mine", "--from", template)
    assert "vbsim check mine.yaml" in out
    assert f"engine: {engine}" in call("check", "mine.yaml")


def test_schema_is_json(call) -> None:
    schema = json.loads(call("schema"))
    assert {"vbsim", "extends", "population", "contracts"} <= set(schema["properties"])


def test_doctor_finds_this_machine_well(call) -> None:
    findings = json.loads(call("doctor", "--json"))
    assert all(finding["ok"] for finding in findings)
    assert {"ledger sums to zero", "mean cost is the Plan's"} <= {f["what"] for f in findings}


@pytest.mark.parametrize("verb", ["run", "check", "report", "compare", "new", "schema", "doctor"])
def test_help_has_an_example(call, verb: str) -> None:
    assert f"Example: vbsim {verb}" in call(verb, "--help")


def test_help_loads_no_engine() -> None:
    """It takes a quarter of a second then, and two to three seconds otherwise."""
    code = "import sys, vbsim.cli.commands; assert not {'numpy', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_names_every_program_that_can_be_settled(call) -> None:
    help_text = " ".join(call("settle", "--help").split())
    assert f"program: {', '.join(PROGRAMS)}; or private" in help_text
