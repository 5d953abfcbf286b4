"""What pydantic finds wrong with a scenario's shape, in the words of its user."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from vbsim.errors import Problem, did_you_mean
from vbsim.scenario.contracts import FORMS, form_of
from vbsim.scenario.schema import Scenario
from vbsim.scenario.shape import WRONG
from vbsim.scenario.source import Path_, Source, dotted, shown

_RANGES = (
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "finite_number",
)
_NUMBERS = ("float_type", "int_type", "int_from_float")
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
    "dict_type": "a mapping: keys and values",
    "list_type": "a list, such as [1, 2]",
    "literal_error": "{expected}",
    "string_pattern_mismatch": "a name of small letters, digits and _, beginning with a letter",
    "too_short": "at least {min_length} entry",
    "string_too_short": "some text",
    "string_too_long": "at most {max_length} characters",
    "model_type": "a mapping: keys and values",
    "model_attributes_type": "a mapping: keys and values",
    "invalid_key": "a word as a key",
}
_NO_FORM = ("union_tag_not_found", "union_tag_invalid")
Item = Any  # one entry of pydantic's ValidationError.errors()


def shape_problems(
    source: Source, error: ValidationError, model: type[BaseModel] = Scenario
) -> list[Problem]:
    """One problem per place: a union reports each branch, and only the nearest one is shown."""
    by_path: dict[Path_, list[Item]] = {}
    for item in error.errors():
        if item["type"] in _NO_FORM:
            continue  # names.py says what is wrong with its program or model
        by_path.setdefault(_data_path(source.data, item), []).append(item)
    found: list[Problem] = []
    for path, items in by_path.items():
        own = [item for item in items if item["type"] in ("missing", WRONG)]
        deeper = any(len(p) > len(path) and p[: len(path)] == path for p in by_path)
        if own:
            found += [problem for item in own for problem in _whole(source, path, item)]
        elif not deeper:
            found.append(_problem(source, path, items, model))
    return found


def _data_path(data: Any, item: Item) -> Path_:
    """Keep the parts of a pydantic location that are keys of the data (not names of branches)."""
    path: list[str | int] = []
    for part in item["loc"]:
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if isinstance(data, dict) and part not in data and str(part).isdigit():
            part = int(part)
        if in_list or (isinstance(data, dict) and part in data):
            path.append(part)
            data = data[part]
    # A missing key is in the location and not in the data.
    return (*path, item["loc"][-1]) if item["type"] == "missing" else tuple(path)


def _whole(source: Source, path: Path_, item: Item) -> list[Problem]:
    """Problems of an item that already says all there is to say."""
    if item["type"] == "missing":
        key = str(path[-1])
        return [source.problem(path, "nothing", f"the key '{key}'", "add it")]
    wrongs = item["ctx"]["wrongs"]
    return [
        source.problem(
            (*path, w.key) if w.key else path, w.found or shown(item["input"]), w.expected, w.todo
        )
        for w in wrongs
    ]


def _problem(source: Source, path: Path_, items: list[Item], model: type[BaseModel]) -> Problem:
    # A value of the right kind and out of range is not told that it might be of another kind.
    items = [item for item in items if item["type"] in _RANGES] or items
    value, kinds = items[0]["input"], {item["type"] for item in items}
    if "extra_forbidden" in kinds:
        return _unknown_key(source, path, model)
    expected = " or ".join(dict.fromkeys(_expected(item) for item in items))
    return source.problem(path, shown(value), expected, _todo(value, kinds, items))


def _unknown_key(source: Source, path: Path_, model: type[BaseModel]) -> Problem:
    key, group = str(path[-1]), dotted(path[:-1]) or "the scenario format"
    if len(path) == 3 and path[0] == "contracts":
        form = str(form_of(source.at(*path[:-1])))
        own = list(FORMS[form].Words.model_fields)
        if any(key in other.Words.model_fields for other in FORMS.values()):
            read = ", ".join(sorted(set(own) - {"program", "model"}))
            expected = f"only keys that {form} reads: {read}"
            return source.problem(path, f"'{key}'", expected, "take it out")
    else:
        own = _fields(source, path[:-1], model)
    return source.problem(
        path, f"the unknown key '{key}'", f"a key of {group}", did_you_mean(key, own)
    )


def _expected(item: Item) -> str:
    if item["loc"][-1] == "[key]" and item["type"] in _NUMBERS:
        return "a number as a key" if item["loc"][0] == "contracts" else "a year as a key"
    text = _EXPECTED.get(item["type"], item["msg"])
    return text.format(**{k: _number(v) for k, v in item.get("ctx", {}).items()})


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.15g}" if abs(value) >= 10_000 else f"{value:.15g}"


def _todo(value: object, kinds: set[str], items: list[Item]) -> str:
    """Say what to write instead, where the slip is plain to see."""
    if value is None:
        return "give the key a value, or delete it"
    if isinstance(value, str):
        return _todo_for_text(value, kinds, items)
    if "string_type" in kinds and isinstance(value, int | float):
        return f"put it in quotes: '{shown(value)}'"
    if "int_type" in kinds and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    return ""


def _todo_for_text(value: str, kinds: set[str], items: list[Item]) -> str:
    number = _as_number(value)
    if number and kinds & {*_NUMBERS}:
        return f"write {number}, without quotes"
    choices = [i["ctx"]["expected"] for i in items if i["type"] == "literal_error"]
    if words := re.findall(r"'(.+?)'", " ".join(choices)):
        return did_you_mean(value, words)
    name = re.sub(r"[^a-z0-9_]+", "_", value.lower()).strip("_")
    if "string_pattern_mismatch" in kinds and name[:1].isalpha():
        return f"write {name}"
    return ""


def _as_number(text: str) -> str:
    """Spell the number that a text such as '$10,000' or '2 %' means; empty if it means none."""
    bare = re.sub(r"[$,\s]", "", text)
    share = bare.endswith("%")
    try:
        number = float(bare.rstrip("%")) / (100.0 if share else 1.0)
    except ValueError:
        return ""
    return f"{number:.15g}" if math.isfinite(number) else ""


def _fields(source: Source, path: Path_, root: type[BaseModel]) -> list[str]:
    """Keys of the schema's model at a path."""
    annotation: Any = root
    below = path
    if len(path) > 2 and path[0] == "contracts":
        form = form_of(source.at(*path[:2]))
        annotation, below = FORMS[str(form)].Words, path[2:]
    for part in below:
        model = _model(annotation)
        if model is not None and part in model.model_fields:
            annotation = model.model_fields[str(part)].annotation
        else:
            annotation = _item(annotation)
    model = _model(annotation)
    if model is None:
        return []
    own = [field.alias or name for name, field in model.model_fields.items()]
    return [*own, *(["extends", "portfolio"] if model is Scenario else [])]


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
        if get_origin(branch) in (dict, list, Mapping):
            return get_args(branch)[-1]
    return None
