"""Words of a score: quality measures and domains of a contract, and tables of rates by score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from vbsim.errors import did_you_mean
from vbsim.payment_models import clauses
from vbsim.payment_models.clauses import Pieces
from vbsim.payment_models.scoring import Domain, Measure
from vbsim.scenario.contracts.words import ContractWords
from vbsim.scenario.quality import MeasureRate, QualityMeasure, Weight
from vbsim.scenario.shape import Money, Name, Part, Share, SignedShare, Wrong, refuse
from vbsim.scenario.source import Path_, shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

ENTITY = "quality"
Score = Annotated[float, Field(ge=0.0, le=1e6)]


def _four(piece: list[float]) -> list[float]:
    if len(piece) != 4:
        refuse(
            [
                Wrong(
                    "",
                    "",
                    "four numbers: lowest score, highest, rate at the lowest, at the highest",
                )
            ]
        )
    return piece


Piece = Annotated[list[float], AfterValidator(_four)]
Table = dict[Score, SignedShare] | list[Piece]
TABLE = (
    "least score: rate from there on; or a list of lines, each [lowest score, highest, rate at "
    "the lowest, rate at the highest]"
)


class ScoredMeasure(Part):
    """A measure of ``quality.measures`` in a contract's score."""

    domain: Name | None = Field(default=None, description="domain of the score it belongs to")
    threshold: MeasureRate | None = Field(
        default=None, description="rate at which points begin; else the measure's own"
    )
    benchmark: MeasureRate | None = Field(
        default=None, description="rate that earns all points; else the threshold, all or nothing"
    )
    baseline: MeasureRate | None = Field(
        default=None, description="rate before, from which improvement earns points too"
    )
    lower_is_better: bool | None = Field(
        default=None, description="a lower rate earns more; else as the quality says"
    )
    weight: Weight = Field(default=1.0, description="within its domain")
    minimum_cases: Annotated[float, Field(ge=1.0, le=1e8)] = Field(
        default=1.0, description="with fewer eligible it is left out"
    )
    must_pass: bool = Field(
        default=False, description="missing the threshold closes the gate for every payment"
    )
    extra_points: Annotated[float, Field(ge=0.0, le=1e3)] = Field(
        default=0.0, description="on top of its points, such as for the way of reporting"
    )


class PayingMeasure(ScoredMeasure):
    """A measure that may earn a fixed amount by itself."""

    bonus: Money = Field(default=0.0, description="paid if the threshold is met [USD]")


class ScoredDomain(Part):
    """A part of the score; without measures and a score of its own, the entity's quality."""

    weight: Share | None = Field(default=None, description="of the domain; weights sum to 1")
    score: Share | None = Field(default=None, description="stated score, share of all points")


class ScoredWords(ContractWords):
    """A contract of which a score decides; without measures and domains, the entity's quality."""

    measures: Mapping[Name, ScoredMeasure] = Field(
        default_factory=dict, description="measures of the score, by their names under quality"
    )
    domains: dict[Name, ScoredDomain] = Field(
        default_factory=dict, description="parts of the score, by name"
    )


