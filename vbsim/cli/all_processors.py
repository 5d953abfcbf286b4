"""Processes beside the command's own, so that a verb uses every processor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vbsim.scenario.schema import Scenario

_EACH = 10**9  # bytes; twice what a process was seen to take


def all_processors(threads: int | None = None) -> AbstractContextManager[None]:
    """Work on draws and figures on so many processors, if memory allows; on all by default."""
    return _copies(threads, _to_draw)


def all_processors_for_draws(scenario: Scenario) -> AbstractContextManager[None]:
    """Work on the draws of a scenario on all processors; nothing where no figure is uncertain."""
    return _copies(None, _alone) if scenario.uncertain else nullcontext()


@contextmanager
def _copies(threads: int | None, prepare: Callable[[], None]) -> Iterator[None]:
    import vbsim.run  # imported before the copies are made, which then share it  # noqa: F401
    from vbsim.processes import beside
    from vbsim.simulate import free_memory, processors

    most = min(threads or processors(), processors())
    with beside(min(most, free_memory() // _EACH), prepare):
        yield


def _alone() -> None:
    """Keep to one thread: the other processors have their own process."""
    from vbsim.simulate import use_threads

    use_threads(1)


def _to_draw() -> None:
    """Be able to draw as well."""
    from vbsim.plots import blank

    _alone()
    blank()
