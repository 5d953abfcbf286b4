"""Files that are no scenario, text that is no YAML, YAML that is no plain data, wrong baselines."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.scenario.base import BASE, CommandLine, changed, line_of, listing

BOMB = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [
        f"{n}: &{n} [{', '.join([f'*{o}'] * 9)}]"
        for o, n in zip("abcdefgh", "bcdefghi", strict=True)
    ]
)


class Text(NamedTuple):
    """Text of a file, and what must be said about it."""

    name: str
    text: str | bytes
    mark: str | int  # what stands on the line named, or its number; 0 when no line is
    found: str
    expected: str
    todo: str = ""
    path: str = ""


FILES = [
    Text("empty", "", 1, "an empty file", "a scenario: keys and values", "vbsim new my_scenario"),
    Text("only comments", "# later\n", 1, "only comments", "a scenario: keys and values"),
    Text("only a line of dashes", "---\n", 2, "a list or nothing", "a scenario: keys and values"),
    Text("a list", "- 1\n- 2\n", 1, "a list or nothing", "a scenario: keys and values"),
    Text("a sentence", "to be written\n", 1, "the text 'to be written'", "a scenario: keys"),
    Text("binary", bytes(range(256)), 0, "a binary file", "a YAML text file"),
    Text(
        "latin-1",
        BASE.replace("A small ACO", "Santé").encode("latin-1"),
        3,
        "the byte 0xe9, which is no UTF-8 text",
        "text in UTF-8",
        "save the file as UTF-8",
    ),
    Text("utf-16", BASE.encode("utf-16"), 0, "text in UTF-16", "text in UTF-8", "save the file as"),
    Text(
        "too large", BASE + "#" * 1_000_000, 0, "a file of more than 1,000,000 bytes", "a scenario"
    ),
    Text(
        "control character",
        BASE.replace("A small ACO", "A \x07 small ACO"),
        3,
        "the control character 0x07",
        "printable text",
        "delete it",
    ),
]
BROKEN = [
    Text("tab after a group's name", "a:\n\tb: 1\n", 2, "a tab", "spaces", "indent"),
    Text(
        "control character after other letters",
        "é: 1\nb: \x07\n",
        2,
        "the control character 0x07",
        "printable text",
        "delete it",
    ),
    Text("tab", changed("  retention", "\tretention"), "\tretention", "a tab", "spaces", "indent"),
    Text(
        "indentation",
        changed("  retention", "   retention"),
        "   retention",
        "a colon where no key can stand",
        "one 'key: value' per line",
        "check the indentation",
    ),
    Text(
        "indentation of a group",
        changed("  retention", " retention"),
        " retention",
        "an indentation that fits no line above",
        "all keys of a group equally indented",
    ),
    Text(
        "colon in a text",
        changed("Two contracts", "contracts: two"),
        "contracts: two",
        "a colon where no key can stand",
        "one 'key: value' per line",
        "put text that holds ': ' in quotes",
    ),
    Text(
        "no colon", changed("seed: 1", "seed 1"), "seed 1", "a line without a colon", "'key: value'"
    ),
    Text(
        "open quotation mark",
        changed("Two contracts", '"Two contracts'),
        "Two contracts",
        "a quotation mark that is never closed",
        "a second one",
    ),
    Text(
        "open list",
        changed("[0.4, 0.6]", "[0.4, 0.6"),
        "[0.4, 0.6",
        "a list that begins with [ here",
        "its closing ]",
    ),
    Text(
        "open mapping",
        changed("{inpatient: 0.03}", "{inpatient: 0.03"),
        "{inpatient: 0.03",
        "a mapping that begins with { here",
        "its closing }",
    ),
    Text(
        "percent sign first",
        changed("trend_sd: 0.02", "trend_sd: %2"),
        "%2",
        "a value that begins with one of % @ `",
        "text in quotes, or a number",
        "write 2 % as 0.02",
    ),
    Text(
        "two documents",
        BASE + "---\nvbsim: 1\n",
        "---",
        "a second document, begun by ---",
        "one scenario per file",
    ),
]
ODD = [
    Text(
        "key twice",
        changed("seed: 1", "seed: 1\nstart_year: 2021"),
        "start_year: 2022",
        "'start_year' a second time (first on line 6)",
        "each key once",
        "delete one of the two",
        "start_year",
    ),
    Text(
        "contract twice",
        changed("  basic_b:", "  enhanced:"),
        line_of(BASE, "  basic_b:"),
        f"'enhanced' a second time (first on line {line_of(BASE, '  enhanced:')})",
        "each key once",
        "delete one of the two",
        "contracts.enhanced",
    ),
    Text(
        "bomb",
        BOMB,
        1,
        "the anchor or alias 'a' (& or *)",
        "values written out",
        "write the value in each place",
    ),
    Text(
        "anchor",
        changed("name: A small ACO", "name: &title A small ACO"),
        "&title",
        "the anchor or alias 'title' (& or *)",
        "values written out",
    ),
    Text(
        "alias of nothing",
        changed("name: A small ACO", "name: *title"),
        "*title",
        "the anchor or alias 'title' (& or *)",
        "values written out",
    ),
    Text("deep", "[" * 100_000, 1, "more than 30 levels of nesting", "a handful of levels"),
    Text(
        "deep block",
        "\n".join(" " * n + "a:" for n in range(200)),
        30,  # the file itself is the first level
        "more than 30 levels of nesting",
        "a handful of levels",
    ),
    Text(
        "python object",
        changed("seed: 1", "seed: !!python/object/apply:os.system [date]"),
        "!!python",
        "the tag !!python/object/apply:os.system",
        "plain values",
        "take the tag away",
        "seed",
    ),
    Text(
        "own tag on a mapping",
        changed("{inpatient: 0.03}", "!spread {inpatient: 0.03}"),
        "!spread",
        "the tag !spread",
        "plain values",
        "take the tag away",
        "uncertainty.service_sd",
    ),
    Text(
        "date",
        changed("start_year: 2022", "start_year: 2022-01-01"),
        "2022-01-01",
        "2022-01-01",
        "a number or text",
        "write the year alone, 2022, or put text in quotes",
        "start_year",
    ),
    Text(
        "merge key",
        changed("  retention: 0.9", "  <<: {retention: 0.9}"),
        "<<",
        "<< as a key",
        "a word or a year as the key",
        "write the keys out, or use extends",
        "population",
    ),
    Text(
        "true as a key",
        changed("  retention: 0.9", "  true: 0.9"),
        "true: 0.9",
        "true as a key",
        "a word or a year as the key",
        "put text in quotes",
        "population",
    ),
    Text(
        "list as a key",
        changed("  retention: 0.9", "  [1, 2]: 0.9"),
        "[1, 2]",
        "a list or mapping as a key",
        "a word or a year as the key",
        path="population",
    ),
    Text(
        "a number of 5,000 digits",
        changed("seed: 1", f"seed: {'1' * 5000}"),
        "seed: 11",
        "1" * 57 + "...",
        "a number as it is usually written",
        path="seed",
    ),
]


def message(path: Path, case: Text) -> str:
    text = case.text if isinstance(case.text, str) else ""
    line = case.mark if isinstance(case.mark, int) else line_of(text, case.mark)
    where = f"{path}:{line}" if line else str(path)
    at = f"{where}: {case.path}" if case.path else where
    return f"{at}\n  found:    {case.found}"


@pytest.mark.parametrize("case", [*FILES, *BROKEN, *ODD], ids=lambda case: case.name)
def test_message(case: Text, vbsim_command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_bytes(case.text if isinstance(case.text, bytes) else case.text.encode())
    before, started = listing(tmp_path), time.perf_counter()
    code, out, err = vbsim_command("run", path, "-o", "runs/wrong")
    assert time.perf_counter() - started < 5.0
    assert code == 2
    assert message(path, case) in err
    assert f"\n  expected: {case.expected}" in err
    assert case.todo in err
    assert err.startswith("1 problem in the scenario\n")
    assert "Traceback" not in err
    assert out == ""
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "found", "expected", "todo"),
    [
        ("wrnog.yaml", "no such file", "a scenario file", "did you mean 'wrong.yaml'?"),
        ("nowhere/wrong.yaml", "no such file", "a scenario file", "there is no folder 'nowhere'"),
        ("folder", "a folder", "a scenario file", "name the YAML file inside it"),
        ("long" * 100, "a file that cannot be opened: File name too long", "a scenario", ""),
    ],
)
def test_what_is_no_file(
    name: str, found: str, expected: str, todo: str, vbsim_command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    code, _, err = vbsim_command("check", name)
    assert code == 2
    assert f"\n{name}\n  found:    {found}\n  expected: {expected}\n" in err
    assert todo in err


def test_a_file_that_may_not_be_read(
    vbsim_command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locked.yaml"
    path.write_text(BASE, encoding="utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):  # as root nothing is locked

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    code, _, err = vbsim_command("check", path)
    assert code == 2
    assert f"{path}\n  found:    a file that cannot be opened: Permission denied\n" in err


def test_an_endless_file_is_not_read_to_its_end(vbsim_command: CommandLine) -> None:
    code, _, err = vbsim_command("check", "/dev/zero")
    assert code == 2
    assert "found:    a file of more than 1,000,000 bytes" in err


class Baseline(NamedTuple):
    """Files by name; ``child.yaml`` is run, and the problem stands in ``file``."""

    name: str
    files: dict[str, str]
    file: str
    mark: str
    path: str
    found: str
    expected: str
    todo: str = ""


BASELINES = [
    Baseline(
        "missing",
        {"child.yaml": "# own\nextends: bsae.yaml\n", "base.yaml": BASE},
        "child.yaml",
        "extends",
        "extends",
        "'bsae.yaml'",
        "a file that exists in this folder or below",
        "did you mean 'base.yaml'?",
    ),
    Baseline(
        "outside",
        {"child.yaml": "extends: ../base.yaml\n", "../base.yaml": BASE},
        "child.yaml",
        "extends",
        "extends",
        "'../base.yaml'",
        "a scenario file in this folder or below",
        "copy the file here",
    ),
    Baseline(
        "outside, of a baseline",
        {
            "child.yaml": "extends: sub/base.yaml\n",
            "sub/base.yaml": "extends: ../other.yaml\n",
            "other.yaml": BASE,
        },
        "sub/base.yaml",
        "extends",
        "extends",
        "'../other.yaml'",
        "a scenario file in this folder or below",
    ),
    Baseline(
        "itself",
        {"child.yaml": "extends: child.yaml\n"},
        "child.yaml",
        "extends",
        "extends",
        "'child.yaml'",
        "another scenario",
        "the files extend each other in a circle: break it",
    ),
    Baseline(
        "in a circle",
        {"child.yaml": "extends: base.yaml\n", "base.yaml": "name: base\nextends: child.yaml\n"},
        "base.yaml",
        "extends",
        "extends",
        "'child.yaml'",
        "another scenario",
        "the files extend each other in a circle: break it",
    ),
    Baseline(
        "no text",
        {"child.yaml": "extends: [base.yaml]\n", "base.yaml": BASE},
        "child.yaml",
        "extends",
        "extends",
        "['base.yaml']",
        "the name of a scenario file in this folder or below",
    ),
    Baseline(
        "nothing",
        {"child.yaml": "extends:\n", "base.yaml": BASE},
        "child.yaml",
        "extends",
        "extends",
        "nothing",
        "the name of a scenario file in this folder or below",
    ),
    Baseline(
        "wrong in the baseline",
        {
            "child.yaml": "extends: base.yaml\nname: child\ncontracts:\n  enhanced: {label: own}\n",
            "base.yaml": changed("track: enhanced", "track: enhnaced"),
        },
        "base.yaml",
        "track: enhnaced",
        "contracts.enhanced.track",
        "'enhnaced'",
        "a track of rules/mssp.yaml",
        "did you mean 'enhanced'?",
    ),
    Baseline(
        "wrong in the child",
        {
            "child.yaml": "extends: base.yaml\ncontracts:\n  enhanced:\n    track: enhnaced\n",
            "base.yaml": BASE,
        },
        "child.yaml",
        "track: enhnaced",
        "contracts.enhanced.track",
        "'enhnaced'",
        "a track of rules/mssp.yaml",
    ),
    Baseline(
        "no YAML in the baseline",
        {"child.yaml": "extends: base.yaml\n", "base.yaml": changed("seed: 1", "seed: %1")},
        "base.yaml",
        "seed: %1",
        "",
        "a value that begins with one of % @ `",
        "text in quotes, or a number",
    ),
]


@pytest.mark.parametrize("case", BASELINES, ids=lambda case: case.name)
def test_baselines(case: Baseline, vbsim_command: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    for name, text in case.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    before = listing(tmp_path)
    code, _, err = vbsim_command("run", folder / "child.yaml")
    assert code == 2
    line = line_of(case.files[case.file], case.mark)
    where = f"{folder / case.file}:{line}" + (f": {case.path}" if case.path else "")
    assert f"{where}\n  found:    {case.found}\n  expected: {case.expected}" in err
    assert case.todo in err
    assert "Traceback" not in err
    assert listing(tmp_path) == before


def test_a_link_does_not_lead_outside(vbsim_command: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (tmp_path / "secret.yaml").write_text(BASE, encoding="utf-8")
    (folder / "base.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "child.yaml").write_text("extends: base.yaml\n", encoding="utf-8")
    code, _, err = vbsim_command("check", folder / "child.yaml")
    assert code == 2
    assert "expected: a scenario file in this folder or below" in err
