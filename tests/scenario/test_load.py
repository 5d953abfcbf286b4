"""What is right: baselines, numbers as people write them, line numbers, schema and round trip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vbsim
from tests.conftest import PORTFOLIOS, REPOSITORY, SCENARIOS
from tests.scenario.base import BASE, changed, line_of
from vbsim import rulebook
from vbsim.payment_models import MODELS
from vbsim.plan import Plan
from vbsim.scenario import names
from vbsim.scenario.contracts import BY_MODEL, BY_PROGRAM, FORMS
from vbsim.scenario.load import json_schema, load_with
from vbsim.scenario.resolve import as_yaml
from vbsim.scenario.source import read_source
from vbsim.scenario.yaml_text import written

SHIPPED = sorted([*SCENARIOS, *(REPOSITORY / "vbsim" / "scenario" / "templates").glob("*.yaml")])


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a file and return its path."""

    def to_file(text: str, name: str = "scenario.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_is_right(path: Path) -> None:
    plan = vbsim.resolve(vbsim.load(path))
    assert plan.contracts
    assert np.isfinite(plan.world.expected_cost).all()


def test_the_small_scenario_is_right(write: Any) -> None:
    plan = vbsim.resolve(vbsim.load(write(BASE)))
    assert [contract.name for contract in plan.contracts] == [
        "enhanced",
        "basic_b",
        "global_risk",
        "fee",
    ]


def test_a_baseline_merges_mappings_and_replaces_the_rest(write: Any) -> None:
    write(BASE, "sub/base.yaml")
    child = """\
extends: sub/base.yaml
name: Child
population:
  segments:
    aged:
      per_capita: {2021: 10500}
benchmark:
  base_years: [2021]
  weights: equal
outputs: {owing_more_than: [1, 2, 3]}
"""
    found = vbsim.load(write(child, "child.yaml"))
    assert found.name == "Child"
    assert found.description == "Two contracts"
    assert found.population.members == 6000
    assert found.population.segments["aged"].per_capita == {2020: 9800.0, 2021: 10500.0}
    assert found.benchmark is not None
    assert found.benchmark.mode == "simulated"
    assert found.benchmark.base_years == [2021]
    assert found.benchmark.weights == "equal"
    assert found.outputs.owing_more_than == [1.0, 2.0, 3.0]
    assert found.outputs.reference == "enhanced"
    assert list(found.contracts) == ["enhanced", "basic_b", "global_risk", "fee"]


def test_a_baseline_may_have_a_baseline(write: Any) -> None:
    write(BASE, "a.yaml")
    write("extends: a.yaml\nseed: 2\nrealizations: 30\n", "b.yaml")
    found = vbsim.load(write("extends: b.yaml\nrealizations: 40\n", "c.yaml"))
    assert (found.seed, found.realizations, found.start_year) == (2, 40, 2022)


def test_nothing_takes_a_key_of_the_baseline_away(write: Any) -> None:
    write(BASE, "base.yaml")
    child = (
        "extends: base.yaml\ncontracts: {global_risk: {pmpm: null, expected_cost_share: 1.01}}\n"
    )
    found = vbsim.load(write(child, "child.yaml")).contracts["global_risk"]
    assert (found.pmpm, found.expected_cost_share) == (None, 1.01)
    assert vbsim.resolve(vbsim.load(write(child, "child.yaml")))


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("100_000", 100_000.0),
        ("100000.0", 100_000.0),
        ("1e5", 100_000.0),
        ("1.5E+5", 150_000.0),
        ("+100000", 100_000.0),
    ],
)
def test_numbers_as_people_write_them(words: str, meant: float, write: Any) -> None:
    text = changed("attachment: 100000", f"attachment: {words}")
    assert vbsim.load(write(text)).stop_loss["specific"].attachment == meant


def test_a_whole_number_is_taken_where_any_number_is_wanted(write: Any) -> None:
    found = vbsim.load(write(changed("retention: 0.9", "retention: 1"))).population.retention
    assert found == 1.0
    assert isinstance(found, float)


def test_text_that_looks_like_something_else_stays_text(write: Any) -> None:
    text = changed("name: A small ACO", "name: '2022'").replace("Two contracts", "no")
    found = vbsim.load(write(text))
    assert (found.name, found.description) == ("2022", "no")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "marked.yaml"
    path.write_text(BASE, encoding="utf-8-sig")
    assert vbsim.load(path).name == "A small ACO"


def test_every_part_knows_its_line(write: Any) -> None:
    path = write(BASE)
    places = read_source(path).places
    assert places[()] == (str(path), line_of(BASE, "vbsim: 1"))
    for mark, part in {
        "population:": ("population",),
        "    aged:": ("population", "segments", "aged"),
        "per_capita:": ("population", "segments", "aged", "per_capita", 2021),
        "base_years:": ("benchmark", "base_years", 1),
        "  fee:": ("contracts", "fee"),
    }.items():
        assert places[part] == (str(path), line_of(BASE, mark))


