"""The verb ``vbsim settle``: known outcomes, no randomness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vbsim.cli.console import stdout
from vbsim.errors import OutcomeError, Problem, RuleError, did_you_mean

if TYPE_CHECKING:
    from vbsim.outcomes import Outcome, Tally

_FIRST_ROWS = 10
_PUBLISHED = ("aco_reach", "mssp")  # outcomes.PROGRAMS, without loading the rules of each
_PRIVATE = "private"


def settle(
    program: Annotated[
        str,
        typer.Argument(metavar="PROGRAM", help=f"program: {', '.join(_PUBLISHED)}; or {_PRIVATE}"),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="[TERMS.yaml] FILE.csv",
            help="CMS's result file, as published; for private, the contract and the outcomes",
        ),
    ],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="table to write (CSV)")] = None,
    year: Annotated[
        int | None, typer.Option(help="performance year, where the file has no such column")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Settle known outcomes by the rules, or by a private contract, and compare.

    Example: vbsim settle mssp PY2022_results.csv --year 2022 -o settled.csv

    Example: vbsim settle private terms.yaml facts.csv -o settled.csv

    \b
    terms.yaml: a contract as a scenario has it, alone in a file
      model: shared_savings
      minimum_savings_rate: 0.02
      sharing_rate: 0.5
      quality_scales_sharing: true
      loss_rate: 0.4

    \b
    facts.csv: a row for each entity and year; published only to compare
      id,performance_year,benchmark,expenditure,quality_score,published
      A,2024,10000000,9600000,0.9,180000
      B,2024,10000000,10300000,0.8,-120000

    Other columns that a contract may turn on: measures_met, or the rate of each measure under its
    name; person_years, or member_months.
    """  # noqa: D301
    from vbsim.outcomes import Tally, check_destination, write

    if out is not None:
        for file in files:
            check_destination(out, file)
    tally = Tally()
    outcomes = tally.counted(_settled(program, files, year))
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


def _settled(program: str, files: list[Path], year: int | None) -> Iterator[Outcome]:
    from vbsim.outcomes import settle_file, settle_private

    if program not in (*_PUBLISHED, _PRIVATE):
        hint = did_you_mean(program, [*_PUBLISHED, _PRIVATE])
        raise RuleError(f"no program '{program}' whose results can be settled; {hint}")
    wanted = "TERMS.yaml FACTS.csv" if program == _PRIVATE else "FILE.csv"
    turned = program == _PRIVATE and files[0].suffix.lower() == ".csv"
    if len(files) != len(wanted.split()) or turned:
        found = f"{len(files)} files: {', '.join(map(str, files))}".replace("1 files", "1 file")
        todo = f"write vbsim settle {program} {wanted}"
        raise OutcomeError([Problem("vbsim settle", None, "", found, wanted, todo)])
    if program == _PRIVATE:
        return settle_private(files[0], files[1], year)
    return settle_file(program, files[0], year)


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
