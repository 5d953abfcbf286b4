"""Entities of a portfolio: each is a scenario of its own, made of the shared words and of a row.

A scenario with the key ``portfolio`` says what all entities share; a file says in which words each
differs: a results file of CMS, or a table (:mod:`vbsim.portfolio.table`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbsim.errors import Problem, ScenarioError
from vbsim.outcomes import mssp_words
from vbsim.portfolio import table
from vbsim.scenario.load import read, validate
from vbsim.scenario.portfolio import KEY, Shared, is_portfolio, shared_words
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Source, shown

_SHOWN = 10  # problems in one message


@dataclass(frozen=True)
class Portfolio:
    """Entities, each a scenario.

    Parameters
    ----------
    name, description
        From the scenario file.
    source
        The words that all entities share, and the key ``portfolio``.
    file
        Where the entities come from.
    entities
        Scenario of each entity, by its name.
    warnings
        What is unusual but legal.
    """

    name: str
    description: str
    source: Source
    file: Path
    entities: dict[str, Scenario]
    warnings: tuple[str, ...] = ()


def load_portfolio(
    path: str | Path,
    results_file: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Portfolio:
    """Read a scenario file of many entities.

    Parameters
    ----------
    path
        The YAML file, with the key ``portfolio``.
    results_file
        A results file of CMS, in place of the file that the scenario names.
    changes
        Top-level values to replace, such as ``{"realizations": 1000}``.

    Raises
    ------
    ScenarioError, OutcomeError
        If the scenario has one entity, or with the first problems of the entities.
    """
    source = read(path, changes or {})
    if not is_portfolio(source):
        todo = "add it, or use vbsim.load and vbsim.run, which take a scenario of one entity"
        raise ScenarioError([source.problem((KEY,), "nothing", f"the key '{KEY}'", todo)])
    return entities_of(source, None if results_file is None else Path(results_file))


def entities_of(source: Source, results_file: Path | None = None) -> Portfolio:
    """Make the scenario of every entity.

    Parameters
    ----------
    source
        Words of a scenario file with the key ``portfolio``.
    results_file
        Results file of CMS, in place of the file that the scenario names.

    Raises
    ------
    ScenarioError, OutcomeError
        With the first problems of the entities.
    """
    if results_file is not None:
        source = _replaced(source, results_file)
    words = shared_words(source)
    base = Source(source.file, {k: v for k, v in source.data.items() if k != KEY}, source.places)
    file = results_file or _file(source, words)
    warnings: tuple[str, ...] = ()
    if words.portfolio.results_file is not None:
        rows = _of_results(file, words.start_year)
        warnings = _other_year(file, words.start_year)
    else:
        rows = table.sources(file)
    return Portfolio(words.name, words.description, source, file, _validated(base, rows), warnings)


def _replaced(source: Source, results_file: Path) -> Source:
    """Put the results file of the command line in the place of the scenario's own."""
    own = {key: value for key, value in source.below(KEY).items() if key != "entities_file"}
    words = source.data | {KEY: own | {"results_file": str(results_file)}}
    return Source(source.file, words, {**source.places, (KEY, "results_file"): ("--puf", None)})


def _file(source: Source, words: Shared) -> Path:
    """File that the scenario names: of its own folder, or below."""
    key = "results_file" if words.portfolio.results_file is not None else "entities_file"
    name = str(getattr(words.portfolio, key))
    folder = Path(source.file).parent
    path = folder / name
    inside = path.resolve().is_relative_to(folder.resolve())
    if inside and path.is_file():
        return path
    if key == "results_file":
        todo = "name the file where it is: --puf FILE"
    else:
        todo = "correct the name" if inside else "copy it there"
    found = f"{shown(name)}, which " + ("is not there" if inside else "leads out of the folder")
    expected = "a file in the folder of the scenario or below"
    raise ScenarioError([source.problem((KEY, key), found, expected, todo)])


def _of_results(path: Path, year: int) -> list[tuple[str, Source]]:
    return [
        (name, table.row_source(f"{path.name}, {name}", None, words))
        for name, words in mssp_words.entities(path, year)
    ]


def _other_year(path: Path, year: int) -> tuple[str, ...]:
    """Warn of a file whose name speaks of other years: the file itself does not say its year."""
    named = re.findall(r"(?<!\d)20\d\d(?!\d)", path.name)
    if not named or str(year) in named:
        return ()
    return (
        f"{path.name} is read as results of {year}, the start_year; its name speaks of "
        f"{' and '.join(dict.fromkeys(named))}",
    )


def _validated(base: Source, rows: Iterable[tuple[str, Source]]) -> dict[str, Scenario]:
    found: dict[str, Scenario] = {}
    problems: dict[Problem, None] = {}  # what is wrong in the shared words is told once
    for name, own in rows:
        try:
            # An empty cell is the place of what is missing, not of what all share.
            places = {
                path: place
                for path, place in own.places.items()
                if path not in base.places or own.at(*path) is not None
            }
            words = Source(own.file, {"name": name} | own.data, places)
            found[name] = validate(words.over(base))
        except ScenarioError as error:
            problems |= dict.fromkeys(error.problems)
            if len(problems) >= _SHOWN:
                break
    if problems:
        raise ScenarioError(list(problems)[:_SHOWN])
    return found
