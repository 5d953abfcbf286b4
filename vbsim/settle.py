"""Experience and terms to Settlement: every contract, on the same realizations, year by year.

A pure function: it draws nothing, so a better term never pays less in any realization.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.contract import Contract
from vbsim.errors import ParameterError
from vbsim.payment_models import MODELS, benchmarks, economics, fee_for_service, program_benchmarks
from vbsim.payment_models.agreement import Carried, under_agreement
from vbsim.payment_models.base import ContractYear, FloatArray, Line, Statement, summed
from vbsim.payment_models.economics import with_economics
from vbsim.payment_models.program_benchmarks import Blended, Measured, Rebased
from vbsim.payment_models.program_cost import with_program
from vbsim.payment_models.risk_based_capital import with_risk_based_capital
from vbsim.payment_models.stop_loss import (
    Cover,
    Retention,
    exchanged,
    with_stop_loss,
    without_cover,
)
from vbsim.plan import Plan
from vbsim.seen import Seen, of_services
from vbsim.settlement import Settled


def settle(plan: Plan, experience: xr.Dataset) -> xr.Dataset:
    """Settle every contract of a plan.

    Parameters
    ----------
    plan
        From :func:`vbsim.resolve`.
    experience
        From :func:`vbsim.simulate`, all of it or one block.

    Returns
    -------
    Dataset
        The variables of ``vocabulary.SETTLEMENT``; years are performance years. Along ``contract``,
        ``holder`` is the party whose net money is the contract's result. Along ``line``,
        coordinates tell contract, name, unit and formula of each line; ``adds_to_net`` is 1 for
        those whose sum is the contract's result. Along ``retention`` they tell contract,
        attachment, premium and exact expected recovery.
    """
    if plan.draws:
        return _settled_draws(plan, experience)
    seen = Seen.of(experience)
    found = Settled(plan, len(seen.exposure))
    kept: dict[str, list[Statement]] = {}
    for contract in plan.contracts:
        walk: Iterable[Statement] = _walk(plan, contract, seen)
        if contract.retentions:
            walk = kept[contract.name] = list(walk)
        found.write(contract, walk)
    settled = found.labelled(experience, *_retentions(plan, seen, kept))
    if plan.sampling == "random":
        return settled
    dims = vocabulary.SETTLEMENT["control_variate"].dims
    names = [f"cost of {year}" for year in plan.world.years.tolist()]
    settled = settled.assign_coords({vocabulary.CONTROL: names})
    settled["control_variate"] = (dims, luck(plan, seen))
    return vocabulary.label(settled, "settlement")


def _settled_draws(plan: Plan, experience: xr.Dataset) -> xr.Dataset:
    """Settle every realization by the terms of its own draw of the uncertain figures."""
    numbers = experience[vocabulary.REALIZATION].to_numpy()
    parts = [
        settle(draw, experience.isel({vocabulary.REALIZATION: where}))
        for draw, where in plan.by_draw(numbers)
    ]
    # The Plan with the means, on one realization, tells the lines and their arithmetic.
    means = replace(plan, draws=())
    words = settle(means, experience.isel({vocabulary.REALIZATION: slice(0, 1)}))
    for part in parts:
        _check_lines(part, words)
    differs = np.any([part["formula"].values != words["formula"].values for part in parts], axis=0)
    settled = parts[0] if len(parts) == 1 else vocabulary.joined(parts)
    told = {"formula": "", "meaning": "worked out with an uncertain figure, drawn anew"}
    texts: dict[str, Any] = {
        name: (vocabulary.LINE, np.where(differs, text, words[name].values))
        for name, text in told.items()
    }
    priced = ("premium_pmpm", "expected_recovery_pmpm")  # those of the means, as the terms shown
    texts |= {name: words.coords[name].variable for name in priced if name in words.coords}
    draw = (vocabulary.REALIZATION, numbers // plan.inner)
    return vocabulary.label(settled.assign_coords(texts | {vocabulary.DRAW: draw}), "settlement")


def _check_lines(part: xr.Dataset, expected: xr.Dataset) -> None:
    """Refuse draws whose statements have other lines: a figure decides what the contract is."""
    lines, known = (set(one[vocabulary.LINE].values.tolist()) for one in (part, expected))
    if odd := sorted(lines ^ known):
        raise ParameterError(
            f"found the statement line {odd[0]} in some draws of the uncertain figures and not in "
            "others; expected the same lines in all; choose a distribution that stays on one side "
            "of 0 for the figure that the line comes from"
        )


def luck(plan: Plan, seen: Seen) -> FloatArray:
    """Cost of every year over its expectation given the systematic factors, less 1, (R, T).

    The expectation is exact, so the mean is 0: what the members' luck does to a result can be
    taken out of its error.
    """
    world, facts = plan.world, seen.facts
    exposure = np.array([people.person_years_per_member for people in world.people])
    whole = facts["local_factor"] * (1.0 - facts["true_savings"]) * seen.factor("regional_factor")
    by_segment = facts["national_factor"] * (world.expected_cost * world.members * exposure)
    return np.asarray(summed(seen.cost) / (summed(by_segment) * whole) - 1.0)


def statements(plan: Plan, seen: Seen) -> dict[str, list[Statement]]:
    """Settle every contract of a plan on facts: its statements by performance year."""
    return {contract.name: list(_walk(plan, contract, seen)) for contract in plan.contracts}


def _walk(plan: Plan, contract: Contract, seen: Seen) -> Iterator[Statement]:
    """Settle a contract, performance year after performance year."""
    model, state = MODELS[contract.model], None
    carried: Carried = 0.0
    saved: dict[int, FloatArray] = {}  # savings per person-year by position of the year
    charged = contract.risk_based_capital
    capital: FloatArray | float = 0.0 if charged is None else charged.capital
    counted = _Counted(seen.counted(contract), seen.facts["person_years"])
    for number, row in enumerate(np.flatnonzero(plan.performance).tolist()):
        year, benchmark_lines = _contract_year(contract, number, row, seen, counted, saved)
        agreement = contract.agreement[number] if contract.agreement else None
        inside = agreement is None or agreement.months > 0.0
        if inside:
            state, statement = model.settle(state, year, contract.terms[number])
        else:
            _, statement = fee_for_service.settle(None, year, fee_for_service.Terms())
            benchmark_lines = {}
        if contract.economics:
            own = _own_claims(plan, contract.economics[number], row, seen)
            exposure = seen.facts["person_years"][:, row]
            statement = with_economics(statement, contract.economics[number], own, exposure)
        if contract.stop_loss and inside:
            statement = _protected(statement, contract.stop_loss[number], contract, row, seen)
        if plan.program is not None:
            statement = with_program(statement, plan.program.cost, *seen.reached(row))
        if charged is not None:
            capital, statement = with_risk_based_capital(statement, charged, capital)
        # A model's own line of the same name only repeats what the benchmark's lines explain.
        lines = {**benchmark_lines, **statement.lines} | benchmark_lines
        statement = Statement(lines, statement.transfers, statement.party)
        if agreement is not None and inside:
            saved[row] = (year.benchmark - year.expenditure) / year.person_years
            carried, statement = under_agreement(carried, statement, agreement)
        yield statement


def _protected(
    statement: Statement, cover: Cover, contract: Contract, row: int, seen: Seen
) -> Statement:
    """Add a contract's stop-loss, on the claims that its holder bears."""
    layer = None
    if cover.specific is not None:
        layer = summed(seen.layer(contract.stop_loss_layer)[:, row])
    claims = summed(seen.cost[:, row])
    if contract.at_risk is not None:
        claims = of_services(seen.facts["cost"], row, contract.at_risk)
    return with_stop_loss(statement, cover, layer, claims, seen.exposure[:, row])


