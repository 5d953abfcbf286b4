"""What is at hand while contracts are written, and what several forms of contract need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from vbsim import rulebook
from vbsim.contract import Contract
from vbsim.errors import did_you_mean
from vbsim.generators import episodes
from vbsim.plan import Episodes, FloatArray, Layer, World
from vbsim.rulebook import Figure, Rulebook
from vbsim.scenario.audit import Audit
from vbsim.scenario.capital import with_capital
from vbsim.scenario.conditions import conditions_of
from vbsim.scenario.contracts import FORMS, form_of
from vbsim.scenario.contracts.words import ContractWords, ProgramWords
from vbsim.scenario.levels import benchmark_terms
from vbsim.scenario.program_benchmark import MSSP, REACH, with_program_benchmark
from vbsim.scenario.shape import Benchmark
from vbsim.scenario.source import Path_
from vbsim.scenario.stop_loss import with_cover
from vbsim.scenario.world import Draft

TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Desk:
    """What is at hand while contracts are written.

    Parameters
    ----------
    audit, draft, world
        The resolution so far.
    layers
        Layers that contracts need, by name; a form adds its own.
    bundled, limits
        Episode types that contracts bundle, and percentiles of their high-cost caps, by name.
    """

    audit: Audit
    draft: Draft
    world: World
    layers: dict[str, Layer]
    bundled: dict[str, episodes.Params] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def years(self) -> list[int]:
        """Performance years."""
        return [y for y in self.draft.years if y >= self.draft.start_year]

    @property
    def heads(self) -> int:
        """Members as heads, which the rules on size count."""
        stated = self.audit.scenario.population.members
        return stated or int(self.world.members[-1].sum())

    def cite(self, figure: Figure) -> Any:
        """Record a figure of a rule file and return its value."""
        return self.audit.cite(figure)

    def book(self, words: ProgramWords) -> Rulebook:
        """Rules of a contract's program."""
        return rules_of(words, self.years[-1])

    def known(self, path: Path_, found: Iterable[str], names: Iterable[str], kind: str) -> None:
        """Record a problem for every key below a path that is none of the names."""
        known = list(names)
        for key in (key for key in found if key not in known):
            expected = f"{kind}: {', '.join(known)}"
            self.audit.wrong((*path, key), f"'{key}'", expected, did_you_mean(key, known))

    def expected_pmpm(self, year: int, basket: np.ndarray | None = None) -> float:
        """Give the expected cost of all services, or of a basket, without savings [USD PMPM]."""
        members = self.world.members[self.draft.years.index(year)]
        return float(self.expected_pmpm_by_segment(year, basket) @ members / members.sum())

    def expected_pmpm_by_segment(self, year: int, basket: np.ndarray | None = None) -> FloatArray:
        """Give the same for each segment, (S,) [USD PMPM]."""
        row = self.draft.years.index(year)
        by_service = self.world.rate[row] * self.world.mean_unit_cost[row]
        inside = by_service if basket is None else by_service[:, basket]
        share = inside.sum(axis=1) / by_service.sum(axis=1)
        return np.asarray(self.world.expected_cost[row] * share / 12.0)

    def held_against_benchmark(
        self, name: str, words: ProgramWords, model: str, terms: tuple[object, ...]
    ) -> Contract:
        """Contract of a program that holds expenditure against a benchmark."""
        book, on = self.book(words), words.performance_year or self.years[0]
        title = f"{words.program} {words.track}".replace("_", " ").upper()
        contract = Contract(
            name=name,
            label=words.label or title,
            model=model,
            lan_category=self.cite(book.figure("lan_category", on, words.track)),
            terms=terms,
        )
        return self.with_benchmark(contract, words, truncated=book.has("truncation_percentile"))

    def with_benchmark(
        self, contract: Contract, words: ContractWords, *, truncated: bool
    ) -> Contract:
        """Hold a contract's expenditure against its own benchmark, or the scenario's."""
        own = getattr(words, "benchmark", None)
        stated = own or self.audit.scenario.benchmark
        if stated is None:
            return contract  # names.py has found fault with it
        contract = replace(contract, expenditure_layer=TRUNCATED if truncated else "")
        if stated.mode == "program":
            return self._by_program(contract, words, stated)
        expected = self.world.expected_truncated if truncated else self.world.expected_cost
        marks = [
            benchmark_terms(self.draft, stated, y, expected, contract.name) for y in self.years
        ]
        return replace(
            contract,
            benchmarks=tuple(marks),
            base_years=tuple(self.draft.years.index(y) for y in stated.base_years),
        )

    def _by_program(self, contract: Contract, words: ContractWords, stated: Benchmark) -> Contract:
        """Benchmark that the rules of the contract's program build."""
        if not isinstance(words, ProgramWords) or words.program not in (MSSP, REACH):
            own = getattr(words, "benchmark", None) is not None
            path = (
                ("contracts", contract.name, "benchmark") if own else ("contracts", contract.name)
            )
            self.audit.wrong(
                path,
                "a benchmark of mode 'program' for a contract without such rules",
                f"a contract of {MSSP} or {REACH}, or another mode",
                "give the contract its own benchmark, with mode: simulated, say",
            )
            return contract
        return with_program_benchmark(self, contract, words, stated)

    def basket(self, path: Path_, services: Sequence[str]) -> np.ndarray:
        """Mark the services of a basket, (K,); a name that is none is recorded as a problem."""
        known = self.world.services
        for place, service in enumerate(services):
            if service not in known:
                expected = "a service of this scenario: " + ", ".join(known)
                self.audit.wrong((*path, place), repr(service), expected)
        return np.isin(known, services)

    def episode_type(self, path: Path_, name: str) -> episodes.Params | None:
        """Add an episode type with the scenario's figures, else the assumption set's."""
        if name in self.bundled:
            return self.bundled[name]
        found = {
            item.name: self._episode_figure(name, item.name) for item in fields(episodes.Params)
        }
        values = {key: value for key, value in found.items() if value is not None}
        if missing := [key for key in found if key not in values]:
            known = self.draft.book.figure("episodes.per_1000", self.years[0]).value
            expected = f"an episode type of {self.draft.book.file}: {', '.join(known)}"
            todo = f"or state {', '.join(missing)} for it under the key episodes"
            self.audit.wrong(path, f"'{name}'", expected, todo)
            return None
        with self.audit.at("episodes", name):
            self.bundled[name] = episodes.Params(**values)
        return self.bundled.get(name)

    def _episode_figure(self, name: str, key: str) -> float | None:
        stated = self.audit.scenario.episodes.get(name)
        own = None if stated is None else getattr(stated, key)
        if own is not None:
            return float(own)
        book, path = self.draft.book, f"episodes.{key}"
        table = book.figure(path, self.years[0]).value if book.has(path) else {}
        if isinstance(table, dict):
            return (
                float(self.cite(book.figure(path, self.years[0], name))) if name in table else None
            )
        return float(self.cite(book.figure(path, self.years[0])))

    def plan_episodes(self) -> Episodes | None:
        """Episode types of all contracts, with their high-cost caps."""
        if not self.bundled:
            return None
        caps = [
            [episodes.percentile(params, level) for level in self.limits.values()]
            for params in self.bundled.values()
        ]
        for name, row in zip(self.bundled, caps, strict=True):
            for (limit, level), cap in zip(self.limits.items(), row, strict=True):
                if np.isfinite(cap):
                    self.audit.derived(
                        f"high-cost cap, {name}, {limit}",
                        round(cap),
                        "USD per episode",
                        f"percentile {level:g} of the type's cost, before the year's prices",
                    )
        types = tuple(self.bundled)
        return Episodes(types, tuple(self.bundled.values()), tuple(self.limits), np.array(caps))


