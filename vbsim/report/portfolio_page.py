"""The report page of a portfolio: the program, its groups, every entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from vbsim.plots.portfolio import PORTFOLIO_FIGURES, PortfolioFindings
from vbsim.plots.text import MISSING, large_amount, number, percent
from vbsim.portfolio import PortfolioPlan, PortfolioSummary
from vbsim.portfolio.groups import ALL
from vbsim.portfolio.measure import QUANTITIES
from vbsim.report import inputs
from vbsim.report.page import Cell, embedded, moment, template
from vbsim.report.portfolio_tables import PLACE, PUBLISHED, shower
from vbsim.report.tables import with_error
from vbsim.vocabulary import CONTRACT, ENTITY, GROUP, MEASURE, QUANTITY, SHARE, USD, YEAR

# Heading and measure of the table of the program.
PROGRAM_COLUMNS = (
    ("Mean", "mean"),
    ("Standard deviation", "sd"),
    ("5th percentile", "p05"),
    ("Median", "p50"),
    ("95th percentile", "p95"),
)
# Quantity, and whether its 5th to 95th percentile is told, of the tables of groups.
GROUP_COLUMNS = (
    ("share_earning", True),
    ("share_owing", False),
    ("mean_savings_rate", False),
    ("spread_of_savings_rates", True),
    ("total_earned", True),
    ("total_owed", False),
    ("net_to_payer", False),
)
ENTITY_COLUMNS = (
    ("P(earns)", "net_result", "prob_gain"),
    ("P(owes)", "net_result", "prob_loss"),
    ("Mean net", "net_result", "mean"),
    ("TVaR 95\N{NO-BREAK SPACE}% of the loss", "net_result", "tvar_95"),
    ("Mean savings rate", "savings_rate", "mean"),
    ("5th percentile", "savings_rate", "p05"),
    ("95th percentile", "savings_rate", "p95"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its head, what stands beside it, its cells."""

    label: str
    beside: list[str]
    cells: list[Cell]


def findings_of(
    plan: PortfolioPlan, results: xr.Dataset, summary: PortfolioSummary
) -> PortfolioFindings:
    """Gather what the figures of a portfolio take."""
    return PortfolioFindings(
        plan.name,
        summary.entities,
        summary.program,
        summary.series,
        results["published_savings_rate"].values,
        str(results.attrs["reference"]),
    )


def render_portfolio(
    plan: PortfolioPlan,
    results: xr.Dataset,
    summary: PortfolioSummary,
    manifest: Mapping[str, Any],
    figures: Mapping[str, Path],
) -> str:
    """Write the report page of a finished portfolio.

    Parameters
    ----------
    plan, results, summary
        What was simulated, its results and their measures.
    manifest
        What the run folder says about the computation.
    figures
        Name in ``PORTFOLIO_FIGURES`` to PNG file, in the order of the page.

    Returns
    -------
    str
        HTML that needs no network.
    """
    reference = str(results.attrs["reference"])
    has_published = not np.isnan(summary.program[PUBLISHED].values).all()
    return template("portfolio.html.j2").render(
        plan=plan,
        inputs=inputs,
        answer=answer(results, summary),
        has_published=has_published,
        program_headings=[heading for heading, _ in PROGRAM_COLUMNS],
        programs=[
            (str(contract), int(year), program_rows(summary, str(contract), int(year)))
            for contract in results[CONTRACT].values
            for year in results[YEAR].values
        ],
        group_headings=[QUANTITIES[name].label for name, _ in GROUP_COLUMNS],
        groups=[
            (heading, group_rows(summary, kind, reference))
            for kind, heading in (("size", "Assigned members"), ("terms", "Terms"))
        ],
        figures=embedded(PORTFOLIO_FIGURES, figures),
        entity_headings=[heading for heading, *_ in ENTITY_COLUMNS],
        entities=entity_rows(results, summary, reference),
        reference=reference,
        year=int(results[YEAR].values[0]),
        truncates=any(c.expenditure_layer for c in plan.first.contracts),
        prior=_prior(plan),
        prior_sources=_prior_sources(plan),
        manifest=inputs.manifest_rows(manifest),
        version=manifest.get("versions", {}).get("vbsim", ""),
        started=moment(str(manifest.get("started", ""))),
    )


