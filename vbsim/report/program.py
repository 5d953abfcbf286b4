"""What the program of a run returned, and what a comparison before and after would have claimed.

Every figure is a sum over the performance years of one realization; the true savings are the claims
that the program avoids among the members whom it reached, expected at the effect that was drawn.
Whoever is picked for a bad year has a better one next, program or not: that is regression to the
mean, the difference between the savings seen before and after and the true ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from vbsim.measures.catalogue import MEASURES, mean
from vbsim.measures.precision import Estimate, sample_of
from vbsim.payment_models import program_cost
from vbsim.plan import FloatArray, Plan
from vbsim.plots.text import number, percent
from vbsim.report.tables import money, money_with_error, with_error
from vbsim.vocabulary import REALIZATION, SHARE, USD

ALL_YEARS = "all"  # in the column year of summary.csv
_MEASURES = ("mean", "sd", "p05", "p25", "p50", "p75", "p95")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: words, value with its standard error, and what it is."""

    words: str
    value: str
    note: str = ""


def program(plan: Plan, experience: xr.Dataset) -> xr.Dataset | None:
    """Add up what the program cost, avoided and seemed to avoid; ``None`` without a program.

    Returns
    -------
    Dataset
        Over realizations, sums of all performance years: ``cost``, ``savings``,
        ``access_savings``, ``administration``, ``net`` and ``before_after`` [USD]; ``roi`` and
        ``before_after_roi``, savings over cost; ``flagged``, ``engaged``, ``held_out`` [members];
        ``admitted_before``, ``admitted`` and ``held_out_admitted`` [members].
    """
    if plan.program is None:
        return None
    later = plan.performance
    names = [str(name) for name in experience.data_vars if str(name).startswith("program_")]
    seen = {name.removeprefix("program_"): experience[name].values[:, later] for name in names}
    exposure = experience["person_years"].values[:, later].sum(axis=2)
    engaged, held_out = ({k: v[..., arm] for k, v in seen.items() if v.ndim == 3} for arm in (0, 1))
    cost = program_cost.cost(plan.program.cost, exposure, seen["flagged"], engaged["person_years"])
    amounts = {
        "cost": cost,
        "savings": seen["savings"],
        "access_savings": seen["access_savings"],
        "administration": program_cost.saving(plan.program.cost, exposure),
        "before_after": _before_after(plan, engaged),
    }
    counts = {
        "flagged": seen["flagged"],
        "engaged": engaged["members"],
        "held_out": held_out["members"],
        "admitted_before": engaged["admitted_before"],
        "admitted": engaged["admitted"],
        "held_out_admitted": held_out["admitted"],
    }
    found = {name: values.sum(axis=1) for name, values in (amounts | counts).items()}
    gained = found["savings"] + found["access_savings"] + found["administration"]
    found["net"] = gained - found["cost"]
    found["roi"] = _ratio(gained, found["cost"])
    found["before_after_roi"] = _ratio(found["before_after"], found["cost"])
    return xr.Dataset(
        {name: (REALIZATION, values) for name, values in found.items()},
        {REALIZATION: experience[REALIZATION].values},
    )


def _before_after(plan: Plan, engaged: dict[str, FloatArray]) -> FloatArray:
    """Give the savings that a comparison with last year's cost, trended, shows, (R, P).

    The trend is the expected one of the cost level, as whoever makes such a comparison assumes.
    """
    world, first = plan.world, int(np.argmax(plan.performance))
    level = (world.expected_cost * world.members).sum(axis=1) / world.members.sum(axis=1)
    trend = level[first:] / level[first - 1 : -1]
    before = _ratio(engaged["cost_before"], engaged["person_years_before"]) * trend
    return np.asarray(np.nan_to_num(before) * engaged["person_years"] - engaged["cost"])


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    out = np.full(part.shape, np.nan)
    return np.divide(part, whole, out=out, where=whole > 0.0)


def ratio_of_means(part: FloatArray, whole: FloatArray) -> tuple[float, float]:
    """Ratio of two means over realizations, and its delta-method standard error."""
    if not whole.mean() > 0.0:
        return np.nan, np.nan
    ratio = part.mean() / whole.mean()
    if part.size < 2:
        return float(ratio), np.nan
    error = (part - ratio * whole).std(ddof=1) / np.sqrt(part.size) / whole.mean()
    return float(ratio), float(error)


def regression_to_the_mean(found: xr.Dataset) -> tuple[float, float]:
    """Share of the savings seen before and after that is none, and its standard error."""
    seen, true = found["before_after"].values, found["savings"].values
    return ratio_of_means(seen - true, seen)


def trial(found: xr.Dataset) -> tuple[float, float]:
    """Difference in the share admitted, engaged less held out, and its standard error."""
    pairs = (("admitted", "engaged"), ("held_out_admitted", "held_out"))
    rates = [ratio_of_means(found[a].values, found[b].values) for a, b in pairs]
    (treated, error), (control, other) = rates
    return treated - control, float(np.hypot(error, other))


