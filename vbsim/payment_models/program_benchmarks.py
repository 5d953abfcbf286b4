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

from dataclasses import dataclass

import numpy as np

from vbsim.payment_models import benchmark_steps as steps
from vbsim.payment_models.base import FloatArray, Line, amount, given, rate
from vbsim.payment_models.program_benchmark_terms import Blended, Measured, Rebased
from vbsim.vocabulary import SHARE, YES_OR_NO

__all__ = ["Blended", "Found", "Measured", "Rebased", "blended", "found", "rebased"]
Lines = dict[str, Line]


@dataclass(frozen=True, slots=True)
class Found:
    """A benchmark [USD], the lines that explain it, and whether a guardrail raised it."""

    total: FloatArray
    lines: Lines
    guardrail: FloatArray | float = 0.0


def found(terms: Rebased | Blended, seen: Measured) -> Found:
    """Benchmark of a performance year by the rules of its program."""
    return rebased(terms, seen) if isinstance(terms, Rebased) else blended(terms, seen)


def rebased(terms: Rebased, seen: Measured) -> Found:
    """Benchmark of the Shared Savings Program."""
    last = len(terms.base_years) - 1
    national = terms.national * seen.national_factor
    regional = terms.regional * seen.national_factor * seen.regional_factor[..., None]
    trend = steps.blended_growth(
        national[:, last, None] / national[:, :-1],
        regional[:, last, None] / regional[:, :-1],
        terms.national_weight,
    ) * (terms.risk[last] / terms.risk[:-1])
    historical, lines = _base_years(terms.weights, seen, trend, "historical_benchmark")
    region = regional[:, last] * terms.risk[last]
    adjusted, more = _adjusted(terms, seen, historical, region, national[:, last])
    lines |= more
    level, more = _at_risk(terms, seen, adjusted)
    lines |= more
    two_way = steps.blended_growth(
        national[:, -1] / national[:, last],
        regional[:, -1] / regional[:, last],
        terms.national_weight,
    )
    return _updated(terms, seen, level, two_way, lines)


def _base_years(
    weights: FloatArray, seen: Measured, trend: FloatArray, name: str
) -> tuple[FloatArray, Lines]:
    """Weight the trended base years, per person-year, (R, S), with their lines."""
    lines: Lines = {}
    parts, total = [], np.zeros(seen.base_per_capita[:, 0].shape)
    for number, weight in enumerate(weights):
        cost = seen.base_per_capita[:, number]
        added = cost * (trend[:, number] - 1.0)
        own, grown = f"base_year_{number + 1}", f"trend_of_base_year_{number + 1}"
        lines[own] = given(
            steps.at_exposure(cost, seen.person_years),
            "its expenditure per person-year, truncated and complete, at this year's exposure",
        )
        lines[grown] = given(
            steps.at_exposure(added, seen.person_years), "what trend and risk scores add to it"
        )
        lines[f"{own}_weight"] = given(weight, "weight of the base year", SHARE)
        parts.append(f"{own}_weight * ({own} + {grown})")
        total = total + weight * (cost + added)
    lines[name] = amount(steps.at_exposure(total, seen.person_years), " + ".join(parts))
    return total, lines


def _adjusted(
    terms: Rebased, seen: Measured, historical: FloatArray, region: FloatArray, national: FloatArray
) -> tuple[FloatArray, Lines]:
    """Adjust towards the region, or for prior savings if that is more, per person-year."""
    gap = region - historical
    difference = steps.at_exposure(gap, seen.person_years)
    lower = difference >= 0.0
    weight = np.where(lower, terms.regional_weight_below, terms.regional_weight_above)
    weighted = weight[:, None] * gap
    bounded = steps.within_share(weighted, national, terms.regional_floor, terms.regional_cap)
    shared, kept = (steps.at_exposure(part, seen.person_years) for part in (weighted, bounded))
    regional = kept if terms.negative_adjustment else np.maximum(kept, 0.0)
    words = "weighted_gap_to_region + bounds_by_enrollment_type"
    lines = {
        "regional_expenditure": given(
            steps.at_exposure(region, seen.person_years),
            "the region's in the last base year, at the ACO's risk scores",
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
            shared, "regional_weight * (regional_expenditure - historical_benchmark)"
        ),
        "bounds_by_enrollment_type": given(
            kept - shared, "what the bounds of each enrollment type change in it"
        ),
        "regional_adjustment": amount(
            regional, words if terms.negative_adjustment else f"max({words}, 0)"
        ),
    }
    per_type = np.where((regional == kept)[:, None], bounded, 0.0)
    if terms.prior_savings_share:
        prior, more = _prior_savings(terms, seen, national)
        lines |= more
        by_prior = prior > regional
        people = seen.person_years.sum(axis=1)
        per_type = np.where(by_prior[:, None], (prior / people)[:, None], per_type)
        lines["adjustment"] = amount(
            np.maximum(regional, prior), "max(regional_adjustment, prior_savings_adjustment)"
        )
    else:
        lines["adjustment"] = amount(regional, "regional_adjustment")
    return historical + per_type, lines


