"""``vbsim doctor --validation``: verdicts, the page, and what moves an answer."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import small_scenario
from tests.scenario.base import CommandLine
from vbsim import rulebook
from vbsim.errors import ParameterError, RunFolderError
from vbsim.plots.validation import VALIDATION_FIGURES, tornado
from vbsim.report.validation import render, write_validation
from vbsim.scenario.load import validate as validate_words
from vbsim.scenario.resolve import resolve
from vbsim.scenario.source import Source
from vbsim.validation import (
    MISS,
    NOT_COMPUTED,
    PASS,
    Found,
    Moved,
    Target,
    Validation,
    evaluate,
    validate,
)
from vbsim.validation import sensitivity as of_answer
from vbsim.validation.base import Show, percent

of_module = import_module("vbsim.validation.sensitivity")


def target(key: str, value: float | None, published: float = 1.0, **changes: object) -> Target:
    compute = None if value is None else (lambda data: Found(value))
    words = {"within": 0.1, "show": Show(2)} | changes
    return Target(key, "a claim", "a source", "VERIFIED", published, compute, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "changes", "verdict"),
    [
        (1.1, {}, PASS),  # on the bound
        (1.11, {}, MISS),
        (1.4, {"between": (0.5, 1.5)}, PASS),
        (0.4, {"between": (0.5, 1.5)}, MISS),
    ],
)
def test_verdicts(value: float, changes: dict[str, object], verdict: str) -> None:
    assert evaluate(target("V1.a", value, **changes)).verdict == verdict


def test_a_simulated_figure_may_lie_three_standard_errors_away() -> None:
    for distance, verdict in ((2.9, PASS), (3.1, MISS)):
        one = target("V6.a", 1.0, within=float("nan"), errors=3.0)
        one = replace(one, compute=lambda data, d=distance: Found(1.0 + 0.01 * d, 0.01))
        assert evaluate(one).verdict == verdict
    assert one.shown_tolerance == "3 standard errors"


def test_what_is_left_out_says_why_and_is_no_news(tmp_path: Path) -> None:
    for one, reason in (
        (target("V9.a", None, expected=NOT_COMPUTED, reason="no such data"), "no such data"),
        (target("V2.a", 1.0, needs=("a.csv", "b.csv")), "needs a.csv and 1 more (--data FOLDER)"),
        (target("V3.a", 1.0, long=True), "takes long (--long)"),
    ):
        result = evaluate(one, tmp_path)
        assert (result.verdict, result.reason, result.shown) == (NOT_COMPUTED, reason, "–")
        assert result.as_recorded


def test_figures_in_words() -> None:
    one = target("V1.a", 0.0512, 0.05, within=0.0005, show=percent(1), tolerance="a reason")
    result = evaluate(one)
    assert one.shown_published == "5.0 %"
    assert one.shown_tolerance == "± 0.05 % (a reason)"
    assert (result.shown, result.gap, result.verdict) == ("5.1 %", "+0.1 %", MISS)
    assert result.deviation == pytest.approx(2.4)
    assert Show(0)(-1_234.4) == "−1,234"


CHOSEN = (
    target("V1.hit", 1.05),
    target("V1.known", 2.0, expected=MISS, reason="well known"),
    target("V12.absent", None, expected=NOT_COMPUTED, reason="no such data"),
)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Three targets in place of all."""
    monkeypatch.setattr("vbsim.validation.story.targets", lambda: CHOSEN)
    return monkeypatch


