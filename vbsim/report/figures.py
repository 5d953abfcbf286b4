"""Figures to files: every figure of the registry that applies, as PNG."""

from __future__ import annotations

from pathlib import Path

from vbsim.plots import FIGURES, Findings

DOTS_PER_INCH = 150


def write_figures(findings: Findings, folder: Path) -> dict[str, Path]:
    """Draw the figures of a finished run into an existing folder.

    Parameters
    ----------
    findings
        The finished run.
    folder
        Where the files go.

    Returns
    -------
    dict
        Name in the registry to path, in the order of the registry, without those that do not
        apply.
    """
    written = {}
    for name, illustration in FIGURES.items():
        figure = illustration.draw(findings)
        if figure is not None:
            written[name] = folder / f"{name}.png"
            figure.savefig(written[name], dpi=DOTS_PER_INCH)
    return written
