"""The progress bar of a run, on the error stream."""

from __future__ import annotations

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from vbsim.cli.console import stderr


class _Rate(ProgressColumn):
    """What is done per second: realizations, or entities."""

    def render(self, task: Task) -> Text:
        """Show the speed of the task."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def progress_bar(silent: bool) -> Progress:
    """Make a bar that shows what is done, how fast, and how long the rest will take."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=stderr,
        disable=silent,
        transient=False,
    )
