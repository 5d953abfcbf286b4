"""The identity of a run: everything that moves a number, and nothing else."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim import provenance
from vbsim.plan import Plan
from vbsim.provenance import differences, identity, plan_hash
from vbsim.scenario.resolve import resolve

# Words of a plan, and what is named apart from its hash.
WORDS = {"name", "description", "scenario", "figures", "warnings"}
# The plans of the draws follow from ``parameters`` and the seed.
APART = {"seed", "seeds", "realizations", "draws"}


def moved(value: Any) -> Any:
    """Give a value that differs in one place."""
    if isinstance(value, np.ndarray):
        other = value.copy()
        other.flat[-1] = not other.flat[-1] if value.dtype == bool else other.flat[-1] + 1
        return other
    if isinstance(value, tuple):
        return (*value[:-1], moved(value[-1])) if value else (1,)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + (1 if isinstance(value, int) else 1e-9)
    if isinstance(value, str):
        return value + "x"
    if value is None:
        return 1.0
    assert is_dataclass(value)
    first = fields(value)[0].name
    return replace(value, **{first: moved(getattr(value, first))})


@pytest.mark.parametrize("name", [f.name for f in fields(Plan) if f.name not in WORDS | APART])
def test_every_part_of_a_plan_counts(small_plan: Plan, name: str) -> None:
    other = replace(small_plan)
    object.__setattr__(other, name, moved(getattr(other, name)))
    assert plan_hash(other) != plan_hash(small_plan)


def test_the_same_scenario_has_the_same_identity() -> None:
    one, two = (resolve(small_scenario()) for _ in range(2))
    assert identity(one) == identity(two)
    words = {"description": "other words", "warnings": ("unusual",), "figures": ()}
    assert identity(replace(one, **words)) == identity(one)


def test_a_deep_number_counts(small_plan: Plan) -> None:
    services = {"inpatient": {"elasticity": 1.0001}}
    other = resolve(small_scenario(services=services))
    assert plan_hash(other) != plan_hash(small_plan)
    reseeded = replace(small_plan, seeds=(("claims", 3),))
    assert differences(identity(reseeded), identity(small_plan)) == [
        "seeds: claims 3 there, none here"
    ]


def test_what_has_no_hash_is_refused(small_plan: Plan) -> None:
    with pytest.raises(TypeError, match="a plan holds a set, which has no hash of its own"):
        plan_hash(replace(small_plan, contracts=({1},)))


def test_code_and_scheme_count(small_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity(small_plan)
    monkeypatch.setattr(provenance.streams, "SCHEME", "another")
    monkeypatch.setattr(provenance, "_code_hash", lambda: "beef")
    assert differences(before, identity(small_plan)) == [
        f"code: {before['code']} there, beef here",
        f"random_numbers: {before['random_numbers']} there, another here",
    ]
