"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr
from rich.table import Table
from rich.text import Text

from vbsim.cli.console import stdout
from vbsim.contract import Contract
from vbsim.plan import Plan
from vbsim.plots.text import of_holder, whose
from vbsim.report import inputs
from vbsim.report.tables import money, share
from vbsim.rulebook import Figure
from vbsim.vocabulary import CONTRACT, HOLDER, PARTY

if TYPE_CHECKING:
    from vbsim.cli.doctor import Finding
    from vbsim.report.comparison import Comparison
    from vbsim.target import Reached

_ABREAST = 4  # contracts whose terms fit side by side on a narrow terminal
_COLUMNS = {
    "prob_gain": "P(gain)",
    "prob_loss": "P(loss)",
    "mean": "mean",
    "p05": "5 %",
    "p95": "95 %",
    "tvar_95": "TVaR 95 %",
}


def summary(plan: Plan, measured: xr.Dataset) -> None:
    """Print the headline measures of every contract, each with its standard error."""
    holders = dict(zip(measured[CONTRACT].values, measured[HOLDER].values, strict=True))
    told = whose(map(str, holders.values()))
    table = Table(title=f"{plan.name}\nnet result of {told}, ± standard error")
    table.add_column("contract")
    for heading in _COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    names = {contract.name: contract.label for contract in plan.contracts}
    for name in measured[CONTRACT].values:
        found = measured.isel(year=0).sel({CONTRACT: name, PARTY: holders[name]})
        cells = [_cell(found.sel(measure=key)) for key in _COLUMNS]
        label = names.get(str(name), str(name))
        table.add_row(of_holder(label, str(holders[name])), *cells)
    stdout.print(table)
    stdout.print("VaR and TVaR are of the loss: positive = money owed or lost.")
    if plan.unverified:
        stdout.print(
            f"{len(plan.unverified)} of {len(plan.figures)} figures used are UNVERIFIED; the "
            "report lists them."
        )


def summary_json(measured: xr.Dataset) -> dict[str, Any]:
    """Put the measures of every contract's result, first year, into plain data."""
    found = measured[["value", "standard_error"]].isel(year=0).sel({PARTY: measured[HOLDER]})
    return {
        "contracts": {
            str(name): {
                str(key): {
                    "value": float(found["value"].sel({CONTRACT: name, "measure": key})),
                    "standard_error": float(
                        found["standard_error"].sel({CONTRACT: name, "measure": key})
                    ),
                }
                for key in found["measure"].values
                if bool(found["value"].sel({CONTRACT: name, "measure": key}).notnull())
            }
            for name in found[CONTRACT].values
        }
    }


def plan(resolved: Plan) -> None:
    """Print the audit trail of a Plan."""
    world = resolved.world
    stdout.print(Text(resolved.name, style="bold"))
    for line in estimate(resolved):
        stdout.print(line, highlight=False)
    levels = Table(title="Expected cost per person-year, without true savings [USD]")
    for heading in ("year", "segment", "members", "all claims", "after truncation"):
        levels.add_column(heading, justify="left" if heading == "segment" else "right")
    for row, year in enumerate(world.years):
        for column, name in enumerate(world.segments):
            levels.add_row(
                str(year),
                name,
                f"{world.members[row, column]:,}",
                f"{world.expected_cost[row, column]:,.0f}",
                f"{world.expected_truncated[row, column]:,.0f}",
            )
    stdout.print(levels)
    for title, alike in _kinds_of_terms(resolved).items():
        for start in range(0, len(alike), _ABREAST):
            stdout.print(_terms(title, alike[start : start + _ABREAST]))
    if any(contract.conditions for contract in resolved.contracts):
        stdout.print(_conditions(resolved))
    figures(resolved.figures)
    for text in resolved.warnings:
        stdout.print(f"warning: {text}", highlight=False)


