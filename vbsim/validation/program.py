"""V3: the Medicare Shared Savings Program, simulated before its year and forecast from files."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import xarray as xr

from vbsim.backtest import Backtest, backtest
from vbsim.portfolio import (
    PortfolioSummary,
    entities_of,
    measure_portfolio,
    resolve_portfolio,
    simulate_portfolio,
)
from vbsim.scenario.source import Source
from vbsim.validation.base import FROM_DATA, Found, Show, Target, percent
from vbsim.validation.replay import FILES, SOURCE
from vbsim.vocabulary import ENTITY

CROSSWALK = "mssp_aco_id_crosswalk.csv"
# Spread of the savings rate in the size bands of 2022-24, from 5,000 beneficiaries up [share].
SPREADS = {
    5_000: 0.0505, 7_500: 0.0408, 10_000: 0.0452, 15_000: 0.0404, 20_000: 0.0405, 30_000: 0.0311,
    50_000: 0.0251,
}  # fmt: skip
_REALIZATIONS = 400


@cache
def _results(path: Path) -> xr.Dataset:
    """Every ACO of 2022 before its year and the next, prior of true savings from 2020 and 2021."""
    words = {
        "vbsim": 1,
        "name": "Medicare Shared Savings Program, performance year 2022",
        "seed": 2022,
        "realizations": _REALIZATIONS,
        "start_year": 2022,
        "years": 2,
        "assumptions": "medicare_ffs",
        "portfolio": {"results_file": path.name},
        "uncertainty": {"true_savings": {"normal": {"mean": 0.034, "sd": 0.034}}},
    }
    plan = resolve_portfolio(entities_of(Source.of_data(words), path))
    return simulate_portfolio(plan)


@cache
def _simulated(path: Path) -> PortfolioSummary:
    return measure_portfolio(_results(path))


def _program(data: Path | None) -> xr.Dataset:
    assert data is not None
    return _simulated(data / FILES[2022]).program.isel(contract=0, year=0)


def simulated(quantity: str, group: str, data: Path | None) -> Found:
    """Mean of a quantity of the program or of a band of sizes."""
    one = _program(data).sel(quantity=quantity, group=group, measure="mean")
    return Found(float(one["value"]), float(one["standard_error"]))


def correlation(data: Path | None) -> Found:
    """Correlation over ACOs of the savings rates of two years of an agreement; mean of the runs."""
    assert data is not None
    rates = _results(data / FILES[2022])["savings_rate"].isel(contract=0)
    found = xr.corr(rates.isel(year=0), rates.isel(year=1), dim=ENTITY).values
    return Found(float(found.mean()), float(found.std(ddof=1) / np.sqrt(found.size)))


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


def _simulations() -> list[Target]:
    needs = (FILES[2022],)
    found = [
        Target("V3.simulated_earn", "2022 simulated before its year: ACOs that earn",
               SOURCE.format(year=2022), FROM_DATA, 0.631,
               partial(simulated, "share_earning", "all"), percent(), within=0.05, needs=needs,
               long=True)
    ]  # fmt: skip
    found.append(
        Target("V3.simulated_correlation",
               "2022 simulated: correlation of consecutive savings rates within an agreement",
               "CMS results files of 2018-24", FROM_DATA, 0.77, correlation, Show(2),
               between=(0.62, 0.79), tolerance="range of pairs of years", needs=needs, long=True)
    )  # fmt: skip
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
        source = SOURCE.format(year=year)
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
    """Targets of V3 that are simulated or forecast."""
    return [*_simulations(), *_forecasts()]
