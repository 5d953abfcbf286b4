"""The layout of CMS's 2024 file, which differs from every earlier one.

Bare percent points, ``-`` for what does not apply, and new columns. The file itself is not at
hand: that of 2023, where it is, is written anew in the layout of 2024, and rows are typed in.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.outcomes.samples import CASES, row_of_2024
from vbsim.outcomes import Outcome, Tally, settle_file

Row = dict[str, str]
FILE = DATA / "mssp_puf_py2023.csv"
RATES = ("Sav_rate", "MinSavPerc", "QualScore", "FinalShareRate", "FinalLossRate")
MONEY = ("ABtotBnchmk", "ABtotExp", "BnchmkMinExp", "GenSaveLoss", "EarnSaveLoss", "N_AB")
NEW = {
    "Met_40pctl": "1",
    "Guardrail": "0",
    "ReducedSS": "-",
    "AIP": "0",
    "AIPBalance": "-",
    "AIPRecoup": "-",
    "AIPOwe": "-",
    "RegAdj": "312.07",
    "PriorSavAdj": "-",
    "FinalAdjCat": "RegAdj",
}


def in_layout_of_2024(row: Row) -> Row:
    """Write a row of 2023 as CMS writes one of 2024."""
    kept = {name: cell for name, cell in row.items() if name != "Met_30pctl"}
    kept |= {name: row[name].rstrip("%") for name in RATES}
    kept["DisAdj"] = "-" if row["DisAdj"] in ("", "0") else row["DisAdj"]
    return {**kept, **NEW}


def with_commas(cell: str) -> str:
    """Write 1234567 as CMS does in some years: 1,234,567."""
    return f"{int(cell):,}" if cell.lstrip("-").isdigit() else cell


def written(path: Path, rows: list[Row], encoding: str = "utf-8") -> Path:
    """Write rows; a byte-order mark goes with small letters, cp1252 with commas in numbers."""
    names = list(rows[0])
    if encoding == "utf-8-sig":
        rows = [{name.lower(): cell for name, cell in row.items()} for row in rows]
        names = [name.lower() for name in names]
    if encoding == "cp1252":
        rows = [
            row | {name: with_commas(row[name]) for name in MONEY if name in row} for row in rows
        ]
    with path.open("w", encoding=encoding, newline="") as text:
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def settled(path: Path, year: int = 2024) -> list[Outcome]:
    return list(settle_file("mssp", path, year))


@pytest.fixture(scope="module")
def rows_of_2023() -> list[Row]:
    if not FILE.exists():
        pytest.skip(f"the public PY2023 results file is not in {DATA}")
    with FILE.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_file_of_2023_in_the_layout_of_2024(
    rows_of_2023: list[Row], encoding: str, tmp_path: Path
) -> None:
    """The rules of both years agree where all met the standard, so the amounts must."""
    rows = [in_layout_of_2024(row) for row in rows_of_2023]
    rows[0]["ACO_Name"] = "Salud Año Nuevo ACO"
    tally = Tally()
    found = list(tally.counted(settled(written(tmp_path / "PY2024.csv", rows, encoding))))
    assert (tally.rows, tally.settled) == (453, 453)
    assert (tally.within_1, tally.within_1000, tally.within_1_percent) >= (449, 450, 450)
    names = ("aco_id", "track", "minimum_savings_rate", "sharing_rate", "loss_rate")
    amounts = ("earned_shared_savings", "owed_shared_losses", "published")
    for before, after in zip(settled(FILE, 2023), found, strict=True):
        for name in (*names, *amounts):
            assert getattr(after, name) == getattr(before, name), (before.aco_id, name)


Pairs = list[tuple[Row, Outcome, Outcome]]


def with_flags(rows: list[Row], folder: Path, **flags: str) -> Pairs:
    """Set flags on every row, and settle: the row, its outcome in 2023, and that with the flags."""
    changed = [in_layout_of_2024(row) | flags for row in rows]
    found = settled(written(folder / "changed.csv", changed))
    return list(zip(changed, settled(FILE, 2023), found, strict=True))


def test_guardrail_bars_savings_alone(rows_of_2023: list[Row], tmp_path: Path) -> None:
    for _, before, found in with_flags(rows_of_2023, tmp_path, Guardrail="1"):
        assert found.earned_shared_savings == 0.0
        assert found.owed_shared_losses == before.owed_shared_losses


def test_alternative_standard_scales_by_score(rows_of_2023: list[Row], tmp_path: Path) -> None:
    for row, before, found in with_flags(rows_of_2023, tmp_path, Met_QPS="0", Met_AltQPS="1"):
        assert found.owed_shared_losses == before.owed_shared_losses
        if before.earned_shared_savings:
            score = float(row["QualScore"]) / 100.0
            assert found.sharing_rate == pytest.approx((before.sharing_rate or 0.0) * score)


def test_neither_standard(rows_of_2023: list[Row], tmp_path: Path) -> None:
    largest = {"EN": 0.75, "E": 0.30, "D": 0.30, "C": 0.30}
    for row, before, found in with_flags(rows_of_2023, tmp_path, Met_QPS="0", Met_AltQPS="0"):
        assert found.earned_shared_savings == 0.0
        if before.owed_shared_losses:
            assert found.loss_rate == largest[row["Current_Track"]]


def test_reduced_sharing_below_the_minimum(rows_of_2023: list[Row], tmp_path: Path) -> None:
    halved = 0
    for row, before, found in with_flags(rows_of_2023, tmp_path, ReducedSS="1"):
        gap = float(row["ABtotBnchmk"]) - float(row["ABtotExp"])
        if before.earned_shared_savings or gap <= 0.0 or row["Current_Track"] == "EN":
            assert found.earned_shared_savings == before.earned_shared_savings
        else:
            halved += 1
            rate = 0.20 if row["Current_Track"] in "AB" else 0.25
            assert found.earned_shared_savings == pytest.approx(0.98 * rate * gap, abs=0.01)
    assert halved > 20


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_rows_typed_in_make_one_file(encoding: str, tmp_path: Path) -> None:
    """Units are seen by column: 0.5 is half a point beside 2, though alone it could be a share."""
    cases = [case for case in CASES if case.year == 2024]
    half = row_of_2024(ACO_ID="A0009", N_AB="20000", MinSavPerc="0.5", Sav_rate="0.49")
    half |= {"ABtotExp": "99510000", "EarnSaveLoss": "0"}
    rows = [*(case.cells for case in cases), half]
    found = settled(written(tmp_path / "sample.csv", rows, encoding))
    for case, outcome in zip(cases, found, strict=False):
        assert outcome.minimum_savings_rate == pytest.approx(case.minimum, abs=1e-4), case.name
        assert outcome.earned_shared_savings == pytest.approx(case.earned, abs=1.0), case.name
        assert outcome.owed_shared_losses == pytest.approx(case.owed, abs=1.0), case.name
    # 0.49 % is below half a point.
    assert (found[-1].minimum_savings_rate, found[-1].earned_shared_savings) == (0.005, 0.0)
    assert all(outcome.reason == "" for outcome in found)


EARNED = 1_960_000.0  # 0.98 x 0.5 x 4,000,000


@pytest.mark.parametrize(
    ("cells", "earned", "owed"),
    [
        ({"Guardrail": "-", "ReducedSS": "-"}, EARNED, 0.0),
        ({"Guardrail": "Yes"}, 0.0, 0.0),
        ({"Guardrail": "No"}, EARNED, 0.0),
        # Advance investment payments are recouped later: earned savings are before that.
        ({"AIP": "1", "AIPBalance": "900,000", "AIPRecoup": "900000", "AIPOwe": "0"}, EARNED, 0.0),
        # Prior savings and regional adjustments are in the benchmark already.
        ({"RegAdj": "-211.5", "PriorSavAdj": "40.25", "FinalAdjCat": "PSA"}, EARNED, 0.0),
        # 0.3 x 4,000,000 less the dollars forgiven; a published loss rate is not what counts.
        ({"ABtotExp": "104000000", "DisAdj": "-5000", "FinalLossRate": "40"}, 0.0, 1_195_000.0),
        ({"ABtotExp": "104000000", "DisAdj": "-", "FinalLossRate": "-"}, 0.0, 1_200_000.0),
    ],
)
def test_new_columns_of_one_row(cells: Row, earned: float, owed: float, tmp_path: Path) -> None:
    row = row_of_2024(**cells)
    (found,) = settled(written(tmp_path / "one.csv", [row]))
    assert found.settled, found.reason
    assert found.earned_shared_savings == pytest.approx(earned)
    assert found.owed_shared_losses == pytest.approx(owed)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Met_QPS": "*"}, "Met_QPS is suppressed, and the settlement needs it"),
        ({"Met_QPS": "-"}, "Met_QPS is not applicable, and the settlement needs it"),
        ({"Met_QPS": "0", "Met_AltQPS": "1", "QualScore": "*"}, "QualScore is suppressed"),
        ({"ABtotBnchmk": "*"}, "ABtotBnchmk is suppressed"),
    ],
)
def test_a_field_that_is_needed_is_not_guessed(cells: Row, reason: str, tmp_path: Path) -> None:
    (found,) = settled(written(tmp_path / "one.csv", [row_of_2024(**cells)]))
    assert not found.settled
    assert found.reason.startswith(reason)
