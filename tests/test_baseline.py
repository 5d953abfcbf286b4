"""The small scenario's numbers, as they were when they were last meant to change.

A change that moves them is marked **results change** in CHANGELOG.md and made here by
``python -m tests.test_baseline``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vbsim
from tests.conftest import small_scenario

BASELINE = Path(__file__).with_name("baseline.json")


def numbers() -> dict[str, float]:
    """Return means and sums that any change of draws, prices or terms would move."""
    plan = vbsim.resolve(small_scenario())
    experience = vbsim.simulate(plan)
    settlement = vbsim.settle(plan, experience)
    found = {
        f"net {c}": float(settlement["net_to_provider"].sel(contract=c).mean())
        for c in ("enhanced", "capitation")
    }
    found |= {
        f"claims {s}": float(experience["claims"].sel(service=s).sum()) for s in plan.world.services
    }
    found["cost"] = float(experience["cost"].sum())
    found["truncated"] = float(experience["layer_cost"].sum())
    found["person-years"] = float(experience["person_years"].sum())
    return found


def test_numbers_have_not_moved() -> None:
    # Last bits may differ between processors; draws may not.
    assert numbers() == pytest.approx(json.loads(BASELINE.read_text(encoding="utf-8")), rel=1e-9)


if __name__ == "__main__":
    BASELINE.write_text(json.dumps(numbers(), indent=2) + "\n", encoding="utf-8")