def answer(results: xr.Dataset, summary: PortfolioSummary) -> str:
    """Say what the portfolio comes to, and where the published result lies."""
    program = summary.program.sel({GROUP: ALL, CONTRACT: results.attrs["reference"]})
    program = program.isel({YEAR: 0})
    year, size = int(results[YEAR].values[0]), results.sizes[ENTITY]
    text = (
        f"On average over the simulated years of {year}, {_told(program, 'share_earning')} of "
        f"{size:,} entities earn{_interval(program, 'share_earning')}, together "
        f"{_told(program, 'total_earned')}{_interval(program, 'total_earned')}; "
        f"{_told(program, 'share_owing')} owe, together {_told(program, 'total_owed')}."
    )
    if not np.isnan(float(program["value"].sel({QUANTITY: "net_to_payer", MEASURE: "mean"}))):
        text += (
            f" Gross savings are {_told(program, 'gross_savings')}, of which the payer keeps "
            f"{_told(program, 'net_to_payer')}{_interval(program, 'net_to_payer')}."
        )
    return text + _published(program)


def _shown(quantity: str, like: float) -> Callable[[float], str]:
    """How values of a quantity are written, with the decimals of one of them."""
    return partial(large_amount, like=like) if QUANTITIES[quantity].unit == USD else percent


def _told(program: xr.Dataset, quantity: str) -> str:
    """Mean of a quantity with its standard error."""
    own = program.sel({QUANTITY: quantity, MEASURE: "mean"})
    value = float(own["value"])
    return with_error(_shown(quantity, value), value, float(own["standard_error"]))


def _interval(program: xr.Dataset, quantity: str) -> str:
    """Between what nine in ten simulated years lie."""
    own = program["value"].sel({QUANTITY: quantity})
    show = _shown(quantity, float(own.sel({MEASURE: "mean"})))
    low, high = (show(float(own.sel({MEASURE: end}))) for end in ("p05", "p95"))
    return f" (90\N{NO-BREAK SPACE}% of the years: {low} to {high})"


def _published(program: xr.Dataset) -> str:
    """Say what was published, and where it lies among the simulated years."""
    told = []
    for quantity, words in (
        ("share_earning", "{} earned"),
        ("total_earned", "together {}"),
        ("gross_savings", "gross savings were {}"),
        ("net_to_payer", "the payer kept {}"),
    ):
        own = program.sel({QUANTITY: quantity})
        value, place = float(own[PUBLISHED]), float(own[PLACE])
        if not np.isnan(value):
            shown = words.format(_shown(quantity, value)(value))
            told.append(f"{shown} (percentile {100 * place:.0f})")
    if not told:
        return ""
    return f" As published, which is no input: {', '.join(told)} of the simulated years."


def program_rows(summary: PortfolioSummary, contract: str, year: int) -> list[Row]:
    """Quantities of all entities together: measures, and the published figure with its place."""
    program = summary.program.sel({GROUP: ALL, CONTRACT: contract, YEAR: year})
    found = []
    for quantity in program[QUANTITY].values:
        own, about = program.sel({QUANTITY: quantity}), QUANTITIES[str(quantity)]
        keys = [key for _, key in PROGRAM_COLUMNS]
        values, errors = (
            own[name].sel({MEASURE: keys}).values for name in ("value", "standard_error")
        )
        if np.isnan(values).all():
            continue
        show = shower(about.unit, values)
        cells = [
            Cell(show(float(v)), "" if np.isnan(e) else f"± {show(float(e))}", bool(v < 0.0))
            for v, e in zip(values, errors, strict=True)
        ]
        published, place = float(own[PUBLISHED]), float(own[PLACE])
        cells.append(Cell(show(published)))
        cells.append(Cell(MISSING if np.isnan(place) else f"{100.0 * place:.1f}"))
        unit = "USD million" if about.unit == USD else ""
        found.append(Row(about.label, [unit], cells))
    return found


