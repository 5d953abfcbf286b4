"""A backtest from files to scores: read, fit to the past, forecast, hold against what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vbsim import streams
from vbsim.backtest import scores
from vbsim.backtest.facts import AcoYear, Known, read, read_crosswalk
from vbsim.backtest.fit import Fit, fit
from vbsim.backtest.forecast import Predictive, forecast
from vbsim.backtest.luck import covariance, member_luck
from vbsim.backtest.panel import FloatArray, panel_of
from vbsim.backtest.payment import Draws, simulate
from vbsim.backtest.simple import Simple, simple_forecasts
from vbsim.errors import OutcomeError, Problem

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Levels of the central intervals whose coverage is given."""
BANDS = (0, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000)
"""Lower ends of the size bands [assigned beneficiaries]."""
_DRAWS = 2_000
_SEED = 1


@dataclass(frozen=True)
class Total:
    """A program-wide figure: forecast and published.

    Parameters
    ----------
    draws
        Equally likely values, (R,).
    published
        What came.
    """

    draws: FloatArray
    published: float

    def interval(self, level: float) -> tuple[float, float]:
        """Central interval of a level."""
        low, high = np.quantile(self.draws, [0.5 - 0.5 * level, 0.5 + 0.5 * level])
        return float(low), float(high)


@dataclass(frozen=True)
class Given:
    """The year with its mean savings rate given: what is left is the ACOs' own.

    Parameters
    ----------
    share_earning, published_share
        Of ACOs that earn a payment, expected and published.
    spread, published_spread
        Standard deviation of the savings rate in every size band, expected and published; missing
        with fewer than two ACOs.
    count
        ACOs of each band.
    """

    share_earning: float
    published_share: float
    spread: FloatArray
    published_spread: FloatArray
    count: NDArray[np.int64]


@dataclass(frozen=True)
class Backtest:
    """Forecasts of a year from earlier years, and what came; A ACOs.

    Parameters
    ----------
    history, year
        Years of the history files, and the target's.
    known
        What was known of each ACO before the year.
    rate, payment
        What was published: savings rate, and payment [USD], (A,).
    scored
        Which ACOs are in the last history file: those that every forecast speaks of, (A,).
    band
        Number of the size band, (A,).
    fitted
        The process as fitted to the history.
    forecast
        Of the savings rates.
    draws
        Joint draws of the year.
    pit, crps, log_score
        Of the forecast, (A,).
    simple
        Scores of the simple forecasts for the scored ACOs, or ``None`` for want of a pair of years.
    pit_p_value
        See :func:`vbsim.backtest.scores.uniform_p_value`; of the scored ACOs.
    totals
        Share earning, earned and net to Medicare.
    given
        The year with its mean savings rate given.
    """

    history: tuple[int, ...]
    year: int
    known: tuple[Known, ...]
    rate: FloatArray
    payment: FloatArray
    scored: NDArray[np.bool_]
    band: NDArray[np.int64]
    fitted: Fit
    forecast: Predictive
    draws: Draws
    pit: FloatArray
    crps: FloatArray
    log_score: FloatArray
    simple: dict[str, Simple | None]
    pit_p_value: float
    totals: dict[str, Total]
    given: Given

    @property
    def earns(self) -> FloatArray:
        """Forecast probability of earning a payment, (A,)."""
        return (self.draws.payment > 0.0).mean(axis=0)

    @property
    def owes(self) -> FloatArray:
        """Forecast probability of owing losses, (A,)."""
        return (self.draws.payment < 0.0).mean(axis=0)

    def coverage(self, level: float, which: NDArray[np.bool_]) -> float:
        """Share of ACOs whose rate lies inside its central interval of a level."""
        return scores.coverage(self.pit[which], level)

    def mean_scores(self, score: str, which: NDArray[np.bool_]) -> dict[str, float | None]:
        """Mean ``crps`` or ``log_score`` of every forecast over some of the scored ACOs."""
        own = getattr(self, score)[which & self.scored]
        part = which[self.scored]
        found: dict[str, float | None] = {"vbsim": float(own.mean())}
        for name, forecast_ in self.simple.items():
            found[name] = (
                None if forecast_ is None else float(getattr(forecast_, score)[part].mean())
            )
        return found

    def brier(self) -> dict[str, float]:
        """Mean squared error of the probabilities of earning and of owing, scored ACOs."""
        came = {"earns": self.payment > 0.0, "owes": self.payment < 0.0}
        return {
            name: float(np.mean((getattr(self, name) - came[name])[self.scored] ** 2))
            for name in came
        }

    def summary(self) -> dict[str, Any]:
        """Scores of the ACOs that are in the last history file; rates are shares of 1."""
        bands = {}
        for number, name in enumerate(band_names()):
            which = self.scored & (self.band == number)
            if which.any():
                bands[name] = {
                    "n": int(which.sum()),
                    "coverage": self._coverages(which),
                    "crps": self.mean_scores("crps", which),
                }
        return {
            "n": int(self.scored.sum()),
            "coverage": self._coverages(self.scored),
            "crps": self.mean_scores("crps", self.scored),
            "log_score": self.mean_scores("log_score", self.scored),
            "brier": self.brier(),
            "pit_p_value": self.pit_p_value,
            "by_size": bands,
        }

    def _coverages(self, which: NDArray[np.bool_]) -> dict[str, float]:
        return {f"{level:g}": self.coverage(level, which) for level in LEVELS}


