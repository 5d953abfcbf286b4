"""Reads a dated, cited YAML table and returns the values in force on a date.

A table is a tree; a leaf is a mapping that has ``values`` (date -> value), ``unit``,
``description``, ``status`` and ``source``. Keys that the reader does not know are errors, so that
nothing in a file is silently ignored.

Status: ``V`` read in the named source or confirmed by replaying published settlements; ``V2`` read
in a named secondary source; ``D`` derived by arithmetic from V figures; ``UNVERIFIED`` a figure
whose source has not been seen, which is shown as such wherever it is used. A leaf has one mark, or
one per name of its table, or one per date from which the mark holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml

from vbsim.errors import RuleError, did_you_mean

STATUSES = ("V", "V2", "D", "UNVERIFIED")
KINDS = {"rules": "program", "assumptions": "assumption set"}
_LEAF_KEYS = {"description", "unit", "status", "source", "values", "note"}
_HEAD_KEYS = {"title", "authority", "verified_from", "verified_through", "sources", "parameters"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number (or small table) and where it came from."""

    path: str
    value: Any
    unit: str
    status: str
    source: str
    date: str
    file: str
    description: str = ""
    note: str = ""

    @property
    def verified(self) -> bool:
        """Whether a source for the figure has been seen."""
        return self.status != "UNVERIFIED"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One file of rules or assumptions.

    Parameters
    ----------
    kind, name, title, authority
        Folder and name of the file, and its head.
    first_year, last_year
        Years whose figures may be asked for.
    sources, parameters
        Citations by key; the tree of figures.
    carried_from
        Last verified year of a book that is carried forward, 0 otherwise.
    """

    kind: str
    name: str
    title: str
    authority: str
    first_year: int
    last_year: int
    sources: Mapping[str, str]
    parameters: Mapping[str, Any]
    carried_from: int = 0
    # Entities of a portfolio, and draws, ask for the same figures, hundreds of times each.
    _found: dict[tuple[str, date | int, str | None], Figure] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _carried: dict[int, Rulebook] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def file(self) -> str:
        """Name of the file below the package, for messages and citations."""
        return f"{self.kind}/{self.name}.yaml"

    def figure(self, path: str, on: date | int, key: str | None = None) -> Figure:
        """Return the figure in force on a date.

        Parameters
        ----------
        path
            Keys joined by dots, such as ``services.inpatient.utilization``.
        on
            The day (or a year, for its first day); the year must lie in the file's verified range.
        key
            Where the value is a table by name (by track, say): the name wanted.

        Raises
        ------
        RuleError
            If there is no such figure, or the year lies outside the verified range.
        """
        wanted = (path, on, key)
        if wanted not in self._found:
            self._found[wanted] = self._figure(path, _day(on), key)
        return self._found[wanted]

    def _figure(self, path: str, on: date, key: str | None) -> Figure:
        self.check_year(on.year)
        leaf = self._leaf(path)
        if not any(_day(day) <= on for day in leaf["values"]):
            first = min(leaf["values"], key=_day)
            raise RuleError(f"{self.file}: {path} has no value before {first}; asked for {on}")
        day, value = _in_force(leaf["values"], on)
        if key is not None:
            value = self._pick(path, value, key)
        return Figure(
            path=path if key is None else f"{path}.{key}",
            value=value,
            unit=str(leaf["unit"]),
            status="UNVERIFIED" if self._carries(on.year) else _mark(leaf["status"], on, key),
            source=self._cite(leaf["source"]),
            date=f"{day}, carried forward" if self._carries(on.year) else str(day),
            file=self.file,
            description=leaf["description"],
            note=self._note(leaf, on.year),
        )

    def by_name(self, names: Iterable[str], on: date | int, key: str) -> dict[str, Figure]:
        """Figures of several paths, with the entry of one name wherever a figure is a table."""
        found = {}
        for name in names:
            by_track = isinstance(self.figure(name, on).value, Mapping)
            found[name] = self.figure(name, on, key if by_track else None)
        return found

    def carried(self, through: int) -> Rulebook:
        """Carry the figures of the last verified year forward; what is carried is UNVERIFIED."""
        if through <= self.last_year:
            return self
        if through not in self._carried:
            known = self.carried_from or self.last_year
            self._carried[through] = replace(self, last_year=through, carried_from=known)
        return self._carried[through]

    def _carries(self, year: int) -> bool:
        return 0 < self.carried_from < year

    def _note(self, leaf: Mapping[str, Any], year: int) -> str:
        note = str(leaf.get("note", ""))
        if self._carries(year):
            note = f"{note} As of {self.carried_from}, carried forward.".strip()
        return note

    def check_year(self, year: int) -> None:
        """Raise RuleError unless the year lies in the verified range of the file."""
        if not self.first_year <= year <= self.last_year:
            raise RuleError(
                f"{self.file}: verified for {self.first_year} to {self.last_year}, "
                f"not for {year}; choose a year in that range, or add the year's values to the "
                "file and raise verified_through"
            )

    def children(self, path: str) -> list[str]:
        """Names below a path, in the order of the file."""
        return list(self._node(path))

    def has(self, path: str, on: date | int | None = None) -> bool:
        """Whether the file holds a figure or a branch at this path, and a value in force then."""
        node: Any = self.parameters
        for part in path.split("."):
            if not isinstance(node, Mapping) or part not in node:
                return False
            node = node[part]
        return on is None or any(_day(day) <= _day(on) for day in node["values"])

    def figures(self) -> Iterator[str]:
        """Paths of all figures of the file."""
        yield from _leaves(self.parameters, ())

    def _node(self, path: str) -> Mapping[str, Any]:
        node: Any = self.parameters
        for part in path.split("."):
            if not isinstance(node, Mapping) or "values" in node:
                raise RuleError(f"{self.file}: '{path}' goes on below a figure, at '{part}'")
            if part not in node:
                hint = did_you_mean(part, node)
                raise RuleError(f"{self.file}: no '{part}' in '{path}'; {hint}")
            node = node[part]
        return node

    def _leaf(self, path: str) -> Mapping[str, Any]:
        node = self._node(path)
        if "values" not in node:
            raise RuleError(f"{self.file}: '{path}' is a branch, not a figure")
        return node

    def _pick(self, path: str, table: Any, key: str) -> Any:
        if not isinstance(table, Mapping):
            raise RuleError(f"{self.file}: {path} is one value for all; found the name '{key}'")
        if key not in table:
            raise RuleError(f"{self.file}: {path}: no '{key}'; {did_you_mean(key, table)}")
        return table[key]

    def _cite(self, source: str) -> str:
        """Spell out the source keys of the file's head; citations are set apart by semicolons."""
        parts = []
        for part in source.split("; "):
            name, comma, section = part.partition(",")
            parts.append(self.sources.get(name.strip(), name) + comma + section)
        return "; ".join(parts)


