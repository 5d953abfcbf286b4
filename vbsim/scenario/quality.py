"""Quality in words, and as generators: the entity's score, and single measures.

Without measures the score is drawn by itself. Measures are drawn beside it, and with
``score: measures`` they make it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from vbsim.generators import quality, quality_measures
from vbsim.scenario.shape import Cited, Label, Name, Share, SignedShare, Spread, Wrong, refuse

if TYPE_CHECKING:
    from vbsim.rulebook import Rulebook
    from vbsim.scenario.world import Draft

# What is counted, the service whose claims it is, and whether each of them counts.
_COUNTED = {
    "ed_visits": ("ed", 1.0),
    "readmissions": ("inpatient", None),
    "ambulatory_sensitive_admissions": ("inpatient", None),
}
MeasureRate = Annotated[float, Field(ge=0.0, le=1e3)]
Weight = Annotated[float, Field(ge=0.0, le=1e3)]


class QualityMeasure(Cited):
    """A quality measure of the entity: of eligible members, or counted from simulated claims."""

    label: Label | None = Field(default=None, description="words for tables")
    mean: Share | None = Field(default=None, description="mean rate of the first year")
    sd: Spread = Field(default=0.0, description="sd of the true rate between years and entities")
    drift: SignedShare = Field(default=0.0, description="change of the mean per year, in points")
    eligible: Annotated[int, Field(ge=1, le=10**8)] | None = Field(
        default=None, description="eligible members"
    )
    eligible_share: Annotated[Share, Field(gt=0.0)] | None = Field(
        default=None, description="eligible members as a share of the person-years"
    )
    from_: Literal["ed_visits", "readmissions", "ambulatory_sensitive_admissions"] | None = Field(
        default=None, alias="from", description="what is counted among the simulated claims"
    )
    probability: Share | None = Field(
        default=None, description="that a claim counts, in the first year"
    )
    service: Name | None = Field(default=None, description="service whose claims are counted")
    per: Literal["person_year", "claim"] | None = Field(
        default=None, description="denominator of counted claims"
    )
    lower_is_better: bool | None = Field(
        default=None, description="false unless claims are counted"
    )
    threshold: MeasureRate | None = Field(
        default=None, description="rate at which points begin; for the score and contracts"
    )
    benchmark: MeasureRate | None = Field(
        default=None, description="rate that earns all points; for the score and contracts"
    )
    weight: Weight = Field(default=1.0, description="of the measure in the score")

    @property
    def reverse(self) -> bool:
        """Whether a lower rate is better: so of all that is counted among claims."""
        return self.from_ is not None if self.lower_is_better is None else self.lower_is_better

    @property
    def per_person_year(self) -> bool:
        """Whether the person-years are the denominator."""
        stated = self.per or ("claim" if self.from_ == "readmissions" else "person_year")
        return self.from_ is not None and stated == "person_year"

    @model_validator(mode="after")
    def _consistent(self) -> QualityMeasure:
        refuse([*(self._counted() if self.from_ else self._of_members()), *self._points()])
        return self

    def _counted(self) -> Iterable[Wrong]:
        for key in ("mean", "eligible", "eligible_share"):
            if getattr(self, key) is not None:
                expected = "no such key beside from: claims are counted"
                yield Wrong(key, f"{key} beside from", expected, "take one of the two out")
        if self.probability is None and _COUNTED[str(self.from_)][1] is None:
            found, expected = f"from: {self.from_} alone", "the key probability, that a stay counts"
            yield Wrong("", found, expected, "add it")

    def _of_members(self) -> Iterable[Wrong]:
        for key in ("probability", "service", "per"):
            if getattr(self, key) is not None:
                expected = "this key only beside from, for what is counted among claims"
                yield Wrong(key, f"{key} without from", expected, "add from, or take it out")
        if self.mean is None:
            expected = "the key mean (or from, for what is counted among claims)"
            yield Wrong("", "a measure without its mean", expected, "add it")
        if (self.eligible is None) == (self.eligible_share is None):
            found = "neither" if self.eligible is None else "both"
            expected = "exactly one of eligible and eligible_share"
            yield Wrong("", f"{found} of eligible and eligible_share", expected)

    def _points(self) -> Iterable[Wrong]:
        yield from points_wrongs(self.threshold, self.benchmark, reverse=self.reverse)
        for key in () if self.per_person_year else ("threshold", "benchmark"):
            value = getattr(self, key)
            if value is not None and value > 1.0:
                todo = f"write {value:g} % as {value / 100:g}"
                yield Wrong(key, f"{value:g}", "a share of 1, at most 1", todo)


def points_wrongs(
    threshold: float | None, benchmark: float | None, *, reverse: bool
) -> Iterable[Wrong]:
    """Find fault with a threshold and a benchmark that do not fit together."""
    if threshold is None or benchmark is None:
        if threshold is not benchmark:
            expected = "threshold and benchmark, or neither"
            yield Wrong("", "one of threshold and benchmark", expected, "add the other")
    elif benchmark > threshold if reverse else benchmark < threshold:
        side = "at most" if reverse else "at least"
        kind = "lower is" if reverse else "higher is"
        expected = f"{side} the threshold, {threshold:g}: {kind} better"
        yield Wrong("benchmark", f"{benchmark:g}", expected, "swap the two, or lower_is_better")


class Quality(Cited):
    """The entity's quality score; what is left out comes from the assumption set."""

    score_mean: Share | None = None
    score_sd: Share | None = None
    standard_met: Share | None = Field(default=None, description="probability the standard is met")
    measures: dict[Name, QualityMeasure] = Field(default_factory=dict)
    correlation: Share = Field(
        default=0.0, description="of the performance on any two measures (Gaussian copula)"
    )
    score: Literal["measures"] | None = Field(
        default=None, description="measures: the score is the mean of the measures' points"
    )
    standard: Share | None = Field(
        default=None, description="score of the measures at which the standard is met"
    )

    @model_validator(mode="after")
    def _one_score(self) -> Quality:
        if self.score is None:
            refuse(self._without_points())
        else:
            refuse(self._from_points())
        return self

    def _without_points(self) -> Iterable[Wrong]:
        if self.standard is not None:
            expected = "this key only beside score: measures"
            yield Wrong("standard", "standard alone", expected, "write standard_met, a probability")
        if self.correlation and not self.measures:
            yield Wrong("correlation", "correlation without measures", "the key measures")

    def _from_points(self) -> Iterable[Wrong]:
        for key in ("score_mean", "score_sd", "standard_met"):
            if getattr(self, key) is not None:
                expected = "no such key beside score: measures"
                yield Wrong(key, f"{key} beside score: measures", expected, "take it out")
        if self.standard is None:
            expected = "the key standard: the score at which the standard is met"
            yield Wrong("", "score: measures without a standard", expected, "add it")
        if not any(m.threshold is not None and m.weight > 0.0 for m in self.measures.values()):
            expected = "at least one measure with threshold, benchmark and weight"
            yield Wrong("", "score: measures without points", expected)


