"""YAML to Scenario: every problem of shape and range in one go, each with file and line."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from vbsim.errors import Problem, ScenarioError, did_you_mean
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Path_, Source, read_source

_EXPECTED = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "list_type": "a list",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "a name of small letters, digits and _, starting with a letter",
    "too_short": "at least {min_length} entry",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


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
        With every problem found: file, line, path in the file, found, expected, what to do.
    """
    return load_with(path, {})


def load_with(path: str | Path, changes: Mapping[str, Any]) -> Scenario:
    """Read a scenario file and replace some of its top-level values, as the command line does."""
    source = _extended(Path(path), ())
    return validate(replace(source, data={**source.data, **changes}))


def validate(source: Source) -> Scenario:
    """Check the shape of a source and make it a Scenario."""
    try:
        scenario = Scenario.model_validate(source.data)
    except ValidationError as error:
        raise ScenarioError(_problems(source, error)) from None
    scenario._source = source
    return scenario


def json_schema() -> str:
    """JSON schema of the scenario format, for editors."""
    schema = Scenario.model_json_schema()
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "another scenario, of the same folder or below, as the baseline",
    }
    return json.dumps(schema, indent=2)


def _extended(path: Path, seen: tuple[Path, ...]) -> Source:
    source = read_source(path)
    base = source.data.pop("extends", None)
    if base is None:
        return source
    resolved, folder = (path.parent / str(base)).resolve(), path.parent.resolve()
    if not isinstance(base, str) or not resolved.is_relative_to(folder):
        problem = source.problem(
            ("extends",), base, "a scenario file in this folder or below", "copy the file here"
        )
        raise ScenarioError([problem])
    if resolved in seen or resolved == path.resolve():
        problem = source.problem(("extends",), base, "another scenario", "the files form a circle")
        raise ScenarioError([problem])
    if not resolved.is_file():
        raise ScenarioError([source.problem(("extends",), base, "a file that exists")])
    return source.over(_extended(path.parent / base, (*seen, path.resolve())))


def _problems(source: Source, error: ValidationError) -> list[Problem]:
    """One problem per place: a union reports each branch, and only the nearest one is shown."""
    by_path: dict[Path_, list[Any]] = {}
    for item in error.errors():
        by_path.setdefault(_data_path(source.data, item["loc"]), []).append(item)
    deepest = {
        path: items
        for path, items in by_path.items()
        if not any(other[: len(path)] == path and len(other) > len(path) for other in by_path)
        or any(i["type"] in ("missing", "value_error") for i in items)
    }
    return [_problem(source, path, items) for path, items in deepest.items()]


def _data_path(data: Any, loc: tuple[str | int, ...]) -> Path_:
    """Keep the parts of a pydantic location that are keys of the data (not names of branches)."""
    path: list[str | int] = []
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if isinstance(data, dict) and part not in data and str(part).isdigit():
            part = int(part)
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if in_list or (isinstance(data, dict) and part in data):
            data = data[part]
        elif not (
            last and isinstance(data, dict) and isinstance(part, str) and part.isidentifier()
        ):
            continue
        path.append(part)
    return tuple(path)


def _problem(source: Source, path: Path_, items: list[Any]) -> Problem:
    item = items[0]
    kind = item["type"]
    if kind == "extra_forbidden":
        known = _fields(path[:-1])
        return source.problem(
            path,
            f"the unknown key '{path[-1]}'",
            "a key of the scenario format",
            did_you_mean(str(path[-1]), known),
        )
    if kind == "missing":
        parent = source.problem(path[:-1], "", "")
        return Problem(
            parent.file,
            parent.line,
            ".".join(map(str, path)),
            "nothing",
            f"the key '{path[-1]}'",
            "add it",
        )
    if kind == "value_error":
        message = str(item["ctx"]["error"])
        return source.problem(path, _shown(item["input"]), message)
    expected = " or ".join(dict.fromkeys(_expected(i) for i in items))
    hint = ""
    if kind == "literal_error" and isinstance(item["input"], str):
        allowed = [word.strip(" '") for word in item["ctx"]["expected"].split("or")]
        hint = did_you_mean(item["input"], [w for a in allowed for w in a.split("', '")])
    return source.problem(path, _shown(item["input"]), expected, hint)


def _expected(item: Any) -> str:
    text = _EXPECTED.get(item["type"], item["msg"])
    return text.format(**item.get("ctx", {}))


def _shown(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _fields(path: Path_) -> list[str]:
    """Keys of the schema's model at a path."""
    annotation: Any = Scenario
    for part in path:
        model = _model(annotation)
        if model is not None and part in model.model_fields:
            annotation = model.model_fields[str(part)].annotation
        else:
            annotation = _item(annotation)
    model = _model(annotation)
    return [*model.model_fields, *(["extends"] if model is Scenario else [])] if model else []


def _branches(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _branches(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [b for a in get_args(annotation) for b in _branches(a)]
    return [annotation]


def _model(annotation: Any) -> type[BaseModel] | None:
    for branch in _branches(annotation):
        if isinstance(branch, type) and issubclass(branch, BaseModel):
            return branch
    return None


def _item(annotation: Any) -> Any:
    for branch in _branches(annotation):
        if get_origin(branch) in (dict, list):
            return get_args(branch)[-1]
    return None
