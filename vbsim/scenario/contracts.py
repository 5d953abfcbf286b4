"""Words of a contract to its terms in numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from vbsim import rulebook
from vbsim.payment_models import (
    capitation,
    clauses,
    corridor,
    fee_for_service,
    shared_savings,
)
from vbsim.plan import Contract, FloatArray, Layer, World
from vbsim.rulebook import Rulebook
from vbsim.scenario import schema
from vbsim.scenario.audit import Audit
from vbsim.scenario.levels import benchmark_terms
from vbsim.scenario.source import shown
from vbsim.scenario.world import Draft

TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Desk:
    """What is at hand while contracts are written."""

    audit: Audit
    draft: Draft
    world: World
    layers: dict[str, Layer]

    @property
    def years(self) -> list[int]:
        """Performance years."""
        return [y for y in self.draft.years if y >= self.draft.start_year]


def resolve_contract(desk: Desk, name: str, words: schema.Contract) -> Contract | None:
    """Terms of one contract; ``None`` when something about it is wrong (and recorded)."""
    audit = desk.audit
    before = len(audit.problems)
    with audit.at("contracts", name):
        book = None if words.program is None else rulebook.read("rules", words.program)
        model = str(words.model) if book is None else _payment_model(desk, book, words)
        contract = _WRITERS[model](desk, name, words, book)
        contract = _with_stop_loss(desk, contract, words)
        return contract if len(audit.problems) == before else None
    return None


def program_figure(audit: Audit, path: str, otherwise: float) -> float:
    """Figure of the first program among the contracts that has it, or ``otherwise``."""
    for name, words in audit.scenario.contracts.items():
        if words.program is not None:
            book = rulebook.read("rules", words.program)
            year = words.performance_year or audit.scenario.start_year
            if book.has(path, year):
                with audit.at("contracts", name, "performance_year"):
                    return float(audit.cite(book.figure(path, year)))
    return otherwise


def _payment_model(desk: Desk, book: Rulebook, words: schema.Contract) -> str:
    figure = book.figure("payment_model", words.performance_year or desk.years[0])
    return str(desk.audit.cite(figure))


def _fee_for_service(
    desk: Desk, name: str, words: schema.Contract, book: Rulebook | None
) -> Contract:
    terms = tuple(fee_for_service.Terms() for _ in desk.years)
    return Contract(name, words.label or "Fee-for-service", "fee_for_service", "1", terms)


def _capitation(desk: Desk, name: str, words: schema.Contract, book: Rulebook | None) -> Contract:
    terms = []
    for year in desk.years:
        rate = words.pmpm
        if rate is None:
            rate = _expected_pmpm(desk, year) * (words.expected_cost_share or 1.0)
            desk.audit.derived(
                f"capitation, {name}, {year}",
                round(rate, 2),
                "USD PMPM",
                f"{words.expected_cost_share:g} of expected cost without true savings",
            )
        terms.append(capitation.Terms(rate))
    return Contract(name, words.label or "Global capitation", "capitation", "4N", tuple(terms))


def _shared_savings(
    desk: Desk, name: str, words: schema.Contract, book: Rulebook | None
) -> Contract:
    assert book is not None
    terms = tuple(_mssp_terms(desk, name, words, book, year) for year in desk.years)
    return _held_against_benchmark(desk, name, words, book, terms)


def _corridor(desk: Desk, name: str, words: schema.Contract, book: Rulebook | None) -> Contract:
    assert book is not None
    terms = []
    for year in desk.years:
        names = [item.name for item in fields(corridor.Terms)]
        found = book.by_name(names, words.performance_year or year, str(words.track))
        values = {n: desk.audit.cite(figure) for n, figure in found.items()}
        values["corridors"] = tuple((low, share) for low, share in values["corridors"])
        terms.append(corridor.Terms(**values))
    return _held_against_benchmark(desk, name, words, book, tuple(terms))


def _held_against_benchmark(
    desk: Desk,
    name: str,
    words: schema.Contract,
    book: Rulebook,
    terms: tuple[shared_savings.Terms, ...] | tuple[corridor.Terms, ...],
) -> Contract:
    """Contract of a program that holds expenditure against a benchmark."""
    stated = words.benchmark or desk.audit.scenario.benchmark
    assert stated is not None
    truncated = book.has("truncation_percentile")
    expected = desk.world.expected_truncated if truncated else desk.world.expected_cost
    marks = tuple(benchmark_terms(desk.draft, stated, y, expected, name) for y in desk.years)
    track, on = str(words.track), words.performance_year or desk.years[0]
    title = f"{words.program} {track}".replace("_", " ").upper()
    return Contract(
        name=name,
        label=words.label or title,
        model=desk.audit.cite(book.figure("payment_model", on)),
        lan_category=desk.audit.cite(book.figure("lan_category", on, track)),
        terms=terms,
        benchmarks=marks,
        base_years=tuple(desk.draft.years.index(y) for y in stated.base_years),
        expenditure_layer=TRUNCATED if truncated else "",
    )


def _mssp_terms(
    desk: Desk, name: str, words: schema.Contract, book: Rulebook, year: int
) -> shared_savings.Terms:
    on, track, cite = words.performance_year or year, str(words.track), desk.audit.cite
    values = {"two_sided": cite(book.figure("sided", on, track)) == 2}
    rate = _minimum_rate(desk, name, words, book, on, bool(values["two_sided"]))
    values |= {"minimum_savings_rate": rate, "minimum_loss_rate": rate}
    revenue_share = cite(book.figure("loss_limit_revenue", on, track))
    values["loss_limit_amount"] = np.inf
    if revenue_share and words.participant_revenue is not None:
        values["loss_limit_amount"] = revenue_share * words.participant_revenue
    elif revenue_share:
        desk.audit.warn(
            f"{name}: participant_revenue is not stated, so the revenue-based loss limit is not "
            "applied and shared losses are an upper bound"
        )
    # Reduced sharing is for ACOs of low revenue, which a scenario does not state.
    values["reduced_sharing"] = 0.0
    names = [f.name for f in fields(shared_savings.Terms) if f.name not in values]
    values |= {name: cite(found) for name, found in book.by_name(names, on, track).items()}
    return shared_savings.Terms(**values)


def _minimum_rate(
    desk: Desk, name: str, words: schema.Contract, book: Rulebook, on: int, two_sided: bool
) -> float:
    path = ("contracts", name, "minimum_savings_rate")
    heads, choice = _heads(desk), words.minimum_savings_rate
    figure = book.figure("minimum_savings_rate_table", on)
    if heads < figure.value[0][0]:
        figure = book.figure("minimum_savings_rate_smallest", on)
    by_size = clauses.banded(desk.audit.cite(figure), heads)
    if choice is None or choice == "table":
        return by_size
    if not two_sided:
        desk.audit.wrong(
            path,
            shown(choice),
            f"table: the one-sided track {words.track} offers no fixed rate",
            "take it out, or write table",
        )
        return by_size
    choices = desk.audit.cite(book.figure("minimum_savings_rate_choices", on))
    if choice not in choices:
        listed = ", ".join(f"{c:g}" for c in choices)
        expected = f"table, or one of {listed} (shares of the benchmark)"
        desk.audit.wrong(path, shown(choice), expected)
    least = desk.audit.cite(book.figure("fixed_choice_minimum_beneficiaries", on))
    if heads < least:
        desk.audit.warn(f"{name}: the fixed rate is void below {least:,} members; table applies")
        return by_size
    return float(choice)


def _heads(desk: Desk) -> int:
    return desk.audit.scenario.population.members or int(desk.world.members[-1].sum())


def _expected_pmpm(desk: Desk, year: int) -> float:
    row = desk.draft.years.index(year)
    members = desk.world.members[row]
    return float(desk.world.expected_cost[row] @ members / members.sum() / 12.0)


def _with_stop_loss(desk: Desk, contract: Contract, words: schema.Contract) -> Contract:
    if words.stop_loss is None:
        return contract
    stated = desk.audit.scenario.stop_loss[words.stop_loss]
    limit = np.inf if stated.limit is None else stated.limit
    layer = _layer(desk.world, f"stop_loss_{words.stop_loss}", stated.attachment, limit)
    desk.layers[layer.name] = layer
    premium = stated.premium_pmpm
    if premium is None:
        expected = stated.coinsurance * expected_layer_pmpm(desk, stated.attachment, limit)
        premium = expected * (1.0 + (stated.loading or 0.0))
        desk.audit.derived(
            f"stop-loss premium, {words.stop_loss}",
            round(premium, 2),
            "USD PMPM",
            f"expected recovery {expected:.2f} PMPM, loaded by {stated.loading:g}",
        )
    terms = clauses.StopLossTerms(stated.attachment, limit, stated.coinsurance, premium)
    return Contract(
        **{
            f.name: getattr(contract, f.name)
            for f in fields(Contract)
            if f.name not in ("stop_loss", "stop_loss_layer")
        },
        stop_loss=terms,
        stop_loss_layer=layer.name,
    )


def expected_layer_pmpm(desk: Desk, attachment: float, limit: float) -> float:
    """Exact expected cost in a layer of members' annual cost, first performance year [USD PMPM]."""
    row = desk.draft.years.index(desk.years[0])
    members = desk.world.members[row]
    bounds = np.array([attachment, attachment + limit])
    total = 0.0
    for column, count in enumerate(members):
        cost = desk.draft.distribution(row, column)
        scale = desk.world.expected_cost[row, column] / desk.draft.mean_cost(row, column)
        lower, upper = cost.limited_mean(np.minimum(bounds / scale, 1e300), annualized=False)
        total += count * scale * (upper - lower)
    return float(total / members.sum() / 12.0)


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


def _layer(world: World, name: str, attachment: float, limit: float) -> Layer:
    shape: FloatArray = np.ones((world.years.size, len(world.segments)))
    basket = np.ones(len(world.services), dtype=np.bool_)
    return Layer(name, basket, attachment * shape, (attachment + limit) * shape, annualized=False)


_WRITERS: dict[str, Callable[[Desk, str, schema.Contract, Rulebook | None], Contract]] = {
    "fee_for_service": _fee_for_service,
    "capitation": _capitation,
    "corridor": _corridor,
    "shared_savings": _shared_savings,
}
