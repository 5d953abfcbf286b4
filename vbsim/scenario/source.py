"""Reads the text of a scenario: safe YAML, with the line of every key.

Reading never executes: only plain scalars, lists and mappings are taken; tags, anchors and aliases
are refused (an alias can make a small file expand without bound), and so is a key given twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from vbsim.errors import Problem, ScenarioError

MAX_BYTES = 2_000_000
_PLAIN = "tag:yaml.org,2002:"
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Source:
    """A scenario's text as plain data, and where each part of it stands.

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
    places: Mapping[Path_, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Source:
        """Source of a scenario made in Python, which has no lines."""
        return cls("scenario", data)

    def problem(self, path: Path_, found: object, expected: str, todo: str = "") -> Problem:
        """Describe what is wrong at a path; the line is that of its nearest known ancestor."""
        file, line = self.file, None
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                file, line = self.places[path[:end]]
                break
        dotted = ".".join(map(str, path))
        return Problem(file, line, dotted, str(found), expected, todo)

    def over(self, base: Source) -> Source:
        """Lay this source over a baseline: mappings merge, everything else replaces."""
        places = {**base.places, **self.places}
        return Source(self.file, _merged(base.data, self.data), places)


def read_source(path: Path) -> Source:
    """Read one file.

    Raises
    ------
    ScenarioError
        If the file cannot be read, is no text, is too large, or is no plain YAML mapping.
    """
    text = _read_text(path)
    name = str(path)
    try:
        _refuse_aliases(name, text)
        node = YAML(typ="safe", pure=True).compose(StringIO(text))
    except YAMLError as error:
        raise ScenarioError([_yaml_problem(name, error)]) from None
    if not isinstance(node, MappingNode):
        found = "an empty file" if node is None else "no mapping of keys"
        raise ScenarioError(
            [
                Problem(
                    name,
                    1,
                    "",
                    found,
                    "a scenario: keys and values in YAML",
                    "start from 'vbsim new my_scenario'",
                )
            ]
        )
    problems: list[Problem] = []
    places: dict[Path_, tuple[str, int]] = {(): (name, 1)}
    data = _plain(name, node, (), places, problems)
    if problems:
        raise ScenarioError(problems)
    return Source(name, data, places)


def _read_text(path: Path) -> str:
    def wrong(found: str, expected: str, todo: str = "") -> ScenarioError:
        return ScenarioError([Problem(str(path), None, "", found, expected, todo)])

    if path.is_dir():
        raise wrong("a directory", "a scenario file", "name the YAML file inside it")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise wrong(f"{size:,} bytes", f"at most {MAX_BYTES:,} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise wrong("no such file", "a scenario file", "check the path") from None
    except UnicodeDecodeError as error:
        found = f"bytes that are no UTF-8 text (at byte {error.start})"
        raise wrong(found, "a YAML text file in UTF-8") from None
    except OSError as error:
        raise wrong(f"cannot be read ({error.strerror})", "a readable file") from None


def _refuse_aliases(name: str, text: str) -> None:
    for event in YAML(typ="safe", pure=True).parse(StringIO(text)):
        if isinstance(event, AliasEvent):
            raise ScenarioError(
                [
                    Problem(
                        name,
                        event.start_mark.line + 1,
                        "",
                        f"the alias *{event.anchor}",
                        "values written out",
                        "write the value here, or use extends",
                    )
                ]
            )


def _yaml_problem(name: str, error: YAMLError) -> Problem:
    line, what = None, "text that is no YAML"
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        what = error.problem or what
    return Problem(name, line, "", what, "valid YAML", "check indentation, colons and quotes")


def _plain(
    name: str,
    node: Node,
    path: Path_,
    places: dict[Path_, tuple[str, int]],
    problems: list[Problem],
) -> Any:
    line = node.start_mark.line + 1
    places.setdefault(path, (name, line))
    if isinstance(node, MappingNode):
        return _plain_mapping(name, node, path, places, problems)
    if isinstance(node, SequenceNode):
        return [
            _plain(name, item, (*path, number), places, problems)
            for number, item in enumerate(node.value)
        ]
    assert isinstance(node, ScalarNode)
    try:
        return _scalar(str(node.tag), node.value)
    except ValueError:
        problems.append(
            Problem(
                name,
                line,
                ".".join(map(str, path)),
                f"{node.tag} {node.value}",
                "a plain number, text, true, false or null",
                "take the tag or date away",
            )
        )
        return None


def _plain_mapping(
    name: str,
    node: MappingNode,
    path: Path_,
    places: dict[Path_, tuple[str, int]],
    problems: list[Problem],
) -> dict[Any, Any]:
    out: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = _plain(name, key_node, (*path, "?"), {}, problems)
        if not isinstance(key, str | int) or key in out:
            first = places.get((*path, key), ("", 0))[1] if isinstance(key, str | int) else 0
            twice = f"the key '{key}' a second time (first on line {first})"
            problems.append(
                Problem(
                    name,
                    line,
                    ".".join(map(str, path)),
                    twice if first else f"the key {key!r}",
                    "each key once, a word or a year",
                    "delete one of them",
                )
            )
            continue
        places[(*path, key)] = (name, line)
        out[key] = _plain(name, value_node, (*path, key), places, problems)
    return out


def _scalar(tag: str, text: str) -> str | int | float | bool | None:
    if not tag.startswith(_PLAIN):
        raise ValueError(tag)
    kind = tag.removeprefix(_PLAIN)
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "int":
        return int(text.replace("_", ""), 0)
    if kind == "float":
        return float(
            text.replace("_", "")
            .replace(".inf", "inf")
            .replace(".INF", "inf")
            .replace(".Inf", "inf")
            .replace(".nan", "nan")
            .replace(".NaN", "nan")
            .replace(".NAN", "nan")
        )
    raise ValueError(tag)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    out = dict(below)
    for key, value in above.items():
        old = out.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        out[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return out


def leaves(data: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Paths and values of all scalars and lists, in order."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, data
