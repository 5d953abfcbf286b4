"""``vbsim settle`` on wrong files: exit code 2, one clear message, and nothing written or lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.outcomes.samples import CASES
from tests.scenario.base import CommandLine, listing

MSSP = next(case.cells for case in CASES if case.name == "2021 BASIC E")
GOOD = {
    "mssp": (list(MSSP), list(MSSP.values()), [*MSSP.values()][1:]),
    "aco_reach": (
        ["aco_id", "perf_year", "risk_arrangement", "final_benchmark", "tot_cost_care_net"],
        ["D0004", "2021", "Global", "75558439.91", "71678885.45"],
        ["2021", "Professional", "26652184.86", "29659424.43"],
    ),
    "private": (
        ["id", "performance_year", "benchmark", "expenditure", "quality_score"],
        ["A", "2024", "10000000", "9600000", "0.9"],
        ["2024", "10000000", "10300000", "0.8"],
    ),
}
TERMS = "model: shared_savings\nsharing_rate: 0.5\nquality_scales_sharing: true\nloss_rate: 0.4\n"
Rows = list[list[str]]
Change = Callable[[Rows], bytes]


def rows_of(program: str) -> Rows:
    """Column names and two rows."""
    names, first, rest = GOOD[program]
    return [names, first, ["Z9", *rest]]


def as_csv(rows: Rows, between: str = ",") -> bytes:
    return "".join(between.join(f'"{c}"' if between in c else c for c in row) + "\n"
                   for row in rows).encode()  # fmt: skip


def with_cell(rows: Rows, column: int, cell: str) -> bytes:
    """Replace a cell of the first row."""
    first = [cell if n == column else kept for n, kept in enumerate(rows[1])]
    return as_csv([rows[0], first, rows[2]])


# What is done to a right file; where the message must say it is, and what it must say.
FAULTS: dict[str, tuple[Change, str, str]] = {
    "empty": (lambda rows: b"", ":1", "an empty file"),
    "other columns": (lambda rows: b"name,amount\nx,1\n", ":1", "2 columns: name, amount"),
    "a column missing": (lambda rows: as_csv([row[:3] for row in rows]), ":1", "also the columns"),
    "a column twice": (
        lambda rows: as_csv([[*row, row[0]] for row in rows]), ":1", "two columns of this name"
    ),
    "semicolons": (lambda rows: as_csv(rows, ";"), ":1", "cells separated by ';'"),
    "column names alone": (lambda rows: as_csv(rows[:1]), "", "no row"),
    "UTF-16": (lambda rows: as_csv(rows).decode().encode("utf-16"), "", "neither UTF-8 nor cp1252"),
    "a workbook": (lambda rows: b"PK\x03\x04" + bytes(99), "", "a workbook (.xlsx) or archive"),
    "no encoding": (lambda rows: as_csv(rows) + b"\x81\x8d\n", "", "neither UTF-8 nor cp1252"),
    "half a row": (lambda rows: as_csv([*rows[:2], rows[2][:3]]), ":3", "3 cells"),
    "a cell too many": (lambda rows: as_csv([*rows[:2], [*rows[2], "1"]]), ":3", "a stray comma"),
    "an open quote": (lambda rows: as_csv(rows) + b'"A9,', ":4", "quotes closed"),
    "text in a number": (lambda rows: with_cell(rows, -2 % len(rows[0]), "many"), ":2", "'many'"),
    "no finite number": (lambda rows: with_cell(rows, -2 % len(rows[0]), "1e999"), ":2", "1e999"),
    "an id twice": (lambda rows: as_csv([*rows, rows[1]]), ":4", "again, first in row 2"),
    "no id": (lambda rows: with_cell(rows, 0, ""), ":2", "no id"),
}  # fmt: skip


def words(program: str, *more: str) -> list[str]:
    """Command that settles the file; MSSP's has no year."""
    terms = ["terms.yaml"] if program == "private" else []
    year = ["--year", "2021"] if program == "mssp" and "--year" not in more else []
    return ["settle", program, *terms, "wrong.csv", "-o", "out.csv", *year, *more]


@pytest.fixture
def place(vbsim_command: CommandLine, tmp_path: Path) -> Path:
    """Folder with a contract, and a table of before that must stay."""
    (tmp_path / "terms.yaml").write_text(TERMS, encoding="utf-8")
    (tmp_path / "out.csv").write_text("mine", encoding="utf-8")
    return tmp_path


def refused(vbsim_command: CommandLine, place: Path, *command: str) -> str:
    """Message of a command that is refused and changes nothing."""
    before = listing(place)
    code, out, err = vbsim_command(*command)
    assert code == 2, out + err
    assert out == ""
    assert "Traceback" not in err
    assert listing(place) == before
    assert not (place / "out.csv").exists() or (place / "out.csv").read_text() == "mine"
    return err