def generators(
    draft: Draft, book: Rulebook
) -> tuple[quality.Params, tuple[quality_measures.Params, ...]]:
    """Make the generator of the score, and those of the measures of each year."""
    words = draft.audit.scenario.quality
    by_year = tuple(_of_year(draft, words, year) for year in draft.years if words.measures)
    if words.score == "measures":
        return quality.Params(0.0, 0.0, 0.0), by_year  # not used: the measures make the score
    with draft.audit.before_all_else("quality", "score_sd"):
        score = quality.Params(**_score(draft, book, words))
    return score, by_year


def _score(draft: Draft, book: Rulebook, words: Quality) -> dict[str, float]:
    found = {}
    for name in ("score_mean", "score_sd", "standard_met"):
        own = getattr(words, name)
        assumed = f"quality.{name}"
        found[name] = (
            own
            if own is not None
            else float(draft.audit.cite(book.figure(assumed, draft.start_year)))
        )
    return found


def _of_year(draft: Draft, words: Quality, year: int) -> quality_measures.Params:
    # Base years have happened: the mean drifts from the first performance year on.
    passed = max(year - draft.start_year, 0)
    measures = [_measure(draft, name, stated, passed) for name, stated in words.measures.items()]
    return quality_measures.Params(tuple(measures), words.correlation, words.standard)


def _measure(
    draft: Draft, name: str, words: QualityMeasure, passed: int
) -> quality_measures.Measure:
    service, mean = "", words.mean
    if words.from_ is not None:
        usual, every = _COUNTED[words.from_]
        service, mean = words.service or usual, words.probability
        mean = every if mean is None else mean
        if service not in draft.services:
            expected = "a service of this scenario: " + ", ".join(draft.services)
            path = ("quality", "measures", name, "service" if words.service else "from")
            todo = "" if words.service else "name the service that holds them: service"
            draft.audit.wrong(path, repr(service), expected, todo)
            draft.audit.check()
    assert mean is not None
    with draft.audit.before_all_else("quality", "measures", name):
        measure = quality_measures.Measure(
            name=name,
            mean=float(np.round(mean + words.drift * passed, 12)),
            sd=words.sd,
            eligible=None if words.eligible is None else float(words.eligible),
            eligible_share=words.eligible_share,
            service=service,
            per_person_year=words.per_person_year,
            lower_is_better=words.reverse,
            threshold=words.threshold,
            benchmark=words.benchmark,
            weight=words.weight,
        )
    return measure
