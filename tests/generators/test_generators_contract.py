"""What every generator must keep, over the whole registry, with several parameters each."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest

from vbsim.errors import ParameterError
from vbsim.generators import (
    GENERATORS,
    entity_year,
    episodes,
    intervention,
    parameter,
    population,
    quality,
    quality_measures,
    risk_score,
    shocks,
    trend,
    true_savings,
    unit_cost,
    utilization,
)

SHOCKS = shocks.Params(
    services=("inpatient", "snf", "hospice"),
    sds=(0.05, 0.08, 0.0),
    correlation=0.5,
    pandemic_probability=0.03,
    pandemic_changes=(-0.14, -0.06, 0.12),
)
USE = utilization.Params(
    services=("inpatient", "physician", "none"),
    rates=(0.3, 9.0, 0.0),
    elasticities=(1.1, 0.85, 1.0),
    transient_shape=3.0,
    risk_moments=(1.0, 1.0, 1.0),
)
SCREENING = quality_measures.Measure("screening", 0.7, 0.05, eligible=400)
EMERGENCY = quality_measures.Measure(
    "ed_visits", 1.0, service="ed", per_person_year=True, lower_is_better=True
)
PEOPLE = population.Params(risk_sd=0.6, ill_share=0.275, ill_ratio=10.8)
JOINT = episodes.Params(
    per_1000=6.0,
    anchor_cost=13_000.0,
    anchor_cv=0.25,
    home_health_share=0.4,
    snf_share=0.3,
    irf_share=0.06,
    home_health_cost=3_000.0,
    snf_cost=12_000.0,
    irf_cost=20_000.0,
    post_acute_cv=0.6,
    readmission_share=0.065,
    readmission_cost=14_000.0,
    readmission_cv=0.9,
    other_cost=3_500.0,
    other_cv=0.5,
    severity_cv=0.3,
)
SCORES = risk_score.Params(("aged",))
EFFECTS = intervention.Params(
    ("inpatient", "ed", "primary_care"),
    (0.1, 0.06, -0.1),
    (0.05, 0.0, 0.05),
    (0.0,) * 3,
    (0.02,) * 3,
)
SAMPLES: dict[str, list[Any]] = {
    "entity_year": [
        entity_year.Params(0.0),
        entity_year.Params(0.0073),
        entity_year.Params(0.0073, (0.02,)),
    ],
    "episodes": [JOINT, replace(JOINT, irf_share=0.3, readmission_share=1.0, anchor_cv=0.0)],
    "intervention": [EFFECTS, replace(EFFECTS, sds=(0.0, 0.0, 0.0))],
    "parameter": [
        parameter.Params("normal", (0.258, 0.01)),
        parameter.Params("lognormal", (3.0, 0.5)),
        parameter.Params("beta", (0.815, 0.062)),
        parameter.Params("uniform", (-1.0, 2.0)),
        parameter.Params("triangular", (0.0, 0.0, 3.0)),
    ],
    "population": [
        PEOPLE,
        population.Params(0.0, 0.0, 1.0),
        population.Params(1.2, 1.0, 4.0, 0.3, 0.8, 0.9),
        replace(
            PEOPLE, person_years_per_member=0.95, retention=0.8, leaving_ratio=2.0, death_ill=0.1
        ),
    ],
    "quality": [
        quality.Params(0.815, 0.062, 0.94),
        quality.Params(0.5, 0.0, 1.0),
        quality.Params(0.5, 0.49, 0.0),
    ],
    "quality_measures": [
        quality_measures.Params((SCREENING, EMERGENCY), correlation=0.3),
        quality_measures.Params((replace(SCREENING, mean=0.0, sd=0.0),), correlation=1.0),
        quality_measures.Params((replace(SCREENING, mean=0.5, sd=0.49),)),
    ],
    "risk_score": [risk_score.Params(("a", "b"), 0.8, 0.3, 0.01), risk_score.Params(("a",))],
    "shocks": [
        SHOCKS,
        replace(SHOCKS, correlation=1.0, pandemic_probability=1.0),
        replace(SHOCKS, correlation=0.0, pandemic_probability=0.0),
    ],
    "trend": [trend.Params(0.0), trend.Params(0.0175), trend.Params(0.3)],
    "true_savings": [true_savings.Params(0.0, 0.025), true_savings.Params(-0.01, 0.0)],
    "unit_cost": [
        unit_cost.Params.from_spec({"lognormal": {"mean": 11_542.0, "cv": 1.1}}),
        unit_cost.Params.from_spec({"gamma": {"mean": 900.0, "cv": 0.9}}),
        unit_cost.Params.from_spec({"fixed": {"value": 120.0}}),
    ],
    "utilization": [
        USE,
        replace(USE, transient_shape=0.3),
        replace(USE, transient_shape=1e6, elasticities=(0.0, 3.0, 1.0)),
    ],
}
CASES = [(name, params) for name, many in SAMPLES.items() for params in many]
every_case = pytest.mark.parametrize(("name", "params"), CASES, ids=[name for name, _ in CASES])
DRAWS = 200_000


def uniforms(params_of: str, params: Any, draws: int = DRAWS) -> np.ndarray:
    width = len(GENERATORS[params_of].labels(params))
    return np.random.default_rng(2022).uniform(size=(draws, width))


def test_every_generator_has_parameters_here() -> None:
    """A new generator is tested as soon as its sample parameters are written above."""
    assert set(SAMPLES) == set(GENERATORS)


@every_case
def test_labels_are_unique_names(name: str, params: Any) -> None:
    """Names key the streams, so two draws of one name would be one draw."""
    labels = GENERATORS[name].labels(params)
    assert len(set(labels)) == len(labels) > 0
    assert all(isinstance(label, str) and label for label in labels)


@every_case
def test_mean_is_the_stated_mean(name: str, params: Any) -> None:
    """200,000 draws at a fixed seed, within 4 standard errors of their own."""
    drawn = GENERATORS[name].values(params, uniforms(name, params))
    error = drawn.std(axis=0, ddof=1) / np.sqrt(DRAWS)
    stated = np.asarray(GENERATORS[name].mean(params))
    assert drawn.mean(axis=0).shape == stated.shape
    assert np.all(np.abs(drawn.mean(axis=0) - stated) <= 4.0 * error + 1e-12 * np.abs(stated))


@every_case
def test_values_depend_on_the_uniforms_alone(name: str, params: Any) -> None:
    """Same uniforms, same values, whatever the shape they come in."""
    values, drawn = GENERATORS[name].values, uniforms(name, params, 600)
    drawn.setflags(write=False)
    first = values(params, drawn)
    np.testing.assert_array_equal(values(params, drawn), first)
    np.testing.assert_array_equal(values(replace(params), drawn), first)
    folded = values(params, drawn.reshape(20, 30, -1))
    np.testing.assert_array_equal(folded.reshape(first.shape), first)
    np.testing.assert_array_equal(values(params, drawn[:1])[0], first[0])


@every_case
def test_extreme_uniforms_give_finite_values(name: str, params: Any) -> None:
    width = len(GENERATORS[name].labels(params))
    ends = np.array([1e-12, 2.0**-53, 0.5, 1.0 - 2.0**-53, 1.0 - 1e-12])
    every_combination = np.stack(np.meshgrid(*[ends] * width), axis=-1)
    assert np.all(np.isfinite(GENERATORS[name].values(params, every_combination)))


@every_case
def test_parameters_are_frozen_and_hashable(name: str, params: Any) -> None:
    assert type(params) is GENERATORS[name].Params
    assert len({params, replace(params)}) == 1
    for item in fields(params):
        with pytest.raises(FrozenInstanceError):
            setattr(params, item.name, 0.0)


PERCENT = r"expected a share of 1, at least 0 and below 1 \(write 2 % as 0.02\)"
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (trend.Params(0.0), {"sd": 2.0}, f"trend_sd is 2; {PERCENT}"),
    (trend.Params(0.0), {"sd": -0.1}, f"trend_sd is -0.1; {PERCENT}"),
    (trend.Params(0.0), {"sd": np.nan}, f"trend_sd is nan; {PERCENT}"),
    (entity_year.Params(0.0), {"sd": 1.75}, f"local_sd is 1.75; {PERCENT}"),
    (entity_year.Params(0.0), {"by_size": (0.1, -0.1)}, r"by_size is \(0.1, -0.1\); expected"),
    (entity_year.Params(0.0), {"by_size": (np.inf,)}, r"by_size is \(inf,\); expected standard"),
    (entity_year.Params(0.0), {"by_size": ()}, r"by_size is \(\); expected standard"),
    (true_savings.Params(0.0, 0.0), {"mean": 2.5}, r"mean 2.5, sd 0; expected .*write 2.5 % as"),
    (true_savings.Params(0.0, 0.0), {"sd": np.nan}, r"sd nan; expected shares of 1"),
    (quality.Params(0.8, 0.1, 1.0), {"score_mean": 81.5}, r"score_mean is 81.5; .*81.5 % as 0.815"),
    (
        quality.Params(0.8, 0.1, 1.0),
        {"standard_met": -1.0},
        r"standard_met is -1; expected a share",
    ),
    (
        quality.Params(0.8, 0.1, 1.0),
        {"score_sd": 0.4},
        r"score_sd is 0.4; .* less than 0.400 for a",
    ),
    (quality.Params(0.8, 0.1, 1.0), {"score_sd": np.nan}, r"score_sd is nan; expected 0, or less"),
    (SCREENING, {"mean": 70.0}, r"mean of screening is 70; .*81.5 % as 0.815"),
    (SCREENING, {"mean": np.nan}, r"mean of screening is nan; expected a share"),
    (SCREENING, {"sd": 0.5}, r"sd of screening is 0.5; expected 0, or less than 0.458 for a mean"),
    (SCREENING, {"eligible": None}, r"screening states 0 of eligible, eligible_share and service"),
    (SCREENING, {"eligible_share": 0.5}, r"screening states 2 of .*; expected one, more than 0"),
    (
        quality_measures.Params((SCREENING,)),
        {"correlation": 1.5},
        r"correlation of the quality measures is 1.5; expected a share",
    ),
    (
        quality_measures.Params((SCREENING,)),
        {"standard": -0.5},
        r"standard of the quality measures is -0.5; expected a share",
    ),
    (
        quality_measures.Params((SCREENING,)),
        {"measures": (SCREENING, SCREENING)},
        r"measures are screening, screening; expected each once",
    ),
    (quality_measures.Params((SCREENING,)), {"measures": ()}, r"measures are none"),
    (PEOPLE, {"ill_share": 27.5}, r"ill_share is 27.5; expected a share between 0 and 1"),
    (PEOPLE, {"retention": -0.1}, r"retention is -0.1; expected a share between 0 and 1"),
    (PEOPLE, {"person_years_per_member": 0.5}, r"person_years_per_member is 0.5; .* more than 0.5"),
    (
        PEOPLE,
        {"retention": 0.5, "leaving_ratio": 9.0},
        r"retention is 0.5; found -0.\d+ of the ill who stay; expected 0 to 1, with leaving_",
    ),
    (
        PEOPLE,
        {"death_ill": 0.1},
        r"person_years_per_member is 1; expected at most 0.98625 where 2.8%",
    ),
    (PEOPLE, {"end_of_life_ratio": 0.5}, r"end_of_life_ratio 0.5 is out of range; .* and 1 to 100"),
    (SCORES, {"coding_drift": 1.5}, r"coding_drift is 1.5; expected .* \(write 1 % as 0.01\)"),
    (SCORES, {"response": 1.2}, r"noise_sd 0 or response 1.2 is out of range; expected 0 to 10"),
    (
        EFFECTS,
        {"means": (1.2, 0.0, 0.0)},
        r"effect on inpatient has mean 1.2 .* than all claims",
    ),
    (PEOPLE, {"risk_sd": 3.0}, r"risk_sd 3 or ill_ratio 10.8 is out of range; expected 0 <= risk"),
    (PEOPLE, {"ill_ratio": 0.9}, r"ill_ratio 0.9 is out of range; .* ill_ratio >= 1"),
    (PEOPLE, {"ill_ratio": np.inf}, r"ill_ratio inf is out of range"),
    (SHOCKS, {"correlation": 1.1}, r"service_correlation is 1.1; expected a share between 0 and 1"),
    (SHOCKS, {"pandemic_probability": 2.5}, r"pandemic_probability is 2.5; expected a share"),
    (SHOCKS, {"pandemic_changes": (-14.0, 0.0, 0.0)}, r"of inpatient is -14; .*14 % as -0.14"),
    (SHOCKS, {"pandemic_changes": (0.0, -1.0, 0.0)}, r"of snf is -1; expected a share above -1"),
    (SHOCKS, {"sds": (0.1, 0.1, 4.8)}, f"service_sd of hospice is 4.8; {PERCENT}"),
    (SHOCKS, {"sds": (0.1, 0.1)}, r"3 services, 2 sds and 3 pandemic_changes; expected as many"),
    (
        USE,
        {"rates": (0.3, 9.0)},
        r"services, rates, elasticities and risk_moments differ in length",
    ),
    (USE, {"rates": (0.3, -9.0, 0.0)}, r"utilization of physician is -9; expected 0 or more"),
    (USE, {"rates": (np.inf, 9.0, 0.0)}, r"utilization of inpatient is inf; expected 0 or more"),
    (USE, {"elasticities": (1.0, 1.0, -1.0)}, r"elasticity of none is -1; expected 0 to 3"),
    (USE, {"elasticities": (np.nan, 1.0, 1.0)}, r"elasticity of inpatient is nan; expected 0 to 3"),
    (USE, {"transient_shape": 0.0}, r"transient_shape is 0; expected between 0.05 and 1e6"),
]


@pytest.mark.parametrize(
    ("params", "change", "message"), NONSENSE, ids=[str(change) for _, change, _ in NONSENSE]
)
def test_nonsense_is_refused(params: Any, change: dict[str, Any], message: str) -> None:
    """The message says what was found and what was expected."""
    with pytest.raises(ParameterError, match=message):
        replace(params, **change)


def test_unknown_unit_cost_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"did you mean 'lognormal'\?"):
        unit_cost.Params.from_spec({"lognormall": {"mean": 1.0, "cv": 1.0}})
