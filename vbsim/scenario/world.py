"""Population, services and assumptions to a World: rates, prices and the expected cost level.

Utilization comes from the assumption set (by enrollment type); prices are scaled by one factor per
year and segment so that the segment's expected cost is what the scenario states. Truncation points
are the nation's: the percentile of the assumption set's annual cost, at the nation's cost level.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import compress

import numpy as np
from scipy import optimize

from vbsim.errors import ParameterError
from vbsim.generators import annual_cost, population, unit_cost, utilization
from vbsim.plan import BoolArray, FloatArray, Layer, World
from vbsim.rulebook import Rulebook
from vbsim.scenario.audit import Audit
from vbsim.scenario.schema import Segment
from vbsim.scenario.source import Path_

# Grid points up to a layer's bound at the most: the grid reaches four times as far. The spread of a
# layer without an upper bound rests on what lies further out, and is read from a wider grid.
_STEPS_TO_LAYER, _STEPS_FOR_SPREAD = 2000, 200
_STATE = ("risk_sd", "ill_share", "ill_ratio")
_DYNAMICS = (
    "leaving_ratio",
    "transient_persistence",
    "death_well",
    "death_ill",
    "end_of_life_ratio",
)


@dataclass
class Draft:
    """A World in the making: everything but the cost level, which benchmarks may set."""

    audit: Audit
    book: Rulebook
    years: tuple[int, ...]
    start_year: int
    segments: tuple[str, ...]
    services: tuple[str, ...]
    members: np.ndarray = field(init=False)
    people: tuple[population.Params, ...] = field(init=False)
    use: tuple[tuple[utilization.Params, ...], ...] = field(init=False)
    unit_costs: tuple[tuple[unit_cost.Params, ...], ...] = field(init=False)
    national: FloatArray = field(init=False)
    truncation_share: float = 1.0
    risk_ratio_cap: float = np.inf
    means: Draft | None = None  # of the means, if this is a draw of uncertain figures
    _known: dict[tuple[object, ...], annual_cost.AnnualCost] = field(default_factory=dict)
    _truncations: dict[tuple[int, int], float] = field(default_factory=dict)

    @property
    def stated(self) -> list[Segment]:
        """The scenario's segments, in order."""
        return [self.audit.scenario.population.segments[name] for name in self.segments]

    def nation(self, year: int, segment: int) -> float:
        """Give the nation's cost per person-year of a segment's enrollment type [USD].

        In years after the last that the assumption set knows it grows as the scenario projects.
        """
        kind, last = self.stated[segment].enrollment_type, self.book.carried_from or year
        figure = self.book.figure(f"enrollment_types.{kind}.per_capita", min(year, last))
        known, projection = float(self.audit.cite(figure)), self.audit.scenario.projection
        if projection is None or year <= last:
            return known
        found = known * (1.0 + projection.growth) ** (year - last)
        self.audit.derived(
            f"enrollment_types.{kind}.per_capita, {year}",
            round(found, 2),
            "USD per person-year",
            f"as of {last}, growing by the scenario's projection",
            status="UNVERIFIED",
        )
        return found

    def distribution(
        self, year: int, segment: int, basket: BoolArray | None = None, step: float = 0.0
    ) -> annual_cost.AnnualCost:
        """Annual cost of a member of a segment, before its cost level is set.

        Of all services or of a basket; ``step`` as in :func:`annual_cost.annual_cost`.
        """
        basket = None if basket is None or basket.all() else basket
        members = self._members(year, segment, basket)
        # Steps that come to the same grid share its distribution; 0 is the members' own, always.
        step = annual_cost.grid_step(*members[1:], step) if step else 0.0
        key = (year, segment, None if basket is None else basket.tobytes(), step)
        if key not in self._known:
            if self.means is None:
                self._known[key] = annual_cost.annual_cost(*members, step)
            else:
                known = self.means.distribution(year, segment, basket, step)
                before = self.means._members(year, segment, basket)
                self._known[key] = annual_cost.moved(known, before, members)
        return self._known[key]

    def truncation(self, year: int, segment: int) -> float:
        """Find the truncation point of the nation [USD]; infinite when nothing is truncated."""
        if self.truncation_share >= 1.0:
            return np.inf
        if (year, segment) not in self._truncations:
            nation = self.distribution(year, segment)
            point = nation.percentile(self.truncation_share)
            scale = self.national[year, segment] / nation.limited_mean(point)[0]
            self._truncations[year, segment] = float(point * scale)
        return self._truncations[year, segment]

    def price_factor(self, year: int, segment: int, level: float) -> float:
        """Factor on all prices that gives a segment its expected cost per person-year."""
        cost = self.distribution(year, segment)
        limit = self.truncation(year, segment)
        if not (self.audit.scenario.population.per_capita_truncated and np.isfinite(limit)):
            return level / self.mean_cost(year, segment)
        start, given = level / self.mean_cost(year, segment), (cost, limit, level)
        if _miss(20.0 * start, *given) < 0.0:
            raise ParameterError(
                f"found {level:,.0f} USD in {self.years[year]}; expected expenditure that can be "
                f"reached when each member's is truncated at {limit:,.0f}; correct it, or take "
                "per_capita_truncated out if it is expenditure before truncation"
            )
        # Not as a closure: brentq lets go of its function only when garbage is looked for.
        return float(optimize.brentq(_miss, 0.5 * start, 20.0 * start, given, rtol=1e-10))

    def mean_cost(self, year: int, segment: int, basket: BoolArray | None = None) -> float:
        """Exact mean annual cost before the cost level is set, of all or some services [USD]."""
        _, use, costs = self._members(year, segment, basket)
        return float(np.dot(use.rates, [unit_cost.mean(c) for c in costs]))

    def _members(self, year: int, segment: int, basket: BoolArray | None) -> annual_cost.Members:
        """Members, with utilization and unit costs of all services, or of a basket."""
        people, use, costs = self.people[segment], self.use[year][segment], self.unit_costs[year]
        if basket is None or basket.all():
            return people, use, costs
        return people, use.of(basket), tuple(compress(costs, basket))


