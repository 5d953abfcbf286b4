"""A file to YAML nodes; what cannot be read is refused in a user's words.

Nothing is expanded and nothing is executed: an anchor, an alias or deep nesting ends the reading
where it stands, before it can cost time or memory.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from yaml import MarkedYAMLError, Node, YAMLError
from yaml.composer import Composer
from yaml.reader import ReaderError
from yaml.resolver import BaseResolver

from vbsim.errors import Problem, ScenarioError, did_you_mean

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_DEEP = f"more than {MAX_DEPTH} levels of nesting"
_START = "start from: vbsim new my_scenario"
# What the parser says, and what it means to whoever wrote the file: found, expected, to do.
_MEANING = {
    "found a tab": ("a tab", "spaces", "indent with spaces, never with tabs"),
    "mapping values are not allowed": (
        "a colon where no key can stand",
        "one 'key: value' per line, all keys of a group equally indented",
        "check the indentation; put text that holds ': ' in quotes",
    ),
    "could not find expected ':'": (
        "a line without a colon",
        "'key: value'",
        "add the colon, or indent the line if it goes on with the one before",
    ),
    "that cannot start any token": (
        "a value that begins with one of % @ `",
        "text in quotes, or a number",
        "put the value in quotes; write 2 % as 0.02",
    ),
    "while scanning a quoted scalar": ("a quotation mark that is never closed", "a second one", ""),
    "while parsing a flow sequence": ("a list that begins with [ here", "its closing ]", ""),
    "while parsing a flow mapping": ("a mapping that begins with { here", "its closing }", ""),
    "while parsing a block": (
        "an indentation that fits no line above",
        "all keys of a group equally indented",
        "",
    ),
    "maximum nesting depth": (_DEEP, "a handful of levels", ""),
    "a single document": ("a second document, begun by ---", "one scenario per file", ""),
}
_NUMBER = "[-+]?[0-9][0-9_]*"
# What a plain word stands for: YAML 1.2, where ``no`` is a word and ``1e5`` a number.
_TAGS = {
    "bool": ("true|True|TRUE|false|False|FALSE", "tTfF"),
    "float": (
        rf"(?:{_NUMBER}\.[0-9_]*|[-+]?\.[0-9][0-9_]*|{_NUMBER}(?=[eE]))(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    "int": (rf"{_NUMBER}|[-+]?0(?:b[01_]+|o[0-7_]+|x[0-9a-fA-F_]+)", "-+0123456789"),
    "null": ("~|null|Null|NULL|", ["~", "n", "N", ""]),
    "timestamp": (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?", "0123456789"),
    "merge": ("<<", "<"),
    "value": ("=", "="),
}


class _Words(BaseResolver):
    """What plain words stand for."""


for _tag, (_pattern, _first) in _TAGS.items():
    _whole = re.compile(f"(?:{_pattern})$")
    _Words.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _whole, _first)


class _RefusedError(MarkedYAMLError):
    """Legal YAML that a scenario may not hold."""

    def __init__(self, event: Any, found: str, expected: str, todo: str = "") -> None:
        super().__init__(problem=found, problem_mark=event.start_mark)
        self.meaning = (found, expected, todo)


class _CarefulReader(_Words, Composer, yaml.CBaseLoader):
    """Reader that stops at an anchor, an alias or deep nesting instead of following it."""

    def __init__(self, text: str) -> None:
        yaml.CBaseLoader.__init__(self, text)
        Composer.__init__(self)
        self.nesting = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose one node, unless it is one of those."""
        event = self.peek_event()
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            raise _RefusedError(
                event,
                f"the anchor or alias '{anchor}' (& or *)",
                "values written out",
                "write the value in each place; put text that begins with & or * in quotes",
            )
        if self.nesting >= MAX_DEPTH:
            raise _RefusedError(event, _DEEP, "a handful of levels")
        self.nesting += 1
        node = super().compose_node(parent, index)
        self.nesting -= 1
        return node


class _Writer(_Words, yaml.SafeDumper):
    """Writer that puts in quotes what :class:`_CarefulReader` would take for no text."""


def read_text(path: Path) -> str:
    """Read a file as text.

    Raises
    ------
    ScenarioError
        If it is missing, cannot be opened, is too large or is no UTF-8 text.
    """
    try:
        if path.is_dir():
            todo = "name the YAML file inside it"
            raise _unreadable(path, "a folder", "a scenario file", todo)
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(path, "no such file", "a scenario file", nearest(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _unreadable(path, f"a file that cannot be opened: {reason}", "a scenario") from None
    if len(raw) > MAX_BYTES:
        found = f"a file of more than {MAX_BYTES:,} bytes"
        raise _unreadable(path, found, "a scenario, which is a short text", _START)
    return _decoded(path, raw)


def compose(file: str, text: str) -> Node:
    """Turn text into the tree of its nodes.

    Raises
    ------
    ScenarioError
        If the text is empty, no YAML, or holds anchors, aliases or deep nesting.
    """
    try:
        node = _CarefulReader(text).get_single_node()
    except YAMLError as error:
        raise ScenarioError([_problem(file, text, error)]) from None
    if node is None:
        what = "only comments" if text.strip() else "an empty file"
        raise ScenarioError([Problem(file, 1, "", what, "a scenario: keys and values", _START)])
    return node


def written(words: dict[str, Any]) -> str:
    """Write plain data as YAML."""
    text: str = yaml.dump(words, Dumper=_Writer, sort_keys=False, allow_unicode=True)
    return text


def nearest(path: Path) -> str:
    """Suggest scenario files that stand where a missing one was looked for."""
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml")]
    except OSError:
        return f"there is no folder '{path.parent}'"
    return did_you_mean(path.name, names) if names else _START


def _unreadable(path: Path, found: str, expected: str, todo: str = "") -> ScenarioError:
    return ScenarioError([Problem(str(path), None, "", found, expected, todo)])


def _decoded(path: Path, raw: bytes) -> str:
    if raw[:2] in _UTF_16:
        raise _unreadable(path, "text in UTF-16", "text in UTF-8", "save the file as UTF-8")
    if b"\0" in raw:
        raise _unreadable(path, "a binary file", "a YAML text file", _START)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"the byte {raw[error.start]:#x}, which is no UTF-8 text"
        problem = Problem(str(path), line, "", found, "text in UTF-8", "save the file as UTF-8")
        raise ScenarioError([problem]) from None


def _problem(file: str, text: str, error: YAMLError) -> Problem:
    if isinstance(error, ReaderError):
        line = text.encode().count(b"\n", 0, error.position) + 1
        found = f"the control character {error.character:#04x}"
        return Problem(file, line, "", found, "printable text", "delete it")
    if not isinstance(error, MarkedYAMLError):
        return Problem(file, None, "", "text that is no YAML", "valid YAML", "")
    at = error.problem_mark
    tab = at is not None and text[at.index : at.index + 1] == "\t"
    said = "found a tab" if tab else f"{error.context} {error.problem}"
    known = (meaning for phrase, meaning in _MEANING.items() if phrase in said)
    general = (f"no valid YAML: {error.problem}", "valid YAML", "check indentation and quotes")
    found, expected, todo = getattr(error, "meaning", None) or next(known, general)
    # What lacks its end is wrong where it begins, not where the parser gave up.
    opened = any(what in said for what in ("a quoted scalar", "parsing a flow", "a simple key"))
    mark = error.context_mark if opened else at
    return Problem(file, None if mark is None else mark.line + 1, "", found, expected, todo)
