"""What the program of a run returned, and what a comparison before and after would have claimed.

Every figure is a sum over the performance years of one realization; the true savings are the claims
that the program avoids among the members whom it reached, expected at the effect that was drawn.
Whoever is picked for a bad year has a better one next, program or not: that is regression to the
mean, the difference between the savings seen before and after and the true ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from vbsim.measures.catalogue import MEASURES
from vbsim.measures.precision import Estimate, Sample, difference, ratio_of_means, sample_of
from vbsim.measures.summary import design_of
from vbsim.payment_models import program_cost
from vbsim.plan import FloatArray, Plan, Program
from vbsim.plots.text import number, percent
from vbsim.report.tables import money, money_with_error, with_error
from vbsim.vocabulary import DRAW, REALIZATION, SHARE, USD

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
    parts = [
        _amounts(draw, draw.program, experience.isel({REALIZATION: where}))
        for draw, where in plan.by_draw(experience[REALIZATION].values)
        if draw.program is not None
    ]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    kept = {name: experience[name] for name in (REALIZATION, DRAW) if name in experience.coords}
    return xr.Dataset({name: (REALIZATION, values) for name, values in found.items()}, kept)


def _amounts(plan: Plan, program: Program, experience: xr.Dataset) -> dict[str, FloatArray]:
    """Give sums over the performance years of each realization, by name."""
    later = plan.performance
    names = [str(name) for name in experience.data_vars if str(name).startswith("program_")]
    seen = {name.removeprefix("program_"): experience[name].values[:, later] for name in names}
    exposure = experience["person_years"].values[:, later].sum(axis=2)
    engaged, held_out = ({k: v[..., arm] for k, v in seen.items() if v.ndim == 3} for arm in (0, 1))
    cost = program_cost.cost(program.cost, exposure, seen["flagged"], engaged["person_years"])
    amounts = {
        "cost": cost,
        "savings": seen["savings"],
        "access_savings": seen["access_savings"],
        "administration": program_cost.saving(program.cost, exposure),
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
    return found


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


def regression_to_the_mean(found: xr.Dataset) -> Estimate:
    """Share of the savings seen before and after that is none."""
    seen, true = found["before_after"].values, found["savings"].values
    return ratio_of_means(seen - true, seen, design_of(found))


def trial(found: xr.Dataset) -> Estimate:
    """Difference in the share admitted, engaged less held out."""
    return difference(
        _share(found, "admitted", "engaged"), _share(found, "held_out_admitted", "held_out")
    )


def _share(found: xr.Dataset, part: str, whole: str) -> Estimate:
    return ratio_of_means(found[part].values, found[whole].values, design_of(found))


def _mean(found: xr.Dataset, values: FloatArray) -> Estimate:
    return ratio_of_means(values, np.ones_like(values), design_of(found))


def _sample(found: xr.Dataset, name: str) -> Sample:
    return sample_of(found[name].values, design_of(found))


def rows(found: xr.Dataset) -> list[Row]:
    """Lines of the report's table."""

    def usd(name: str) -> str:
        estimate = _mean(found, found[name].values)
        return money_with_error(estimate.value, estimate.standard_error)

    def share(part: str, whole: str) -> str:
        return _told(percent, _share(found, part, whole))

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
            _told(percent, regression_to_the_mean(found)),
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
                _told(_points, trial(found)),
                "take part less held out: what a trial would find",
            ),
        ]
    return table


def _told(words: Callable[[float], str], estimate: Estimate) -> str:
    return with_error(words, estimate.value, estimate.standard_error)


def _points(share: float) -> str:
    return percent(share).replace("%", "pp")


def _returns(found: xr.Dataset) -> list[Row]:
    """Distribution of the return on investment."""
    if np.isnan(found["roi"].values).any():
        return []
    sample = _sample(found, "roi")
    shown = {key: _told(_dollars, MEASURES[key](sample)) for key in ("mean", "p05", "p50", "p95")}
    return [
        Row("Return per dollar, mean", shown["mean"], "(claims avoided + administration) / cost"),
        Row("5th percentile", shown["p05"]),
        Row("median", shown["p50"]),
        Row("95th percentile", shown["p95"]),
        Row("P(returns more than it costs)", _told(percent, _pays(found))),
    ]


def _dollars(value: float) -> str:
    return number(value, 2)


def _pays(found: xr.Dataset) -> Estimate:
    """Probability that the program returns more than it costs."""
    return _mean(found, (found["roi"].values > 1.0).astype(np.float64))


def summary_rows(found: xr.Dataset | None) -> Iterator[dict[str, str | float]]:
    """Rows of ``summary.csv``: those of all performance years together, of no one contract."""
    rows = [] if found is None else _all_rows(found)
    # Undefined, or too few realizations to tell.
    yield from (row for row in rows if not np.isnan([row["value"], row["standard_error"]]).any())


def _all_rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    for name in map(str, found.data_vars):
        if np.isnan(found[name].values).any():
            continue
        sample = _sample(found, name)
        unit = SHARE if "roi" in name else USD if name in _AMOUNTS else "members"
        for key in ("mean",) if unit == "members" else _MEASURES:
            yield _row(f"{name}.{key}", MEASURES[key](sample), unit)
    yield _row("regression_to_the_mean", regression_to_the_mean(found), SHARE)
    if found["held_out"].values.any():
        yield _row("randomized_difference_in_admissions", trial(found), SHARE)
    if not np.isnan(found["roi"].values).any():
        yield _row("prob_roi_above_1", _pays(found), SHARE)


_AMOUNTS = ("cost", "savings", "access_savings", "administration", "net", "before_after")


def _row(measure: str, estimate: Estimate, unit: str) -> dict[str, Any]:
    return {
        "contract": "intervention",
        "year": ALL_YEARS,
        "party": "",
        "measure": f"program.{measure}",
        "value": estimate.value,
        "standard_error": estimate.standard_error,
        "unit": unit,
    }


def answer(found: xr.Dataset, label: str) -> str:
    """Say in a sentence or two what the program returns, and what before and after would claim."""
    parts = [f"{label} costs {money(float(found['cost'].mean()))}"]
    parts.append(f"and avoids {money(float(found['savings'].mean()))} of claims")
    text = " ".join(parts) + "."
    if not np.isnan(found["roi"].values).any():
        mean = float(found["roi"].mean())
        text += f" It returns {_dollars(mean)} per dollar on average, and more than it "
        text += f"costs with probability {percent(_pays(found).value)}."
    share = regression_to_the_mean(found).value
    if found["before_after"].mean() > 0.0:
        text += " A comparison of the year with the year before would claim "
        text += f"{money(float(found['before_after'].mean()))}: {percent(share, 0)} of that is "
        text += "regression to the mean."
    return text
