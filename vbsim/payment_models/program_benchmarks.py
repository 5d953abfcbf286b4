"""Benchmarks that a program's rules build, step by step, from simulated base years.

``Rebased`` is the Medicare Shared Savings Program's: base years trended to the last of them by a
blend of national and regional growth, an adjustment towards the region or for prior savings, growth
of risk scores up to a cap, and an update to the performance year (42 CFR 425.601, 425.650-425.660).
``Blended`` is ACO REACH's: base years brought to the performance year with the nation, blended with
regional expenditure within a ceiling and a floor.

National and regional expenditure feel what reaches everybody in a realization, and none of the
luck of the ACO's own members. Lines are amounts at the performance year's exposure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vbsim.payment_models import benchmark_steps as steps
from vbsim.payment_models.base import FloatArray, Line, amount, given, rate, summed
from vbsim.payment_models.program_benchmark_terms import Blended, Measured, Rebased
from vbsim.vocabulary import SHARE, YES_OR_NO

__all__ = ["Blended", "Found", "Measured", "Rebased", "Trends", "blended", "found", "rebased"]
Lines = dict[str, Line]
Trends = dict[tuple[int, ...], list[FloatArray]]  # by the positions of base years


@dataclass(frozen=True, slots=True)
class Found:
    """A benchmark [USD], the lines that explain it, and whether a guardrail raised it."""

    total: FloatArray
    lines: Lines
    guardrail: FloatArray | float = 0.0


def found(terms: Rebased | Blended, seen: Measured, trends: Trends | None = None) -> Found:
    """Benchmark of a performance year by the rules of its program.

    ``trends`` holds what earlier years of a contract found out about base years, and takes more.
    """
    if isinstance(terms, Blended):
        return blended(terms, seen)
    return rebased(terms, seen, {} if trends is None else trends)


def rebased(terms: Rebased, seen: Measured, trends: Trends) -> Found:
    """Benchmark of the Shared Savings Program."""
    if terms.base_years not in trends:
        trends[terms.base_years] = _trends(terms, seen)
    trend = trends[terms.base_years]
    historical, lines = _base_years(terms.weights, seen, trend, "historical_benchmark")
    adjusted, more = _adjusted(terms, seen, historical, lines["historical_benchmark"].value)
    lines |= more
    level, more = _at_risk(terms, adjusted, lines)
    lines |= more
    return _updated(terms, seen, level, lines)


def _trends(terms: Rebased, seen: Measured) -> list[FloatArray]:
    """Growth of every base year but the last to the last, risk scores included, (R, S)."""
    last = len(terms.base_years) - 1
    risk = terms.risk[last] / terms.risk[:last]
    return [_two_way(terms, seen, year, last, risk[year]) for year in range(last)]


def _two_way(
    terms: Rebased, seen: Measured, start: int, end: int, risk: FloatArray | float = 1.0
) -> FloatArray:
    """Two-way growth from one year to another, times that of risk scores, (R, S)."""
    nation = seen.national_factor[end] / seen.national_factor[start]
    beyond = seen.regional_factor[end] / seen.regional_factor[start]
    national = terms.national[end] / terms.national[start] * risk
    regional = terms.regional[end] / terms.regional[start] * risk
    return steps.blended_growth(nation, national, regional, beyond, terms.national_weight)


def _base_years(
    weights: FloatArray, seen: Measured, trend: Sequence[FloatArray], name: str
) -> tuple[FloatArray, Lines]:
    """Weight the base years, each with its trend (the last has none), (R, S), with their lines."""
    lines: Lines = {}
    parts, total = [], np.zeros_like(seen.person_years)
    of_all = np.zeros(len(total))
    for number, cost in enumerate(seen.base_per_capita):
        amounts = cost * seen.person_years
        own, grown = f"base_year_{number + 1}", f"trend_of_base_year_{number + 1}"
        before = summed(amounts)
        after = before
        if number < len(trend):
            amounts *= trend[number]
            after = summed(amounts)
        amounts *= weights[number]
        total += amounts
        of_all += weights[number] * after
        lines[own] = given(
            before,
            "its expenditure per person-year, truncated and complete, at this year's exposure",
        )
        lines[grown] = given(after - before, "what trend and risk scores add to it")
        lines[f"{own}_weight"] = given(weights[number], "weight of the base year", SHARE)
        parts.append(f"{own}_weight * ({own} + {grown})")
    lines[name] = amount(of_all, " + ".join(parts))
    return total, lines


def _adjusted(
    terms: Rebased, seen: Measured, historical: FloatArray, of_all: FloatArray
) -> tuple[FloatArray, Lines]:
    """Adjust towards the region, or for prior savings if that is more, (R, S)."""
    shared = seen.national_factor[-2] * seen.person_years  # of the last base year
    national = terms.national[-2] * shared
    region = terms.regional[-2] * terms.risk[-2] * shared * seen.regional_factor[-2]
    by_type, lines = _towards_region(terms, historical, of_all, region, national)
    regional = lines["regional_adjustment"].value
    if not terms.prior_savings_share:
        lines["adjustment"] = amount(regional, "regional_adjustment")
        return historical + by_type, lines
    prior, more = _prior_savings(terms, seen, summed(national))
    lines |= more
    per_person_year = prior / summed(seen.person_years)
    by_prior = (prior > regional)[:, None]
    by_type = np.where(by_prior, per_person_year[:, None] * seen.person_years, by_type)
    lines["adjustment"] = amount(
        np.maximum(regional, prior), "max(regional_adjustment, prior_savings_adjustment)"
    )
    return historical + by_type, lines


def _towards_region(
    terms: Rebased,
    historical: FloatArray,
    of_all: FloatArray,
    region: FloatArray,
    national: FloatArray,
) -> tuple[FloatArray, Lines]:
    """Regional adjustment, (R, S): a part of the gap to the region, within bounds."""
    expected = summed(region)
    weight = np.where(expected >= of_all, terms.regional_weight_below, terms.regional_weight_above)
    weighted = weight[:, None] * (region - historical)
    bounded = steps.within_share(weighted, national, terms.regional_floor, terms.regional_cap)
    free, kept = weight * (expected - of_all), summed(bounded)
    regional, words = kept, "weighted_gap_to_region + bounds_by_enrollment_type"
    if not terms.negative_adjustment:
        regional, words = np.maximum(kept, 0.0), f"max({words}, 0)"
        bounded = np.where((kept > 0.0)[:, None], bounded, 0.0)
    lines = {
        "regional_expenditure": given(
            expected, "the region's in the last base year, at the ACO's risk scores"
        ),
        "regional_weight_below": given(
            terms.regional_weight_below, "for an ACO that spends less than its region", SHARE
        ),
        "regional_weight_above": given(
            terms.regional_weight_above, "for one that spends more", SHARE
        ),
        "regional_weight": rate(
            weight,
            "regional_weight_below if regional_expenditure >= historical_benchmark else"
            " regional_weight_above",
        ),
        "weighted_gap_to_region": amount(
            free, "regional_weight * (regional_expenditure - historical_benchmark)"
        ),
        "bounds_by_enrollment_type": given(
            kept - free, "what the bounds of each enrollment type change in it"
        ),
        "regional_adjustment": amount(regional, words),
    }
    return bounded, lines


def _prior_savings(terms: Rebased, seen: Measured, bound: FloatArray) -> tuple[FloatArray, Lines]:
    """Add back a part of the savings of base years under an earlier agreement [USD]."""
    by_year = np.where(np.isnan(terms.stated_savings), seen.base_savings, terms.stated_savings)
    # A base year outside the program saved nothing: the average is pro-rated.
    average = np.where(np.isnan(by_year), 0.0, by_year).mean(axis=1)
    prior = average * summed(seen.person_years)
    share, cap = terms.prior_savings_share, terms.prior_savings_cap
    adjustment = np.minimum(share * np.maximum(prior, 0.0), cap * bound)
    return adjustment, {
        "prior_savings": given(
            prior, "average savings per person-year over the base years, at this year's exposure"
        ),
        "prior_savings_share": given(share, "part of prior savings that is added back", SHARE),
        "national_expenditure": given(bound, "the nation's in the last base year"),
        "prior_savings_cap": given(cap, "most that is added, of national expenditure", SHARE),
        "prior_savings_adjustment": amount(
            adjustment,
            "min(prior_savings_share * max(prior_savings, 0),"
            " prior_savings_cap * national_expenditure)",
        ),
    }


def _at_risk(terms: Rebased, adjusted: FloatArray, above: Lines) -> tuple[FloatArray, Lines]:
    """Bring a benchmark to the performance year's risk scores, as far as their cap allows."""
    growth = terms.risk[-1] / terms.risk[-2]
    total = above["historical_benchmark"].value + above["adjustment"].value
    free = summed(adjusted * (growth - 1.0))
    if terms.demographic_growth is None:
        level = adjusted * steps.capped_each(growth, terms.risk_cap)
    else:
        together = 1.0 + free / total
        level = adjusted * growth
        level *= steps.capped_together(together, terms.demographic_growth, terms.risk_cap)[:, None]
    result = summed(level)
    return level, {
        "risk_score_growth": given(
            free, "what growth of risk scores since the last base year would add"
        ),
        "risk_score_cap": given(result - total - free, "what the cap on that growth takes back"),
        "adjusted_benchmark": amount(
            result, "historical_benchmark + adjustment + risk_score_growth + risk_score_cap"
        ),
    }


