"""Cells of a published result file: what CMS writes where a number stands, or is missing.

Rates come as percent strings (``6.46%``), bare percent points (``8.89``) or fractions (``0.0646``),
by year and by column. A percent sign speaks for itself; for bare numbers the whole column decides:
no fraction reaches the limit of its column, and points pass it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

NOT_APPLICABLE, SUPPRESSED, MISSING = "not applicable", "suppressed", "missing"
_ABSENT = {
    **dict.fromkeys(("", ".", "na", "n/a", "nan"), MISSING),
    **dict.fromkeys(("-", "–", "—"), NOT_APPLICABLE),
    "*": SUPPRESSED,
}
_NUMBER = re.compile(r"[+-]?\$?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d+)?")
_DECIMALS = 9
_REMEMBERED = 10_000  # most cells of a long file are flags, zeros and signs for nothing
_YEAR = re.compile(r"\d{4}(?!\d)")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: a number, or the reason why there is none.

    Parameters
    ----------
    value
        The number as written, percent signs already taken as hundredths; ``None`` without one.
    absent
        Why there is none; empty with one.
    percent
        Whether a percent sign stood behind it.
    """

    value: float | None
    absent: str = ""
    percent: bool = False


@lru_cache(maxsize=_REMEMBERED)
def number(text: str) -> Cell:
    """Read a number: thousands commas, a dollar sign, parentheses and a percent sign are allowed.

    Raises
    ------
    ValueError
        If the text is no number and no sign for a missing one.
    """
    bare = text.strip()
    if bare.lower() in _ABSENT:
        return Cell(None, _ABSENT[bare.lower()])
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    percent = bare.endswith("%")
    bare = bare.removesuffix("%").strip()
    if not any(c.isdigit() for c in bare) or not bare.isascii() or not _NUMBER.fullmatch(bare):
        raise ValueError(text)
    value = float(bare.replace(",", "").replace("$", ""))
    if abs(value) == float("inf"):
        raise ValueError(text)
    return Cell(value / 100.0 if percent else value, "", percent)


def flag(text: str) -> Cell:
    """Read a yes or no as 1 or 0.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    words = {"yes": 1.0, "y": 1.0, "true": 1.0, "no": 0.0, "n": 0.0, "false": 0.0}
    if text.strip().lower() in words:
        return Cell(words[text.strip().lower()])
    cell = number(text)
    if cell.value not in (None, 0.0, 1.0):
        raise ValueError(text)
    return cell


def start_year(text: str) -> int | None:
    """Year of a date such as ``7/1/12``, ``07/01/2019 12:00:00 AM`` or ``2024-01-01``."""
    day = text.strip().split(" ")[0].split("T")[0]
    if found := _YEAR.search(day):
        return int(found[0])
    parts = day.split("/")
    return 2000 + int(parts[2]) if len(parts) == 3 and parts[2].isdigit() else None


@dataclass(slots=True)
class Evidence:
    """What a column of bare rates shows of its unit and of its rounding.

    Parameters
    ----------
    limit
        What a fraction never reaches in this column, and points do.
    """

    limit: float
    largest: float = 0.0
    decimals: int = 0
    percent_seen: bool = False

    def see(self, cell: Cell) -> None:
        """Take a cell into account."""
        if cell.value is None:
            return
        shown = cell.value * 100.0 if cell.percent else cell.value
        if not cell.percent:
            self.largest = max(self.largest, abs(cell.value))
        while self.decimals < _DECIMALS and abs(shown - round(shown, self.decimals)) > 1e-10:
            self.decimals += 1
        self.percent_seen = self.percent_seen or cell.percent

    @property
    def in_points(self) -> bool:
        """Whether bare numbers of the column are percent points."""
        return self.largest > self.limit

    @property
    def half_step(self) -> float:
        """Largest error that the rounding of the column can make [share of 1]."""
        scale = 0.01 if self.percent_seen or self.in_points else 1.0
        return 0.0 if self.decimals >= _DECIMALS else 0.5 * scale * 10.0**-self.decimals

    def share(self, cell: Cell) -> float | None:
        """Give the rate in a cell as a share of 1."""
        if cell.value is None or cell.percent or not self.in_points:
            return cell.value
        return cell.value / 100.0
