"""Points for quality measures, domain scores and the score that they add up to.

A measure earns points for what was achieved between its threshold and its benchmark, or for the
improvement on its baseline, whichever are more. One with too few cases is left out, and what is
left shares its weight, within a domain and between domains.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import ContractYear, FloatArray, Line, amount, given
from vbsim.vocabulary import SHARE, YES_OR_NO

Lines = dict[str, Line]
BoolArray = NDArray[np.bool_]
POINTS, CASES = "points", "cases"
_DECIMALS = 9  # what is exactly half a point, or a tier's end, must not miss it by its last bit


@dataclass(frozen=True, slots=True)
class Scale:
    """How far a rate must go for how many points.

    Let ``x`` be how far the rate has come from the threshold to the benchmark, 0 to 1. At the
    benchmark it earns ``top`` points; from the threshold on ``slope * x + offset``, at most
    ``most``; below it none. Improvement is the same from the baseline on, with its own slope and
    offset.

    Parameters
    ----------
    rounded
        Whether points are rounded to whole ones, halves up.
    """

    top: float = 1.0
    slope: float = 1.0
    offset: float = 0.0
    improvement_slope: float = 1.0
    improvement_offset: float = 0.0
    most: float = 1.0
    rounded: bool = False

    def __post_init__(self) -> None:
        """Refuse points that fall as the rate gets better."""
        if not (0.0 < self.top < np.inf and 0.0 <= self.most <= self.top):
            raise ParameterError(
                f"points go to {self.most:g} and {self.top:g} at the benchmark; expected more than "
                "0, and no fewer at the benchmark"
            )
        if not (self.slope >= 0.0 and self.improvement_slope >= 0.0):
            raise ParameterError(
                f"slopes of points are {self.slope:g} and {self.improvement_slope:g}; expected 0 "
                "or more"
            )


@dataclass(frozen=True, slots=True)
class Measure:
    """One quality measure of a contract.

    Parameters
    ----------
    name, domain
        Its own, and that of its domain.
    threshold, benchmark
        Rates at which points begin and at which all are earned; equal = all or nothing.
    lower_is_better
        Whether a lower rate is better; then the benchmark lies at or below the threshold.
    weight
        Within its domain.
    baseline
        Rate from which improvement counts; ``None`` where only achievement does.
    minimum_cases
        With fewer eligible the measure is left out.
    must_pass
        Whether missing the threshold closes the gate for every payment.
    bonus
        Fixed payment if the threshold is met [USD].
    extra_points
        Points on top, such as for the way of reporting; never beyond the scale's top.
    """

    name: str
    domain: str
    threshold: float
    benchmark: float
    lower_is_better: bool = False
    weight: float = 1.0
    baseline: float | None = None
    minimum_cases: float = 1.0
    must_pass: bool = False
    bonus: float = 0.0
    extra_points: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a benchmark on the wrong side, and amounts below zero."""
        gap = self.benchmark - self.threshold
        if not (-gap if self.lower_is_better else gap) >= 0.0:
            side = "at most" if self.lower_is_better else "at least"
            raise ParameterError(
                f"benchmark of {self.name} is {self.benchmark:g}; expected {side} its threshold, "
                f"{self.threshold:g}"
            )
        for what in ("weight", "bonus", "extra_points"):
            if not 0.0 <= getattr(self, what) < np.inf:
                raise ParameterError(
                    f"{what} of {self.name} is {getattr(self, what):g}; expected 0 or more"
                )
        if not 1.0 <= self.minimum_cases < np.inf:
            raise ParameterError(
                f"minimum_cases of {self.name} is {self.minimum_cases:g}; expected 1 or more"
            )

    @property
    def sign(self) -> str:
        """Comparison that holds for a rate that is at least as good."""
        return "<=" if self.lower_is_better else ">="

    def reaches(self, found: FloatArray, mark: float) -> BoolArray:
        """Tell where a rate is as good as a mark or better."""
        return np.asarray(found <= mark if self.lower_is_better else found >= mark)


@dataclass(frozen=True, slots=True)
class Domain:
    """A part of the score.

    Parameters
    ----------
    score
        Stated score, share of full; ``None`` where its measures make it, or where, having none, it
        takes the entity's quality score.
    """

    name: str
    weight: float
    score: float | None = None

    def __post_init__(self) -> None:
        """Refuse a weight or a stated score outside [0, 1]."""
        clauses.check_share(f"weight of {self.name}", self.weight)
        if self.score is not None:
            clauses.check_share(f"score of {self.name}", self.score)