def _updated(terms: Rebased, seen: Measured, level: FloatArray, lines: Lines) -> Found:
    """Update an adjusted benchmark to the performance year: two-way, three-way, guardrail."""
    base = lines["adjusted_benchmark"].value
    growth = _two_way(terms, seen, -2, -1)
    growth *= level
    two_way = summed(growth)
    update = two_way - base
    lines = lines | {
        "two_way_update": given(update, "what blended national and regional growth adds")
    }
    if not terms.prospective_weight:
        lines["benchmark"] = amount(two_way, "adjusted_benchmark + two_way_update")
        return Found(two_way, lines)
    level *= terms.prospective
    ahead = summed(level) - base
    blend = base + steps.three_way(update, ahead, terms.prospective_weight)
    words = (
        "adjusted_benchmark + (1 - prospective_weight) * two_way_update"
        " + prospective_weight * prospective_update"
    )
    lines |= {
        "prospective_update": given(
            ahead, "what the accountable care prospective trend, set before the agreement, adds"
        ),
        "prospective_weight": given(terms.prospective_weight, "weight of it", SHARE),
    }
    if terms.guardrail is None:
        lines["benchmark"] = amount(blend, words)
        return Found(blend, lines)
    lost = seen.expenditure - blend
    barred = (lost > 0.0) & (lost >= terms.guardrail * blend) & (two_way > blend)
    total = np.where(barred, two_way, blend)
    lines |= {
        "two_way_benchmark": amount(two_way, "adjusted_benchmark + two_way_update"),
        "three_way_benchmark": amount(blend, words),
        "expenditure": given(seen.expenditure, "claims that count"),
        "guardrail_rate": given(
            terms.guardrail, "losses from this share of benchmark on bring in the guardrail", SHARE
        ),
        "guardrail": amount(
            barred.astype(np.float64),
            "1 if expenditure - three_way_benchmark >= guardrail_rate * three_way_benchmark and"
            " two_way_benchmark > three_way_benchmark and expenditure > three_way_benchmark else 0",
            YES_OR_NO,
        ),
        "benchmark": amount(total, "two_way_benchmark if guardrail > 0.5 else three_way_benchmark"),
    }
    return Found(total, lines, lines["guardrail"].value)


