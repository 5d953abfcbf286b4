"""The verb ``vbsim settle``: known outcomes, no randomness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vbsim.cli.show import stdout
from vbsim.outcomes import PROGRAMS, Outcome, Tally, check_destination, settle_file, write

_FIRST_ROWS = 10


def settle(
    program: Annotated[
        str, typer.Argument(metavar="PROGRAM", help="program: " + ", ".join(PROGRAMS))
    ],
    facts: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="CMS's result file, as published")
    ],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="table to write (CSV)")] = None,
    year: Annotated[
        int | None, typer.Option(help="performance year, where the file has no such column")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Settle published results by the rules and compare with what CMS published.

    Example: vbsim settle mssp PY2022_results.csv --year 2022 -o settled.csv
    """
    if out is not None:
        check_destination(out, facts)
    tally = Tally()
    outcomes = tally.counted(settle_file(program, facts, year))
    first: list[Outcome] = []
    if out is not None:
        write(outcomes, out)
    else:
        first = _drain(outcomes)
    if as_json:
        typer.echo(json.dumps(_summary(program, tally)))
        return
    _show(program, tally)
    if first:
        _show_rows(first, tally.rows)
    if out is not None:
        typer.echo(f"wrote {out}")


def _drain(outcomes: Iterator[Outcome]) -> list[Outcome]:
    first = list(islice(outcomes, _FIRST_ROWS))
    for _ in outcomes:
        pass
    return first


def _summary(program: str, tally: Tally) -> dict[str, object]:
    return {
        "program": program,
        "years": sorted(tally.years),
        "rows": tally.rows,
        "settled": tally.settled,
        "compared": tally.compared,
        "within_1": tally.within_1,
        "within_1000": tally.within_1000,
        "within_1_percent": tally.within_1_percent,
    }


def _show(program: str, tally: Tally) -> None:
    years = ", ".join(map(str, sorted(tally.years)))
    table = Table(title=f"{program}, performance year {years}")
    table.add_column("")
    table.add_column("rows", justify="right")
    for label, count in (
        ("in the file", tally.rows),
        ("settled", tally.settled),
        ("with a published result", tally.compared),
        ("within $1 of it", tally.within_1),
        ("within $1,000", tally.within_1000),
        ("within the larger of $1 and 1 %", tally.within_1_percent),
    ):
        table.add_row(label, f"{count:,}")
    stdout.print(table)


def _show_rows(first: list[Outcome], rows: int) -> None:
    table = Table(title=f"First {len(first)} of {rows:,} rows; -o FILE.csv writes all")
    for heading in ("ACO", "track"):
        table.add_column(heading, no_wrap=True)
    for heading in ("savings", "earned", "owed", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in first:
        money = (row.earned_shared_savings, row.owed_shared_losses, row.difference)
        table.add_row(
            row.aco_id,
            row.track,
            "" if row.savings_rate is None else f"{row.savings_rate:.2%}",
            *("" if amount is None else f"{amount:,.2f}" for amount in money),
        )
    stdout.print(table)
    for row in first:
        if row.reason:
            stdout.print(f"{row.aco_id}: {row.reason}", highlight=False, markup=False)