def check_names(
    measures: tuple[Measure, ...], domains: tuple[Domain, ...], own: Collection[str]
) -> None:
    """Refuse names that are given twice, are the contract's own lines, or belong nowhere."""
    for kind, names in (
        ("measure", [measure.name for measure in measures]),
        ("domain", [domain.name for domain in domains]),
    ):
        for name in names:
            taken = kind == "measure" and any(line.startswith(f"{name}_") for line in own)
            if taken or names.count(name) > 1:
                raise ParameterError(f"{name} is no clear name of a {kind}; expected another name")
    from_measures = {domain.name for domain in domains if domain.score is None}
    for measure in measures:
        if measure.domain not in from_measures:
            raise ParameterError(
                f"{measure.name} is in the domain {measure.domain}; expected one of "
                f"{', '.join(sorted(from_measures)) or 'none: all have a stated score'}"
            )
    if not sum(domain.weight for domain in domains) > 0.0:
        raise ParameterError("no domain has a weight; expected weights that sum to 1")


def score_lines(
    year: ContractYear,
    measures: tuple[Measure, ...],
    domains: tuple[Domain, ...],
    scale: Scale,
    full: float,
) -> Lines:
    """Lines from the rates of measures to the score, whose highest value is ``full``."""
    lines = of_measures(year, measures, scale)
    return lines | of_domains(lines, year, measures, domains, scale, full)


def of_measures(year: ContractYear, measures: tuple[Measure, ...], scale: Scale) -> Lines:
    """Lines of the points of every measure, and of how many are met."""
    lines: Lines = {}
    for column, measure in enumerate(measures):
        lines |= _of_measure(measure, year.measures[:, column], year.eligible[:, column], scale)
    met = [f"{measure.name}_met" for measure in measures]
    total = _sum([lines[name].value for name in met], year.cost)
    return lines | {"measures_met": amount(total, " + ".join(met), "measures")} if met else lines


def _of_measure(measure: Measure, found: FloatArray, eligible: FloatArray, scale: Scale) -> Lines:
    name, enough = measure.name, eligible >= measure.minimum_cases
    met = enough & measure.reaches(found, measure.threshold)
    lines = {
        f"{name}_rate": given(found, "measured, lower is better" if measure.lower_is_better
                              else "measured, higher is better", SHARE),
        f"{name}_eligible": given(eligible, "denominator of the measure", CASES),
        f"{name}_minimum_cases": given(measure.minimum_cases, "with fewer it is left out", CASES),
        f"{name}_threshold": given(measure.threshold, "rate at which points begin", SHARE),
        f"{name}_benchmark": given(measure.benchmark, "rate that earns all points", SHARE),
        f"{name}_weight": given(measure.weight, "within its domain", SHARE),
        f"{name}_weight_counted": amount(
            measure.weight * enough,
            f"{name}_weight if {name}_eligible >= {name}_minimum_cases else 0",
            SHARE,
        ),
        f"{name}_met": amount(
            met.astype(np.float64),
            f"1 if {name}_eligible >= {name}_minimum_cases"
            f" and {name}_rate {measure.sign} {name}_threshold else 0",
            YES_OR_NO,
        ),
    }  # fmt: skip
    return lines | _points(measure, found, scale)


def _points(measure: Measure, found: FloatArray, scale: Scale) -> Lines:
    """Lines of the points for achievement and improvement, and of the better of the two."""
    name, lines = measure.name, {}
    lines[f"{name}_achievement"] = _earned(
        measure, found, scale, "threshold", measure.threshold, scale.slope, scale.offset
    )
    points, words = lines[f"{name}_achievement"].value, f"{name}_achievement"
    if measure.baseline is not None:
        slope, offset = scale.improvement_slope, scale.improvement_offset
        lines[f"{name}_baseline"] = given(measure.baseline, "rate before", SHARE)
        better = _earned(measure, found, scale, "baseline", measure.baseline, slope, offset)
        lines[f"{name}_improvement"] = better
        points, words = np.maximum(points, better.value), f"max({words}, {name}_improvement)"
    if measure.extra_points:
        lines[f"{name}_extra_points"] = given(measure.extra_points, "on top of the rate's", POINTS)
        points = np.minimum(points + measure.extra_points, scale.top)
        words = f"min({words} + {name}_extra_points, {scale.top:.15g})"
    if scale.rounded:
        points, words = np.floor(points + 0.5), f"({words} + 0.5) // 1"
    return lines | {f"{name}_points": amount(points, words, POINTS)}