def _prior_savings(
    terms: Rebased, seen: Measured, national: FloatArray
) -> tuple[FloatArray, Lines]:
    """Add back a part of the savings of base years under an earlier agreement [USD]."""
    by_year = np.where(np.isnan(terms.stated_savings), seen.base_savings, terms.stated_savings)
    # A base year outside the program saved nothing: the average is pro-rated.
    average = np.where(np.isnan(by_year), 0.0, by_year).mean(axis=1)
    prior = average * seen.person_years.sum(axis=1)
    bound = steps.at_exposure(national, seen.person_years)
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


def _at_risk(terms: Rebased, seen: Measured, adjusted: FloatArray) -> tuple[FloatArray, Lines]:
    """Bring a benchmark to the performance year's risk scores, as far as their cap allows."""
    growth = terms.risk[-1] / terms.risk[-2]
    total = steps.at_exposure(adjusted, seen.person_years)
    if terms.demographic_growth is None:
        capped = np.broadcast_to(steps.capped_each(growth, terms.risk_cap), adjusted.shape)
    else:
        shares = adjusted * seen.person_years / total[:, None]
        capped = steps.capped_together(growth, shares, terms.demographic_growth, terms.risk_cap)
    level = adjusted * capped
    free = steps.at_exposure(adjusted * (growth - 1.0), seen.person_years)
    result = steps.at_exposure(level, seen.person_years)
    return level, {
        "risk_score_growth": given(
            free, "what growth of risk scores since the last base year would add"
        ),
        "risk_score_cap": given(result - total - free, "what the cap on that growth takes back"),
        "adjusted_benchmark": amount(
            result, "historical_benchmark + adjustment + risk_score_growth + risk_score_cap"
        ),
    }


def _updated(
    terms: Rebased, seen: Measured, level: FloatArray, growth: FloatArray, lines: Lines
) -> Found:
    """Update an adjusted benchmark to the performance year: two-way, three-way, guardrail."""
    base = lines["adjusted_benchmark"].value
    update = steps.at_exposure(level * (growth - 1.0), seen.person_years)
    two_way = base + update
    lines = lines | {
        "two_way_update": given(update, "what blended national and regional growth adds")
    }
    if not terms.prospective_weight:
        lines["benchmark"] = amount(two_way, "adjusted_benchmark + two_way_update")
        return Found(two_way, lines)
    ahead = steps.at_exposure(level * (terms.prospective - 1.0), seen.person_years)
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
    national = terms.national * seen.national_factor
    trend = national[:, -1, None] / national[:, :-1] / terms.risk[:-1]
    # Standardized: at a risk score of 1, brought to the performance year's with all base years.
    standard = np.einsum("b,rbs->rs", terms.weights, seen.base_per_capita * trend)
    growth = trend * terms.risk[-2]
    _, lines = _base_years(terms.weights, seen, growth, "historical_at_base_risk")
    at = [
        steps.at_exposure(standard * score, seen.person_years)
        for score in (terms.risk[-2], terms.risk[-1], terms.capped_risk)
    ]
    level = seen.national_factor[:, -1] * seen.regional_factor[:, -1, None]
    region = steps.at_exposure(terms.regional * level * terms.capped_risk, seen.person_years)
    nation = steps.at_exposure(national[:, -1] * terms.capped_risk, seen.person_years)
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
