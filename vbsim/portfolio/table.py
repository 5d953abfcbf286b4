"""A table of entities: a row of words for each, in columns named by paths of the scenario format.

``population.segments.aged.person_years`` or ``contracts.mssp.track``, say; the column ``entity``
names the rows. An empty cell leaves the shared words as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vbsim.errors import Problem, ScenarioError
from vbsim.scenario.source import Path_, Source, leaves, plain_value

ENTITY = "entity"
_LONGEST = 60  # characters of a name
_SHOWN = 10  # problems in one message


def sources(path: Path) -> list[tuple[str, Source]]:
    """Words of every row, by the name of its entity; each knows its line.

    Raises
    ------
    ScenarioError
        If the file is no such table; with the first problems found.
    """
    lines = _lines(path)
    header = [cell.strip() for cell in lines[0][1]] if lines else []
    paths = _paths(path, header)
    found: dict[str, Source] = {}
    problems: list[Problem] = []
    for line, cells in lines[1:]:
        try:
            name = _name(path, line, header, cells, found)
            words = _words(path, line, paths, cells)
            found[name] = row_source(str(path), line, words, paths.values())
        except ScenarioError as error:
            problems += error.problems
    if not lines[1:]:
        problems.append(Problem(str(path), 1, "", "no row", "a row for each entity"))
    if problems:
        raise ScenarioError(problems[:_SHOWN])
    return list(found.items())


def row_source(
    file: str, line: int | None, words: dict[str, Any], columns: Iterable[Path_] = ()
) -> Source:
    """Give the words of a row as a source: each of them stands there, and so does an empty cell."""
    paths = {path[:end] for path, _ in leaves(words) for end in range(1, len(path) + 1)}
    paths |= set(columns)
    return Source(file, words, dict.fromkeys(paths, (file, line)))


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Rows that are not empty, each with the number of its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except (UnicodeDecodeError, csv.Error) as error:
        found = f"no table: {error}"
    except OSError as error:
        found = f"a file that cannot be read: {error.strerror}"
    expected = "a table with commas between its cells, saved as CSV UTF-8"
    raise ScenarioError([Problem(str(path), None, "", found, expected)])


def _paths(path: Path, header: list[str]) -> dict[int, Path_]:
    """Path that each column stands for, by its number."""
    problems = []
    if ENTITY not in header:
        found = f"the columns {', '.join(header)}" if header else "an empty file"
        expected = "a column entity with a name for each row"
        problems.append(Problem(str(path), 1, ENTITY, found, expected))
    for name in sorted({name for name in header if header.count(name) > 1}):
        problems.append(Problem(str(path), 1, name, "two columns of this name", "one"))
    parts = {n: _parts(name) for n, name in enumerate(header) if name != ENTITY}
    for number, one in parts.items():
        inside = [header[n] for n, other in parts.items() if len(other) > len(one) > 0 and
                  other[: len(one)] == one]  # fmt: skip
        if not all(one) or inside:
            found = f"the column {header[number] or '(without a name)'}"
            found += f" beside {inside[0]}" if inside else ""
            expected = "a path such as contracts.mssp.track, of one figure or word"
            problems.append(Problem(str(path), 1, header[number], found, expected))
    if problems:
        raise ScenarioError(problems)
    return parts


def _parts(name: str) -> Path_:
    return tuple(int(part) if part.isdecimal() else part for part in name.split("."))


def _name(
    path: Path, line: int, header: list[str], cells: list[str], taken: dict[str, Source]
) -> str:
    """Name of a row, which no other row has."""
    if len(cells) != len(header):
        found, expected = f"{len(cells)} cells", f"{len(header)}, one per column"
        raise ScenarioError([Problem(str(path), line, "", found, expected)])
    name = cells[header.index(ENTITY)].strip()
    if name and name not in taken and name.isprintable() and len(name) <= _LONGEST:
        return name
    found = f"{name} a second time" if name in taken else repr(name)
    expected = f"another name for each entity, of 1 to {_LONGEST} printable characters"
    raise ScenarioError([Problem(str(path), line, ENTITY, found, expected)])


def _words(path: Path, line: int, paths: dict[int, Path_], cells: list[str]) -> dict[Any, Any]:
    """Nested words of a row."""
    words: dict[Any, Any] = {}
    for number, parts in paths.items():
        if text := cells[number].strip():
            place = words
            for part in parts[:-1]:
                place = place.setdefault(part, {})
            place[parts[-1]] = _value(path, line, parts, text)
    return words


def _value(path: Path, line: int, parts: Path_, text: str) -> Any:
    try:
        return plain_value(str(path), text)
    except ScenarioError as error:
        column = ".".join(map(str, parts))
        raise ScenarioError([
            Problem(str(path), line, column, p.found, p.expected, p.todo) for p in error.problems
        ]) from None  # fmt: skip
