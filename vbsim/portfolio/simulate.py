"""Entities to results: each entity's contracts settled on its own luck and the nation's years."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.engines.collective import CollectiveEngine
from vbsim.engines.systematic import Factors, National, national, systematic
from vbsim.errors import ParameterError
from vbsim.kernels.inputs import Totals
from vbsim.plan import ALL_CLAIMS, Contract, FloatArray, Plan
from vbsim.portfolio.entities import Portfolio
from vbsim.scenario.resolve import resolve
from vbsim.settle import Seen, statements

ENTITY = "entity"
_BLOCK = 2_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Outcomes:
    """What is kept of an entity; C contracts, P performance years, R realizations."""

    net: FloatArray  # (C, P, R) to the holder [USD]
    rate: FloatArray  # (C, P, R) savings rate; missing without a benchmark
    benchmark: FloatArray  # (C, P, R) [USD]


def simulate(portfolio: Portfolio, progress: Progress | None = None) -> xr.Dataset:
    """Simulate and settle every entity of a portfolio.

    Parameters
    ----------
    portfolio
        From :func:`vbsim.portfolio.entities.entities_of`.
    progress
        Called after each entity with entities done and to do.

    Returns
    -------
    Dataset
        ``net_result``, ``savings_rate`` and ``benchmark`` over realization, year, entity and
        contract.

    Raises
    ------
    ScenarioError, ParameterError
        Before an entity is simulated: if its scenario is wrong, has other contracts or years than
        the first, or contracts that need more of the claims than totals and layers.
    """
    first: Plan | None = None
    shared: list[National] = []
    found = []
    for number, plan in enumerate(_plans(portfolio)):
        if first is None:
            first = plan
            shared = [national(plan, numbers) for numbers in _blocks(plan)]
        _check_alike(plan, first)
        found.append(_outcomes(plan, shared))
        if progress is not None:
            progress(number + 1, len(portfolio.entities))
    if first is None:
        raise ParameterError("the portfolio has no entity; expected at least one")
    return _labelled(portfolio, first, found)


def _plans(portfolio: Portfolio) -> Iterator[Plan]:
    for name, scenario in portfolio.entities.items():
        yield resolve(scenario, entity=name)


def _blocks(plan: Plan) -> Iterable[np.ndarray]:
    for start in range(0, plan.realizations, _BLOCK):
        yield np.arange(start, min(start + _BLOCK, plan.realizations))


def _check_alike(plan: Plan, first: Plan) -> None:
    """Refuse an entity that cannot stand beside the others, or needs single services."""
    names, expected = ([c.name for c in p.contracts] for p in (plan, first))
    if names != expected:
        raise ParameterError(
            f"{plan.entity} has the contracts {', '.join(names)}; expected those of "
            f"{first.entity}: {', '.join(expected)}"
        )
    for contract in plan.contracts:
        if needs := _needs(contract):
            raise ParameterError(
                f"{plan.entity}, {contract.name}: found a contract on {needs}; expected one on "
                "total cost and layers of it; run the entity as a scenario of its own"
            )


def _needs(contract: Contract) -> str:
    """Name what a contract asks of the claims that a portfolio does not keep; empty if nothing."""
    if contract.basket is not None or contract.at_risk is not None:
        return "a basket of services"
    if contract.measures:
        return "quality measures"
    return "episodes" if contract.episode_types else ""


def _outcomes(plan: Plan, shared: list[National]) -> Outcomes:
    engine = CollectiveEngine.of(plan, services=False)
    shape = (len(plan.contracts), int(plan.performance.sum()), plan.realizations)
    found = Outcomes(np.empty(shape), np.full(shape, np.nan), np.full(shape, np.nan))
    for numbers, nation in zip(_blocks(plan), shared, strict=True):
        factors = systematic(plan, numbers, shared=nation)
        seen = _seen(plan, factors, engine.sums(numbers, factors))
        at = slice(numbers[0], numbers[-1] + 1)
        for contract, years in enumerate(statements(plan, seen).values()):
            for year, statement in enumerate(years):
                found.net[contract, year, at] = statement.net
                for name, kept in (("savings_rate", found.rate), ("benchmark", found.benchmark)):
                    if name in statement.lines:
                        kept[contract, year, at] = statement.lines[name].value
    return found


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


def _labelled(portfolio: Portfolio, first: Plan, found: list[Outcomes]) -> xr.Dataset:
    dims = (ENTITY, vocabulary.CONTRACT, vocabulary.YEAR, vocabulary.REALIZATION)
    words = {
        "net_result": ("net", vocabulary.USD, "net result, positive = to the contract's holder"),
        "savings_rate": ("rate", vocabulary.SHARE, "measured savings rate"),
        "benchmark": ("benchmark", vocabulary.USD, "benchmark"),
    }
    variables = {
        name: (dims, np.stack([getattr(one, key) for one in found]),
               {"units": unit, "long_name": text})
        for name, (key, unit, text) in words.items()
    }  # fmt: skip
    coordinates = {
        ENTITY: list(portfolio.entities),
        vocabulary.CONTRACT: [contract.name for contract in first.contracts],
        vocabulary.YEAR: first.world.years[first.performance],
        vocabulary.REALIZATION: np.arange(first.realizations),
    }
    dataset = xr.Dataset(variables, coordinates)
    return dataset.transpose(vocabulary.REALIZATION, vocabulary.YEAR, ENTITY, vocabulary.CONTRACT)
