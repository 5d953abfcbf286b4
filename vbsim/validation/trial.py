"""V10: a program without any effect, enrolled on an admission, against the Camden trial.

Whoever is admitted is enrolled for the year that follows, half of them held out at random. Before
and after, admissions fall although nobody is helped; the arms of the trial do not differ.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import xarray as xr

from vbsim.measures.precision import Estimate, difference, ratio_of_means
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import simulate
from vbsim.validation.base import DERIVED, VERIFIED, Found, Target, percent
from vbsim.validation.worlds import aged

_CAMDEN = "Camden RCT, NEJM 2020;382:152: readmission within 180 days, 800 persons"
_REALIZATIONS = 400


@cache
def run() -> tuple[Plan, xr.Dataset]:
    """Two thousand aged members and what came of them."""
    population = {
        "members": 2_000,
        "person_years_per_member": 0.975,
        "segments": {"aged": {"enrollment_type": "aged_non_dual", "person_years": 1_950.0}},
    }
    words = {"enroll_on": "admission", "engagement": 1.0, "control_share": 0.5}
    benchmark = {"mode": "simulated", "base_years": [2021]}
    contracts = {"capitation": {"model": "capitation", "expected_cost_share": 1.0}}
    scenario = aged(
        2_000,
        population=population,
        benchmark=benchmark,
        contracts=contracts,
        intervention=words,
    )
    plan = replace(resolve(scenario), realizations=_REALIZATIONS, engine="claims")
    return plan, simulate(plan)


def _admitted(name: str, arm: int) -> Estimate:
    """Share of an arm's members: 0 those who take part, 1 those held out."""
    seen = run()[1].isel(year=-1)
    return ratio_of_means(
        seen[f"program_{name}"].values[:, arm], seen["program_members"].values[:, arm]
    )


def _found(one: Estimate, other: Estimate) -> Found:
    gap = difference(one, other)
    return Found(gap.value, gap.standard_error)


def before_after(data: Path | None = None) -> Found:
    """Fall of the share admitted among those who take part, from the year before."""
    return _found(_admitted("admitted_before", 0), _admitted("admitted", 0))


def randomized(data: Path | None = None) -> Found:
    """Share admitted of those who take part, less that of those held out."""
    return _found(_admitted("admitted", 0), _admitted("admitted", 1))


def targets() -> list[Target]:
    """Targets of V10 that a trial gives."""
    return [
        Target("V10.before_after", "admitted before enrolment and after it, no effect: fall",
               _CAMDEN, VERIFIED, 0.38, before_after, percent(), between=(0.25, 1.0),
               tolerance="at least 25 points"),
        Target("V10.randomized", "admitted, those who take part less those held out", _CAMDEN,
               VERIFIED, 0.0082, randomized, percent(2), between=(-0.0597, 0.0761),
               tolerance="95 % interval of the trial"),
        Target("V10.no_effect", "the same, against the effect that was put in", "an effect of 0",
               DERIVED, 0.0, randomized, percent(2), errors=2.0),
    ]  # fmt: skip
