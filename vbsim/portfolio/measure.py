"""Results to measures: of every entity, and of the program that they are together.

A quantity of the program, such as the share of entities that earn, has a value in every
realization: entities share the nation's years, so their luck does not average out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from vbsim.blas import one_blas_thread
from vbsim.measures.catalogue import MEASURES
from vbsim.measures.precision import sample_of
from vbsim.plan import FloatArray
from vbsim.portfolio.groups import Group, groups
from vbsim.vocabulary import (
    CONTRACT,
    ENTITY,
    GROUP,
    HOLDER,
    MEASURE,
    PAYER,
    PROVIDER,
    QUANTITY,
    REALIZATION,
    SHARE,
    USD,
    YEAR,
)

NET_MEASURES = (
    "mean", "sd", "p05", "p25", "p50", "p75", "p95", "prob_gain", "prob_loss", "var_95", "tvar_95",
)  # fmt: skip
SPREAD_MEASURES = ("mean", "sd", "p05", "p25", "p50", "p75", "p95")


@dataclass(frozen=True)
class Quantity:
    """What is known of a group of entities in every realization: unit, words, whose money."""

    unit: str
    label: str
    party: str = ""


QUANTITIES = {
    "entities_earning": Quantity("entities", "Entities that earn"),
    "entities_owing": Quantity("entities", "Entities that owe"),
    "share_earning": Quantity(SHARE, "Share that earns"),
    "share_owing": Quantity(SHARE, "Share that owes"),
    "total_earned": Quantity(USD, "Total earned", PROVIDER),
    "total_owed": Quantity(USD, "Total owed", PROVIDER),
    "benchmark": Quantity(USD, "Benchmark"),
    "gross_savings": Quantity(USD, "Gross savings"),
    "net_to_payer": Quantity(USD, "Net to the payer", PAYER),
    "savings_rate": Quantity(SHARE, "Savings rate of all together"),
    "mean_savings_rate": Quantity(SHARE, "Mean savings rate of the entities"),
    "spread_of_savings_rates": Quantity(SHARE, "Standard deviation of the savings rates"),
}


@dataclass(frozen=True, eq=False)
class PortfolioSummary:
    """Measures of a portfolio.

    Parameters
    ----------
    entities
        ``net_result`` and ``savings_rate``, each with ``..._standard_error``, over entity,
        contract, year and measure; ``published_percentile`` over entity.
    program
        ``value`` and ``standard_error`` over quantity, group, contract, year and measure;
        ``published`` and ``published_percentile`` over quantity and group, for the reference
        contract in the first year; ``count`` of entities over group and contract.
    series
        Quantities of the program over group, contract, year and realization.
    """

    entities: xr.Dataset
    program: xr.Dataset
    series: xr.Dataset


@one_blas_thread
def measure_portfolio(results: xr.Dataset) -> PortfolioSummary:
    """Measure the results of a portfolio.

    Parameters
    ----------
    results
        From :func:`vbsim.portfolio.simulate_portfolio`.
    """
    parts = groups(results)
    found = _series(results, parts)
    return PortfolioSummary(_of_entities(results), _of_program(results, found, parts), found)


def _of_entities(results: xr.Dataset) -> xr.Dataset:
    out = {}
    for name, keys in (("net_result", NET_MEASURES), ("savings_rate", SPREAD_MEASURES)):
        measured = _measured(results[name], keys)
        out[name], out[f"{name}_standard_error"] = measured["value"], measured["standard_error"]
    found = xr.merge([xr.Dataset({n: v}) for n, v in out.items()], join="outer")
    found = found.reindex({MEASURE: list(NET_MEASURES)})
    rates = results["savings_rate"].sel({CONTRACT: results.attrs["reference"]}).isel({YEAR: 0})
    found["published_percentile"] = (
        (ENTITY,),
        [_percentile(*pair) for pair in zip(
            rates.values, results["published_savings_rate"].values, strict=True)],
    )  # fmt: skip
    return found.assign_coords(results["entity_label"].coords)


def _percentile(simulated: FloatArray, published: float) -> float:
    """Share of simulated values below the published one, ties half; NaN without one."""
    if np.isnan(published) or np.isnan(simulated).any():
        return np.nan
    return float(np.mean(simulated < published) + 0.5 * np.mean(simulated == published))


def _measured(array: xr.DataArray, keys: Sequence[str]) -> xr.Dataset:
    """Value and standard error of measures of every series; missing where a number is."""
    rest = [str(dim) for dim in array.dims if dim != REALIZATION]
    values = array.transpose(*rest, REALIZATION).values
    found = np.full((*values.shape[:-1], len(keys), 2), np.nan)
    for place in np.ndindex(*values.shape[:-1]):
        if not np.isnan(values[place]).any():
            sample = sample_of(values[place])
            for number, key in enumerate(keys):
                estimate = MEASURES[key](sample)
                found[(*place, number)] = estimate.value, estimate.standard_error
    dims = (*rest, MEASURE)
    coordinates = {dim: array[dim].values for dim in rest} | {MEASURE: list(keys)}
    variables = {"value": (dims, found[..., 0]), "standard_error": (dims, found[..., 1])}
    return xr.Dataset(variables, coordinates)


def _series(results: xr.Dataset, parts: list[Group]) -> xr.Dataset:
    """Quantities of every group in every realization."""
    dims = (GROUP, CONTRACT, YEAR, REALIZATION)
    shape = (len(parts), *(results.sizes[dim] for dim in dims[1:]))
    found = {name: np.full(shape, np.nan) for name in QUANTITIES}
    arrays = [results[name].values for name in ("net_result", "savings_rate", "benchmark")]
    holders = results[HOLDER].values
    for number, group in enumerate(parts):
        for contract, year in np.ndindex(*shape[1:3]):
            rows = np.flatnonzero(group.inside[:, contract]).tolist()
            if rows:
                own = ([array[row, contract, year] for array in arrays] for row in rows)
                values = _quantities(own, len(rows), pays=holders[contract] == PROVIDER)
                for name, value in values.items():
                    found[name][number, contract, year] = value
    variables = {
        name: (dims, values, {"units": QUANTITIES[name].unit, "long_name": QUANTITIES[name].label})
        for name, values in found.items()
    }
    coordinates = {
        GROUP: [group.key for group in parts],
        "group_label": (GROUP, [group.label for group in parts]),
        "kind": (GROUP, [group.kind for group in parts]),
        **{dim: results[dim].values for dim in dims[1:]},
    }
    return xr.Dataset(variables, coordinates)


def _quantities(
    entities: Iterator[list[FloatArray]], count: int, *, pays: bool
) -> dict[str, FloatArray]:
    """Quantities of entities, each with its net result, savings rate and benchmark, (R,).

    ``pays`` says whether what an entity earns is paid by the payer.
    """
    earning = owing = earned = owed = mark = gross = rates = squares = np.zeros(1)
    for net, rate, benchmark in entities:
        earning, owing = earning + (net > 0.0), owing + (net < 0.0)
        earned, owed = earned + np.maximum(net, 0.0), owed + np.maximum(-net, 0.0)
        mark, gross = mark + benchmark, gross + rate * benchmark
        rates, squares = rates + rate, squares + rate * rate
    mean = rates / count
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    return {
        "entities_earning": earning,
        "entities_owing": owing,
        "share_earning": earning / count,
        "share_owing": owing / count,
        "total_earned": earned,
        "total_owed": owed,
        "benchmark": mark,
        "gross_savings": gross,
        "net_to_payer": gross - earned + owed if pays else np.full_like(gross, np.nan),
        "savings_rate": gross / mark,
        "mean_savings_rate": mean,
        "spread_of_savings_rates": spread if count > 1 else np.full_like(spread, np.nan),
    }


def _of_program(results: xr.Dataset, found: xr.Dataset, parts: list[Group]) -> xr.Dataset:
    stacked = found.to_dataarray(QUANTITY)
    out = _measured(stacked, SPREAD_MEASURES)
    published, places = _published(results, found, parts)
    out["published"] = ((QUANTITY, GROUP), published)
    out["published_percentile"] = ((QUANTITY, GROUP), places)
    counts = np.stack([group.inside.sum(axis=0) for group in parts])
    out["count"] = ((GROUP, CONTRACT), counts)
    units = [QUANTITIES[str(name)].unit for name in out[QUANTITY].values]
    labels = [QUANTITIES[str(name)].label for name in out[QUANTITY].values]
    own = {"unit": (QUANTITY, units), "label": (QUANTITY, labels)}
    return out.assign_coords(found["kind"].coords).assign_coords(own)


def _published(
    results: xr.Dataset, found: xr.Dataset, parts: list[Group]
) -> tuple[FloatArray, FloatArray]:
    """Quantities as published and their place among the simulated, (Q, G); missing without."""
    names = ("published_payment", "published_savings_rate", "published_benchmark")
    known = [results[name].values for name in names]
    values = np.full((len(QUANTITIES), len(parts)), np.nan)
    places = values.copy()
    if np.isnan(known[0]).any() or np.isnan(known[1]).any():
        return values, places
    contract = results[CONTRACT].values.tolist().index(results.attrs["reference"])
    pays = results[HOLDER].values[contract] == PROVIDER
    for number, group in enumerate(parts):
        rows = np.flatnonzero(group.inside[:, contract]).tolist()
        if rows:
            own = ([np.atleast_1d(column[row]) for column in known] for row in rows)
            totals = _quantities(own, len(rows), pays=pays)
            for line, name in enumerate(QUANTITIES):
                values[line, number] = totals[name][0]
                simulated = found[name].values[number, contract, 0]
                places[line, number] = _percentile(simulated, values[line, number])
    return values, places
