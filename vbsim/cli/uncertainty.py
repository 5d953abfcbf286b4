"""The verbs ``vbsim decompose`` and ``vbsim skill``: what is noise, and whose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vbsim.cli.all_processors import all_processors_for_draws
from vbsim.cli.console import stdout
from vbsim.errors import ParameterError

if TYPE_CHECKING:
    from vbsim.skill import Verdict

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="scenario file (YAML)")]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", help="folder for the table and the figures")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
Seed = Annotated[int | None, typer.Option(min=0, help="seed, instead of the scenario's")]


def decompose(
    scenario: ScenarioFile,
    out: Out = None,
    realizations: Annotated[
        int | None,
        typer.Option(min=2, help="realizations of each of the runs, instead of the scenario's"),
    ] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Say which source of uncertainty makes how much of a contract's variance.

    Sources are the members' luck (process), the base years' luck (benchmark), trend and shocks
    (systematic), what is not known for certain (parameter) and quality. The scenario is simulated
    once for each, and twice more.

    Example: vbsim decompose scenarios/northwest_ohio_2022.yaml -o runs/variance
    """
    from vbsim.cli import show_uncertainty
    from vbsim.decompose import decompose_scenario
    from vbsim.report.uncertainty import check_folder, decomposition_rows, write_decomposition
    from vbsim.scenario.load import load_with

    if out is not None:
        check_folder(out)
    changes = {"realizations": realizations, "seed": seed}
    words = load_with(scenario, {k: v for k, v in changes.items() if v is not None})
    with all_processors_for_draws(words):
        found = decompose_scenario(words)
    labels = {name: one.label or name for name, one in words.contracts.items()}
    if as_json:
        typer.echo(json.dumps(list(decomposition_rows(found))))
    else:
        show_uncertainty.decomposition(found, labels)
    if out is not None:
        _say_written(write_decomposition(found, labels, out), as_json)


def skill(
    scenario: ScenarioFile,
    observed: Annotated[
        float | None,
        typer.Option(
            help="savings rate that was measured, such as 0.021 [default: outputs.observed]"
        ),
    ] = None,
    contract: Annotated[
        str | None, typer.Option(help="key of the contract [default: the reference]")
    ] = None,
    year: Annotated[int | None, typer.Option(help="performance year [default: the first]")] = None,
    sizes: Annotated[
        str | None, typer.Option(help="numbers of members, such as 5000,20000,50000")
    ] = None,
    savings: Annotated[
        str | None, typer.Option("--true-savings", help="shares, such as -0.02,0,0.02,0.05")
    ] = None,
    minimums: Annotated[
        str | None, typer.Option("--minimum-savings-rates", help="shares, such as 0,0.02,0.039")
    ] = None,
    realizations: Annotated[
        int | None, typer.Option(min=2, help="of each size and true savings [default: 4000]")
    ] = None,
    seed: Seed = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Tell skill from luck: what a result says of true savings, who is paid without having saved.

    Example: vbsim skill scenarios/northwest_ohio_2022.yaml --observed 0.021 -o runs/skill
    """
    from vbsim.cli import show_uncertainty
    from vbsim.report.uncertainty import check_folder, skill_rows, write_skill
    from vbsim.scenario.load import load_with
    from vbsim.skill import Question, curves, verdict

    if out is not None:
        check_folder(out)
    words = load_with(scenario, {} if seed is None else {"seed": seed})
    given: dict[str, Any] = {
        "sizes": _numbers("sizes", sizes, int),
        "savings": _numbers("true-savings", savings, float),
        "minimums": _numbers("minimum-savings-rates", minimums, float),
        "realizations": realizations,
    }
    asked = {key: value for key, value in given.items() if value is not None}
    question = Question(contract=contract, year=year, **asked)
    rate = observed
    if rate is None and words.outputs.observed is not None:
        rate = words.outputs.observed.savings_rate
    judged = None if rate is None else verdict(words, rate, question)
    found = curves(words, question)
    if as_json:
        told = None if judged is None else _verdict_json(judged)
        typer.echo(json.dumps({"observed": told, "curves": list(skill_rows(found))}))
    else:
        show_uncertainty.skill(found, judged)
    if out is not None:
        name = contract or words.outputs.reference or next(iter(words.contracts))
        _say_written(write_skill(found, words.contracts[name].label or name, out), as_json)


def _numbers(option: str, text: str | None, kind: type[int] | type[float]) -> list[Any] | None:
    """Read numbers set apart by commas."""
    if text is None:
        return None
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        example = "5000,20000" if kind is int else "0.0,0.02"
        raise ParameterError(
            f"{option}: found '{text}'; expected numbers set apart by commas, such as {example}"
        ) from None


def _say_written(paths: tuple[Path, ...], silent: bool) -> None:
    if not silent:
        stdout.print("wrote " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)


def _verdict_json(judged: Verdict) -> dict[str, Any]:
    one = judged.posterior
    return {"savings_rate": judged.observed} | {
        name: {"value": float(pair[0]), "standard_error": float(pair[1])}
        for name, pair in (
            ("credibility", one.credibility),
            ("mean", one.mean),
            ("sd", one.sd),
            ("no_true_savings", one.none),
        )
    }
