"""A file to YAML nodes; what cannot be read is refused in a user's words.

Nothing is expanded and nothing is executed: an anchor, an alias or deep nesting ends the reading
where it stands, before it can cost time or memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from vbsim.errors import Problem, ScenarioError, did_you_mean

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_START = "start from: vbsim new my_scenario"
# What the parser says, and what it means to whoever wrote the file: found, expected, to do.
_MEANING = {
    "found character '\\t'": ("a tab", "spaces", "indent with spaces, never with tabs"),
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
    "a single document": ("a second document, begun by ---", "one scenario per file", ""),
}


class _RefusedError(MarkedYAMLError):
    """Legal YAML that a scenario may not hold."""

    def __init__(self, event: Any, found: str, expected: str, todo: str = "") -> None:
        super().__init__(problem=found, problem_mark=event.start_mark)
        self.meaning = (found, expected, todo)


class _CarefulComposer(Composer):
    """Composer that stops at an anchor, an alias or deep nesting instead of following it."""

    nesting = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose one node, unless it is one of those."""
        event = self.parser.peek_event()
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            raise _RefusedError(
                event,
                f"the anchor or alias '{anchor}' (& or *)",
                "values written out",
                "write the value in each place; put text that begins with & or * in quotes",
            )
        if self.nesting >= MAX_DEPTH:
            found = f"more than {MAX_DEPTH} levels of nesting"
            raise _RefusedError(event, found, "a handful of levels")
        self.nesting += 1
        node = super().compose_node(parent, index)
        self.nesting -= 1
        return node


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
    reader = YAML(typ="safe", pure=True)
    reader.Composer = _CarefulComposer
    try:
        node = reader.compose(text)
    except YAMLError as error:
        raise ScenarioError([_problem(file, text, error)]) from None
    if node is None:
        what = "only comments" if text.strip() else "an empty file"
        raise ScenarioError([Problem(file, 1, "", what, "a scenario: keys and values", _START)])
    return node


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
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        found = f"the control character {code:#04x}"
        return Problem(file, line, "", found, "printable text", "delete it")
    if not isinstance(error, MarkedYAMLError):
        return Problem(file, None, "", "text that is no YAML", "valid YAML", "")
    said = f"{error.context} {error.problem}"
    known = (meaning for phrase, meaning in _MEANING.items() if phrase in said)
    general = (f"no valid YAML: {error.problem}", "valid YAML", "check indentation and quotes")
    found, expected, todo = getattr(error, "meaning", None) or next(known, general)
    # What lacks its end is wrong where it begins, not where the parser gave up.
    opened = any(what in said for what in ("a quoted scalar", "parsing a flow", "a simple key"))
    mark = error.context_mark if opened else error.problem_mark
    return Problem(file, None if mark is None else mark.line + 1, "", found, expected, todo)
