"""What a backtest finds: forecasts, what came, and the scores of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vbsim.backtest import scores
from vbsim.backtest.facts import Known
from vbsim.backtest.fit import Fit
from vbsim.backtest.forecast import Predictive
from vbsim.backtest.luck import MemberLuck
from vbsim.backtest.panel import FloatArray
from vbsim.backtest.payment import Draws
from vbsim.backtest.simple import Simple

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Levels of the central intervals whose coverage is given."""
BANDS = (0, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000)
"""Lower ends of the size bands [assigned beneficiaries]."""


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
    share_sd
        Standard deviation of that share: what the ACOs' own years move it by.
    spread, published_spread
        Standard deviation of the savings rate in every size band, expected and published; missing
        with fewer than two ACOs.
    count
        ACOs of each band.
    """

    share_earning: float
    published_share: float
    share_sd: float
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
    luck
        Of single members, and the figures it rests on.
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
    honest_pit
        PIT of the scored ACOs in draws from the forecast itself, (R, scored).
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
    luck: MemberLuck
    fitted: Fit
    forecast: Predictive
    draws: Draws
    pit: FloatArray
    crps: FloatArray
    log_score: FloatArray
    simple: dict[str, Simple | None]
    honest_pit: FloatArray
    totals: dict[str, Total]
    given: Given

    @property
    def span(self) -> str:
        """Years of the history in words."""
        first, last = self.history[0], self.history[-1]
        return str(first) if first == last else f"{first} to {last}"

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

    def pit_p_value(self) -> float:
        """See :func:`vbsim.backtest.scores.uniform_p_value`; of the scored ACOs."""
        return scores.uniform_p_value(self.pit[self.scored], self.honest_pit)

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
            "pit_p_value": self.pit_p_value(),
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