def _earned(
    measure: Measure,
    found: FloatArray,
    scale: Scale,
    mark: str,
    start: float,
    slope: float,
    offset: float,
) -> Line:
    """Line of the points for the way from a start, the threshold or the baseline."""
    name, sign, width = measure.name, measure.sign, measure.benchmark - start
    part = f"{slope:.15g} * ({name}_rate - {name}_{mark}) / ({name}_benchmark - {name}_{mark})"
    if offset:
        part += f" {'-' if offset < 0.0 else '+'} {abs(offset):.15g}"
    at_top = measure.reaches(found, measure.benchmark)
    value = found - start
    value *= slope / (width or 1.0)
    value += offset
    if slope + offset > scale.most:
        np.minimum(value, scale.most, out=value)
        part = f"min({part}, {scale.most:.15g})"
    if offset < 0.0:
        part = f"max({part}, 0)"
    # Masks are multiplied, which is faster than choosing; fmax takes away the missing rates.
    value *= measure.reaches(found, start) & ~at_top
    np.fmax(value, 0.0, out=value)
    value += scale.top * at_top
    return amount(
        np.round(value, _DECIMALS, out=value) if scale.rounded else value,
        f"{scale.top:.15g} if {name}_rate {sign} {name}_benchmark else {part}"
        f" if {name}_rate {sign} {name}_{mark} else 0",
        POINTS,
    )


def of_domains(
    lines: Lines,
    year: ContractYear,
    measures: tuple[Measure, ...],
    domains: tuple[Domain, ...],
    scale: Scale,
    full: float,
) -> Lines:
    """Lines of the domains' scores, and of the score that their weights make of them."""
    found: Lines = {"full_score": given(full, "score with all points", POINTS)}
    if any(d.score is None and all(m.domain != d.name for m in measures) for d in domains):
        found["quality_score"] = given(year.quality_score, "the entity's quality score", SHARE)
    for domain in domains:
        own = [measure.name for measure in measures if measure.domain == domain.name]
        found |= _of_domain(domain, own, lines | found, scale)
    names = [domain.name for domain in domains]
    weights = [found[f"{name}_domain_weight_counted"].value for name in names]
    scores = [found[f"{name}_domain_score"].value for name in names]
    total = _sum(weights, year.cost)
    earned = _sum([w * s for w, s in zip(weights, scores, strict=True)], year.cost)
    value = np.divide(earned, total, out=np.zeros_like(total), where=total > 0.0)
    all_weights = " + ".join(f"{name}_domain_weight_counted" for name in names)
    products = " + ".join(f"{n}_domain_weight_counted * {n}_domain_score" for n in names)
    counted = _sum([(w > 0.0) * 1.0 for w in weights], year.cost)
    return found | {
        "scored_domains": amount(
            counted,
            " + ".join(f"({name}_domain_weight_counted > 0)" for name in names),
            "domains",
        ),
        "score": amount(
            np.round(value, _DECIMALS),
            f"({products}) / ({all_weights}) if {all_weights} > 0 else 0",
            POINTS,
        ),
    }


def _of_domain(domain: Domain, own: list[str], lines: Lines, scale: Scale) -> Lines:
    name, full = domain.name, lines["full_score"].value
    found = {f"{name}_domain_weight": given(domain.weight, "of the domain", SHARE)}
    weight, words = np.asarray(domain.weight), f"{name}_domain_weight"
    if own:
        weights = [lines[f"{measure}_weight_counted"].value for measure in own]
        total = _sum(weights, weights[0])
        points = [lines[f"{measure}_points"].value for measure in own]
        earned = _sum([w * p for w, p in zip(weights, points, strict=True)], total)
        share = np.divide(earned, total * scale.top, out=np.zeros_like(total), where=total > 0.0)
        summed = " + ".join(f"{measure}_weight_counted" for measure in own)
        products = " + ".join(f"{measure}_weight_counted * {measure}_points" for measure in own)
        weight, words = np.where(total > 0.0, weight, 0.0), f"{words} if {summed} > 0 else 0"
        score = (
            f"full_score * ({products}) / ({scale.top:.15g} * ({summed})) if {summed} > 0 else 0"
        )
    elif domain.score is not None:
        found[f"{name}_stated_score"] = given(domain.score, "as stated, share of full", SHARE)
        share, score = np.asarray(domain.score), f"full_score * {name}_stated_score"
    else:
        share, score = lines["quality_score"].value, "full_score * quality_score"
    return found | {
        f"{name}_domain_weight_counted": amount(weight, words, SHARE),
        f"{name}_domain_score": amount(full * share, score, POINTS),
    }


def _sum(parts: Sequence[NDArray[np.floating[Any]]], like: FloatArray) -> FloatArray:
    """Add parts up, one after the other; zeros for none."""
    total = np.zeros_like(like)
    for part in parts:
        total = total + part
    return total