def figures(used: Sequence[Figure]) -> None:
    """Print figures, each with its status and where it comes from."""
    stdout.print("Figures used, and where each comes from")
    for figure in used:
        mark = "[" + ", ".join(filter(None, [figure.status, figure.date])) + "]"
        line = f"{figure.path} = {_short(figure.value)} {figure.unit} {mark}"
        stdout.print(Text(line, style="" if figure.verified else "bold red"), soft_wrap=True)
        stdout.print(Text(f"    {figure.file}: {figure.source}"), soft_wrap=True)


def figures_json(used: Sequence[Figure]) -> list[dict[str, Any]]:
    """Give figures as plain data."""
    names = ("path", "value", "unit", "status", "source", "date", "file")
    return [{name: getattr(figure, name) for name in names} for figure in used]


def estimate(resolved: Plan) -> list[str]:
    """Engine, work, time, memory and disk that a run will take."""
    from vbsim.engines import choose, member_years
    from vbsim.processes import count_beside
    from vbsim.report import capacity

    engine, why = choose(resolved)
    processes = count_beside() if resolved.draws else 0
    time = max(1.0, capacity.seconds(resolved, processes))
    memory = capacity.memory_bytes(resolved, processes)
    growing = capacity.memory_bytes(resolved) - capacity.block_memory(resolved)
    return [
        f"engine: {engine} ({why})",
        *engine_errors(resolved),
        f"work: {resolved.realizations:,} realizations of {member_years(resolved):,} member-years",
        f"time: about {time:,.0f} s on this machine to simulate and settle; disk: "
        f"{capacity.results_bytes(resolved) / 1e6:,.0f} MB",
        f"memory: about {memory / 1e9:.1f} GB, of which {growing / 1e6:,.0f} MB grow with "
        "the number of realizations",
        *_beliefs(resolved),
        f"figures: {len(resolved.figures)}, of which {len(resolved.unverified)} UNVERIFIED",
    ]


def _beliefs(resolved: Plan) -> list[str]:
    """Name the uncertain figures."""
    if not resolved.draws:
        return []
    named = ", ".join(f"{one.name} {one.law}" for one in resolved.parameters)
    words = f"uncertain: {named}; {len(resolved.draws):,} draws of {resolved.inner:,} realizations"
    if resolved.draws_error:
        error = f"{100.0 * resolved.draws_error:.2g} %"
        words += f"; mean costs of the draw furthest out, all or a layer's, within {error} of exact"
    return [words]


def engine_errors(resolved: Plan) -> list[str]:
    """Tell what the engine is expected to get wrong, whatever the number of realizations."""
    from vbsim.engines import FEWEST_MEMBERS, choose
    from vbsim.engines.collective import CollectiveEngine
    from vbsim.engines.kept import Kept

    engine = Kept().of(resolved, choose(resolved)[0])
    if not isinstance(engine, CollectiveEngine):
        return []
    mean, sd, probability = engine.errors()
    return [
        f"expected errors of the engine: mean cost {mean:.2%}, standard deviation {sd:.1%}, "
        f"probabilities {100.0 * probability:.2f} points; below {FEWEST_MEMBERS:,} members auto "
        "takes claims"
    ]


def reached(found: list[Reached], realizations: int, budget: int) -> None:
    """Say which precision was asked for, and which was reached with how many realizations."""
    for one in found:
        verdict = "reached" if one.met else f"not reached: the budget of {budget:,} is spent"
        stdout.print(
            f"{one.contract} {one.year}, {one.measure}: standard error {one.standard_error:,.4g}, "
            f"asked for {one.allowed:,.4g} with {realizations:,} realizations: {verdict}",
            highlight=False,
        )


