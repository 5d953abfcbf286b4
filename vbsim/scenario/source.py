"""A scenario's text as plain data that knows the line of every key.

Only plain scalars, lists and mappings are taken: a tag, a date, a key given twice is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from vbsim.errors import Problem, ScenarioError
from vbsim.scenario.yaml_text import compose, read_text

_PLAIN = "tag:yaml.org,2002:"
_SHOWN = 60
Path_ = tuple[str | int, ...]
Places = Mapping[Path_, tuple[str, int | None]]


@dataclass(frozen=True)
class Source:
    """A scenario's words as plain data, and where each part of it stands.

    Parameters
    ----------
    file
        Name of the file, as the user gave it.
    data
        Plain mappings, lists and scalars.
    places
        (file, line) of each path.
    """

    file: str
    data: dict[str, Any]
    places: Places = field(default_factory=dict)

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Source:
        """Source of a scenario made in Python, which has no lines."""
        return cls("scenario", data)

    def problem(self, path: Path_, found: str, expected: str, todo: str = "") -> Problem:
        """Describe what is wrong at a path; the line is that of its nearest known ancestor."""
        known = (path[:end] for end in range(len(path), -1, -1) if path[:end] in self.places)
        nearest = next(known, None)
        file, line = (self.file, None) if nearest is None else self.places[nearest]
        return Problem(file, line, dotted(path), found, expected, todo)

    def at(self, *path: str | int) -> Any:
        """Give the value at a path; ``None`` where there is none."""
        value: Any = self.data
        for part in path:
            inside = isinstance(value, Mapping) and part in value
            if not inside and not (isinstance(value, list) and part in range(len(value))):
                return None
            value = value[part]
        return value

    def below(self, *path: str | int) -> dict[Any, Any]:
        """Give the mapping at a path; empty where there is none."""
        value = self.at(*path)
        return value if isinstance(value, dict) else {}

    def over(self, base: Source) -> Source:
        """Lay this source over a baseline: mappings merge, everything else replaces."""
        places = {**base.places, **self.places}
        return Source(self.file, _merged(base.data, self.data), places)

    def replaced(self, changes: Mapping[str, Any]) -> Source:
        """Replace top-level values by what was given on the command line."""
        given: Places = {(key,): (f"--{key}", None) for key in changes}
        return Source(self.file, {**self.data, **changes}, {**self.places, **given})


def dotted(path: Path_) -> str:
    """Spell a path as a user reads it."""
    return ".".join(map(str, path))


def shown(value: object) -> str:
    """Spell a value as a user wrote it, cut when it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        if not value:
            return "an empty mapping"
        return f"a mapping of keys ({', '.join(map(str, value))})"[:_SHOWN]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' * (value < 0)}.inf"
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def read_source(path: Path) -> Source:
    """Read one file.

    Raises
    ------
    ScenarioError
        If the file cannot be read or is no plain YAML mapping; all tags, dates and doubled keys of
        the file in one go.
    """
    file = str(path)
    root = compose(file, read_text(path))
    if not isinstance(root, MappingNode):
        text = isinstance(root, ScalarNode) and root.value
        found = f"the text {shown(text)}" if text else "a list or nothing"
        todo = "start from: vbsim new my_scenario"
        expected = "a scenario: keys and values"
        raise ScenarioError([Problem(file, root.start_mark.line + 1, "", found, expected, todo)])
    reading = _Reading(file)
    data = reading.plain(root, ())
    if reading.problems:
        raise ScenarioError(reading.problems)
    return Source(file, data, reading.places)


def plain_value(file: str, text: str) -> Any:
    """Plain data that a short text stands for, as it would in a scenario.

    Raises
    ------
    ScenarioError
        If it is no plain YAML.
    """
    reading = _Reading(file)
    value = reading.plain(compose(file, text), ())
    if reading.problems:
        raise ScenarioError(reading.problems)
    return value


def leaves(data: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Paths and values of all scalars and lists, in order."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, data


@dataclass
class _Reading:
    """Nodes of one file on their way to plain data."""

    file: str
    places: dict[Path_, tuple[str, int | None]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def plain(self, node: Node, path: Path_) -> Any:
        """Plain data of a node; what is not plain is recorded as a problem."""
        self.places.setdefault(path, (self.file, node.start_mark.line + 1))
        kind = str(node.tag).removeprefix(_PLAIN)
        if isinstance(node, MappingNode) and kind == "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and kind == "seq":
            return [self.plain(item, (*path, n)) for n, item in enumerate(node.value)]
        if isinstance(node, ScalarNode) and kind in _SCALARS:
            try:
                return _SCALARS[kind](node.value)
            except ValueError:
                self._wrong(node, path, _shown_scalar(node), "a number as it is usually written")
        elif kind in ("timestamp", "value"):
            todo = f"write the year alone, {node.value[:4]}, or put text in quotes"
            self._wrong(node, path, _shown_scalar(node), "a number or text", todo)
        else:
            tag = kind if kind.startswith("!") else f"!!{kind}"
            self._wrong(node, path, f"the tag {tag}", "plain values", "take the tag away")
        return None

    def _mapping(self, node: MappingNode, path: Path_) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if key in out:
                found = f"'{key}' a second time (first on line {self.places[here][1]})"
                self._wrong(key_node, here, found, "each key once", "delete one of the two")
                continue
            self.places[here] = (self.file, key_node.start_mark.line + 1)
            out[key] = self.plain(value_node, here)
        return out

    def _key(self, node: Node, path: Path_) -> str | int | None:
        """Key of an entry: a word or a year."""
        kind = str(node.tag).removeprefix(_PLAIN)
        if kind == "str":
            return str(node.value)
        if kind == "int" and node.value.isdecimal():
            return int(node.value)
        found = _shown_scalar(node) if isinstance(node, ScalarNode) else "a list or mapping"
        todo = "write the keys out, or use extends" if kind == "merge" else "put text in quotes"
        self._wrong(node, path, f"{found} as a key", "a word or a year as the key", todo)
        return None

    def _wrong(self, node: Node, path: Path_, found: str, expected: str, todo: str = "") -> None:
        line = node.start_mark.line + 1
        self.problems.append(Problem(self.file, line, dotted(path), found, expected, todo))


def _whole(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-")
    if len(digits) > 30 or (len(digits) > 1 and digits[0] == "0" and digits.isdecimal()):
        raise ValueError(text)
    return int(text.replace("_", ""), 0)


def _decimal(text: str) -> float:
    return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "null": lambda text: None,
    "bool": lambda text: text.lower() in ("true", "yes", "on", "y"),
    "int": _whole,
    "float": _decimal,
}


def _shown_scalar(node: Node) -> str:
    text = str(node.value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    out = dict(below)
    for key, value in above.items():
        old = out.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        out[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return out
