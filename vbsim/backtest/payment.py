"""What the forecast rates pay: joint draws, settled by the rules of the target year.

Track, agreement year and elected minimum savings rate are contract facts. Size, quality and
benchmark dollars are those of the ACO's last file (of its last base year for a newcomer), the
benchmark moved by the program's growth. Whether losses are forgiven, as in 2020 to 2022, goes on as
in the last file with the probability that Laplace's rule of succession gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from vbsim.backtest import program_year
from vbsim.backtest.facts import AcoYear, Known
from vbsim.backtest.forecast import Predictive
from vbsim.backtest.panel import FloatArray
from vbsim.outcomes.mssp import terms_of
from vbsim.outcomes.mssp_facts import minimum_rate_by_size, rule
from vbsim.payment_models import shared_savings
from vbsim.payment_models.base import ContractYear

_NOISE = 0.1  # log benchmark of an ACO around the program's growth, where no pair of years shows it
_MAD = 1.4826  # standard deviation of a normal over its median absolute deviation


@dataclass(frozen=True)
class Draws:
    """Joint draws of a year, each (R, A).

    Parameters
    ----------
    rate
        Savings rate.
    benchmark
        Total benchmark [USD].
    payment
        Earned shared savings; owed losses negative [USD].
    """

    rate: FloatArray
    benchmark: FloatArray
    payment: FloatArray


@dataclass(frozen=True)
class Books:
    """What is expected of the ACOs of the target year beside their savings rates, (A,) each.

    Parameters
    ----------
    benchmark
        At the last known level and size [USD].
    years
        Years over which it grows until the target year.
    minimum_rate, quality, revenue
        Minimum savings rate, quality score, revenue class (1/2 low).
    heads
        Assigned beneficiaries.
    """

    benchmark: FloatArray
    years: FloatArray
    minimum_rate: FloatArray
    quality: FloatArray
    revenue: FloatArray
    heads: FloatArray


def simulate(
    history: Sequence[AcoYear],
    target: Sequence[Known],
    predictive: Predictive,
    count: int,
    random: np.random.Generator,
) -> Draws:
    """Draw the year ``count`` times; the program's year is the same for all ACOs of a draw."""
    books = books_of(history, target)
    shape = (count, len(target))
    shared = random.permutation(np.resize(predictive.shared, count))
    rate = predictive.centre + shared[:, None]
    rate = rate + predictive.scale * random.standard_t(predictive.degrees, shape)
    benchmark = _benchmarks(history, books, shape, random)
    met = random.random(shape) < _met(history)
    payment = _settled(target, books, rate, benchmark, met.astype(np.float64))
    forgiven = random.random(count) < relief_probability(history)
    payment = np.where(forgiven[:, None], np.maximum(payment, 0.0), payment)
    return Draws(rate, benchmark, payment)


def books_of(history: Sequence[AcoYear], target: Sequence[Known]) -> Books:
    """Gather size, benchmark, quality and minimum savings rate as last known."""
    last = {row.known.aco: row for row in sorted(history, key=lambda row: row.known.year)}
    newest = max(row.known.year for row in history)
    now = [row for row in history if row.known.year == newest]
    heads_per_year = sum(r.result.heads for r in now) / sum(r.result.person_years for r in now)
    scores = [r.result.quality for r in now if r.result.quality is not None]
    typical = float(np.mean(scores)) if scores else 1.0
    average = float(np.mean([per_capita(row) for row in now]))
    rows = [
        _of_known(known, heads_per_year, average)
        if known.aco not in last
        else _of_last(known, last[known.aco], typical)
        for known in target
    ]
    return Books(*np.array(rows, dtype=np.float64).reshape(-1, 6).T)


def per_capita(row: AcoYear) -> float:
    """Benchmark per person-year [USD]."""
    part = 0.5 if row.known.six_months else 1.0
    return row.result.benchmark / (row.result.person_years * part)


def relief_probability(history: Sequence[AcoYear]) -> float:
    """Probability that losses of the next year are forgiven whole.

    A year counts as forgiven if most ACOs whose losses reached the minimum rate owed nothing. It is
    followed by one of its kind with the probability ``(times so far + 1) / (pairs so far + 2)``.
    """
    states = [
        forgiven
        for year in sorted({row.known.year for row in history})
        if (forgiven := _forgiven([r for r in history if r.known.year == year])) is not None
    ]
    if not states:
        return 0.0
    alike = sum(a == b for a, b in pairwise(states))
    stays = (alike + 1.0) / (len(states) + 1.0)
    return stays if states[-1] else 1.0 - stays


def _forgiven(rows: Sequence[AcoYear]) -> bool | None:
    """Whether most losses of a year that could be owed were not; ``None`` if there were none."""
    owed = []
    for row in rows:
        tracks = rule("sided", row.known.year)
        two_sided = tracks.get(row.known.track) == 2
        if two_sided and row.result.savings_rate <= -max(row.result.minimum_rate, 1e-4):
            owed.append((row.result.payment or 0.0) < 0.0)
    return 2 * sum(owed) < len(owed) if owed else None


