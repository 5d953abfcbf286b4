"""A portfolio on the command line: what ``run`` and ``check`` do with many entities."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from rich.table import Table
from rich.text import Text

from vbsim.cli import show
from vbsim.cli.console import stdout
from vbsim.cli.progress import progress_bar
from vbsim.errors import ParameterError

if TYPE_CHECKING:
    from vbsim.portfolio import PortfolioPlan, PortfolioSummary
    from vbsim.scenario.source import Source

_SHOWN = ("share_earning", "share_owing", "total_earned", "total_owed", "gross_savings",
          "net_to_payer", "mean_savings_rate", "spread_of_savings_rates")  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What a run tells on its way: nothing, plain data, or a table; and what may stop it."""

    quiet: bool
    as_json: bool
    check_stop: Callable[[], None]


def is_asked(source: Source, results_file: Path | None) -> bool:
    """Whether a scenario is of many entities.

    Raises
    ------
    ParameterError
        If it is of one, and a file of many is given.
    """
    from vbsim.scenario.portfolio import KEY, is_portfolio

    many = is_portfolio(source)
    if results_file is not None and not many:
        raise ParameterError(
            f"--puf: found {results_file} for {source.file}, a scenario of one entity; expected a "
            f"portfolio, which has the key '{KEY}'; leave --puf out, or take "
            "scenarios/mssp_2022_program.yaml"
        )
    return many


def refuse(
    engine: str,
    sampling: str,
    target_se: list[str] | None = None,
    cluster: str | None = None,
    resume: bool = False,
) -> None:
    """Refuse options that are for scenarios of one entity.

    Raises
    ------
    ParameterError
        With all of them.
    """
    wrong = {
        f"--engine {engine}: only the collective engine adds up portfolios": engine == "claims",
        f"--sampling {sampling}: entities are drawn independently": sampling != "random",
        "--target-se: it takes all its realizations; change --realizations": bool(target_se),
        "--cluster: it runs on this machine": cluster is not None,
        "--resume: a run that was stopped keeps nothing": resume,
    }
    if found := [text for text, given in wrong.items() if given]:
        raise ParameterError(
            "\n".join(["found options that a portfolio does not take", *(f"  {t}" for t in found)])
            + "\nexpected none of them; leave them out, or run one entity as a scenario of its own"
        )


def run(
    source: Source,
    results_file: Path | None,
    folder: Path,
    threads: int | None,
    overwrite: bool,
    told: Told,
) -> None:
    """Run a portfolio into a folder, and say what it comes to."""
    from vbsim.portfolio import entities_of, resolve_portfolio
    from vbsim.report.portfolio_tables import as_json
    from vbsim.report.run_folder import check_destination
    from vbsim.run_portfolio import run_portfolio

    check_destination(folder, overwrite)  # before hundreds of entities are resolved
    portfolio = entities_of(source, results_file)
    with progress_bar(told.quiet or told.as_json) as bar:
        task = bar.add_task("resolving ", total=None)

        def advance(done: int, total: int) -> None:
            """Show how far the work is, or stop it."""
            told.check_stop()
            bar.update(task, completed=done, total=total)

        plan = resolve_portfolio(portfolio, advance)
        bar.reset(task, description="simulating", total=len(plan.plans))
        found = run_portfolio(plan, folder, threads=threads, overwrite=overwrite, progress=advance)
    if told.as_json:
        known = as_json(found.results, found.summary)
        typer.echo(json.dumps(known | {"folder": str(folder)}))
    elif not told.quiet:
        _summary(plan, found.summary)
        typer.echo(f"report: {folder / 'report.html'}")


def check(source: Source, results_file: Path | None, as_json: bool) -> None:
    """Print what a portfolio's plans are, and what they rest on."""
    from vbsim.portfolio import entities_of, resolve_portfolio

    plan = resolve_portfolio(entities_of(source, results_file))
    if as_json:
        typer.echo(json.dumps(_plan_json(plan), default=str))
        return
    stdout.print(Text(plan.name, style="bold"))
    for line in _estimate(plan):
        stdout.print(line, highlight=False)
    stdout.print(_entities(plan))
    show.figures(plan.figures)
    for text in plan.warnings:
        stdout.print(f"warning: {text}", highlight=False)


