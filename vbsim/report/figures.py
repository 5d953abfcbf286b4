"""Figures to files: every figure of the registry that applies, as PNG."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from vbsim.plan import Plan
from vbsim.plots import FIGURES, Findings

DOTS_PER_INCH = 150


def write_figures(
    plan: Plan, results: xr.Dataset, summary: xr.Dataset, fit: xr.Dataset, folder: Path
) -> dict[str, Path]:
    """Draw the figures of a finished run into an existing folder.

    Parameters
    ----------
    plan, results, summary, fit
        As in :class:`vbsim.plots.Findings`.
    folder
        Where the files go.

    Returns
    -------
    dict
        Name in the registry to path, in the order of the registry, without those that do not
        apply.
    """
    findings = Findings(plan, results, summary, fit)
    written = {}
    for name, illustration in FIGURES.items():
        figure = illustration.draw(findings)
        if figure is not None:
            written[name] = folder / f"{name}.png"
            figure.savefig(written[name], dpi=DOTS_PER_INCH)
    return written
