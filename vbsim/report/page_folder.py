"""A folder with one page: what a command writes that is no run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vbsim.errors import RunFolderError
from vbsim.plots import Illustration
from vbsim.report.figures import draw_all
from vbsim.report.unfinished import whole_folder

PAGE = "report.html"


def write_page(
    out: Path,
    registry: Mapping[str, Illustration],
    found: Any,
    render: Callable[[Any, dict[str, Path]], str],
    summary: str,
    more: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Write page, ``figures/`` and the summary as JSON into a new folder.

    Parameters
    ----------
    out
        The folder.
    registry
        Figures to draw.
    found
        What they and the page show; its method ``summary`` gives what goes into the JSON.
    render
        Makes the page of it and of the figures' paths.
    summary
        Name of the JSON file.
    more
        Writes what else belongs into the folder.

    Raises
    ------
    RunFolderError
        If ``out`` exists and is not an empty folder.
    """
    check_folder(out)
    with whole_folder(out) as folder:
        (folder / "figures").mkdir()
        figures = draw_all(registry, found, folder / "figures")
        (folder / PAGE).write_text(render(found, figures), encoding="utf-8")
        (folder / summary).write_text(json.dumps(found.summary(), indent=2) + "\n", "utf-8")
        more(folder)


def check_folder(out: Path) -> None:
    """Refuse a folder that holds something, before any work is done."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunFolderError(f"{out} exists and is not an empty folder; choose another with -o")
