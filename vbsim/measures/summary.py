"""Settlement to Summary: every measure of every contract and party, with its error."""

from __future__ import annotations

import numpy as np
import xarray as xr

from vbsim.blas import one_blas_thread
from vbsim.measures.catalogue import MEASURES, Measure, prob_owing_more_than
from vbsim.measures.labelled import measure_array, paired_difference
from vbsim.measures.precision import Design
from vbsim.measures.series import each_series
from vbsim.streams import RANDOMIZATIONS
from vbsim.vocabulary import CONTRACT, HOLDER, REALIZATION, SHARE, net_to_holder

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
        Each has its ``..._error`` or ``standard_error``. Units differ by measure: coordinate
        ``unit``. Coordinate ``holder`` names the party that holds each contract.
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


def design_of(settlement: xr.Dataset) -> Design | None:
    """Design of the realizations, if they are not independent."""
    if settlement.attrs.get("sampling", "random") == "random":
        return None
    return Design(settlement["control_variate"].values, RANDOMIZATIONS)


def _without_gaps(rate: xr.DataArray) -> list[str]:
    """Contracts whose rate is known in every realization and year."""
    names = rate[CONTRACT].values.tolist()
    gaps = {
        names[index[-1]]
        for index, values in each_series(rate, REALIZATION, last=CONTRACT)
        if np.isnan(values).any()
    }
    return [name for name in names if name not in gaps]
