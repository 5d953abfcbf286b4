"""How much one ACO's savings rate moves from year to year: CMS's results files against the model.

``composition_cv`` is derived here anew, from the changes that the assumption set names, and held
against a change that had no part in it. The files are public and not shipped.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.conftest import DATA
from vbsim import rulebook
from vbsim.backtest.facts import AcoYear, read
from vbsim.backtest.luck import member_luck

_TRUNCATED = 0.89  # part of a change of all costs that truncated expenditure shows
_BOOK = rulebook.read("assumptions", "medicare_ffs")
FIRST = (2018, 2021)  # the changes to 2019 and to 2022; 2020 was the pandemic's year
DRAWS = 300


@cache
def file_of(year: int) -> dict[str, AcoYear]:
    found = sorted(DATA.glob(f"mssp_puf_py{year}*.csv"))
    if not found:
        pytest.skip(f"the public results file of {year} is not in {DATA}")
    return {row.known.aco: row for row in read(f"{year}={found[0]}", {})}


@cache
def changes(year: int) -> np.ndarray:
    """Change to the next year less its mean, variance by members' luck, and 1 / person-years.

    ACOs in the same agreement with twelve months in both years, (A, 3).
    """
    first, second, members = file_of(year), file_of(year + 1), member_luck(year + 1)
    covariance = members.by_lag(np.array(1.0))
    shares = {aco: _share(row) for aco, row in second.items() if row.result.mix}
    average = np.mean(list(shares.values()), axis=0)
    rows = []
    for aco in sorted(set(first) & set(second)):
        one, two = first[aco], second[aco]
        if one.known.start != two.known.start or one.known.six_months or two.known.six_months:
            continue
        share = shares.get(aco, average)
        inverse = np.array([1.0 / one.result.person_years, 1.0 / two.result.person_years])
        own = share @ members.variance * inverse.mean()
        common = share @ covariance * np.sqrt(inverse.prod())
        moved = two.result.savings_rate - one.result.savings_rate
        rows.append((moved, own - common, inverse.mean()))
    found = np.array(rows)
    found[:, 0] -= found[:, 0].mean()
    return found


def _share(row: AcoYear) -> np.ndarray:
    """Weight of each enrollment type in the relative variance of the ACO's cost."""
    size, cost = np.array(row.result.mix).T
    mean = (size * cost).sum() / size.sum()
    return np.asarray(size / size.sum() * (cost / mean) ** 2)


def fitted(rows: np.ndarray) -> np.ndarray:
    """Square of the part by size, and the constant; weights are those of squared normal changes."""
    found = np.array([2.0, 0.007**2])
    regressors = np.stack([rows[:, 2], np.ones(len(rows))], axis=1)
    rest = 0.5 * rows[:, 0] ** 2 - rows[:, 1]
    for _ in range(25):
        weight = 1.0 / (rows[:, 1] + regressors @ np.maximum(found, 0.0)) ** 2
        weighted = regressors.T * weight
        found = np.linalg.solve(weighted @ regressors, weighted @ rest)
    return found


def stated() -> tuple[float, float]:
    """``composition_cv`` and ``local_sd`` as truncated expenditure shows them."""
    names = ("uncertainty.composition_cv", "uncertainty.local_sd")
    size, local = (float(_BOOK.figure(name, 2022).value) for name in names)
    return _TRUNCATED * size, _TRUNCATED * local


def test_the_figure_is_what_the_files_give() -> None:
    """The fit within a twentieth of the figure; both figures in the fit's 90 % interval."""
    rows = np.concatenate([changes(year) for year in FIRST])
    assert len(rows) == 584
    size, local = stated()
    assert np.sqrt(fitted(rows)[0]) == pytest.approx(size, rel=0.05)
    rng = np.random.default_rng(1)
    again = [fitted(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(DRAWS)]
    low, high = np.percentile(np.array(again), [5, 95], axis=0)
    assert np.all((low < np.square([size, local])) & (np.square([size, local]) < high))


def test_it_tells_the_next_change_better_than_none() -> None:
    """The change to 2023 had no part in the fit: likelihood, and size of the squared changes.

    With the figure the variance is told within 3 standard errors; without it, it is too small.
    """
    rows = changes(2022)
    size, local = stated()
    likelihood, ratio = [], []
    for cv in (0.0, size):
        variance = rows[:, 1] + cv**2 * rows[:, 2] + local**2
        relative = 0.5 * rows[:, 0] ** 2 / variance
        likelihood.append(-0.5 * np.sum(np.log(variance) + relative))
        ratio.append((relative.mean(), relative.std() / np.sqrt(len(rows))))
    assert likelihood[1] > likelihood[0] + 5.0
    assert abs(ratio[1][0] - 1.0) < 3.0 * ratio[1][1]
    assert ratio[0][0] - 1.0 > 2.0 * ratio[0][1]
