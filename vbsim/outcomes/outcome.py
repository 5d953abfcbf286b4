"""One settled ACO-year, the summary of many, and the file they are written to."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

from vbsim.errors import OutcomeError, Problem


@dataclass(slots=True)
class Outcome:
    """Settlement of one ACO-year; a missing number is ``None`` and ``reason`` says why.

    Parameters
    ----------
    savings_rate, minimum_savings_rate, sharing_rate, loss_rate
        Shares of 1, derived by the rules.
    earned_shared_savings, owed_shared_losses
        Magnitudes [USD].
    published
        What CMS published [USD, losses negative].
    """

    aco_id: str
    performance_year: int
    track: str = ""
    savings_rate: float | None = None
    minimum_savings_rate: float | None = None
    sharing_rate: float | None = None
    loss_rate: float | None = None
    earned_shared_savings: float | None = None
    owed_shared_losses: float | None = None
    published: float | None = None
    reason: str = ""

    @property
    def settled(self) -> bool:
        """Whether the rules gave an amount."""
        return self.earned_shared_savings is not None and self.owed_shared_losses is not None

    @property
    def difference(self) -> float | None:
        """Derived less published result [USD]."""
        if self.earned_shared_savings is None or self.owed_shared_losses is None:
            return None
        if self.published is None:
            return None
        return round(self.earned_shared_savings - self.owed_shared_losses - self.published, 2)

    def because(self, reason: str) -> None:
        """Add a reason."""
        self.reason = f"{self.reason}; {reason}" if self.reason else reason

    def cells(self) -> dict[str, str]:
        """Row of the outcome table."""
        money = ("earned_shared_savings", "owed_shared_losses", "published", "difference")
        row = {}
        for name in COLUMNS:
            value = getattr(self, name)
            if value is None:
                row[name] = ""
            elif name in money:
                row[name] = f"{value:.2f}"
            else:
                row[name] = f"{value:.10g}" if isinstance(value, float) else str(value)
        return row


COLUMNS = [
    *(item.name for item in fields(Outcome) if item.name != "reason"),
    "difference",
    "reason",
]


@dataclass(slots=True)
class Tally:
    """How many rows were settled, and how near they came to what was published."""

    rows: int = 0
    settled: int = 0
    compared: int = 0
    within_1: int = 0
    within_1000: int = 0
    within_1_percent: int = 0
    years: set[int] = field(default_factory=set)

    def count(self, outcome: Outcome) -> None:
        """Take one row into account."""
        self.rows += 1
        self.settled += outcome.settled
        self.years.add(outcome.performance_year)
        if outcome.difference is None or outcome.published is None:
            return
        gap = abs(outcome.difference)
        self.compared += 1
        self.within_1 += gap <= 1.0
        self.within_1000 += gap <= 1000.0
        self.within_1_percent += gap <= max(1.0, abs(outcome.published) / 100.0)

    def counted(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Hand outcomes on, counting them."""
        for outcome in outcomes:
            self.count(outcome)
            yield outcome


def write(outcomes: Iterable[Outcome], path: Path) -> None:
    """Write outcomes as CSV under a temporary name and rename it, so that no half file is left.

    Raises
    ------
    OutcomeError
        If the file cannot be written there.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    part = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as text:  # noqa: PTH123
            writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(outcome.cells() for outcome in outcomes)
        # A temporary file is private; the result gets the rights that any new file would.
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        part.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def check_destination(path: Path, source: Path) -> None:
    """Refuse a destination before any work is done.

    Raises
    ------
    OutcomeError
        If it is a folder, lies in none, or is the input itself.
    """
    found = ""
    if path.is_dir():
        found = "a folder"
    elif not path.parent.is_dir():
        found = f"no folder {path.parent}"
    elif path.exists() and source.exists() and path.samefile(source):
        found = "the input file itself"
    if found:
        raise OutcomeError([Problem(str(path), None, "", found, "a file to write in a folder", "")])


def _unwritable(path: Path, error: OSError) -> OutcomeError:
    return OutcomeError([Problem(
        str(path), None, "", error.strerror or str(error), "a file that can be written", "",
    )])  # fmt: skip
