"""The exact aggregate losses of V6 against independent arithmetic: recursion, and ``aggregate``."""

from __future__ import annotations

import numpy as np
import pytest

from vbsim.generators import unit_cost
from vbsim.validation.aggregates import ORACLES, recovered
from vbsim.validation.compound import Compound, binomial, listed, negative_binomial, poisson


def by_powers(law: Compound) -> np.ndarray:
    """Mass by adding up convolutions: no transform."""
    severity = unit_cost.discretized(law.severity, law.step, law.points)
    severity = severity[: np.flatnonzero(severity > 0.0)[-1] + 1]
    found, power = np.zeros(law.points), np.ones(1)
    for chance in law.frequency.mass:
        kept = min(power.size, law.points)
        found[:kept] += chance * power[:kept]
        power = np.convolve(power, severity)
    return found


LATTICE = ["dental", "exercise_19", "exercise_24", "exercise_34", "exercise_45"]


@pytest.mark.parametrize("name", LATTICE)
def test_transform_is_the_sum_of_convolutions(name: str) -> None:
    np.testing.assert_allclose(ORACLES[name].mass(), by_powers(ORACLES[name]), atol=1e-12)


@pytest.mark.parametrize(
    ("law", "a", "b"),
    [
        (poisson(5.0), 0.0, 5.0),
        (negative_binomial(2.0, 1.5), 0.6, 0.6),
        (binomial(3, 0.4), -2 / 3, 8 / 3),
    ],
)
def test_transform_is_panjer_s_recursion(law: object, a: float, b: float) -> None:
    """Numbers of claims with p(n) = (a + b / n) p(n - 1), costs of 1, 2 and 4."""
    spec = {"empirical": {"values": (1.0, 2.0, 4.0), "weights": (0.5, 0.3, 0.2)}}
    found = Compound("panjer", law, unit_cost.Params.from_spec(spec)).mass()  # type: ignore[arg-type]
    severity = {1: 0.5, 2: 0.3, 4: 0.2}
    expected = [found[0]]
    for s in range(1, 60):
        terms = ((a + b * x / s) * p * expected[s - x] for x, p in severity.items() if x <= s)
        expected.append(sum(terms))
    np.testing.assert_allclose(found[:60], expected, atol=1e-13)
    assert found[0] == pytest.approx(law.mass[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", LATTICE)
def test_stop_loss_is_that_of_the_payment_model(name: str) -> None:
    """The exact premium is the mean of what the contract's cover pays at every point."""
    law = ORACLES[name]
    money, mass = law.step * np.arange(law.points), law.mass()
    for retention in (0.5 * law.mean, law.mean, 2.0 * law.mean):
        paid = recovered(money, retention)
        assert law.stop_loss(retention) == pytest.approx(float(mass @ paid), abs=1e-6)


@pytest.mark.parametrize("name", ORACLES)
def test_moments_of_the_grid_are_the_exact_ones(name: str) -> None:
    law = ORACLES[name]
    money, mass = law.step * np.arange(law.points), law.mass()
    assert mass @ money == pytest.approx(law.mean, rel=1e-6)
    if name in LATTICE:
        assert mass @ (money - law.mean) ** 2 == pytest.approx(law.variance, rel=1e-6)


def test_numbers_of_claims_have_their_moments() -> None:
    assert listed(0.25, 0.5, 0.25).mean == pytest.approx(1.0)
    found = negative_binomial(16.0, 6.0)
    assert found.mean == pytest.approx(96.0)
    assert found.variance == pytest.approx(16.0 * 6.0 * 7.0)


WORDS = {
    "exercise_34": "agg A 5 claims dsev [100 500 1000] [.8 .16 .04] poisson",
    "exercise_45": "agg A 6 claims dsev [1 2 4] poisson",
    "actuar": "agg A 10 claims sev gamma 2 cv 0.7071067811865476 poisson",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
@pytest.mark.filterwarnings("ignore")
def test_the_package_aggregate_agrees(name: str) -> None:
    """Its transform and ours, independently written: mean, sd and distribution function."""
    reason = "the package aggregate is optional: pip install -e '.[bench]'"
    build = pytest.importorskip("aggregate", reason=reason).build
    law = ORACLES[name]
    theirs = build(WORDS[name], log2=16, bs=law.step)
    assert theirs.est_m == pytest.approx(law.mean, rel=1e-6)
    assert theirs.est_sd == pytest.approx(law.variance**0.5, rel=1e-4)
    below = np.cumsum(law.mass())
    # Discretization differs: rounding there, keeping the mean here.
    within = 1e-9 if name in LATTICE else 1e-4
    for point in (5, 10, 20, 40):
        assert float(theirs.cdf(point * law.step)) == pytest.approx(below[point], abs=within)
