"""Quality measures: beta-binomial rates, one correlation, and what comes from the claims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from tests.conftest import small_scenario
from vbsim.generators import entity_year, quality_measures
from vbsim.generators.quality_measures import Measure, Params, binomial_quantile
from vbsim.plan import Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import blocks, experience_bytes, simulate

DRAWS = 200_000


def drawn(measures: int, draws: int = DRAWS) -> np.ndarray:
    return np.random.default_rng(2024).uniform(size=(draws, 1 + 2 * measures))


@pytest.mark.parametrize(
    ("trials", "share"),
    [(0, 0.3), (1, 0.5), (40, 0.0), (40, 1.0), (57, 0.02), (300, 0.97), (20_000, 0.7)],
)
def test_binomial_quantile_is_exact(trials: int, share: float) -> None:
    """Against scipy's own, on a grid of uniforms that reaches far into both tails."""
    grid = np.concatenate([[2.0**-53, 1e-12, 1e-6], np.linspace(0.001, 0.999, 999), [1.0 - 1e-12]])
    found = binomial_quantile(grid, np.full(grid.size, float(trials)), np.full(grid.size, share))
    np.testing.assert_array_equal(found, stats.binom.ppf(grid, trials, share))


@pytest.mark.parametrize(("mean", "sd", "trials"), [(0.72, 0.06, 850), (0.04, 0.01, 60)])
def test_moments_of_a_beta_binomial_rate(mean: float, sd: float, trials: int) -> None:
    """Var = m (1 - m) / n * (1 + (n - 1) / (a + b + 1)), with a + b = m (1 - m) / sd**2 - 1.

    Tolerance: 4 standard errors of the mean and of the variance, from the draws themselves.
    """
    params = Params((Measure("a", mean, sd, eligible=trials),))
    rates = quality_measures.values(params, drawn(1), np.full((DRAWS, 1), float(trials)))[:, 0]
    size = mean * (1.0 - mean) / sd**2 - 1.0
    variance = mean * (1.0 - mean) / trials * (1.0 + (trials - 1) / (size + 1.0))
    law = stats.betabinom(trials, mean * size, (1.0 - mean) * size)
    assert law.var() / trials**2 == pytest.approx(variance)
    assert abs(rates.mean() - mean) < 4.0 * np.sqrt(variance / DRAWS)
    squares = (rates - mean) ** 2
    assert abs(squares.mean() - variance) < 4.0 * squares.std() / np.sqrt(DRAWS)
    # The whole law, not its moments alone: each count as often as it should be.
    counts = np.bincount(np.rint(rates * trials).astype(int), minlength=trials + 1)
    expected = DRAWS * law.pmf(np.arange(trials + 1))
    common = expected > 50.0
    chi = float(((counts - expected)[common] ** 2 / expected[common]).sum())
    assert stats.chi2.sf(chi, common.sum()) > 1e-4


def test_copula_has_the_stated_correlation() -> None:
    """Spearman's correlation of a Gaussian copula is 6 / pi * asin(r / 2).

    The standard error of Spearman's correlation is at most about 1.1 / sqrt(n) here: 4 of them.
    """
    correlation = 0.35
    measures = (
        Measure("a", 0.7, 0.1, eligible=100),
        Measure("b", 0.2, 0.05, eligible=100),
        Measure("worse_if_high", 0.2, 0.05, eligible=100, lower_is_better=True),
    )
    rates = quality_measures.values(Params(measures, correlation), drawn(3))
    found = stats.spearmanr(rates).statistic
    stated = 6.0 / np.pi * np.arcsin(correlation / 2.0)
    expected = np.array([[1.0, stated, -stated], [stated, 1.0, -stated], [-stated, -stated, 1.0]])
    np.testing.assert_allclose(found, expected, atol=4.0 * 1.1 / np.sqrt(DRAWS))
    alone = stats.spearmanr(quality_measures.values(Params(measures), drawn(3))).statistic
    np.testing.assert_allclose(alone, np.eye(3), atol=4.0 * 1.1 / np.sqrt(DRAWS))


