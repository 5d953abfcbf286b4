"""Wrong scenarios: each ends with exit code 2 and a message that says where, what and what to do.

A case replaces one place of the small scenario. The line number that the message must name is
looked up in the text itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenario import wrong_capital, wrong_capitation, wrong_care, wrong_intervention
from tests.scenario.base import BASE, CommandLine, changed, line_of, listing
from tests.scenario.wrong_places import CASES, Case


def wrong_text(case: Case) -> str:
    text = changed(case.old, case.new)
    return text.replace("2020: 9800,", "2020: 9800000,") if "per_capita_truncated" in text else text


def problem(path: Path, line: int | None, case: Case) -> str:
    where = str(path) if line is None else f"{path}:{line}"
    return f"{where}: {case.path}\n  found:    {case.found}"


@pytest.mark.parametrize(
    "case",
    [
        *CASES,
        *wrong_capital.CASES,
        *wrong_capitation.CASES,
        *wrong_care.CASES,
        *wrong_intervention.CASES,
    ],
    ids=lambda case: case.name,
)
def test_message(case: Case, vbsim_command: CommandLine, tmp_path: Path) -> None:
    text, path = wrong_text(case), tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    before = listing(tmp_path)
    code, out, err = vbsim_command("run", path, "-o", "runs/wrong")
    line = line_of(text, case.mark or case.new.splitlines()[0])
    assert code == 2
    assert problem(path, line, case) in err
    assert f"\n  expected: {case.expected}" in err
    assert f"\n  to do:    {case.todo}" in err if case.todo else "to do:" not in err
    assert not case.count or err.count("\n  found:") == case.count
    assert err.startswith("1 problem in" if case.count == 1 else f"{err.count('found:')} problems")
    assert "Traceback" not in err
    assert out == ""
    assert listing(tmp_path) == before


SEVERAL = {
    "seed: 1": "sede: 1",
    "retention: 0.9": "retention: 82",
    "aged_non_dual": "aged_nondual",
    "base_years: [2020, 2021]": "base_years: [2020, 2023]",
    "weights: [0.4, 0.6]": "weights: [0.4, 0.7]",
    "track: enhanced": "track: enhnaced",
    "model: capitation": "model: capitaton",
    "attachment: 100000": "attachment: a lot",
    "reference: enhanced": "reference: enhancd",
}


def test_problems_of_shape_and_of_names_are_shown_together(
    vbsim_command: CommandLine, tmp_path: Path
) -> None:
    text = BASE
    for old, new in SEVERAL.items():
        text = text.replace(old, new)
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    code, _, err = vbsim_command("check", path)
    assert code == 2
    assert err.startswith(f"{len(SEVERAL)} problems in the scenario\n")
    lines = [line_of(text, new) for new in SEVERAL.values()]
    assert [f"{path}:{line}" for line in lines] == [
        where.split(": ")[0] for where in err.splitlines() if where.startswith(str(path))
    ]


def test_contradictions_of_numbers_are_shown_together(
    vbsim_command: CommandLine, tmp_path: Path
) -> None:
    text = BASE.replace("members: 6000", "members: 9000\n  per_capita_truncated: true")
    text = text.replace("2020: 9800", "2020: 9800000").replace("rate: 0.02", "rate: 0.03")
    text = text.replace("score_mean: 0.8", "score_mean: 0.8\n  score_sd: 0.9")
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    code, _, err = vbsim_command("check", path)
    assert code == 2
    found = [line.split(": ")[1] for line in err.splitlines() if line.startswith(str(path))]
    assert found == [
        "population.members",
        "population.segments.aged.per_capita.2020",
        "quality.score_sd",
        "contracts.enhanced.minimum_savings_rate",
    ]


def test_a_run_that_does_not_fit_is_refused_before_it_begins(
    vbsim_command: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text(changed("realizations: 20", "realizations: 1000000000"), encoding="utf-8")
    before = listing(tmp_path)
    code, _, err = vbsim_command("run", path, "-o", "runs/huge", "--quiet")
    assert code == 2
    assert re.search(r"the results need [\d,]+\.\d GB on disk, and [\d,]+\.\d GB are free", err)
    assert "lower realizations" in err
    assert listing(tmp_path) == before


def test_no_traceback_reaches_the_user(tmp_path: Path) -> None:
    """In a process of its own; the cases above are in this one."""
    text = changed("retention: 0.9", "retention: .nan")
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    before = listing(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-m", "vbsim", "run", "wrong.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("1 problem in the scenario\nwrong.yaml:")
    assert "Traceback" not in ended.stderr
    assert listing(tmp_path) == before
