"""What an outcome file must hold, and under which names its columns have been published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vbsim.errors import OutcomeError, Problem, did_you_mean

YEAR = ("performance_year", "perf_year", "py", "year")


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a program's files; every name in lower case, the newest first.

    Parameters
    ----------
    columns
        Field -> names under which it was published.
    needed
        Fields without which no row can be settled.
    rates
        Fields that are rates -> what a fraction never reaches in that column.
    flags
        Fields that are yes or no.
    texts
        Fields that are neither numbers nor flags.
    words
        Words that stand for a number, by field.
    groups
        Named sets of flag columns, such as one flag per track: column -> what it stands for.
    entity
        What a row is of, for messages.
    todo
        What to do about a column that is missing.
    """

    columns: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    rates: Mapping[str, float]
    flags: frozenset[str]
    texts: frozenset[str]
    words: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    entity: str = "ACO"
    todo: str = "use CMS's file as published, comma-separated, with its line of column names"


@dataclass(frozen=True, slots=True)
class Header:
    """Where the fields stand in one file.

    Parameters
    ----------
    names
        Column names as published.
    places
        Field -> column number, for the fields that the file has.
    group
        Column number -> what the flag in it stands for.
    """

    names: tuple[str, ...]
    places: Mapping[str, int]
    group: Mapping[int, str]

    def name(self, field_: str) -> str:
        """Column name of a field as published, or the field itself."""
        return self.names[self.places[field_]] if field_ in self.places else field_


def locate(file: str, names: list[str], layout: Layout) -> Header:
    """Find the fields of a layout among the column names of a file.

    Raises
    ------
    OutcomeError
        If a needed column is missing, or one that is read stands there twice.
    """
    plain = [_plain(name) for name in names]
    known = {**layout.columns, "year": YEAR}
    places, problems = {}, []
    for name, published in known.items():
        found = [i for i, column in enumerate(plain) if column in published]
        # A newer name wins; the same name twice would leave the choice to chance.
        found.sort(key=lambda i: published.index(plain[i]))
        if len(found) > 1 and plain[found[0]] == plain[found[1]]:
            problems.append(_twice(file, names[found[0]]))
        if found:
            places[name] = found[0]
    group = {i: layout.groups[column] for i, column in enumerate(plain) if column in layout.groups}
    if len(set(group.values())) < len(group):
        problems.append(_twice(file, "a track flag"))
    absent = [name for name in layout.needed if name not in places]
    if layout.groups and not group and "track" not in places:
        absent.append("track")
    if absent:
        problems.append(_absent(file, names, layout, absent))
    if problems:
        raise OutcomeError(problems)
    return Header(tuple(name.strip() for name in names), places, group)


def _plain(name: str) -> str:
    # A cp1252 file may still carry the mark of a UTF-8 one.
    return name.removeprefix("ï»¿").strip().lower().replace(" ", "_").replace("-", "_")


def _twice(file: str, name: str) -> Problem:
    return Problem(file, 1, name, "two columns of this name", "one", "rename or drop one of them")


def _absent(file: str, names: list[str], layout: Layout, absent: list[str]) -> Problem:
    separator = next((sign for sign in (";", "\t", "|") if sign in names[0]), "")
    if len(names) == 1 and separator:
        found = f"cells separated by {separator!r}"
        return Problem(file, 1, "", found, "cells separated by commas", layout.todo)
    wanted = [" or ".join(layout.columns[name]) for name in absent]
    shown = ", ".join(name.strip() for name in names[:6])
    near = did_you_mean(layout.columns[absent[0]][0], [_plain(name) for name in names])
    todo = layout.todo
    if len(absent) > len(layout.needed) // 2:
        todo += f"; is it the right file, with a row for each {layout.entity}?"
    elif near.startswith("did you mean"):
        todo = f"{near} {todo}"
    more = " ..." if len(names) > 6 else ""
    found = f"{len(names)} columns: {shown}{more}"
    return Problem(file, 1, "", found, "also the columns " + ", ".join(wanted), todo)