def _miss(factor: float, cost: annual_cost.AnnualCost, limit: float, level: float) -> float:
    """Give what truncated cost per person-year, at a factor on prices, is above a level [USD]."""
    return float(factor * cost.limited_mean(limit / factor)[0]) - level


def draft_world(
    audit: Audit, book: Rulebook, years: tuple[int, ...], means: Draft | None = None
) -> Draft:
    """Resolve who the members are and which services they use; in a draw, near the ``means``."""
    scenario = audit.scenario
    segments = tuple(scenario.population.segments)
    own = [name for name in scenario.services if name not in book.children("services")]
    services = (*book.children("services"), *own)
    draft = Draft(audit, book, years, scenario.start_year, segments, services, means=means)
    draft.members = np.array([[_members(draft, y, s) for s in draft.stated] for y in years])
    _check_members(audit, draft.members[-1])
    with audit.before_all_else("population"):
        draft.people = tuple(_people(draft, segment) for segment in draft.stated)
    with audit.before_all_else("services"):
        draft.unit_costs = tuple(_unit_costs(draft, year) for year in years)
        draft.use = tuple(
            tuple(_use(draft, year, i) for i in range(len(segments))) for year in years
        )
    segments_of = range(len(segments))
    draft.national = np.array([[draft.nation(y, column) for column in segments_of] for y in years])
    return draft


def finish_world(draft: Draft, levels: FloatArray) -> World:
    """Set the expected cost level of every year and segment, (T, S) [USD per person-year]."""
    shape = levels.shape
    factor, truncated = _price_factors(draft, levels), np.empty(shape)
    for year, segment in np.ndindex(*shape):
        limit, scale = draft.truncation(year, segment), factor[year, segment]
        limited = draft.distribution(year, segment).limited_mean(limit / scale)[0]
        mean = draft.mean_cost(year, segment)
        truncated[year, segment] = scale * (limited if np.isfinite(limit) else mean)
    reference = draft.years.index(draft.start_year)
    means = np.array([[unit_cost.mean(c) for c in year] for year in draft.unit_costs])
    cost = factor * [[draft.mean_cost(y, s) for s in range(shape[1])] for y in range(shape[0])]
    return World(
        years=np.array(draft.years),
        segments=draft.segments,
        services=draft.services,
        members=draft.members,
        people=draft.people,
        use=draft.use,
        unit_costs=draft.unit_costs[reference],
        level=factor,
        relative_price=means / means[reference],
        expected_cost=cost,
        expected_truncated=truncated,
    )


def with_moments(draft: Draft, world: World, layer: Layer) -> Layer:
    """Give a layer the exact mean and standard deviation of one member's cost in it."""
    mean, spread = np.zeros(layer.lower.shape), np.zeros(layer.lower.shape)
    for year, segment in np.ndindex(*layer.lower.shape):
        scale = world.expected_cost[year, segment] / draft.mean_cost(year, segment)
        lower, upper = (float(b[year, segment] / scale) for b in (layer.lower, layer.upper))
        step = (upper if np.isfinite(upper) else lower) / _STEPS_TO_LAYER
        cost = draft.distribution(year, segment, layer.services, step)
        first, deviation = cost.layer_moments(lower, upper, layer.annualized)
        if np.isinf(upper):  # what lies beyond the grid is part of the exact mean
            wide = draft.distribution(year, segment, layer.services, lower / _STEPS_FOR_SPREAD)
            deviation = wide.layer_moments(lower, upper, layer.annualized)[1]
            whole = draft.mean_cost(year, segment, layer.services)
            below = cost.limited_mean(lower, layer.annualized)[0]
            first = draft.people[segment].person_years_per_member * float(whole - below)
        mean[year, segment], spread[year, segment] = scale * first, scale * deviation
    return replace(layer, mean=mean, spread=spread)


