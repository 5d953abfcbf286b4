"""``vbsim doctor --validation``: published figures, computed anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from vbsim.cli.console import stdout

if TYPE_CHECKING:
    from vbsim.validation import Validation

_FOLDER = Path("runs") / "validation"


def validation(
    data: Path | None, scenario: Path | None, out: Path | None, *, long: bool, as_json: bool
) -> None:
    """Compute the targets, write the page, print the verdicts; exit code 1 where one is news.

    With JSON a page is written only where ``out`` says so.
    """
    from vbsim.cli.commands import free_folder
    from vbsim.report.page_folder import check_folder
    from vbsim.report.validation import write_validation
    from vbsim.scenario.load import load
    from vbsim.validation import validate

    folder = out if out is not None or as_json else free_folder(_FOLDER)
    if folder is not None:
        check_folder(folder)
    asked = None if scenario is None else load(scenario)
    told = None if as_json or not sys.stderr.isatty() else _progress
    found = validate(data, long=long, scenario=asked, progress=told)
    if folder is not None:
        write_validation(found, folder)
    if as_json:
        typer.echo(json.dumps(found.summary()))
    else:
        _show(found)
        typer.echo(f"report: {None if folder is None else folder / 'report.html'}")
    if found.news:
        raise typer.Exit(1)


def _progress(what: str, done: int, to_do: int) -> None:
    end = "\n" if done == to_do else ""
    sys.stderr.write(f"\r{what}: {done} of {to_do}{end}")
    sys.stderr.flush()


def _show(found: Validation) -> None:
    """Print how many targets of each number pass, what is missed, and what is news."""
    from vbsim.validation import GROUPS, MISS

    table = Table(title="Published figures, computed anew")
    for place, heading in enumerate(("", "target", "pass", "miss", "not computed")):
        table.add_column(heading, justify="right" if place > 1 else "left")
    rows = [(key, words, found.counts(key)) for key, words in GROUPS.items()]
    for key, words, counts in [*rows, ("", "all", found.counts())]:
        table.add_row(key, words, *map(str, counts.values()))
    stdout.print(table)
    for one in found.results:
        if one.verdict == MISS:
            known = f"{one.shown} against {one.target.shown_published}"
            stdout.print(f"miss {one.target.key}: {known}. {one.reason}", highlight=False)
    for one in found.news:
        stdout.print(
            f"not as recorded: {one.target.key}: {one.verdict}, recorded {one.target.expected}",
            highlight=False,
        )