def test_numerators_are_independent_given_the_true_rates() -> None:
    """Sampling error does not correlate, whatever the true rates do: 4 standard errors."""
    pair = tuple(Measure(name, 0.5, 0.0, eligible=50) for name in ("a", "b"))
    rates = quality_measures.values(Params(pair, 1.0), drawn(2), np.full((DRAWS, 2), 50.0))
    assert abs(np.corrcoef(rates.T)[0, 1]) < 4.0 / np.sqrt(DRAWS)


def test_a_new_measure_changes_no_other_draw() -> None:
    """Uniforms are named after the measure; the common factor is everybody's."""
    one, other = (Measure(name, 0.7, 0.05, eligible=300) for name in ("a", "b"))
    both, alone = Params((other, one), 0.4), Params((one,), 0.4)
    uniforms = dict(zip(quality_measures.labels(both), drawn(2, 500).T, strict=True))
    own = np.stack([uniforms[name] for name in quality_measures.labels(alone)], axis=-1)
    trials = np.full((500, 2), 300.0)
    together = quality_measures.values(both, np.stack(list(uniforms.values()), axis=-1), trials)
    np.testing.assert_array_equal(
        quality_measures.values(alone, own, trials[:, :1])[:, 0], together[:, 1]
    )


def test_score_by_hand() -> None:
    """Weights 3, 1 and 2; the last has no cases, another is not scored.

    Higher is better, 0.6 to 0.9, rate 0.8: 2/3 point. Lower is better, 0.5 to 0.4, rate 0.45: 1/2.
    (3 * 2/3 + 1 * 1/2) / 4 = 0.625: the standard of 0.625 is met, inclusively.
    """
    measures = (
        Measure("a", 0.7, eligible=9, threshold=0.6, benchmark=0.9, weight=3.0),
        Measure(
            "b", 0.5, eligible=9, lower_is_better=True, threshold=0.5, benchmark=0.4, weight=1.0
        ),
        Measure("none", 0.5, eligible=9, threshold=0.5, benchmark=0.6, weight=2.0),
        Measure("unscored", 0.5, eligible=9),
    )
    params = Params(measures, standard=0.625)
    rates = np.array([[0.8, 0.45, np.nan, 0.0], [0.8, 0.46, np.nan, 0.0], [np.nan] * 4])
    np.testing.assert_allclose(
        quality_measures.score(params, rates), [[0.625, 1.0], [0.6, 0.0], [0.0, 0.0]], atol=1e-12
    )
    # All or nothing where the two are equal, met inclusively, either way up.
    edge = tuple(
        replace(measure, threshold=0.5, benchmark=0.5, weight=1.0) for measure in measures[:2]
    )
    found = quality_measures.score(Params(edge), np.array([[0.5, 0.5], [0.49, 0.49], [0.51, 0.51]]))
    np.testing.assert_array_equal(found[:, 0], [1.0, 0.5, 0.5])


MEASURES = (
    Measure("screening", 0.7, 0.05, eligible_share=0.4),
    Measure("ed_visits", 1.0, service="ed", per_person_year=True, lower_is_better=True),
    Measure("admissions", 0.13, service="inpatient", per_person_year=True, lower_is_better=True),
    Measure("readmissions", 0.16, 0.01, service="inpatient", lower_is_better=True),
)


def measured_plan(realizations: int, measures: tuple[Measure, ...] = MEASURES) -> Plan:
    plan = replace(resolve(small_scenario()), realizations=realizations)
    years = tuple(Params(measures, 0.2) for _ in plan.world.years)
    return replace(plan, systematic=replace(plan.systematic, quality_measures=years))


def test_denominators() -> None:
    seen = simulate(measured_plan(60)).isel(year=-1)
    exposure = seen["person_years"].sum("segment")
    stays = seen["claims"].sel(service="inpatient").sum("segment")
    eligible = seen["measure_eligible"]
    np.testing.assert_array_equal(
        eligible.sel(quality_measure="screening"), np.round(0.4 * exposure)
    )
    for name in ("ed_visits", "admissions"):
        np.testing.assert_array_equal(eligible.sel(quality_measure=name), exposure)
    np.testing.assert_array_equal(eligible.sel(quality_measure="readmissions"), stays)
    visits = seen["claims"].sel(service="ed").sum("segment")
    found = seen["measure_rate"].sel(quality_measure="ed_visits")
    np.testing.assert_allclose(found, visits / exposure, rtol=1e-12)
    hits = seen["measure_rate"].sel(quality_measure="readmissions") * stays
    np.testing.assert_allclose(hits, np.round(hits), atol=1e-9)


