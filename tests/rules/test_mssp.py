"""MSSP: hand-worked settlements, and a replay of the published results of PY2022.

Sources: CFR = 42 CFR part 425; PUF = CMS Performance Year Financial and Quality Results public use
file; the other figures are worked in the comment beside them.
"""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest

from tests.conftest import DATA, small_scenario
from vbsim import rulebook
from vbsim.payment_models import clauses, shared_savings
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.shared_savings import Terms
from vbsim.payment_models.shared_savings_terms import PROGRAM_TERMS
from vbsim.scenario.resolve import resolve

BOOK = rulebook.read("rules", "mssp")
YEAR = 2022
BY_SIZE = [
    *BOOK.figure("minimum_savings_rate_smallest", YEAR).value,
    *BOOK.figure("minimum_savings_rate_table", YEAR).value,
]
TRACKS = {
    "A": "basic_a",
    "B": "basic_b",
    "C": "basic_c",
    "D": "basic_d",
    "E": "basic_e",
    "EN": "enhanced",
}


def in_force(name: str, track: str) -> Any:
    """Value of a parameter of the rule file for a track."""
    value = BOOK.figure(name, YEAR).value
    return value[track] if isinstance(value, dict) else value


def terms(track: str, minimum_rate: float = 0.0, **changes: Any) -> Terms:
    """Terms of a track as the rule file states them, without a revenue limit."""
    not_in_file = {"two_sided", "minimum_savings_rate", "minimum_loss_rate", "loss_limit_amount"}
    names = [name for name in PROGRAM_TERMS if name not in not_in_file]
    values = {name: in_force(name, track) for name in names} | {
        "two_sided": in_force("sided", track) == 2,
        "minimum_savings_rate": minimum_rate,
        "minimum_loss_rate": minimum_rate,
        "loss_limit_amount": np.inf,
    }
    return Terms(**values | changes)


def settled(
    stated: Terms, benchmark: Any, expenditure: Any, quality: float = 0.85, met: float = 1.0
) -> Statement:
    mark, spent = np.broadcast_arrays(np.atleast_1d(benchmark), np.atleast_1d(expenditure))
    ones = np.ones(mark.shape)
    year = ContractYear(
        cost=spent.astype(float),
        expenditure=spent.astype(float),
        benchmark=mark.astype(float),
        person_years=ones,
        quality_score=quality * ones,
        quality_standard_met=met * ones,
    )
    return shared_savings.settle(None, year, stated)[1]


def net(*args: Any, **kwargs: Any) -> float:
    return float(settled(*args, **kwargs).net[0])


@pytest.mark.parametrize(
    ("heads", "percent", "within"),
    [
        # Spot checks of ACO-years in the PUF, printed with two or four decimals.
        (640, 11.22, 0.005),
        (1_401, 7.96, 0.005),
        (2_647, 5.65, 0.005),
        (3_946, 4.4794, 1e-4),
        (5_507, 3.7477, 1e-4),
        (7_802, 3.2394, 1e-4),
        (12_402, 2.8559, 1e-4),
        (25_042, 2.4496, 1e-4),
        (43_166, 2.2683, 1e-4),
        (73_694, 2.0, 1e-12),
        # Where one band ends and the next begins they have one rate, CFR 425.605(b)(1).
        *((heads, 27.4, 1e-12) for heads in (1, 99, 100)),
        *((heads, 12.2, 1e-12) for heads in (499, 500)),
        *((heads, 8.7, 1e-12) for heads in (999, 1_000)),
        *((heads, 5.0, 1e-12) for heads in (2_999, 3_000)),
        *((heads, 3.9, 1e-12) for heads in (4_999, 5_000)),
        *((heads, 3.6, 1e-12) for heads in (5_999, 6_000)),
        *((heads, 3.4, 1e-12) for heads in (6_999, 7_000)),
        *((heads, 3.2, 1e-12) for heads in (7_999, 8_000)),
        *((heads, 3.1, 1e-12) for heads in (8_999, 9_000)),
        *((heads, 3.0, 1e-12) for heads in (9_999, 10_000)),
        *((heads, 2.7, 1e-12) for heads in (14_999, 15_000)),
        *((heads, 2.5, 1e-12) for heads in (19_999, 20_000)),
        *((heads, 2.2, 1e-12) for heads in (49_999, 50_000)),
        *((heads, 2.0, 1e-12) for heads in (59_999, 60_000, 1_000_000)),
    ],
)
def test_minimum_savings_rate_by_size(heads: int, percent: float, within: float) -> None:
    assert 100.0 * clauses.banded(BY_SIZE, heads) == pytest.approx(percent, abs=within)


