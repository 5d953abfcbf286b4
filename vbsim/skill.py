"""Skill against luck: who earns and who owes without having deserved it, by size and true savings.

Every size and every true savings are simulated on the same luck and settled under the scenario's
own contract, so any gate, corridor or cap counts as it stands in the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from vbsim.engines import choose
from vbsim.errors import ParameterError, did_you_mean
from vbsim.generators import true_savings
from vbsim.measures.credibility import Posterior, posterior, share_of
from vbsim.measures.precision import FloatArray, IntArray
from vbsim.plan import Plan
from vbsim.scenario.load import validate
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.settle import settle
from vbsim.simulate import DrawsEngine, Engine, engine_of, numbers_by_block
from vbsim.vocabulary import CONTRACT, SHARE, YEAR, net_to_holder

SIZE, SAVINGS, MINIMUM = "size", "true_savings", "minimum_savings_rate"
SIZES = (5_000, 10_000, 20_000, 50_000, 100_000)
TRUE_SAVINGS = tuple(round(0.01 * step, 2) for step in range(-4, 11))
MINIMUMS = tuple(round(0.005 * step, 3) for step in range(9))
REALIZATIONS = 4_000
_GROUPS = 50  # of independent realizations, for errors
_MANY = 10**9  # so many that single claims are chosen only where sums will not do
_TRIAL = 0.05  # true savings at which the response of the measured rate is found
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Parameters
    ----------
    contract, year
        Contract and performance year; the reference contract and the first year by default.
    sizes
        Members.
    savings
        True savings of the expenditure that counts [shares].
    minimums
        Minimum savings rates [shares].
    realizations
        How many of each size and savings.
    """

    contract: str | None = None
    year: int | None = None
    sizes: Sequence[int] = SIZES
    savings: Sequence[float] = TRUE_SAVINGS
    minimums: Sequence[float] = MINIMUMS
    realizations: int = REALIZATIONS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an observed savings rate says, at the scenario's own size.

    Parameters
    ----------
    observed
        The rate [share].
    posterior
        Of true savings.
    """

    observed: float
    posterior: Posterior


def curves(
    scenario: Scenario, question: Question = Question(), progress: Progress | None = None
) -> xr.Dataset:
    """Simulate who earns and who owes, by size and true savings.

    Uncertain figures of the scenario stand at their means.

    Returns
    -------
    Dataset
        Over size and true savings: ``earns`` and ``owes``, the probabilities that the contract's
        holder does; ``rate`` and ``rate_sd``, mean and standard deviation of the measured savings
        rate. Over minimum savings rate as well: ``reaches``, the probability that the measured rate
        does. Over size: ``own_minimum``, the minimum savings rate of the contract itself, missing
        if it has none; ``earned_undeserved``, the probability that who earns has no true savings,
        and ``saving_denied``, that who has true savings earns nothing, both under the prior of the
        scenario; missing without one. Each probability with its ``..._standard_error``.

    Raises
    ------
    ScenarioError, ParameterError
        If the scenario, or what is asked, is wrong.
    """
    _check(question)
    found = []
    for number, size in enumerate(question.sizes):
        bench = Bench.of(of_size(scenario, size), question)
        found.append(_of_size(bench, question))
        if progress is not None:
            progress(number + 1, len(question.sizes))
    return _labelled(found, question)


def verdict(scenario: Scenario, observed: float, question: Question) -> Verdict:
    """Weigh an observed savings rate against the prior of true savings.

    Raises
    ------
    ParameterError
        If the scenario has no prior, or the contract measures no savings rate.
    """
    bench = Bench.of(scenario, question)
    prior = bench.plan.systematic.true_savings
    if prior.sd == 0.0 and not bench.plan.draws:
        raise ParameterError(
            "uncertainty.true_savings: found no spread; expected a belief to weigh the observed "
            "result against; state one, such as {normal: {mean: 0.0, sd: 0.025}}"
        )
    results = bench.with_prior()
    if np.isnan(results.rate).any():
        raise ParameterError(
            f"found the contract {bench.contract}, which measures no savings rate; expected one "
            "with a benchmark; name it with --contract"
        )
    if not abs(observed) < 1.0:
        raise ParameterError(
            f"observed: found {observed:g}; expected a share of 1 (write 2.1 % as 0.021)"
        )
    return Verdict(observed, posterior(results.savings, results.rate, observed, bench.groups))


def of_size(scenario: Scenario, members: int) -> Scenario:
    """Change the number of members, every segment's in proportion; uncertain figures at means."""
    world = resolve(validate(scenario.source)).world
    factor = members / int(world.members[-1].sum())
    data = scenario.source.data
    population = {key: value for key, value in data["population"].items() if key != "members"}
    population["segments"] = {
        name: segment | {"person_years": _scaled(segment["person_years"], factor)}
        for name, segment in population["segments"].items()
    }
    changed = data | {"population": population}
    return validate(replace(scenario.source, data=changed))


