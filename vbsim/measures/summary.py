"""Settlement to Summary: every measure of every contract and party, with its error."""

from __future__ import annotations

import numpy as np
import xarray as xr

from vbsim.blas import one_blas_thread
from vbsim.measures.catalogue import MEASURES, Measure, prob_owing_more_than
from vbsim.measures.decomposition import between_share
from vbsim.measures.horizon import horizon_measures
from vbsim.measures.labelled import measure_array, paired_difference
from vbsim.measures.precision import Design
from vbsim.measures.retention import retention_measures
from vbsim.measures.series import each_series
from vbsim.streams import RANDOMIZATIONS
from vbsim.vocabulary import CONTRACT, DRAW, HOLDER, REALIZATION, SHARE, YEAR, net_to_holder

RATE_MEASURES = ("mean", "sd", "p05", "p25", "p50", "p75", "p95")


@one_blas_thread
def measure(settlement: xr.Dataset) -> xr.Dataset:
    """Measure a settlement.

    Parameters
    ----------
    settlement
        From :func:`vbsim.settle`; its attributes ``reference`` (the contract that the others are
        compared with) and ``owing_more_than`` (amounts [USD]) come from the plan.

    Returns
    -------
    Dataset
        ``value(year, contract, party, measure)`` of each party's net money; ``difference(year,
        contract, measure)`` of the contract's result, its holder's net money, from the reference
        contract's, paired realization by realization; ``savings_rate(year, contract, measure)``.
        With uncertain figures ``parameter_share(year, contract)``, the share of the variance of the
        contract's result that lies between their draws. Each has its ``..._error`` or
        ``standard_error``. Units differ by measure: coordinate ``unit``. Coordinate ``holder``
        names the party that holds each contract. Where the plan states capital, also what
        :mod:`vbsim.measures.horizon` tells; where it states retentions, what
        :mod:`vbsim.measures.retention` tells.
    """
    amounts = np.atleast_1d(settlement.attrs.get("owing_more_than", []))
    measures: list[Measure] = [
        *MEASURES.values(),
        *(prob_owing_more_than(float(a)) for a in amounts),
    ]
    design = design_of(settlement)
    parties = measure_array(settlement["net_to_party"], measures, design=design)
    reference = str(settlement.attrs["reference"])
    differences = paired_difference(
        net_to_holder(settlement), reference, measures=measures, design=design
    )
    out = xr.Dataset(
        {
            "value": parties["value"],
            "standard_error": parties["standard_error"],
            "difference": differences["value"],
            "difference_standard_error": differences["standard_error"],
        },
        coords={HOLDER: (CONTRACT, settlement[HOLDER].values)},
        attrs={"reference": reference},
    )
    if "discount_rate" in settlement.attrs:
        whole = horizon_measures(settlement, measures, design)
        out = out.merge(whole, join="exact", compat="equals")
    if "retention_net" in settlement:
        priced = retention_measures(settlement, design)
        out = out.merge(priced, join="exact", compat="equals")
    if DRAW in settlement.variables:
        out = out.assign(_parameter_share(settlement))
    rate = settlement["savings_rate"]
    with_benchmark = _without_gaps(rate)
    if with_benchmark:
        rates = measure_array(rate.sel({CONTRACT: with_benchmark}), RATE_MEASURES, design=design)
        names = {"savings_rate": "value", "savings_rate_standard_error": "standard_error"}
        for name, key in names.items():
            wide = (
                rates[key]
                .drop_vars(["unit", "label"])
                .reindex(contract=rate[CONTRACT].values, measure=out["measure"].values)
            )
            out[name] = wide.assign_attrs(units=SHARE, long_name=f"{key} of the savings rate")
    return out


def _parameter_share(settlement: xr.Dataset) -> dict[str, xr.DataArray]:
    """Share of each net result's variance that the draws of the uncertain figures make."""
    net = net_to_holder(settlement)
    draws = settlement[DRAW].values
    found = np.empty((2, net.sizes[YEAR], net.sizes[CONTRACT]))
    for index, values in each_series(net.transpose(REALIZATION, YEAR, CONTRACT), REALIZATION):
        year, contract = index
        found[:, year, contract] = between_share(values, draws - draws.min())
    text = "share of the variance of the net result between draws of the uncertain figures"
    return {
        name: xr.DataArray(part, dims=(YEAR, CONTRACT), attrs={"units": SHARE, "long_name": words})
        for name, part, words in (
            ("parameter_share", found[0], text),
            ("parameter_share_standard_error", found[1], f"standard error of the {text}"),
        )
    }


def design_of(settlement: xr.Dataset) -> Design | None:
    """Design of the realizations, if they are not independent."""
    count = settlement.sizes[REALIZATION]
    if DRAW in settlement.variables:
        draws = settlement[DRAW].values
        return Design(np.empty((count, 0)), draws - draws.min())
    if settlement.attrs.get("sampling", "random") == "random":
        return None
    return Design(settlement["control_variate"].values, np.arange(count) % RANDOMIZATIONS)


def _without_gaps(rate: xr.DataArray) -> list[str]:
    """Contracts whose rate is known in every realization and year."""
    names = rate[CONTRACT].values.tolist()
    gaps = {
        names[index[-1]]
        for index, values in each_series(rate, REALIZATION, last=CONTRACT)
        if np.isnan(values).any()
    }
    return [name for name in names if name not in gaps]
