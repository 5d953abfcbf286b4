"""Private pay for performance: ``model: pay_for_performance`` with terms as stated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models import pay_for_performance
from vbsim.payment_models.scoring import Scale
from vbsim.scenario.contracts.score_words import (
    TABLE,
    PayingMeasure,
    Score,
    ScoredWords,
    Table,
    pieces_of,
    scored,
)
from vbsim.scenario.contracts.words import ModelWords
from vbsim.scenario.shape import Name, Part, Positive, Share, Wrong, one_of, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "pay_for_performance"
PROGRAMS: frozenset[str] = frozenset()
Points = Annotated[float, Field(ge=-1e3, le=1e3)]
FullScore = Annotated[float, Field(gt=0.0, le=1e4)]
_OF_WITHHOLD = ("earn_back_slope", "score_divisor")


class PointScale(Part):
    """Points of a measure on its way from the threshold, or its baseline, to the benchmark."""

    top: FullScore = Field(default=1.0, description="points at the benchmark")
    slope: Points = Field(default=1.0, description="points from threshold to benchmark, at most")
    offset: Points = Field(default=0.0, description="points at the threshold")
    improvement_slope: Points = Field(
        default=1.0, description="points from baseline to benchmark, at most"
    )
    improvement_offset: Points = Field(default=0.0, description="points at the baseline")
    most: Points = Field(default=1.0, description="most points below the benchmark")
    rounded: bool = Field(default=False, description="points are whole, halves rounded up")


class Words(ScoredWords, ModelWords):
    """A bonus, a penalty or a withhold that quality decides."""

    measures: dict[Name, PayingMeasure] = Field(
        default_factory=dict, description="measures of the score, by their names under quality"
    )
    base_payments: Positive | None = Field(
        default=None, description="payments of the year that rates refer to [USD]"
    )
    basket: Annotated[list[Name], Field(min_length=1)] | None = Field(
        default=None, description="services whose claims rates refer to, instead of stated payments"
    )
    basket_share: Share = Field(default=1.0, description="part of those claims")
    points: PointScale = Field(default=PointScale(), description="points of every measure")
    full_score: FullScore = Field(
        default=100.0, description="score with all points, such as the number of measures"
    )
    rates: Table | None = Field(
        default=None, description=f"bonus or penalty, a rate on those payments, by score: {TABLE}"
    )
    withhold: Share = Field(default=0.0, description="part of those payments that is withheld")
    earn_back_slope: Annotated[float, Field(ge=0.0, le=10.0)] | None = Field(
        default=None, description="what a full score earns back, times the withhold; else 1"
    )
    score_divisor: FullScore | None = Field(
        default=None, description="score that counts as full for the withhold; else full_score"
    )
    minimum_score: Score = Field(default=0.0, description="gate: score below which nothing is paid")
    minimum_domains: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1, description="with fewer domains that could be scored nothing is moved"
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Words:
        refuse(_wrongs(self))
        return self


def _wrongs(words: Words) -> Iterable[Wrong]:
    bonus = any(measure.bonus for measure in words.measures.values())
    if words.rates or words.withhold:
        yield from one_of(words, "base_payments", "basket")
    elif not bonus:
        expected = "at least one of rates, withhold and a measure's bonus"
        yield Wrong("", "pay for performance without a payment", expected, "add one of them")
    else:
        for key in (key for key in ("base_payments", "basket") if getattr(words, key) is not None):
            expected = "rates or withhold beside it, which refer to it"
            yield Wrong(key, f"{key} that nothing refers to", expected, "add one, or take it out")
    if words.basket_share != 1.0 and words.basket is None:
        yield Wrong("basket_share", "basket_share without basket", "the key basket beside it")
    for key in _OF_WITHHOLD:
        if getattr(words, key) is not None and not words.withhold:
            found, todo = f"{key} without withhold", "add it, or take this out"
            yield Wrong(key, found, "the key withhold beside it", todo)


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the terms as stated."""
    terms = pay_for_performance.Terms(
        **scored(desk, name, words),
        **_withheld(words),
        scale=Scale(**words.points.model_dump()),
        full_score=words.full_score,
        minimum_domains=words.minimum_domains,
        revenue=None if words.basket is not None else words.base_payments or 0.0,
        basket_share=words.basket_share,
        pieces=pieces_of(desk, ("contracts", name, "rates"), words.rates or [], words.full_score),
        minimum_score=words.minimum_score,
    )
    basket = None
    if words.basket is not None:
        basket = desk.basket(("contracts", name, "basket"), words.basket)
    return Contract(
        name=name,
        label=words.label or "Pay for performance",
        model=MODEL,
        lan_category="2C",
        terms=(terms,) * len(desk.years),
        measures=tuple(words.measures),
        basket=basket,
    )


def _withheld(words: Words) -> dict[str, Any]:
    """Terms of the withhold; the full score earns all of it back unless the words differ."""
    return {
        "withhold_rate": words.withhold,
        "exchange_slope": 1.0 if words.earn_back_slope is None else words.earn_back_slope,
        "score_divisor": words.score_divisor or words.full_score,
    }
