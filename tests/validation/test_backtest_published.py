"""Forecasts of real years, held against what CMS published for them (public files, not shipped).

The default tests forecast 2023 from two files, with the luck of members typed in; the slow ones
every year from all earlier files. What is missed stands as an expected failure with its size.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from tests.conftest import DATA
from vbsim.backtest import Backtest, backtest, story
from vbsim.backtest.luck import MemberLuck, member_luck

# Simple forecasts of 2022 and 2023 as another program computed them.
SIMPLE = {2022: (0.0230, 0.0192, 0.0179), 2023: (0.0236, 0.0155, 0.0152)}
NAMES = ("pooled", "last_value", "size_credibility")
LISTED = range(1, 8)  # size bands of the published table: 5,000 to 100,000 beneficiaries
# What the engine finds for 2022; working it out takes seconds.
LUCK = MemberLuck(
    variance=np.array([0.84845467, 3.28640797, 3.63093215, 3.58052731]),
    lasting=np.array([0.15004359, 0.31151686, 0.3463751, 0.32710269]),
    state=np.array([0.34737871, 1.65595464, 1.83782719, 1.73055059]),
    transient=np.array([0.19879216, 0.32423895, 0.36419397, 0.34153604]),
    both=np.array([0.05437569, 0.39551223, 0.48776628, 0.43167808]),
    state_persistence=0.27,
    transient_persistence=0.8,
    retention=0.82,
)


@cache
def published(target: int, first: int) -> Backtest:
    files = {y: sorted(DATA.glob(f"mssp_puf_py{y}*.csv")) for y in range(first, target + 1)}
    crosswalk = DATA / "mssp_aco_id_crosswalk.csv"
    if not all(files.values()) or not crosswalk.is_file():
        pytest.skip(f"the public results files of {first} to {target} are not in {DATA}")
    paths = [str(found[0]) for found in files.values()]
    return backtest(paths[:-1], paths[-1], crosswalk if first < 2018 else None)


@pytest.fixture(scope="module")
def year_2023() -> Backtest:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "member_luck", lambda year: LUCK)
        return published(2023, first=2021)


def test_2023_from_two_files(year_2023: Backtest) -> None:
    found = year_2023.summary()
    assert found["n"] == 415
    for name, expected in zip(NAMES, SIMPLE[2023], strict=True):
        assert found["crps"][name] == pytest.approx(expected, abs=0.0002)
        assert found["crps"]["vbsim"] < found["crps"][name]
        assert found["log_score"]["vbsim"] < found["log_score"][name]
    assert 0.87 <= found["coverage"]["0.9"] <= 0.93
    assert found["pit_p_value"] > 0.05


def test_the_program_of_2023_lies_in_the_intervals(year_2023: Backtest) -> None:
    expected = {"share_earning": 0.691, "earned": 3.094e9, "net_to_medicare": 2.077e9}
    for name, value in expected.items():
        total = year_2023.totals[name]
        assert total.published == pytest.approx(value, rel=1e-3)
        low, high = total.interval(0.8)
        assert low < total.published < high


def test_2023_with_its_mean_given(year_2023: Backtest) -> None:
    given = year_2023.given
    assert given.share_earning == pytest.approx(given.published_share, abs=0.03)
    for place in LISTED:  # 12 % from all files: the slow tests
        assert given.spread[place] == pytest.approx(given.published_spread[place], rel=0.15)


@pytest.mark.slow
def test_typed_in_luck_is_the_engine_s() -> None:
    found = member_luck(2022)
    for name in (field.name for field in fields(LUCK) if field.name != "figures"):
        np.testing.assert_allclose(getattr(found, name), getattr(LUCK, name), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("year", range(2015, 2024))
def test_crps_is_below_the_simple_forecasts_in_every_year(year: int) -> None:
    crps = published(year, first=2013).summary()["crps"]
    assert crps["vbsim"] < min(crps[name] for name in NAMES)
    for name, expected in zip(NAMES, SIMPLE.get(year, ()), strict=False):
        assert crps[name] == pytest.approx(expected, abs=0.0002)


MISSES = {
    2015: "85.5 %: a history of two years, and outliers among the smallest ACOs",
    2018: "93.4 %: the program had grown calmer than its history",
    2020: "81.0 %: the pandemic",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "year",
    [
        pytest.param(y, marks=pytest.mark.xfail(reason=MISSES[y], strict=True))
        if y in MISSES
        else y
        for y in range(2015, 2024)
    ],
)
def test_90_percent_intervals_cover_87_to_93_percent(year: int) -> None:
    assert 0.87 <= published(year, first=2013).summary()["coverage"]["0.9"] <= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("year", [2022, 2023])
def test_90_percent_intervals_by_size(year: int) -> None:
    found = published(year, first=2013)
    for place in range(1, 7):  # 5,000 to 50,000 beneficiaries
        which = found.scored & (found.band == place)
        assert 0.83 <= found.coverage(0.9, which) <= 0.97


@pytest.mark.slow
@pytest.mark.xfail(reason="2022: 13 of 13 and 6 of 8; 2023: 30 of 30: few ACOs", strict=True)
@pytest.mark.parametrize("year", [2022, 2023])
def test_90_percent_intervals_in_every_size_band(year: int) -> None:
    for band in published(year, first=2013).summary()["by_size"].values():
        assert 0.83 <= band["coverage"]["0.9"] <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    "year",
    [*(y for y in range(2015, 2024) if y != 2020),
     pytest.param(2020, marks=pytest.mark.xfail(reason="p = 0.04: the pandemic", strict=True))],
)  # fmt: skip
def test_pit_is_flat(year: int) -> None:
    assert published(year, first=2013).pit_p_value() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", ["share_earning", "earned", "net_to_medicare"])
@pytest.mark.parametrize("year", [2022, 2023])
def test_program_in_the_80_percent_interval(year: int, name: str) -> None:
    total = published(year, first=2013).totals[name]
    low, high = total.interval(0.8)
    assert low < total.published < high


def half_width(total: object, relative: bool) -> float:
    low, high = total.interval(0.8)  # type: ignore[attr-defined]
    middle = float(np.median(total.draws))  # type: ignore[attr-defined]
    return 0.5 * (high - low) / (middle if relative else 1.0)


@pytest.mark.slow
def test_program_s_intervals_are_narrow_enough_to_be_of_use() -> None:
    for name, relative, bound in (
        ("share_earning", False, 0.10),
        ("earned", True, 0.30),
        ("net_to_medicare", True, 0.30),
    ):
        assert half_width(published(2023, first=2013).totals[name], relative) <= bound
    assert half_width(published(2022, first=2013).totals["earned"], relative=True) <= 0.30


@pytest.mark.slow
@pytest.mark.xfail(reason="10.2 points; the pandemic is two of eight changes seen", strict=True)
def test_share_earning_of_2022_within_10_points() -> None:
    assert half_width(published(2022, first=2013).totals["share_earning"], relative=False) <= 0.10


@pytest.mark.slow
@pytest.mark.xfail(reason="35 %, for the same reason", strict=True)
def test_net_to_medicare_of_2022_within_30_percent() -> None:
    assert half_width(published(2022, first=2013).totals["net_to_medicare"], relative=True) <= 0.30


@pytest.mark.slow
@pytest.mark.parametrize("year", [2022, 2023])
def test_spread_by_size_with_the_mean_given(year: int) -> None:
    given = published(year, first=2013).given
    for place in LISTED:
        assert given.spread[place] == pytest.approx(given.published_spread[place], rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "year",
    [pytest.param(2022, marks=pytest.mark.xfail(reason="66.9 %, published 63.1 %", strict=True)),
     2023],
)  # fmt: skip
def test_share_earning_with_the_mean_given(year: int) -> None:
    given = published(year, first=2013).given
    assert given.share_earning == pytest.approx(given.published_share, abs=0.03)
