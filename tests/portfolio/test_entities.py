"""A file of entities to scenarios; what is wrong is told with file, line and column."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vbsim
from tests.conftest import PORTFOLIOS
from tests.portfolio.samples import SCENARIO, TABLE, write
from tests.scenario.base import CommandLine, listing
from vbsim.errors import ScenarioError
from vbsim.portfolio import resolve_portfolio

SIZE = "population.segments.aged.person_years"
# What is changed in the table, and what the message says: place, found, expected.
WRONG_TABLES = [
    ("entity,name", "id,name", "entities.csv:1: entity", "the columns id, name", "a column entity"),
    ("north,", "east,", "entities.csv:3: entity", "east a second time", "another name for each"),
    ("west,West", ",West", "entities.csv:4: entity", "''", "1 to 60 printable"),
    (",9000,", ",,", f"entities.csv:3: {SIZE}", "nothing", "the key"),
    (",9000,", ",-9000,", f"entities.csv:3: {SIZE}", "-9000", "more than 0"),
    (",9000,", ",many,", f"entities.csv:3: {SIZE}", "'many'", "a num"),
    (
        "9000,enhanced",
        "9000,enhansed",
        "entities.csv:3: contracts.mssp.track",
        "'enhansed'",
        "a tr",
    ),
    (",9000,", ",9000,7,", "entities.csv:3", "5 cells", "4, one per column"),
    (".track", ".trak", "entities.csv:2: contracts.mssp.trak", "'trak'", "key of contracts.mssp"),
    ("entity,name", "entity,entity", "entities.csv:1: entity", "two columns of this name", "one"),
    (TABLE.split("\n", 1)[1], "", "entities.csv:1", "no row", "a row for each entity"),
    ("\neast", "\n'east\0", "entities.csv", "", "printable"),
]


@pytest.mark.parametrize(("old", "new", "place", "found", "expected"), WRONG_TABLES)
def test_a_wrong_table_is_told_with_its_place(
    old: str, new: str, place: str, found: str, expected: str, vbsim_command: CommandLine
) -> None:
    assert TABLE.count(old) == 1
    path = write(Path.cwd(), TABLE.replace(old, new))
    before = listing(Path.cwd())
    ended = vbsim_command("run", path.name)
    assert ended.code == 2
    assert ended.out == ""
    assert "Traceback" not in ended.err
    for words in (place, found, expected):
        assert words in ended.err
    assert listing(Path.cwd()) == before


def test_what_is_wrong_in_the_shared_words_is_told_once(tmp_path: Path) -> None:
    path = write(tmp_path, scenario=SCENARIO.replace("mode: simulated", "mode: simulatd"))
    with pytest.raises(ScenarioError) as error:
        resolve_portfolio(vbsim.load_portfolio(path))
    assert len(error.value.problems) == 1
    assert "three.yaml:13: benchmark.mode" in str(error.value)


@pytest.mark.parametrize(
    ("file", "message"),
    [("missing.csv", "which is not there"), ("../entities.csv", "leads out of the folder")],
)
def test_the_file_must_lie_in_the_folder_of_the_scenario(
    file: str, message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    write(tmp_path)
    path = write(folder, scenario=SCENARIO.replace("entities.csv", file))
    with pytest.raises(ScenarioError, match=rf"portfolio\.entities_file\n.*{message}"):
        vbsim.load_portfolio(path)


def test_a_portfolio_names_one_file(tmp_path: Path) -> None:
    path = write(tmp_path, scenario=SCENARIO.replace("  entities_file: entities.csv\n", "  {}\n"))
    with pytest.raises(ScenarioError, match="results_file"):
        vbsim.load_portfolio(path)


def test_each_kind_of_scenario_has_its_own_door(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(ScenarioError, match=r"use vbsim\.load_portfolio and vbsim\.run_portfolio"):
        vbsim.load(path)
    single = tmp_path / "single.yaml"
    single.write_text(re.sub("portfolio:\n.*\n", "", SCENARIO), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"use vbsim\.load and vbsim\.run"):
        vbsim.load_portfolio(single)


def test_a_row_stands_over_the_shared_words(tmp_path: Path) -> None:
    plan = resolve_portfolio(vbsim.load_portfolio(write(tmp_path), changes={"realizations": 5}))
    assert plan.entities == ["east", "north", "west"]
    assert [one.name for one in plan.plans] == ["East Group", "north", "West Group"]
    labels = [one.contracts[0].label for one in plan.plans]
    assert labels == ["MSSP BASIC B", "MSSP ENHANCED", "MSSP ENHANCED"]
    assert plan.realizations == 5


def test_an_empty_cell_takes_the_shared_word(tmp_path: Path) -> None:
    shared = SCENARIO.replace("aged_non_dual}", "aged_non_dual, person_years: 500}")
    found = vbsim.load_portfolio(write(tmp_path, TABLE.replace(",9000,", ",,"), shared)).entities
    sizes = [found[name].population.segments["aged"].person_years for name in ("north", "west")]
    assert sizes == [500, 30000]
    wrong = write(tmp_path, TABLE.replace(",9000,", ",,"), shared.replace(": 500}", ": -5}"))
    with pytest.raises(ScenarioError, match=r"three\.yaml:11: population.segments.aged"):
        vbsim.load_portfolio(wrong)


def test_every_shipped_portfolio_is_known() -> None:
    assert [path.stem for path in PORTFOLIOS] == ["five_groups", "mssp_2022_program"]