def resolve_contract(desk: Desk, name: str, words: ContractWords) -> Contract | None:
    """Terms of one contract; ``None`` when something about it is wrong (and recorded)."""
    audit = desk.audit
    before = len(audit.problems)
    with audit.at("contracts", name):
        contract = FORMS[str(form_of(words))].write(desk, name, words)
        # What is wrong with a basket would be told a second time by its stop-loss.
        if words.stop_loss is not None and len(audit.problems) == before:
            covers, layer = with_cover(desk, contract, words.stop_loss)
            contract = replace(contract, stop_loss=covers, stop_loss_layer=layer)
        if words.settlement_lag is not None:
            contract = replace(contract, settlement_lag=words.settlement_lag)
        if len(audit.problems) == before:
            contract = with_capital(desk, contract, words)
        told = (*contract.conditions, *conditions_of(desk, contract, words))
        contract = replace(contract, conditions=told)
        return contract if len(audit.problems) == before else None
    return None


def rules_of(words: ProgramWords, through: int) -> Rulebook:
    """Rules of a contract's program, carried forward to a year if the contract says so."""
    book = rulebook.read("rules", words.program)
    return book.carried(through) if words.carry_rules_forward else book


def program_figure(audit: Audit, path: str, otherwise: float) -> float:
    """Figure of the first program among the contracts that has it, or ``otherwise``."""
    for name, words in audit.scenario.contracts.items():
        if isinstance(words, ProgramWords):
            year = words.performance_year or audit.scenario.start_year
            book = rules_of(words, year)
            if book.has(path, year):
                with audit.at("contracts", name, "performance_year"):
                    return float(audit.cite(book.figure(path, year)))
    return otherwise


def truncation_layer(draft: Draft, world: World) -> Layer:
    """Make the layer below the nation's truncation point of each year and segment."""
    points = np.array(
        [
            [draft.truncation(y, s) for s in range(len(world.segments))]
            for y in range(world.years.size)
        ]
    )
    for year, row in zip(world.years, points, strict=True):
        for name, point in zip(world.segments, row, strict=True):
            draft.audit.derived(
                f"truncation point, {name}, {year}",
                round(float(point)),
                "USD per member and year",
                f"percentile {draft.truncation_share:g} of the assumption set's annual cost at the "
                "nation's cost level; CMS's own points were not found",
                status="UNVERIFIED",
            )
    basket = np.ones(len(world.services), dtype=np.bool_)
    return Layer(TRUNCATED, basket, np.zeros_like(points), points, annualized=True)
