"""``vbsim rules``: every figure in force with its date, status and citation."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.scenario.base import CommandLine
from vbsim import rulebook
from vbsim.cli.rules import in_force

Show = Callable[[str, int], dict[str, dict[str, object]]]


@pytest.fixture
def figures(vbsim_command: CommandLine) -> Show:
    """Give every figure of a program in force in a year, by its path."""

    def show(program: str, year: int) -> dict[str, dict[str, object]]:
        code, out, err = vbsim_command("rules", "show", program, "--year", str(year), "--json")
        assert code == 0, err
        return {figure["path"]: figure for figure in json.loads(out)["figures"]}

    return show


def test_list(vbsim_command: CommandLine) -> None:
    found = json.loads(vbsim_command("rules", "list", "--json").out)
    years = {row["program"]: (row["first_year"], row["last_year"]) for row in found}
    assert years["mssp"] == (2013, 2026)
    assert years["aco_reach"] == (2021, 2026)
    assert "aco_reach" in vbsim_command("rules", "list").out


def test_a_year_has_its_own_tracks_and_values(figures: Show) -> None:
    before, after = figures("mssp", 2015), figures("mssp", 2022)
    assert before["sharing_rate"]["value"] == {"track_1": 0.5, "track_2": 0.6}
    assert next(iter(after["sharing_rate"]["value"])) == "basic_a"
    assert before["quality_scales_sharing"]["value"] is True
    assert after["quality_scales_sharing"]["value"] is False
    assert figures("mssp", 2020)["sequestration"]["value"] == 0.0
    assert figures("mssp", 2026)["quality_standard_score"]["value"] == 0.7385


def test_status_holds_by_name_and_by_date(figures: Show) -> None:
    old = figures("mssp", 2018)
    assert old["payment_limit.track_1"]["status"] == "V"
    assert old["payment_limit.track_3"]["status"] == "UNVERIFIED"
    assert figures("mssp", 2024)["sequestration"]["status"] == "V"
    assert figures("mssp", 2025)["sequestration"]["status"] == "UNVERIFIED"
    assert figures("aco_reach", 2022)["corridors"]["status"] == "V"
    assert figures("aco_reach", 2025)["corridors"]["status"] == "V2"


@pytest.mark.parametrize("program", rulebook.available("rules"))
def test_every_figure_is_cited_in_every_year(program: str) -> None:
    book = rulebook.read("rules", program)
    for year in range(book.first_year, book.last_year + 1):
        for figure in in_force(book, year):
            assert figure.source, figure.path
            assert figure.unit, figure.path
            assert figure.status in rulebook.STATUSES


def test_unverified_is_marked_on_the_page(vbsim_command: CommandLine) -> None:
    page = vbsim_command("rules", "show", "aco_reach", "--year", "2026").out
    assert "UNVERIFIED" in page
    assert "quality_withhold" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "msp"), "did you mean 'mssp'"),
        (("show", "mssp", "--year", "2012"), "2013 to 2026"),
    ],
)
def test_wrong_words(words: tuple[str, ...], message: str, vbsim_command: CommandLine) -> None:
    code, _, err = vbsim_command("rules", *words)
    assert code == 2
    assert message in err
