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


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"SIMULATED": 10, "REALIZATIONS": 25, "RUNS": 1}.items():
        monkeypatch.setattr(settlement, name, size)


# Every payment model; terms of an agreement; retentions; a provider's economics.
@pytest.mark.parametrize(
    "name", ["all_models", "glide_path_2024_2028", "medicaid_mco", "ny_vbp_fqhc"]
)
def test_every_contract_is_timed(name: str) -> None:
    path = REPOSITORY / "scenarios" / f"{name}.yaml"
    found = list(settlement.timings(path))
    assert [each.contract for each in found] == [c.name for c in plan_of(path).contracts]
    assert all(each.settled > 0.0 and each.lines >= 2 for each in found)


def test_repeated_realizations_settle_as_they_did() -> None:
    plan = replace(plan_of(BUNDLES), realizations=10)
    drawn = simulate(plan)
    before = settle(plan, drawn)["net_to_provider"].values[:, 0]
    after = settle(settlement.five_years(plan), settlement.repeated(plan, drawn))
    net = after["net_to_provider"]
    assert (net.sizes["realization"], net.sizes["year"]) == (25, 5)
    np.testing.assert_array_equal(net.values[:, 0], before[np.arange(25) % 10])
    np.testing.assert_array_equal(net.values[:, 2], before[(np.arange(25) + 14) % 10])