def test_json_tells_every_verdict(few: pytest.MonkeyPatch, vbsim_command: CommandLine) -> None:
    code, out, _ = vbsim_command("doctor", "--validation", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["counts"] == {PASS: 1, MISS: 1, NOT_COMPUTED: 1}
    assert found["as_recorded"] is True
    assert [one["verdict"] for one in found["targets"]] == [PASS, MISS, NOT_COMPUTED]
    assert found["targets"][1]["reason"] == "well known"
    assert not Path("runs").exists()


def test_the_page_is_written_and_named(few: pytest.MonkeyPatch, vbsim_command: CommandLine) -> None:
    code, out, _ = vbsim_command("doctor", "--validation")
    assert code == 0
    assert "miss V1.known: 2.00 against 1.00. well known" in out
    assert "runs/validation/report.html" in out
    page = Path("runs/validation/report.html").read_text(encoding="utf-8")
    for text in ("1 lie within their tolerance and 1 do not", "well known", "no such data"):
        assert text in page
    assert page.count("data:image/png;base64,") == 1
    assert not re.search(r"src=\"(?!data:)", page)
    assert json.loads(Path("runs/validation/validation.json").read_text())["counts"][PASS] == 1


def test_a_verdict_that_is_not_on_record_ends_with_1(
    few: pytest.MonkeyPatch, vbsim_command: CommandLine
) -> None:
    few.setattr("vbsim.validation.story.targets", lambda: (target("V1.hit", 5.0), *CHOSEN[1:]))
    code, out, _ = vbsim_command("doctor", "--validation")
    assert code == 1
    assert "not as recorded: V1.hit: miss, recorded pass" in out
    page = Path("runs/validation/report.html").read_text(encoding="utf-8")
    assert "1 verdict differs from the one on record" in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--validation", "--data", "nowhere"], "data: found nowhere, which is no folder"),
        (["--data", "."], "without --validation; add it"),
        (["--validation", "--sensitivity", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_wrong_words(
    few: pytest.MonkeyPatch, vbsim_command: CommandLine, arguments: list[str], told: str
) -> None:
    code, _, err = vbsim_command("doctor", *arguments)
    assert code == 2
    assert told in err
    assert "Traceback" not in err


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(RunFolderError, match="is not an empty folder"):
        write_validation(validate(chosen=CHOSEN), tmp_path)


MOVES = {
    "services.inpatient.unit_cost_cv": 1.1,
    "services.snf.unit_cost_cv": 0.9,
    "services.snf.unit_cost_family": "gamma",
    "enrollment_types.disabled.relative_utilization.ed": 2.0,
}


@pytest.fixture(scope="module")
def moved() -> Validation:
    """A validation with a scenario whose answer a few figures were moved for."""
    scenario = small_scenario(uncertainty={"true_savings": {"normal": {"mean": 0.0, "sd": 0.025}}})
    seen: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_module, "_movable", lambda plan, book: (MOVES, {"rules": ("one",)}))
        found = of_answer(scenario, lambda *done: seen.append(done), realizations=400)
    assert seen[-1] == (5, 5)  # four figures, and both spreads of unit costs at once
    return Validation(validate(chosen=CHOSEN).results, found)


def test_every_figure_is_moved_to_its_ends(moved: Validation) -> None:
    assert moved.sensitivity is not None
    by_path = {one.path: one for one in moved.sensitivity.moved}
    assert set(by_path) == {*MOVES, "all.unit_cost_cv", of_module.PRIOR}
    assert by_path["services.inpatient.unit_cost_cv"].ends == (0.947, 1.311)
    assert by_path["services.snf.unit_cost_family"].ends == ("lognormal",)
    ends = by_path["enrollment_types.disabled.relative_utilization.ed"].ends
    assert ends == pytest.approx((1.6, 2.4))
    assert [one.path for one in moved.sensitivity.moved if one.verified] == [of_module.PRIOR]
    for one in moved.sensitivity.moved:
        for changes in one.changes.values():
            assert len(changes) == (1 if "family" in one.path else 2)
            assert all(change.error > 0.0 for change in changes)


def test_a_moved_figure_stands_elsewhere_and_no_other() -> None:
    book = rulebook.read("assumptions", "medicare_ffs")
    path = "services.outpatient.cost_per_person_year"
    other = of_module.with_figure(book, path, 2654, 1.2 * 2654)
    for year in (2016, 2022):
        assert other.figure(path, year).value == pytest.approx(1.2 * book.figure(path, year).value)
    table = "enrollment_types.disabled.relative_utilization"
    other = of_module.with_figure(book, f"{table}.ed", 2.0, 2.4)
    assert other.figure(table, 2022).value == book.figure(table, 2022).value | {"ed": 2.4}
    assert {p for p in book.figures() if other.figure(p, 2022) != book.figure(p, 2022)} == {table}


def test_a_figure_of_none_is_moved_too() -> None:
    """Nothing in proportion to 0 is anything else: the end stands in its place."""
    book, path = rulebook.read("assumptions", "commercial"), "uncertainty.composition_cv"
    value = book.figure(path, 2022).value
    assert value == 0.0
    low, high = of_module.ends_of(path, value)
    assert (low, of_module.with_figure(book, path, value, high).figure(path, 2022).value) == (
        0.0, high,
    )  # fmt: skip
    assert high > 1.0


def test_a_plan_rests_on_the_assumption_set_that_it_is_given() -> None:
    book = rulebook.read("assumptions", "medicare_ffs")
    path = "uncertainty.pandemic_probability"
    other = of_module.with_figure(book, path, 0.025, 0.03)
    plan = resolve(small_scenario(), book=other)
    assert plan.systematic.shocks.pandemic_probability == pytest.approx(0.03)
    assert resolve(small_scenario()).systematic.shocks.pandemic_probability == 0.025


def test_changes_that_are_no_noise_come_first() -> None:
    answers = dict.fromkeys(of_module.ANSWERS, Found(1.0, 0.1))

    def one(path: str, value: float, error: float) -> Moved:
        change = (Found(value, error), Found(0.0, error))
        return Moved(path, "", 1.0, (0.8, 1.2), False, dict.fromkeys(of_module.ANSWERS, change))

    rows = [one("noise", 0.2, 0.1), one("small", 0.05, 0.001), one("large", -0.1, 0.001)]
    assert [m.path for m in of_module.ordered(rows, answers)] == ["large", "small", "noise"]


def test_uncertain_figures_are_refused() -> None:
    words = small_scenario().source.data
    belief = {"uncertainty": {"trend_sd": {"uniform": {"low": 0.01, "high": 0.02}}}}
    with pytest.raises(ParameterError, match=r"uncertainty\.trend_sd: found a distribution"):
        of_answer(validate_words(Source.of_data(words | belief)))


@pytest.mark.parametrize("name", VALIDATION_FIGURES)
def test_every_figure_draws_and_no_text_leaves_it(name: str, moved: Validation) -> None:
    figure = VALIDATION_FIGURES[name].draw(moved)
    assert figure is not None
    figure.canvas.draw()
    for text in [*figure.texts, *(t for axes in figure.axes for t in axes.texts)]:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0, text.get_text()
        assert box.x1 <= figure.bbox.x1 + 1.0, text.get_text()
    for label in figure.axes[0].get_yticklabels():
        assert label.get_window_extent().x0 >= 0.0, label.get_text()
    assert VALIDATION_FIGURES[name].caption.endswith(".")


def test_registry_names_every_figure() -> None:
    folder = Path(import_module("vbsim.plots.validation").__file__ or "").parent
    modules = {f"validation.{path.stem}" for path in folder.glob("*.py")} - {"validation.__init__"}
    assert modules == {entry.module for entry in VALIDATION_FIGURES.values()}


def test_the_page_shows_what_was_moved(moved: Validation, tmp_path: Path) -> None:
    write_validation(moved, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    for text in ("All 6 moves", "0.947 and 1.311, stated", "1 figures (rules)"):
        assert text in page
    plain = json.loads((tmp_path / "out" / "validation.json").read_text(encoding="utf-8"))
    assert len(plain["sensitivity"]["moved"]) == 6
    assert "--sensitivity SCENARIO" in render(Validation(moved.results), {})


def test_paths_in_words() -> None:
    for path, words in {
        "services.inpatient.unit_cost_cv": "Inpatient, unit cost cv",
        "enrollment_types.esrd.ill_ratio": "ESRD, ill ratio",
        "members.ill_persistence": "Ill persistence",
        "all.unit_cost_cv": "All together: unit cost cv",
    }.items():
        assert tornado.label(path) == words