def rows(found: xr.Dataset) -> list[Row]:
    """Lines of the report's table."""

    def usd(name: str) -> str:
        estimate = mean(sample_of(found[name].values))
        return money_with_error(estimate.value, estimate.standard_error)

    def share(part: str, whole: str) -> str:
        return with_error(percent, *ratio_of_means(found[part].values, found[whole].values))

    table = [
        Row("Members flagged", number(float(found["flagged"].mean())), "all performance years"),
        Row("Members who take part", number(float(found["engaged"].mean()))),
        Row("Cost of the program", usd("cost")),
        Row("Claims avoided among those who take part", usd("savings"), "true savings"),
    ]
    for name, words in (
        ("access_savings", "Claims avoided by easier access"),
        ("administration", "Administration spared by automation, net"),
    ):
        if found[name].values.any():
            table.append(Row(words, usd(name)))
    table.append(Row("Net of the program", usd("net"), "before any contract shares it"))
    table += _returns(found)
    table += [
        Row("Savings that before and after show", usd("before_after"), "last year's cost, trended"),
        Row(
            "of which regression to the mean",
            with_error(percent, *regression_to_the_mean(found)),
            "what these members would have saved without the program",
        ),
        Row("Admitted in the year before", share("admitted_before", "engaged"), "who take part"),
        Row("Admitted in the year", share("admitted", "engaged"), "who take part"),
    ]
    if found["held_out"].values.any():
        table += [
            Row("Admitted in the year, held out", share("held_out_admitted", "held_out")),
            Row(
                "Randomized difference",
                with_error(_points, *trial(found)),
                "take part less held out: what a trial would find",
            ),
        ]
    return table


def _points(share: float) -> str:
    return percent(share).replace("%", "pp")


def _returns(found: xr.Dataset) -> list[Row]:
    """Distribution of the return on investment."""
    if np.isnan(found["roi"].values).any():
        return []
    sample = sample_of(found["roi"].values)
    estimates = {key: MEASURES[key](sample) for key in ("mean", "p05", "p50", "p95")}
    shown = {key: with_error(_dollars, e.value, e.standard_error) for key, e in estimates.items()}
    above = _pays(found)
    return [
        Row("Return per dollar, mean", shown["mean"], "(claims avoided + administration) / cost"),
        Row("5th percentile", shown["p05"]),
        Row("median", shown["p50"]),
        Row("95th percentile", shown["p95"]),
        Row(
            "P(returns more than it costs)", with_error(percent, above.value, above.standard_error)
        ),
    ]


def _dollars(value: float) -> str:
    return number(value, 2)


def _pays(found: xr.Dataset) -> Estimate:
    """Probability that the program returns more than it costs."""
    return mean(sample_of((found["roi"].values > 1.0).astype(np.float64)))


def summary_rows(found: xr.Dataset | None) -> Iterator[dict[str, str | float]]:
    """Rows of ``summary.csv``: those of all performance years together, of no one contract."""
    rows = [] if found is None else _all_rows(found)
    # Undefined, or too few realizations to tell.
    yield from (row for row in rows if not np.isnan([row["value"], row["standard_error"]]).any())


def _all_rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    for name in map(str, found.data_vars):
        if np.isnan(found[name].values).any():
            continue
        sample = sample_of(found[name].values)
        unit = SHARE if "roi" in name else USD if name in _AMOUNTS else "members"
        for key in ("mean",) if unit == "members" else _MEASURES:
            estimate = MEASURES[key](sample)
            yield _row(f"{name}.{key}", estimate.value, estimate.standard_error, unit)
    yield _row("regression_to_the_mean", *regression_to_the_mean(found), SHARE)
    if found["held_out"].values.any():
        yield _row("randomized_difference_in_admissions", *trial(found), SHARE)
    if not np.isnan(found["roi"].values).any():
        pays = _pays(found)
        yield _row("prob_roi_above_1", pays.value, pays.standard_error, SHARE)


_AMOUNTS = ("cost", "savings", "access_savings", "administration", "net", "before_after")


def _row(measure: str, value: float, error: float, unit: str) -> dict[str, Any]:
    return {
        "contract": "intervention",
        "year": ALL_YEARS,
        "party": "",
        "measure": f"program.{measure}",
        "value": value,
        "standard_error": error,
        "unit": unit,
    }


def answer(found: xr.Dataset, label: str) -> str:
    """Say in a sentence or two what the program returns, and what before and after would claim."""
    parts = [f"{label} costs {money(float(found['cost'].mean()))}"]
    parts.append(f"and avoids {money(float(found['savings'].mean()))} of claims")
    text = " ".join(parts) + "."
    if not np.isnan(found["roi"].values).any():
        estimate = MEASURES["mean"](sample_of(found["roi"].values))
        text += f" It returns {_dollars(estimate.value)} per dollar on average, and more than it "
        text += f"costs with probability {percent(_pays(found).value)}."
    share, _ = regression_to_the_mean(found)
    if found["before_after"].mean() > 0.0:
        text += " A comparison of the year with the year before would claim "
        text += f"{money(float(found['before_after'].mean()))}: {percent(share, 0)} of that is "
        text += "regression to the mean."
    return text
