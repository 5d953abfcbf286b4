"""V1 from CMS's results files: how much the savings rate of one ACO moves from year to year.

Half the variance of the change within an agreement, the mean of all ACOs taken out, is a line in
one over the size: what size takes out, and what it does not. Weights are one over the square of the
fitted variance, as a squared normal change has an error in proportion to its mean.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import numpy as np

from vbsim.backtest import facts
from vbsim.measures.precision import FloatArray
from vbsim.validation.base import DERIVED, FROM_DATA, Found, Show, Target, percent
from vbsim.validation.noise import luck_of_one_year
from vbsim.validation.replay import FILES

_SOURCE = "CMS results files, consecutive years of an agreement"
# First of two years: standard deviation of the change over √2 times √N.
PAIRS = {2018: 2.45, 2019: 3.28, 2020: 2.47, 2021: 2.24, 2022: 2.14}
_COVID = 2019
_ROUNDS = 50
_LARGEST = 129_205  # harmonic mean of the size, ACOs of 100,000 and more
_POOLED, _FLOOR = 2.34, 0.0073
_POOLED_RANGE, _FLOOR_RANGE = (2.16, 2.51), (0.0050, 0.0092)


@cache
def _read(path: Path, year: int) -> dict[str, facts.AcoYear]:
    # From 2018 on all files have the same ids.
    return {row.known.aco: row for row in facts.read(f"{year}={path}", {})}


@cache
def pairs(data: Path, year: int) -> FloatArray:
    """Give the savings rates of a year and of the next, harmonic mean of the sizes, (ACOs, 3)."""
    first, second = (_read(data / FILES[each], each) for each in (year, year + 1))
    same = [
        (first[aco], second[aco])
        for aco in sorted(first.keys() & second.keys())
        if first[aco].known.start == second[aco].known.start
    ]
    return np.array(
        [
            (
                one.result.savings_rate,
                other.result.savings_rate,
                2.0 / (1.0 / one.result.heads + 1.0 / other.result.heads),
            )
            for one, other in same
        ]
    )


def line(years: tuple[int, ...], data: Path) -> tuple[float, float]:
    """Split the variance: what size does not take out, and what it takes out times the size."""
    tables = [pairs(data, year) for year in years]
    changes = [table[:, 1] - table[:, 0] for table in tables]
    half = np.concatenate([(change - change.mean()) ** 2 / 2.0 for change in changes])
    sizes = np.concatenate([table[:, 2] for table in tables])
    design = np.stack([np.ones_like(sizes), 1.0 / sizes], axis=1)
    fitted = design[:, 1]
    for _ in range(_ROUNDS):
        weighted = design / fitted[:, None] ** 2
        found = np.linalg.solve(weighted.T @ design, weighted.T @ half)
        fitted = np.maximum(design @ found, 1e-9)
    return float(found[0]), float(found[1])


def noise(years: tuple[int, ...], data: Path | None) -> Found:
    """Give the standard deviation of one year times √N that size takes out."""
    assert data is not None
    return Found(float(np.sqrt(line(years, data)[1])))


def floor(years: tuple[int, ...], data: Path | None) -> Found:
    """Give the standard deviation of one year that size does not take out."""
    assert data is not None
    return Found(float(np.sqrt(max(line(years, data)[0], 0.0))))


def correlation(year: int, data: Path | None) -> Found:
    """Correlation of the savings rates of a year and the next."""
    assert data is not None
    first, second, _ = pairs(data, year).T
    return Found(float(np.corrcoef(first, second)[0, 1]))


def _plateau(data: Path | None = None) -> Found:
    return luck_of_one_year(_LARGEST)


def _at_largest(floor_sd: float, times_root: float) -> float:
    """One year's luck of the largest ACOs, by the line."""
    return float(np.hypot(floor_sd, times_root / np.sqrt(_LARGEST)))


def _files(*years: int) -> tuple[str, ...]:
    return tuple(FILES[year] for year in sorted({*years, *(year + 1 for year in years)}))


def targets() -> list[Target]:
    """Targets of V1 from the files, what simulated luck comes to, and the correlation of V3."""
    quiet = tuple(year for year in PAIRS if year != _COVID)
    needs = _files(*quiet)
    words = "sd of yearly changes over √2 × √N"
    found = [
        Target("V1.panel", f"{words}, 2018 to 2023 without 2019/20", _SOURCE, FROM_DATA, _POOLED,
               partial(noise, quiet), Show(2), between=_POOLED_RANGE,
               tolerance="90 % interval of the published one, which has 2024", needs=needs),
        Target("V1.panel_floor", "the same: sd of one year that size does not take out", _SOURCE,
               FROM_DATA, _FLOOR, partial(floor, quiet), percent(2), between=_FLOOR_RANGE,
               tolerance="90 % interval of the published one, which has 2024", needs=needs),
    ]  # fmt: skip
    found += [
        Target(f"V1.panel_{year}", f"{words}, {year} to {year + 1}", _SOURCE, FROM_DATA, value,
               partial(noise, (year,)), Show(2), within=0.005, tolerance="the last digit printed",
               needs=_files(year))
        for year, value in PAIRS.items()
    ]  # fmt: skip
    low, middle, high = (
        _at_largest(*pair)
        for pair in zip(
            (_FLOOR_RANGE[0], _FLOOR, _FLOOR_RANGE[1]),
            (_POOLED_RANGE[0], _POOLED, _POOLED_RANGE[1]),
            strict=True,
        )
    )
    found += [
        Target("V1.plateau", f"sd of one year's luck at {_LARGEST:,} beneficiaries", _SOURCE,
               DERIVED, middle, _plateau, percent(2), between=(low, high),
               tolerance="from the two intervals above"),
        Target("V3.correlation", "correlation of the savings rates of 2022 and 2023 in the files",
               _SOURCE, FROM_DATA, 0.77, partial(correlation, 2022), Show(2), within=0.005,
               tolerance="the last digit printed", needs=_files(2022)),
    ]  # fmt: skip
    return found
