"""Expected cost levels and benchmark trends.

A level that the scenario does not state comes, in this order, from: the expected benchmark (a
performance year: without true savings, expected cost equals the expected benchmark); the nearest
stated year, moved by the nation's per-capita cost; the nation's per-capita cost itself.
"""

from __future__ import annotations

import numpy as np

from vbsim.payment_models.benchmarks import Published, Simulated
from vbsim.plan import FloatArray
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.program_benchmark import MSSP, REACH
from vbsim.scenario.program_benchmark import base_years as program_years
from vbsim.scenario.schema import Scenario
from vbsim.scenario.shape import Benchmark
from vbsim.scenario.world import Draft


def base_years(scenario: Scenario) -> tuple[int, ...]:
    """All base years that any benchmark of the scenario rests on, rising.

    Performance years of an earlier agreement are base years of a later one and stay what they are.
    A program looks back, so with one the year before the first is among them.
    """
    found = set(scenario.benchmark.base_years) if scenario.benchmark else set()
    if scenario.intervention is not None:
        found.add(scenario.start_year - 1)
    for words in scenario.contracts.values():
        stated = getattr(words, "benchmark", None) or scenario.benchmark
        if stated is None:
            continue
        found |= set(stated.base_years)
        if stated.mode != "program" or not isinstance(words, ProgramWords):
            continue
        if words.program in (MSSP, REACH):
            found |= program_years(words, stated, scenario)
    return tuple(sorted(year for year in found if year < scenario.start_year))


def weights(stated: Benchmark) -> FloatArray:
    """Weights of the base years, (B,)."""
    count = len(stated.base_years)
    if isinstance(stated.weights, list):
        return np.array(stated.weights)
    return np.full(count, 1.0 / count)


def trends(draft: Draft, stated: Benchmark, year: int) -> FloatArray:
    """Factor from each base year to a performance year by segment, (B, S).

    National trend of the enrollment type times growth of the risk score. Growth from the last base
    year to the performance year is capped at ``risk_ratio_cap``, the program's where the
    benchmark states none; there is no floor.
    """
    last = max(stated.base_years)
    stated_cap = stated.risk_ratio_cap
    cap = 1.0 + (draft.risk_ratio_cap if stated_cap is None else stated_cap)
    out = np.empty((len(stated.base_years), len(draft.segments)))
    for column, segment in enumerate(draft.stated):
        scores = segment.risk_score
        growth = min(scores[year] / scores[last], cap) if {year, last} <= set(scores) else 1.0
        for row, base in enumerate(stated.base_years):
            nation = draft.nation(year, column) / draft.nation(base, column)
            to_last = scores[last] / scores[base] if {base, last} <= set(scores) else 1.0
            out[row, column] = nation * to_last * growth
    return out


def expected_levels(draft: Draft) -> FloatArray:
    """Find the expected cost per person-year of every year and segment, (T, S) [USD]."""
    levels = np.full(draft.national.shape, np.nan)
    for row, year in enumerate(draft.years):
        for column, segment in enumerate(draft.stated):
            if year in segment.per_capita:
                levels[row, column] = segment.per_capita[year]
    for row, year in enumerate(draft.years):
        if year < draft.start_year:
            levels[row] = _filled(draft, levels, row)
    stated = draft.audit.scenario.benchmark
    for row, year in enumerate(draft.years):
        if year >= draft.start_year and np.isnan(levels[row]).any():
            from_benchmark = stated is not None and stated.mode == "simulated"
            found = (
                _expected_benchmark(draft, stated, levels, year)
                if from_benchmark and stated is not None
                else _filled(draft, levels, row)
            )
            levels[row] = np.where(np.isnan(levels[row]), found, levels[row])
            how = "equal to the expected benchmark" if from_benchmark else "nearest stated year"
            for name, value in zip(draft.segments, levels[row], strict=True):
                draft.audit.derived(
                    f"expected cost per person-year, {name}, {year}",
                    round(float(value), 2),
                    "USD per person-year",
                    f"without true savings, {how}",
                )
    return levels


def benchmark_terms(
    draft: Draft, stated: Benchmark, year: int, expected: FloatArray, label: str
) -> Published | Simulated:
    """Terms of a benchmark for one performance year.

    ``expected`` is the expected expenditure per person-year that counts under the contract, (T, S).
    """
    if stated.mode == "published":
        assert stated.published_per_capita is not None
        return Published(stated.published_per_capita, stated.follows_nation)
    trend = trends(draft, stated, year)
    base = expected[[draft.years.index(y) for y in stated.base_years]]
    adjustment = _adjustment(draft, stated, trend, base, year)
    draft.audit.derived(
        f"benchmark adjustment, {label}, {year}",
        round(adjustment, 5),
        "factor",
        "stated benchmark over the expected trended base years: regional adjustment and whatever "
        "else the trend of the enrollment types and of the risk scores leaves out",
    )
    return Simulated(weights(stated), trend, adjustment, stated.follows_nation)


def _adjustment(
    draft: Draft, stated: Benchmark, trend: FloatArray, base: FloatArray, year: int
) -> float:
    if stated.published_per_capita is None:
        return 1.0
    members = draft.members[draft.years.index(year)]
    by_segment = np.einsum("b,bs,bs->s", weights(stated), trend, base)
    return float(stated.published_per_capita / (by_segment @ (members / members.sum())))


def _expected_benchmark(
    draft: Draft, stated: Benchmark, levels: FloatArray, year: int
) -> FloatArray:
    trend = trends(draft, stated, year)
    base = levels[[draft.years.index(y) for y in stated.base_years]]
    adjustment = _adjustment(draft, stated, trend, base, year)
    return adjustment * np.einsum("b,bs,bs->s", weights(stated), trend, base)


def _filled(draft: Draft, levels: FloatArray, row: int) -> FloatArray:
    """Levels of a year: as stated, else the nearest stated year moved with the nation."""
    out = levels[row].copy()
    for column, segment in enumerate(draft.stated):
        if np.isnan(out[column]):
            year = draft.years[row]
            if segment.per_capita:
                nearest = min(segment.per_capita, key=lambda y: abs(y - year))
                moved = draft.national[row, column] / draft.nation(nearest, column)
                out[column] = segment.per_capita[nearest] * moved * _region(draft, year - nearest)
            else:
                out[column] = draft.national[row, column]
    return out


def _region(draft: Draft, years: int) -> float:
    """Growth of the region beyond the nation's over some years, which its members share."""
    region = draft.audit.scenario.population.region
    return 1.0 if region is None else (1.0 + region.growth) ** years