def group_rows(summary: PortfolioSummary, kind: str, contract: str) -> list[Row]:
    """Make rows of the groups of a kind: quantities with their interval, and as published."""
    program = summary.program.sel({CONTRACT: contract}).isel({YEAR: 0})
    chosen = program.isel({GROUP: np.flatnonzero(program["kind"].values == kind)})
    shows = {
        name: shower(
            QUANTITIES[name].unit,
            chosen["value"].sel({QUANTITY: name, MEASURE: "p95"}).values,
            decimals=1,
        )
        for name, _ in GROUP_COLUMNS
    }
    found = []
    for place in range(chosen.sizes[GROUP]):
        group = chosen.isel({GROUP: place})
        if count := int(group["count"]):
            cells = [
                _group_cell(group.sel({QUANTITY: name}), shows[name], interval)
                for name, interval in GROUP_COLUMNS
            ]
            found.append(Row(str(group["group_label"].values), [number(count)], cells))
    return found


def _group_cell(own: xr.Dataset, show: Any, interval: bool) -> Cell:
    mean, low, high = (float(own["value"].sel({MEASURE: key})) for key in ("mean", "p05", "p95"))
    below = [f"{show(low)} to {show(high)}"] if interval and not np.isnan(mean) else []
    published = float(own[PUBLISHED])
    if not np.isnan(published):
        below.append(f"published {show(published)}")
    return Cell(show(mean), "\n".join(below), mean < 0.0)


def entity_rows(results: xr.Dataset, summary: PortfolioSummary, contract: str) -> list[Row]:
    """Every entity under the reference contract in the first year."""
    own = summary.entities.sel({CONTRACT: contract}).isel({YEAR: 0})
    columns = [
        (own[variable].sel({MEASURE: key}).values,
         own[f"{variable}_standard_error"].sel({MEASURE: key}).values,
         shower(USD if key in ("mean", "tvar_95") and variable == "net_result" else SHARE,
                own[variable].sel({MEASURE: key}).values))
        for _, variable, key in ENTITY_COLUMNS
    ]  # fmt: skip
    published = results["published_savings_rate"].values
    payments = results["published_payment"].values
    pay = shower(USD, payments)
    places = own["published_percentile"].values
    terms = results["terms"].sel({CONTRACT: contract}).values
    found = []
    for row, name in enumerate(results[ENTITY].values):
        cells = [
            Cell(show(float(v[row])), "" if np.isnan(e[row]) else f"± {show(float(e[row]))}",
                 bool(v[row] < 0.0))
            for v, e, show in columns
        ]  # fmt: skip
        at = MISSING if np.isnan(places[row]) else f"{100.0 * places[row]:.0f}"
        cells += [
            Cell(percent(float(published[row]), 2), "", bool(published[row] < 0.0)),
            Cell(at),
            Cell(pay(float(payments[row]))),
        ]
        label = str(results["entity_label"].values[row])
        beside = [
            label if label != name else "",
            number(float(results["members"].values[row])),
            str(terms[row]),
        ]
        found.append(Row(str(name), beside, cells))
    return found


def _prior(plan: PortfolioPlan) -> str:
    """Words of what is believed of the entities' true savings, where it is one belief."""
    priors = {one.systematic.true_savings for one in plan.plans}
    if len(priors) > 1:
        return "a normal distribution of its own, as stated"
    prior = priors.pop()
    return (
        f"a normal distribution with mean {percent(prior.mean, 2)} and standard deviation "
        f"{percent(prior.sd, 2)} of expected cost, the same for all"
    )


def _prior_sources(plan: PortfolioPlan) -> list[str]:
    """Where the belief about true savings comes from, each source once."""
    return list(dict.fromkeys(
        figure.source
        for one in plan.plans
        for figure in one.figures
        if figure.path.startswith("uncertainty.true_savings")
    ))  # fmt: skip
