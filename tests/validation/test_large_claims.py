"""Layers far in the tail, with the large claims of the Society of Actuaries' study (V8).

That the fitted law gives the study's own excess ratios is a target of :mod:`vbsim.validation`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.generators import population, unit_cost, utilization
from vbsim.generators.annual_cost import annual_cost
from vbsim.scenario.resolve import resolve
from vbsim.simulate import simulate
from vbsim.validation import large_claims


@pytest.mark.parametrize("steps", [100, 400, 1600])
def test_stop_loss_of_rare_claims_is_that_of_one_claim(steps: int) -> None:
    """A member with a claim in 1,000 years seldom has two: the exact annual cost must agree.

    Whatever the reach of the grid, from 80 down to 5 times the attachment: what lies beyond must
    not come back at its beginning.
    """
    law, attachment, rate = large_claims.law(), 250_000.0, 1e-3
    people = population.Params(risk_sd=0.0, ill_share=0.0, ill_ratio=1.0)
    use = utilization.Params(("large",), (rate,), (0.0,), 1e6, (1.0,))
    cost = annual_cost(people, use, (law,), step=attachment / steps)
    beyond = rate * unit_cost.mean(law) - float(cost.limited_mean(attachment)[0])
    assert beyond == pytest.approx(rate * large_claims.excess(attachment), rel=2e-3)


ATTACHMENTS = (25_000.0, 50_000.0, 100_000.0, 250_000.0)


def recoveries(person_years: float, realizations: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact mean of the cost above attachments, (S, L) [USD], and simulated sums, (R, S, L).

    Members of a Medicaid plan, part-year ones among them, without shocks; every claim is drawn.
    """
    kinds = ("tanf_child", "tanf_adult", "ssi")
    calm = dict.fromkeys(
        ("trend_sd", "service_sd", "pandemic_probability", "local_sd", "composition_cv"), 0.0
    )
    contract = {"model": "capitation", "expected_cost_share": 1.0}
    names = [f"above_{a:.0f}" for a in ATTACHMENTS]
    scenario = small_scenario(
        start_year=2024,
        assumptions="medicaid",
        population={
            "segments": {k: {"enrollment_type": k, "person_years": person_years} for k in kinds}
        },
        uncertainty=calm,
        benchmark=None,
        contracts={name: contract | {"stop_loss": name} for name in names},
        stop_loss={
            name: {"attachment": at, "loading": 0.2}
            for name, at in zip(names, ATTACHMENTS, strict=True)
        },
    )
    plan = replace(resolve(scenario), engine="claims", realizations=realizations)
    exact = np.array([layer.mean[0] for layer in plan.layers if layer.mean is not None]).T
    seen = simulate(plan)["layer_cost"].values[:, 0]
    return exact * plan.world.members[0][:, None], seen


def check_recoveries(person_years: float, realizations: int, own: float = 0.0) -> None:
    """Within 3 standard errors, and the share ``own`` for what the exact value approximates."""
    exact, seen = recoveries(person_years, realizations)
    error = seen.std(axis=0, ddof=1) / math.sqrt(realizations)
    gap = np.abs(seen.mean(axis=0) - exact)
    assert np.all(gap < 3.0 * error + own * exact), gap / error


def test_recoveries_of_every_attachment_are_exact() -> None:
    check_recoveries(1_000.0, 2_000)


@pytest.mark.slow
def test_recoveries_of_every_attachment_are_exact_to_a_third_of_a_percent() -> None:
    """With log intensities in steps of 0.05 and two exposures for all part-year members."""
    check_recoveries(6_000.0, 20_000, own=3e-3)
