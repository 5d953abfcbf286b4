"""Ctrl-C: a run that is stopped says what it leaves, and ends with exit code 1."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Give a function to be called now and then, which stops the work when that was asked for.

    An interrupt stops the work at once where it can. Python drops one that falls into a finalizer,
    about one in ten while results are written; that one stops the work at the next call.
    """
    asked: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if asked:
            raise KeyboardInterrupt

    try:
        with _answering(interrupt):
            yield check
    except KeyboardInterrupt as stop:
        kept = getattr(stop, "__notes__", ["nothing was written"])
        typer.echo("; ".join(["stopped before the end", *kept]), err=True)
        raise typer.Exit(1) from None


@contextmanager
def _answering(interrupt: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Answer interrupts in this way, and do not print the ones that Python drops."""
    before, report = signal.getsignal(signal.SIGINT), sys.unraisablehook
    in_main = threading.current_thread() is threading.main_thread()
    # A process that was started to ignore interrupts goes on ignoring them.
    if not in_main or before is not signal.default_int_handler:
        yield
        return

    def quiet(dropped: UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):
            report(dropped)

    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = quiet
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        sys.unraisablehook = report
