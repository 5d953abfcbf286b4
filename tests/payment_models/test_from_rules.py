"""Terms that a scenario takes from the rules: tracks by year, and REACH by arrangement."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.errors import ScenarioError
from vbsim.payment_models import corridor, shared_savings
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import simulate


def reach(track: str, year: int = 2022) -> dict[str, object]:
    return {"program": "aco_reach", "track": track, "performance_year": year}


def test_reach_runs_from_a_scenario() -> None:
    contracts = {"global": reach("global"), "professional": reach("professional", 2026)}
    plan = resolve(small_scenario(contracts=contracts))
    terms = plan.contracts[0].terms[0]
    assert isinstance(terms, corridor.Terms)
    assert (terms.discount, terms.quality_withhold) == (0.02, 0.05)
    assert plan.contracts[0].expenditure_layer == ""
    settlement = settle(plan, simulate(plan))
    np.testing.assert_allclose(settlement["net_to_party"].sum("party"), 0.0, atol=0.01)
    for name in contracts:
        adds = (settlement["adds_to_net"] == 1) & (settlement["line_contract"] == name)
        lines = settlement["statement"].isel(line=adds.values)
        net = settlement["net_to_provider"].sel(contract=name)
        np.testing.assert_allclose(lines.sum("line"), net, atol=0.01)
    assert any(figure.status == "UNVERIFIED" for figure in plan.figures)


def test_an_arrangement_that_is_none() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'global'"):
        resolve(small_scenario(contracts={"reach": reach("globl")}))


def test_a_legacy_track_has_its_terms_and_its_years() -> None:
    old = {"program": "mssp", "track": "track_2", "performance_year": 2016}
    terms = resolve(small_scenario(contracts={"old": old})).contracts[0].terms[0]
    assert isinstance(terms, shared_savings.Terms)
    assert (terms.sharing_rate, terms.loss_rate_maximum, terms.payment_limit) == (0.6, 0.6, 0.15)
    assert terms.quality_scales_sharing
    with pytest.raises(ScenarioError, match="in 2022"):
        resolve(small_scenario(contracts={"old": {**old, "performance_year": 2022}}))