def _scaled(stated: Any, factor: float) -> Any:
    if isinstance(stated, dict):
        return {year: float(value * factor) for year, value in stated.items()}
    return float(stated * factor)


@dataclass(frozen=True)
class Results:
    """Realizations of one contract and year: net result [USD], savings rate, true savings, (n,)."""

    net: FloatArray
    rate: FloatArray
    savings: FloatArray


@dataclass(frozen=True)
class Bench:
    """A scenario of one size, ready to be simulated at any true savings on the same luck.

    Parameters
    ----------
    plan
        With the contract that is asked about alone.
    engine
        Its engine.
    contract
        Key of the contract.
    row
        Position of the year among the performance years.
    groups
        Group of each realization, for errors.
    """

    plan: Plan
    engine: Engine | DrawsEngine
    contract: str
    row: int
    groups: IntArray

    @classmethod
    def of(cls, scenario: Scenario, question: Question) -> Bench:
        """Resolve a scenario and make its engine."""
        plan = resolve(scenario)
        contract = _known(plan, question.contract or plan.reference)
        row = _row(plan, question.year)
        count = (
            min(question.realizations, plan.realizations) if plan.draws else question.realizations
        )
        name = choose(replace(plan, realizations=_MANY))[0]
        plan = _of_contract(replace(plan, realizations=count, engine=name), contract)
        numbers = np.arange(count)
        groups = numbers // plan.inner if plan.draws else numbers * min(_GROUPS, count) // count
        return cls(plan, engine_of(plan), contract, row, groups)

    def at(self, savings: float) -> Results:
        """Simulate at the same true savings in all realizations."""
        return self._simulated(true_savings.Params(savings, 0.0))

    def with_prior(self) -> Results:
        """Simulate with true savings as the scenario believes them."""
        return self._simulated(None)

    def response(self) -> float:
        """Change of the mean measured rate with true savings; 1 without a measured rate.

        Below 1 where expenditure is truncated: part of what is saved would not have counted.
        """
        low, high = self.at(0.0).rate.mean(), self.at(_TRIAL).rate.mean()
        return 1.0 if np.isnan(low) else float(high - low) / _TRIAL

    def _simulated(self, savings: true_savings.Params | None) -> Results:
        plan = self.plan if savings is None else _with_savings(self.plan, savings)
        engine = replace(self.engine, plan=plan)
        parts = []
        for numbers in numbers_by_block(plan):
            seen = engine.block(numbers)
            settled = settle(plan, seen)
            skill = seen["true_savings"].sel({YEAR: settled[YEAR].values[self.row]})
            net = net_to_holder(settled).isel({YEAR: self.row, CONTRACT: 0})
            rate = settled["savings_rate"].isel({YEAR: self.row, CONTRACT: 0})
            parts.append([part.values for part in (net, rate, skill)])
        return Results(*map(np.concatenate, zip(*parts, strict=True)))


def _of_contract(plan: Plan, name: str) -> Plan:
    own = tuple(contract for contract in plan.contracts if contract.name == name)
    draws = tuple(_of_contract(draw, name) for draw in plan.draws)
    return replace(plan, contracts=own, reference=name, draws=draws)


def _with_savings(plan: Plan, savings: true_savings.Params) -> Plan:
    draws = tuple(_with_savings(draw, savings) for draw in plan.draws)
    return replace(plan, systematic=replace(plan.systematic, true_savings=savings), draws=draws)


def _known(plan: Plan, contract: str) -> str:
    names = [one.name for one in plan.contracts]
    if contract not in names:
        raise ParameterError(
            f"found the contract '{contract}'; expected a contract of the scenario; "
            f"{did_you_mean(contract, names)}"
        )
    return contract


def _row(plan: Plan, year: int | None) -> int:
    years = plan.world.years[plan.performance].tolist()
    if year is not None and year not in years:
        listed = ", ".join(map(str, years))
        raise ParameterError(f"found the year {year}; expected a performance year: {listed}")
    return 0 if year is None else int(years.index(year))


