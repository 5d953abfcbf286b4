"""Experience and terms to Settlement: every contract, on the same realizations, year by year.

A pure function: it draws nothing, so a better term never pays less in any realization.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.payment_models import MODELS, benchmarks
from vbsim.payment_models.base import ContractYear, FloatArray, Line, Statement
from vbsim.payment_models.program_cost import with_program
from vbsim.payment_models.stop_loss import Cover, with_stop_loss
from vbsim.plan import BoolArray, Contract, Plan

_CACHED = 1 << 15  # numbers that stay near the processor while their columns are added


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
        those whose sum is the contract's result.
    """
    seen = Seen.of(experience)
    numbers = experience[vocabulary.REALIZATION].to_numpy()
    settled = _labelled(plan, numbers, statements(plan, seen))
    if plan.sampling == "random":
        return settled
    dims = vocabulary.SETTLEMENT["control_variate"].dims
    names = [f"cost of {year}" for year in plan.world.years.tolist()]
    settled = settled.assign_coords({vocabulary.CONTROL: names})
    settled["control_variate"] = (dims, luck(plan, seen))
    return vocabulary.label(settled, "settlement")


def luck(plan: Plan, seen: Seen) -> FloatArray:
    """Cost of every year over its expectation given the systematic factors, less 1, (R, T).

    The expectation is exact, so the mean is 0: what the members' luck does to a result can be
    taken out of its error.
    """
    world, facts = plan.world, seen.facts
    exposure = np.array([people.person_years_per_member for people in world.people])
    whole = facts["local_factor"] * (1.0 - facts["true_savings"])
    expected = np.einsum(
        "rts,ts,rt->rt",
        facts["national_factor"],
        world.expected_cost * world.members * exposure,
        whole,
    )
    return np.asarray(_summed(seen.cost) / expected - 1.0)


def statements(plan: Plan, seen: Seen) -> dict[str, list[Statement]]:
    """Settle every contract of a plan on facts: its statements by performance year."""
    return {contract.name: _walk(plan, contract, seen) for contract in plan.contracts}


@dataclass(frozen=True)
class Seen:
    """The Experience as arrays, with the sums that every contract needs made once.

    Parameters
    ----------
    facts
        Variables of ``vocabulary.EXPERIENCE``.
    names
        Names along each of their dimensions that contracts choose from.
    cost
        All claims, (R, T, S) [USD].
    exposure
        Person-years, (R, T).
    """

    facts: dict[str, FloatArray]
    names: dict[str, list[str]]
    cost: FloatArray
    exposure: FloatArray

    @classmethod
    def of(cls, experience: xr.Dataset) -> Seen:
        """Read an Experience."""
        facts = {str(name): experience[name].to_numpy() for name in experience.data_vars}
        dims = (
            vocabulary.LAYER,
            vocabulary.QUALITY_MEASURE,
            vocabulary.EPISODE_TYPE,
            vocabulary.EPISODE_LIMIT,
        )
        there = [dim for dim in dims if dim in experience.dims]
        names = {dim: [str(name) for name in experience[dim].to_numpy()] for dim in there}
        return cls(facts, names, _summed(facts["cost"]), _summed(facts["person_years"]))

    def layer(self, name: str) -> FloatArray:
        """Members' cost in a layer, (R, T, S) [USD]; all claims for the empty name."""
        if not name:
            return self.cost
        return self.facts["layer_cost"][..., self.names[vocabulary.LAYER].index(name)]

    def chosen(self, variable: str, row: int, dim: str, names: tuple[str, ...]) -> FloatArray:
        """Columns of a variable of one year, (R, len(names)), in the order of the names."""
        columns = [self.names[dim].index(name) for name in names]
        return self.facts[variable][:, row][:, columns]


