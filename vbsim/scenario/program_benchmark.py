"""Words to benchmarks that a program's rules build step by step: Shared Savings Program and REACH.

A Shared Savings Program benchmark rests on the three years before its agreement period and follows
the rules in force at its start; REACH's base years are the same for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vbsim import rulebook
from vbsim.contract import Contract
from vbsim.payment_models import benchmark_steps as steps
from vbsim.payment_models import shared_savings
from vbsim.payment_models.program_benchmarks import Blended, Rebased
from vbsim.plan import FloatArray
from vbsim.scenario.contracts.agreement_words import Agreement, Period, periods
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Benchmark

if TYPE_CHECKING:
    from vbsim.rulebook import Rulebook
    from vbsim.scenario.desk import Desk
    from vbsim.scenario.schema import Scenario
    from vbsim.scenario.world import Draft

MSSP, REACH = "mssp", "aco_reach"


def periods_of(words: ProgramWords, scenario: Scenario) -> list[Period]:
    """Agreement periods of a Shared Savings Program contract over the simulated years."""
    stated = getattr(words, "agreement", None) or Agreement()
    book = rulebook.read("rules", words.program)
    start = min(max(stated.start or scenario.start_year, book.first_year), book.last_year)
    length = int(book.figure("agreement_years", start).value)
    return periods(stated, scenario.start_year, scenario.years, length)


def base_years(words: ProgramWords, stated: Benchmark, scenario: Scenario) -> set[int]:
    """Every base year of a contract's benchmarks, whichever period they belong to."""
    if words.program == REACH:
        return set(_reach_years(words, stated))
    return {y for p in periods_of(words, scenario) for y in _before(p, words, stated)}


def _before(period: Period, words: ProgramWords, stated: Benchmark) -> list[int]:
    """List base years of an agreement period: as stated for the first, else the three before."""
    agreement = getattr(words, "agreement", None)
    first = period.number == (agreement.number if agreement else 1)
    if stated.base_years and first:
        return sorted(stated.base_years)
    book = rulebook.read("rules", words.program)
    weights = book.figure("base_year_weights", book.last_year).value
    return list(range(period.start - len(weights["first"]), period.start))


def _reach_years(words: ProgramWords, stated: Benchmark) -> list[int]:
    book = rulebook.read("rules", words.program)
    return sorted(stated.base_years) or list(book.figure("base_years", book.last_year).value)


def with_program_benchmark(
    desk: Desk, contract: Contract, words: ProgramWords, stated: Benchmark
) -> Contract:
    """Give a contract benchmarks by its program's rules; what is wrong is recorded."""
    region = desk.audit.scenario.population.region
    if region is None:
        desk.audit.wrong(
            ("population",),
            f"no region, which the benchmark of {contract.name} looks at",
            "the key region: its cost and the ACO's market share in it",
            "add region: {market_share: 0.1, relative_cost: 1.0}, say",
        )
        return contract
    if isinstance(region.relative_cost, dict):
        missing = [name for name in desk.draft.segments if name not in region.relative_cost]
        if missing:
            desk.audit.wrong(
                ("population", "region", "relative_cost"),
                f"no figure for {', '.join(missing)}",
                "one figure, or one for each segment",
            )
            return contract
    make = _rebased if words.program == MSSP else _blended
    marks = [make(desk, contract, words, stated, year) for year in desk.years]
    found = tuple(mark for mark in marks if mark is not None)
    if len(found) < len(marks):
        return contract
    return replace(contract, benchmarks=found, base_years=found[0].base_years)


def _rows(draft: Draft, years: Sequence[int]) -> tuple[int, ...]:
    return tuple(draft.years.index(year) for year in years)


def _national(desk: Desk, contract: Contract, years: Sequence[int]) -> FloatArray:
    """Nation's expected expenditure per person-year, (years, S) [USD].

    As the contract counts it: truncated or not, as its own members' is against the stated level.
    """
    draft, world = desk.draft, desk.world
    truncated = draft.audit.scenario.population.per_capita_truncated
    stated = world.expected_truncated if truncated else world.expected_cost
    counted = world.expected_truncated if contract.expenditure_layer else world.expected_cost
    rows = list(_rows(draft, years))
    return np.asarray(draft.national[rows] * counted[rows] / stated[rows])


def _regional(desk: Desk, contract: Contract, years: Sequence[int]) -> FloatArray:
    """Region's expected expenditure per person-year at a risk score of 1, (years, S) [USD]."""
    draft = desk.draft
    region = draft.audit.scenario.population.region
    assert region is not None
    ratio = region.relative_cost
    relative = (
        np.array([ratio[name] for name in draft.segments]) if isinstance(ratio, dict) else ratio
    )
    since = np.array([year - (draft.start_year - 1) for year in years], dtype=np.float64)
    grown = (1.0 + region.growth) ** since
    return np.asarray(_national(desk, contract, years) * relative * grown[:, None])


def _risk(draft: Draft, years: Sequence[int]) -> FloatArray:
    """Mean risk scores: of the nearest stated year, 1 where none is stated, (years, S)."""
    out = np.ones((len(years), len(draft.segments)))
    for column, segment in enumerate(draft.stated):
        known = segment.risk_score
        for row, year in enumerate(years if known else []):
            out[row, column] = known[min(known, key=lambda y: (abs(y - year), -y))]
    return out