def test_what_the_command_line_gives_replaces_what_the_file_says(write: Any) -> None:
    found = load_with(write(BASE), {"seed": 9, "realizations": 50})
    assert (found.seed, found.realizations) == (9, 50)
    assert "realizations: 50" in as_yaml(found)


def same_numbers(one: Plan, other: Plan) -> None:
    for name in ("members", "price", "expected_cost", "expected_truncated", "rate"):
        np.testing.assert_array_equal(getattr(one.world, name), getattr(other.world, name))
    assert one.systematic == other.systematic
    assert [c.terms for c in one.contracts] == [c.terms for c in other.contracts]
    assert [c.stop_loss for c in one.contracts] == [c.stop_loss for c in other.contracts]
    assert (one.seed, one.realizations, one.start_year, one.reference) == (
        other.seed,
        other.realizations,
        other.start_year,
        other.reference,
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_written_reads_back_to_the_same_plan(path: Path, write: Any) -> None:
    plan = vbsim.resolve(vbsim.load(path))
    again = vbsim.resolve(vbsim.load(write(plan.scenario)))
    same_numbers(plan, again)
    assert again.scenario == plan.scenario


def test_text_that_looks_like_something_else_is_written_as_text(write: Any) -> None:
    """Also what YAML 1.1 would read as text and 1.2 as a number, and the other way round."""
    words = ["1e5", "0o7", "1_000", "2022-01-01", "no", "=", "<<", "~", "", "true", ".inf", "- a"]
    data = {"name": words, "seed": [1e-5, 1e300, -3, True, None], "contracts": {}}
    assert read_source(write(written(data))).data == data


def test_a_merged_scenario_reads_back_to_the_same_plan(write: Any) -> None:
    write(BASE, "base.yaml")
    plan = vbsim.resolve(vbsim.load(write("extends: base.yaml\nseed: 5\n", "child.yaml")))
    assert "extends" not in plan.scenario
    same_numbers(plan, vbsim.resolve(vbsim.load(write(plan.scenario, "merged.yaml"))))


def branches(schema: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    """Alternatives of a part of a JSON schema, references followed."""
    if "$ref" in part:
        part = schema["$defs"][part["$ref"].rsplit("/", 1)[1]]
    if choices := part.get("anyOf", part.get("oneOf")):
        return [found for branch in choices for found in branches(schema, branch)]
    return [part]


def unknown_to(schema: dict[str, Any], part: dict[str, Any], data: Any) -> list[str]:
    """Keys of the data that a JSON schema does not know, in the branch that knows most."""
    if not isinstance(data, dict):
        return []
    return min((unknown_to_branch(schema, b, data) for b in branches(schema, part)), key=len)


def unknown_to_branch(schema: dict[str, Any], branch: dict[str, Any], data: Any) -> list[str]:
    found: list[str] = []
    for key, value in data.items():
        named = branch.get("properties", {}).get(str(key))
        free = [branch.get("additionalProperties"), *branch.get("patternProperties", {}).values()]
        below = [named] if named else [b for b in free if b]
        if not below:
            found.append(str(key))
        found += min((unknown_to(schema, b, value) for b in below if b is not True), default=[])
    return found


@pytest.mark.parametrize("path", [*SHIPPED, *PORTFOLIOS], ids=lambda path: path.stem)
def test_the_json_schema_knows_every_key_that_is_shipped(path: Path) -> None:
    schema = json.loads(json_schema())
    data = read_source(path).data
    assert unknown_to(schema, schema, data) == []
    assert set(schema["required"]) <= set(data)
    assert unknown_to(schema, schema, data | {"sede": 1}) == ["sede"]


def test_the_json_schema_names_the_top_level_keys() -> None:
    schema = json.loads(json_schema())
    assert set(schema["properties"]) == {*vbsim.Scenario.model_fields, "extends", "portfolio"}
    assert schema["additionalProperties"] is False


def test_every_form_is_reached_by_a_program_or_a_model() -> None:
    assert set(BY_PROGRAM.values()) | set(BY_MODEL.values()) == set(FORMS)
    # One rule holds for contracts of any program, which state that it does.
    assert set(BY_PROGRAM) == set(rulebook.available("rules")) - {
        "physician_incentive_plan",
        "risk_based_capital",
    }
    assert set(BY_MODEL) <= set(MODELS)


def test_every_stream_that_may_be_seeded_is_drawn_from() -> None:
    package = REPOSITORY / "vbsim"
    others = ("simulate.py", "plan.py", "scenario/uncertain.py")
    files = [*(package / name for name in others), *(package / "engines").glob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert [name for name in names.STREAMS if f'"{name}"' not in text] == []
