"""Scenario to Plan: every word becomes a number that knows where it came from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from vbsim import rulebook
from vbsim.blas import one_blas_thread
from vbsim.errors import ScenarioError
from vbsim.generators import entity_year, risk_score, shocks, trend, true_savings
from vbsim.plan import ALL_CLAIMS, FloatArray, Layer, Observed, Parameter, Plan, Systematic
from vbsim.processes import each
from vbsim.rulebook import Rulebook
from vbsim.scenario import quality
from vbsim.scenario.audit import Audit
from vbsim.scenario.capital import capital_of
from vbsim.scenario.desk import (
    TRUNCATED,
    Desk,
    program_figure,
    resolve_contract,
    truncation_layer,
)
from vbsim.scenario.intervention import program
from vbsim.scenario.levels import base_years, expected_levels
from vbsim.scenario.load import validate
from vbsim.scenario.names import wrong_names
from vbsim.scenario.schema import Scenario
from vbsim.scenario.uncertain import MOST_DRAWS, STREAM, named_as_draws, with_figures
from vbsim.scenario.world import Draft, draft_world, finish_world, with_moments
from vbsim.scenario.yaml_text import written

_TOGETHER = 5  # draws to a process at a time: half a second of work

# What the scenario itself states, quoted in the audit trail.
_QUOTED = (
    "projection",
    "population",
    "services",
    "uncertainty",
    "benchmark",
    "quality",
    "intervention",
    "stop_loss",
    "episodes",
    "economics",
    "capital",
    "contracts",
)


@one_blas_thread
def resolve(scenario: Scenario, entity: str = "", book: Rulebook | None = None) -> Plan:
    """Turn a Scenario into a Plan.

    Parameters
    ----------
    scenario
        From :func:`vbsim.load`.
    entity
        Its name in a portfolio, which keeps totals and layers of an entity's claims alone.
    book
        Assumption set in place of the one that the scenario names.

    Returns
    -------
    Plan
        Numbers alone; ``plan.figures`` cites the source, date and status of each.

    Raises
    ------
    ScenarioError
        With every problem found: unknown names, years outside a rule file, figures that contradict
        each other.
    """
    if entity and scenario.uncertain:
        one, expected = scenario.uncertain[0], "certain figures in an entity of a portfolio"
        todo = "state one figure, or run the entity as a scenario of its own"
        raise ScenarioError([scenario.source.problem(one.path, str(one.law), expected, todo)])
    plan, draft = _resolved(scenario, entity, book)
    if not entity:
        plan = replace(plan, scenario=as_yaml(scenario))
    return _with_draws(plan, scenario, draft) if scenario.uncertain else plan


def _resolved(
    scenario: Scenario,
    entity: str = "",
    book: Rulebook | None = None,
    means: Draft | None = None,
) -> tuple[Plan, Draft]:
    """Resolve a scenario with one figure in every place; a draw of them near their ``means``."""
    audit = Audit(scenario)
    audit.problems += wrong_names(scenario.source) if means is None else []  # draws name the same
    audit.check()
    years = base_years(scenario)
    performance = range(scenario.start_year, scenario.start_year + scenario.years)
    book = means.book if means else _assumptions(scenario, performance[-1], book)
    draft = draft_world(audit, book, (*years, *performance), means)
    draft.truncation_share = program_figure(audit, "truncation_percentile", 1.0)
    draft.risk_ratio_cap = program_figure(audit, "risk_ratio_cap", np.inf)
    with audit.before_all_else("benchmark"):
        levels = expected_levels(draft)
    world = finish_world(draft, levels)
    layers = {}
    if draft.truncation_share < 1.0:
        layers[TRUNCATED] = truncation_layer(draft, world)
    desk = Desk(audit, draft, world, layers)
    contracts = [resolve_contract(desk, n, words) for n, words in scenario.contracts.items()]
    with audit.at("uncertainty"):
        systematic = _systematic(draft, book)
    bundled, capital = desk.plan_episodes(), capital_of(audit)
    made = program(audit, world, alone=not entity)
    if entity:
        layers[ALL_CLAIMS] = _all_claims(draft)
    audit.check()
    audit.stated(*((key,) for key in _QUOTED))
    plan = Plan(
        name=scenario.name,
        description=scenario.description,
        scenario="",
        seed=scenario.seed,
        seeds=tuple(sorted(scenario.seeds.items())),
        realizations=scenario.realizations,
        start_year=scenario.start_year,
        world=world,
        systematic=systematic,
        layers=tuple(with_moments(draft, world, layer) for layer in layers.values()),
        contracts=tuple(c for c in contracts if c is not None),
        reference=scenario.outputs.reference or next(iter(scenario.contracts)),
        owing_more_than=tuple(scenario.outputs.owing_more_than),
        observed=_observed(scenario),
        figures=tuple(audit.figures.values()),
        warnings=tuple(audit.warnings),
        episodes=bundled,
        engine="collective" if entity else "auto",
        entity=entity,
        program=made,
        capital=capital,
    )
    return plan, draft


def _observed(scenario: Scenario) -> Observed | None:
    stated = scenario.outputs.observed
    if stated is None:
        return None
    return Observed(stated.savings_rate, stated.payment, stated.source, stated.benchmark)


def _all_claims(draft: Draft) -> Layer:
    bounds, everything = np.zeros(draft.members.shape), np.ones(len(draft.services), dtype=bool)
    return Layer(ALL_CLAIMS, everything, bounds, bounds + np.inf, False)


def _with_draws(plan: Plan, scenario: Scenario, draft: Draft) -> Plan:
    """Add the draws of the uncertain figures: as many as the realizations need."""
    uncertain, inner = scenario.uncertain, scenario.uncertainty.inner_realizations
    count = -(-plan.realizations // inner)
    _check_count(scenario, count)
    values = np.array([one.values(plan.seed_of(STREAM), count) for one in uncertain])
    columns = values.T.tolist()
    near = partial(_draw, scenario, draft)
    draws = tuple(each(near, enumerate(columns), together=_TOGETHER))
    error = 0.0
    if _members(draws[0]) != _members(plan):
        number = _furthest(values)
        error = _error(draws[number], _draw(scenario, None, (number, columns[number]), draft.book))
    return replace(
        plan,
        parameters=tuple(Parameter(one.name, one.law) for one in uncertain),
        inner=inner,
        draws=draws,
        draws_error=error,
    )


def _members(plan: Plan) -> tuple[object, ...]:
    """Give what the distribution of a member's annual cost rests on."""
    return plan.world.people, plan.world.use, plan.world.unit_costs


