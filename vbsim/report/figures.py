"""Figures to files: every figure of the registry that applies, as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from vbsim.plots import FIGURES, Findings, Illustration
from vbsim.processes import each

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
    paths = [folder / f"{name}.png" for name in registry]
    drawn = each(partial(_drawn, findings), zip(registry.values(), paths, strict=True))
    return {n: path for n, path, done in zip(registry, paths, drawn, strict=True) if done}


def _drawn(findings: object, one: tuple[Illustration, Path]) -> bool:
    """Draw one figure to its path; whether it applies."""
    illustration, path = one
    figure = illustration.draw(findings)
    if figure is not None:
        figure.savefig(path, dpi=DOTS_PER_INCH)
    return figure is not None