def blended(terms: Blended, seen: Measured) -> Found:
    """Benchmark of ACO REACH, before discount and withholds."""
    growth = [
        seen.national_factor[-1] / seen.national_factor[base]
        * (terms.national[-1] / terms.national[base] * terms.risk[-2] / terms.risk[base])
        for base in range(len(terms.base_years))
    ]  # fmt: skip
    total, lines = _base_years(terms.weights, seen, growth, "historical_at_base_risk")
    at = [
        lines["historical_at_base_risk"].value,
        summed(total * (terms.risk[-1] / terms.risk[-2])),
        summed(total * (terms.capped_risk / terms.risk[-2])),
    ]
    shared = seen.national_factor[-1] * seen.person_years
    level = seen.regional_factor[-1][:, 0]
    region = summed(terms.regional * terms.capped_risk * shared) * level
    nation = summed(terms.national[-1] * terms.capped_risk * shared)
    effect = terms.regional_weight * (region - at[2])
    bounded = steps.within_share(effect, nation, terms.floor, terms.ceiling)
    lines |= {
        "risk_score_growth": given(
            at[1] - at[0], "what growth of risk scores since the last base year would add"
        ),
        "risk_score_cap": given(at[2] - at[1], "what caps and coding factor change in that"),
        "historical_expenditure": amount(
            at[2], "historical_at_base_risk + risk_score_growth + risk_score_cap"
        ),
        "regional_expenditure": given(region, "the region's this year, at the ACO's risk scores"),
        "regional_weight": given(terms.regional_weight, "weight of the region", SHARE),
        "regional_effect": amount(
            effect, "regional_weight * (regional_expenditure - historical_expenditure)"
        ),
        "national_expenditure": given(nation, "the nation's this year, at the ACO's risk scores"),
        "regional_ceiling": given(
            terms.ceiling, "most that the region adds, of national expenditure", SHARE
        ),
        "regional_floor": given(terms.floor, "most that it takes off", SHARE),
        "regional_blend": amount(
            bounded,
            "min(max(regional_effect, -regional_floor * national_expenditure),"
            " regional_ceiling * national_expenditure)",
        ),
        "benchmark": amount(at[2] + bounded, "historical_expenditure + regional_blend"),
    }
    return Found(at[2] + bounded, lines)