def _of_last(known: Known, row: AcoYear, typical: float) -> tuple[float, ...]:
    result = row.result
    part = 0.5 if known.six_months else 1.0
    quality = typical if result.quality is None else result.quality
    return (
        per_capita(row) * result.person_years * part,
        known.year - row.known.year,
        _minimum_rate(known, result.heads),
        quality,
        result.revenue,
        result.heads,
    )


def _of_known(known: Known, heads_per_year: float, average: float) -> tuple[float, ...]:
    """Take a newcomer's last base year; a first, pay-for-reporting year counts in full."""
    size = known.base_person_years or float(rule("conditions.beneficiaries_in_each_base_year",
                                                 known.year))  # fmt: skip
    heads = size * heads_per_year
    cost = known.base_per_capita
    years = known.year - known.start + 1 if cost else 1
    return ((cost or average) * size, years, _minimum_rate(known, heads), 1.0, 0.0, heads)


def _minimum_rate(known: Known, heads: float) -> float:
    least = rule("fixed_choice_minimum_beneficiaries", known.year)
    if known.election is not None and heads >= least:
        return known.election
    return minimum_rate_by_size(known.year, max(round(heads), 1)) or 0.0


def _benchmarks(
    history: Sequence[AcoYear], books: Books, shape: tuple[int, int], random: np.random.Generator
) -> FloatArray:
    """Draw total benchmarks: last known, the program's growth, the ACO's own change of size."""
    growth, noise = _growth(history)
    draws = program_year.change(growth, np.ones(growth.size), 1.0, program_year.GROWTH, shape[0])
    common = random.permutation(draws)[:, None] * books.years
    own = noise * random.standard_normal(shape) - 0.5 * noise**2
    return np.asarray(books.benchmark * np.exp(common + own))


def _growth(history: Sequence[AcoYear]) -> tuple[FloatArray, float]:
    """Program-wide growth of benchmarks in each year, and how far ACOs stray from it [log]."""
    by_year: dict[int, dict[str, AcoYear]] = {}
    for row in history:
        by_year.setdefault(row.known.year, {})[row.known.aco] = row
    growth, noise = [], _NOISE
    for year in sorted(by_year):
        before, after = by_year.get(year - 1, {}), by_year[year]
        both = sorted(before.keys() & after.keys())
        if not both:
            continue
        growth.append(float(np.median([_log_ratio(before[a], after[a], per_capita) for a in both])))
        change = np.array([_log_ratio(before[a], after[a], _whole_year) for a in both])
        noise = _MAD * float(np.median(np.abs(change - np.median(change))))
    return np.array(growth), noise


def _whole_year(row: AcoYear) -> float:
    return per_capita(row) * row.result.person_years


def _log_ratio(before: AcoYear, after: AcoYear, of: Callable[[AcoYear], float]) -> float:
    return float(np.log(of(after) / of(before)))


def _met(history: Sequence[AcoYear]) -> float:
    """Probability of meeting the quality standard: last year's share."""
    newest = max(row.known.year for row in history)
    met = [row.result.standard_met for row in history if row.known.year == newest]
    return (sum(met) + 1.0) / (len(met) + 2.0)


def _settled(
    target: Sequence[Known],
    books: Books,
    rate: FloatArray,
    benchmark: FloatArray,
    met: FloatArray,
) -> FloatArray:
    """Settle every draw; ACOs with the same terms as one vector."""
    keys = [_terms_key(known, books, place) for place, known in enumerate(target)]
    payment = np.zeros_like(rate)
    order = sorted(range(len(keys)), key=lambda place: keys[place])
    for key, places in groupby(order, key=lambda place: keys[place]):
        own = list(places)
        flat = benchmark[:, own].ravel()
        shape = (rate.shape[0], len(own))
        minimum = np.broadcast_to(books.minimum_rate[own], shape).ravel()
        terms = terms_of(key, minimum)
        expenditure = flat * (1.0 - rate[:, own].ravel())
        quality = np.broadcast_to(books.quality[own], shape).ravel()
        year = ContractYear(
            cost=expenditure,
            expenditure=expenditure,
            benchmark=flat,
            person_years=np.ones_like(flat),
            quality_score=quality,
            quality_standard_met=met[:, own].ravel(),
        )
        _, statement = shared_savings.settle(None, year, terms)
        net = statement.lines["shared_savings"].value - statement.lines["shared_losses"].value
        payment[:, own] = net.reshape(shape)
    return payment


def _terms_key(known: Known, books: Books, place: int) -> tuple[int, str, int, float]:
    """Year, track, agreement year, and the part of the rate for savings below the minimum."""
    part = rule("reduced_sharing", known.year, known.track)
    if part:
        first = rule("reduced_sharing_first_agreement", known.year)
        least = rule("reduced_sharing_minimum_beneficiaries", known.year)
        eligible = (
            known.start >= first and books.heads[place] >= least and books.revenue[place] > 0.0
        )
        part = part if eligible else 0.0
    return known.year, known.track, known.year - known.start + 1, part
