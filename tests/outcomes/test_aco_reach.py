"""ACO REACH: every published settlement of 2021 and 2022, and rows typed in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import DATA
from tests.outcomes.samples import write_sample
from vbsim.outcomes import Outcome, Tally, settle_file

FILE = DATA / "aco_reach_py2021_2022.csv"
# CMS GPDC results: D0004 and D0006 of PY2021.
ROWS = [
    {"aco_id": "D0004", "perf_year": "2021", "risk_arrangement": "Global",
     "final_benchmark": "75558439.9116", "tot_cost_care_net": "71678885.4508",
     "shared_savings_seq": "3801963.3716"},
    {"aco_id": "D0006", "perf_year": "2021", "risk_arrangement": "Professional",
     "final_benchmark": "26652184.8599", "tot_cost_care_net": "29659424.4299",
     "shared_savings_seq": "-1184021.0192"},
]  # fmt: skip


def test_replay() -> None:
    if not FILE.exists():
        pytest.skip(f"the public REACH results file is not in {DATA}")
    tally = Tally()
    outcomes = list(tally.counted(settle_file("aco_reach", FILE)))
    assert (tally.rows, tally.settled) == (152, 152)
    assert tally.within_1 >= 151
    (far,) = [o for o in outcomes if abs(o.difference or 0.0) > 1.0]
    assert (far.aco_id, far.performance_year) == ("D0128", 2022)
    assert "retention withhold of 2 %" in far.reason
    assert [o.performance_year for o in settle_file("aco_reach", FILE, 2021)] == [2021] * 53


def settled(tmp_path: Path, *rows: dict[str, str]) -> list[Outcome]:
    return list(settle_file("aco_reach", write_sample(tmp_path / "reach.csv", *rows)))


def test_typed_in_rows(tmp_path: Path) -> None:
    savings, losses = settled(tmp_path, *ROWS)
    assert savings.difference == pytest.approx(0.0, abs=0.01)
    assert (savings.track, savings.sharing_rate) == ("global", pytest.approx(1.0))
    assert losses.difference == pytest.approx(0.0, abs=0.01)
    # 50 % of 5 %, 35 % of 5 %, 15 % of what lies above 10 %, of 11.2833 %
    assert losses.loss_rate == pytest.approx(
        (0.025 + 0.0175 + 0.15 * 0.012833) / 0.112833, rel=1e-4
    )


def test_health_equity_adjustment_counts_from_2023(tmp_path: Path) -> None:
    row = {**ROWS[0], "heba_up_amt": "100000", "heba_down_amt": "-20000"}
    before, after = settled(tmp_path, row, {**row, "perf_year": "2023"})
    assert before.earned_shared_savings == pytest.approx(3_801_963.37, abs=0.01)
    assert after.earned_shared_savings == pytest.approx(3_801_963.37 + 0.98 * 80_000, abs=0.01)
    (hidden,) = settled(tmp_path, {**row, "perf_year": "2023", "heba_up_amt": "*"})
    assert not hidden.settled
    assert "heba_up_amt is suppressed" in hidden.reason


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    (found,) = settled(tmp_path, {**ROWS[0], "final_benchmark": "*", "risk_arrangement": "Local"})
    assert "final_benchmark is suppressed" in found.reason
    assert "risk_arrangement is local" in found.reason
