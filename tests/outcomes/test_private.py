"""Known outcomes of a private contract: what is settled, and files that must be refused."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pytest

from tests.scenario.base import CommandLine
from vbsim.errors import OutcomeError, ScenarioError
from vbsim.outcomes import COLUMNS, Outcome, settle_private

TERMS = """\
model: shared_savings
label: Insurer and group
minimum_savings_rate: 0.02
minimum_loss_rate: 0.01
sharing_rate: 0.5
quality_scales_sharing: true
loss_rate: 0.4
loss_limit: 0.02
"""
FACTS = """\
id,performance_year,benchmark,expenditure,quality_score,published
A,2024,10000000,9600000,0.9,180000
B,2024,10000000,10300000,0.8,-120000
C,2024,10000000,9810000,0.8,0
D,2024,"10,000,000",$11000000,0.8,-200000
A,2023,10000000,9800000,1.0,95000
"""
TIERS = """\
model: shared_savings
sharing_tiers: {3: 0.5, 2: 0.47, 1: 0.44}
measures:
  screening: {threshold: 0.7}
  control: {threshold: 0.5}
  readmission: {threshold: 0.15, lower_is_better: true}
fees_per_member_year: 3.0
"""


def settled(folder: Path, facts: str, terms: str = TERMS, year: int | None = None) -> list[Outcome]:
    (folder / "terms.yaml").write_text(terms, encoding="utf-8")
    (folder / "facts.csv").write_text(facts, encoding="utf-8")
    return list(settle_private(folder / "terms.yaml", folder / "facts.csv", year))


def test_outcomes_worked_by_hand(tmp_path: Path) -> None:
    found = settled(tmp_path, FACTS)
    # 0.9 x 0.5 x 400,000; 0.4 x 300,000; 1.9 % is below 2 %; 0.4 x 1,000,000 above 2 % of
    # benchmark; exactly 2 % counts, 0.5 x 200,000
    assert [o.earned_shared_savings for o in found] == [180_000, 0, 0, 0, 100_000]
    assert [o.owed_shared_losses for o in found] == [0, 120_000, 0, 200_000, 0]
    assert [o.difference for o in found] == [0, 0, 0, 0, 5_000]
    assert [o.reason != "" for o in found] == [False, False, False, False, True]
    assert (found[0].track, found[0].sharing_rate) == ("Insurer and group", 0.45)
    assert found[1].loss_rate == 0.4


def test_points_and_a_year_from_the_command(tmp_path: Path) -> None:
    facts = "id,benchmark,expenditure,quality_score\nA,1000000,900000,90\nB,1000000,900000,80%\n"
    assert [o.earned_shared_savings for o in settled(tmp_path, facts, year=2024)] == [45e3, 40e3]
    with pytest.raises(OutcomeError, match="--year"):
        settled(tmp_path, facts)


def test_tiers_by_number_or_by_rate(tmp_path: Path) -> None:
    # OFFICIAL rule (PACCI), vector DERIVED: 0.47 x 1,000,000 - 3 x 10,000
    head = "id,performance_year,benchmark,expenditure"
    by_number = f"{head},measures_met,member_months\nA,2024,1e7,9e6,2,120000\n"
    by_rate = (
        f"{head},screening,control,readmission,person_years\n"
        "A,2024,1e7,9e6,70%,0.4,10%,10000\nB,2024,1e7,9e6,71%,0.5,15%,10000\n"
    )
    assert [o.earned_shared_savings for o in settled(tmp_path, by_number, TIERS)] == [440e3]
    found = settled(tmp_path, by_rate, TIERS)
    assert [o.earned_shared_savings for o in found] == [440e3, 470e3]
    assert [o.sharing_rate for o in found] == [0.47, 0.5]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("*,9e6,2,1", "benchmark is suppressed"),
        ("0,9e6,2,1", "the benchmark is not above 0"),
        ("1e7,,2,1", "expenditure is missing"),
        ("1e7,9e6,2.5,1", "measures_met is 2.5, expected a whole number from 0 to 3"),
        ("1e7,9e6,4,1", "measures_met is 4, expected"),
        ("1e7,9e6,,1", "measures_met is missing"),
        ("1e7,9e6,2,", "member_months is missing"),
    ],
)
def test_a_row_that_lacks_something_says_so(cells: str, reason: str, tmp_path: Path) -> None:
    head = "id,performance_year,benchmark,expenditure,measures_met,member_months"
    (found,) = settled(tmp_path, f"{head}\nA,2024,{cells}\n", TIERS)
    assert not found.settled
    assert found.reason.startswith(reason)


def test_quality_that_the_contract_does_not_turn_on_may_be_missing(tmp_path: Path) -> None:
    plain = "model: shared_savings\nsharing_rate: 0.5\n"
    facts = "id,performance_year,benchmark,expenditure\nA,2024,1000,900\n"
    assert settled(tmp_path, facts, plain)[0].earned_shared_savings == 50
    with pytest.raises(OutcomeError, match="also the columns quality_score"):
        settled(tmp_path, facts)
    (wrong,) = settled(tmp_path, FACTS.split("\n")[0] + "\nA,2024,1000,900,-0.5,\n")
    assert wrong.reason == "quality_score is -50.00%, expected 0 to 100 %"


FIRST = FACTS.splitlines()[0]
WRONG_FACTS = {
    "empty": ("", "an empty file"),
    "other columns": ("a,b\n1,2\n", "is it the right file, with a row for each entity?"),
    "half a row": (FACTS + "E,2024,5\n", ":7\n  found:    3 cells"),
    "open quote": (FACTS + '"E,2024', "quotes closed"),
    "text in a number": (FACTS.replace("9600000", "many"), ":2: expenditure"),
    "twice": (FACTS + "A,2024,1,1,1,\n", "A again, first in row 2"),
    "no id": (FACTS + ",2024,1,1,1,\n", "the id of the entity"),
    "no rows": (FIRST + "\n", "a row for each entity"),
    "two columns": (FACTS.replace("published", "benchmark"), "two columns of this name"),
}


@pytest.mark.parametrize("name", WRONG_FACTS)
def test_a_wrong_table_is_refused(name: str, tmp_path: Path) -> None:
    text, words = WRONG_FACTS[name]
    with pytest.raises(OutcomeError) as error:
        settled(tmp_path, text)
    assert words in str(error.value)


def test_a_table_without_measures_or_exposure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutcomeError) as error:
        settled(tmp_path, FACTS, TIERS)
    assert "also measures_met, or a column for each measure of the contract" in str(error.value)
    assert "also person_years or member_months" in str(error.value)


WRONG_TERMS = {
    "percent": ("loss_rate: 0.4", "loss_rate: 40", ":7: loss_rate", "write 40 % as 0.4"),
    "unknown key": ("loss_rate: 0.4", "los_rate: 0.4", ":7: los_rate", "a key of such a contract"),
    "another model": ("shared_savings", "capitation", ":1: model", "can be settled"),
    "no model": ("model: shared_savings\n", "", "model", "found:    nothing"),
    "benchmark": ("loss_rate: 0.4", "benchmark: 5", ":7: benchmark", "take it out"),
    "no share": ("sharing_rate: 0.5\n", "", "terms.yaml", "neither sharing_rate nor"),
    "together": ("loss_limit: 0.02", "payment_limit: 0.01\npayment_floor: 0.2", "terms.yaml",
                 "at most payment_limit"),
    "losses": ("loss_rate: 0.4\n", "", ":7: loss_limit", "loss_limit without loss_rate"),
    "a list": (TERMS, "- 1\n", "terms.yaml", "keys and values"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_TERMS)
def test_a_wrong_contract_is_refused(name: str, tmp_path: Path) -> None:
    old, new, place, words = WRONG_TERMS[name]
    with pytest.raises(ScenarioError) as error:
        settled(tmp_path, FACTS, TERMS.replace(old, new))
    assert place in str(error.value)
    assert words in str(error.value)


def test_the_command(vbsim_command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text(TERMS, encoding="utf-8")
    (tmp_path / "facts.csv").write_text(FACTS, encoding="cp1252")
    words = ("settle", "private", "terms.yaml", "facts.csv", "-o", "out.csv")
    code, out, err = vbsim_command(*words, "--json")
    assert code == 0, err
    assert json.loads(out)["settled"] == 5
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert list(rows[0]) == COLUMNS
    (tmp_path / "facts.csv").write_text(FACTS + "E,2024", encoding="utf-8")
    (tmp_path / "out.csv").unlink()
    code, _, err = vbsim_command(*words)
    assert code == 2
    assert "facts.csv:7" in err
    assert {p.name for p in tmp_path.iterdir()} == {"terms.yaml", "facts.csv"}
    for wrong in (["private", "terms.yaml"], ["mssp", "terms.yaml", "facts.csv"], ["privat", "x"]):
        code, _, err = vbsim_command("settle", *wrong)
        assert code == 2
        assert "Traceback" not in err
        assert "expected" in err or "did you mean" in err


def test_a_long_table_is_streamed(tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text(TERMS, encoding="utf-8")
    with (tmp_path / "facts.csv").open("w", encoding="utf-8") as text:
        text.write(FIRST + "\n")
        text.writelines(f"{n},2024,1e7,9e6,0.9,\n" for n in range(12_000))
    tracemalloc.start()
    outcomes = settle_private(tmp_path / "terms.yaml", tmp_path / "facts.csv")
    assert sum(outcome.settled for outcome in outcomes) == 12_000
    assert tracemalloc.get_traced_memory()[1] < 12e6
    tracemalloc.stop()
