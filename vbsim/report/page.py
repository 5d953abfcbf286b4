"""The report: one HTML page that holds its figures, loads nothing and runs nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from vbsim.plan import Plan
from vbsim.plots import FIGURES, Findings, Illustration
from vbsim.plots.text import decimals_of_millions, millions, percent
from vbsim.report import inputs, program
from vbsim.report.answer import answer
from vbsim.report.capital import capital
from vbsim.report.explain import Explanation, explain, shown
from vbsim.report.tables import money, with_error
from vbsim.vocabulary import CONTRACT, HOLDER, MEASURE, PARTY, SHARE, YEAR

# Heading, measure, and whether it is a share.
ANSWER_COLUMNS = (
    ("P(earns)", "prob_gain"),
    ("P(owes)", "prob_loss"),
    ("Mean net", "mean"),
    ("Standard deviation", "sd"),
    ("5th percentile", "p05"),
    ("Median", "p50"),
    ("95th percentile", "p95"),
    ("VaR 95\N{NO-BREAK SPACE}% of the loss", "var_95"),
    ("TVaR 95\N{NO-BREAK SPACE}% of the loss", "tvar_95"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and, in small type, its standard error."""

    text: str
    error: str = ""
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One contract of a table."""

    label: str
    category: str
    is_reference: bool
    cells: list[Cell]


def render(
    findings: Findings,
    manifest: Mapping[str, Any],
    figures: Mapping[str, Path],
) -> str:
    """Write the report page of a finished run.

    Parameters
    ----------
    findings
        The finished run.
    manifest
        What the run folder says about the computation.
    figures
        Name in ``vbsim.plots.FIGURES`` to PNG file, in the order of the page.

    Returns
    -------
    str
        HTML that needs no network.
    """
    plan, summary, ran = findings.plan, findings.summary, findings.program
    return template("report.html.j2").render(
        plan=plan,
        answer=answer(findings),
        findings=findings,
        reference=findings.contract(findings.reference).label,
        years=[_year(findings, int(year)) for year in summary[YEAR].values],
        headings=[heading for heading, _ in ANSWER_COLUMNS],
        figures=embedded(FIGURES, figures),
        statement=statement(findings),
        shown=shown,
        realization=_median_number(findings),
        inputs=inputs,
        manifest=inputs.manifest_rows(manifest),
        version=manifest.get("versions", {}).get("vbsim", ""),
        started=moment(str(manifest.get("started", ""))),
        limits=limits(findings),
        program=[] if ran is None else program.rows(ran),
        program_answer="" if ran is None else program.answer(ran, _label(plan)),
        capital=capital(findings),
    )


def _label(plan: Plan) -> str:
    return "" if plan.program is None else plan.program.label


def answer_rows(findings: Findings, year: int) -> list[Row]:
    """Rows of the main table: every measure of each contract's net result, with its error."""
    holders = findings.summary[HOLDER]
    chosen = findings.summary[["value", "standard_error"]].sel({YEAR: year, PARTY: holders})
    return _rows(findings, chosen, ("value", "standard_error"), percent)


def difference_rows(findings: Findings, year: int) -> list[Row]:
    """Rows of the paired differences; the reference contract is left out."""
    chosen = findings.summary.sel({YEAR: year})
    rows = _rows(findings, chosen, ("difference", "difference_standard_error"), _points)
    return [row for row in rows if not row.is_reference]


def statement(findings: Findings) -> Explanation:
    """Statement of the reference contract's median realization."""
    return explain(findings.results, findings.reference, _median_number(findings), findings.year)


