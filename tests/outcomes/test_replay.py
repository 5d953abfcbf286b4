"""Every published settlement, replayed: CMS's own files settled by the rules, to the dollar.

Without the files (they are public, and not shipped) the same rules are held against typed-in rows.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.outcomes.samples import CASES, Case, write_sample
from vbsim.outcomes import Outcome, Tally, mssp, settle_file
from vbsim.outcomes.reader import OutcomeFile

# Rows, and how many come within $1, within $1,000 and within the larger of $1 and 1 %. From
# 2015 to 2020 the files round the quality score that scales the rate; what is left in 2019-2023 is
# revenue-based loss limits.
REPLAY = {
    2013: (220, 220, 220, 220),
    2014: (333, 333, 333, 333),
    2015: (392, 299, 392, 392),
    2016: (432, 321, 431, 432),
    2017: (472, 336, 469, 472),
    2018: (548, 372, 545, 548),
    2019: (475, 272, 473, 474),
    2020: (513, 270, 507, 513),
    2021: (475, 472, 472, 472),
    2022: (482, 479, 481, 481),
    2023: (453, 449, 450, 450),
}
REVENUE_LIMITED = {
    2019: {"A2392"},
    2021: {"A1515", "A2820", "A4627"},
    2022: {"A1070"},
    2023: {"A1241", "A4627", "A5293"},
}


def published(year: int) -> Path:
    found = sorted(DATA.glob(f"mssp_puf_py{year}*.csv"))
    if not found:
        pytest.skip(f"the public PY{year} results file is not in {DATA}")
    return found[0]


@pytest.mark.parametrize("year", REPLAY)
def test_replay(year: int) -> None:
    tally = Tally()
    outcomes = list(tally.counted(settle_file("mssp", published(year), year)))
    rows, within_1, within_1000, within_1_percent = REPLAY[year]
    assert tally.rows == rows
    assert tally.settled == rows
    assert tally.within_1 >= within_1
    assert tally.within_1000 >= within_1000
    assert tally.within_1_percent >= within_1_percent
    far = {o.aco_id for o in outcomes if not _near(o)}
    limited = {o.aco_id for o in outcomes if "revenue-based loss limit" in o.reason}
    assert far == limited == REVENUE_LIMITED.get(year, set())
    assert all(o.reason for o in outcomes if o.difference is None or abs(o.difference) > 1.0)


def _near(outcome: Outcome) -> bool:
    assert outcome.difference is not None
    assert outcome.published is not None
    return abs(outcome.difference) <= max(1.0, abs(outcome.published) / 100.0)


@pytest.mark.parametrize("year", REPLAY)
def test_minimum_savings_rates_and_qualification(year: int) -> None:
    rows = list(OutcomeFile(published(year), mssp.LAYOUT, year).rows())
    generated = _generated(published(year))
    for row, outcome in zip(rows, settle_file("mssp", published(year), year), strict=True):
        rate = row.value("minimum_rate")
        assert outcome.minimum_savings_rate == pytest.approx(rate, abs=1.01e-4), outcome.aco_id
        if year > 2013:
            assert outcome.savings_rate is not None
            gap_counts = outcome.savings_rate >= outcome.minimum_savings_rate
            counts = gap_counts and outcome.savings_rate > 0.0
            assert counts == (generated[outcome.aco_id] > 0.0), outcome.aco_id


def _generated(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        rows = [{k.lower(): v for k, v in row.items()} for row in csv.DictReader(text)]
    return {
        row.get("aco_id") or row["aco_num"]: float(
            row.get("gensaveloss", "0").replace(",", "").replace("-", "-0") or 0
        )
        for row in rows
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_typed_in_rows(case: Case, tmp_path: Path) -> None:
    path = write_sample(tmp_path / "sample.csv", case.cells)
    (found,) = settle_file("mssp", path, case.year)
    assert found.settled, found.reason
    assert found.track == case.track
    assert found.minimum_savings_rate == pytest.approx(case.minimum, abs=1e-4)
    assert found.earned_shared_savings == pytest.approx(case.earned, abs=case.within)
    assert found.owed_shared_losses == pytest.approx(case.owed, abs=case.within)
    assert found.reason == ""