def test_minimum_savings_rate_never_rises_with_size() -> None:
    rates = [clauses.banded(BY_SIZE, heads) for heads in range(1, 61_000)]
    assert np.diff(rates).max() <= 1e-15


def test_the_gate_does_not_fail_by_rounding() -> None:
    """0.07 * 11,100 is 777.0000000000001 in floating point; a saving of 777 is 7 % all the same."""
    stated = terms("basic_e", 0.07, sequestration=0.0)
    assert 0.07 * 11_100 > 777.0
    assert net(stated, 11_100.0, 11_100.0 - 777.0) == pytest.approx(388.5)  # 777 * 0.5
    assert net(stated, 11_100.0, 11_100.0 + 777.0) == pytest.approx(-233.1)  # 777 * 0.3


def test_quality_standard_missed() -> None:
    # No savings are shared, whatever they are; losses at the maximum rate: 75 % (as A3743 in 2018).
    assert net(terms("enhanced"), 100e6, 90e6, 0.5, met=0.0) == pytest.approx(0.0, abs=1e-6)
    assert net(terms("enhanced"), 100e6, 101e6, 0.9, met=0.0) == pytest.approx(-750_000.0)
    assert net(terms("basic_e"), 100e6, 101e6, 0.9, met=0.0) == pytest.approx(-300_000.0)


@pytest.mark.parametrize("track", TRACKS.values())
def test_quality_does_not_scale_the_sharing_rate_in_2022(track: str) -> None:
    # Every ACO of 2021-2023 that met the standard had the full rate.
    stated = terms(track)
    assert net(stated, 100e6, 95e6, 0.5) == net(stated, 100e6, 95e6, 1.0)


@pytest.mark.parametrize(
    ("track", "share", "limit"),
    [("basic_a", 0.4, 0.1), ("basic_e", 0.5, 0.1), ("enhanced", 0.75, 0.2)],
)
def test_sequestration_comes_before_the_payment_limit(
    track: str, share: float, limit: float
) -> None:
    stated, benchmark = terms(track), 100e6
    # Saving 45 % of benchmark: 0.4 * 45 = 18 M, 0.5 * 45 = 22.5 M, 0.75 * 45 = 33.75 M: all capped,
    # and a capped ACO is paid exactly 10 % or 20 % of benchmark.
    found = settled(stated, benchmark, 55e6)
    assert found.net[0] == pytest.approx(limit * benchmark, rel=1e-12)
    assert found.facts["shared_savings"][0] == limit * benchmark
    # A share 1 % above the limit is below it after sequestration: 1.01 * 0.98 = 0.9898 of it. The
    # other order would give 0.98 of it.
    gap = 1.01 * limit * benchmark / share
    assert net(stated, benchmark, benchmark - gap) == pytest.approx(0.9898 * limit * benchmark)


def test_losses_are_not_sequestered() -> None:
    assert terms("basic_e").sequestration == 0.02
    assert net(terms("basic_e"), 100e6, 105e6) == pytest.approx(-1_500_000.0)  # 0.30 * 5 M


def test_resolve_writes_the_terms_of_the_rule_file() -> None:
    """Each track, as a scenario states it, has the terms that the tests here settle."""
    contracts = {
        track: {"program": "mssp", "track": track, "participant_revenue": 30e6}
        for track in TRACKS.values()
    }
    plan = resolve(small_scenario(contracts=contracts))
    for contract in plan.contracts:
        share = in_force("loss_limit_revenue", contract.name)
        limit = 30e6 * share if share else np.inf
        # 400 members: on the line from 27.4 % at 100 to 12.2 % at 499.
        rate = 0.274 - 300 / 399 * 0.152
        (found,) = contract.terms
        assert found.minimum_savings_rate == pytest.approx(rate, rel=1e-12)
        expected = terms(contract.name, found.minimum_savings_rate, loss_limit_amount=limit)
        assert found == expected


