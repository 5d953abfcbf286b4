"""Figures to files: every figure of the registry that applies, as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vbsim.plots import FIGURES, Findings, Illustration

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
    return draw_all(FIGURES, findings, folder)


def draw_all(
    registry: Mapping[str, Illustration], findings: object, folder: Path
) -> dict[str, Path]:
    """Draw every figure of a registry that applies, and give its path by its name."""
    written = {}
    for name, illustration in registry.items():
        figure = illustration.draw(findings)
        if figure is not None:
            written[name] = folder / f"{name}.png"
            figure.savefig(written[name], dpi=DOTS_PER_INCH)
    return written
