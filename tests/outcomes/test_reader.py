"""Layouts that CMS has used, and files that must be refused with one clear message."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pytest

from tests.outcomes.samples import CASES, write_sample
from tests.scenario.base import CommandLine
from vbsim.errors import OutcomeError, RuleError
from vbsim.outcomes import COLUMNS, settle_file

PLAIN = next(case.cells for case in CASES if case.name == "2021 BASIC E")


def one(tmp_path: Path, year: int = 2021, **changes: str):
    path = write_sample(tmp_path / "sample.csv", {**PLAIN, **changes})
    (found,) = settle_file("mssp", path, year)
    return found


@pytest.mark.parametrize("quality", ["91.44", "91.44%", "0.9144"])
@pytest.mark.parametrize("minimum", ["2.97%", "2.97", "0.0297"])
def test_rates_in_any_unit(quality: str, minimum: str, tmp_path: Path) -> None:
    found = one(tmp_path, 2018, QualScore=quality, MinSavPerc=minimum, Current_Track="1+")
    # 0.98 x 0.5 x 0.9144 x 6,550,299
    assert found.earned_shared_savings == pytest.approx(2_934_899, abs=2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_and_names_in_any_case(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    rows = [[name.lower() for name in PLAIN] + ["aco_name"], [*PLAIN.values(), "Año Nuevo ACO"]]
    text = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    path.write_bytes(text.encode(encoding))
    (found,) = settle_file("mssp", path, 2021)
    assert found.earned_shared_savings == pytest.approx(3_209_646, abs=1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ABtotBnchmk": "*"}, "ABtotBnchmk is suppressed"),
        ({"ABtotExp": ""}, "ABtotExp is missing"),
        ({"MinSavPerc": "*"}, "MinSavPerc is suppressed"),
        ({"Met_QPS": "."}, "Met_QPS is missing"),
        ({"Current_Track": "*"}, "Current_Track is *"),
        ({"QualScore": "-3", "Current_Track": "EN", "ABtotExp": "180,000,000"}, "QualScore is -3"),
        ({"ABtotExp": "180,000,000", "DisAdj": "*"}, "DisAdj is suppressed"),
    ],
)
def test_a_needed_field_that_is_missing(
    changes: dict[str, str], reason: str, tmp_path: Path
) -> None:
    found = one(tmp_path, **changes)
    assert not found.settled
    assert found.difference is None
    assert found.reason.startswith(reason)
    assert found.cells()["earned_shared_savings"] == ""


def test_a_field_that_is_not_needed_may_be_missing(tmp_path: Path) -> None:
    found = one(tmp_path, QualScore="*")
    assert found.settled
    assert found.earned_shared_savings == pytest.approx(3_209_646, abs=1)
    assert found.sharing_rate == 0.5


def test_a_revenue_based_limit_is_named(tmp_path: Path) -> None:
    # CMS PY2023 PUF, A5293: 0.3 x 3,346,177 - 72,695 = 931,158, published 98,453
    found = one(
        tmp_path, 2023, Current_Track="C", MinSavPerc="1.00%", ABtotBnchmk="200,000,000",
        ABtotExp="203,346,177", DisAdj="-72695", EarnSaveLoss="-98453",
    )  # fmt: skip
    assert found.owed_shared_losses == pytest.approx(931_158, abs=1)
    assert "revenue-based loss limit (2%" in found.reason


def text_of(*lines: str) -> bytes:
    return "\n".join(lines).encode()


HEAD = ",".join(PLAIN)
LINE = ",".join(f'"{cell}"' for cell in PLAIN.values())
WRONG = {
    "empty": (b"", "an empty file"),
    "wrong columns": (b"a,b,c\n1,2,3\n", "abtotbnchmk"),
    "semicolons": (text_of(HEAD.replace(",", ";"), LINE), "comma-separated"),
    "no track": (text_of(HEAD.replace("Current_Track", "Level"), LINE), "current_track"),
    "half a row": (text_of(HEAD, LINE, "A9,E,5"), ":3"),
    "open quote": (text_of(HEAD, LINE, '"A9,E,5'), "quotes closed"),
    "text in a number": (text_of(HEAD, LINE.replace("10,500", "many")), ":2: N_AB"),
    "twice": (text_of(HEAD, LINE, LINE), "A1027 again, first in row 2"),
    "no rows": (text_of(HEAD), "no row"),
    "utf-16": (text_of(HEAD, LINE).decode().encode("utf-16"), "neither UTF-8 nor cp1252"),
    "two columns": (text_of(HEAD + ",N_AB", LINE + ",3"), "two columns of this name"),
    "bad flag": (text_of(HEAD, LINE.replace('"1"', '"7"')), "expected: 1 or 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused(name: str, tmp_path: Path) -> None:
    content, words = WRONG[name]
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    with pytest.raises(OutcomeError) as error:
        settle_file("mssp", path, 2021)
    assert words in str(error.value)
    assert str(path) in str(error.value)


def test_years_and_programs_outside_the_rules(tmp_path: Path) -> None:
    path = write_sample(tmp_path / "sample.csv", PLAIN)
    with pytest.raises(RuleError, match="2013 to 2026"):
        settle_file("mssp", path, 2012)
    with pytest.raises(RuleError, match="did you mean 'mssp'"):
        settle_file("msp", path, 2021)
    with pytest.raises(OutcomeError, match="--year"):
        settle_file("mssp", path)
    with pytest.raises(OutcomeError, match="No such file"):
        settle_file("mssp", tmp_path / "none.csv", 2021)
    dated = write_sample(tmp_path / "dated.csv", {**PLAIN, "Performance_Year": "2012"})
    with pytest.raises(RuleError, match="not for 2012"):
        settle_file("mssp", dated)


def test_a_year_column_decides_row_by_row(tmp_path: Path) -> None:
    rows = [{**PLAIN, "Performance_Year": year} for year in ("2021", "2022")]
    path = write_sample(tmp_path / "sample.csv", *rows)
    assert [o.performance_year for o in settle_file("mssp", path)] == [2021, 2022]
    assert [o.performance_year for o in settle_file("mssp", path, 2022)] == [2022]


def test_the_command_writes_a_table_and_a_summary(
    vbsim_command: CommandLine, tmp_path: Path
) -> None:
    write_sample(tmp_path / "sample.csv", PLAIN)
    words = ("mssp", "sample.csv", "--year", "2021", "-o", "out.csv", "--json")
    code, out, err = vbsim_command("settle", *words)
    assert code == 0, err
    summary = json.loads(out)
    assert (summary["rows"], summary["settled"], summary["within_1"]) == (1, 1, 1)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == COLUMNS
    assert (rows[0]["track"], rows[0]["published"]) == ("basic_e", "3209646.00")
    assert {p.name for p in tmp_path.iterdir()} == {"sample.csv", "out.csv"}


def test_the_command_leaves_nothing_half_written(
    vbsim_command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "wrong.csv").write_bytes(text_of(HEAD, LINE, "A9,E,5"))
    code, _, err = vbsim_command("settle", "mssp", "wrong.csv", "--year", "2021", "-o", "out.csv")
    assert code == 2
    assert "wrong.csv:3" in err
    assert "Traceback" not in err
    assert {p.name for p in tmp_path.iterdir()} == {"wrong.csv"}


def test_a_long_file_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as text:
        text.write(HEAD + "\n")
        text.writelines(LINE.replace("A1027", f"A{n}") + "\n" for n in range(12_000))
    tracemalloc.start()
    settled = sum(outcome.settled for outcome in settle_file("mssp", path, 2021))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert settled == 12_000
    # Two batches and a half; the same 8 MB as 6,000 rows or 20,000: a batch, and the ids.
    assert peak < 12e6


SIX_MONTHS = {
    "ACO_ID": "A1", "Current_Track_1": "0", "Current_Track_1_Plus": "1", "N_AB": "10000",
    "MinSavPerc": "0.01", "Met_QPS": "1", "QualScore": "0.95", "ABtotBnchmk": "50000000",
    "ABtotExp": "52000000", "UpdatedBnchmk": "10000", "N_AB_Year_PY": "10000",
    "EarnSaveLoss": "-595000", "DisAdj": "-10000",
}  # fmt: skip


def test_disaster_relief_of_six_month_results_counts_half(tmp_path: Path) -> None:
    # Worked by hand: benchmark is half of 10,000 x 10,000; 0.3 x 2,000,000 - 10,000 / 2
    path = write_sample(tmp_path / "sample.csv", SIX_MONTHS)
    (half,) = settle_file("mssp", path, 2019)
    assert half.owed_shared_losses == pytest.approx(595_000)
    path = write_sample(tmp_path / "sample.csv", {**SIX_MONTHS, "N_AB_Year_PY": "5000"})
    (whole,) = settle_file("mssp", path, 2019)
    assert whole.owed_shared_losses == pytest.approx(590_000)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [(("0", "0"), "no track flag is set"), (("1", "1"), "two track flags are set")],
)
def test_a_track_is_not_guessed(flags: tuple[str, str], reason: str, tmp_path: Path) -> None:
    row = dict(zip(("Current_Track_1", "Current_Track_1_Plus"), flags, strict=True))
    (found,) = settle_file(
        "mssp", write_sample(tmp_path / "sample.csv", {**SIX_MONTHS, **row}), 2019
    )
    assert not found.settled
    assert reason in found.reason


def test_a_track_outside_its_years_is_not_settled(tmp_path: Path) -> None:
    path = write_sample(tmp_path / "sample.csv", SIX_MONTHS)
    (found,) = settle_file("mssp", path, 2023)
    assert found.reason == "track_1_plus is no track of 2023"
