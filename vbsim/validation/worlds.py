"""Scenarios that the targets are computed from: the aged, and the privately insured under 65."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.simulate import engine_of

BASE_YEARS = [2019, 2020, 2021]
OWN = ("local_sd", "composition_cv")  # the entity's own year
CALM = dict.fromkeys(("trend_sd", "service_sd", "pandemic_probability", *OWN), 0.0)
_BLOCK = 50_000  # lone members at a time


def aged(members: int, **changes: Any) -> Scenario:
    """Aged members of the default Medicare assumption set; ``changes`` replace keys."""
    words: dict[str, Any] = {
        "vbsim": 1,
        "name": "validation",
        "seed": 7,
        "realizations": 100,
        "start_year": 2022,
        "assumptions": "medicare_ffs",
        "population": {
            "members": members,
            "person_years_per_member": 1.0,
            "per_capita_truncated": True,
            "retention": 0.0,
            "segments": {
                "aged": {"enrollment_type": "aged_non_dual", "person_years": float(members)}
            },
        },
        "uncertainty": CALM,
        "benchmark": {"mode": "simulated", "base_years": BASE_YEARS},
        "contracts": {"basic_b": {"program": "mssp", "track": "basic_b"}},
    }
    return Scenario.model_validate(words | changes)


@cache
def aged_plan() -> Plan:
    """Plan of the aged alone, one performance year."""
    benchmark = {"mode": "published", "published_per_capita": 10_604.0}
    return resolve(aged(1_000, benchmark=benchmark))


def insured(members: float, **changes: Any) -> Plan:
    """Privately insured members under 65 who stay five years; ``changes`` replace keys."""
    words: dict[str, Any] = {
        "vbsim": 1,
        "name": "validation",
        "seed": 7,
        "realizations": 60,
        "start_year": 2020,
        "years": 5,
        "assumptions": "commercial",
        "population": {
            "person_years_per_member": 1.0,
            "retention": 1.0,
            "segments": {"members": {"enrollment_type": "under_65", "person_years": members}},
        },
        "uncertainty": CALM,
        "contracts": {"capitation": {"model": "capitation", "expected_cost_share": 1.0}},
    }
    return resolve(Scenario.model_validate(words | changes))


@cache
def lone_members(count: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Cost and claims of single aged members who stay, (members, 2 years, services)."""
    population = {
        "members": 1_000,
        "person_years_per_member": 1.0,
        "retention": 1.0,
        "segments": {"aged": {"enrollment_type": "aged_non_dual", "person_years": 1_000.0}},
    }
    mark = {"mode": "published", "published_per_capita": 10_604.0}
    return _alone(resolve(aged(1_000, years=2, benchmark=mark, population=population)), count)


@cache
def lone_insured(count: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Cost and claims of single privately insured members, (members, 5 years, services)."""
    return _alone(insured(1_000.0), count)


def _alone(plan: Plan, count: int) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Draw members one by one: a realization each, of a population of one."""
    world = replace(plan.world, members=np.ones_like(plan.world.members))
    engine = engine_of(replace(plan, world=world, engine="claims"))
    parts = [
        engine.block(np.arange(start, min(start + _BLOCK, count)))
        for start in range(0, count, _BLOCK)
    ]
    cost, claims = (
        np.concatenate([part[name].values[:, :, 0] for part in parts])
        for name in ("cost", "claims")
    )
    return cost, claims, plan.world.services
