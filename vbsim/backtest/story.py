"""A backtest from files to scores: read, fit to the past, forecast, hold against what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vbsim import streams
from vbsim.backtest import scores
from vbsim.backtest.facts import AcoYear, read, read_crosswalk
from vbsim.backtest.fit import Fit, fit
from vbsim.backtest.forecast import Predictive, forecast
from vbsim.backtest.luck import MemberLuck, covariance, member_luck
from vbsim.backtest.panel import panel_of
from vbsim.backtest.payment import Draws, simulate
from vbsim.backtest.result import BANDS, Backtest, Given, Total
from vbsim.backtest.simple import simple_forecasts
from vbsim.blas import one_blas_thread
from vbsim.errors import OutcomeError, Problem

_DRAWS = 2_000
_SEED = 1


@one_blas_thread
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
    return _scored(past, rows, members, fitted, predictive)


def _scored(
    past: Sequence[AcoYear],
    rows: Sequence[AcoYear],
    members: MemberLuck,
    fitted: Fit,
    predictive: Predictive,
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
        luck=members,
        fitted=fitted,
        forecast=predictive,
        draws=draws,
        pit=pit,
        crps=scores.crps(rate, predictive),
        log_score=-np.log(predictive.density(rate)),
        simple=simple_forecasts(past, acos, rate[scored]),
        honest_pit=scores.pit_of_draws(predictive.of(scored), draws.rate[:, scored]),
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
    share, own_share = (draws.payment > 0.0).mean(axis=1), float(np.mean(paid > 0.0))
    return Given(float(share.mean()), own_share, float(share.std()), expected, published, count)
