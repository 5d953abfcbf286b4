"""YAML to Scenario: every problem of shape and range in one go, each with file and line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vbsim.errors import ScenarioError
from vbsim.scenario.names import wrong_names
from vbsim.scenario.portfolio import KEY, Words, refuse_portfolio
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Source, read_source, shown
from vbsim.scenario.wording import shape_problems
from vbsim.scenario.yaml_text import nearest


def load(path: str | Path) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path
        The YAML file. Its ``extends`` may name another file of the same folder (or below) as the
        baseline: mappings merge, everything else replaces.

    Raises
    ------
    ScenarioError
        With every problem found: file, line, path in the file, found, expected, what to do; or if
        the file is a portfolio of many entities.
    """
    return load_with(path, {})


def load_with(path: str | Path, changes: Mapping[str, Any]) -> Scenario:
    """Read a scenario file and replace some of its top-level values, as the command line does."""
    source = read(path, changes)
    refuse_portfolio(source)
    return validate(source)


def read(path: str | Path, changes: Mapping[str, Any]) -> Source:
    """Read the words of a scenario file, its baseline merged in, and replace some values."""
    return _extended(Path(path), ()).replaced(changes)


def validate(source: Source) -> Scenario:
    """Check the shape of a source and make it a Scenario."""
    try:
        scenario = Scenario.model_validate(source.data)
    except ValidationError as error:
        shape = shape_problems(source, error)
        known = {(p.file, p.path) for p in shape}
        # What has the wrong shape is not looked up as well: one problem per place.
        names = [p for p in wrong_names(source) if (p.file, p.path) not in known]
        raise ScenarioError([*shape, *names]) from None
    scenario._source = source
    return scenario


def json_schema() -> str:
    """JSON schema of the scenario format, for editors."""
    schema = Scenario.model_json_schema()
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "another scenario, of the same folder or below, as the baseline",
    }
    schema["properties"][KEY] = Words.model_json_schema()
    # Of a portfolio, each entity has its own population and contracts.
    own = [key for key in schema["required"] if key in ("population", "contracts")]
    schema["required"] = [key for key in schema["required"] if key not in own]
    schema |= {"if": {"required": [KEY]}, "else": {"required": own}}
    return json.dumps(schema, indent=2)


def _extended(path: Path, seen: tuple[Path, ...]) -> Source:
    source = read_source(path)
    if "extends" not in source.data:
        return source
    base = source.data.pop("extends")
    below = _baseline(source, path, base, (*seen, path.resolve()))
    return source.over(_extended(below, (*seen, path.resolve())))


def _baseline(source: Source, path: Path, base: object, seen: tuple[Path, ...]) -> Path:
    """Path of the baseline that a file names, refused when it leads out or round."""

    def wrong(expected: str, todo: str = "") -> ScenarioError:
        return ScenarioError([source.problem(("extends",), shown(base), expected, todo)])

    if not isinstance(base, str) or not base.isprintable() or not base.strip():
        raise wrong("the name of a scenario file in this folder or below")
    below, folder = path.parent / base, path.parent.resolve()
    if not below.resolve().is_relative_to(folder):
        raise wrong("a scenario file in this folder or below", "copy the file here")
    if below.resolve() in seen:
        raise wrong("another scenario", "the files extend each other in a circle: break it")
    try:
        there = below.is_file()
    except OSError:
        there = False
    if not there:
        raise wrong("a file that exists in this folder or below", nearest(below))
    return below
