"""Processes beside the command's own, so that a verb uses every processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_EACH = 10**9  # bytes; twice what a process was seen to take


@contextmanager
def all_processors(threads: int | None = None) -> Iterator[None]:
    """Work on draws and figures on so many processors, if memory allows; on all by default."""
    import vbsim.run  # imported before the copies are made, which then share it  # noqa: F401
    from vbsim.processes import beside
    from vbsim.simulate import free_memory, processors

    most = min(threads or processors(), processors())
    with beside(min(most, free_memory() // _EACH), _ready):
        yield


def _ready() -> None:
    """Make a process ready: one thread of its own, and able to draw."""
    from vbsim.plots import blank
    from vbsim.simulate import use_threads

    use_threads(1)
    blank()