def band_names() -> list[str]:
    """Names of the size bands, in beneficiaries."""
    ends = [*BANDS[1:], None]
    names = []
    for low, high in zip(BANDS, ends, strict=True):
        names.append(f"{low}+" if high is None else f"{low}-{high - 1}")
    return names


def backtest(history: Sequence[str], target: str, crosswalk: Path | None = None) -> Backtest:
    """Forecast the ACOs of a results file from earlier ones, and score the forecasts.

    Parameters
    ----------
    history
        CMS's results files of earlier years; ``2022=path`` where the name does not tell the year.
    target
        The file of the year to forecast. Of it only what was known before the year is used in the
        forecast: see :class:`vbsim.backtest.facts.Known`.
    crosswalk
        Table of the ids of 2013-2017 (ACO_NUM) and of those from 2018 on (ACO_ID).

    Raises
    ------
    OutcomeError
        If a file cannot be read, a year comes twice, the target is not later than the history, or
        the two have no ACO in common.
    """
    ids = read_crosswalk(crosswalk)
    past = _history(history, ids)
    rows = read(target, ids)
    _check(past, rows, target)
    known = tuple(row.known for row in rows)
    panel = panel_of(past)
    members = member_luck(int(panel.years[-1]))
    fitted = fit(panel, covariance(panel, members))
    predictive = forecast(past, known, fitted, members)
    return _scored(past, rows, fitted, predictive)


def _scored(
    past: Sequence[AcoYear], rows: Sequence[AcoYear], fitted: Fit, predictive: Predictive
) -> Backtest:
    known = tuple(row.known for row in rows)
    years = sorted({row.known.year for row in past})
    rate = np.array([row.result.savings_rate for row in rows])
    payment = np.array([row.result.payment or 0.0 for row in rows])
    last = {row.known.aco for row in past if row.known.year == years[-1]}
    scored = np.array([k.aco in last for k in known])
    acos = [k.aco for k in known if k.aco in last]
    heads = np.array([row.result.heads for row in rows])
    band = np.searchsorted(BANDS, heads, side="right") - 1
    random = np.random.default_rng(streams.key(_SEED, "backtest"))
    draws = simulate(past, known, predictive, _DRAWS, random)
    pit = predictive.below(rate)
    return Backtest(
        history=tuple(years),
        year=known[0].year,
        known=known,
        rate=rate,
        payment=payment,
        scored=scored,
        band=band,
        fitted=fitted,
        forecast=predictive,
        draws=draws,
        pit=pit,
        crps=scores.crps(rate, predictive),
        log_score=-np.log(predictive.density(rate)),
        simple=simple_forecasts(past, acos, rate[scored]),
        pit_p_value=scores.uniform_p_value(
            pit[scored], predictive.of(scored), draws.rate[:, scored]
        ),
        totals=_totals(draws, rows),
        given=_given(past, rows, predictive, band),
    )