def plan_json(resolved: Plan) -> dict[str, Any]:
    """Audit trail of a Plan as plain data."""
    from vbsim.engines import choose

    world = resolved.world
    return {
        "name": resolved.name,
        "seed": resolved.seed,
        "realizations": resolved.realizations,
        "engine": choose(resolved)[0],
        "years": world.years.tolist(),
        "segments": list(world.segments),
        "services": list(world.services),
        "members": world.members.tolist(),
        "expected_cost": world.expected_cost.tolist(),
        "expected_truncated": world.expected_truncated.tolist(),
        "contracts": [
            {
                "name": c.name,
                "model": c.model,
                "lan_category": c.lan_category,
                "terms": [str(t) for t in c.terms],
                "conditions": [
                    {
                        "name": condition.name,
                        "asked": condition.figure.value,
                        "unit": condition.figure.unit,
                        "found": condition.found,
                        "outcome": condition.outcome,
                        "status": condition.figure.status,
                    }
                    for condition in c.conditions
                ],
            }
            for c in resolved.contracts
        ],
        "figures": figures_json(resolved.figures),
        "warnings": list(resolved.warnings),
    }


def comparison(table: Comparison) -> None:
    """Print two or more contracts side by side."""
    out = Table(title=table.title)
    for number, heading in enumerate(table.columns):
        out.add_column(heading, justify="left" if number == 0 else "right")
    for row in table.cells():
        out.add_row(*row)
    stdout.print(out)
    stdout.print(table.note, highlight=False)


def findings(found: list[Finding]) -> None:
    """Print what the self-test found."""
    for finding in found:
        mark = Text("ok  ", style="green") if finding.ok else Text("FAIL", style="bold red")
        stdout.print(mark, f"{finding.what}: {finding.found}", highlight=False)


def _kinds_of_terms(resolved: Plan) -> dict[str, list[tuple[Contract, Any]]]:
    """Contracts and their terms of the first performance year, by payment model and cover."""
    found: dict[str, list[tuple[Contract, Any]]] = {}
    for contract in resolved.contracts:
        found.setdefault(f"Terms of {contract.model}", []).append((contract, contract.terms[0]))
    for contract in resolved.contracts:
        for cover in contract.stop_loss[:1]:
            for title, terms in (("Specific", cover.specific), ("Aggregate", cover.aggregate)):
                if terms is not None:
                    found.setdefault(f"{title} stop-loss", []).append((contract, terms))
        own = contract.economics[0] if contract.economics else None
        for name, other in (
            ("Provider's own economics", own),
            ("Risk-based capital", contract.risk_based_capital),
        ):
            if other is not None:
                found.setdefault(name, []).append((contract, other))
    return found


def _terms(title: str, alike: list[tuple[Contract, Any]]) -> Table:
    """Terms of one kind side by side."""
    table = Table(title=title)
    table.add_column("term", overflow="fold")
    for contract, _ in alike:
        table.add_column(contract.name, justify="right", overflow="fold")
    if alike[0][1] is alike[0][0].terms[0]:
        table.add_row("HCP-LAN category", *(contract.lan_category for contract, _ in alike))
    for item in inputs.stated([terms for _, terms in alike]):
        table.add_row(item.name, *(_term(getattr(terms, item.name)) for _, terms in alike))
    return table


def _conditions(resolved: Plan) -> Table:
    """List what programs ask of a contractor, and whether it is met."""
    table = Table(title="Conditions of programs (they change no settlement)")
    for heading in ("contract", "condition", "asked", "found", "outcome", "status"):
        table.add_column(heading, justify="right" if heading in ("asked", "found") else "left")
    colors = {"met": "green", "not met": "bold red", "not stated": "yellow"}
    for row in inputs.conditions(resolved):
        status = Text(row.status, style="bold red" if row.status == "UNVERIFIED" else "")
        outcome = Text(row.outcome, style=colors[row.outcome])
        table.add_row(row.key, row.name, row.asked, row.found, outcome, status)
    return table


def _term(value: Any) -> str:
    return "none" if value is None or value == () else inputs.shown_value(value)


def _cell(found: xr.Dataset) -> str:
    value, error = float(found["value"]), float(found["standard_error"])
    shown = share if str(found["unit"].values) == "1" else money
    return f"{shown(value)}\n± {shown(error)}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
