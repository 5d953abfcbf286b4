"""Uncertain figures: from words to draws, and the message for every way to get them wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.conftest import small_scenario
from vbsim.errors import ParameterError, ScenarioError
from vbsim.generators import parameter
from vbsim.scenario.load import json_schema, validate
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Source
from vbsim.simulate import engine_of

NORMAL = {"normal": {"mean": 0.01, "sd": 0.002}}


def words(**changes: Any) -> dict[str, Any]:
    data = small_scenario().model_dump(exclude_none=True, exclude_defaults=True, by_alias=True)
    data |= {"uncertainty": {"inner_realizations": 20}}
    for path, value in changes.items():
        *above, last = path.split("__")
        node = data
        for key in above:
            node = node.setdefault(key, {})
        node[last] = value
    return data


def uncertain(**changes: Any) -> Scenario:
    return validate(Source("test.yaml", words(**changes)))


def message(**changes: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        resolve(uncertain(**changes))
    return str(caught.value)


@pytest.mark.parametrize(
    ("spec", "law"),
    [
        ({"normal": {"mean": 0.3, "sd": 0.1}}, stats.norm(0.3, 0.1)),
        ({"lognormal": {"mean": 2.0, "cv": 1.0}}, stats.lognorm(np.sqrt(np.log(2)), scale=2**0.5)),
        ({"beta": {"mean": 0.25, "sd": 0.1}}, stats.beta(4.4375, 13.3125)),
        ({"uniform": {"low": -1, "high": 3}}, stats.uniform(-1, 4)),
        ({"triangular": {"low": 0, "mode": 1, "high": 4}}, stats.triang(0.25, 0, 4)),
    ],
)
def test_families_are_those_of_scipy(spec: dict[str, Any], law: Any) -> None:
    params, levels = parameter.Params.from_spec(spec), np.linspace(0.001, 0.999, 201)
    found = parameter.values(params, levels[:, None])
    np.testing.assert_allclose(found, law.ppf(levels), rtol=1e-9, atol=1e-12)
    assert parameter.mean(params) == pytest.approx(law.mean())


def test_the_plan_has_the_means_and_every_draw_its_own_figures() -> None:
    plan = resolve(
        uncertain(
            uncertainty__trend_sd=NORMAL, population__retention={"beta": {"mean": 0.8, "sd": 0.05}}
        )
    )
    assert plan.systematic.trend.sd == 0.01
    assert [one.name for one in plan.parameters] == ["population.retention", "uncertainty.trend_sd"]
    assert (len(plan.draws), plan.inner) == (3, 20)
    for draw in plan.draws:
        assert (draw.world.people[0].retention, draw.systematic.trend.sd) == draw.drawn
    assert len({draw.drawn for draw in plan.draws}) == 3


def test_a_figure_is_drawn_whatever_others_are() -> None:
    alone = resolve(uncertain(uncertainty__trend_sd=NORMAL))
    both = resolve(uncertain(uncertainty__trend_sd=NORMAL, uncertainty__local_sd=NORMAL))
    more = resolve(uncertain(uncertainty__trend_sd=NORMAL, realizations=100))
    drawn = [draw.drawn[0] for draw in alone.draws]
    names = [one.name for one in both.parameters]
    assert drawn == [d.drawn[names.index("uncertainty.trend_sd")] for d in both.draws]
    assert drawn == [draw.drawn[0] for draw in more.draws[:3]]
    assert resolve(uncertain(uncertainty__trend_sd=NORMAL, seeds={"parameters": 9})).draws[
        0
    ].drawn != (drawn[0],)


def test_distributions_of_members_and_realizations_are_no_beliefs() -> None:
    """And what defines these may be uncertain."""
    savings = {"normal": {"mean": 0.0, "sd": 0.02}}
    cost = {"lognormal": {"mean": 9000.0, "cv": 1.0}}
    plain = uncertain(uncertainty__true_savings=savings, services__inpatient__unit_cost=cost)
    assert not plain.uncertain
    savings["normal"]["mean"] = NORMAL
    assert [one.name for one in uncertain(uncertainty__true_savings=savings).uncertain] == [
        "uncertainty.true_savings.normal.mean"
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"uncertainty__trend_sd": {"normal": {"mean": 0.01, "stdev": 0.1}}},
            "found:    normal with mean, stdev\n  expected: normal with the keys mean, sd",
        ),
        (
            {"uncertainty__trend_sd": {"normal": {"mean": 0.01, "sd": -0.1}}},
            "found:    normal(mean 0.01, sd -0.1)\n  expected: sd above 0",
        ),
        (
            {"uncertainty__trend_sd": {"normal": {"mean": "small", "sd": 0.1}}},
            "found:    'small' as mean\n  expected: normal with the keys mean, sd, each a number",
        ),
        (
            {"uncertainty__trend_sd": {"beta": {"mean": 0.5, "sd": 0.6}}},
            "expected: a mean between 0 and 1 and an sd above 0 and below sqrt(mean (1 - mean))",
        ),
        (
            {"uncertainty__trend_sd": {"uniform": {"low": 0.2, "high": 0.1}}},
            "found:    uniform(low 0.2, high 0.1)\n  expected: low below high",
        ),
        (
            {"uncertainty__trend_sd": {"normal": {"mean": 2.0, "sd": 0.1}}},
            "normal(mean 2, sd 0.1), whose mean is 2\n  expected: a share of 1, at most 1",
        ),
        (
            {"years": {"uniform": {"low": 1, "high": 3}}},
            "found:    uniform(low 1, high 3)\n  expected: a figure for certain: it decides "
            "the shape of the results\n  to do:    write one figure",
        ),
        (
            {"name": {"uniform": {"low": 1, "high": 3}}},
            "found:    uniform(low 1, high 3), whose mean is 2\n  expected: text\n  to do:    only "
            "numbers can be uncertain",
        ),
        (
            {"population__members": {"uniform": {"low": 390, "high": 411}}},
            "expected: a whole number",
        ),
        (
            {"uncertainty__trend_sd": {"normal": {"mean": 0.01, "sd": 0.2}}},
            "of the uncertain figures (uncertainty.trend_sd = -",
        ),
        (
            {"uncertainty__trend_sd": NORMAL, "uncertainty__inner_realizations": 60},
            "1 draw: 60 realizations, 60 to each draw\n  expected: 2 to 2,000 draws of the "
            "uncertain figures\n  to do:    lower uncertainty.inner_realizations",
        ),
        (
            {
                "uncertainty__trend_sd": NORMAL,
                "uncertainty__inner_realizations": 1,
                "realizations": 9000,
            },
            "found:    9,000 draws",
        ),
    ],
)
def test_wrong_beliefs_are_told_apart(changes: dict[str, Any], expected: str) -> None:
    assert expected in message(**changes)


def test_a_misspelt_family_is_no_number() -> None:
    told = message(uncertainty__trend_sd={"norml": {"mean": 0.01, "sd": 0.1}})
    assert "uncertainty.trend_sd" in told
    assert "a number" in told


def test_no_beliefs_in_a_portfolio_nor_with_sobol_points() -> None:
    scenario = uncertain(uncertainty__trend_sd=NORMAL)
    with pytest.raises(ScenarioError, match="certain figures in an entity of a portfolio"):
        resolve(scenario, entity="one")
    with pytest.raises(ParameterError, match="found sobol and 1 uncertain figures; expected one"):
        engine_of(replace(resolve(scenario), sampling="sobol"))


def test_more_realizations_than_draws_are_refused() -> None:
    plan = replace(resolve(uncertain(uncertainty__trend_sd=NORMAL)), realizations=61)
    with pytest.raises(ParameterError, match=r"realization 60 belongs to draw 3 .* at most 60"):
        engine_of(plan).block(np.arange(40, 61))


def test_the_scenario_keeps_its_words(tmp_path: Path) -> None:
    plan = resolve(uncertain(uncertainty__trend_sd=NORMAL))
    path = tmp_path / "again.yaml"
    path.write_text(plan.scenario, encoding="utf-8")
    from vbsim.scenario.load import load

    assert [draw.drawn for draw in resolve(load(path)).draws] == [d.drawn for d in plan.draws]
    stated = {figure.path: figure.value for figure in plan.figures}
    assert stated["uncertainty.trend_sd"] == "normal(mean 0.01, sd 0.002)"


def test_editors_take_a_distribution_for_a_number() -> None:
    assert '"$ref": "#/$defs/Belief"' in json_schema()


def inpatient(rate: object, power: object, price: object, cv: object) -> dict[str, Any]:
    """Words of a scenario whose hospital stays are as told; total cost is not truncated."""
    law = {"lognormal": {"mean": price, "cv": cv}}
    return {
        "services__inpatient": {"utilization": rate, "elasticity": power, "unit_cost": law},
        "population__per_capita_truncated": False,
        "contracts__capitation__stop_loss": "high",
        "stop_loss__high": {"attachment": 100_000, "coinsurance": 0.9, "loading": 0.2},
    }


def test_draws_near_the_means_are_the_scenario_with_their_figures() -> None:
    """Every draw against the same figures written for certain, worked out from nothing.

    The expected cost is exact. Mean costs of layers move by several percent from draw to draw:
    they are within 0.1 % of exact, and the Plan says how far off the draw furthest out is.
    """
    beliefs = ((250.0, 20.0), (1.1, 0.05), (13_000.0, 800.0), (1.1, 0.1))
    laws = [{"normal": {"mean": mean, "sd": sd}} for mean, sd in beliefs]
    plan = resolve(uncertain(**inpatient(*laws), realizations=100))
    off, moved = [], []
    for draw in plan.draws:
        by_name = dict(zip((one.name for one in plan.parameters), draw.drawn, strict=True))
        ends = ("utilization", "elasticity", "lognormal.mean", "lognormal.cv")
        figures = [value for end in ends for name, value in by_name.items() if name.endswith(end)]
        alone = resolve(uncertain(**inpatient(*figures)))
        np.testing.assert_allclose(draw.world.expected_cost, alone.world.expected_cost, rtol=1e-12)
        np.testing.assert_array_equal(draw.world.rate, alone.world.rate)
        near, exact, means = (
            np.array([layer.mean for layer in one.layers]) for one in (draw, alone, plan)
        )
        off.append(np.abs(near / exact - 1.0).max())
        moved.append(np.abs(means / exact - 1.0).max())
        for one, known in zip(draw.layers, alone.layers, strict=True):
            np.testing.assert_allclose(one.spread, known.spread, rtol=0.01)
    assert max(moved) > 0.03
    assert max(off) < 0.001
    assert np.isclose(plan.draws_error, off).any()


def test_figures_that_leave_the_members_alone_have_exact_draws() -> None:
    assert resolve(uncertain(uncertainty__trend_sd=NORMAL)).draws_error == 0.0
