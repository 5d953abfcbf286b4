"""A validation target: a published figure, what vbsim must find, and what it was found to find."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PASS, MISS, NOT_COMPUTED = "pass", "miss", "not computed"
VERIFIED, DERIVED, UNVERIFIED = "VERIFIED", "DERIVED", "UNVERIFIED"
FROM_DATA = "computed from data"
MISSING = "–"
_DUST = 1e-9  # rounding of a figure that lies on the bound


@dataclass(frozen=True, slots=True)
class Found:
    """A figure of vbsim and its standard error, 0 where it is exact."""

    value: float
    error: float = 0.0


Compute = Callable[[Path | None], Found]


@dataclass(frozen=True, slots=True)
class Show:
    """How a figure is written: decimals, unit, and the factor that brings it into the unit."""

    decimals: int = 0
    unit: str = ""
    scale: float = 1.0

    def __call__(self, value: float) -> str:
        """Write a figure."""
        # Adding 0.0 leaves no minus zero.
        number = f"{round(self.scale * value, self.decimals) + 0.0:,.{self.decimals}f}"
        return number.replace("-", "−") + self.unit

    def width(self, value: float) -> str:
        """Write a tolerance: with the digits that it has."""
        return f"{self.scale * value:,.6g}{self.unit}"


def percent(decimals: int = 1) -> Show:
    """Write a share as percent."""
    return Show(decimals, " %", 100.0)


_WHOLE = Show()


@dataclass(frozen=True, slots=True)
class Target:
    """One published figure.

    Parameters
    ----------
    key
        Group (``V1`` to ``V12``) and name, joined by a dot.
    claim
        What the figure is of.
    source
        Who published it.
    status
        Of the figure: VERIFIED, DERIVED, UNVERIFIED, or computed from data.
    published
        The figure, or the middle of a published range; NaN where there is none to hold against.
    compute
        Finds vbsim's figure, from a folder of public data where it ``needs`` a file; ``None`` where
        it cannot be computed, and ``reason`` says why.
    show
        Writes a figure.
    within
        How far vbsim's figure may lie from the published one [unit of the figure].
    between
        Range in which it must lie, instead.
    errors
        How many standard errors it may lie away, instead.
    tolerance
        Where the tolerance comes from, if not from the source.
    expected
        The verdict that was found; another one is news.
    reason
        Why it is missed, or cannot be computed.
    needs
        Public files that it is computed from.
    long
        Whether it takes more than some seconds.
    """

    key: str
    claim: str
    source: str
    status: str
    published: float
    compute: Compute | None
    show: Show = _WHOLE
    within: float = math.nan
    between: tuple[float, float] | None = None
    errors: float = math.nan
    tolerance: str = ""
    expected: str = PASS
    reason: str = ""
    needs: tuple[str, ...] = ()
    long: bool = False

    @property
    def group(self) -> str:
        """Number of the target."""
        return self.key.partition(".")[0]

    @property
    def shown_published(self) -> str:
        """The published figure in words."""
        return MISSING if math.isnan(self.published) else self.show(self.published)

    @property
    def shown_tolerance(self) -> str:
        """The tolerance in words."""
        if self.between is not None:
            words = " to ".join(map(self.show, self.between))
        elif not math.isnan(self.errors):
            words = f"{self.errors:g} standard errors"
        elif not math.isnan(self.within):
            words = f"± {self.show.width(self.within)}"
        else:
            words = MISSING
        return f"{words} ({self.tolerance})" if self.tolerance else words

    def bounds(self, found: Found) -> tuple[float, float]:
        """Range in which the figure must lie."""
        if self.between is not None:
            return self.between
        width = self.within if math.isnan(self.errors) else self.errors * found.error
        return self.published - width, self.published + width


@dataclass(frozen=True, slots=True)
class Result:
    """A target and what was found."""

    target: Target
    verdict: str
    reason: str
    found: Found | None = None
    seconds: float = 0.0

    @property
    def as_recorded(self) -> bool:
        """Whether the verdict is the recorded one; what was left out says nothing."""
        left_out = self.found is None and self.target.compute is not None
        return left_out or self.verdict == self.target.expected

    @property
    def gap(self) -> str:
        """By how much the figure is above or below the published one, in words."""
        if self.found is None or math.isnan(self.target.published):
            return MISSING
        text = self.target.show(self.found.value - self.target.published)
        return text if text.startswith("−") else f"+{text}"

    @property
    def deviation(self) -> float:
        """Distance from the middle of the tolerance, in halves of its width; NaN without one."""
        if self.found is None:
            return math.nan
        low, high = self.target.bounds(self.found)
        half = 0.5 * (high - low)
        gap = self.found.value - 0.5 * (low + high)
        if half == 0.0:
            return 0.0 if gap == 0.0 else math.copysign(math.inf, gap)
        return gap / half

    @property
    def shown(self) -> str:
        """Figure with its standard error in words."""
        if self.found is None:
            return MISSING
        value = self.target.show(self.found.value)
        return f"{value} ± {self.target.show(self.found.error)}" if self.found.error else value


def judge(target: Target, found: Found) -> str:
    """Whether a figure lies where the target wants it."""
    low, high = target.bounds(found)
    dust = _DUST * max(1.0, abs(low), abs(high))
    return PASS if low - dust <= found.value <= high + dust else MISS


def evaluate(target: Target, data: Path | None = None, *, long: bool = False) -> Result:
    """Compute one target, unless it is left out.

    Parameters
    ----------
    target
        What is to be computed.
    data
        Folder of public data files.
    long
        Whether targets that take long are computed too.
    """
    if target.compute is None:
        return Result(target, NOT_COMPUTED, target.reason)
    absent = [name for name in target.needs if data is None or not (data / name).is_file()]
    if absent:
        rest = "" if len(absent) == 1 else f" and {len(absent) - 1} more"
        return Result(target, NOT_COMPUTED, f"needs {absent[0]}{rest} (--data FOLDER)")
    if target.long and not long:
        return Result(target, NOT_COMPUTED, "takes long (--long)")
    start = time.perf_counter()
    found = target.compute(data)
    verdict = judge(target, found)
    reason = target.reason if verdict == target.expected else ""
    return Result(target, verdict, reason, found, time.perf_counter() - start)


def evaluate_all(
    targets: Iterable[Target], data: Path | None = None, *, long: bool = False
) -> Iterator[Result]:
    """Compute targets in their order."""
    return (evaluate(target, data, long=long) for target in targets)