def _summed(values: FloatArray, chosen: BoolArray | None = None) -> FloatArray:
    """Sum over the last axis, one column after the other: the same whatever the block.

    ``chosen`` says which columns; all without it.
    """
    columns = range(values.shape[-1]) if chosen is None else np.flatnonzero(chosen).tolist()
    if not columns:
        return np.zeros(values.shape[:-1])
    total = np.empty(values.shape[:-1])
    at_once = max(_CACHED // (values[:1].size or 1), 1)
    for start in range(0, len(values), at_once):
        part, out = values[start : start + at_once], total[start : start + at_once]
        out[...] = part[..., columns[0]]
        for column in columns[1:]:
            out += part[..., column]
    return total


def _walk(plan: Plan, contract: Contract, seen: Seen) -> list[Statement]:
    model = MODELS[contract.model]
    state, statements = None, []
    base = _base_per_capita(contract, seen)
    for number, row in enumerate(np.flatnonzero(plan.performance).tolist()):
        year, benchmark_lines = _contract_year(contract, number, row, seen, base)
        state, statement = model.settle(state, year, contract.terms[number])
        if contract.stop_loss:
            cover = contract.stop_loss[number]
            statement = _protected(statement, cover, contract, row, seen)
        if plan.program is not None:
            exposure, flagged = seen.exposure[:, row], seen.facts["program_flagged"][:, row]
            engaged = seen.facts["program_person_years"][:, row, 0]
            statement = with_program(statement, plan.program.cost, exposure, flagged, engaged)
        # A model's own line of the same name only repeats what the benchmark's lines explain.
        lines = {**benchmark_lines, **statement.lines} | benchmark_lines
        statements.append(Statement(lines, statement.transfers, statement.party))
    return statements


def _protected(
    statement: Statement, cover: Cover, contract: Contract, row: int, seen: Seen
) -> Statement:
    """Add a contract's stop-loss, on the claims that its holder bears."""
    layer = None
    if cover.specific is not None:
        layer = _summed(seen.layer(contract.stop_loss_layer)[:, row])
    claims = _summed(seen.cost[:, row])
    if contract.at_risk is not None:
        claims = _of_services(seen.facts["cost"], row, contract.at_risk)
    return with_stop_loss(statement, cover, layer, claims, seen.exposure[:, row])


def _base_per_capita(contract: Contract, seen: Seen) -> FloatArray:
    """Expenditure per person-year of the benchmark's base years, (R, B, S) [USD]."""
    base = list(contract.base_years)
    counted = seen.layer(contract.expenditure_layer)
    return np.asarray(counted[:, base] / seen.facts["person_years"][:, base])


def _contract_year(
    contract: Contract, number: int, row: int, seen: Seen, base: FloatArray
) -> tuple[ContractYear, dict[str, Line]]:
    facts, cost = seen.facts, seen.cost[:, row]
    counted = seen.layer(contract.expenditure_layer)
    exposure = facts["person_years"]
    mark = np.full(cost.shape[0], np.nan)
    explained: dict[str, Line] = {}
    if contract.benchmarks:
        national = facts["national_factor"][:, row]
        mark, explained = benchmarks.benchmark(
            contract.benchmarks[number], base, exposure[:, row], national
        )
    total = _summed(cost)
    year = ContractYear(
        cost=total,
        expenditure=_summed(counted[:, row]),
        benchmark=mark,
        person_years=seen.exposure[:, row],
        quality_score=facts["quality_score"][:, row],
        quality_standard_met=facts["quality_standard_met"][:, row],
        # Of 476 ACOs in 2024 none missed both standards (CMS PY2024 PUF).
        alternative_standard_met=1.0,
        segment_person_years=exposure[:, row],
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
    inside = contract.basket
    return {
        "basket_cost": _of_services(facts["cost"], row, inside),
        "basket_claims": _of_services(facts["claims"], row, inside),
    }


def _of_services(values: FloatArray, row: int, inside: BoolArray) -> FloatArray:
    """Sum of a variable of one year over segments and some services, (R,)."""
    return _summed(_summed(values[:, row], inside))


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


def _labelled(
    plan: Plan, realizations: np.ndarray, settled: dict[str, list[Statement]]
) -> xr.Dataset:
    years = plan.world.years[plan.performance]
    lines = _lines(settled)
    # One column after the other in memory, as they are made and as measures read them.
    columns = (years.size, realizations.size)
    saved = np.full((len(settled), *columns), np.nan)
    party = np.empty((len(settled), len(vocabulary.PARTIES), *columns))
    table = np.empty((len(lines), *columns))
    for number, contract_years in enumerate(settled.values()):
        for row, statement in enumerate(contract_years):
            for place, name in enumerate(vocabulary.PARTIES):
                party[number, place, row] = statement.net_to(name)
            if "savings_rate" in statement.lines:
                saved[number, row] = statement.lines["savings_rate"].value
    for number, (contract, name) in enumerate(lines):
        for row, statement in enumerate(settled[contract]):
            has = name in statement.lines
            table[number, row] = statement.lines[name].value if has else np.nan
    saved, table = (array.transpose(2, 1, 0) for array in (saved, table))
    party = party.transpose(3, 2, 0, 1)
    values = {
        "net_to_provider": party[..., vocabulary.PARTIES.index(vocabulary.PROVIDER)],
        "net_to_party": party,
        "savings_rate": saved,
        "statement": table,
    }
    coordinates = {
        vocabulary.REALIZATION: realizations,
        vocabulary.YEAR: years,
        vocabulary.CONTRACT: list(settled),
        vocabulary.PARTY: list(vocabulary.PARTIES),
        vocabulary.HOLDER: (vocabulary.CONTRACT, [s[0].party for s in settled.values()]),
        **_line_coordinates(lines),
    }
    variables = {n: (vocabulary.SETTLEMENT[n].dims, v) for n, v in values.items()}
    attributes = {
        "reference": plan.reference,
        "owing_more_than": list(plan.owing_more_than),
        "sampling": plan.sampling,
    }
    return vocabulary.label(xr.Dataset(variables, coordinates, attributes), "settlement")


def _lines(statements: dict[str, list[Statement]]) -> dict[tuple[str, str], Line]:
    """Lines of all statements by contract and name, as the first year that has them words them."""
    found: dict[tuple[str, str], Line] = {}
    for contract, years in statements.items():
        for statement in years:
            for name, line in statement.lines.items():
                found.setdefault((contract, name), line)
    return found


def _line_coordinates(lines: dict[tuple[str, str], Line]) -> dict[str, Any]:
    columns = {
        vocabulary.LINE: [f"{contract}.{name}" for contract, name in lines],
        "line_contract": [contract for contract, _ in lines],
        "line_name": [name for _, name in lines],
        "line_unit": [line.unit for line in lines.values()],
        "formula": [line.formula for line in lines.values()],
        "meaning": [line.meaning for line in lines.values()],
        "adds_to_net": np.array([line.adds for line in lines.values()], dtype=np.int64),
    }
    return {name: (vocabulary.LINE, values) for name, values in columns.items()}
