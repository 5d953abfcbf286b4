"""The verbs ``vbsim rules list`` and ``vbsim rules show``: the rules in force, with citations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.table import Table

from vbsim import rulebook
from vbsim.cli.console import stdout
from vbsim.errors import RuleError
from vbsim.rulebook import Figure, Rulebook

rules = typer.Typer(no_args_is_help=True, help="The rules of every program, dated and cited.")
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]


@rules.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List the programs, the years that their rules cover, and how many figures are UNVERIFIED.

    Example: vbsim rules list
    """
    rows = [_program(rulebook.read("rules", name)) for name in rulebook.available("rules")]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table(title="Programs with rules; vbsim rules show PROGRAM prints them")
    for heading in ("program", "title", "years", "figures", "UNVERIFIED"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        years = f"{row['first_year']}-{row['last_year']}"
        counts = (str(row["figures"]), str(row["unverified"]))
        table.add_row(str(row["program"]), str(row["title"]), years, *counts)
    stdout.print(table)
    stdout.print("Figures and UNVERIFIED count what is in force in the last year.", highlight=False)


@rules.command("show")
def show_rules(
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="see vbsim rules list")],
    year: Annotated[int | None, typer.Option(help="performance year [default: the last]")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the rules in force in a year: value, unit, date, status and citation of every figure.

    Example: vbsim rules show mssp --year 2022
    """
    book = rulebook.read("rules", program)
    on = book.last_year if year is None else year
    book.check_year(on)
    figures = list(in_force(book, on))
    if as_json:
        head = {"program": book.name, "title": book.title, "authority": book.authority}
        rows = [_plain(figure) for figure in figures]
        typer.echo(json.dumps({**head, "year": on, "figures": rows}))
    else:
        _show(book, on, figures)


def in_force(book: Rulebook, year: int) -> Iterator[Figure]:
    """Figures in force in a year; a table whose names differ in status comes name by name."""
    tracks = book.figure("sided", year).value if book.has("sided") else {}
    for path in book.figures():
        try:
            whole = book.figure(path, year)
        except RuleError:
            continue  # not yet in force
        names = list(whole.value) if isinstance(whole.value, Mapping) else []
        by_name = [book.figure(path, year, name) for name in names if _shown(name, names, tracks)]
        if len({figure.status for figure in by_name}) > 1:
            yield from by_name
        elif by_name:
            yield _of_tracks(whole, by_name)
        else:
            yield whole


def _shown(name: str, names: list[str], tracks: Mapping[str, Any]) -> bool:
    """Whether a name of a table belongs to the year: no track that the year does not have."""
    by_track = bool(set(names) & set(tracks))
    return name in tracks if by_track else True


def _of_tracks(whole: Figure, by_name: list[Figure]) -> Figure:
    value = {figure.path.removeprefix(f"{whole.path}."): figure.value for figure in by_name}
    return replace(whole, value=value, status=by_name[0].status)


def _program(book: Rulebook) -> dict[str, Any]:
    figures = list(in_force(book, book.last_year))
    return {
        "program": book.name,
        "title": book.title,
        "authority": book.authority,
        "first_year": book.first_year,
        "last_year": book.last_year,
        "figures": len(figures),
        "unverified": sum(not figure.verified for figure in figures),
    }


def _plain(figure: Figure) -> dict[str, Any]:
    names = ("path", "value", "unit", "status", "date", "source", "description", "note")
    return {name: getattr(figure, name) for name in names}


def _show(book: Rulebook, year: int, figures: list[Figure]) -> None:
    head = f"[bold]{book.title}[/bold], {year} ({book.authority}; {book.file})"
    stdout.print(head, markup=True)
    for figure in figures:
        mark = figure.status if figure.verified else f"[bold red]{figure.status}[/bold red]"
        line = f"\n[bold]{figure.path}[/bold]  {mark}  since {figure.date}"
        stdout.print(line, highlight=False, markup=True)
        stdout.print(f"  {figure.description}", highlight=False)
        for line in _lines(figure.value):
            stdout.print(f"  {line}", highlight=False, markup=False)
        stdout.print(f"  unit:   {figure.unit}", highlight=False, markup=False)
        stdout.print(f"  source: {figure.source}", highlight=False, markup=False)
        if figure.note:
            stdout.print(f"  note:   {figure.note}", highlight=False, markup=False)
    missing = sum(not figure.verified for figure in figures)
    stdout.print(f"\n{missing} of {len(figures)} figures are UNVERIFIED: no source was seen.")


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{name}: {_one(part)}" for name, part in value.items()]
    if isinstance(value, list) and value and isinstance(value[0], list):
        return [_one(row) for row in value]
    return [_one(value)]


def _one(value: object) -> str:
    if value is None:
        return "not found"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_one(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_one, value)) if not _nested(value) else "; ".join(map(_one, value))
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _nested(value: list[Any]) -> bool:
    return any(isinstance(item, list) for item in value)