def _check(question: Question) -> None:
    """Refuse sizes, savings and rates that cannot be."""
    if not question.sizes or min(question.sizes) < 1:
        raise ParameterError(
            f"sizes: found {', '.join(map(str, question.sizes)) or 'none'}; expected numbers of "
            "members, at least 1, such as 5000,20000,50000"
        )
    for name, rates, most in (
        ("true-savings", question.savings, 0.5),
        ("minimum savings rates", question.minimums, 1.0),
    ):
        odd = [rate for rate in rates if not abs(rate) <= most]
        if odd or not rates:
            found = f"{odd[0]:g}" if odd else "none"
            raise ParameterError(
                f"{name}: found {found}; expected shares of 1, at most {most:g} (write 5 % as 0.05)"
            )
    if question.realizations < 2:
        raise ParameterError(f"realizations: found {question.realizations}; expected at least 2")


def _of_size(bench: Bench, question: Question) -> dict[str, FloatArray]:
    """Probabilities with errors (..., 2), and moments, of one size."""
    response, everybody = bench.response(), np.ones(bench.groups.size, dtype=np.bool_)
    found: dict[str, list[Any]] = {name: [] for name in ("earns", "owes", "reaches", "rate")}
    for savings in question.savings:
        one = bench.at(savings / response)
        found["earns"].append(share_of(one.net > 0.0, everybody, bench.groups))
        found["owes"].append(share_of(one.net < 0.0, everybody, bench.groups))
        found["reaches"].append(
            [share_of(one.rate >= least, everybody, bench.groups) for least in question.minimums]
        )
        found["rate"].append([one.rate.mean(), one.rate.std()])
    out = {name: np.array(values, dtype=np.float64) for name, values in found.items()}
    if np.isnan(out["rate"]).any():
        out["reaches"][:] = np.nan
    prior = bench.with_prior()
    skilled, earns = prior.savings > 0.0, prior.net > 0.0
    random = bench.plan.systematic.true_savings.sd > 0.0
    terms = bench.plan.contracts[0].terms[bench.row]
    out["own_minimum"] = np.array(getattr(terms, "minimum_savings_rate", np.nan))
    out["earned_undeserved"] = share_of(~skilled, earns, bench.groups) * (1.0 if random else np.nan)
    out["saving_denied"] = share_of(~earns, skilled, bench.groups) * (1.0 if random else np.nan)
    return out


_WORDS = {
    "earns": ((SIZE, SAVINGS), "probability that the contract's holder earns"),
    "owes": ((SIZE, SAVINGS), "probability that the contract's holder owes"),
    "reaches": ((SIZE, SAVINGS, MINIMUM), "probability that the measured rate reaches the minimum"),
    "earned_undeserved": ((SIZE,), "probability that who earns has no true savings"),
    "saving_denied": ((SIZE,), "probability that who has true savings does not earn"),
}


def _labelled(found: list[dict[str, FloatArray]], question: Question) -> xr.Dataset:
    variables: dict[str, Any] = {}
    for name, (dims, text) in _WORDS.items():
        values = np.stack([one[name] for one in found])
        attrs = {"units": SHARE, "long_name": text}
        variables[name] = (dims, values[..., 0], attrs)
        error = attrs | {"long_name": f"standard error of the {text}"}
        variables[f"{name}_standard_error"] = (dims, values[..., 1], error)
    moments = np.stack([one["rate"] for one in found])
    own = np.stack([one["own_minimum"] for one in found])
    attrs = {"units": SHARE, "long_name": "minimum savings rate of the contract itself"}
    variables["own_minimum"] = ((SIZE,), own, attrs)
    for place, (name, text) in enumerate((("rate", "mean"), ("rate_sd", "standard deviation"))):
        attrs = {"units": SHARE, "long_name": f"{text} of the measured savings rate"}
        variables[name] = ((SIZE, SAVINGS), moments[..., place], attrs)
    coordinates: Mapping[str, Any] = {
        SIZE: (SIZE, list(question.sizes), {"units": "members", "long_name": "members"}),
        SAVINGS: (
            SAVINGS,
            list(question.savings),
            {"units": SHARE, "long_name": "true savings of the expenditure that counts"},
        ),
        MINIMUM: (
            MINIMUM,
            list(question.minimums),
            {"units": SHARE, "long_name": "minimum savings rate"},
        ),
    }
    return xr.Dataset(variables, coordinates)
