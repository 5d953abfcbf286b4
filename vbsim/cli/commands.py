"""Every verb of ``vbsim``: its words, its help and an example."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from vbsim.cli.all_processors import all_processors, all_processors_for_draws
from vbsim.cli.backtest import backtest
from vbsim.cli.explain import explain
from vbsim.cli.progress import progress_bar
from vbsim.cli.rules import rules
from vbsim.cli.settle import settle
from vbsim.cli.stopping import stoppable
from vbsim.cli.uncertainty import decompose, skill
from vbsim.errors import ParameterError, RunFolderError, did_you_mean

app = typer.Typer(
    name="vbsim",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Monte Carlo risk simulation for value-based-care payment contracts.",
)

app.command()(settle)
app.command()(backtest)
app.command()(explain)
app.command()(decompose)
app.command()(skill)
app.add_typer(rules, name="rules")

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="scenario file (YAML)")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="run folder")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
Realizations = Annotated[
    int | None, typer.Option(min=2, help="contract years to simulate, instead of the scenario's")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Dask scheduler that spreads the work, or local for processes on this machine",
    ),
]
Seed = Annotated[int | None, typer.Option(min=0, help="seed, instead of the scenario's")]
ResultsFile = Annotated[
    Path | None,
    typer.Option(
        "--puf",
        metavar="FILE",
        help="results file of CMS whose ACOs are the entities of a portfolio",
    ),
]


class EngineName(StrEnum):
    """Engines that can be asked for."""

    CLAIMS = "claims"
    COLLECTIVE = "collective"
    AUTO = "auto"


class SamplingName(StrEnum):
    """How realizations are drawn."""

    RANDOM = "random"
    SOBOL = "sobol"


Engine = Annotated[
    EngineName,
    typer.Option(help="every claim, or sums over members from exact moments; auto chooses"),
]
Sampling = Annotated[
    SamplingName,
    typer.Option(help="independent realizations, or Sobol points that need fewer of them"),
]


@app.command()
def run(
    scenario: ScenarioFile,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="run folder to write [default: runs/NAME]"),
    ] = None,
    puf: ResultsFile = None,
    realizations: Realizations = None,
    seed: Seed = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="threads [default: all]; never changes a number")
    ] = None,
    engine: Engine = EngineName.AUTO,
    sampling: Sampling = SamplingName.RANDOM,
    target_se: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'CONTRACT.MEASURE: AMOUNT'",
            help="stop as soon as a standard error is reached, such as 'enhanced.tvar_95: 2%'; the "
            "realizations are the budget; may be given several times",
        ),
    ] = None,
    cluster: Cluster = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="continue the run to -o that was stopped or killed")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="replace the run in -o, whether finished or not"),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a scenario, settle its contracts and write a run folder with a report.

    Blocks of results are kept as they are finished: a run that was stopped, killed or out of disk
    goes on with the same command and --resume, to the same numbers. A scenario with the key
    portfolio is run whole or not at all.

    Example: vbsim run scenarios/northwest_ohio_2022.yaml -o runs/northwest_ohio
    """
    with stoppable() as check_stop, all_processors(threads):
        from vbsim.cli import portfolio, show
        from vbsim.report.unfinished import can_be_resumed
        from vbsim.run import check_run, write_run
        from vbsim.target import planned

        source, folder = _source(scenario, realizations, seed), _destination(out, scenario)
        if portfolio.is_asked(source, puf):
            portfolio.refuse(engine, sampling, target_se, cluster, resume)
            told = portfolio.Told(quiet, as_json, check_stop)
            portfolio.run(source, puf, folder, threads, overwrite, told)
            return
        plan = _plan(_words(source), engine, sampling)
        budget, (plan, reached) = plan.realizations, planned(plan, target_se or [])
        how: dict[str, Any] = {
            "threads": threads,
            "cluster": cluster,
            "resume": resume,
            "overwrite": overwrite,
        }
        check_run(plan, folder, **how)
        if resume and not quiet and not can_be_resumed(folder):
            typer.echo(f"no unfinished run to {folder}; it starts at the beginning", err=True)
        with progress_bar(quiet or as_json) as bar:
            task = bar.add_task("simulating", total=plan.realizations)

            def advance(done: int, total: int) -> None:
                """Show how far the run is, or stop it."""
                check_stop()
                bar.update(task, completed=done)
                if done == total:
                    bar.update(task, description="reporting ")

            summary = write_run(plan, folder, **how, progress=advance)
    if as_json:
        typer.echo(json.dumps(show.summary_json(summary) | {"folder": str(folder)}))
    elif not quiet:
        show.summary(plan, summary)
        show.reached(reached, plan.realizations, budget)
        typer.echo(f"report: {folder / 'report.html'}")