Row = dict[str, str]


def number(text: str) -> float:
    """A cell of the PUF: "6.46%", "12,345", "-" and "*" (suppressed) included."""
    text = text.strip().replace(",", "")
    if text in ("", "-", "*"):
        return 0.0
    return float(text[:-1]) / 100.0 if text.endswith("%") else float(text)


def replayed(row: Row) -> float:
    """Payment that vbsim makes of a row of the PUF [USD]."""
    stated = terms(TRACKS[row["Current_Track"]], number(row["MinSavPerc"]))
    return net(
        stated,
        number(row["ABtotBnchmk"]),
        number(row["ABtotExp"]),
        number(row["QualScore"]),
        number(row["Met_QPS"]),
    )


def published(row: Row) -> float:
    """Payment that CMS published [USD], before losses forgiven in disaster areas (DisAdj <= 0)."""
    return number(row["EarnSaveLoss"]) + number(row["DisAdj"])


COLUMNS = [
    "ACO_ID",
    "Current_Track",
    "MinSavPerc",
    "QualScore",
    "Met_QPS",
    "ABtotBnchmk",
    "ABtotExp",
    "DisAdj",
    "EarnSaveLoss",
]
# PUF PY2022, first release (August 2023).
TYPED = """
A1488 EN 2.00% 80.11% 1 113232978 113341688 - 0
A1001 EN 2.00% 89.41% 1 966116777 903712089 - 45867446
A1023 B 3.84% 70.63% 1 52165596 48583467 - 1404194
A1026 E 2.30% 83.32% 1 483895147 475448894 - 0
A1539 EN 1.00% 70.63% 1 236275356 249555909 -6245512 0
A2710 C 1.00% 83.96% 1 168355997 171339688 -895107 0
"""


@pytest.mark.parametrize("line", TYPED.split("\n")[1:-1], ids=lambda line: line[:5])
def test_published_settlements(line: str) -> None:
    """Neither side of the gate (A1488, A1026), savings (A1001, A1023), losses (A1539, A2710)."""
    row = dict(zip(COLUMNS, line.split(), strict=True))
    assert replayed(row) == pytest.approx(published(row), abs=1.0)


@pytest.fixture(scope="module")
def puf() -> list[Row]:
    """Every ACO of PY2022, from CMS's public use file as published."""
    path = DATA / "mssp_puf_py2022.csv"
    if not path.exists():
        pytest.skip(f"CMS's PY2022 public use file is not at {path}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_published_minimum_savings_rates_of_one_sided_acos(puf: list[Row]) -> None:
    """198 ACOs in BASIC A and B: the table at their heads, to the two decimals published."""
    table = BOOK.figure("minimum_savings_rate_table", YEAR).value
    rows = [row for row in puf if row["Current_Track"] in ("A", "B")]
    assert len(rows) == 198
    for row in rows:
        by_size = clauses.banded(table, int(number(row["N_AB"])))
        assert number(row["MinSavPerc"]) == pytest.approx(by_size, abs=6e-5), row["ACO_ID"]


def test_replay_of_every_published_settlement_of_2022(puf: list[Row]) -> None:
    """482 ACOs. A1070 owed less than its benchmark-based figure: the limit by participants'
    revenue, which the PUF does not give. The others differ by the rounding of published dollars.
    """
    misses = {row["ACO_ID"]: abs(replayed(row) - published(row)) for row in puf}
    assert len(misses) == 482
    assert sum(miss <= 1.0 for miss in misses.values()) >= 479
    assert [aco for aco, miss in misses.items() if miss > 1_000.0] == ["A1070"]
    # CMS's headline for PY2022: 304 ACOs (63 %) earned, 2,524 M USD paid.
    payments = np.array([replayed(row) for row in puf])
    assert np.count_nonzero(payments > 1.0) == 304
    assert payments[payments > 0.0].sum() == pytest.approx(2_524e6, abs=0.5e6)
