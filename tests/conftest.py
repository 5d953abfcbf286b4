"""Small scenarios and plans that tests start from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.kernel_cache import REPOSITORY, kernel_cache

# Before numba is imported. Two workers share the processors: a thread of OpenMP that spins while it
# waits takes the other's time, a twentieth of the whole.
os.environ.setdefault("NUMBA_CACHE_DIR", kernel_cache())
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest

from tests.scenario.base import CommandLine
from vbsim.plan import Plan
from vbsim.report import figures
from vbsim.scenario.load import load
from vbsim.scenario.portfolio import is_portfolio
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import read_source

DATA = REPOSITORY.parent / "shared" / "data"
_SHIPPED = sorted((REPOSITORY / "scenarios").glob("*.yaml"))
PORTFOLIOS = [path for path in _SHIPPED if is_portfolio(read_source(path))]
SCENARIOS = [path for path in _SHIPPED if path not in PORTFOLIOS]


# Keys of a population whose members come, go, fall ill and die.
DYNAMICS = {
    "retention": 0.8,
    "leaving_ratio": 1.6,
    "transient_persistence": 0.4,
    "death_well": 0.01,
    "death_ill": 0.12,
    "end_of_life_ratio": 2.5,
}


def small_scenario(**changes: Any) -> Scenario:
    """Two segments, two base years, one MSSP track and capitation; ``changes`` replace keys."""
    words: dict[str, Any] = {
        "vbsim": 1,
        "name": "small",
        "seed": 7,
        "realizations": 60,
        "start_year": 2022,
        "assumptions": "medicare_ffs",
        "population": {
            "members": 400,
            "person_years_per_member": 0.975,
            "per_capita_truncated": True,
            "segments": {
                "aged": {"enrollment_type": "aged_non_dual", "person_years": 340.0},
                "disabled": {"enrollment_type": "disabled", "person_years": 50.0},
            },
        },
        "benchmark": {"mode": "simulated", "base_years": [2020, 2021]},
        "contracts": {
            "enhanced": {"program": "mssp", "track": "enhanced", "minimum_savings_rate": "table"},
            "capitation": {"model": "capitation", "expected_cost_share": 1.0},
        },
    }
    return Scenario.model_validate(words | changes)


@cache
def plan_of(path: Path) -> Plan:
    """Plan of a scenario file, resolved once in a session."""
    return resolve(load(path))


@pytest.fixture(scope="session")
def small_plan() -> Plan:
    """Plan of the small scenario."""
    return resolve(small_scenario())


@pytest.fixture
def with_realizations() -> Callable[[Plan, int], Plan]:
    """Return the plan with another number of realizations."""
    return lambda plan, count: replace(plan, realizations=count)


@pytest.fixture
def one_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the first figure of a report alone, where figures are not the question."""
    first = next(iter(figures.FIGURES))
    monkeypatch.setattr(figures, "FIGURES", {first: figures.FIGURES[first]})


@pytest.fixture
def vbsim_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> CommandLine:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys)
