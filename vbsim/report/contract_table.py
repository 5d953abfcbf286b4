"""Measures of every contract side by side, in words, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from vbsim.errors import ParameterError, did_you_mean
from vbsim.plots import Findings
from vbsim.plots.text import percent
from vbsim.report.tables import money_with_error, with_error
from vbsim.vocabulary import CONTRACT, MEASURE, USD

DEFAULT = ("mean", "sd", "prob_gain", "prob_loss", "tvar_95")


def contract_table(findings: Findings, keys: Sequence[str] = ()) -> xr.DataArray:
    """Write measures of each contract's result with their standard errors.

    Parameters
    ----------
    findings
        Of a finished run; its first year is shown.
    keys
        Measures: amounts and shares of the summary; the usual ones without any.

    Returns
    -------
    DataArray
        Text over contract and measure, both in words.

    Raises
    ------
    ParameterError
        If there is no such measure.
    """
    units = dict(
        zip(findings.summary[MEASURE].values, findings.summary["unit"].values, strict=True)
    )
    words = findings.summary["label"].sel
    chosen = list(keys or DEFAULT)
    for key in chosen:
        if key not in units:
            raise ParameterError(
                f"measure: found '{key}'; expected a measure of the summary; "
                f"{did_you_mean(key, [str(name) for name in units])}"
            )
    cells = [
        [_cell(*findings.measure(name, key), units[key] == USD) for key in chosen]
        for name in findings.names
    ]
    return xr.DataArray(
        np.array(cells, dtype=object),
        {
            CONTRACT: [findings.label(name) for name in findings.names],
            MEASURE: [str(words({MEASURE: key}).values) for key in chosen],
        },
        (CONTRACT, MEASURE),
    )


def _cell(value: float, error: float, is_money: bool) -> str:
    return money_with_error(value, error) if is_money else with_error(percent, value, error)