def test_cost_and_quality_move_together() -> None:
    """Visits and admissions per person-year rise with cost; readmissions per stay do not.

    Of N stays each counts with probability q, so Var = q**2 Var N + q (1 - q) E N: the correlation
    of all stays with cost shrinks by sqrt(1 / (1 + (1 - q) / (q F))), F = Var N / E N. Tolerance: 4
    standard errors, each at most 1 / sqrt(4,000).
    """
    plan = measured_plan(4_000)
    last = plan.world.years[-1:]
    world = replace(
        plan.world,
        years=last,
        members=plan.world.members[-1:],
        use=plan.world.use[-1:],
        level=plan.world.level[-1:],
        relative_price=plan.world.relative_price[-1:],
        expected_cost=plan.world.expected_cost[-1:],
        expected_truncated=plan.world.expected_truncated[-1:],
    )
    systematic = replace(
        plan.systematic,
        quality_measures=plan.systematic.quality_measures[-1:],
        entity_year=entity_year.Params(0.0073),
    )
    only = replace(plan, world=world, systematic=systematic, layers=(), contracts=())
    seen = simulate(only).isel(year=0)
    per_head = seen["cost"].sum("segment") / seen["person_years"].sum("segment")

    def with_cost_of(service: str, measure: str) -> float:
        rate = seen["measure_rate"].sel(quality_measure=measure)
        return float(np.corrcoef(per_head.sel(service=service), rate)[0, 1])

    stays = seen["claims"].sel(service="inpatient").sum("segment")
    spread = float(stays.var() / stays.mean())
    shrunk = np.sqrt(1.0 / (1.0 + (1.0 - 0.13) / (0.13 * spread)))
    of_all = np.corrcoef(
        per_head.sel(service="inpatient"), stays / seen["person_years"].sum("segment")
    )[0, 1]
    found = with_cost_of("inpatient", "admissions")
    assert abs(found - shrunk * of_all) < 4.0 / np.sqrt(4_000)
    assert found > 0.2
    assert with_cost_of("ed", "ed_visits") > 0.6
    assert abs(with_cost_of("inpatient", "readmissions")) < 4.0 / np.sqrt(4_000)
    assert abs(with_cost_of("inpatient", "screening")) < 4.0 / np.sqrt(4_000)


def test_measures_change_no_other_draw_and_cost_nothing_without() -> None:
    plain, with_measures = (
        replace(measured_plan(20), systematic=resolve(small_scenario()).systematic),
        measured_plan(20),
    )
    before, after = simulate(plain), simulate(with_measures)
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])
    assert "measure_rate" not in before
    one_more = measured_plan(20, (*MEASURES, Measure("new", 0.5, 0.1, eligible=80)))
    more = simulate(one_more)["measure_rate"].sel(quality_measure=[m.name for m in MEASURES])
    np.testing.assert_array_equal(more, after["measure_rate"])
    # Rate and denominator of each measure of each year, 8 bytes each.
    added = experience_bytes(with_measures) - experience_bytes(plain)
    assert added == 8 * 20 * 3 * 2 * len(MEASURES)


def test_blocks_and_threads_change_nothing() -> None:
    plan = measured_plan(30)
    whole = simulate(plan, threads=1)
    parts = list(blocks(plan, block=7))
    for name in ("measure_rate", "measure_eligible"):
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), whole[name])
    short = simulate(replace(plan, realizations=10))
    np.testing.assert_array_equal(short["measure_rate"], whole["measure_rate"][:10])


def test_true_rates_are_beta() -> None:
    """At correlation 0 the true rate is the beta quantile of its own uniform."""
    params = Params((Measure("a", 0.72, 0.06, eligible=10),))
    grid = np.linspace(0.001, 0.999, 199)
    found = quality_measures.values(params, np.stack([grid[::-1], grid, grid], axis=-1))[:, 0]
    size = 0.72 * 0.28 / 0.06**2 - 1.0
    expected = special.betaincinv(0.72 * size, 0.28 * size, grid)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