@cache
def read(kind: str, name: str) -> Rulebook:
    """Read ``rules/<name>.yaml`` or ``assumptions/<name>.yaml`` of the package.

    Raises
    ------
    RuleError
        If there is no such file, or the file breaks its own format.
    """
    if name not in available(kind):
        raise RuleError(f"no {KINDS[kind]} '{name}'; {did_you_mean(name, available(kind))}")
    return parse(kind, name, text_of(f"{kind}/{name}.yaml"))


def text_of(file: str) -> str:
    """Text of a rule or assumption file, such as ``rules/mssp.yaml``."""
    return resources.files("vbsim").joinpath(file).read_text(encoding="utf-8")


def parse(kind: str, name: str, text: str) -> Rulebook:
    """Turn the text of a rule file into a Rulebook, checking its format."""
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    file = f"{kind}/{name}.yaml"
    if not isinstance(data, Mapping):
        raise RuleError(f"{file}: found no keys; expected {', '.join(sorted(_HEAD_KEYS))}")
    if set(data) != _HEAD_KEYS:
        odd = ", ".join(sorted(set(data) ^ _HEAD_KEYS))
        raise RuleError(f"{file}: keys missing or unknown: {odd}")
    for path in _leaves(data["parameters"], ()):
        _check_leaf(file, path, data["parameters"])
    return Rulebook(
        kind=kind,
        name=name,
        title=data["title"],
        authority=data["authority"],
        first_year=data["verified_from"],
        last_year=data["verified_through"],
        sources=data["sources"],
        parameters=data["parameters"],
    )


def available(kind: str) -> list[str]:
    """Names of the files of a kind that ship with the package."""
    folder = resources.files("vbsim").joinpath(kind)
    return sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".yaml"))


def _leaves(node: Any, path: tuple[str, ...]) -> Iterator[str]:
    # What is neither a branch nor a figure is given as a figure, so that _check_leaf refuses it.
    branch = isinstance(node, Mapping) and node and "values" not in node
    if not branch or not isinstance(next(iter(node.values())), Mapping):
        yield ".".join(path)
        return
    for name, below in node.items():
        yield from _leaves(below, (*path, str(name)))


def _check_leaf(file: str, path: str, tree: Mapping[str, Any]) -> None:
    leaf: Any = tree
    for part in path.split("."):
        leaf = leaf[part] if part in leaf else leaf[int(part)]
    if not isinstance(leaf, Mapping):
        raise RuleError(f"{file}: {path}: found {leaf!r}; expected a figure or a branch of figures")
    missing = (_LEAF_KEYS - {"note"}) - set(leaf)
    unknown = set(leaf) - _LEAF_KEYS
    if missing or unknown:
        raise RuleError(f"{file}: {path}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    status = leaf["status"]
    for mark in status.values() if isinstance(status, Mapping) else [status]:
        if mark not in STATUSES:
            raise RuleError(f"{file}: {path}: status '{mark}' is none of {STATUSES}")
    if not isinstance(leaf["values"], Mapping) or not leaf["values"]:
        raise RuleError(f"{file}: {path}: has no dated value; write for instance {{2024: 0.5}}")
    for day in leaf["values"]:
        if not isinstance(day, date | int):
            raise RuleError(f"{file}: {path}: found the date {day!r}; expected a year or a date")


def _in_force(dated: Mapping[Any, Any], on: date) -> tuple[Any, Any]:
    """Latest date that is not after a day, and what holds from it."""
    return max(
        ((day, value) for day, value in dated.items() if _day(day) <= on),
        key=lambda item: _day(item[0]),
    )


def _mark(status: Any, on: date, key: str | None) -> str:
    """Status of a figure on a day; of a whole table, the weakest mark of its names."""
    if not isinstance(status, Mapping):
        return str(status)
    if all(isinstance(day, date | int) for day in status):
        return str(_in_force(status, on)[1])
    if key is not None:
        return str(status[key])
    return str(max(status.values(), key=STATUSES.index))


def _day(value: date | int) -> date:
    return value if isinstance(value, date) else date(int(value), 1, 1)