def _estimate(plan: PortfolioPlan) -> list[str]:
    """Engine, work, time, memory and disk that a run will take."""
    from vbsim.report.capacity import size
    from vbsim.run_portfolio import ENGINE, WHY, memory_bytes, results_bytes, seconds

    return [
        f"entities: {len(plan.plans):,}, from {plan.file}",
        f"engine: {ENGINE} ({WHY})",
        f"work: {plan.realizations:,} realizations of {plan.member_years:,} member-years",
        f"time: about {seconds(plan):,.0f} s on this machine; disk: {size(results_bytes(plan))}",
        f"memory: about {memory_bytes(plan) / 1e9:.1f} GB",
        f"figures: {len(plan.figures)} of rules and assumptions, of which {len(plan.unverified)} "
        f"UNVERIFIED; {len(plan.stated):,} of the entities' own, of which "
        f"{plan.stated_unverified.total():,} UNVERIFIED",
    ]


def _entities(plan: PortfolioPlan) -> Table:
    """Count entities and members by their terms."""
    table = Table(title="Entities by the terms of their contracts")
    table.add_column("contract")
    table.add_column("terms")
    for heading in ("entities", "members", "smallest", "largest"):
        table.add_column(heading, justify="right")
    for contract, label, heads in _by_terms(plan):
        counts = (len(heads), sum(heads), min(heads), max(heads))
        table.add_row(contract, label, *(f"{count:,}" for count in counts))
    return table


def _by_terms(plan: PortfolioPlan) -> list[tuple[str, str, list[int]]]:
    found: dict[tuple[str, str], list[int]] = {}
    for one, heads in zip(plan.plans, plan.members, strict=True):
        for contract in one.contracts:
            found.setdefault((contract.name, contract.label), []).append(heads)
    return [(*key, heads) for key, heads in sorted(found.items())]


def _plan_json(plan: PortfolioPlan) -> dict[str, Any]:
    kinds = Counter((c.name, c.label) for one in plan.plans for c in one.contracts)
    return {
        "name": plan.name,
        "seed": plan.first.seed,
        "realizations": plan.realizations,
        "years": plan.years,
        "entities": [
            {"entity": one.entity, "name": one.name, "members": heads,
             "contracts": {c.name: c.label for c in one.contracts}}
            for one, heads in zip(plan.plans, plan.members, strict=True)
        ],
        "terms": [{"contract": name, "terms": label, "entities": count}
                  for (name, label), count in sorted(kinds.items())],
        "figures": show.figures_json(plan.figures),
        "warnings": list(plan.warnings),
    }  # fmt: skip


def _summary(plan: PortfolioPlan, measured: PortfolioSummary) -> None:
    """Print what all entities come to together under the reference contract."""
    from vbsim.portfolio.groups import ALL
    from vbsim.portfolio.measure import QUANTITIES
    from vbsim.report.portfolio_tables import PUBLISHED, shower
    from vbsim.vocabulary import USD

    reference, year = plan.first.reference, plan.years[0]
    program = measured.program.sel(group=ALL, contract=reference, year=year)
    has_published = bool(program[PUBLISHED].notnull().any())
    table = Table(title=f"{plan.name}\n{len(plan.plans):,} entities, {reference}, {year}")
    table.add_column("all together")
    for heading in ("mean ± standard error", "5 %", "95 %", *(["published"] * has_published)):
        table.add_column(heading, justify="right")
    for name in _SHOWN:
        own, about = program.sel(quantity=name), QUANTITIES[name]
        values = own["value"].sel(measure=["mean", "p05", "p95"]).values
        if np.isnan(values).any():
            continue  # unknown without a benchmark
        number, error = shower(about.unit, values), own["standard_error"].sel(measure="mean")
        mean, low, high = map(number, values.tolist())
        published = [number(float(own[PUBLISHED]))] * has_published
        label = f"{about.label} [USD million]" if about.unit == USD else about.label
        table.add_row(label, f"{mean} ± {number(float(error))}", low, high, *published)
    stdout.print(table)
    if plan.unverified or plan.stated_unverified:
        stdout.print(
            f"UNVERIFIED are {len(plan.unverified)} of {len(plan.figures)} figures of rules and "
            f"assumptions, which the report lists, and {plan.stated_unverified.total():,} of the "
            f"{len(plan.stated):,} that the entities state or that follow from those.",
            highlight=False,
        )