def _own_claims(plan: Plan, terms: economics.Terms, row: int, seen: Seen) -> dict[str, FloatArray]:
    """Claims of each service that the holder renders in part, (R,) [USD]."""
    columns = {s.name: plan.world.services.index(s.name) for s in terms.services}
    cost = seen.facts["cost"][:, row]
    return {name: summed(cost[..., column]) for name, column in columns.items()}


def _retentions(
    plan: Plan, seen: Seen, found: dict[str, list[Statement]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Net result that every contract's holder would have with other attachments.

    Variables and coordinates of the Settlement; none where no contract asks for them.
    """
    rows = np.flatnonzero(plan.performance).tolist()
    offered = [(c, r) for c in plan.contracts if c.retentions for r in (None, *c.retentions)]
    if not offered:
        return {}, {}
    # One column after the other in memory, as the other variables of a Settlement.
    shape = (len(offered), len(rows), len(seen.exposure))
    net, recovered = np.zeros(shape), np.zeros(shape)
    for at, (contract, retention) in enumerate(offered):
        for number, row in enumerate(rows):
            if retention is None:
                net[at, number] = without_cover(found[contract.name][number])
                bare = at
                continue
            layer = summed(seen.layer(retention.layer)[:, row])
            change, recovered[at, number] = exchanged(
                found[contract.name][number],
                retention.covers[number],
                layer,
                seen.exposure[:, row],
            )
            net[at, number] = net[bare, number] + change
    columns = [(c.name, _offer(r)) for c, r in offered]
    coordinates: dict[str, Any] = {
        vocabulary.RETENTION: [f"{name}.{offer[0]}" for name, offer in columns],
        "retention_contract": (vocabulary.RETENTION, [name for name, _ in columns]),
    }
    for place, name in enumerate(("attachment", "premium_pmpm", "expected_recovery_pmpm"), 1):
        coordinates[name] = (vocabulary.RETENTION, np.array([o[place] for _, o in columns]))
    values = {"retention_net": net, "retention_recovery": recovered}
    return {name: one.transpose(2, 1, 0) for name, one in values.items()}, coordinates


def _offer(retention: Retention | None) -> tuple[str, float, float, float]:
    """Name, attachment [USD], premium and exact expected recovery [USD PMPM]."""
    if retention is None:
        return "none", np.inf, 0.0, 0.0
    premium = retention.covers[0].premium_pmpm
    return f"{retention.attachment:.0f}", retention.attachment, premium, retention.expected_pmpm


@dataclass(frozen=True, slots=True)
class _Counted:
    """Expenditure as a contract measures it [USD], and exposure, (R, T, S); what follows, once."""

    expenditure: FloatArray
    exposure: FloatArray
    known: dict[int, FloatArray] = field(default_factory=dict)
    trends: program_benchmarks.Trends = field(default_factory=dict)

    def per_capita(self, rows: Sequence[int]) -> list[FloatArray]:
        """Expenditure per person-year of base years, each (R, S) [USD]; worked out once."""
        for row in rows:
            if row not in self.known:
                self.known[row] = self.expenditure[:, row] / self.exposure[:, row]
        return [self.known[row] for row in rows]


def _by_rules(
    terms: Rebased | Blended,
    row: int,
    seen: Seen,
    counted: _Counted,
    expenditure: FloatArray,
    saved: dict[int, FloatArray],
) -> program_benchmarks.Found:
    """Benchmark of a performance year by its program's rules."""
    base, rows = terms.base_years, (*terms.base_years, row)
    national, regional = seen.facts["national_factor"], seen.factor("regional_factor")
    unknown = np.full(len(expenditure), np.nan)
    measured = Measured(
        base_per_capita=counted.per_capita(base),
        person_years=counted.exposure[:, row],
        national_factor=[national[:, year] for year in rows],
        regional_factor=[regional[:, year, None] for year in rows],
        base_savings=np.stack([saved.get(year, unknown) for year in base]).T,
        expenditure=expenditure,
    )
    return program_benchmarks.found(terms, measured, counted.trends)


def _contract_year(
    contract: Contract,
    number: int,
    row: int,
    seen: Seen,
    counted: _Counted,
    saved: dict[int, FloatArray],
) -> tuple[ContractYear, dict[str, Line]]:
    facts, cost = seen.facts, seen.cost[:, row]
    expenditure, exposure = summed(counted.expenditure[:, row]), facts["person_years"][:, row]
    mark = np.full(cost.shape[0], np.nan)
    explained: dict[str, Line] = {}
    guardrail: FloatArray | float = 0.0
    terms = contract.benchmarks[number] if contract.benchmarks else None
    if isinstance(terms, Rebased | Blended):
        found = _by_rules(terms, row, seen, counted, expenditure, saved)
        mark, explained, guardrail = found.total, found.lines, found.guardrail
    elif terms is not None:
        national = facts["national_factor"][:, row]
        base = counted.per_capita(contract.base_years)
        mark, explained = benchmarks.benchmark(terms, base, exposure, national)
    total = summed(cost)
    year = ContractYear(
        cost=total,
        expenditure=expenditure,
        benchmark=mark,
        person_years=seen.exposure[:, row],
        quality_score=facts["quality_score"][:, row],
        quality_standard_met=facts["quality_standard_met"][:, row],
        # Of 476 ACOs in 2024 none missed both standards (CMS PY2024 PUF).
        alternative_standard_met=1.0,
        guardrail=guardrail,
        segment_person_years=exposure,
        **({"segment_risk_score": facts["risk_score"][:, row]} if "risk_score" in facts else {}),
        **_basket(contract, row, facts, total),
        **_columns(contract, row, seen),
    )
    return year, explained


def _basket(
    contract: Contract, row: int, facts: dict[str, FloatArray], total: FloatArray
) -> dict[str, FloatArray]:
    """Cost and number of the claims in a contract's basket."""
    if contract.basket is None:
        return {"basket_cost": total, "basket_claims": np.full_like(total, np.nan)}
    found = {"basket_cost": of_services(facts["cost"], row, contract.basket)}
    if contract.counts_visits:
        found["basket_claims"] = of_services(facts["claims"], row, contract.basket)
    return found


def _columns(contract: Contract, row: int, seen: Seen) -> dict[str, FloatArray]:
    """Quality measures and episodes of a contract."""
    out, measures, types = {}, contract.measures, contract.episode_types
    if measures:
        for name, variable in (("measures", "measure_rate"), ("eligible", "measure_eligible")):
            out[name] = seen.chosen(variable, row, vocabulary.QUALITY_MEASURE, measures)
    if types:
        for variable in ("episodes", "episode_cost", "episode_anchor_cost"):
            out[variable] = seen.chosen(variable, row, vocabulary.EPISODE_TYPE, types)
        limit = seen.names[vocabulary.EPISODE_LIMIT].index(contract.episode_limit)
        by_type = seen.chosen("episode_counted_cost", row, vocabulary.EPISODE_TYPE, types)
        out["episode_counted_cost"] = by_type[..., limit]
    return out