@pytest.mark.parametrize("program", GOOD)
def test_the_right_file_is_settled(program: str, vbsim_command: CommandLine, place: Path) -> None:
    (place / "wrong.csv").write_bytes(as_csv(rows_of(program)))
    code, _, err = vbsim_command(*words(program))
    assert code == 0, err
    assert len((place / "out.csv").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("program", GOOD)
def test_a_wrong_file(program: str, fault: str, vbsim_command: CommandLine, place: Path) -> None:
    change, where, said = FAULTS[fault]
    (place / "wrong.csv").write_bytes(change(rows_of(program)))
    message = refused(vbsim_command, place, *words(program))
    assert message.startswith(f"wrong.csv{where}")
    assert said in message
    assert "\n  expected: " in message


@pytest.mark.parametrize(
    ("program", "year", "range_"),
    [
        ("mssp", "2012", "2013 to 2026"),
        ("mssp", "2027", "2013 to 2026"),
        ("aco_reach", "2020", "2021 to 2026"),
        ("aco_reach", "2027", "2021 to 2026"),
    ],
)
def test_a_year_before_or_after_the_rules(
    program: str, year: str, range_: str, vbsim_command: CommandLine, place: Path
) -> None:
    rows = rows_of(program)
    (place / "wrong.csv").write_bytes(as_csv(rows))
    message = refused(vbsim_command, place, *words(program, "--year", year))
    assert f"verified for {range_}, not for {year}; choose a year in that range" in message
    # The same where a column of the file says so.
    names, *rest = (
        rows
        if program == "aco_reach"
        else [[*rows[0], "perf_year"]] + [[*row, "2021"] for row in rows[1:]]
    )
    dated = [[year if cell == "2021" else cell for cell in row] for row in rest]
    (place / "wrong.csv").write_bytes(as_csv([names, *dated]))
    command = [word for word in words(program) if word not in ("--year", "2021")]
    message = refused(vbsim_command, place, *command)
    assert message.startswith("wrong.csv: column perf_year: ")
    assert f"not for {year}" in message


def test_a_private_contract_has_the_years_of_its_file(
    vbsim_command: CommandLine, place: Path
) -> None:
    """It has no dated rules; but a year that the file does not have is none."""
    (place / "wrong.csv").write_bytes(as_csv(rows_of("private")))
    message = refused(vbsim_command, place, *words("private", "--year", "2023"))
    assert "found:    2024" in message
    assert "name a year that the file has" in message


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("settle mspp wrong.csv", "no program 'mspp' whose results can be settled; did you mean"),
        ("settle team wrong.csv", "choose one of: aco_reach, mssp, private"),
        ("settle mssp", "Missing argument"),
        ("settle mssp wrong.csv --year soon", "Invalid value for '--year'"),
        ("settle mssp wrong.csv", "no such column and no --year"),
        ("settle mssp terms.yaml wrong.csv --year 2021", "expected: FILE.csv"),
        ("settle private wrong.csv", "found:    1 file: wrong.csv"),
        ("settle private wrong.csv terms.yaml", "write vbsim settle private TERMS.yaml FACTS.csv"),
        ("settle private none.yaml wrong.csv", "1 problem in the contract\nnone.yaml"),
        ("settle mssp none.csv --year 2021", "No such file or directory"),
        ("settle mssp . --year 2021", "Is a directory"),
        ("settle mssp wrong.csv --year 2021 -o wrong.csv", "the input file itself"),
        ("settle mssp wrong.csv --year 2021 -o .", "found:    a folder"),
        ("settle mssp wrong.csv --year 2021 -o none/out.csv", "no folder none"),
    ],
)
def test_wrong_words(command: str, said: str, vbsim_command: CommandLine, place: Path) -> None:
    (place / "wrong.csv").write_bytes(as_csv(rows_of("mssp")))
    assert said in refused(vbsim_command, place, *command.split())


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words\n", "- a list\n"])
def test_a_file_that_is_no_contract(text: str, vbsim_command: CommandLine, place: Path) -> None:
    (place / "wrong.csv").write_bytes(as_csv(rows_of("private")))
    (place / "terms.yaml").write_text(text, encoding="utf-8")
    message = refused(vbsim_command, place, *words("private"))
    assert message.startswith("1 problem in the contract\nterms.yaml:1")
    assert "expected: a contract: keys and values" in message
    assert "scenario" not in message


# The kernel's own figure [kB]; that of ``getrusage`` is also the peak of who started the process.
PEAK = """
import atexit, sys
from pathlib import Path
def tell():
    status = Path("/proc/self/status").read_text().split()
    print(status[status.index("VmHWM:") + 1], file=sys.stderr)
atexit.register(tell)
from vbsim.cli import main
main()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "rows", "most"),
    [("mssp", 1_000_000, 1e6), ("aco_reach", 200_000, 3e5), ("private", 200_000, 3e5)],
)
def test_a_million_rows_stay_below_a_gigabyte(
    program: str, rows: int, most: float, place: Path
) -> None:
    """They take 0.2 GB and some 230 bytes a row, and would take kilobytes if rows were kept."""
    names, first, _ = GOOD[program]
    with (place / "wrong.csv").open("wb") as text:
        text.write(as_csv([names]))
        for start in range(0, rows, 10_000):
            text.write(as_csv([[f"A{n}", *first[1:]] for n in range(start, start + 10_000)]))
    command = [sys.executable, "-c", PEAK, *words(program), "--json"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)
    assert f'"settled": {rows}' in done.stdout
    assert int(done.stderr) < most
