"""How many realizations a stated precision takes: until it is reached, or a budget is spent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from vbsim.errors import ParameterError, did_you_mean
from vbsim.measures import MEASURES
from vbsim.measures.labelled import measure_array
from vbsim.measures.summary import design_of
from vbsim.plan import Plan
from vbsim.settle import settle
from vbsim.simulate import engine_of
from vbsim.vocabulary import CONTRACT, YEAR, joined, net_to_holder

EVERY = "net_to_provider"
_FIRST = 2_048
_MARGIN = 1.1  # more than the estimated number, which is itself uncertain
_BLOCK = 2_048


@dataclass(frozen=True, slots=True)
class Target:
    """A standard error that is asked for.

    Parameters
    ----------
    contract
        Its name, or ``net_to_provider`` for every contract.
    measure
        Key of the catalogue.
    amount
        Largest standard error, in the unit of the measure or as a share of its value.
    relative
        Which of the two.
    """

    contract: str
    measure: str
    amount: float
    relative: bool

    def allowed(self, value: float) -> float:
        """Largest standard error of a value."""
        return abs(value) * self.amount if self.relative else self.amount


@dataclass(frozen=True, slots=True)
class Reached:
    """What a measure of one contract and year reached."""

    contract: str
    year: int
    measure: str
    value: float
    standard_error: float
    allowed: float

    @property
    def met(self) -> bool:
        """Whether the error is no larger than asked for."""
        return self.standard_error <= self.allowed


def read_target(text: str, plan: Plan) -> Target:
    """Read words such as ``net_to_provider.tvar_95: 2%`` or ``enhanced.mean: 5000``.

    Raises
    ------
    ParameterError
        If they name no contract or measure of the plan, or no amount.
    """
    name, colon, amount = text.partition(":")
    contract, _, measure = name.strip().rpartition(".")
    names = [EVERY, *(c.name for c in plan.contracts)]
    if not colon or not contract:
        raise ParameterError(
            f"target-se: found '{text}'; expected CONTRACT.MEASURE: AMOUNT, such as "
            f"'{EVERY}.tvar_95: 2%' or '{names[-1]}.mean: 5000'"
        )
    for word, known in ((contract, names), (measure, list(MEASURES))):
        if word not in known:
            hint = did_you_mean(word, known)
            raise ParameterError(f"target-se: found '{word}' in '{text}'; {hint}")
    percent = amount.strip().endswith("%")
    try:
        value = float(amount.strip().removesuffix("%")) / (100.0 if percent else 1.0)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise ParameterError(
            f"target-se: found '{amount.strip()}' in '{text}'; expected an amount above 0, such as "
            "2% of the value, or 5000 in its unit"
        )
    return Target(contract, measure, value, percent)


def realizations_for(plan: Plan, targets: Sequence[Target]) -> tuple[int, list[Reached]]:
    """Find how many realizations the targets take, at most those of the plan.

    Returns
    -------
    int
        Realizations; the first of them are those of the plan's own run.
    list of Reached
        What every measure has reached with them.
    """
    engine, budget = engine_of(plan), plan.realizations
    seen: list[xr.Dataset] = []
    done, wanted = 0, min(_FIRST, budget)
    while True:
        for start in range(done, wanted, _BLOCK):
            numbers = np.arange(start, min(start + _BLOCK, wanted))
            seen.append(_kept(settle(plan, engine.block(numbers))))
        done = wanted
        reached = list(_reached(joined(seen), targets))
        if done == budget or all(one.met for one in reached):
            return done, reached
        wanted = min(budget, math.ceil(done * max(_factor(one) for one in reached)))


def _kept(settlement: xr.Dataset) -> xr.Dataset:
    """Net results alone, and what their errors need."""
    names = [n for n in ("control_variate",) if n in settlement]
    kept = settlement[names].assign(net=net_to_holder(settlement))
    return kept.assign_attrs(settlement.attrs)


def _reached(seen: xr.Dataset, targets: Sequence[Target]) -> Iterator[Reached]:
    names = list(dict.fromkeys(target.measure for target in targets))
    found = measure_array(seen["net"], names, design=design_of(seen))
    for target in targets:
        every = found[CONTRACT].values.tolist()
        for contract in every if target.contract == EVERY else [target.contract]:
            for year in found[YEAR].values.tolist():
                at = {CONTRACT: contract, YEAR: year, "measure": target.measure}
                value, error = (float(found[n].sel(at)) for n in ("value", "standard_error"))
                yield Reached(contract, year, target.measure, value, error, target.allowed(value))


def _factor(one: Reached) -> float:
    """How many times more realizations a measure needs; at least a tenth more unless it is met."""
    if one.met:
        return 1.0
    if math.isnan(one.standard_error) or one.allowed == 0.0:
        return 4.0
    return max(_MARGIN, _MARGIN * (one.standard_error / one.allowed) ** 2)


def planned(plan: Plan, texts: Sequence[str]) -> tuple[Plan, list[Reached]]:
    """Give the plan the number of realizations that its targets take."""
    targets = [read_target(text, plan) for text in texts]
    if not targets:
        return plan, []
    count, reached = realizations_for(plan, targets)
    return replace(plan, realizations=count), reached
