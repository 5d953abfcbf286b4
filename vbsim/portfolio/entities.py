"""Entities of a portfolio: each is a scenario of its own, made of the shared words and of a row.

A scenario with the key ``portfolio`` says what all entities share; a file says in which words each
differs: a results file of CMS, or a table whose column names are paths of the scenario format, such
as ``population.segments.aged.person_years`` or ``contracts.mssp.track``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from vbsim.errors import Problem, ScenarioError
from vbsim.outcomes import mssp_words
from vbsim.scenario.load import validate
from vbsim.scenario.schema import Scenario
from vbsim.scenario.shape import Label, Part, Text, one_of, refuse
from vbsim.scenario.source import Source, plain_value, shown
from vbsim.scenario.wording import shape_problems

KEY = "portfolio"
_SHOWN = 10  # entities whose problems are told


class Words(Part):
    """Where the entities come from."""

    results_file: Text | None = Field(
        default=None, description="CMS's results file: its ACOs, as known before the year"
    )
    entities_file: Text | None = Field(
        default=None, description="table with an entity per row; columns are paths of this format"
    )

    @model_validator(mode="after")
    def _one_file(self) -> Words:
        refuse(one_of(self, "results_file", "entities_file"))
        return self


class _Shared(Part):
    """The part of a portfolio's file that is read here."""

    name: Label
    description: Text = ""
    portfolio: Words


@dataclass(frozen=True)
class Portfolio:
    """Entities, each a scenario.

    Parameters
    ----------
    name, description
        From the scenario file.
    source
        The words that all entities share.
    file
        Where the entities come from.
    entities
        Scenario of each entity, by its name.
    """

    name: str
    description: str
    source: Source
    file: Path
    entities: dict[str, Scenario]


def is_portfolio(source: Source) -> bool:
    """Whether a scenario file is of many entities."""
    return KEY in source.data


def entities_of(source: Source, results_file: Path | None = None) -> Portfolio:
    """Make the scenario of every entity.

    Parameters
    ----------
    source
        Words of a scenario file with the key ``portfolio``.
    results_file
        Results file given on the command line, which replaces the file's own.

    Raises
    ------
    ScenarioError, OutcomeError
        With the problems of the first entities that have any.
    """
    shared = _shared(source, results_file)
    words = shared.portfolio
    base = Source(source.file, {k: v for k, v in source.data.items() if k != KEY}, source.places)
    if words.results_file is not None:
        path = results_file or _beside(source, "results_file", words.results_file)
        rows = mssp_words.entities(path, _year(source))
    else:
        path = _beside(source, "entities_file", str(words.entities_file))
        rows = _rows(path)
    found, problems = {}, []
    for name, own in rows:
        try:
            words_of_own = Source(f"{path.name}, {name}", {"name": name} | own)
            found[name] = validate(words_of_own.over(base))
        except ScenarioError as error:
            problems += error.problems
            if len(problems) >= _SHOWN:
                break
    if problems:
        raise ScenarioError(problems)
    return Portfolio(shared.name, shared.description, source, path, found)


def _shared(source: Source, results_file: Path | None) -> _Shared:
    if results_file is not None:
        own = {k: v for k, v in source.below(KEY).items() if k != "entities_file"}
        changed = {KEY: own | {"results_file": str(results_file)}}
        source = Source(source.file, source.data | changed, source.places)
    keys = [key for key in _Shared.model_fields if key in source.data]
    try:
        return _Shared.model_validate({key: source.data[key] for key in keys})
    except ValidationError as error:
        raise ScenarioError(shape_problems(source, error)) from None


def _year(source: Source) -> int:
    year = source.at("start_year")
    if not isinstance(year, int):
        raise ScenarioError([source.problem(
            ("start_year",), shown(year), "the performance year of the results file",
        )])  # fmt: skip
    return year


def _beside(source: Source, key: str, name: str) -> Path:
    """File that a scenario names: of its own folder, or below."""
    folder = Path(source.file).parent
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        todo = "copy it there, or name a results file on the command line with --puf"
        raise ScenarioError([source.problem(
            (KEY, key), shown(name), "a file of the scenario's folder or below", todo
        )])  # fmt: skip
    if not path.is_file():
        todo = "correct the name, or name a results file on the command line with --puf FILE"
        raise ScenarioError([source.problem((KEY, key), shown(name), "a file that exists", todo)])
    return path


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Words of every row of a table, by the name in its column ``entity``."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        table = csv.DictReader(text)
        columns = table.fieldnames or []
        if "entity" not in columns:
            found = f"the columns {', '.join(columns)}" if columns else "an empty file"
            raise ScenarioError([Problem(
                str(path), 1, "entity", found, "a column entity with a name for each row"
            )])  # fmt: skip
        seen: dict[str, int] = {}
        for row in table:
            name, line = (row.pop("entity") or "").strip(), table.line_num
            if not name or name in seen or None in row or None in row.values():
                raise ScenarioError([_bad_row(path, line, name, seen)])
            seen[name] = line
            yield name, _nested(f"{path}, {name}", row)


def _bad_row(path: Path, line: int, name: str, seen: dict[str, int]) -> Problem:
    if name and name not in seen:
        return Problem(str(path), line, "", "more or fewer cells than columns", "a cell for each")
    found = f"{name} again, first in row {seen[name]}" if name else "no name"
    return Problem(str(path), line, "entity", found, "another name for each entity")


def _nested(file: str, row: dict[str, str]) -> dict[str, Any]:
    """Turn dotted columns into nested words; an empty cell leaves the shared words as they are."""
    words: dict[str | int, Any] = {}
    for path, text in row.items():
        if text.strip():
            *above, last = (int(part) if part.isdecimal() else part for part in path.split("."))
            place = words
            for part in above:
                place = place.setdefault(part, {})
            place[last] = plain_value(file, text.strip())
    return {str(key): value for key, value in words.items()}
