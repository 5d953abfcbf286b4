"""V3: the Medicare Shared Savings Program, replayed from CMS's files, and simulated."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import xarray as xr

from vbsim.backtest import Backtest, backtest
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.program import settle_file
from vbsim.portfolio import (
    PortfolioSummary,
    entities_of,
    measure_portfolio,
    resolve_portfolio,
    simulate_portfolio,
)
from vbsim.scenario.source import Source
from vbsim.validation.base import FROM_DATA, Found, Show, Target, percent

FILES = {
    year: f"mssp_puf_py{year}{'_standardised' if year in (2019, 2020) else ''}.csv"
    for year in range(2013, 2024)
}
CROSSWALK = "mssp_aco_id_crosswalk.csv"
# Year: ACOs, share that earns, paid to ACOs and losses [USD million], as CMS published them.
YEARS = {
    2014: (333, 0.258, 341.0, 0.0), 2015: (392, 0.304, 646.0, 0.0),
    2016: (432, 0.310, 701.0, 9.0), 2017: (472, 0.337, 799.0, 19.0),
    2018: (548, 0.374, 984.0, 18.0), 2019: (475, 0.503, 1_134.0, 16.0),
    2020: (513, 0.673, 2_284.0, 0.0), 2021: (475, 0.577, 1_959.0, 0.0),
    2022: (482, 0.631, 2_524.0, 0.0), 2023: (453, 0.691, 3_094.0, 14.0),
}  # fmt: skip
# Spread of the savings rate in the size bands of 2022-24, from 5,000 beneficiaries up [share].
SPREADS = {
    5_000: 0.0505, 7_500: 0.0408, 10_000: 0.0452, 15_000: 0.0404, 20_000: 0.0405, 30_000: 0.0311,
    50_000: 0.0251,
}  # fmt: skip
_SOURCE = "CMS results file of {year}"
_REALIZATIONS = 400
_MILLIONS = Show(0, " M USD", 1e-6)


@cache
def replayed(path: Path, year: int) -> tuple[Outcome, ...]:
    """Settle every ACO of a results file by the rules."""
    return tuple(settle_file("mssp", path, year))


def _outcomes(year: int, data: Path | None) -> tuple[Outcome, ...]:
    assert data is not None
    return replayed(data / FILES[year], year)


def count(year: int, data: Path | None) -> Found:
    """ACOs that the rules settle."""
    return Found(float(sum(one.settled for one in _outcomes(year, data))))


def share_earning(year: int, data: Path | None) -> Found:
    """Share of the ACOs that the rules pay."""
    earns = [(one.earned_shared_savings or 0.0) > 0.0 for one in _outcomes(year, data)]
    return Found(float(np.mean(earns)))


def paid(year: int, data: Path | None) -> Found:
    """Paid to ACOs by the rules [USD]."""
    return Found(float(sum(one.earned_shared_savings or 0.0 for one in _outcomes(year, data))))


def losses(year: int, data: Path | None) -> Found:
    """Losses owed by the rules [USD]."""
    return Found(float(sum(one.owed_shared_losses or 0.0 for one in _outcomes(year, data))))


@cache
def _simulated(path: Path) -> PortfolioSummary:
    """Every ACO of 2022 before its year, with a prior of true savings from 2020 and 2021."""
    words = {
        "vbsim": 1,
        "name": "Medicare Shared Savings Program, performance year 2022",
        "seed": 2022,
        "realizations": _REALIZATIONS,
        "start_year": 2022,
        "assumptions": "medicare_ffs",
        "portfolio": {"results_file": path.name},
        "uncertainty": {"true_savings": {"normal": {"mean": 0.034, "sd": 0.034}}},
    }
    plan = resolve_portfolio(entities_of(Source.of_data(words), path))
    return measure_portfolio(simulate_portfolio(plan))


def _program(data: Path | None) -> xr.Dataset:
    assert data is not None
    return _simulated(data / FILES[2022]).program.isel(contract=0, year=0)


def simulated(quantity: str, group: str, data: Path | None) -> Found:
    """Mean of a quantity of the program or of a band of sizes."""
    one = _program(data).sel(quantity=quantity, group=group, measure="mean")
    return Found(float(one["value"]), float(one["standard_error"]))


@cache
def _forecast(data: Path, year: int) -> Backtest:
    paths = {each: str(data / FILES[each]) for each in range(2013, year + 1)}
    return backtest(list(paths.values())[:-1], paths[year], data / CROSSWALK)


def forecast(year: int, figure: Callable[[Backtest], float], data: Path | None) -> Found:
    """Figure of a forecast of a year from all earlier files."""
    assert data is not None
    return Found(figure(_forecast(data, year)))


def _share_given(found: Backtest) -> float:
    return found.given.share_earning


def _coverage(found: Backtest) -> float:
    return float(found.summary()["coverage"]["0.9"])


def _spread_given(place: int, found: Backtest) -> float:
    return float(found.given.spread[place] / found.given.published_spread[place])


def _replays() -> list[Target]:
    found = []
    for year, (acos, share, earned, owed) in YEARS.items():
        source, needs = _SOURCE.format(year=year), (FILES[year],)
        figures: list[tuple[str, str, float, Callable[..., Found], Show, float, str]] = [
            ("acos", "ACOs settled", acos, count, Show(0), 0.0, ""),
            ("earn", "ACOs that earn, by the rules", share, share_earning, percent(), 5e-4,
             "the last digit printed"),
            ("paid", "paid to ACOs, by the rules", 1e6 * earned, paid, _MILLIONS, 0.5e6,
             "the last digit printed"),
            ("losses", "losses owed, by the rules", 1e6 * owed, losses, _MILLIONS, 0.5e6,
             "the last digit printed"),
        ]  # fmt: skip
        found += [
            Target(f"V3.{key}_{year}", f"{year}: {words}", source, FROM_DATA, value,
                   partial(compute, year), show, within=within, tolerance=words_of_tolerance,
                   needs=needs)
            for key, words, value, compute, show, within, words_of_tolerance in figures
        ]  # fmt: skip
    return found


def _simulations() -> list[Target]:
    needs = (FILES[2022],)
    found = [
        Target("V3.simulated_earn", "2022 simulated before its year: ACOs that earn",
               _SOURCE.format(year=2022), FROM_DATA, 0.631,
               partial(simulated, "share_earning", "all"), percent(), within=0.05, needs=needs,
               long=True)
    ]  # fmt: skip
    for low, value in SPREADS.items():
        found.append(
            Target(f"V3.simulated_sd_{low}",
                   f"2022 simulated: sd of the savings rate, band from {low:,}",
                   "CMS results files of 2022-24", FROM_DATA, value,
                   partial(simulated, "spread_of_savings_rates", f"members_{low}"), percent(2),
                   within=0.12 * value, tolerance="12 %", needs=needs, long=True)
        )  # fmt: skip
    return found


def _forecasts() -> list[Target]:
    found = []
    for year, share in ((2022, 0.631), (2023, 0.691)):
        needs = (*(FILES[each] for each in range(2013, year + 1)), CROSSWALK)
        source = _SOURCE.format(year=year)
        found += [
            Target(f"V3.forecast_earn_{year}",
                   f"{year} from earlier files, its mean rate given: ACOs that earn", source,
                   FROM_DATA, share, partial(forecast, year, _share_given), percent(), within=0.03,
                   needs=needs, long=True),
            Target(f"V3.forecast_coverage_{year}",
                   f"{year} from earlier files: published rates in 90 % intervals", source,
                   FROM_DATA, 0.90, partial(forecast, year, _coverage), percent(),
                   between=(0.87, 0.93), needs=needs, long=True),
        ]  # fmt: skip
        found += [
            Target(f"V3.forecast_sd_{low}_{year}",
                   f"{year} from earlier files: sd over the published one, band from {low:,}",
                   source, FROM_DATA, 1.0, partial(forecast, year, partial(_spread_given, place)),
                   Show(2), within=0.12, needs=needs, long=True)
            for place, low in enumerate(SPREADS, start=1)
        ]  # fmt: skip
    return found


def targets() -> list[Target]:
    """Targets of V3."""
    return [*_replays(), *_simulations(), *_forecasts()]
