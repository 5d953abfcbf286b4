"""Rows of made-up results files whose truth is known."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from vbsim.backtest.facts import KINDS, AcoYear, Known, Result
from vbsim.backtest.luck import MemberLuck

MEMBERS = MemberLuck(
    variance=np.array([0.9, 3.4, 3.8, 3.6]),
    lasting=np.array([0.2, 0.3, 0.4, 0.3]),
    state=np.array([0.4, 1.7, 1.9, 1.8]),
    transient=np.array([0.1, 0.2, 0.3, 0.2]),
    both=np.array([0.0, 0.2, 0.2, 0.2]),
    state_persistence=0.5,
    transient_persistence=0.7,
    retention=0.8,
)
MIX = tuple((share * 10_000.0, cost) for share, cost in
            ((0.005, 86_000.0), (0.08, 11_000.0), (0.06, 17_000.0), (0.855, 10_600.0)))  # fmt: skip


def known(aco: str, year: int, start: int = 2019, **changes: object) -> Known:
    """What is known of an ACO of BASIC E, in its first agreement."""
    words: dict[str, object] = {
        "aco": aco,
        "year": year,
        "start": start,
        "joined": start,
        "first_agreement": True,
        "track": "basic_e",
        "election": 0.01,
        "six_months": False,
        "base_person_years": 9_000.0,
        "base_per_capita": 10_000.0,
    }
    return Known(**(words | changes))  # type: ignore[arg-type]


def row(aco: str, year: int, rate: float, start: int = 2019, **changes: object) -> AcoYear:
    """A row of a history; ``changes`` are of its result."""
    words: dict[str, object] = {
        "savings_rate": rate,
        "payment": max(rate, 0.0) * 1e8 * 0.49,
        "minimum_rate": 0.01,
        "benchmark": 1e8,
        "person_years": 10_000.0,
        "heads": 10_300.0,
        "quality": 0.9,
        "standard_met": True,
        "revenue": 0.0,
        "mix": MIX,
    }
    return AcoYear(known(aco, year, start), Result(**(words | changes)))  # type: ignore[arg-type]


def write_file(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write rows as a results file."""
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def cells_2022(aco: str, year: int, rate: float, start: int) -> dict[str, object]:
    """Cells in the layout of 2022: fractions, one column of tracks."""
    size, cost = 10_000, 11_500.0
    total = size * cost
    found: dict[str, object] = {
        "ACO_ID": aco,
        "Agreement_Period_Num": 1,
        "Current_Start_Date": f"1/1/{start}",
        "Current_Track": "E",
        "N_AB": 10_300,
        "Sav_rate": rate,
        "MinSavPerc": 0.01,
        "EarnSaveLoss": round(max(rate, 0.0) * total * 0.49) if rate >= 0.01 else 0,
        "DisAdj": "-",
        "Met_QPS": 1,
        "QualScore": 0.82,
        "UpdatedBnchmk": cost,
        "ABtotBnchmk": total,
        "ABtotExp": round(total * (1.0 - rate)),
        "FinalShareRate": 0.5,
        "Rev_Exp_Cat": "Low Revenue" if int(aco[1:]) % 2 else "High Revenue",
    }
    return found | _by_type(size)


def cells_2024(aco: str, year: int, rate: float, start: int) -> dict[str, object]:
    """The same in the layout of 2024: bare percent points, a dash for what does not apply."""
    old = cells_2022(aco, year, rate, start)
    return old | {
        "Sav_rate": round(100.0 * rate, 2),
        "MinSavPerc": 1.0,
        "QualScore": 82.0,
        "FinalShareRate": 50.0,
        "FinalLossRate": "-",
        "Met_AltQPS": "-",
        "Guardrail": 0,
        "ReducedSS": 0,
        "AIPOwe": "-",
        "RegAdj": 201,
        "PriorSavAdj": "-",
        "FinalAdjCat": "REG",
    }


def _by_type(size: int) -> dict[str, object]:
    names = dict(zip(KINDS, ("ESRD", "DIS", "AGED_Dual", "AGED_NonDual"), strict=True))
    short = dict(zip(KINDS, ("ESRD", "DIS", "AGDU", "AGND"), strict=True))
    found: dict[str, object] = {"N_AB_Year_PY": size}
    for kind, (people, cost) in zip(KINDS, MIX, strict=True):
        for year in ("BY1", "BY2", "BY3", "PY"):
            found[f"Per_Capita_Exp_ALL_{short[kind]}_{year}"] = round(cost)
            found[f"CMS_HCC_RiskScore_{short[kind]}_{year}"] = 1.0
        for year in ("BY3", "PY"):
            found[f"N_AB_Year_{names[kind]}_{year}"] = round(people * size / 10_000)
    return found
