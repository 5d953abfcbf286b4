"""YAML to Scenario: every problem of shape and range in one go, each with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vbsim.errors import ScenarioError
from vbsim.generators import parameter
from vbsim.scenario.names import wrong_names
from vbsim.scenario.portfolio import KEY, Words, refuse_portfolio
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Source, read_source, shown
from vbsim.scenario.uncertain import named_as_beliefs, uncertain_of, with_means
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
    """Check the shape of a source and make it a Scenario, with means for uncertain figures."""
    uncertain, beliefs = uncertain_of(source)
    certain = with_means(source, uncertain)
    try:
        scenario = Scenario.model_validate(certain.data)
    except ValidationError as error:
        # What is no distribution, or has the wrong shape, is not looked up as well: one problem
        # per place.
        bad = {problem.path for problem in beliefs}
        found = shape_problems(certain, error)
        shape = [p for p in named_as_beliefs(found, uncertain) if not _inside(p.path, bad)]
        known = {(p.file, p.path) for p in (*beliefs, *shape)}
        names = [p for p in wrong_names(certain) if (p.file, p.path) not in known]
        raise ScenarioError([*beliefs, *shape, *names]) from None
    if beliefs:
        raise ScenarioError(beliefs)
    scenario._source, scenario._written, scenario._uncertain = certain, source, uncertain
    return scenario


def _inside(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}.") for place in places)


def json_schema() -> str:
    """JSON schema of the scenario format, for editors."""
    schema: dict[str, Any] = _or_belief(Scenario.model_json_schema())
    schema["$defs"]["Belief"] = _belief_schema()
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


def _or_belief(schema: Any) -> Any:
    """Let every number of a schema be a distribution as well."""
    if isinstance(schema, list):
        return [_or_belief(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {key: _or_belief(value) for key, value in schema.items()}
    if schema.get("type") != "number":
        return inside
    about = {key: inside.pop(key) for key in ("default", "title", "description") if key in inside}
    return {"anyOf": [inside, {"$ref": "#/$defs/Belief"}], **about}


def _belief_schema() -> dict[str, Any]:
    """Describe a distribution in the place of a figure."""
    return {
        "description": "what is believed of a figure that nobody knows for certain",
        "oneOf": [
            {
                "type": "object",
                "required": [name],
                "additionalProperties": False,
                "properties": {
                    name: {
                        "type": "object",
                        "required": list(family.keys),
                        "additionalProperties": False,
                        "properties": {key: {"type": "number"} for key in family.keys},
                    }
                },
            }
            for name, family in parameter.FAMILIES.items()
        ],
    }


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
