"""What a stop-loss at other attachments would do: premium, recovery, and relief of the tail."""

from __future__ import annotations

import numpy as np
import xarray as xr

from vbsim.measures.labelled import measure_array, paired_difference
from vbsim.measures.precision import Design
from vbsim.vocabulary import RETENTION

MEASURES = ("mean", "sd", "prob_loss", "var_95", "tvar_95", "tvar_99")
_TERMS = ("retention_contract", "attachment", "premium_pmpm", "expected_recovery_pmpm")
BARE = "none"
"""Attachment's name of a contract without its specific cover."""


def retention_measures(settlement: xr.Dataset, design: Design | None = None) -> xr.Dataset:
    """Measures of every retention, and their paired differences from no cover.

    Parameters
    ----------
    settlement
        From :func:`vbsim.settle`, of a plan that states retentions.
    design
        How the realizations hang together; ``None`` where they are independent.

    Returns
    -------
    Dataset
        ``retention_value(year, retention, retention_measure)`` of the net result of the contract's
        holder [USD]; ``retention_difference`` from the same contract without the cover;
        ``retention_recovered(year, retention)``, the mean recovery [USD]. Each has its
        ``..._error``.
    """
    owners = settlement["retention_contract"].values
    net = settlement["retention_net"].drop_vars(_TERMS, errors="ignore")
    parts = []
    for owner in dict.fromkeys(owners.tolist()):
        own = net.isel({RETENTION: np.flatnonzero(owners == owner)})
        alone = measure_array(own, MEASURES, design=design)
        bare = f"{owner}.{BARE}"
        paired = paired_difference(own, bare, along=RETENTION, measures=MEASURES, design=design)
        parts.append(
            xr.Dataset(
                {
                    "retention_value": alone["value"],
                    "retention_error": alone["standard_error"],
                    "retention_difference": paired["value"],
                    "retention_difference_error": paired["standard_error"],
                }
            )
        )
    found = xr.concat(parts, RETENTION) if len(parts) > 1 else parts[0]
    names = {"measure": "retention_measure", "unit": "retention_unit", "label": "retention_label"}
    recovery = settlement["retention_recovery"].drop_vars(_TERMS, errors="ignore")
    recovered = measure_array(recovery, ["mean"], design=design).isel(measure=0)
    found = found.rename(names).assign(
        retention_recovered=(recovered["value"].dims, recovered["value"].values),
        retention_recovered_error=(recovered["value"].dims, recovered["standard_error"].values),
    )
    # In a file that was read back they are variables, no coordinates.
    return found.assign_coords({name: (RETENTION, settlement[name].values) for name in _TERMS})
