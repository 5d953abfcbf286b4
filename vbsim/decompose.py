"""Which source of uncertainty makes how much of a contract's variance, and so what would help.

The scenario is simulated with all streams, with all of them seeded anew, and once for each source
with that source's streams seeded anew: :mod:`vbsim.measures.decomposition` makes shares of it.

Members stay for years, so the luck of base years and performance years is not independent: the base
years come first, and process is what the performance years add. With the claims engine the base
years bring along who the members are, with the collective engine what they cost then; without
members who stay both are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from vbsim.engines import choose
from vbsim.engines.kept import Kept
from vbsim.measures.decomposition import decompose
from vbsim.measures.precision import IntArray
from vbsim.plan import FloatArray, Plan
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.settle import settle
from vbsim.simulate import engine_of, numbers_by_block
from vbsim.vocabulary import CONTRACT, SHARE, USD, YEAR, net_to_holder

SOURCE, QUANTITY = "source", "quantity"
NET, RATE = "net result", "savings rate"
Progress = Callable[[int, int], None]
_MANY = 10**9  # so many that single claims are chosen only where sums will not do


@dataclass(frozen=True, slots=True)
class Source:
    """A source of uncertainty.

    Parameters
    ----------
    streams
        Random streams that belong to it.
    words
        What it is.
    remedy
        What makes it smaller.
    """

    streams: tuple[str, ...]
    words: str
    remedy: str


SOURCES = {
    "process": Source(
        ("performance", "episodes", "risk_score"),
        "members' luck in the performance years",
        "more lives, truncation or stop-loss",
    ),
    "benchmark": Source(
        ("benchmark",),
        "luck of the base years that the benchmark rests on",
        "more lives, or more and more evenly weighted base years",
    ),
    "systematic": Source(
        ("trend", "shocks", "entity_year", "region", "run_out"),
        "trend, shocks, the region's and the entity's own level, and run-out",
        "a benchmark that follows what was not foreseen; for the entity's own level, more lives",
    ),
    "parameter": Source(
        ("parameters", "true_savings"),
        "figures that nobody knows for certain, true savings among them",
        "more data on the uncertain figures",
    ),
    "intervention": Source(
        ("intervention",),
        "what the program's effect is, and who of those whom it flags takes part",
        "a trial of the program, or a fee that depends on its effect",
    ),
    "quality": Source(
        ("quality", "quality_measures"),
        "quality scores and rates",
        "more eligible members, or a contract that rests less on quality",
    ),
}


def decompose_scenario(
    scenario: Scenario, engine: str = "auto", progress: Progress | None = None
) -> xr.Dataset:
    """Decompose the variance of every contract's net result and savings rate.

    Parameters
    ----------
    scenario
        From :func:`vbsim.load`; its realizations are simulated once for each source and twice more.
    engine
        ``claims``, ``collective`` or ``auto``.
    progress
        Called after each block with realizations done and to do.

    Returns
    -------
    Dataset
        Over quantity (net result, savings rate), year and contract: ``variance`` [square of the
        quantity's unit] and ``interactions``; over these and source: ``alone``, the share of the
        variance that the source makes by itself, and ``total``, that which it takes part in; each
        with its ``..._standard_error``. Shares alone and interactions add up to 1.

    Raises
    ------
    ScenarioError
        As :func:`vbsim.resolve`.
    """
    plan, anew = resolve(scenario), resolve(_seeded_anew(scenario))
    names = [name for name in SOURCES if _is_there(name, plan)]
    plans = list(_runs(plan, anew, names))
    name = engine if engine != "auto" else choose(replace(plan, realizations=_MANY))[0]
    plans = [replace(one, engine=name, trajectories=False) for one in plans]
    kept = Kept(most=2 * len(plans))
    engines = [engine_of(one, kept) for one in plans]
    found: list[FloatArray] = []
    for numbers in numbers_by_block(plan):
        settled = [
            settle(one, engine.block(numbers)) for one, engine in zip(plans, engines, strict=True)
        ]
        found.append(np.stack([_quantities(one) for one in settled]))
        if progress is not None:
            progress(int(numbers[-1]) + 1, plan.realizations)
    groups = np.arange(plan.realizations) // plan.inner if plan.draws else None
    return _labelled(settled[0], names, np.concatenate(found, axis=2), groups)


def _seeded_anew(scenario: Scenario) -> Scenario:
    """Draw the uncertain figures anew."""
    seeds = scenario.seeds | {"parameters": _other(scenario.seeds.get("parameters", scenario.seed))}
    return scenario.model_copy(update={"seeds": seeds})


def _other(seed: int) -> int:
    return seed + 1


def _is_there(name: str, plan: Plan) -> bool:
    """Whether a source can matter at all."""
    if name == "benchmark":
        return any(contract.base_years for contract in plan.contracts)
    if name == "parameter":
        return bool(plan.parameters) or plan.systematic.true_savings.sd > 0.0
    if name == "intervention":
        return plan.program is not None
    return True


def _runs(plan: Plan, anew: Plan, names: list[str]) -> Iterator[Plan]:
    """Plans of all runs: as it is, all sources anew, and one source anew after the other."""
    for chosen in ([], names, *([name] for name in names)):
        own = dict(plan.seeds)
        for stream in (stream for name in chosen for stream in SOURCES[name].streams):
            counted = stream in ("benchmark", "performance")
            own[stream] = _other(own.get(stream, -1) if counted else plan.seed_of(stream))
        seeds = tuple(sorted(own.items()))
        draws = (anew if "parameter" in chosen else plan).draws
        yield replace(
            plan,
            seeds=seeds,
            draws=tuple(replace(draw, seeds=seeds, trajectories=False) for draw in draws),
        )


def _quantities(settlement: xr.Dataset) -> FloatArray:
    """Net result and savings rate, (2, realizations, years, contracts)."""
    dims = settlement["savings_rate"].dims
    return np.stack([net_to_holder(settlement).transpose(*dims), settlement["savings_rate"]])


def _labelled(
    settled: xr.Dataset, names: list[str], runs: FloatArray, groups: IntArray | None
) -> xr.Dataset:
    """Decompose every series of ``runs`` (runs, quantities, realizations, years, contracts)."""
    _, quantities, _, years, contracts = runs.shape
    shape, size = (quantities, years, contracts), len(names)
    alone, total = np.full((2, *shape, size), np.nan), np.full((2, *shape, size), np.nan)
    rest, variance = np.full((2, *shape), np.nan), np.full((2, *shape), np.nan)
    for at in np.ndindex(*shape):
        series = np.ascontiguousarray(runs[:, at[0], :, at[1], at[2]])
        if np.isfinite(series).all():
            one = decompose(series[0], series[1], series[2:], groups)
            at_all = (slice(None), *at)
            alone[at_all], total[at_all] = one.alone, one.total
            rest[at_all], variance[at_all] = one.interactions, one.variance
    dims = (QUANTITY, YEAR, CONTRACT)
    words = {
        "alone": ((*dims, SOURCE), alone, "share of the variance that the source makes by itself"),
        "total": ((*dims, SOURCE), total, "share of the variance that the source takes part in"),
        "interactions": (dims, rest, "share of the variance that no source makes by itself"),
        "variance": (dims, variance, "variance"),
    }
    variables = {}
    for name, (axes, pair, text) in words.items():
        units = f"square of {USD} or {SHARE}" if name == "variance" else SHARE
        attrs = {"units": units, "long_name": text}
        error = attrs | {"long_name": f"standard error of the {text}"}
        variables[name] = (axes, pair[0], attrs)
        variables[f"{name}_standard_error"] = (axes, pair[1], error)
    coordinates = {
        QUANTITY: [NET, RATE],
        YEAR: settled[YEAR].values,
        CONTRACT: settled[CONTRACT].values,
        SOURCE: names,
    }
    return xr.Dataset(variables, coordinates)