def _furthest(values: FloatArray) -> int:
    """Draw whose figures (figures, draws) lie furthest out, each against its own spread."""
    apart = np.abs(values - values.mean(axis=1, keepdims=True))
    scale = np.maximum(values.std(axis=1, keepdims=True), np.finfo(float).tiny)
    return int(np.argmax(((apart / scale) ** 2).sum(axis=0)))


def _error(found: Plan, exact: Plan) -> float:
    """Largest relative error of a member's mean cost, of all of it or of a layer."""
    pairs = [(found.world.expected_cost, exact.world.expected_cost)]
    for one, known in zip(found.layers, exact.layers, strict=True):
        if one.mean is not None and known.mean is not None:
            pairs.append((one.mean, known.mean))
    return max(
        float(np.abs(one[known > 0.0] / known[known > 0.0] - 1.0).max(initial=0.0))
        for one, known in pairs
    )


def _check_count(scenario: Scenario, count: int) -> None:
    """Refuse too few draws to tell the error of anything, and too many to resolve each."""
    if not 2 <= count <= MOST_DRAWS:
        inner = scenario.uncertainty.inner_realizations
        each = f"{scenario.realizations:,} realizations, {inner:,} to each draw"
        more, fewer = ("lower", "raise") if count < 2 else ("raise", "lower")
        expected = f"2 to {MOST_DRAWS:,} draws of the uncertain figures"
        todo = f"{more} uncertainty.inner_realizations, or {fewer} realizations"
        place = ("uncertainty", "inner_realizations")
        found = f"{count:,} {'draw' if count == 1 else 'draws'}: {each}"
        raise ScenarioError([scenario.source.problem(place, found, expected, todo)])


