"""The predictor's accuracy, worked out by integrals, against two simulated years of members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from vbsim.errors import ParameterError
from vbsim.generators import population, predictor, utilization

PEOPLE = population.Params(
    0.6, 0.275, 10.8, ill_persistence=0.5, retention=0.8, transient_persistence=0.3
)
ELASTICITIES = (1.1, 0.85)
USE = utilization.Params(
    ("inpatient", "physician"),
    (0.25, 10.0),
    ELASTICITIES,
    3.0,
    tuple(population.risk_moment(PEOPLE, power) for power in ELASTICITIES),
)
COST, SPREAD = np.array([12_000.0, 400.0]), np.array([9_000.0, 600.0])
CLAIMS = predictor.Claims(0, tuple(COST), tuple(COST**2 + SPREAD**2))
MEMBERS = 400_000


def two_years(people: population.Params, use: utilization.Params) -> tuple[np.ndarray, ...]:
    """Log intensity of a year, admitted in the next and cost of the next, of those who stay.

    An independent program: NumPy's own draws, one member after the other of the same law.
    """
    rng = np.random.default_rng(5)
    risk = rng.normal(-0.5 * people.risk_sd**2, people.risk_sd, MEMBERS)
    ill = rng.random(MEMBERS) < people.ill_share
    transient = rng.gamma(use.transient_shape, 1.0 / use.transient_shape, MEMBERS)
    last = np.log(np.where(ill, *people.levels[::-1])) + risk + np.log(transient)
    stay = rng.random(MEMBERS) < np.where(ill, people.stay[1], people.stay[0])
    anew = rng.random(MEMBERS) >= people.ill_persistence
    ill = np.where(anew, rng.random(MEMBERS) < people.ill_share, ill)
    fresh = rng.gamma(use.transient_shape, 1.0 / use.transient_shape, MEMBERS)
    transient = np.where(rng.random(MEMBERS) < people.transient_persistence, transient, fresh)
    now = np.log(np.where(ill, *people.levels[::-1])) + risk + np.log(transient)
    claims = rng.poisson(np.array(use.rates) * utilization.response(use, now))
    shape = (COST / SPREAD) ** 2
    cost = sum(
        np.where(n > 0, rng.gamma(np.maximum(k * n, 1e-9), m / k), 0.0)
        for n, m, k in zip(claims.T, COST, shape, strict=True)
    )
    return last[stay], claims[stay, 0] > 0, cost[stay]


@pytest.mark.parametrize("leaving", [1.0, 2.0])
def test_accuracy_is_that_of_simulated_members(leaving: float) -> None:
    """Mann and Whitney's statistic, a count and a regression on 320,000 pairs of years.

    Standard errors: 0.001 of an AUC, 0.002 of a sensitivity, 0.004 of an R2, whose cost has a
    heavy tail; 4 of them.
    """
    people = replace(PEOPLE, leaving_ratio=leaving)
    seen = predictor.record(people, USE, CLAIMS)
    noise = predictor.noise_of(seen, "auc", 0.66, 0.05)
    assert predictor.auc(seen, noise) == pytest.approx(0.66, abs=1e-7)
    last, admitted, cost = two_years(people, USE)
    assert seen.here == pytest.approx(last.size / MEMBERS, abs=0.003)
    assert seen.weight @ seen.admitted == pytest.approx(admitted.mean(), abs=0.003)
    score = last + noise * np.random.default_rng(6).normal(size=last.size)
    found = stats.mannwhitneyu(score[admitted], score[~admitted]).statistic
    assert found / admitted.sum() / (~admitted).sum() == pytest.approx(0.66, abs=0.004)
    flagged = score > np.quantile(score, 1.0 - 0.05 / seen.here)
    assert flagged[admitted].mean() == pytest.approx(
        predictor.sensitivity(seen, noise, 0.05), abs=0.008
    )
    groups = np.array_split(np.argsort(score), 400)  # the best use of a score: means of its groups
    told = sum(group.size * (cost[group].mean() - cost.mean()) ** 2 for group in groups)
    chance = (len(groups) - 1) / last.size  # what groups of pure noise explain
    explained = told / last.size / cost.var() - chance
    assert explained == pytest.approx(predictor.r_squared(seen, noise), abs=0.016)


@pytest.mark.parametrize(("kind", "value"), [("sensitivity", 0.15), ("r_squared", 0.05)])
def test_noise_gives_the_stated_accuracy(kind: str, value: float) -> None:
    seen = predictor.record(PEOPLE, USE, CLAIMS)
    noise = predictor.noise_of(seen, kind, value, 0.05)
    found = {
        "sensitivity": predictor.sensitivity(seen, noise, 0.05),
        "r_squared": predictor.r_squared(seen, noise),
    }
    assert found[kind] == pytest.approx(value, abs=1e-6)


def test_a_threshold_leaves_the_stated_capacity() -> None:
    seen = predictor.record(PEOPLE, USE, CLAIMS)
    table = predictor.reach(seen, 1.0, 0.05)
    grid = table.first + table.step * np.arange(table.probability.size)
    flagged = np.interp(seen.log_intensity, grid, table.probability)
    assert seen.here * (seen.weight @ flagged) == pytest.approx(0.05, abs=1e-5)
    assert (
        predictor.reach(seen, 1.0, 0.9).probability.min() == 1.0
    )  # room for all who have a record


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("auc", 0.95, r"AUC is 0.95; expected more than 0.50\d, .* at most 0.7\d\d, .* last year"),
        ("auc", 0.5, r"AUC is 0.5; expected more than 0.50"),
        ("r_squared", 0.9, r"R2 is 0.9; expected .* at most 0.\d{3}"),
        ("sensitivity", 0.99, r"sensitivity is 0.99; expected .* at most 0.\d{3}"),
    ],
)
def test_what_no_record_can_tell_is_refused(kind: str, value: float, words: str) -> None:
    seen = predictor.record(PEOPLE, USE, CLAIMS)
    with pytest.raises(ParameterError, match=words):
        predictor.noise_of(seen, kind, value, 0.05)


def test_nobody_stays_so_nobody_has_a_record() -> None:
    with pytest.raises(ParameterError, match="retention is 0; expected more: a program looks back"):
        predictor.record(replace(PEOPLE, retention=0.0), USE, CLAIMS)
