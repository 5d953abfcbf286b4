"""The Plan: a scenario's words turned into numbers, each knowing where it came from.

After ``resolve`` has made a Plan nothing looks back at a scenario or a rule file. Arrays have the
axes T (simulated years: base years, then performance years), S (segments), K (services).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vbsim.contract import Contract
from vbsim.errors import ParameterError
from vbsim.generators import (
    entity_year,
    episodes,
    intervention,
    parameter,
    population,
    predictor,
    quality,
    quality_measures,
    risk_score,
    shocks,
    trend,
    true_savings,
    unit_cost,
    utilization,
)
from vbsim.measures.horizon import Capital
from vbsim.payment_models import program_cost
from vbsim.rulebook import Figure

ALL_CLAIMS = "all_claims"  # the layer that holds all of a member's cost
_APART = 10_000  # no calendar year has five digits
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Region = trend.Params
RunOut = entity_year.Params
_NO_REGION, _NO_RUN_OUT = Region(0.0), RunOut(0.0)


@dataclass(frozen=True, slots=True)
class World:
    """Members and what they cost.

    Parameters
    ----------
    years
        Simulated calendar years, rising, shape (T,).
    segments, services
        Names, S and K of them.
    members
        Members of each segment, (T, S).
    people
        Population generator of each segment.
    use
        Utilization generator of each year and segment, T tuples of S.
    unit_costs
        Unit-cost generator of each service, at the prices of the assumption set.
    level
        Factor on all unit costs that gives the expected cost level, (T, S).
    relative_price
        Price of each service in the year against ``unit_costs``, (T, K).
    expected_cost
        Expected cost per person-year without true savings, (T, S) [USD].
    expected_truncated
        The same after truncation, (T, S) [USD].
    """

    years: NDArray[np.int64]
    segments: tuple[str, ...]
    services: tuple[str, ...]
    members: NDArray[np.int64]
    people: tuple[population.Params, ...]
    use: tuple[tuple[utilization.Params, ...], ...]
    unit_costs: tuple[unit_cost.Params, ...]
    level: FloatArray
    relative_price: FloatArray
    expected_cost: FloatArray
    expected_truncated: FloatArray

    @property
    def price(self) -> FloatArray:
        """Factor on unit cost, (T, S, K)."""
        return self.level[:, :, None] * self.relative_price[:, None, :]

    @property
    def rate(self) -> FloatArray:
        """Expected claims per person-year, (T, S, K)."""
        return np.array([[segment.rates for segment in year] for year in self.use])

    @property
    def mean_unit_cost(self) -> FloatArray:
        """Expected cost of a claim, (T, S, K) [USD]."""
        return self.price * np.array([unit_cost.mean(c) for c in self.unit_costs])


@dataclass(frozen=True, slots=True)
class Systematic:
    """Generators of what reaches all members of a realization at once.

    ``quality_measures`` holds one generator per simulated year, and is empty without measures.
    ``risk_score`` says how scores are measured, if they are.
    ``region`` moves the cost of the ACO's region beyond the nation's, the ACO's members included;
    ``run_out`` is what the completion factor misses in a year's claims.
    """

    trend: trend.Params
    shocks: shocks.Params
    entity_year: entity_year.Params
    true_savings: true_savings.Params
    quality: quality.Params
    quality_measures: tuple[quality_measures.Params, ...] = ()
    risk_score: risk_score.Params | None = None
    region: Region = _NO_REGION
    run_out: RunOut = _NO_RUN_OUT


@dataclass(frozen=True, slots=True)
class Episodes:
    """Episode types of the plan; E types, L high-cost limits.

    Parameters
    ----------
    types, params
        Names and generators, E of each.
    limits
        Names of the high-cost limits, L.
    limit
        Most that counts of one episode, before the year's prices, (E, L) [USD].
    """

    types: tuple[str, ...]
    params: tuple[episodes.Params, ...]
    limits: tuple[str, ...]
    limit: FloatArray


@dataclass(frozen=True, slots=True)
class Layer:
    """The part of a member's annual cost between two bounds.

    Parameters
    ----------
    name
        What the experience calls it.
    services
        Which services the basket holds, (K,).
    lower, upper
        Bounds, (T, S) [USD].
    annualized
        Whether the bounds shrink with a part-year member's exposure.
    mean, spread
        Exact mean and standard deviation of one member's cost in the layer, (T, S) [USD].
    """

    name: str
    services: BoolArray
    lower: FloatArray
    upper: FloatArray
    annualized: bool
    mean: FloatArray | None = None
    spread: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """An intervention in numbers: whom it reaches, what it does and what it costs.

    Parameters
    ----------
    label
        Words for tables and figures.
    effect
        Generator of its effects.
    ramp
        Share of the full effect that is reached in each simulated year, (T,).
    reach
        Whom it flags in each segment, S of them.
    after_admission
        Whether it flags those alone who were admitted last year.
    admission
        Position of the service whose claims are admissions.
    engagement
        Share of the flagged who take part if they are asked.
    control_share
        Share of those who would take part and are held out at random, as a trial's controls.
    cost
        What it costs, and what it spares in administration.
    accuracy
        What the predictor is worth in each segment: name to value, S of them.
    """

    label: str
    effect: intervention.Params
    ramp: FloatArray
    reach: tuple[predictor.Reach, ...]
    after_admission: bool
    admission: int
    engagement: float
    control_share: float
    cost: program_cost.Terms
    accuracy: tuple[dict[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """A published result, shown beside the simulated distribution; ``benchmark`` in USD."""

    savings_rate: float
    payment: float
    source: str
    benchmark: float | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure of the scenario that is uncertain: its path, and what is believed of it."""

    name: str
    law: parameter.Params


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that ``simulate``, ``settle`` and ``report`` need; printing it is the audit trail.

    Parameters
    ----------
    name, description
        From the scenario.
    scenario
        Text of the scenario as resolved, for the run folder.
    seed, seeds
        Seed of the run, and seeds of single streams that differ from it.
    realizations
        How many contract years are simulated.
    start_year
        First performance year; earlier simulated years are base years.
    world, systematic, layers, contracts
        The model in numbers.
    reference
        Name of the contract that the others are compared with.
    owing_more_than
        Amounts [USD] for which the probability of owing more is reported.
    observed
        A published result, if the scenario gives one.
    figures
        Every figure used, with its source and status.
    warnings
        What is unusual but legal.
    episodes
        Episode types, if any contract bundles episodes.
    engine
        ``claims``, ``collective``, or ``auto``, which chooses.
    entity
        Name of the entity in a portfolio, whose luck, savings and quality are its own.
    sampling
        ``random`` for independent realizations, ``sobol`` for points that fill space evenly.
    program
        The intervention, if there is one.
    capital
        How capital is measured over the horizon, if the scenario says.
    parameters, inner, draws
        Uncertain figures, how many realizations in a row share one draw of them, and the Plan of
        each draw; this Plan itself has their means. Empty without uncertain figures.
    draws_error
        Largest relative error of a mean cost, a layer's too, in the draw that lies furthest out:
        draws have the means' distribution of annual cost, changed by what differs.
    drawn
        Values of the uncertain figures, in the Plan of a draw.
    trajectories
        Whether the collective engine draws the members that cost most as whole trajectories;
        without, the luck of every year has draws of its own, which can be seeded apart.
    """

    name: str
    description: str
    scenario: str
    seed: int
    seeds: tuple[tuple[str, int], ...]
    realizations: int
    start_year: int
    world: World
    systematic: Systematic
    layers: tuple[Layer, ...]
    contracts: tuple[Contract, ...]
    reference: str
    owing_more_than: tuple[float, ...]
    observed: Observed | None
    figures: tuple[Figure, ...]
    warnings: tuple[str, ...]
    episodes: Episodes | None = None
    engine: str = "auto"
    entity: str = ""
    sampling: str = "random"
    program: Program | None = None
    capital: Capital | None = None
    parameters: tuple[Parameter, ...] = ()
    inner: int = 0
    draws: tuple[Plan, ...] = ()
    draws_error: float = 0.0
    drawn: tuple[float, ...] = ()
    trajectories: bool = True

    @property
    def performance(self) -> BoolArray:
        """Which simulated years are performance years, (T,)."""
        return self.world.years >= self.start_year

    @property
    def unverified(self) -> tuple[Figure, ...]:
        """Figures whose source has not been seen."""
        return tuple(figure for figure in self.figures if not figure.verified)

    def by_draw(self, realizations: NDArray[np.int64]) -> Iterator[tuple[Plan, slice]]:
        """Give the Plan of each draw that rising realization numbers belong to, and their slice.

        The Plan itself, and all of them, without uncertain figures.
        """
        if not self.draws:
            yield self, slice(None)
            return
        numbers = np.asarray(realizations) // self.inner
        begins = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
        for begin, end in pairwise((*begins, numbers.size)):
            draw = int(numbers[begin])
            if draw >= len(self.draws):
                raise ParameterError(
                    f"realization {int(realizations[begin]):,} belongs to draw {draw:,} of the "
                    f"uncertain figures, and {len(self.draws):,} are resolved; expected at most "
                    f"{len(self.draws) * self.inner:,} realizations; resolve the scenario with the "
                    "number that you want"
                )
            # Sampling and engine are chosen for a run, not for one of its draws.
            yield replace(self.draws[draw], engine=self.engine), slice(begin, end)

    def counters(self, years: NDArray[np.int64], luck: bool = False) -> NDArray[np.int64]:
        """Counters that calendar years have in the streams: other ones where ``seeds`` says so.

        In this sense the base years are a stream of their own, ``benchmark``, and so is the
        members' ``luck`` in the performance years, ``performance``.
        """
        own, base = dict(self.seeds), years < self.start_year
        stated = {"benchmark": base, "performance": ~base if luck else np.zeros_like(base)}
        found = years.astype(np.int64)
        for name in stated.keys() & own.keys():
            found = np.where(stated[name], found + _APART * (1 + own[name]), found)
        return found

    @property
    def luck(self) -> tuple[int | tuple[int, ...], ...]:
        """Everything that keys the members' luck."""
        years = self.counters(self.world.years, luck=True)
        return (self.seed_of("population"), self.seed_of("claims"), tuple(years.tolist()))

    def seed_of(self, stream: str) -> int:
        """Seed of a named stream."""
        return dict(self.seeds).get(stream, self.seed)
