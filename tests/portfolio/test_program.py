"""The whole Medicare Shared Savings Program of 2022 from CMS's file, beside the published one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import vbsim
from benchmarks.program import timed
from tests.conftest import DATA, PORTFOLIOS
from vbsim.portfolio import Portfolio, resolve_portfolio
from vbsim.run_portfolio import memory_bytes

PUF = DATA / "mssp_puf_py2022.csv"
PROGRAM = next(path for path in PORTFOLIOS if path.stem == "mssp_2022_program")
pytestmark = pytest.mark.skipif(not PUF.is_file(), reason=f"public, not shipped: {PUF.name}")


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """Give the scenarios of all ACOs, for 200 realizations."""
    return vbsim.load_portfolio(PROGRAM, PUF, {"realizations": 200})


def first_rows() -> list[dict[str, str]]:
    with PUF.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))[:8]


def write(rows: list[dict[str, str]], folder: Path) -> Path:
    """Write rows as a file of their own."""
    with (folder / PUF.name).open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / PUF.name


def test_every_aco_is_a_scenario_of_its_own(portfolio: Portfolio) -> None:
    assert len(portfolio.entities) == 482
    northwest_ohio = portfolio.entities["A1488"]
    assert northwest_ohio.population.members == 10384
    assert northwest_ohio.contracts["mssp"].label == "MSSP ENHANCED"
    assert northwest_ohio.benchmark is not None
    assert northwest_ohio.benchmark.base_years == [2016, 2017, 2018]
    assert sum(one.population.members or 0 for one in portfolio.entities.values()) == 10_418_297


def test_what_came_of_the_year_is_no_input(portfolio: Portfolio, tmp_path: Path) -> None:
    """The same file with another year's outcome gives the same scenarios, but for what is shown."""
    rows = first_rows()
    for row in rows:
        row["ABtotExp"] = str(round(0.9 * float(row["ABtotExp"].replace(",", ""))))
        row |= {"Sav_rate": "9.99%", "GenSaveLoss": "1", "EarnSaveLoss": "1", "QualScore": "50.00%"}
        row |= {name: "1" for name in row if name.startswith("Per_Capita_Exp") and "_PY" in name}
    found = vbsim.load_portfolio(PROGRAM, write(rows, tmp_path), {"realizations": 200}).entities
    assert len(found) == 8
    for name, scenario in found.items():
        before = portfolio.entities[name]
        assert scenario.model_dump(exclude={"outputs"}) == before.model_dump(exclude={"outputs"})
        assert scenario.outputs.observed != before.outputs.observed


def test_a_file_of_another_year_is_warned_of(tmp_path: Path) -> None:
    other = tmp_path / "results_2021.csv"
    other.write_bytes(PUF.read_bytes())
    (warning,) = vbsim.load_portfolio(PROGRAM, other).warnings
    assert "is read as results of 2022, the start_year; its name speaks of 2021" in warning


@pytest.mark.slow
def test_the_benchmark_times_both_programs(tmp_path: Path) -> None:
    found = timed(write(first_rows(), tmp_path), realizations=20)
    assert found.seconds > 0.0
    assert min(found.reference) > 0.0
    member_years = found.run.plan.member_years
    assert member_years > 4 * 5000 * 8
    part = sum(found.reference) / 2.0
    assert found.ratio == pytest.approx(20 * member_years * part / found.seconds)


@pytest.mark.slow
def test_the_program_beside_the_published_one(portfolio: Portfolio) -> None:
    """Published: 482 ACOs, 63 % earned $2.52 billion, gross savings $4.33 billion, Medicare kept
    $1.80 billion (CMS, August 2023). Nobody owed, because all losses were forgiven that year."""
    run = vbsim.run_portfolio(portfolio)
    program = run.summary.program.sel(group="all", contract="mssp", year=2022)
    published = program["published"]
    assert published.sel(quantity="entities_earning") == 304
    assert published.sel(quantity="entities_owing") == 0
    assert published.sel(quantity="total_earned") == pytest.approx(2.524e9, rel=1e-3)
    assert published.sel(quantity="gross_savings") == pytest.approx(4.329e9, rel=1e-3)
    assert published.sel(quantity="net_to_payer") == pytest.approx(1.805e9, rel=1e-3)
    mean = program["value"].sel(measure="mean")
    for name, within in (("share_earning", 0.05), ("spread_of_savings_rates", 0.005)):
        gap = float(mean.sel(quantity=name) - published.sel(quantity=name))
        assert abs(gap) < within, (name, gap)
    for name in ("share_earning", "total_earned", "gross_savings", "net_to_payer", "benchmark"):
        low, high = program["value"].sel(quantity=name, measure=["p05", "p95"]).values
        assert low < float(published.sel(quantity=name)) < high, name
    rates = run.summary.entities["published_percentile"].values
    assert 0.80 < np.mean((rates > 0.05) & (rates < 0.95)) < 0.97


@pytest.mark.slow
def test_ten_thousand_years_of_the_program_fit_into_two_gigabytes() -> None:
    plan = resolve_portfolio(vbsim.load_portfolio(PROGRAM, PUF))
    assert plan.realizations == 10_000
    assert memory_bytes(plan) < 2e9
