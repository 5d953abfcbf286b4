"""The verb ``vbsim backtest``: published years forecast from earlier ones, and scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vbsim.cli.console import stdout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vbsim.backtest import Backtest
    from vbsim.report.backtest import Row


def backtest(
    history: Annotated[
        list[str],
        typer.Option("--history", metavar="FILE...", help="results files of earlier years"),
    ],
    target: Annotated[
        str, typer.Option("--target", metavar="FILE", help="results file of the year to forecast")
    ],
    more: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE...]", help="further history files")
    ] = None,
    crosswalk: Annotated[
        Path | None,
        typer.Option(help="table of ACO ids before 2018 (ACO_NUM) and from 2018 on (ACO_ID)"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="folder to write: page, figures, forecasts")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the scores as JSON")] = False,
) -> None:
    """Forecast every ACO of a results file from earlier files, and hold it against what came.

    Example: vbsim backtest --history PY2020.csv PY2021.csv PY2022.csv --target PY2023.csv -o out

    Files are CMS's Performance Year Financial and Quality Results, as published. The year is read
    from the file or its name; where neither tells, write it before the file: 2022=results.csv.
    Of the target only contract facts reach the forecast. Scores are of the ACOs that are in the
    last history file; CRPS and log score (minus the log density) are better when lower.
    """
    from vbsim.backtest import backtest as run_backtest
    from vbsim.report.backtest import write_backtest
    from vbsim.report.page_folder import check_folder

    if out is not None:
        check_folder(out)
    found = run_backtest([*history, *(more or [])], target, crosswalk)
    if out is not None:
        write_backtest(found, out)
    if as_json:
        typer.echo(json.dumps(found.summary()))
        return
    _show(found)
    typer.echo(f"report: {out / 'report.html'}" if out else "-o FOLDER writes the page")


def _show(found: Backtest) -> None:
    """Print the scores, the program's figures and the size bands."""
    from vbsim.backtest import LEVELS
    from vbsim.plots.text import number, percent
    from vbsim.report import backtest as page

    levels = [percent(level, 0) for level in LEVELS]
    heading = f"{found.year} forecast from {found.span}: {int(found.scored.sum())} ACOs"
    _table(heading, ["forecast", "CRPS", "log score", *levels], page.score_rows(found))
    brier = ", ".join(f"{name} {number(value, 4)}" for name, value in found.brier().items())
    stdout.print(f"PIT flat: p = {found.pit_p_value():.3f}; Brier: {brier}", highlight=False)
    _table("The program", ["", "80 % interval", "median", "published", ""], page.total_rows(found))
    rows = (page.Row(row.name, row.cells[:6]) for row in page.size_rows(found))
    _table("By beneficiaries", ["", "ACOs", *levels, "CRPS"], rows)
    if unseen := found.luck.unverified:
        stdout.print(
            f"{len(unseen)} of {len(found.luck.figures)} figures of the luck of members are "
            "UNVERIFIED; the page lists them."
        )


def _table(title: str, headings: list[str], rows: Iterable[Row]) -> None:
    table = Table(title=title)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(row.name, *row.cells)
    stdout.print(table)
