"""Results of many ACOs over years as arrays: what is seen, and what is known beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vbsim.backtest.facts import KINDS, AcoYear, Known
from vbsim.outcomes.mssp_facts import rule

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """Savings rates of A ACOs in T years without a gap, and what is known of them.

    Parameters
    ----------
    acos
        Ids, A of them.
    years
        Performance years, rising by 1, (T,).
    rate
        Savings rate, (A, T); missing (NaN) where none was published or none may be seen.
    start
        Year in which the agreement in force started, (A, T); 0 before the ACO is first seen, and
        carried on after it is last seen.
    experience
        Years since the first agreement started, (A, T).
    first_agreement
        Whether the agreement in force is the first, (A, T).
    two_sided
        Whether the ACO also bears losses, (A, T).
    person_years
        Exposure of the year, (A, T); of the nearest known year where none is known.
    mix
        Person-years and cost of each enrollment type in the latest known year, (A, E, 2); missing
        where it is not known.
    revenue
        Latest known revenue class of the ACO, (A,): 1/2 low, -1/2 high, 0 unknown.
    """

    acos: tuple[str, ...]
    years: IntArray
    rate: FloatArray
    start: IntArray
    experience: FloatArray
    first_agreement: NDArray[np.bool_]
    two_sided: NDArray[np.bool_]
    person_years: FloatArray
    mix: FloatArray
    revenue: FloatArray

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Where a savings rate may be seen, (A, T)."""
        return ~np.isnan(self.rate)


def panel_of(history: Sequence[AcoYear], target: Sequence[Known] = ()) -> Panel:
    """Put rows of earlier years, and what is known of a later one, into arrays.

    Parameters
    ----------
    history
        Rows of earlier years. With a ``target``, those of its ACOs alone are taken.
    target
        What is known of the ACOs of a later year; its results stay missing.
    """
    wanted = [k.aco for k in target] or sorted({row.known.aco for row in history})
    place = {aco: number for number, aco in enumerate(wanted)}
    rows = sorted((r for r in history if r.known.aco in place), key=lambda r: r.known.year)
    knowns = [row.known for row in rows] + list(target)
    every_year = [row.known.year for row in history] + [k.year for k in target]
    years = np.arange(min(every_year), max(every_year) + 1)
    draft = _Draft.empty(len(wanted), years)
    joined = np.full(len(wanted), np.iinfo(np.int64).max)
    for known in knowns:
        draft.know(place[known.aco], known)
        joined[place[known.aco]] = min(joined[place[known.aco]], known.joined)
    for row in rows:
        draft.see(place[row.known.aco], row)
    draft.carry()
    experience = np.maximum(years[None, :] - joined[:, None], 0).astype(np.float64)
    return Panel(
        tuple(wanted), years, draft.rate, draft.start, experience, draft.first,
        draft.two_sided, draft.person_years * draft.part, draft.mix, draft.revenue,
    )  # fmt: skip


@dataclass
class _Draft:
    """Arrays in the making."""

    years: IntArray
    rate: FloatArray
    start: IntArray
    first: NDArray[np.bool_]
    two_sided: NDArray[np.bool_]
    person_years: FloatArray
    part: FloatArray
    mix: FloatArray
    revenue: FloatArray

    @classmethod
    def empty(cls, acos: int, years: IntArray) -> _Draft:
        """Make room for results that are not known yet."""
        shape = (acos, years.size)
        missing, no = np.full(shape, np.nan), np.zeros(shape, np.bool_)
        return cls(
            years, missing.copy(), np.zeros(shape, np.int64), no.copy(), no.copy(),
            missing.copy(), np.ones(shape), np.full((acos, len(KINDS), 2), np.nan), np.zeros(acos),
        )  # fmt: skip

    def know(self, place: int, known: Known) -> None:
        """Take what was known before a year."""
        year = known.year - int(self.years[0])
        self.start[place, year] = known.start
        self.first[place, year] = known.first_agreement
        tracks = rule("sided", known.year)
        self.two_sided[place, year] = tracks.get(known.track) == 2
        if np.isnan(self.person_years[place]).all() and known.base_person_years:
            self.person_years[place, year] = known.base_person_years
        # Half a year's claims carry half a year's exposure.
        self.part[place, year] = 0.5 if known.six_months else 1.0

    def see(self, place: int, row: AcoYear) -> None:
        """Take what came of a year; of two, the later counts."""
        year, result = row.known.year - int(self.years[0]), row.result
        self.rate[place, year] = result.savings_rate
        self.person_years[place, year] = result.person_years
        if result.mix:
            self.mix[place] = result.mix
        if result.revenue:
            self.revenue[place] = result.revenue

    def carry(self) -> None:
        """Carry on what was known last; exposure also backwards, and the median where none is."""
        for year in range(1, self.years.size):
            before, now = self.start[:, year - 1], self.start[:, year]
            gone = now == 0
            self.start[gone, year] = before[gone]
            for carried in (self.first, self.two_sided):
                carried[gone, year] = carried[gone, year - 1]
            self._fill(year, year - 1)
        for year in range(self.years.size - 2, -1, -1):
            self._fill(year, year + 1)
        middle = np.nanmedian(self.person_years)
        self.person_years[np.isnan(self.person_years)] = middle

    def _fill(self, year: int, source: int) -> None:
        empty = np.isnan(self.person_years[:, year])
        self.person_years[empty, year] = self.person_years[empty, source]
