"""Portfolio to plans: every entity resolved, and held against the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vbsim.blas import one_blas_thread
from vbsim.contract import Contract
from vbsim.errors import ParameterError, Problem, ScenarioError
from vbsim.plan import Plan
from vbsim.portfolio.entities import Portfolio
from vbsim.rulebook import KINDS, Figure
from vbsim.scenario.portfolio import FILES, KEY
from vbsim.scenario.resolve import resolve
from vbsim.scenario.yaml_text import written

Progress = Callable[[int, int], None]
_SHOWN = 10  # problems in one message


@dataclass(frozen=True)
class PortfolioPlan:
    """The plans of all entities.

    Parameters
    ----------
    name, description
        From the scenario.
    scenario
        Text of the scenario as resolved, for the run folder that holds a copy of ``file``.
    file
        Where the entities come from.
    plans
        Plan of each entity, in the order of the file; ``plan.entity`` names it.
    members
        Assigned members of each (heads).
    warnings
        What is unusual but legal, and of how many entities.
    """

    name: str
    description: str
    scenario: str
    file: Path
    plans: tuple[Plan, ...]
    members: tuple[int, ...]
    warnings: tuple[str, ...]

    @property
    def first(self) -> Plan:
        """Plan of the first entity: contracts, years and seeds are those of all."""
        return self.plans[0]

    @property
    def entities(self) -> list[str]:
        """Names of the entities."""
        return [plan.entity for plan in self.plans]

    @property
    def realizations(self) -> int:
        """How many years of the whole portfolio are simulated."""
        return self.first.realizations

    @property
    def years(self) -> list[int]:
        """Performance years."""
        found: list[int] = self.first.world.years[self.first.performance].tolist()
        return found

    @property
    def member_years(self) -> int:
        """Members simulated in one realization, over all entities and years."""
        return sum(int(plan.world.members.sum()) for plan in self.plans)

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """Figures of rule and assumption files that any entity uses, each once."""
        found: dict[tuple[str, str, str], Figure] = {}
        for plan in self.plans:
            for figure in plan.figures:
                if figure.file.split("/")[0] in KINDS:
                    found[figure.file, figure.path, figure.date] = figure
        return tuple(found.values())

    @property
    def unverified(self) -> tuple[Figure, ...]:
        """Those whose source has not been seen."""
        return tuple(figure for figure in self.figures if not figure.verified)

    @cached_property
    def stated(self) -> tuple[Figure, ...]:
        """Figures that the scenarios of all entities state or derive."""
        own = (figure for plan in self.plans for figure in plan.figures)
        return tuple(figure for figure in own if figure.file.split("/")[0] not in KINDS)

    @cached_property
    def stated_unverified(self) -> Counter[str]:
        """How many of those are UNVERIFIED, by what they rest on."""
        return Counter(figure.source for figure in self.stated if not figure.verified)


@one_blas_thread
def resolve_portfolio(portfolio: Portfolio, progress: Progress | None = None) -> PortfolioPlan:
    """Turn every entity's scenario into a Plan.

    Parameters
    ----------
    portfolio
        From :func:`vbsim.load_portfolio`.
    progress
        Called after each entity with entities done and to do.

    Raises
    ------
    ScenarioError
        With the first problems of the entities.
    ParameterError
        If an entity cannot stand beside the others: it has other contracts, years, seeds or
        realizations, or contracts that need more of the claims than totals and layers.
    """
    plans: list[Plan] = []
    problems: dict[Problem, None] = {}
    for name, scenario in portfolio.entities.items():
        try:
            plan = resolve(scenario, entity=name)
        except ScenarioError as error:
            problems |= dict.fromkeys(error.problems)
            if len(problems) >= _SHOWN:
                break
            continue
        _check_alike(plan, plans[0] if plans else plan)
        plans.append(plan)
        if progress is not None:
            progress(len(plans), len(portfolio.entities))
    if problems:
        raise ScenarioError(list(problems)[:_SHOWN])
    scenarios = portfolio.entities.values()
    heads = [s.population.members for s in scenarios]
    members = [h or int(p.world.members[-1].sum()) for h, p in zip(heads, plans, strict=True)]
    return PortfolioPlan(
        portfolio.name,
        portfolio.description,
        _text(portfolio),
        portfolio.file,
        tuple(plans),
        tuple(members),
        (*portfolio.warnings, *_warnings(plans)),
    )


def _text(portfolio: Portfolio) -> str:
    """Text of the scenario, which names the file as it lies beside it in a run folder."""
    words = portfolio.source.data
    own = dict(words[KEY])
    for key in FILES:
        if key in own:
            own[key] = portfolio.file.name
    return written(words | {KEY: own})


def _warnings(plans: list[Plan]) -> list[str]:
    """Each warning once, with the number of entities that it holds of."""
    count: dict[str, list[str]] = {}
    for plan in plans:
        for text in plan.warnings:
            count.setdefault(text, []).append(plan.entity)
    return [
        f"{names[0]}: {text}" if len(names) == 1 else f"{len(names)} entities: {text}"
        for text, names in count.items()
    ]


def _check_alike(plan: Plan, first: Plan) -> None:
    """Refuse an entity that cannot stand beside the first, or needs single services."""
    shared = (
        ("contracts", *(", ".join(c.name for c in p.contracts) for p in (plan, first))),
        ("performance years", *(_years(p) for p in (plan, first))),
        ("realizations", f"{plan.realizations:,}", f"{first.realizations:,}"),
        ("seeds", _seeds(plan), _seeds(first)),
    )
    for what, found, expected in shared:
        if found != expected:
            raise ParameterError(
                f"{plan.entity}: {what}: found {found}; expected those of {first.entity}, "
                f"{expected}: entities of a portfolio share them"
            )
    if plan.systematic.quality_measures:
        raise _refused(plan, "quality", "measures that are counted one by one")
    for contract in plan.contracts:
        if needs := _needs(contract):
            raise _refused(plan, f"contract {contract.name}", needs)


def _refused(plan: Plan, where: str, found: str) -> ParameterError:
    return ParameterError(
        f"{plan.entity}: {where}: found {found}; expected contracts on total cost and layers of "
        "it, which is what a portfolio keeps of the claims; run this entity as a scenario of its "
        "own"
    )


def _needs(contract: Contract) -> str:
    """Name what a contract asks of the claims that a portfolio does not keep; empty if nothing."""
    if contract.basket is not None or contract.at_risk is not None:
        return "a basket of services"
    return "episodes" if contract.episode_types else ""


def _years(plan: Plan) -> str:
    found: np.ndarray = plan.world.years[plan.performance]
    return ", ".join(map(str, found.tolist()))


def _seeds(plan: Plan) -> str:
    return ", ".join([str(plan.seed), *(f"{name} {seed}" for name, seed in plan.seeds)])
