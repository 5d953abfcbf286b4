"""The verbs decompose and skill: tables, JSON, files and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import small_scenario
from tests.scenario.base import CommandLine
from vbsim.scenario.resolve import as_yaml

BELIEF = {"true_savings": {"normal": {"mean": 0.0, "sd": 0.03}}}


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(as_yaml(small_scenario(uncertainty=BELIEF)), encoding="utf-8")
    return str(path)


def test_decompose(vbsim_command: CommandLine, scenario: str) -> None:
    code, out, _ = vbsim_command("decompose", scenario, "-o", "variance")
    assert code == 0
    assert "Share of the variance of the net result, 2022" in out
    assert "parameter (figures that nobody knows for certain" in out
    assert Path("variance/decomposition.csv").is_file()
    assert Path("variance/variance_of_savings_rate.png").is_file()
    code, out, _ = vbsim_command("decompose", scenario, "--json")
    sources = {row["source"] for row in json.loads(out)}
    assert sources == {"process", "benchmark", "systematic", "parameter", "quality", "all"}


def test_skill(vbsim_command: CommandLine, scenario: str) -> None:
    asked = ("skill", scenario, "--observed", "0.03", "--sizes", "600,2000", "--realizations", "60")
    few = ("--true-savings", "0,0.05", "--minimum-savings-rates", "0.02")
    code, out, _ = vbsim_command(*asked, *few, "-o", "luck")
    assert code == 0
    assert "After a measured savings rate of 3.00" in out
    assert "earned, no true savings" in out
    assert Path("luck/skill.csv").is_file()
    assert Path("luck/skill.png").is_file()
    code, out, _ = vbsim_command(*asked, *few, "--json")
    found = json.loads(out)
    assert 0.0 < found["observed"]["credibility"]["value"] < 1.0
    assert {row["size"] for row in found["curves"]} == {600, 2000}


def test_refusals(vbsim_command: CommandLine, scenario: str) -> None:
    code, _, told = vbsim_command("skill", scenario, "--sizes", "many")
    assert code == 2
    assert "sizes: found 'many'; expected numbers set apart by commas, such as 5000,20000" in told
    Path("full").write_text("", encoding="utf-8")
    code, _, told = vbsim_command("decompose", scenario, "-o", "full")
    assert code == 2
    assert "full is a file; expected a folder to write to" in told