def _history(files: Sequence[str], ids: dict[str, str]) -> list[AcoYear]:
    """Rows of all history files, each year once."""
    rows: list[AcoYear] = []
    where: dict[int, str] = {}
    for file in files:
        found = read(file, ids)
        for year in sorted({row.known.year for row in found}):
            if year in where:
                raise OutcomeError([Problem(
                    file, None, "", f"{year} again, as in {where[year]}",
                    "each year once", "drop one of the files",
                )])  # fmt: skip
            where[year] = file
        rows += found
    return rows


def _check(past: Sequence[AcoYear], rows: Sequence[AcoYear], target: str) -> None:
    """Refuse a target that cannot be forecast from the history."""
    years = sorted({row.known.year for row in past})
    found = sorted({row.known.year for row in rows})
    if not years or not found:
        file = target if years else "--history"
        expected = "ACOs with benchmark, expenditure, size and the start of their agreement"
        raise OutcomeError([Problem(file, None, "", "no row that can be used", expected)])
    if len(found) > 1 or found[0] <= years[-1]:
        words = ", ".join(map(str, found))
        raise OutcomeError([Problem(
            target, None, "", f"performance year {words}; history up to {years[-1]}",
            "one year, later than the history", "leave out later history, or name another target",
        )])  # fmt: skip
    last = {row.known.aco for row in past if row.known.year == years[-1]}
    if not any(row.known.aco in last for row in rows):
        raise OutcomeError([Problem(
            target, None, "", f"no ACO of the file of {years[-1]}", "ACOs that are in both",
            "ids changed in 2018: give the table of old and new ids with --crosswalk FILE",
        )])  # fmt: skip
    lost = [row.known.aco for row in rows if not row.known.track]
    if lost:
        raise OutcomeError([Problem(
            target, None, lost[0], "no track that is known", "the track of every ACO", "",
        )])  # fmt: skip


def _totals(draws: Draws, rows: Sequence[AcoYear]) -> dict[str, Total]:
    paid = np.array([row.result.payment or 0.0 for row in rows])
    saved = np.array([row.result.savings_rate * row.result.benchmark for row in rows])
    return {
        "share_earning": Total((draws.payment > 0.0).mean(axis=1), float(np.mean(paid > 0.0))),
        "earned": Total(
            np.maximum(draws.payment, 0.0).sum(axis=1), float(np.maximum(paid, 0.0).sum())
        ),
        "net_to_medicare": Total(
            (draws.rate * draws.benchmark - draws.payment).sum(axis=1), float((saved - paid).sum())
        ),
    }


def _given(
    past: Sequence[AcoYear],
    rows: Sequence[AcoYear],
    predictive: Predictive,
    band: NDArray[np.int64],
) -> Given:
    """Move all forecasts alike so that their mean is the published one, and draw again."""
    rate = np.array([row.result.savings_rate for row in rows])
    paid = np.array([row.result.payment or 0.0 for row in rows])
    moved = replace(
        predictive,
        centre=predictive.centre + (rate.mean() - predictive.centre.mean()),
        shared=np.zeros(1),
    )
    random = np.random.default_rng(streams.key(_SEED, "backtest", "given"))
    draws = simulate(past, [row.known for row in rows], moved, _DRAWS, random)
    count = np.bincount(band, minlength=len(BANDS))
    expected, published = np.full(len(BANDS), np.nan), np.full(len(BANDS), np.nan)
    for number in np.flatnonzero(count > 1):
        own = band == number
        expected[number] = np.sqrt(draws.rate[:, own].var(axis=1, ddof=1).mean())
        published[number] = rate[own].std(ddof=1)
    share = float((draws.payment > 0.0).mean())
    return Given(share, float(np.mean(paid > 0.0)), expected, published, count)
