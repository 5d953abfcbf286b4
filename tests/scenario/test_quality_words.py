"""Quality measures of a scenario: from words to generators, and the score they make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import small_scenario
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import simulate

WORDS = {
    "correlation": 0.3,
    "score": "measures",
    "standard": 0.4,
    "measures": {
        "screening": {
            "mean": 0.7,
            "sd": 0.04,
            "drift": 0.01,
            "eligible_share": 0.5,
            "threshold": 0.6,
            "benchmark": 0.8,
        },
        "ed_visits": {"from": "ed_visits", "threshold": 0.5, "benchmark": 0.3, "weight": 2.0},
        "readmissions": {"from": "readmissions", "probability": 0.16, "sd": 0.01},
    },
}


def plan(**changes: object) -> Plan:
    return resolve(small_scenario(quality=WORDS | changes, years=2))


def test_words_become_generators() -> None:
    found = plan().systematic.quality_measures
    assert [params.measures[0].mean for params in found] == [0.7, 0.7, 0.7, 0.71]  # from 2023 on
    screening, visits, stays = found[0].measures
    assert (screening.eligible_share, screening.service, screening.lower_is_better) == (
        0.5,
        "",
        False,
    )
    assert (visits.mean, visits.service, visits.per_person_year) == (1.0, "ed", True)
    assert (stays.mean, stays.service, stays.per_person_year) == (0.16, "inpatient", False)
    assert visits.lower_is_better
    assert stays.lower_is_better
    assert {params.correlation for params in found} == {0.3}


def test_measures_make_the_score() -> None:
    """(1 point of screening at most + 2 of visits) / 3, from the rates that were measured."""
    seen = simulate(replace(plan(), realizations=50))
    rate = seen["measure_rate"]
    screening = np.clip((rate.sel(quality_measure="screening") - 0.6) / 0.2, 0.0, 1.0)
    visits = np.clip((0.5 - rate.sel(quality_measure="ed_visits")) / 0.2, 0.0, 1.0)
    expected = (screening + 2.0 * visits) / 3.0
    np.testing.assert_allclose(seen["quality_score"], expected.transpose("realization", "year"))
    np.testing.assert_array_equal(seen["quality_standard_met"], seen["quality_score"] >= 0.4)


def test_measures_beside_the_drawn_score_leave_it_as_it_was() -> None:
    beside = plan(score=None, standard=None)
    plain = resolve(small_scenario(years=2))
    with_measures, without = (simulate(replace(p, realizations=30)) for p in (beside, plain))
    for name, values in without.items():
        np.testing.assert_array_equal(values, with_measures[name])


def test_a_drift_out_of_range_is_refused() -> None:
    words = {"measures": {"a": {"mean": 0.99, "drift": 0.02, "eligible": 50}}}
    with pytest.raises(Exception, match=r"mean of a is 1.01"):
        resolve(small_scenario(quality=words, years=2))
