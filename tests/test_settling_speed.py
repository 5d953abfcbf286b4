"""The benchmark of settling measures what it says; its times are looked at by a person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import settlement
from tests.conftest import REPOSITORY, plan_of
from vbsim.settle import settle
from vbsim.simulate import simulate

BUNDLES = REPOSITORY / "scenarios" / "bundles.yaml"
EVERY_MODEL = REPOSITORY / "scenarios" / "all_models.yaml"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"SIMULATED": 10, "REALIZATIONS": 25, "RUNS": 1}.items():
        monkeypatch.setattr(settlement, name, size)


def test_every_contract_is_timed() -> None:
    found = list(settlement.timings(EVERY_MODEL))
    assert [each.contract for each in found] == [c.name for c in plan_of(EVERY_MODEL).contracts]
    assert all(each.settled > 0.0 and each.lines >= 2 for each in found)


def test_repeated_realizations_settle_as_they_did() -> None:
    plan = replace(plan_of(BUNDLES), realizations=10)
    drawn = simulate(plan)
    before = settle(plan, drawn)["net_to_provider"].values[:, 0]
    after = settle(settlement.five_years(plan), settlement.repeated(plan, drawn))
    net = after["net_to_provider"]
    assert net.sizes["realization"], net.sizes["year"] == (25, 5)
    np.testing.assert_array_equal(net.values[:, 0], before[np.arange(25) % 10])
    np.testing.assert_array_equal(net.values[:, 2], before[(np.arange(25) + 14) % 10])
