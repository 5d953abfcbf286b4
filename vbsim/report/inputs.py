"""What went in: figures and where each comes from, contract terms, population, manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields, is_dataclass
from pathlib import PurePath
from typing import Any, Protocol

import numpy as np

from vbsim.payment_models.stop_loss import Cover
from vbsim.plan import Plan
from vbsim.plots.text import number, words
from vbsim.rulebook import KINDS, Figure

_MANIFEST_WORDS = {
    "engine": "Engine",
    "random_numbers": "Random numbers",
    "seed": "Seed",
    "seeds": "Seeds of single streams that differ",
    "realizations": "Realizations",
    "block": "Realizations per block (never changes a number)",
    "started": "Started (UTC)",
    "resumed": "Resumed (UTC); the times below are of the last part",
    "simulation_seconds": "Time of simulation and settlement [s]",
    "wall_seconds": "Wall time [s]",
    "versions": "Versions",
    "sha256": "SHA-256 of inputs and results",
}
# Told elsewhere on the page.
_MANIFEST_SKIPS = {"name", "warnings", "unverified_figures"}
_MOST_NAMED = 6
_ABREAST = 4  # contracts whose terms stand side by side


@dataclass(frozen=True, slots=True)
class Family:
    """UNVERIFIED figures that share a source and a place in their file."""

    pattern: str
    count: int
    source: str


@dataclass(frozen=True, slots=True)
class TermTable:
    """Terms of the contracts that share their kind of terms: a column each."""

    labels: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One condition of one contract's program, in words."""

    key: str
    contract: str
    name: str
    asked: str
    found: str
    outcome: str
    figure: Figure

    @property
    def status(self) -> str:
        """Status of what is asked."""
        return self.figure.status


def shown_file(figure: Figure) -> str:
    """Name of a figure's file: below the package as it stands, a scenario without its folders."""
    path = PurePath(figure.file)
    if figure.file == "computed":
        return "computed by vbsim"
    return figure.file if path.parts[0] in KINDS else path.name


def shown_value(value: Any) -> str:
    """Write the value of a figure: a number, a word, or a small table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown_value(item)}" for key, item in value.items())
    if is_dataclass(value):
        return _shown_part(value)
    if isinstance(value, list | tuple):
        apart = "; " if any(is_dataclass(item) for item in value) else ", "
        return apart.join(
            f"({shown_value(item)})" if isinstance(item, list | tuple) else shown_value(item)
            for item in value
        )
    if isinstance(value, int | float | np.number):
        return _plain_number(float(value))
    return str(value)


def _shown_part(part: Any) -> str:
    """Write a part of a contract's terms, such as a quality measure: what is not as usual."""
    told = []
    for item in fields(part):
        value, key = getattr(part, item.name), item.name.replace("_", " ")
        if value is True:
            told.append(key)
        elif item.name != "name" and value != item.default:
            told.append(f"{key} {shown_value(value)}")
    return ": ".join(filter(None, [getattr(part, "name", ""), ", ".join(told)]))


def _plain_number(value: float) -> str:
    if not np.isfinite(value) or abs(value) >= 1e4:
        return number(value, 0 if float(value).is_integer() else 2)
    # Below five digits without separators, so that a year reads as one.
    return f"{value:.7g}".replace("-", "−")


def shown_status(figure: Figure) -> str:
    """Status of a figure; a table by name may have one per entry."""
    status: Any = figure.status
    if isinstance(status, Mapping):
        return ", ".join(f"{key}: {mark}" for key, mark in status.items())
    return str(status)


def families(figures: tuple[Figure, ...]) -> list[Family]:
    """UNVERIFIED figures, gathered so that a reader sees them all at a glance."""
    groups: dict[tuple[str, str, int], list[list[str]]] = {}
    for figure in figures:
        parts = figure.path.split(".")
        groups.setdefault((figure.file, figure.source, len(parts)), []).append(parts)
    return [Family(_pattern(paths), len(paths), source) for (_, source, _), paths in groups.items()]


def _pattern(paths: list[list[str]]) -> str:
    """One path for many: parts that differ are listed, or starred where there are too many."""
    shown = []
    for parts in zip(*paths, strict=True):
        names = list(dict.fromkeys(parts))
        if len(names) == 1:
            shown.append(names[0])
        else:
            shown.append("{" + ", ".join(names) + "}" if len(names) <= _MOST_NAMED else "*")
    return ".".join(shown)