@app.command()
def check(
    scenario: ScenarioFile,
    puf: ResultsFile = None,
    realizations: Realizations = None,
    seed: Seed = None,
    engine: Engine = EngineName.AUTO,
    sampling: Sampling = SamplingName.RANDOM,
    as_json: AsJson = False,
) -> None:
    """Validate a scenario and print the Plan: every number with its source and status.

    Example: vbsim check scenarios/northwest_ohio_2022.yaml
    """
    from vbsim.cli import portfolio, show

    source = _source(scenario, realizations, seed)
    if portfolio.is_asked(source, puf):
        portfolio.refuse(engine, sampling)
        portfolio.check(source, puf, as_json)
        return
    words = _words(source)
    with all_processors_for_draws(words):
        plan = _plan(words, engine, sampling)
        if as_json:
            typer.echo(json.dumps(show.plan_json(plan), default=str))
        else:
            show.plan(plan)


@app.command()
def report(folder: RunFolder) -> None:
    """Write the table, figures and report page of a run folder anew.

    Example: vbsim report runs/northwest_ohio
    """
    from vbsim.run import rebuild_report

    with all_processors():
        typer.echo(f"report: {rebuild_report(folder)}")


@app.command()
def compare(
    folder: RunFolder,
    other: Annotated[Path | None, typer.Argument(metavar="RUN", help="a second run folder")] = None,
    as_json: AsJson = False,
) -> None:
    """Put the contracts of one run, or of two runs, side by side with paired errors.

    Two runs are paired realization by realization when they share seed and realizations.

    Example: vbsim compare runs/northwest_ohio
    """
    from vbsim.cli import show
    from vbsim.report.comparison import compare_runs

    table = compare_runs(folder, other)
    if as_json:
        typer.echo(json.dumps(table.rows))
    else:
        show.comparison(table)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="name of the new scenario, or path ending in .yaml")],
    template: Annotated[str, typer.Option("--from", help="template; see --list")] = "mssp",
    list_templates: Annotated[bool, typer.Option("--list", help="list the templates")] = False,
) -> None:
    """Write a commented scenario to start from.

    Example: vbsim new my_aco --from mssp
    """
    folder = resources.files("vbsim.scenario").joinpath("templates")
    known = sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name[0] != "_")
    if list_templates:
        typer.echo("\n".join(known))
        return
    if template not in known:
        raise ParameterError(f"no template '{template}'; {did_you_mean(template, known)}")
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if path.exists():
        raise RunFolderError(f"{path} exists; choose another name, or delete it first")
    if not path.parent.is_dir():
        raise RunFolderError(f"the folder {path.parent} does not exist; make it first")
    path.write_text(folder.joinpath(f"{template}.yaml").read_text(encoding="utf-8"), "utf-8")
    typer.echo(f"wrote {path}; next: vbsim check {path}, then vbsim run {path}")


@app.command()
def schema() -> None:
    """Print the JSON schema of the scenario format, for editors.

    Example: vbsim schema > vbsim.schema.json
    """
    from vbsim.scenario.load import json_schema

    typer.echo(json_schema())


@app.command()
def doctor(
    as_json: AsJson = False,
    validation: Annotated[
        bool, typer.Option("--validation", help="compute published figures anew; write the page")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="CMS's public results files")
    ] = None,
    long: Annotated[bool, typer.Option("--long", help="also what takes a minute or more")] = False,
    sensitivity: Annotated[
        Path | None,
        typer.Option(metavar="SCENARIO", help="move every UNVERIFIED figure that it rests on"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="folder of the page; runs/validation")
    ] = None,
) -> None:
    """Check this installation: versions, the kernel against exact results, write access.

    Example: vbsim doctor --validation --data cms_files

    With --validation: figures that regulators, papers and textbooks published, each computed anew
    and held against its tolerance, as a page. Exit code 1 if a verdict is not the recorded one.
    """
    from vbsim.cli import show
    from vbsim.cli.doctor import examine

    if validation:
        from vbsim.cli.validation import validation as of_published

        of_published(data, sensitivity, out, long=long, as_json=as_json)
        return
    if data or long or sensitivity or out:
        raise ParameterError(
            "doctor: found --data, --long, --sensitivity or --out without --validation; add it"
        )
    findings = examine()
    if as_json:
        typer.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        show.findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _source(scenario: Path, realizations: int | None, seed: int | None) -> Any:
    from vbsim.scenario.load import read

    changes = {"realizations": realizations, "seed": seed}
    return read(scenario, {key: value for key, value in changes.items() if value is not None})


def _words(source: Any) -> Any:
    from vbsim.scenario.load import validate

    return validate(source)


def _plan(words: Any, engine: EngineName, sampling: SamplingName) -> Any:
    from vbsim.scenario.resolve import resolve

    plan = resolve(words)
    return replace(plan, engine=engine.value, sampling=sampling.value)


def _destination(out: Path | None, scenario: Path) -> Path:
    """Choose the run folder to write."""
    folder = free_folder(Path("runs") / scenario.stem) if out is None else out
    if folder.name in ("", ".."):
        folder = folder.resolve()  # a run is renamed to its place, so the place needs a name
    return folder


def free_folder(wanted: Path) -> Path:
    """Take the name itself, or the next free number behind it, so that no run is lost."""
    if not wanted.exists():
        return wanted
    pattern = re.compile(re.escape(wanted.name) + r"-(\d+)$")
    taken = [int(m[1]) for p in wanted.parent.iterdir() if (m := pattern.match(p.name))]
    return wanted.with_name(f"{wanted.name}-{max(taken, default=1) + 1}")
