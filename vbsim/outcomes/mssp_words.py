"""An ACO of CMS's results file in the words of a scenario, without what came of the year.

Base years, risk scores, size, track, elections and the published benchmark are taken; what came of
the year (expenditure, savings rate, payment) goes nowhere but into ``outputs.observed``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from vbsim.errors import OutcomeError, Problem
from vbsim.outcomes.cells import start_year
from vbsim.outcomes.mssp_facts import LAYOUT, rule
from vbsim.outcomes.reader import OutcomeFile, Row
from vbsim.outcomes.tracks import track_of

# Enrollment type -> its name in columns of money and risk scores, and of person-years.
_TYPES = {
    "esrd": ("esrd", "esrd"),
    "disabled": ("dis", "dis"),
    "aged_dual": ("agdu", "aged_dual"),
    "aged_non_dual": ("agnd", "aged_nondual"),
}
_BASE = ("by1", "by2", "by3")
_ABOVE_ZERO = (
    "beneficiaries", "person_years", "benchmark_per_capita", "benchmark", "expenditure",
)  # fmt: skip
_SHOWN = 10  # problems in one message


def _columns() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for kind, (short, long) in _TYPES.items():
        for year in (*_BASE, "py"):
            found[f"{kind}_cost_{year}"] = (f"per_capita_exp_all_{short}_{year}",)
            found[f"{kind}_risk_{year}"] = (f"cms_hcc_riskscore_{short}_{year}",)
        for year in ("by3", "py"):
            found[f"{kind}_person_years_{year}"] = (f"n_ab_year_{long}_{year}",)
    return found


_HISTORY = ("start", "benchmark_per_capita", "person_years", "aged_non_dual_cost_by3")
WORDS_LAYOUT = replace(
    LAYOUT,
    columns={
        **LAYOUT.columns,
        **_columns(),
        "name": ("aco_name",),
        "period": ("agreement_period_num",),
    },
    needed=(*LAYOUT.needed, *_HISTORY),
    texts=LAYOUT.texts | {"name"},
)


def entities(path: Path, year: int) -> list[tuple[str, dict[str, Any]]]:
    """Words of every ACO of a results file, by its id.

    Parameters
    ----------
    path
        CMS's Performance Year Financial and Quality Results file.
    year
        Its performance year.

    Raises
    ------
    OutcomeError
        If the file cannot be read, lacks the columns of base years, or says too little of an ACO;
        with the first problems found.
    """
    found, problems = [], []
    for row in OutcomeFile(path, WORDS_LAYOUT, year).rows():
        try:
            found.append((row.texts["aco_id"], words_of(row, path)))
        except OutcomeError as error:
            problems += error.problems
    if problems:
        raise OutcomeError(problems[:_SHOWN])
    return found


def words_of(row: Row, path: Path) -> dict[str, Any]:
    """Put one ACO in words: population, benchmark, contract and published result.

    Raises
    ------
    OutcomeError
        If the row says too little, or is not of the year.
    """
    tracks = rule("sided", row.year)
    track, why = track_of(row, tracks)
    start = start_year(row.texts["start"])
    problems = [
        Problem(str(path), None, f"{row.texts['aco_id']}, {column}", found, expected, todo)
        for column, found, expected, todo in _wanting(row, why, start)
    ]
    if problems or start is None:
        raise OutcomeError(problems)
    base_years = [start - 3, start - 2, start - 1]
    source = f"{path.name}, {row.texts['aco_id']}"
    return {
        "name": row.texts.get("name") or row.texts["aco_id"],
        "population": _population(row, base_years) | {"source": source},
        "benchmark": {
            "source": source,
            "mode": "simulated",
            "base_years": base_years,
            "weights": _weights(row),
            "published_per_capita": row.value("benchmark_per_capita"),
        },
        "contracts": {
            "mssp": {
                "label": f"MSSP {track.replace('_', ' ').upper()}",
                "program": "mssp",
                "track": track,
                **_election(row, track),
                **_revenue(row, track, start),
            }
        },
        "outputs": {"observed": _observed(row, source)},
    }


def _wanting(row: Row, no_track: str, start: int | None) -> Iterator[tuple[str, str, str, str]]:
    """Column, what was found there, what was expected, and what to do, where a row falls short."""
    header = row.header
    if no_track:
        yield header.name("track"), no_track, f"a track of {row.year}", ""
    for name in _ABOVE_ZERO:
        if not row.value(name):
            found = row.absent(name) or "0"
            yield header.name(name), found, "a figure above 0", ""
    if start is None:
        yield header.name("start"), repr(row.texts["start"]), "the day the agreement began", ""
    elif start > row.year:
        expected = f"an agreement that began in {row.year} or before"
        todo = f"give the file of performance year {row.year}, or correct the year"
        yield header.name("start"), row.texts["start"], expected, todo


def _population(row: Row, base_years: list[int]) -> dict[str, Any]:
    heads, exposure = row.value("beneficiaries") or 0.0, row.value("person_years") or 0.0
    segments = {}
    for kind, person_years in _person_years(row, exposure).items():
        before = row.value(f"{kind}_person_years_by3")
        cost = _by_year(row, f"{kind}_cost", base_years)
        risk = _by_year(row, f"{kind}_risk", [*base_years, row.year])
        segments[kind] = {
            "enrollment_type": kind,
            "person_years": {base_years[-1]: before or person_years, row.year: person_years},
            **({"per_capita": cost} if cost else {}),
            **({"risk_score": risk} if risk else {}),
        }
    return {
        "members": int(heads),
        "person_years_per_member": round(min(exposure / heads, 1.0), 4),
        "per_capita_truncated": True,
        "segments": segments,
    }


def _person_years(row: Row, total: float) -> dict[str, float]:
    """Person-years of each enrollment type that has any.

    CMS suppresses numbers up to 10, and a second one by which the first could be worked out. What
    is left of the total is given to the last of the suppressed types, the others are left out.
    """
    found = {kind: row.value(f"{kind}_person_years_py") for kind in _TYPES}
    hidden = [kind for kind, value in found.items() if value is None]
    if hidden:
        found[hidden[-1]] = total - sum(value for value in found.values() if value is not None)
    return {kind: value for kind, value in found.items() if value is not None and value >= 1.0}


def _by_year(row: Row, field: str, years: list[int]) -> dict[int, float]:
    """Figures above 0 by year; the fields are by1, by2, by3 and py in order."""
    values = zip(years, (*_BASE, "py"), strict=False)
    found = {year: row.value(f"{field}_{suffix}") for year, suffix in values}
    return {year: value for year, value in found.items() if value}


def _weights(row: Row) -> str | list[float]:
    first = row.value("period") in (None, 1.0)
    weights: list[float] = rule("base_year_weights", row.year, "first" if first else "later")
    return "equal" if len(set(weights)) == 1 else weights


def _election(row: Row, track: str) -> dict[str, Any]:
    """Minimum savings rate that a two-sided ACO elected: a fixed choice, or the table."""
    if rule("sided", row.year, track) == 1:
        return {}
    published = row.value("minimum_rate")
    for choice in rule("minimum_savings_rate_choices", row.year):
        if published is not None and abs(published - choice) < 5e-5:
            return {"minimum_savings_rate": choice}
    return {"minimum_savings_rate": "table"}


def _revenue(row: Row, track: str, start: int) -> dict[str, Any]:
    """Low revenue of the participants, where it earns a part of savings below the minimum."""
    earns = rule("reduced_sharing", row.year, track) and start >= rule(
        "reduced_sharing_first_agreement", row.year
    )
    low = row.texts.get("revenue", "").lower().startswith("low")
    return {"low_revenue": True, "agreement_start": start} if earns and low else {}


def _observed(row: Row, source: str) -> dict[str, Any]:
    benchmark, spent = row.value("benchmark"), row.value("expenditure")
    assert benchmark is not None
    assert spent is not None  # words_of has refused a row without them
    return {
        "savings_rate": round((benchmark - spent) / benchmark, 8),
        "payment": row.value("published") or 0.0,
        "benchmark": benchmark,
        "source": source,
    }
