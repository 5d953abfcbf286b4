"""Plans to results: each entity's contracts settled on its own luck and the nation's years."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.blas import one_blas_thread
from vbsim.engines.collective import CollectiveEngine
from vbsim.engines.pilot import rounded_exposure
from vbsim.engines.systematic import Factors, National, national, systematic
from vbsim.errors import ParameterError
from vbsim.kernels.inputs import Totals
from vbsim.payment_models.base import FloatArray
from vbsim.plan import ALL_CLAIMS, Plan
from vbsim.portfolio.plans import PortfolioPlan, Progress
from vbsim.settle import Seen, statements
from vbsim.simulate import numbers_by_block
from vbsim.vocabulary import CONTRACT, ENTITY, HOLDER, REALIZATION, YEAR

_BLOCK = 2_000  # realizations whose factors stay near the processor
# Variable of the results -> line of a statement.
_LINES = {"savings_rate": "savings_rate", "benchmark": "benchmark"}
Arrays = dict[str, FloatArray]


@one_blas_thread
def simulate_portfolio(plan: PortfolioPlan, progress: Progress | None = None) -> xr.Dataset:
    """Simulate and settle every entity of a portfolio.

    An entity's results rest on its own words, its name and the seeds alone: not on the other
    entities, nor on their order.

    Parameters
    ----------
    plan
        From :func:`vbsim.portfolio.plans.resolve_portfolio`.
    progress
        Called after each entity with entities done and to do.

    Returns
    -------
    Dataset
        The variables of ``vocabulary.PORTFOLIO``.
    """
    shape = (len(plan.plans), len(plan.first.contracts), len(plan.years), plan.realizations)
    found: Arrays = {
        "net_result": np.empty(shape),
        **{name: np.full(shape, np.nan) for name in _LINES},
    }
    holders: list[str] = []
    nations: dict[object, list[National]] = {}
    for done, number in enumerate(_order(plan.plans)):
        own = plan.plans[number]
        model = own.systematic
        key = (model.trend, model.shocks)
        if key not in nations:
            nations[key] = [national(own, numbers) for numbers in numbers_by_block(own, _BLOCK)]
        held = _fill({name: values[number] for name, values in found.items()}, own, nations[key])
        holders = holders or held
        if held != holders:
            raise ParameterError(
                f"{own.entity}: found contracts held by {', '.join(held)}; expected the same "
                f"parties as of the other entities, {', '.join(holders)}"
            )
        if progress is not None:
            progress(done + 1, len(plan.plans))
    return _labelled(plan, found, holders)


def _order(plans: tuple[Plan, ...]) -> list[int]:
    """Entities that share a pilot, one after the other."""

    def pilot(number: int) -> tuple[object, ...]:
        world = plans[number].world
        exposures = [rounded_exposure(people) for people in world.people]
        return tuple(world.years.tolist()), world.segments, exposures

    return sorted(range(len(plans)), key=pilot)


def _fill(found: Arrays, plan: Plan, nation: list[National]) -> list[str]:
    """Fill the arrays (C, P, R) of one entity, and name the holders of its contracts."""
    engine = CollectiveEngine.of(plan, services=False)
    holders = []
    for numbers, shared in zip(numbers_by_block(plan, _BLOCK), nation, strict=True):
        factors = systematic(plan, numbers, shared=shared)
        settled = statements(plan, _seen(plan, factors, engine.sums(numbers, factors)))
        at = slice(numbers[0], numbers[-1] + 1)
        for contract, years in enumerate(settled.values()):
            for year, statement in enumerate(years):
                found["net_result"][contract, year, at] = statement.net
                for name, line in _LINES.items():
                    if line in statement.lines:
                        found[name][contract, year, at] = statement.lines[line].value
        holders = [years[0].party for years in settled.values()]
    return holders


def _seen(plan: Plan, factors: Factors, sums: Totals) -> Seen:
    """Facts that contracts on total cost and layers need."""
    layers = [layer.name for layer in plan.layers]
    facts = {
        "layer_cost": sums.layer_cost,
        "person_years": sums.person_years,
        "national_factor": factors.national,
        "regional_factor": factors.regional,
        "completion": factors.completion,
        "quality_score": factors.quality[..., 0],
        "quality_standard_met": factors.quality[..., 1],
    }
    cost = sums.layer_cost[..., layers.index(ALL_CLAIMS)]
    return Seen(facts, {vocabulary.LAYER: layers}, cost, sums.person_years.sum(axis=2))


def _labelled(plan: PortfolioPlan, found: Arrays, holders: list[str]) -> xr.Dataset:
    observed = [one.observed for one in plan.plans]
    published = {
        "published_savings_rate": [np.nan if o is None else o.savings_rate for o in observed],
        "published_payment": [np.nan if o is None else o.payment for o in observed],
        "published_benchmark": [np.nan if o is None else o.benchmark for o in observed],
    }
    values: dict[str, Any] = found | {
        name: np.array(column, dtype=np.float64) for name, column in published.items()
    }
    variables = {n: (vocabulary.PORTFOLIO[n].dims, v) for n, v in values.items()}
    coordinates = {
        ENTITY: np.array(plan.entities, dtype=object),
        "entity_label": (ENTITY, np.array([one.name for one in plan.plans], dtype=object)),
        "members": (ENTITY, np.array(plan.members)),
        CONTRACT: [contract.name for contract in plan.first.contracts],
        HOLDER: (CONTRACT, holders),
        "terms": (
            (ENTITY, CONTRACT),
            np.array([[c.label for c in one.contracts] for one in plan.plans], dtype=object),
        ),
        YEAR: plan.years,
        REALIZATION: np.arange(plan.realizations),
    }
    attributes = {"reference": plan.first.reference}
    return vocabulary.label(xr.Dataset(variables, coordinates, attributes), "portfolio")
