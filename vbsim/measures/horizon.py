"""Measures over the whole horizon: present value, and capital against ruin.

A path is the net results of one party, year by year, each discounted from the end of its year to
the start of the first. Its running sum is what a reserve that earns the discount rate has gained or
lost so far. Drawdown is the most that the running sum falls below its start, 0 if it never does; a
reserve is ruined when the drawdown exceeds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from vbsim.measures.catalogue import (
    BELOW_ACTION,
    LOWEST_RATIO,
    MEAN_DRAWDOWN,
    Measure,
    prob_ruin,
    reserve_against,
)
from vbsim.measures.labelled import measure_coordinates
from vbsim.measures.precision import Design, FloatArray, sample_of
from vbsim.measures.series import each_series
from vbsim.vocabulary import (
    CAPITAL_MEASURE,
    CONTRACT,
    HOLDER,
    LINE,
    MEASURE,
    PARTY,
    REALIZATION,
    YEAR,
)


@dataclass(frozen=True, slots=True)
class Capital:
    """How capital is measured over the horizon.

    Parameters
    ----------
    discount_rate
        Rate a year at which results are discounted, and which reserves earn.
    ruin_probabilities
        Probabilities of ruin for which the reserve is reported.
    reserves
        (contract, reserve at the start [USD]) where one is stated.
    """

    discount_rate: float
    ruin_probabilities: tuple[float, ...]
    reserves: tuple[tuple[str, float], ...] = ()

    def reserve_of(self, contract: str) -> float:
        """Reserve of a contract at the start [USD]; NaN where none is stated."""
        return dict(self.reserves).get(contract, np.nan)


def discounted(path: FloatArray, rate: float) -> FloatArray:
    """Discount a path from the end of each year to the start of the first, (T, R) [USD]."""
    years = np.arange(1.0, len(path) + 1.0)
    return np.asarray(path * (1.0 + rate) ** -years[:, None])


def drawdown(path: FloatArray) -> FloatArray:
    """Most that the running sum of a path (T, R) falls below its start, at least 0 (R,) [USD]."""
    return np.maximum(-np.cumsum(path, axis=0).min(axis=0), 0.0)


def horizon_measures(
    settlement: xr.Dataset, measures: list[Measure], design: Design | None = None
) -> xr.Dataset:
    """Measures over the horizon.

    Parameters
    ----------
    settlement
        From :func:`vbsim.settle`. Its attributes ``discount_rate`` [a year],
        ``ruin_probabilities`` and ``reserves`` [USD, one per contract, NaN where none is stated]
        come from the plan.
    measures
        Those of the present value.
    design
        How the realizations hang together; ``None`` where they are independent.

    Returns
    -------
    Dataset
        ``horizon_value(contract, party, measure)`` of the present value of each party's money [USD,
        positive = to the party] and ``capital_value(contract, capital_measure)`` of the drawdown of
        each contract's holder [USD, at least 0] and of the risk-based capital ratio of plans, each
        with its ``..._error``.
    """
    rate = float(settlement.attrs["discount_rate"])
    probabilities = np.atleast_1d(settlement.attrs["ruin_probabilities"]).tolist()
    reserves = np.atleast_1d(settlement.attrs["reserves"]).tolist()
    holders, parties = (settlement[name].values.tolist() for name in (HOLDER, PARTY))
    against = [MEAN_DRAWDOWN, *map(reserve_against, probabilities)]
    of_capital = [*against, prob_ruin(0.0), LOWEST_RATIO, BELOW_ACTION]
    value = np.empty((len(holders), len(parties), len(measures), 2))
    capital = np.full((len(holders), len(of_capital), 2), np.nan)
    for (contract, party), path in _paths(settlement["net_to_party"]):
        own = discounted(path, rate)
        value[contract, party] = _pairs(measures, own.sum(axis=0), design)
        if parties[party] == holders[contract]:
            chosen = [*against, prob_ruin(reserves[contract])]
            capital[contract, : len(chosen)] = _pairs(chosen, drawdown(own), design)
            ratio = _lowest_ratio(settlement, str(settlement[CONTRACT].values[contract]))
            if ratio is not None:
                capital[contract, len(chosen) :] = _ratio_pairs(*ratio, design)
    coordinates = {
        CONTRACT: settlement[CONTRACT].values,
        PARTY: parties,
        **measure_coordinates(measures),
        **measure_coordinates(of_capital, CAPITAL_MEASURE),
    }
    variables = {
        **_labelled("horizon", (CONTRACT, PARTY, MEASURE), value, "present value of the horizon"),
        **_labelled("capital", (CONTRACT, CAPITAL_MEASURE), capital, "drawdown over the horizon"),
    }
    return xr.Dataset(variables, coordinates)


def _labelled(name: str, dims: tuple[str, ...], found: FloatArray, words: str) -> dict[str, Any]:
    units = "measure dependent: USD or 1, see the unit of the measure"
    texts = {"value": f"risk measure of the {words}", "error": f"standard error for the {words}"}
    return {
        f"{name}_{key}": (dims, found[..., at], {"units": units, "long_name": text})
        for at, (key, text) in enumerate(texts.items())
    }


def _paths(net: xr.DataArray) -> Iterator[tuple[tuple[int, int], FloatArray]]:
    """Position of contract and party, and their path, (T, R) [USD]."""
    ordered = net.transpose(REALIZATION, CONTRACT, PARTY, YEAR)
    held: list[FloatArray] = []
    for (contract, party, _), values in each_series(ordered, REALIZATION, last=YEAR):
        held.append(values)
        if len(held) == net.sizes[YEAR]:
            yield (contract, party), np.stack(held)
            held = []


def _lowest_ratio(settlement: xr.Dataset, contract: str) -> tuple[FloatArray, FloatArray] | None:
    """Lowest risk-based capital ratio of the horizon, and 1 where it falls below action, (R,)."""
    lines = settlement[LINE].values.tolist()
    names = [f"{contract}.{name}" for name in ("risk_based_capital_ratio", "below_action_level")]
    if names[0] not in lines:
        return None
    ratio, below = (
        settlement["statement"].isel({LINE: lines.index(n)}).transpose(YEAR, ...).values
        for n in names
    )
    return ratio.min(axis=0), below.max(axis=0)


def _ratio_pairs(lowest: FloatArray, below: FloatArray, design: Design | None) -> FloatArray:
    return np.concatenate(
        [_pairs([LOWEST_RATIO], lowest, design), _pairs([BELOW_ACTION], below, design)]
    )


def _pairs(measures: list[Measure], values: FloatArray, design: Design | None) -> FloatArray:
    """Value and standard error of every measure, (M, 2)."""
    sample = sample_of(values, design)
    found = [measure(sample) for measure in measures]
    return np.array([(estimate.value, estimate.standard_error) for estimate in found])
