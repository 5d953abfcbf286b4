"""What the rules need of a row of CMS's MSSP Financial and Quality Results files.

The rates are derived by the rules from quality, track, election and size; what CMS published
is used only to compare. Three things that the rules ask for are in the files in another shape:

* The election of a minimum savings rate is read off the published rate: one of the fixed choices,
  or else the table, whose rate is then derived from the number of beneficiaries.
* Files of 2014 and 2015 do not say who missed the quality standard; a final sharing rate of 0 does.
* Disaster relief is given in dollars. For six-month results of 2019 it is that of twelve months.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from vbsim import rulebook
from vbsim.outcomes import compare
from vbsim.outcomes.cells import start_year
from vbsim.outcomes.layout import Layout
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.reader import Row
from vbsim.outcomes.tracks import TRACK_FLAGS, track_of
from vbsim.payment_models import clauses
from vbsim.payment_models.shared_savings_terms import PROGRAM_TERMS
from vbsim.rulebook import Rulebook

LAYOUT = Layout(
    columns={
        "aco_id": ("aco_id", "aco_num"),
        "track": ("current_track",),
        "beneficiaries": ("n_ab",),
        "minimum_rate": ("minsavperc",),
        "quality": ("qualscore",),
        "standard_met": ("met_qps",),
        "alternative_met": ("met_altqps",),
        "benchmark": ("abtotbnchmk",),
        "expenditure": ("abtotexp",),
        "benchmark_per_capita": ("updatedbnchmk",),
        "person_years": ("n_ab_year_py",),
        "relief": ("disadj",),
        "start": ("current_start_date", "start_date"),
        "revenue": ("rev_exp_cat",),
        "reduced": ("reducedss",),
        "guardrail": ("guardrail",),
        "published": ("earnsaveloss",),
        "published_savings": ("earnshrsavings",),
        "published_losses": ("owelosses",),
        "published_sharing": ("finalsharerate",),
        "revenue_limited": ("revlosslimit",),
        "prorated": ("prorate_shared_losses", "impact_mid_year_termination"),
    },
    needed=("aco_id", "beneficiaries", "minimum_rate", "quality", "benchmark", "expenditure"),
    # No minimum savings rate reaches 30 %; the smallest above zero is half a point.
    rates={"minimum_rate": 0.3, "quality": 1.5, "published_sharing": 1.0},
    flags=frozenset({"standard_met", "alternative_met", "reduced", "revenue_limited"}),
    texts=frozenset({"aco_id", "track", "start", "revenue"}),
    # Pay-for-reporting in a first year: complete reporting earns the full rate.
    words={"quality": {"P4R": 1.0}, "guardrail": {"YES": 1.0, "NO": 0.0}},
    groups=TRACK_FLAGS,
)  # fmt: skip
# Terms that differ between the ACOs of a track, or that are worked out from other figures.
_BY_ACO = {"two_sided", "minimum_savings_rate", "minimum_loss_rate", "loss_limit_amount"}


@dataclass(slots=True)
class Facts:
    """What the settlement of one ACO-year rests on, and the outcome it goes to."""

    outcome: Outcome
    row: Row
    terms: tuple[int, str, int, float]
    minimum_rate: float
    benchmark: float
    expenditure: float
    quality: float
    met: float
    alternative: float
    guardrail: float
    relief: float


def facts_of(row: Row) -> Outcome | Facts:
    """Gather what the rules need of a row, or give an outcome that says what is missing."""
    outcome = Outcome(row.texts["aco_id"], row.year, published=published_payment(row))
    benchmark, expenditure = row.value("benchmark"), row.value("expenditure")
    tracks = rule("sided", row.year)
    track, why = track_of(row, tracks)
    outcome.track = track
    wanting = [why] if why else _wanting(row, "benchmark", "expenditure", "beneficiaries")
    if benchmark is not None and benchmark <= 0.0:
        wanting.append("the benchmark is not above 0")
    if wanting or benchmark is None or expenditure is None:
        return _unsettled(outcome, wanting)
    outcome.savings_rate = (benchmark - expenditure) / benchmark
    minimum_rate, wanting = _minimum_rate(row, track)
    if minimum_rate is None:
        return _unsettled(outcome, wanting)
    outcome.minimum_savings_rate = minimum_rate
    counted = _may_count(row, track, benchmark - expenditure, minimum_rate * benchmark)
    met, alternative, wanting = _standard(row, counted)
    wanting += _quality_wanting(row, track, counted, met, alternative)
    relief, more = _relief(row, counted)
    if wanting + more:
        return _unsettled(outcome, wanting + more)
    return Facts(
        outcome,
        row,
        (row.year, track, _agreement_year(row), _reduced_sharing(row, track, met + alternative)),
        minimum_rate,
        benchmark,
        expenditure,
        row.value("quality") or 0.0,
        met,
        alternative,
        _guardrail(row),
        relief,
    )


def _unsettled(outcome: Outcome, reasons: list[str]) -> Outcome:
    for reason in dict.fromkeys(reasons):
        outcome.because(reason)
    return outcome


def _wanting(row: Row, *names: str) -> list[str]:
    return [compare.absent(row, n, LAYOUT) for n in names if row.value(n) is None]


def published_payment(row: Row) -> float | None:
    """Payment that CMS published: earned savings, or owed losses as a negative amount [USD]."""
    if "published" in row.numbers:
        return row.value("published")
    savings, losses = row.value("published_savings"), row.value("published_losses")
    if savings is None and losses is None:
        return None
    # Owed losses are stored with either sign.
    return (savings or 0.0) - abs(losses or 0.0)


def _minimum_rate(row: Row, track: str) -> tuple[float | None, list[str]]:
    """Minimum savings rate by size, or the fixed rate that a two-sided ACO elected."""
    heads = int(row.value("beneficiaries") or 0)
    by_size = minimum_rate_by_size(row.year, heads)
    if rule("sided", row.year, track) == 2:
        published = row.value("minimum_rate")
        if published is None:
            return None, _wanting(row, "minimum_rate")
        choice = fixed_choice(published, row.year)
        if choice is not None and heads >= _least(row.year):
            return choice, []
    if by_size is None:
        return None, [f"no minimum savings rate for {heads} beneficiaries"]
    return by_size, []


def fixed_choice(published: float | None, year: int) -> float | None:
    """Tell which of the fixed choices a published minimum savings rate is; ``None``: none."""
    choices: list[float] = rule("minimum_savings_rate_choices", year)
    near = [c for c in choices if published is not None and abs(published - c) < 5e-5]
    return near[0] if near else None


def _least(year: int) -> float:
    return rule("fixed_choice_minimum_beneficiaries", year)


@cache
def minimum_rate_by_size(year: int, heads: int) -> float | None:
    """Minimum savings rate of the table by size; ``None`` without a beneficiary."""
    tables = [book().figure(f"minimum_savings_rate_{name}", year).value
              for name in ("smallest", "table")]  # fmt: skip
    return clauses.banded(tables[0] + tables[1], heads) if heads > 0 else None


def _may_count(row: Row, track: str, gap: float, minimum: float) -> float:
    """Give savings or losses from which money may move [USD]; 0 where quality cannot matter."""
    reached = bool(clauses.reaches(abs(gap), minimum))
    if gap > 0.0:
        return gap if reached or rule("reduced_sharing", row.year, track) else 0.0
    two_sided = rule("sided", row.year, track) == 2
    return gap if two_sided and reached else 0.0


def _standard(row: Row, counted: float) -> tuple[float, float, list[str]]:
    """Whether the quality standard and its alternative were met; what is missing to say so."""
    alternative = row.value("alternative_met") or 0.0
    if "standard_met" in row.numbers:
        wanting = _wanting(row, "standard_met") if counted else []
        return row.value("standard_met") or 0.0, alternative, wanting
    if row.value("published_sharing") is not None:
        return float(row.value("published_sharing") != 0.0), alternative, []
    wanting = ["Met_QPS is not in the file, nor a final sharing rate that tells"] if counted else []
    return 0.0, alternative, wanting


def _quality_wanting(
    row: Row, track: str, counted: float, met: float, alternative: float
) -> list[str]:
    terms = terms_of_track(row.year, track)
    if counted > 0.0:
        needed = (
            terms["quality_scales_sharing"] if met else terms["alternative_standard"] * alternative
        )
    else:
        needed = counted and terms["loss_rate_quality_slope"] and met + alternative
    quality = row.value("quality")
    if needed and quality is not None and not 0.0 <= quality <= 1.0:
        return [f"{row.header.name('quality')} is {quality:.2%}, expected 0 to 100 %"]
    return _wanting(row, "quality") if needed else []


def _relief(row: Row, counted: float) -> tuple[float, list[str]]:
    """Losses forgiven for a disaster [USD]."""
    if counted >= 0.0 or "relief" not in row.numbers:
        return 0.0, []
    amount = row.value("relief")
    if amount is None:
        none = row.absent("relief") == "not applicable"
        return 0.0, [] if none else _wanting(row, "relief")
    return abs(amount) * (0.5 if is_six_months(row) else 1.0), []


def is_six_months(row: Row) -> bool:
    """Tell whether the benchmark is that of half the person-years, as for January to June 2019."""
    per_capita, exposure = row.value("benchmark_per_capita"), row.value("person_years")
    benchmark = row.value("benchmark")
    if not per_capita or not exposure or not benchmark:
        return False
    return round(2.0 * benchmark / (per_capita * exposure)) == 1


def _agreement_year(row: Row) -> int:
    start = start_year(row.texts.get("start", ""))
    # The first period of 2012 starters ran to the end of the program's first year.
    return 0 if start is None else row.year - max(start, book().first_year) + 1


def _reduced_sharing(row: Row, track: str, standards: float) -> float:
    """Part of the sharing rate for savings below the minimum; 0 where they earn nothing."""
    part = rule("reduced_sharing", row.year, track)
    if not part:
        return 0.0
    if row.value("reduced") is not None:
        return part if row.value("reduced") else 0.0
    start = start_year(row.texts.get("start", ""))
    heads = row.value("beneficiaries") or 0.0
    eligible = (
        start is not None
        and start >= rule("reduced_sharing_first_agreement", row.year)
        and heads >= rule("reduced_sharing_minimum_beneficiaries", row.year)
        and row.texts.get("revenue", "").lower().startswith("low")
        and standards > 0.5
    )
    return part if eligible else 0.0


def _guardrail(row: Row) -> float:
    return float(bool(row.value("guardrail")) and bool(rule("guardrail", row.year)))


@cache
def terms_of_track(year: int, track: str) -> dict[str, Any]:
    """Terms that all ACOs of a track share in a year."""
    names = [name for name in PROGRAM_TERMS if name not in _BY_ACO]
    found = {n: f.value for n, f in book().by_name(names, year, track).items()}
    return found | {"two_sided": rule("sided", year, track) == 2}


@cache
def rule(path: str, year: int, key: str | None = None) -> Any:
    """Value in force of a figure of the MSSP rules."""
    return book().figure(path, year, key).value


@cache
def book() -> Rulebook:
    """MSSP rules."""
    return rulebook.read("rules", "mssp")
