"""The verbs ``vbsim decompose`` and ``vbsim skill``: what is noise, and whose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from vbsim.cli.show import stdout
from vbsim.errors import ParameterError
from vbsim.plots.text import percent
from vbsim.report.tables import money

if TYPE_CHECKING:
    import xarray as xr

    from vbsim.skill import Verdict

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="scenario file (YAML)")]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", help="folder for the table and the figures")
]
_ABREAST = 4  # contracts that fit side by side on a narrow terminal
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
    from vbsim.decompose import decompose_scenario
    from vbsim.report.uncertainty import check_folder, decomposition_rows, write_decomposition
    from vbsim.scenario.load import load_with

    if out is not None:
        check_folder(out)
    changes = {"realizations": realizations, "seed": seed}
    words = load_with(scenario, {k: v for k, v in changes.items() if v is not None})
    found = decompose_scenario(words)
    labels = {name: one.label or name for name, one in words.contracts.items()}
    if as_json:
        typer.echo(json.dumps(list(decomposition_rows(found))))
    else:
        _print_decomposition(found, labels)
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
        _print_skill(found, judged)
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


def _print_decomposition(found: xr.Dataset, labels: dict[str, str]) -> None:
    from vbsim.decompose import SOURCES

    names = [str(name) for name in found["source"].values]
    for quantity in map(str, found["quantity"].values):
        for year in found["year"].values.tolist():
            one = found.sel(quantity=quantity, year=year)
            varying = [key for key in labels if float(one["variance"].sel(contract=key)) > 0.0]
            for start in range(0, len(varying), _ABREAST):
                title = f"Share of the variance of the {quantity}, {year}, ± standard error"
                abreast = {key: labels[key] for key in varying[start : start + _ABREAST]}
                stdout.print(_shares(one, title, names, abreast))
    stdout.print(
        "A source's share is what it makes by itself; together: sources that matter only with "
        "others, as near a gate or a cap. Shares add up to 100 %. What makes a source smaller:"
    )
    for name in names:
        words = f"  {name} ({SOURCES[name].words}): {SOURCES[name].remedy}"
        stdout.print(words, highlight=False, soft_wrap=True)


def _shares(one: xr.Dataset, title: str, names: list[str], labels: dict[str, str]) -> Table:
    table = Table(title=title)
    for heading in ("source", *labels.values()):
        table.add_column(heading, justify="left" if heading == "source" else "right")
    contracts = [one.sel(contract=key) for key in labels]
    for name in names:
        table.add_row(name, *(_share(each.sel(source=name), "alone") for each in contracts))
    table.add_row("together", *(_share(each, "interactions") for each in contracts))
    table.add_section()
    money_of = str(one["quantity"].values) == "net result"
    spreads = [float(each["variance"]) ** 0.5 for each in contracts]
    table.add_row("sd", *(money(sd) if money_of else percent(sd, 2) for sd in spreads))
    return table


def _share(one: xr.Dataset, name: str) -> str:
    value, error = float(one[name]), float(one[f"{name}_standard_error"])
    return f"{percent(value)} ± {100.0 * error:.1f}"


def _print_skill(found: xr.Dataset, judged: Verdict | None) -> None:
    if judged is not None:
        _print_verdict(judged)
    owed = bool((found["owes"] > 0.0).any())
    for name, title in (("earns", "Earns"), ("owes", "Owes"))[: 2 if owed else 1]:
        table = Table(title=f"{title}, by true savings [%] of the expenditure that counts")
        table.add_column("members", justify="right")
        shown = found[name].isel(true_savings=slice(0, None, -(-found.sizes["true_savings"] // 8)))
        for savings in shown["true_savings"].values:
            table.add_column(f"{100.0 * savings:g}", justify="right")
        for size in found["size"].values:
            cells = [f"{100.0 * value:.0f}" for value in shown.sel(size=size).values]
            table.add_row(f"{int(size):,}", *cells)
        stdout.print(table)
    if bool(found["earned_undeserved"].notnull().any()):
        _print_under_prior(found)
    most = max(float(found[f"{name}_standard_error"].max()) for name in ("earns", "owes"))
    stdout.print(f"Probabilities in %; standard errors are {100.0 * most:.1f} points at most.")


def _print_under_prior(found: xr.Dataset) -> None:
    table = Table(title="With true savings as the scenario believes them, ± standard error")
    for heading in ("members", "earned, no true savings", "true savings, nothing earned"):
        table.add_column(heading, justify="right")
    for size in found["size"].values:
        one = found.sel(size=size)
        cells = [_share(one, name) for name in ("earned_undeserved", "saving_denied")]
        table.add_row(f"{int(size):,}", *cells)
    stdout.print(table)


def _print_verdict(judged: Verdict) -> None:
    one = judged.posterior
    told = {
        "credibility of the result, the rest being the prior's": one.credibility,
        "true savings, mean of the posterior": one.mean,
        "standard deviation of the posterior": one.sd,
        "probability of no true savings": one.none,
    }
    stdout.print(f"After a measured savings rate of {percent(judged.observed, 2)}:")
    for words, (value, error) in told.items():
        text = f"  {words}: {percent(float(value), 2)} ± {100.0 * float(error):.2f}"
        stdout.print(text, highlight=False)


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
