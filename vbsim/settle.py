"""Experience and terms to Settlement: every contract, on the same realizations, year by year.

A pure function: it draws nothing, so a better term never pays less in any realization.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.payment_models import MODELS, benchmarks, clauses
from vbsim.payment_models.base import ContractYear, FloatArray, Statement
from vbsim.plan import Contract, Plan


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
        The variables of ``vocabulary.SETTLEMENT``; years are performance years. Along ``line``, the
        coordinate ``adds_to_net`` is 1 for the lines whose sum is the net result.
    """
    facts = {str(name): experience[name].to_numpy() for name in experience.data_vars}
    layers = [str(name) for name in experience[vocabulary.LAYER].to_numpy()]
    statements = {
        contract.name: _walk(plan, contract, facts, layers) for contract in plan.contracts
    }
    return _labelled(plan, experience[vocabulary.REALIZATION].to_numpy(), statements)


def lines(plan: Plan, statements: dict[str, list[Statement]]) -> dict[str, int]:
    """Lines of all statements in order of first use, and whether each adds to the net (1 or 0)."""
    found: dict[str, int] = {}
    for years in statements.values():
        found |= dict.fromkeys(years[0].facts, 0)
    for years in statements.values():
        found |= dict.fromkeys(years[0].steps, 1)
    return found


def _walk(
    plan: Plan, contract: Contract, facts: dict[str, FloatArray], layers: list[str]
) -> list[Statement]:
    model = MODELS[contract.model]
    state, statements = None, []
    for number, row in enumerate(np.flatnonzero(plan.performance).tolist()):
        year, benchmark_lines = _contract_year(contract, number, row, facts, layers)
        state, statement = model.settle(state, year, contract.terms[number])
        if contract.stop_loss is not None:
            layer = facts["layer_cost"][:, row, :, layers.index(contract.stop_loss_layer)]
            statement = clauses.with_stop_loss(
                statement, layer.sum(axis=1), year.person_years, contract.stop_loss
            )
        statements.append(
            Statement({**benchmark_lines, **statement.facts}, statement.steps, statement.transfers)
        )
    return statements


def _contract_year(
    contract: Contract, number: int, row: int, facts: dict[str, FloatArray], layers: list[str]
) -> tuple[ContractYear, dict[str, FloatArray]]:
    cost = facts["cost"].sum(axis=3)
    counted = cost
    if contract.expenditure_layer:
        counted = facts["layer_cost"][..., layers.index(contract.expenditure_layer)]
    exposure = facts["person_years"]
    mark = np.full(cost.shape[0], np.nan)
    explained: dict[str, FloatArray] = {}
    if contract.benchmarks:
        base = list(contract.base_years)
        mark, explained = benchmarks.benchmark(
            contract.benchmarks[number],
            counted[:, base],
            exposure[:, base],
            exposure[:, row],
            facts["national_factor"][:, row],
        )
    year = ContractYear(
        cost=cost[:, row].sum(axis=1),
        expenditure=counted[:, row].sum(axis=1),
        benchmark=mark,
        person_years=exposure[:, row].sum(axis=1),
        quality_score=facts["quality_score"][:, row],
        quality_standard_met=facts["quality_standard_met"][:, row],
        # Of 476 ACOs in 2024 none missed both standards (CMS PY2024 PUF).
        alternative_standard_met=1.0,
    )
    return year, explained


def _labelled(
    plan: Plan, realizations: np.ndarray, statements: dict[str, list[Statement]]
) -> xr.Dataset:
    years = plan.world.years[plan.performance]
    names = lines(plan, statements)
    shape = (realizations.size, years.size, len(statements))
    net, rate = np.empty(shape), np.full(shape, np.nan)
    party = np.empty((*shape, len(vocabulary.PARTIES)))
    table = np.full((*shape, len(names)), np.nan)
    for column, contract_years in enumerate(statements.values()):
        for row, statement in enumerate(contract_years):
            net[:, row, column] = statement.net
            for number, name in enumerate(vocabulary.PARTIES):
                party[:, row, column, number] = statement.net_to(name)
            if "savings_rate" in statement.facts:
                rate[:, row, column] = statement.facts["savings_rate"]
            for number, name in enumerate(names):
                found = {**statement.facts, **statement.steps}.get(name)
                if found is not None:
                    table[:, row, column, number] = found
    values = {
        "net_to_provider": net,
        "net_to_party": party,
        "savings_rate": rate,
        "statement": table,
    }
    coordinates = {
        vocabulary.REALIZATION: realizations,
        vocabulary.YEAR: years,
        vocabulary.CONTRACT: list(statements),
        vocabulary.PARTY: list(vocabulary.PARTIES),
        vocabulary.LINE: list(names),
        "adds_to_net": (vocabulary.LINE, np.array(list(names.values()), dtype=np.int64)),
    }
    variables = {n: (vocabulary.SETTLEMENT[n].dims, v) for n, v in values.items()}
    attributes = {"reference": plan.reference, "owing_more_than": list(plan.owing_more_than)}
    return vocabulary.label(xr.Dataset(variables, coordinates, attributes), "settlement")
