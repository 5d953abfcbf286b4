"""A backtest as files: the page with its figures, the forecasts of every ACO, the scores."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vbsim.backtest import BANDS, LEVELS, Backtest
from vbsim.backtest.scores import coverage
from vbsim.plots.backtest import BACKTEST_FIGURES
from vbsim.plots.backtest.names import FORECASTS, band
from vbsim.plots.text import MILLION, MISSING, number, percent
from vbsim.report import inputs
from vbsim.report.page import embedded, template
from vbsim.report.page_folder import write_page

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_COLUMNS = (
    "aco", "performance_year", "track", "in_last_history_file",
    *(f"savings_rate_p{round(100 * q):02d}" for q in _QUANTILES),
    "prob_earns", "prob_owes", "payment_mean", "payment_p05", "payment_p95",
    "savings_rate_published", "payment_published", "pit",
)  # fmt: skip


_TOTALS = {
    "share_earning": "ACOs that earn",
    "earned": "Paid to ACOs",
    "net_to_medicare": "Net to Medicare",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: its name and its cells."""

    name: str
    cells: list[str]


def write_backtest(found: Backtest, out: Path) -> None:
    """Write ``report.html``, ``figures/``, ``forecasts.csv`` and ``scores.json`` into a new folder.

    Raises
    ------
    RunFolderError
        If ``out`` exists and is not an empty folder.
    """
    write_page(out, BACKTEST_FIGURES, found, render, "scores.json", partial(_forecasts, found))


def _forecasts(found: Backtest, folder: Path) -> None:
    with (folder / "forecasts.csv").open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(forecast_rows(found))


def render(found: Backtest, figures: dict[str, Path]) -> str:
    """Write the page: HTML that holds its figures and needs no network."""
    return template("backtest.html.j2").render(
        found=found,
        inputs=inputs,
        scores=list(score_rows(found)),
        totals=list(total_rows(found)),
        sizes=list(size_rows(found)),
        tracks=list(track_rows(found)),
        given=list(given_rows(found)),
        parameters=list(parameter_rows(found)),
        newcomers=int((~found.scored).sum()),
        levels=[percent(level, 0) for level in LEVELS],
        p_value=number(found.pit_p_value(), 2),
        brier={name: number(value, 4) for name, value in found.brier().items()},
        share=percent(found.given.share_earning),
        published_share=percent(found.given.published_share),
        share_sd=number(100.0 * found.given.share_sd, 1),
        figures=embedded(BACKTEST_FIGURES, figures),
    )


def score_rows(found: Backtest) -> Iterator[Row]:
    """CRPS, log score and coverage of every forecast."""
    crps, logs = (found.mean_scores(s, found.scored) for s in ("crps", "log_score"))
    pits = {"vbsim": found.pit[found.scored]}
    pits |= {name: one.pit for name, one in found.simple.items() if one is not None}
    for name, (label, _, _) in FORECASTS.items():
        inside = [percent(coverage(pits[name], v)) if name in pits else MISSING for v in LEVELS]
        yield Row(label, [_points(crps[name]), _number(logs[name]), *inside])


def total_rows(found: Backtest) -> Iterator[Row]:
    """Program-wide figures: interval of 80 %, median, published."""
    for name, total in found.totals.items():
        show = percent if name == "share_earning" else _millions
        low, high = total.interval(0.8)
        inside = "inside" if low <= total.published <= high else "outside"
        middle = float(np.median(total.draws))
        cells = [f"{show(low)} to {show(high)}", show(middle), show(total.published), inside]
        yield Row(_TOTALS[name], cells)


def size_rows(found: Backtest) -> Iterator[Row]:
    """Coverage and CRPS by size band."""
    for place in range(len(BANDS)):
        yield from _part(found, band(place), found.band == place)


def track_rows(found: Backtest) -> Iterator[Row]:
    """Coverage and CRPS by track."""
    tracks = np.array([known.track for known in found.known])
    for track in sorted(set(tracks.tolist())):
        yield from _part(found, track.replace("_", " ").upper(), tracks == track)


def given_rows(found: Backtest) -> Iterator[Row]:
    """Give the spread of the savings rate by size, with the year's mean given."""
    given = found.given
    for place in np.flatnonzero(given.count > 1):
        expected, published = float(given.spread[place]), float(given.published_spread[place])
        cells = [str(given.count[place]), percent(expected, 2), percent(published, 2)]
        yield Row(band(int(place)), [*cells, percent(expected / published - 1.0, 0)])


def parameter_rows(found: Backtest) -> Iterator[Row]:
    """List what was fitted to the history."""
    fitted, last = found.fitted.parameters, float(found.fitted.scale[-1])
    year = found.history[-1]
    spreads = {
        "Lasting level of an ACO": fitted.level,
        "Level of one agreement": fitted.agreement,
        "Drift in a year": fitted.drift,
        "Entity-year": fitted.year,
    }
    for name, spread in spreads.items():
        yield Row(f"{name}, standard deviation in {year}", [percent(spread * last, 2)])
    by_size = f"{fitted.drift_by_size * last:.2f} / √person-years"
    yield Row(f"Drift in a year, added by size in {year}", [by_size])
    yield Row("Share of the drift that is kept at a renewal", [percent(fitted.kept, 0)])
    yield Row("Degrees of freedom of the t distribution", [number(fitted.tail, 1)])
    yield Row(f"Scale of {year} against {found.history[0]}", [number(last, 2)])


def forecast_rows(found: Backtest) -> Iterator[list[str]]:
    """Rows of ``forecasts.csv``."""
    quantiles = found.forecast.quantiles(np.array(_QUANTILES))
    earns, owes = found.earns, found.owes
    low, high = np.quantile(found.draws.payment, [0.05, 0.95], axis=0)
    mean = found.draws.payment.mean(axis=0)
    for place, known in enumerate(found.known):
        rates = [f"{value:.6f}" for value in quantiles[place]]
        chances = [f"{value[place]:.4f}" for value in (earns, owes)]
        amounts = [f"{value[place]:.0f}" for value in (mean, low, high)]
        came = [f"{found.rate[place]:.6f}", f"{found.payment[place]:.2f}"]
        first = [known.aco, str(known.year), known.track, str(int(found.scored[place]))]
        yield [*first, *rates, *chances, *amounts, *came, f"{found.pit[place]:.4f}"]


def _part(found: Backtest, name: str, which: NDArray[np.bool_]) -> Iterator[Row]:
    """Row for some of the ACOs, if any of them is scored."""
    scored = which & found.scored
    if not scored.any():
        return
    crps = found.mean_scores("crps", scored)
    inside = [percent(found.coverage(level, scored)) for level in LEVELS]
    payment = found.payment[which] > 0.0
    shares = [percent(float(found.earns[which].mean())), percent(float(payment.mean()))]
    means = [_points(crps[one]) for one in FORECASTS]
    yield Row(name, [str(int(scored.sum())), *inside, *means, *shares])


def _points(value: float | None) -> str:
    return MISSING if value is None else number(100.0 * value, 2)


def _millions(value: float) -> str:
    return f"${number(value / MILLION)}M".replace("$−", "−$")


def _number(value: float | None) -> str:
    return MISSING if value is None else number(value, 3)
