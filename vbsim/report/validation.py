"""A validation as files: the page with its figures, and the verdicts as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vbsim.plots.text import number, percent
from vbsim.plots.validation import VALIDATION_FIGURES
from vbsim.plots.validation.tornado import label
from vbsim.report.inputs import shown_value
from vbsim.report.page import embedded, template
from vbsim.report.page_folder import write_page
from vbsim.validation import (
    GROUPS,
    MISS,
    NOT_COMPUTED,
    PASS,
    Found,
    Moved,
    Result,
    Sensitivity,
    Validation,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Targets that share a number."""

    key: str
    words: str
    results: tuple[Result, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class MovedRow:
    """One moved figure in words."""

    name: str
    path: str
    value: str
    ends: str
    changes: list[str]
    verified: bool


def write_validation(found: Validation, out: Path) -> None:
    """Write ``report.html``, ``figures/`` and ``validation.json`` into a new folder.

    Raises
    ------
    RunFolderError
        If ``out`` exists and is not an empty folder.
    """
    write_page(out, VALIDATION_FIGURES, found, render, "validation.json")


def render(found: Validation, figures: dict[str, Path]) -> str:
    """Write the page: HTML that holds its figures and needs no network."""
    drawn = {one["name"]: one for one in embedded(VALIDATION_FIGURES, figures)}
    return template("validation.html.j2").render(
        found=found,
        counts=found.counts(),
        groups=list(groups(found)),
        verdicts=(PASS, MISS, NOT_COMPUTED),
        misses=[one for one in found.results if one.verdict == MISS],
        figures=drawn,
        sensitivity=found.sensitivity,
        answer=None if found.sensitivity is None else answer(found.sensitivity),
        moved=[] if found.sensitivity is None else list(moved_rows(found.sensitivity)),
    )


def groups(found: Validation) -> Iterator[Group]:
    """Targets by number."""
    for key, words in GROUPS.items():
        if results := found.of(key):
            yield Group(key, words, results, found.counts(key))


def answer(found: Sensitivity) -> dict[str, str]:
    """Give the answer as it stands, with standard errors."""
    shows: dict[str, Callable[[float], str]] = {
        "prob_loss": percent,
        "mean": _thousands,
        "tvar_95": _thousands,
    }
    return {
        key: f"{shows[key](one.value)} ± {shows[key](one.error)}"
        for key, one in found.answers.items()
    }


def moved_rows(found: Sensitivity) -> Iterator[MovedRow]:
    """Every moved figure, the one that changes the answer most on top."""
    shows: dict[str, Callable[[float], str]] = {
        "prob_loss": _points,
        "mean": _thousands,
        "tvar_95": _thousands,
    }
    for one in found.moved:
        changes = [
            change for key, show in shows.items() for change in _pair(one.changes[key], show)
        ]
        yield MovedRow(
            label(one.path),
            one.path,
            "" if one.value is None else shown_value(one.value),
            _ends(one),
            changes,
            one.verified,
        )


def _ends(one: Moved) -> str:
    if not one.ends:
        return "each to its ends"
    words = " and ".join(map(shown_value, one.ends))
    return f"{words}, stated" if one.stated else words


def _pair(changes: tuple[Found, ...], show: Callable[[float], str]) -> list[str]:
    cells = [_change(one, show) for one in changes]
    return cells if len(cells) == 2 else ["", *cells]


def _change(one: Found, show: Callable[[float], str]) -> str:
    text = show(one.value)
    return f"{text if text.startswith('−') else '+' + text} ± {show(one.error)}"


def _points(share: float) -> str:
    return number(100.0 * share, 2)


def _thousands(usd: float) -> str:
    return number(usd / 1e3)