@one_blas_thread
def _draw(
    scenario: Scenario,
    means: Draft | None,
    numbered: tuple[int, list[float]],
    book: Rulebook | None = None,
) -> Plan:
    """Resolve a scenario with drawn figures in the places of the uncertain ones.

    Near the ``means``, or exactly without them.
    """
    (number, values), uncertain = numbered, scenario.uncertain
    figures = dict(zip((one.path for one in uncertain), values, strict=True))
    try:
        words = validate(with_figures(scenario.source, figures))
        plan, _ = _resolved(words, book=book, means=means)
    except ScenarioError as error:
        raise ScenarioError(named_as_draws(error.problems, number, figures, uncertain)) from None
    return replace(plan, figures=(), warnings=(), description="", drawn=tuple(values))


def as_yaml(scenario: Scenario) -> str:
    """Text of a scenario with its baseline merged in, as it was resolved."""
    return written(scenario.written.data)


def _assumptions(scenario: Scenario, last: int, book: Rulebook | None) -> Rulebook:
    """Read the assumption set, carried forward to the last year if the scenario projects it."""
    book = book or rulebook.read("assumptions", scenario.assumptions)
    return book if scenario.projection is None else book.carried(last)


def _systematic(draft: Draft, book: Rulebook) -> Systematic:
    audit, year = draft.audit, draft.start_year
    stated = audit.scenario.uncertainty

    def assumed(path: str, own: float | None = None) -> float:
        return own if own is not None else float(audit.cite(book.figure(path, year)))

    def by_service(path: str) -> dict[str, float]:
        table: dict[str, float] = audit.cite(book.figure(path, year))
        return table

    spread = stated.service_sd
    if isinstance(spread, dict):
        spread = by_service("uncertainty.service_sd") | spread
    elif spread is None:
        spread = by_service("uncertainty.service_sd")
    else:
        spread = dict.fromkeys(draft.services, spread)
    changes = by_service("uncertainty.pandemic_change")
    score, measures = quality.generators(draft, book)
    prior = stated.true_savings.normal if stated.true_savings is not None else None
    return Systematic(
        trend=trend.Params(assumed("uncertainty.trend_sd", stated.trend_sd)),
        shocks=shocks.Params(
            services=draft.services,
            sds=tuple(spread.get(name, 0.0) for name in draft.services),
            correlation=assumed("uncertainty.service_correlation", stated.service_correlation),
            pandemic_probability=assumed(
                "uncertainty.pandemic_probability", stated.pandemic_probability
            ),
            pandemic_changes=tuple(changes.get(name, 0.0) for name in draft.services),
        ),
        entity_year=entity_year.Params(
            assumed("uncertainty.local_sd", stated.local_sd),
            entity_year.by_size(
                assumed("uncertainty.composition_cv", stated.composition_cv),
                draft.members @ np.array([p.person_years_per_member for p in draft.people]),
            ),
        ),
        region=trend.Params(stated.regional_sd or 0.0),
        run_out=entity_year.Params(stated.completion_sd or 0.0),
        true_savings=true_savings.Params(prior.mean if prior else 0.0, prior.sd if prior else 0.0),
        quality=score,
        quality_measures=measures,
        risk_score=_measured(draft),
    )


def _measured(draft: Draft) -> risk_score.Params | None:
    stated = draft.audit.scenario.population.risk_measurement
    if stated is None:
        return None
    return risk_score.Params(draft.segments, stated.noise_sd, stated.response, stated.coding_drift)
