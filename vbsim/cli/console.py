"""The two streams of the terminal."""

from __future__ import annotations

from rich.console import Console

# Names and labels are the user's: square brackets in them are no commands to the terminal.
stdout = Console(soft_wrap=False, markup=False)
stderr = Console(stderr=True, markup=False)
