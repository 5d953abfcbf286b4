"""From files to scores: what is read, what may be seen, and what is said of wrong files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import synthetic as made

from tests.scenario.base import CommandLine
from vbsim.backtest import Backtest, backtest
from vbsim.backtest.facts import read, read_crosswalk
from vbsim.backtest.payment import relief_probability
from vbsim.errors import OutcomeError

SCORES = {"n", "coverage", "crps", "log_score", "brier", "pit_p_value", "by_size"}
FORECASTS = {"vbsim", "pooled", "last_value", "size_credibility"}


def test_layout_of_2024_is_read_as_that_of_2022(files: dict[int, Path]) -> None:
    row = read(str(files[2024]), {})[40]
    assert row.known.year == 2024
    assert row.known.track == "basic_e"
    assert row.known.election == 0.01
    assert row.known.first_agreement
    assert row.known.start == 2024
    assert row.result.minimum_rate == pytest.approx(0.01)
    assert row.result.quality == pytest.approx(0.82)
    # The last base year of all types: 50 + 800 + 600 + 8,550.
    assert row.known.base_person_years == pytest.approx(10_000.0)


def test_every_aco_of_the_target_has_a_forecast(small: Backtest) -> None:
    assert small.history == (2021, 2022, 2023)
    assert small.year == 2024
    assert len(small.known) == 41
    assert small.scored.sum() == 40
    assert not small.scored[40]
    assert small.forecast.scale[40] > np.median(small.forecast.scale)
    assert 0.0 <= small.earns.min() < small.earns.max() <= 1.0


def test_summary_has_the_promised_keys(small: Backtest) -> None:
    found = small.summary()
    assert set(found) == SCORES
    assert found["n"] == 40
    assert set(found["coverage"]) == {"0.5", "0.8", "0.9", "0.95"}
    assert set(found["crps"]) == set(found["log_score"]) == FORECASTS
    assert set(found["brier"]) == {"earns", "owes"}
    assert found["by_size"]["10000-14999"]["n"] == 40
    assert 0.0 < found["crps"]["vbsim"] < found["crps"]["pooled"] < 0.05
    json.dumps(found, allow_nan=False)


def test_nothing_that_came_of_the_target_year_is_seen(
    files: dict[int, Path], small: Backtest, tmp_path: Path, quick_luck: None
) -> None:
    with files[2024].open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    for row in rows:
        benchmark = 0.9 * float(row["ABtotBnchmk"])
        # Per capita times person-years stays the whole benchmark: half of it would be a year of six
        # months, which is a fact of the contract.
        changed = {
            "ABtotExp": 0.8 * float(row["ABtotExp"]), "ABtotBnchmk": benchmark,
            "UpdatedBnchmk": benchmark / 19_000, "EarnSaveLoss": 1,
            "N_AB": 20_000, "N_AB_Year_PY": 19_000,
            "QualScore": 10.0, "Met_QPS": 0, "Sav_rate": 1.0, "Rev_Exp_Cat": "High Revenue",
            "Per_Capita_Exp_ALL_AGND_PY": 1.0, "CMS_HCC_RiskScore_AGND_PY": 2.0,
            "N_AB_Year_AGED_NonDual_PY": 12_000,
        }  # fmt: skip
        row.update({name: str(value) for name, value in changed.items()})
    target = made.write_file(tmp_path / "PY2024.csv", rows)
    again = backtest([str(files[year]) for year in small.history], str(target))
    assert not np.allclose(again.rate, small.rate)
    np.testing.assert_array_equal(again.forecast.centre, small.forecast.centre)
    np.testing.assert_array_equal(again.forecast.scale, small.forecast.scale)
    np.testing.assert_array_equal(again.draws.payment, small.draws.payment)


def test_one_history_file_is_enough_but_for_two_simple_forecasts(
    files: dict[int, Path], quick_luck: None
) -> None:
    found = backtest([str(files[2023])], str(files[2024])).summary()
    assert found["crps"]["last_value"] is None
    assert found["crps"]["size_credibility"] is None
    assert 0.0 < found["crps"]["vbsim"] < found["crps"]["pooled"]


def test_a_year_may_be_missing_in_the_history(files: dict[int, Path], quick_luck: None) -> None:
    found = backtest([str(files[2021]), str(files[2022])], str(files[2024]))
    assert found.scored.sum() == 40
    assert found.coverage(0.95, found.scored) > 0.7


def test_crosswalk_joins_old_ids_and_new(tmp_path: Path) -> None:
    path = tmp_path / "crosswalk.csv"
    path.write_text("ACO_ID,ACO_NUM\nA1001,A67373\n", encoding="utf-8")
    ids = read_crosswalk(path)
    assert ids == {"A67373": "A1001"}
    rows = [made.cells_2022("A1", 2017, 0.02, 2016) | {"ACO_ID": "A67373", "Current_Track": "1"}]
    file = made.write_file(tmp_path / "PY2017.csv", rows)
    assert read(str(file), ids)[0].known.aco == "A1001"


def test_relief_goes_on_by_laplace_s_rule() -> None:
    def year(number: int, owed: bool) -> list:
        payment = -1e6 if owed else 0.0
        return [made.row("A1", number, -0.05, payment=payment)]

    # Two years owed, two forgiven: pairs owed-owed and forgiven-forgiven are alike, one is not.
    # (2 + 1) / (3 + 2) = 0.6 that the next is like the last, which is forgiven.
    rows = year(2019, True) + year(2020, True) + year(2021, False) + year(2022, False)
    assert relief_probability(rows) == pytest.approx(0.6)
    assert relief_probability(rows[:2]) == pytest.approx(1.0 - 2.0 / 3.0)
    assert relief_probability([made.row("A1", 2022, 0.05)]) == 0.0


@pytest.mark.parametrize(
    ("history", "target", "words"),
    [
        (
            (2021, 2022),
            2022,
            ["performance year 2022; history up to 2022", "later than the history"],
        ),
        ((2022, 2023), 2021, ["performance year 2021; history up to 2023"]),
        ((2022, 2022), 2023, ["2022 again, as in", "drop one of the files"]),
    ],
)
def test_years_in_the_wrong_order(history, target, words, files: dict[int, Path]) -> None:
    with pytest.raises(OutcomeError) as error:
        backtest([str(files[year]) for year in history], str(files[target]))
    for text in words:
        assert text in str(error.value)


def test_no_aco_in_common(files: dict[int, Path], tmp_path: Path) -> None:
    rows = [made.cells_2022(f"B{n}", 2023, 0.02, 2020) for n in range(3)]
    target = made.write_file(tmp_path / "PY2023.csv", rows)
    with pytest.raises(OutcomeError, match=r"no ACO of the file of 2022[\s\S]*--crosswalk"):
        backtest([str(files[2022])], str(target))


def test_a_file_of_no_year(files: dict[int, Path], tmp_path: Path, quick_luck: None) -> None:
    bare = tmp_path / "results.csv"
    bare.write_bytes(files[2023].read_bytes())
    with pytest.raises(OutcomeError, match=r"the performance year[\s\S]*2022=.*results.csv"):
        backtest([str(bare)], str(files[2024]))
    assert backtest([f"2023={bare}"], str(files[2024])).history == (2023,)


def test_a_year_that_contradicts_the_file(files: dict[int, Path], tmp_path: Path) -> None:
    old = tmp_path / "PY2019.csv"
    old.write_bytes(files[2023].read_bytes())
    with pytest.raises(OutcomeError, match=r"an agreement that starts in 2020[\s\S]*YEAR=FILE"):
        backtest([str(old)], str(files[2024]))


def test_a_crosswalk_of_other_columns(files: dict[int, Path], tmp_path: Path) -> None:
    wrong = tmp_path / "ids.csv"
    wrong.write_text("old,new\n1,2\n", encoding="utf-8")
    with pytest.raises(OutcomeError, match="found:    old, new"):
        backtest([str(files[2023])], str(files[2024]), wrong)
    with pytest.raises(OutcomeError, match="No such file"):
        backtest([str(files[2023])], str(files[2024]), tmp_path / "none.csv")


def test_command_prints_the_scores(
    files: dict[int, Path], small: Backtest, vbsim_command: CommandLine, quick_luck: None
) -> None:
    words = ["--history", *(str(files[year]) for year in small.history), "--target",
             str(files[2024])]  # fmt: skip
    found = vbsim_command("backtest", *words, "--json", "-o", "out")
    assert json.loads(found.out) == small.summary()
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "figures", "forecasts.csv", "report.html", "scores.json"
    ]  # fmt: skip
    with Path("out/forecasts.csv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 41
    assert float(rows[0]["savings_rate_published"]) == pytest.approx(small.rate[0], abs=1e-6)
    assert float(rows[0]["savings_rate_p05"]) < float(rows[0]["savings_rate_p95"])
    # The folder is not overwritten.
    again = vbsim_command("backtest", *words, "-o", "out")
    assert again.code == 2
    assert "not an empty folder; choose another with -o" in again.err
    shown = vbsim_command("backtest", *words).out
    assert "2024 forecast from 2021 to 2023: 40 ACOs" in shown


def test_command_refuses_a_wrong_file(files: dict[int, Path], vbsim_command: CommandLine) -> None:
    found = vbsim_command("backtest", "--history", "none_2021.csv", "--target", str(files[2024]))
    assert found.code == 2
    assert "none_2021.csv" in found.err
    assert "Traceback" not in found.err
