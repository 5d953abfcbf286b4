"""The verb ``vbsim explain``: one settlement, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.padding import Padding

from vbsim.cli.console import stdout

if TYPE_CHECKING:
    from vbsim.report.explain import Explanation, StatementLine


def explain(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="run folder")],
    contract: Annotated[str, typer.Option(help="key of the contract in the scenario")],
    realization: Annotated[
        str, typer.Option(help="number of the realization, or worst, p5, median, p95, best")
    ] = "median",
    year: Annotated[int | None, typer.Option(help="performance year [default: the first]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
) -> None:
    """Print the settlement statement of one realization, with the arithmetic of every line.

    Example: vbsim explain runs/northwest_ohio --contract enhanced --realization median
    """
    from vbsim.report import explain as report
    from vbsim.report.run_folder import open_results

    settlement, experience = open_results(run)
    with settlement, experience:
        found = report.explain(settlement, contract, realization, year)
    if as_json:
        typer.echo(json.dumps(report.as_json(found)))
    else:
        statement(found)


def statement(found: Explanation) -> None:
    """Print a statement with the arithmetic of every line."""
    from vbsim.report.explain import shown
    from vbsim.vocabulary import USD

    title = f"{found.contract}, {found.year}, realization {found.realization}"
    stdout.print(f"{title}\n{'─' * len(title)}", highlight=False)
    width = max(len(line.words) for line in found.rows)
    for line in found.rows:
        _print_line("+" if line.adds else " ", line.words, line.shown, width)
        for text in _how(line):
            stdout.print(Padding(text, (0, 0, 0, 6)), highlight=False)
    total = f"Net result of the {found.holder}"
    stdout.print("─" * (width + 24), highlight=False)
    _print_line("=", total, shown(found.net, USD), width)
    stdout.print(Padding("sum of the lines marked +", (0, 0, 1, 6)), highlight=False)
    flows = ", ".join(f"{party} {shown(amount, USD)}" for party, amount in found.flows.items())
    stdout.print(f"Net money of each party, which sums to 0: {flows}.", highlight=False)
    stdout.print(
        "Amounts are USD, shares are of 1. min(a, b) is the smaller of the two, max(a, b) the "
        "larger; a if c else b is a where c holds, and b where it does not. Worked with the "
        "figures as printed, a line comes out to within rounding.",
        highlight=False,
    )


def _print_line(mark: str, words: str, figure: str, width: int) -> None:
    stdout.print(f"{mark} {words:<{width}}  {figure:>20}", highlight=False, style="bold")


def _how(line: StatementLine) -> list[str]:
    if not line.formula:
        unit = "" if line.unit in ("USD", "1") else f" [{line.unit}]"
        return [f"given: {line.meaning}{unit}"]
    return [line.formula, f"= {line.worked}"] if line.worked else [line.formula]