def _price_factors(draft: Draft, levels: FloatArray) -> FloatArray:
    """Find the factors on prices, (T, S); where there is none 1 stands in and it is recorded."""
    out = np.ones(levels.shape)
    refused: set[int] = set()
    stated_first = sorted(
        np.ndindex(*levels.shape), key=lambda at: draft.years[at[0]] not in _stated(draft, at[1])
    )
    for year, segment in stated_first:
        path: Path_ = ("population", "segments", draft.segments[segment])
        if draft.years[year] in _stated(draft, segment):
            path = (*path, "per_capita", draft.years[year])
        elif segment in refused:
            continue  # the level follows from one that is refused already
        before = len(draft.audit.problems)
        with draft.audit.at(*path):
            out[year, segment] = draft.price_factor(year, segment, float(levels[year, segment]))
        if len(draft.audit.problems) > before:
            refused.add(segment)
    return out


def _stated(draft: Draft, segment: int) -> dict[int, float]:
    return draft.stated[segment].per_capita


def _members(draft: Draft, year: int, segment: Segment) -> int:
    stated = segment.person_years
    if isinstance(stated, dict):
        nearest = min(stated, key=lambda y: (abs(y - year), -y))
        if nearest != year:
            draft.audit.warn(f"person-years of {year} are not stated and taken from {nearest}")
        stated = stated[nearest]
    return max(1, round(stated / _exposure(draft)))


def _check_members(audit: Audit, simulated: np.ndarray) -> None:
    stated, total = audit.scenario.population.members, int(simulated.sum())
    if stated is not None and abs(total / stated - 1.0) > 0.02:
        audit.wrong(
            ("population", "members"),
            f"{stated:,} members",
            f"about {total:,}: the segments' person_years, summed, over person_years_per_member",
            "make the three agree within 2 %",
        )


def _exposure(draft: Draft) -> float:
    stated = draft.audit.scenario.population.person_years_per_member
    if stated is not None:
        return stated
    return float(_assumed(draft, "members.person_years_per_member"))


def _assumed(draft: Draft, path: str, year: int | None = None, key: str | None = None) -> float:
    figure = draft.book.figure(path, draft.start_year if year is None else year, key)
    return draft.audit.cite(figure)


def _people(draft: Draft, segment: Segment) -> population.Params:
    stated = draft.audit.scenario.population
    branch = f"enrollment_types.{segment.enrollment_type}"
    assumed = {name: _assumed(draft, f"{branch}.{name}") for name in _STATE}
    for name in ("ill_persistence", "retention"):
        value = getattr(stated, name)
        assumed[name] = _assumed(draft, f"members.{name}") if value is None else value
    for name in _DYNAMICS:  # an assumption set need not know them
        value = getattr(stated, name)
        if value is None and draft.book.has(f"members.{name}"):
            value = _assumed(draft, f"members.{name}")
        if value is not None:
            assumed[name] = value
    return population.Params(**assumed, person_years_per_member=_exposure(draft))


def _unit_costs(draft: Draft, year: int) -> tuple[unit_cost.Params, ...]:
    return tuple(_unit_cost(draft, name, year) for name in draft.services)


def _unit_cost(draft: Draft, name: str, year: int) -> unit_cost.Params:
    own = draft.audit.scenario.services.get(name)
    if own is not None and own.unit_cost is not None:
        return unit_cost.Params.from_spec(own.unit_cost)
    branch = f"services.{name}"
    # The assumption set gives cost and utilization per person-year; the mean unit cost is their
    # ratio, whatever utilization the scenario states.
    mean = _assumed(draft, f"{branch}.cost_per_person_year", year) / (
        _assumed(draft, f"{branch}.utilization", year) / 1000.0
    )
    family = str(_assumed(draft, f"{branch}.unit_cost_family", year))
    spread = float(_assumed(draft, f"{branch}.unit_cost_cv", year))
    return _law(family, float(mean), spread)


@lru_cache(maxsize=1024)
def _law(family: str, mean: float, cv: float) -> unit_cost.Params:
    return unit_cost.Params.from_spec({family: {"mean": mean, "cv": cv}})


def _use(draft: Draft, year: int, segment: int) -> utilization.Params:
    kind = draft.stated[segment].enrollment_type
    rates = tuple(_rate(draft, name, kind, year) for name in draft.services)
    powers = tuple(_elasticity(draft, name) for name in draft.services)
    shape = float(_assumed(draft, f"enrollment_types.{kind}.transient_shape"))
    people = draft.people[segment]
    moments = {power: population.risk_moment(people, power) for power in set(powers)}
    return utilization.Params(
        draft.services, rates, powers, shape, tuple(moments[power] for power in powers)
    )


def _rate(draft: Draft, name: str, kind: str, year: int) -> float:
    own = draft.audit.scenario.services.get(name)
    relative = 1.0
    if draft.book.has(f"services.{name}"):
        relative = _assumed(draft, f"enrollment_types.{kind}.relative_utilization", year, name)
    if own is not None and own.utilization is not None:
        return own.utilization / 1000.0 * relative
    return float(_assumed(draft, f"services.{name}.utilization", year) / 1000.0 * relative)


def _elasticity(draft: Draft, name: str) -> float:
    own = draft.audit.scenario.services.get(name)
    if own is not None and own.elasticity is not None:
        return own.elasticity
    if not draft.book.has(f"services.{name}"):
        return 1.0
    return float(_assumed(draft, f"services.{name}.elasticity"))