def limits(findings: Findings) -> dict[str, Any]:
    """Facts on which the text about the model's limits depends."""
    plan, contract = findings.plan, findings.contract(findings.reference)
    prior = plan.systematic.true_savings
    count, total = findings.misfits()
    # A stated benchmark has no base years to weigh.
    simulated = [hasattr(b, "weights") for c in plan.contracts for b in c.benchmarks]
    return {
        "prior_mean": percent(prior.mean, 2),
        "prior_sd": percent(prior.sd, 2),
        "has_prior": prior.sd > 0.0,
        "prior_part": _prior_part(findings),
        "parameter_part": _parameter_part(findings),
        "one_sd": money(prior.sd * inputs.expected_total(plan)),
        "expected_total": money(inputs.expected_total(plan)),
        "truncates": any(c.expenditure_layer for c in plan.contracts),
        "simulated_benchmark": any(simulated),
        "published_benchmark": not all(simulated),
        "by_rules": any(c.by_rules for c in plan.contracts),
        "by_factor": not all(c.by_rules for c in plan.contracts if c.benchmarks),
        "has_agreement": any(c.agreement for c in plan.contracts),
        "completes": plan.systematic.run_out.sd > 0.0,
        "base_years": [int(plan.world.years[row]) for row in contract.base_years],
        "capitation": any(c.model == "capitation" for c in plan.contracts),
        "managed_care": any(c.model == "managed_care" for c in plan.contracts),
        "economics": any(c.economics for c in plan.contracts),
        "capital": plan.capital is not None,
        "stop_loss": any(c.stop_loss for c in plan.contracts),
        "relative_use": sum("relative_utilization" in f.path for f in plan.unverified),
        "turnover": any(p.leaving_ratio != 1.0 or p.deaths for p in plan.world.people),
        "pandemic": percent(plan.systematic.shocks.pandemic_probability),
        "misfits": count,
        "ratios": total,
    }


@cache
def template(name: str) -> Template:
    """Template of a page."""
    loader = PackageLoader("vbsim.report", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _year(findings: Findings, year: int) -> dict[str, Any]:
    return {
        "year": year,
        "answer": answer_rows(findings, year),
        "differences": difference_rows(findings, year),
    }


def _rows(
    findings: Findings,
    chosen: xr.Dataset,
    names: tuple[str, str],
    show_share: Callable[[float], str],
) -> list[Row]:
    keys = [key for _, key in ANSWER_COLUMNS]
    pair = chosen[list(names)].sel({MEASURE: keys})
    units = [str(unit) for unit in pair["unit"].values]
    values = pair[names[0]].transpose(CONTRACT, MEASURE).values
    errors = pair[names[1]].transpose(CONTRACT, MEASURE).values
    decimals = decimals_of_millions(values[:, [unit != SHARE for unit in units]])
    show_money = partial(millions, decimals=decimals)
    shows = [show_share if unit == SHARE else show_money for unit in units]
    rows = []
    for name, found, doubts in zip(pair[CONTRACT].values, values, errors, strict=True):
        contract = findings.contract(str(name))
        triples = zip(shows, found, doubts, strict=True)
        cells = [_cell(show, float(value), float(doubt)) for show, value, doubt in triples]
        own = contract.name == findings.reference
        rows.append(Row(findings.label(contract.name), contract.lan_category, own, cells))
    return rows


def _cell(show: Callable[[float], str], value: float, error: float) -> Cell:
    shown = show(value)
    return Cell(shown, "" if np.isnan(error) else f"± {show(error)}", shown.startswith("−"))


def _points(share: float) -> str:
    """Write a difference of two shares in percentage points."""
    return percent(share).replace("%", "pp")


def embedded(
    registry: Mapping[str, Illustration], drawn: Mapping[str, Path]
) -> list[dict[str, str]]:
    """Figures as a page holds them: name, image and caption."""
    return [
        {
            "name": name,
            "source": "data:image/png;base64,"
            + base64.b64encode(path.read_bytes()).decode("ascii"),
            "caption": registry[name].caption,
        }
        for name, path in drawn.items()
    ]


def moment(text: str) -> str:
    """Write an ISO time stamp to the minute."""
    return text[:16].replace("T", " ") + (" UTC" if text.endswith(("+00:00", "Z")) else "")


def _median_number(findings: Findings) -> int:
    position = findings.median_position(findings.reference)
    return int(findings.results["realization"].values[position])


def _parameter_part(findings: Findings) -> str:
    """Part of the variance of the reference's net result that uncertain figures make."""
    if "parameter_share" not in findings.summary:
        return ""
    one = findings.summary.isel({YEAR: 0}).sel({CONTRACT: findings.reference})
    value, error = one["parameter_share"], one["parameter_share_standard_error"]
    return with_error(percent, float(value), float(error))


def _prior_part(findings: Findings) -> str:
    """Rough part of the variance of the savings rate that the prior of true savings makes up."""
    prior, rates = findings.plan.systematic.true_savings, findings.savings_rate(findings.reference)
    variance = float(np.var(rates))
    if np.isnan(variance) or variance <= prior.sd**2:
        return ""
    return percent(prior.sd**2 / variance, 0)