def _weights(desk: Desk, stated: Benchmark, by_rule: Sequence[float], count: int) -> FloatArray:
    if isinstance(stated.weights, list):
        return np.array(stated.weights)
    if stated.weights == "equal":
        return np.full(count, 1.0 / count)
    if len(by_rule) != count:
        desk.audit.wrong(
            ("benchmark", "base_years"),
            f"{count} base years",
            f"{len(by_rule)}, for which the program has weights",
            "state weights beside them, or take base_years out",
        )
        return np.full(count, 1.0 / count)
    return np.array(by_rule)


def _rebased(
    desk: Desk, contract: Contract, words: ProgramWords, stated: Benchmark, year: int
) -> Rebased:
    """Benchmark of the Shared Savings Program for one performance year."""
    draft, agreement = desk.draft, getattr(words, "agreement", None) or Agreement()
    spans = periods_of(words, draft.audit.scenario)
    # A year before the first period is told as wrong where the agreement is checked.
    period = next((p for p in spans if p.start <= year <= p.end), spans[0])
    base = _before(period, words, stated)
    rules = _Rules(desk, desk.book(words), period.start)
    by_number = rules("base_year_weights")["first" if period.number == 1 else "later"]
    weight = _weights(desk, stated, by_number, len(base))
    last, span = base[-1], year - base[-1]
    together = rules("risk_cap_together")
    growth = stated.demographic_growth or 0.0
    prior = rules("prior_savings_share")
    rules("agreement_years")  # read above, cited here
    below, above = rules("regional_weight_below"), rules("regional_weight_above")
    trend, cap = stated.prospective_trend, rules("risk_ratio_cap")
    nation = _national(desk, contract, [*base, year])
    return Rebased(
        base_years=_rows(draft, base),
        weights=weight,
        national=nation,
        regional=_regional(desk, contract, [*base, year]),
        risk=_risk(draft, [*base, year]),
        national_weight=_market_share(draft),
        regional_weight_below=below[min(period.number, len(below)) - 1],
        regional_weight_above=above[min(period.number, len(above)) - 1],
        regional_cap=rules("regional_cap"),
        regional_floor=rules("regional_floor"),
        negative_adjustment=rules("negative_regional_adjustment"),
        prior_savings_share=prior if period.number > 1 else 0.0,
        prior_savings_cap=rules("prior_savings_cap"),
        stated_savings=np.array([agreement.prior_savings.get(y, np.nan) for y in base]),
        prospective=nation[-1] / nation[base.index(last)]
        if trend is None
        else np.full(nation.shape[1], (1.0 + trend) ** span),
        prospective_weight=rules("prospective_weight"),
        guardrail=_guardrail(contract, desk.years.index(year)) if rules("guardrail") else None,
        risk_cap=cap if stated.risk_ratio_cap is None else stated.risk_ratio_cap,
        demographic_growth=(1.0 + growth) ** span - 1.0 if together else None,
    )


class _Rules:
    """Figures of a program on one date, cited as they are read."""

    def __init__(self, desk: Desk, book: Rulebook, on: int) -> None:
        self._desk, self._book, self._on = desk, book, on

    def __call__(self, path: str) -> Any:
        return self._desk.cite(self._book.figure(path, self._on))


def _market_share(draft: Draft) -> float:
    region = draft.audit.scenario.population.region
    assert region is not None
    return region.market_share


def _guardrail(contract: Contract, number: int) -> float:
    """Losses that bring in the guardrail, as a share of the benchmark: those that would count."""
    terms = contract.terms[number]
    assert isinstance(terms, shared_savings.Terms)
    gate = terms.minimum_loss_rate if terms.two_sided else terms.minimum_savings_rate
    return float(gate)


def _blended(
    desk: Desk, contract: Contract, words: ProgramWords, stated: Benchmark, year: int
) -> Blended | None:
    """Benchmark of ACO REACH for one performance year."""
    draft, on = desk.draft, words.performance_year or year
    rules = _Rules(desk, desk.book(words), on)
    base = _reach_years(words, stated)
    rules("base_years")  # read above, cited here
    reference = rules("risk_reference_year") or year - 3
    scores = _risk(draft, [*base, reference, year])
    bounds = {
        key: _stated_bound(desk, contract, stated, rules, key)
        for key in ("regional_ceiling", "regional_floor")
    }
    coding, most = stated.coding_factor or 0.0, rules("coding_factor_cap")
    if coding > most:
        path = ("benchmark", "coding_factor")
        desk.audit.wrong(path, f"{coding:g}", f"at most {most:g}, the program's limit")
    if any(bound is None for bound in bounds.values()):
        return None
    growth = rules("risk_growth_cap")
    return Blended(
        base_years=_rows(draft, base),
        weights=_weights(desk, stated, rules("base_year_weights"), len(base)),
        national=_national(desk, contract, [*base, year]),
        regional=_regional(desk, contract, [year])[0],
        risk=np.delete(scores, len(base), axis=0),
        capped_risk=steps.capped_both_ways(
            scores[-1],
            scores[-2],
            scores[-3],
            rules("risk_score_cap"),
            coding,
            np.inf if growth is None else growth,
        ),
        regional_weight=rules("regional_weight"),
        ceiling=bounds["regional_ceiling"] or 0.0,
        floor=bounds["regional_floor"] or 0.0,
    )


def _stated_bound(
    desk: Desk, contract: Contract, stated: Benchmark, rules: _Rules, key: str
) -> float | None:
    """Bound of the regional blend: as stated, else as the rules have it."""
    own, by_rule = getattr(stated, key), rules(key)
    if own is None and by_rule is None:
        expected = f"the key {key}: the program's rules do not tell it for this year"
        found = f"no {key} for {contract.name}"
        desk.audit.wrong(("benchmark",), found, expected, f"add {key}: 0.03, say")
    value = by_rule if own is None else own
    return None if value is None else float(value)
