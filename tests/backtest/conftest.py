"""Made-up results files, and a backtest of them that takes a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import synthetic as made

from vbsim.backtest import Backtest, backtest, story

YEARS = (2021, 2022, 2023)


@pytest.fixture
def quick_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Luck of members as typed in: the engine's takes seconds to work out."""
    monkeypatch.setattr(story, "member_luck", lambda year: made.MEMBERS)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Results files of 2021 to 2023 and, in the layout of 2024, of 2024; 40 ACOs and a newcomer."""
    folder = tmp_path_factory.mktemp("results")
    random = np.random.default_rng(8)
    level = random.normal(0.03, 0.02, 41)
    found = {}
    for year in (*YEARS, 2024):
        cells = made.cells_2024 if year == 2024 else made.cells_2022
        rates = np.round(level + random.normal(0.0, 0.015, 41), 4)
        acos = range(41) if year == 2024 else range(40)
        rows = [
            cells(f"A{1000 + n}", year, float(rates[n]), 2024 if n == 40 else 2020) for n in acos
        ]
        found[year] = made.write_file(folder / f"PY{year}_results.csv", rows)
    return found


@pytest.fixture(scope="session")
def small(files: dict[int, Path]) -> Backtest:
    """A backtest of 2024."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "member_luck", lambda year: made.MEMBERS)
        return backtest([str(files[year]) for year in YEARS], str(files[2024]))
