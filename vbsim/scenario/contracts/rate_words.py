"""Rates per member per month in words, and the part of them that quality earns back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from vbsim.errors import did_you_mean
from vbsim.payment_models.per_member import Cell, Rates, Withhold
from vbsim.scenario.shape import Money, Name, Part, Share, Wrong, one_of
from vbsim.scenario.source import Path_, shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

Multiple = Annotated[float, Field(gt=0.0, le=3.0)]


class RateWords(Part):
    """A rate per member per month: stated, or as a share of expected cost."""

    pmpm: Money | dict[Name, Money] | None = Field(
        default=None, description="rate [USD PMPM], one for all members or by segment"
    )
    expected_cost_share: Multiple | None = Field(
        default=None, description="rate as a share of the expected cost of what it covers"
    )
    risk_adjusted: bool = Field(
        default=False,
        description=(
            "pmpm times each segment's risk score; or the share of each segment's own expected cost"
        ),
    )


def rate_wrongs(words: RateWords) -> Iterable[Wrong]:
    """Find fault with a rate that is none, or two."""
    yield from one_of(words, "pmpm", "expected_cost_share")
    if words.risk_adjusted and isinstance(words.pmpm, dict):
        todo = "take it out, or state one pmpm for a risk score of 1"
        yield Wrong(
            "risk_adjusted", "risk_adjusted beside rates by segment", "one of the two", todo
        )


class WithholdWords(Part):
    """Part of a payment that is withheld until quality earns it back."""

    share: Share = Field(description="part withheld")
    earned_by: Literal["score", "standard"] = Field(
        default="score",
        description="score: the quality score is the part earned back; standard: all or nothing",
    )
    minimum_quality: Share | None = Field(
        default=None, description="quality score below which nothing is earned back"
    )


def withhold_terms(words: WithholdWords | None) -> Withhold:
    """Terms of a withhold; none without words."""
    if words is None:
        return Withhold()
    return Withhold(words.share, words.earned_by == "score", words.minimum_quality)


def rate_terms(
    desk: Desk, path: Path_, words: RateWords, year: int, basket: np.ndarray | None = None
) -> Rates:
    """Rates of a year; what is wrong with them is recorded as a problem.

    Parameters
    ----------
    path
        Where the words stand in the scenario.
    basket
        Services that the rate covers, (K,); ``None`` for all.
    """
    if isinstance(words.pmpm, dict):
        return _by_segment(desk, (*path, "pmpm"), words.pmpm)
    if words.pmpm is not None:
        scores = _risk_scores(desk, path, year) if words.risk_adjusted else {}
        moves = desk.audit.scenario.population.risk_measurement is not None
        cells = tuple(Cell(name, words.pmpm, score, moves) for name, score in scores.items())
        return cells or words.pmpm
    return _of_expected_cost(desk, path, words, year, basket)


def _by_segment(desk: Desk, path: Path_, rates: dict[str, float]) -> Rates:
    segments = desk.world.segments
    for name in rates:
        if name not in segments:
            hint = did_you_mean(name, segments)
            desk.audit.wrong((*path, name), shown(name), "a segment of the population", hint)
    for name in segments:
        if name not in rates:
            desk.audit.wrong(path, f"no rate of {name}", "a rate for every segment", "add it")
    return tuple(Cell(name, rates.get(name, 0.0)) for name in segments)


def _risk_scores(desk: Desk, path: Path_, year: int) -> dict[str, float]:
    """Risk score of every segment in a year."""
    found = {}
    for name, segment in desk.audit.scenario.population.segments.items():
        if year not in segment.risk_score:
            todo = f"add population.segments.{name}.risk_score: {{{year}: 1.0}}, say"
            expected = f"the risk score of every segment in {year}"
            desk.audit.wrong((*path, "risk_adjusted"), f"no risk score of {name}", expected, todo)
        found[name] = segment.risk_score.get(year, 1.0)
    return found


def _of_expected_cost(
    desk: Desk, path: Path_, words: RateWords, year: int, basket: np.ndarray | None
) -> Rates:
    share = words.expected_cost_share or 1.0
    name = " ".join(str(part) for part in path[1:])
    how = f"{share:g} of expected cost without true savings"
    if not words.risk_adjusted:
        found = share * desk.expected_pmpm(year, basket)
        desk.audit.derived(f"rate, {name}, {year}", round(found, 2), "USD PMPM", how)
        return found
    by_segment = share * desk.expected_pmpm_by_segment(year, basket)
    moves = desk.audit.scenario.population.risk_measurement is not None
    names = desk.world.segments
    cells = [Cell(n, float(rate), 1.0, moves) for n, rate in zip(names, by_segment, strict=True)]
    for cell in cells:
        place = f"rate, {name}, {cell.name}, {year}"
        desk.audit.derived(place, round(cell.pmpm, 2), "USD PMPM", how)
    return tuple(cells)