def scored(
    desk: Desk, name: str, words: ScoredWords, weights: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Terms ``measures`` and ``domains`` of a contract; empty where the entity's score decides.

    Parameters
    ----------
    weights
        Weights of the program's domains; without them the scenario states its own.
    """
    if not words.measures and not words.domains:
        return {}
    before = len(desk.audit.problems)
    check_known(desk, name, words.measures)
    domains = _domains(desk, name, words, weights)
    known = desk.audit.scenario.quality.measures
    measures = [
        _measure(desk, name, key, stated, known[key], domains)
        for key, stated in words.measures.items()
        if key in known
    ]
    if len(desk.audit.problems) > before:
        return {}
    used = {*words.domains, *(measure.domain for measure in measures if measure)}
    return {
        "measures": tuple(measure for measure in measures if measure),
        "domains": tuple(domain for domain in domains if domain.name in used),
    }


def check_known(desk: Desk, name: str, measures: Iterable[str]) -> None:
    """Record a problem for every measure of a contract that the scenario's quality lacks."""
    known = desk.audit.scenario.quality.measures
    for measure in measures:
        if measure not in known:
            path = ("contracts", name, "measures", measure)
            hint = did_you_mean(measure, known) if known else "add it there"
            desk.audit.wrong(path, f"'{measure}'", "a measure under quality.measures", hint)


def _domains(
    desk: Desk, name: str, words: ScoredWords, weights: Mapping[str, float] | None
) -> list[Domain]:
    """Domains of the program or of the scenario; one without either."""
    path = ("contracts", name, "domains")
    if weights is None and not words.domains:
        return [Domain(ENTITY, 1.0)]
    own = {key: stated.weight for key, stated in words.domains.items()}
    if weights is None:
        weights = {key: weight or 0.0 for key, weight in own.items()}
        if None in own.values() or abs(sum(weights.values()) - 1.0) > 1e-6:
            found = f"weights that sum to {sum(weights.values()):g}"
            desk.audit.wrong(path, found, "a weight of each domain, which sum to 1")
    else:
        _check_program_domains(desk, path, own, weights)
    scores = {key: stated.score for key, stated in words.domains.items()}
    return [Domain(key, weight, scores.get(key)) for key, weight in weights.items()]


def _check_program_domains(
    desk: Desk, path: Path_, own: Mapping[str, float | None], weights: Mapping[str, float]
) -> None:
    """Find fault with domains that the program has not, and with weights of their own."""
    for key, weight in own.items():
        if key not in weights:
            expected = "a domain of the program: " + ", ".join(weights)
            desk.audit.wrong((*path, key), f"'{key}'", expected, did_you_mean(key, weights))
        elif weight is not None:
            expected = "no weight: the program's rules have it"
            desk.audit.wrong((*path, key, "weight"), shown(weight), expected, "take it out")


def _measure(
    desk: Desk,
    contract: str,
    name: str,
    stated: ScoredMeasure,
    quality: QualityMeasure,
    domains: list[Domain],
) -> Measure | None:
    """Measure in numbers; ``None`` when something about it is wrong (and recorded)."""
    path = ("contracts", contract, "measures", name)
    marks = _marks(stated, quality)
    if marks is None:
        expected = f"the key threshold, here or under quality.measures.{name}"
        desk.audit.wrong(path, f"{name} without a threshold", expected, "add it")
        return None
    for key in ("threshold", "benchmark", "baseline"):
        value = getattr(stated, key)
        if value is not None and value > 1.0 and not quality.per_person_year:
            todo = f"write {value:g} % as {value / 100:g}"
            desk.audit.wrong((*path, key), f"{value:g}", "a share of 1, at most 1", todo)
    reverse = quality.reverse if stated.lower_is_better is None else stated.lower_is_better
    with desk.audit.at(*path):
        return Measure(
            name=name,
            domain=_domain_of(desk, path, stated, domains),
            threshold=marks[0],
            benchmark=marks[1],
            lower_is_better=reverse,
            weight=stated.weight,
            baseline=stated.baseline,
            minimum_cases=stated.minimum_cases,
            must_pass=stated.must_pass,
            bonus=getattr(stated, "bonus", 0.0),
            extra_points=stated.extra_points,
        )
    return None


def _marks(stated: ScoredMeasure, quality: QualityMeasure) -> tuple[float, float] | None:
    """Threshold and benchmark of a contract, or the measure's own; equal = all or nothing."""
    threshold, benchmark = stated.threshold, stated.benchmark
    if threshold is None:
        threshold = quality.threshold
        benchmark = quality.benchmark if benchmark is None else benchmark
    if threshold is None:
        return None
    return threshold, threshold if benchmark is None else benchmark


def _domain_of(desk: Desk, path: Path_, stated: ScoredMeasure, domains: list[Domain]) -> str:
    """Domain of a measure: as stated, or the only one."""
    open_to_measures = [domain.name for domain in domains if domain.score is None]
    if stated.domain is None and len(domains) == 1:
        return domains[0].name
    if stated.domain not in open_to_measures:
        found = "no domain" if stated.domain is None else f"'{stated.domain}'"
        where = path if stated.domain is None else (*path, "domain")
        expected = "a domain without a stated score: " + (", ".join(open_to_measures) or "none")
        hint = did_you_mean(stated.domain, open_to_measures) if stated.domain else "add domain"
        desk.audit.wrong(where, found, expected, hint)
    return stated.domain or ""


def lines_of(table: list[list[float]]) -> Pieces:
    """Pieces of a table of lines, as a rule file or a scenario writes them."""
    return tuple((low, high, at_low, at_high) for low, high, at_low, at_high in table)


def pieces_of(desk: Desk, path: Path_, table: Table, full: float) -> Pieces:
    """Pieces of a stated table; none when something about it is wrong (and recorded).

    Of steps each reaches up to the next; below the lowest the rate is 0.
    """
    if isinstance(table, list):
        pieces = lines_of(table)
    else:
        steps = sorted((table if 0.0 in table else {0.0: 0.0, **table}).items(), reverse=True)
        ends = [full, *(least for least, _ in steps[:-1])]
        pieces = tuple((least, end, r, r) for (least, r), end in zip(steps, ends, strict=True))
    with desk.audit.at(*path):
        clauses.check_pieces(pieces, full)
        return pieces
    return ()
