"""Risk scores that are measured with noise, remember last year, and drift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.generators import risk_score
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import simulate


def test_by_hand() -> None:
    """Drift 1.02 ** 2; response 0.5 of 10 % more cost; an error of 3 over the root of 900."""
    params = risk_score.Params(("aged",), 1.0, 0.5, 0.02)
    found = risk_score.measured(
        params,
        np.array([[[0.0], [3.0]]]),
        np.array([[900], [900]]),
        np.array([[[0.1], [0.1]]]),
        np.array([-1, 2]),
    )
    np.testing.assert_allclose(found[0, :, 0], [1.05, 1.02**2 * (1.0 + 0.05 + 0.1)])


def capitated(engine: str, **measurement: float) -> Plan:
    """Capitation at each segment's own expected cost, risk-adjusted, two years."""
    segments = {"aged": {"enrollment_type": "aged_non_dual", "person_years": 1950.0}}
    people = {"person_years_per_member": 0.975, "segments": segments}
    contract = {"model": "capitation", "expected_cost_share": 1.0, "risk_adjusted": True}
    plan = resolve(
        small_scenario(
            years=2,
            benchmark={"mode": "simulated", "base_years": [2021]},
            uncertainty={"composition_cv": 0.0},
            population=people | ({"risk_measurement": measurement} if measurement else {}),
            contracts={"capitation": contract},
        )
    )
    return replace(plan, realizations=1500, engine=engine)


@pytest.mark.parametrize("engine", ["claims", "collective"])
def test_scores_move_the_rate(engine: str) -> None:
    """Mean, spread and memory of the scores; the payment is the rate times them, line by line."""
    plan = capitated(engine, noise_sd=0.8, response=0.3, coding_drift=0.02)
    seen = simulate(plan)
    score = seen["risk_score"].values[..., 0]
    error = score.std(axis=0) / np.sqrt(1500)
    assert np.all(np.abs(score.mean(axis=0) - (1.0, 1.0, 1.02)) < 4.0 * error)
    luck = seen["cost"].values[:, 0, 0].sum(axis=1) / seen["person_years"].values[:, 0, 0]
    luck = luck / luck.mean()
    luck = (luck - 1.0) / seen["local_factor"].values[:, 0]
    slope = np.polyfit(luck, score[:, 1], 1)[0]
    assert slope == pytest.approx(0.3, abs=0.05)
    noise = score[:, 1] - slope * luck
    assert noise.std() == pytest.approx(0.8 / np.sqrt(2000), rel=0.1)
    settled = settle(plan, seen).sel(contract="capitation", drop=True)
    lines = settled["statement"].sel(line="capitation.risk_score_aged").values
    np.testing.assert_array_equal(lines, score[:, 1:])
    np.testing.assert_allclose(settled["net_to_party"].sum("party"), 0.0, atol=1e-6)


def test_without_measurement_scores_are_as_stated() -> None:
    plan = replace(capitated("claims"), realizations=4)
    seen = simulate(plan)
    assert "risk_score" not in seen
    assert "capitation.risk_score_aged" not in settle(plan, seen)["line"].values
