"""Reads a published result file row by row, in every layout that CMS has used.

Two passes, neither of which holds the file: the first checks every row and sees what unit each rate
column has; the second hands the rows out. So a wrong file is refused before anything is settled.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from vbsim.errors import OutcomeError, Problem
from vbsim.outcomes.cells import Cell, Evidence, flag, number
from vbsim.outcomes.layout import Header, Layout, locate

_SHOWN = 10  # problems in one message
_BLOCK = 1 << 20
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One ACO-year of a file.

    Parameters
    ----------
    year
        Performance year.
    texts, numbers
        Fields as written, and as cells; rates are shares of 1.
    group
        What the flags that are set stand for.
    header
        Where the fields stand in the file.
    """

    year: int
    texts: dict[str, str]
    numbers: dict[str, Cell]
    group: tuple[str, ...]
    header: Header

    @property
    def flags(self) -> tuple[str, ...]:
        """What all flags of the file stand for, set or not."""
        return tuple(self.header.group.values())

    def value(self, name: str) -> float | None:
        """Give the number in a field, or ``None`` where there is none."""
        cell = self.numbers.get(name)
        return None if cell is None else cell.value

    def absent(self, name: str) -> str:
        """Why a field has no number; empty when it has one."""
        return self.numbers[name].absent if name in self.numbers else "not in the file"


def batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Hand rows out in lists that settle as one vector each."""
    while batch := list(islice(rows, _BATCH)):
        yield batch


class OutcomeFile:
    """A file that has been looked through and can be read row by row.

    Parameters
    ----------
    path
        The file.
    layout
        What the program's files hold.
    year
        Performance year: of all rows where the file has no such column, else the rows wanted.

    Raises
    ------
    OutcomeError
        With the first problems found: file, row, column, what was found and what was expected.
    """

    def __init__(self, path: Path, layout: Layout, year: int | None) -> None:
        self.path, self.layout, self.year = path, layout, year
        self.encoding = _encoding(path)
        self.evidence: dict[tuple[int, str], Evidence] = {}
        self.years: set[int] = set()
        self.header = self._header()
        if year is None and "year" not in self.header.places:
            raise self._refused(
                1, "performance_year", "no such column and no --year", "the performance year",
                "say which year the file is of, for instance --year 2022",
            )  # fmt: skip
        self._look_through()

    def rows(self) -> Iterator[Row]:
        """Hand out the rows of the wanted year, rates as shares of 1."""
        for line, cells in self._records():
            row = self._row(line, cells)
            if self.year is None or row.year == self.year:
                yield self._scaled(row)

    def rounding(self, year: int, name: str) -> float:
        """Largest error that the rounding of a rate column makes [share of 1]."""
        seen = self.evidence.get((year, name))
        return seen.half_step if seen is not None else 0.0

    def _look_through(self) -> None:
        problems: list[Problem] = []
        ids: dict[tuple[int, str], int] = {}
        for line, cells in self._records():
            try:
                row = self._row(line, cells)
            except OutcomeError as error:
                problems += error.problems
                if len(problems) >= _SHOWN:
                    break
                continue
            key = (row.year, row.texts["aco_id"])
            if key in ids or not key[1]:
                problems.append(self._bad_id(line, key, ids.get(key)))
            ids[key] = line
            self._see(row)
        if problems:
            raise OutcomeError(problems[:_SHOWN])
        self.years = {year for year, _ in ids if self.year in (None, year)}
        if not self.years:
            found = ", ".join(map(str, sorted({year for year, _ in ids}))) or "no row"
            wanted = f"rows of {self.year}" if self.year else f"a row for each {self.layout.entity}"
            todo = "leave --year out, or name a year that the file has" if ids else ""
            raise self._refused(None, self.header.name("year"), found, wanted, todo)

    def _see(self, row: Row) -> None:
        for name, limit in self.layout.rates.items():
            if name in row.numbers:
                seen = self.evidence.setdefault((row.year, name), Evidence(limit))
                seen.see(row.numbers[name])

    def _scaled(self, row: Row) -> Row:
        for name in self.layout.rates:
            cell = row.numbers.get(name)
            if cell is not None and cell.value is not None:
                row.numbers[name] = Cell(self.evidence[row.year, name].share(cell))
        return row

    def _header(self) -> Header:
        names = next(self._lines(), (1, []))[1]
        if not any(name.strip() for name in names):
            raise self._refused(1, "", "an empty file", "a line of column names", "")
        return locate(str(self.path), names, self.layout)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        lines = self._lines()
        next(lines, None)
        width = len(self.header.names)
        for line, cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != width:
                raise self._refused(
                    line, "", f"{len(cells)} cells", f"{width}, one per column name",
                    "the row is cut off or has a stray comma; mend it, or get the file again",
                )  # fmt: skip
            yield line, cells

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        with self.path.open(encoding=self.encoding, newline="") as text:
            reader = csv.reader(text, strict=True)
            try:
                for cells in reader:
                    yield reader.line_num, cells
            except csv.Error as error:
                raise self._refused(
                    reader.line_num, "", str(error), "comma-separated cells, quotes closed",
                    "the file is cut off or is no CSV; get it again",
                ) from error  # fmt: skip

    def _row(self, line: int, cells: list[str]) -> Row:
        texts: dict[str, str] = {}
        numbers: dict[str, Cell] = {}
        problems = []
        for name, place in self.header.places.items():
            text = cells[place]
            if name in self.layout.texts:
                texts[name] = text.strip()
                continue
            try:
                numbers[name] = self._cell(name, text)
            except ValueError:
                expected = "1 or 0" if name in self.layout.flags else "a number"
                problems.append(self._problem(line, self.header.names[place], repr(text), expected))
        year = self._year(line, numbers, problems)
        if problems:
            raise OutcomeError(problems)
        return Row(year, texts, numbers, self._set_flags(line, cells), self.header)

    def _cell(self, name: str, text: str) -> Cell:
        word = self.layout.words.get(name, {}).get(text.strip().upper())
        if word is not None:
            # A word counts as a full rate whatever unit the column has.
            return Cell(word, "", percent=True)
        return flag(text) if name in self.layout.flags else number(text)

    def _year(self, line: int, numbers: dict[str, Cell], problems: list[Problem]) -> int:
        if "year" not in self.header.places:
            return int(self.year or 0)
        value = numbers["year"].value if "year" in numbers else None
        if value is None or value != int(value):
            if "year" in numbers:
                where = self.header.name("year")
                problems.append(self._problem(line, where, "no year", "a performance year"))
            return 0
        return int(value)

    def _set_flags(self, line: int, cells: list[str]) -> tuple[str, ...]:
        found = []
        for place, meaning in self.header.group.items():
            try:
                if flag(cells[place]).value:
                    found.append(meaning)
            except ValueError:
                name = self.header.names[place]
                raise self._refused(line, name, repr(cells[place]), "1 or 0", "") from None
        return tuple(found)

    def _bad_id(self, line: int, key: tuple[int, str], before: int | None) -> Problem:
        where = self.header.name("aco_id")
        if not key[1]:
            return self._problem(line, where, "no id", f"the id of the {self.layout.entity}")
        found = f"{key[1]} again, first in row {before}"
        expected = f"each {self.layout.entity} once per year"
        return self._problem(line, where, found, expected, "drop one of the rows")

    def _problem(self, line: int | None, column: str, found: str, expected: str,
                 todo: str = "") -> Problem:  # fmt: skip
        return Problem(str(self.path), line, column, found, expected, todo)

    def _refused(self, line: int | None, column: str, found: str, expected: str,
                 todo: str) -> OutcomeError:  # fmt: skip
        return OutcomeError([self._problem(line, column, found, expected, todo)])


def _encoding(path: Path) -> str:
    """Tell UTF-8 (with or without its mark) from cp1252, the two that CMS has used."""
    for name in ("utf-8-sig", "cp1252"):
        if _decodes(path, name):
            return name
    raise OutcomeError([Problem(
        str(path), None, "", "bytes that are neither UTF-8 nor cp1252 text", "a text file (CSV)",
        "save the table as CSV UTF-8; a workbook (.xlsx) or archive (.zip) must be exported first",
    )])  # fmt: skip


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as raw:
            while block := raw.read(_BLOCK):
                # No text has a zero byte; UTF-16 and workbooks do.
                if b"\0" in block:
                    return False
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except OSError as error:
        raise OutcomeError([Problem(
            str(path), None, "", error.strerror or str(error), "a file that can be read", "",
        )]) from error  # fmt: skip
    return True
