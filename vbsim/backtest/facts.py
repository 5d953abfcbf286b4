"""Results files of CMS: what was known before a year, and what came of it.

The two are kept apart, so that a forecast cannot see its own year: of the target file only
:class:`Known` reaches it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vbsim.errors import OutcomeError, Problem
from vbsim.outcomes.cells import start_year
from vbsim.outcomes.mssp_facts import (
    LAYOUT,
    book,
    fixed_choice,
    is_six_months,
    published_payment,
    rule,
)
from vbsim.outcomes.mssp_words import WORDS_LAYOUT
from vbsim.outcomes.reader import OutcomeFile, Row
from vbsim.outcomes.tracks import track_of

_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_CROSSWALK = ("aco_num", "aco_id")
_HIDDEN = 0.05  # largest part of the members whose enrollment type may be suppressed
KINDS = ("esrd", "disabled", "aged_dual", "aged_non_dual")
"""Enrollment types, in the order of a mix."""


def _layout() -> Mapping[str, tuple[str, ...]]:
    """Columns of all years; those of 2013 lack the mark of the performance year."""
    columns = dict(WORDS_LAYOUT.columns)
    for name, published in columns.items():
        if name.endswith("_py") or name == "person_years":
            columns[name] = (*published, *(text.removesuffix("_py") for text in published))
    return columns | {"joined": ("initial_start_date",)}


BACKTEST_LAYOUT = replace(
    WORDS_LAYOUT,
    columns=_layout(),
    needed=(*LAYOUT.needed, "start", "person_years"),
    texts=WORDS_LAYOUT.texts | {"joined"},
)


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of an ACO before the year began.

    Parameters
    ----------
    aco, year
        Id, and the performance year.
    start, joined
        Years in which the agreement in force and the first agreement started.
    first_agreement
        Whether it is the ACO's first.
    track
        Key of the rules; empty if the file does not tell.
    election
        Fixed minimum savings rate that a two-sided ACO chose; ``None`` means the table by size.
    six_months
        Whether the performance year is of January to June alone, as for some in 2019.
    base_person_years, base_per_capita
        Of the agreement's last base year [person-years, USD]; ``None`` if not in the file.
    """

    aco: str
    year: int
    start: int
    joined: int
    first_agreement: bool
    track: str
    election: float | None
    six_months: bool
    base_person_years: float | None
    base_per_capita: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the year.

    Parameters
    ----------
    savings_rate
        Benchmark less expenditure, over benchmark.
    payment
        Earned shared savings; owed losses are negative [USD]; ``None`` if suppressed.
    minimum_rate
        Minimum savings rate that was applied.
    benchmark
        Total benchmark of the (half) year [USD].
    person_years
        Exposure of a whole year.
    heads
        Assigned beneficiaries.
    quality
        Quality score, share of 1; ``None`` if not in the file.
    standard_met
        Whether the quality standard was met.
    revenue
        1/2 low, -1/2 high, 0 if not in the file: participants' revenue against expenditure.
    mix
        Person-years and truncated cost per person-year of each of ``KINDS``; empty if too many of
        the members are in suppressed ones.
    """

    savings_rate: float
    payment: float | None
    minimum_rate: float
    benchmark: float
    person_years: float
    heads: float
    quality: float | None
    standard_met: bool
    revenue: float
    mix: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class AcoYear:
    """One row of a results file."""

    known: Known
    result: Result


def read(stated: str, crosswalk: Mapping[str, str]) -> list[AcoYear]:
    """Read a results file.

    Parameters
    ----------
    stated
        Path; ``2022=path`` where neither the file nor its name tells the performance year.
    crosswalk
        Ids of one time -> ids of another.

    Raises
    ------
    OutcomeError
        If the file cannot be read, or its year is not known.
    """
    head, sign, tail = stated.partition("=")
    path = Path(tail) if sign and head.isdigit() else Path(stated)
    year = int(head) if sign and head.isdigit() else _year_of_name(path)
    try:
        file = OutcomeFile(path, BACKTEST_LAYOUT, year)
    except OutcomeError as error:
        if year is None and error.problems[0].path == "performance_year":
            raise _no_year(path) from error
        raise
    for found in file.years:
        book().check_year(found)
    rows = (_aco_year(row, path, crosswalk) for row in file.rows())
    return [row for row in rows if row is not None]


def read_crosswalk(path: Path | None) -> dict[str, str]:
    """Read which id of 2013-2017 (ACO_NUM) became which from 2018 (ACO_ID).

    Raises
    ------
    OutcomeError
        If the file cannot be read or lacks the two columns.
    """
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = [[cell.strip() for cell in row] for row in csv.reader(text)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise OutcomeError([Problem(str(path), None, "", found, "a table (CSV)")]) from error
    names = [name.lower() for name in rows[0]] if rows else []
    if not set(_CROSSWALK) <= set(names):
        found = ", ".join(names) or "an empty file"
        raise OutcomeError([Problem(str(path), 1, "", found, "the columns ACO_NUM and ACO_ID")])
    old, new = (names.index(name) for name in _CROSSWALK)
    return {row[old]: row[new] for row in rows[1:] if len(row) == len(names) and row[old]}


def _year_of_name(path: Path) -> int | None:
    found = set(_YEAR.findall(path.name))
    return int(found.pop()) if len(found) == 1 else None


def _no_year(path: Path) -> OutcomeError:
    todo = f"write the year before the file: 2022={path}"
    return OutcomeError([Problem(
        str(path), 1, "", "no column performance_year, and not one year in the file's name",
        "the performance year", todo,
    )])  # fmt: skip


def _aco_year(row: Row, path: Path, crosswalk: Mapping[str, str]) -> AcoYear | None:
    """Take a row apart; ``None`` if benchmark, expenditure, size or start is not given."""
    benchmark, expenditure = row.value("benchmark"), row.value("expenditure")
    heads, exposure = row.value("beneficiaries"), row.value("person_years")
    start = start_year(row.texts.get("start", ""))
    if start is None or not (benchmark and expenditure and heads and exposure):
        return None
    if start > row.year:
        raise OutcomeError([Problem(
            str(path), None, row.texts["aco_id"], f"an agreement that starts in {start}",
            f"one in force in {row.year}", "say of which year the file is: YEAR=FILE",
        )])  # fmt: skip
    result = Result(
        savings_rate=(benchmark - expenditure) / benchmark,
        payment=published_payment(row),
        minimum_rate=row.value("minimum_rate") or 0.0,
        benchmark=benchmark,
        person_years=exposure,
        heads=heads,
        quality=row.value("quality"),
        standard_met=bool(_standard_met(row)),
        revenue=_revenue(row),
        mix=_mix(row),
    )
    aco = row.texts["aco_id"]
    return AcoYear(_known(row, crosswalk.get(aco, aco), start), result)


def _known(row: Row, aco: str, start: int) -> Known:
    joined = start_year(row.texts.get("joined", ""))
    tracks = rule("sided", row.year)
    track, why = track_of(row, tracks)
    two_sided = not why and tracks[track] == 2
    base = _base(row)
    return Known(
        aco=aco,
        year=row.year,
        # The first period of 2012 starters ran to the end of the program's first year.
        start=max(start, book().first_year),
        joined=max(min(start, joined or start), book().first_year),
        first_agreement=row.value("period") in (None, 1.0),
        track="" if why else track,
        election=fixed_choice(row.value("minimum_rate"), row.year) if two_sided else None,
        six_months=is_six_months(row),
        base_person_years=sum(size for size, _ in base) or None,
        base_per_capita=_per_capita(base),
    )


def _base(row: Row) -> list[tuple[float, float]]:
    pairs = [
        (row.value(f"{kind}_person_years_by3"), row.value(f"{kind}_cost_by3")) for kind in KINDS
    ]
    return [(size, cost) for size, cost in pairs if size is not None and cost is not None]


def _per_capita(base: Iterable[tuple[float, float]]) -> float | None:
    base = list(base)
    size = sum(size for size, _ in base)
    return sum(size * cost for size, cost in base) / size if size > 0.0 else None


def _mix(row: Row) -> tuple[tuple[float, float], ...]:
    """Person-years and cost of each enrollment type; a suppressed one counts for nobody."""
    found = []
    for kind in KINDS:
        size, cost = row.value(f"{kind}_person_years_py"), row.value(f"{kind}_cost_py")
        found.append((0.0, 0.0) if size is None or cost is None else (size, cost))
    total = row.value("person_years") or 0.0
    return tuple(found) if sum(size for size, _ in found) > (1.0 - _HIDDEN) * total else ()


def _standard_met(row: Row) -> float:
    if "standard_met" in row.numbers:
        return row.value("standard_met") or 0.0
    return float(row.value("published_sharing") != 0.0)


def _revenue(row: Row) -> float:
    text = row.texts.get("revenue", "").lower()
    return 0.5 if text.startswith("low") else -0.5 if text.startswith("high") else 0.0