class Cited(Protocol):
    """What rests on figures: a plan, or the plans of a portfolio."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Figures used, each once."""

    @property
    def unverified(self) -> tuple[Figure, ...]:
        """Those whose source has not been seen."""


def counts(plan: Cited) -> list[tuple[str, int, int]]:
    """File, figures used from it, and how many of those are UNVERIFIED."""
    used = Counter(shown_file(figure) for figure in plan.figures)
    unseen = Counter(shown_file(figure) for figure in plan.unverified)
    return [(file, count, unseen[file]) for file, count in used.items()]


def by_file(plan: Cited) -> dict[str, list[Figure]]:
    """Every figure used, below the name of its file."""
    files: dict[str, list[Figure]] = {}
    for figure in plan.figures:
        files.setdefault(shown_file(figure), []).append(figure)
    return files


def conditions(plan: Plan) -> list[ConditionRow]:
    """Conditions of the programs of all contracts, and whether each is met."""
    return [
        ConditionRow(
            contract.name,
            contract.label,
            condition.name,
            _heads_or_share(condition.figure.value),
            "" if condition.found is None else _heads_or_share(condition.found),
            condition.outcome,
            condition.figure,
        )
        for contract in plan.contracts
        for condition in contract.conditions
    ]


def _heads_or_share(value: float | bool) -> str:
    """Write what a condition asks or finds: yes or no, a share, or a number of members."""
    return number(value) if value >= 100.0 else shown_value(value)


def terms(plan: Plan) -> list[TermTable]:
    """Terms of all contracts in their first performance year, a table for each kind of terms."""
    groups: dict[type, list[tuple[str, Any]]] = {}
    for contract in plan.contracts:
        cover = contract.stop_loss[0] if contract.stop_loss else Cover()
        own = contract.economics[0] if contract.economics else None
        charged = contract.risk_based_capital
        for source in (contract.terms[0], cover.specific, cover.aggregate, own, charged):
            if is_dataclass(source) and fields(source):
                groups.setdefault(type(source), []).append((contract.label, source))
    return [
        _term_table(group[first : first + _ABREAST])
        for group in groups.values()
        for first in range(0, len(group), _ABREAST)
    ]


def _term_table(group: list[tuple[str, Any]]) -> TermTable:
    rows = [
        (words(item.name), [shown_value(getattr(source, item.name)) for _, source in group])
        for item in stated([source for _, source in group])
    ]
    return TermTable([label for label, _ in group], rows)


def stated(group: Sequence[Any]) -> list[Field[Any]]:
    """Terms of one kind that are not at their default in every one of several contracts.

    What is at its default in all of them is no part of those contracts, and telling it is noise.
    """
    return [
        item
        for item in fields(group[0])
        if any(getattr(source, item.name) != item.default for source in group)
    ]


def population(plan: Plan) -> list[dict[str, str]]:
    """Members and expected cost of every segment in the first performance year."""
    world, row = plan.world, int(np.argmax(plan.performance))
    rows = []
    for column, name in enumerate(world.segments):
        members = int(world.members[row, column])
        years = members * world.people[column].person_years_per_member
        rows.append(
            {
                "segment": words(name),
                "members": number(members),
                "person_years": number(years),
                "cost": number(world.expected_cost[row, column]),
                "truncated": number(world.expected_truncated[row, column]),
            }
        )
    return rows


def expected_total(plan: Plan) -> float:
    """Claims cost to expect in the first performance year without true savings [USD]."""
    world, row = plan.world, int(np.argmax(plan.performance))
    exposure = np.array([people.person_years_per_member for people in world.people])
    return float(np.sum(world.members[row] * exposure * world.expected_cost[row]))


def manifest_rows(manifest: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Everything that a manifest says about the computation: a name and one or more lines."""
    rows = []
    for key in sorted(manifest, key=_place):
        value = manifest[key]
        if key in _MANIFEST_SKIPS:
            continue
        lines = (
            [f"{name}: {item}" for name, item in value.items()] or ["none"]
            if isinstance(value, Mapping)
            else [_plain(value)]
        )
        rows.append((_MANIFEST_WORDS.get(key, words(key)), lines))
    return rows


def _plain(value: Any) -> str:
    # A seed is a name, not an amount: no thousands separators.
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def _place(key: str) -> tuple[int, str]:
    known = list(_MANIFEST_WORDS)
    return (known.index(key) if key in known else len(known), key)
