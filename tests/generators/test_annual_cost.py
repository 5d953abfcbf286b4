"""The exact distribution of annual cost against simulation and closed forms.

The simulation is a program of its own: NumPy's lognormal, gamma and Poisson draws, and moments in
closed form; it shares no line and no table with the package.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from vbsim.generators import population, unit_cost, utilization
from vbsim.generators.annual_cost import AnnualCost, annual_cost, lasting_variance

MEMBERS = 400_000
PEOPLE = population.Params(
    risk_sd=0.6, ill_share=0.275, ill_ratio=10.8, person_years_per_member=0.97
)
POWERS, RATES, SHAPE = (1.1, 1.4, 1.0), (0.25, 0.05, 0.4), 3.0
USE = utilization.Params(
    services=("inpatient", "snf", "ed"),
    rates=RATES,
    elasticities=POWERS,
    transient_shape=SHAPE,
    risk_moments=tuple(population.risk_moment(PEOPLE, power) for power in POWERS),
)
LOGNORMAL, GAMMA, FIXED = (11_542.0, 1.1), (14_160.0, 0.9), 700.0
COSTS = (
    unit_cost.Params.from_spec({"lognormal": {"mean": LOGNORMAL[0], "cv": LOGNORMAL[1]}}),
    unit_cost.Params.from_spec({"gamma": {"mean": GAMMA[0], "cv": GAMMA[1]}}),
    unit_cost.Params.from_spec({"fixed": {"value": FIXED}}),
)
# Claims per person-year times mean unit cost: 2885.50 + 708 + 280.
MEAN = 0.25 * 11_542.0 + 0.05 * 14_160.0 + 0.4 * 700.0
LIMITS = np.array([0.1, 0.5, 1.0, 3.0, 6.0, 10.0, 20.0]) * MEAN


def simulated(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Exposure [years] and annual cost [USD] of fresh members, part-year ones among them."""
    rng = np.random.default_rng(seed)
    well = 1.0 / (1.0 + PEOPLE.ill_share * (PEOPLE.ill_ratio - 1.0))
    ill = rng.random(MEMBERS) < PEOPLE.ill_share
    level = np.where(ill, well * PEOPLE.ill_ratio, well)
    sd = PEOPLE.risk_sd
    intensity = level * rng.lognormal(-0.5 * sd * sd, sd, MEMBERS)
    intensity *= rng.gamma(SHAPE, 1.0 / SHAPE, MEMBERS)
    # A member is here for part of the year, uniform on (0, 1), so often that the mean is 0.97.
    part = rng.random(MEMBERS) < 2.0 * (1.0 - PEOPLE.person_years_per_member)
    exposure = np.where(part, rng.random(MEMBERS), 1.0)
    stays, nursing, visits = (
        rng.poisson(rate * exposure * intensity**power / moment(power, well))
        for rate, power in zip(RATES, POWERS, strict=True)
    )
    sigma = np.sqrt(np.log(1.0 + LOGNORMAL[1] ** 2))
    bills = rng.lognormal(np.log(LOGNORMAL[0]) - 0.5 * sigma**2, sigma, stays.sum())
    cost = np.bincount(np.repeat(np.arange(MEMBERS), stays), bills, MEMBERS)
    # A sum of n gammas of one scale is gamma with n times the shape; shape 0 is no bill.
    shape, scale = 1.0 / GAMMA[1] ** 2, GAMMA[0] * GAMMA[1] ** 2
    cost += np.where(nursing > 0, rng.gamma(np.maximum(nursing, 1) * shape, scale), 0.0)
    return exposure, cost + FIXED * visits


def moment(power: float, well: float) -> float:
    """E[(level * R * V) ** power] in closed form."""
    state = (1.0 - PEOPLE.ill_share) * well**power
    state += PEOPLE.ill_share * (well * PEOPLE.ill_ratio) ** power
    lognormal = np.exp(0.5 * power * (power - 1.0) * PEOPLE.risk_sd**2)
    gamma = np.exp(special.gammaln(SHAPE + power) - special.gammaln(SHAPE)) / SHAPE**power
    return float(state * lognormal * gamma)


@pytest.fixture(scope="module")
def exact() -> AnnualCost:
    return annual_cost(PEOPLE, USE, COSTS)


@pytest.fixture(scope="module")
def members() -> tuple[np.ndarray, np.ndarray]:
    return simulated(seed=2022)


def test_it_is_a_distribution(exact: AnnualCost) -> None:
    assert exact.mass.shape == (3, exact.grid.size)
    assert exact.mass.min() >= 0.0
    np.testing.assert_allclose(exact.mass.sum(axis=1), 1.0, rtol=1e-12)
    # Whole years and two part-years, the mean exposure as stated.
    assert exact.exposures @ exact.weights == pytest.approx(0.97)
    assert exact.weights.sum() == pytest.approx(1.0)


def test_mean_is_rate_times_unit_cost(exact: AnnualCost) -> None:
    """The expected cost level is solved for with it, so a bias here is a bias of the savings.

    A few claims a year with a lognormal tail: 0.002 % of the mean lies beyond the grid's end.
    """
    assert exact.mean() == pytest.approx(MEAN, rel=5e-5)
    # Cost is proportional to exposure, so per person-year it is the same for part-year members.
    assert exact.limited_mean(1e12)[0] == pytest.approx(MEAN, rel=5e-5)
    parts = exact.mass @ exact.grid
    np.testing.assert_allclose(parts, exact.exposures * MEAN, rtol=5e-5)


def test_shipped_assumptions_keep_their_mean() -> None:
    """Eight services, elasticities 0.85 to 1.4, the dispersion of the aged: 0.25 claims to 22."""
    services = tuple("abcdefgh")
    powers = (1.1, 1.4, 1.0, 0.8, 0.85, 1.2, 1.3, 0.8)
    use = utilization.Params(
        services,
        (0.25, 0.05, 5.0, 0.43, 22.0, 0.3, 0.02, 2.0),
        powers,
        3.0,
        tuple(population.risk_moment(PEOPLE, power) for power in powers),
    )
    law = unit_cost.Params.from_spec({"lognormal": {"mean": 500.0, "cv": 2.5}})
    mean = 500.0 * sum(use.rates)
    assert annual_cost(PEOPLE, use, (law,) * 8).mean() == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("annualized", [True, False])
def test_limited_mean_is_that_of_simulated_members(
    exact: AnnualCost, members: tuple[np.ndarray, np.ndarray], annualized: bool
) -> None:
    """Ratio estimator over 400,000 members, 4 standard errors; the limit shrinks with exposure."""
    exposure, cost = members
    for limit, found in zip(LIMITS, exact.limited_mean(LIMITS, annualized), strict=True):
        counted = np.minimum(cost, limit * exposure if annualized else limit)
        ratio = counted.sum() / exposure.sum()
        error = (counted - ratio * exposure).std() / exposure.mean() / np.sqrt(MEMBERS)
        # The grid of 1/40 of the mean adds 0.2 % where the limit lies below the mean.
        assert abs(found - ratio) < 4.0 * error + 0.002 * ratio * (limit < MEAN)


@pytest.mark.parametrize("share", [0.8, 0.9, 0.95, 0.99, 0.999])
def test_percentile_is_that_of_simulated_members(
    exact: AnnualCost, members: tuple[np.ndarray, np.ndarray], share: float
) -> None:
    """As many full-year members above it as there should be: 4 standard errors of a share."""
    exposure, cost = members
    full = cost[exposure == 1.0]
    point = exact.percentile(share)
    error = np.sqrt(share * (1.0 - share) / full.size)
    # Half a step of the grid, 1/80 of the mean, is what a point of the grid stands for.
    below, above = ((full <= point + side * exact.step / 2).mean() for side in (-1, 1))
    assert below - 4.0 * error < share < above + 4.0 * error


def test_limited_mean_rises_to_the_mean(exact: AnnualCost) -> None:
    limits = np.linspace(0.0, 100.0 * MEAN, 500)
    found = exact.limited_mean(limits)
    assert found[0] == 0.0
    assert np.all(np.diff(found) >= -1e-9)
    assert np.all(np.diff(found, 2) <= 1e-6)  # concave: each further dollar is reached less often
    assert found[-1] <= MEAN * (1.0 + 1e-6)


# One service at a fixed price, everybody alike: the count is Poisson and nothing else moves.
ALIKE = population.Params(risk_sd=1e-9, ill_share=0.5, ill_ratio=1.0)
RATE, PRICE = 2.0, 100.0


@pytest.fixture(scope="module")
def poisson() -> AnnualCost:
    use = utilization.Params(("visits",), (RATE,), (1.0,), 1e6, (1.0,))
    return annual_cost(ALIKE, use, (unit_cost.Params.from_spec({"fixed": {"value": PRICE}}),))


def test_counts_alone_are_poisson(poisson: AnnualCost) -> None:
    """The step is 1/40 of the mean 200: 5, so a claim of 100 takes 20 steps.

    The intensity, 1 for everybody, is spread over grid points 5 % apart: 0.01 % of a probability.
    """
    assert poisson.step == pytest.approx(5.0)
    counts = np.arange(30)
    mass = poisson.mass[0]
    np.testing.assert_allclose(mass[20 * counts], stats.poisson.pmf(counts, RATE), atol=2e-5)
    assert mass[20 * counts].sum() == pytest.approx(1.0, abs=1e-9)


def test_limited_mean_of_a_poisson_count(poisson: AnnualCost) -> None:
    # E[min(100 N, 150)] = 100 * (1 - P0) + 50 * (1 - P0 - P1), with P0 = exp(-2), P1 = 2 exp(-2):
    # 86.4665 + 50 * 0.593994 = 116.1662.
    assert poisson.limited_mean(150.0)[0] == pytest.approx(116.1662, abs=2e-3)
    assert poisson.limited_mean(50.0)[0] == pytest.approx(50.0 * (1.0 - np.exp(-2.0)), abs=2e-3)


def test_a_gamma_transient_makes_it_negative_binomial() -> None:
    use = utilization.Params(("visits",), (RATE,), (1.0,), 1.5, (1.0,))
    fixed = unit_cost.Params.from_spec({"fixed": {"value": PRICE}})
    found = annual_cost(ALIKE, use, (fixed,)).mass[0][20 * np.arange(12)]
    law = stats.nbinom(1.5, 1.5 / (1.5 + RATE))
    # Averaging over log intensities 0.05 apart costs less than 0.2 % of the probability.
    np.testing.assert_allclose(found, law.pmf(np.arange(12)), rtol=2e-3)


def test_two_states_are_a_mixture_of_two() -> None:
    """A quarter of members three times as intense: levels 2/3 and 2, Poisson means 4/3 and 4."""
    people = replace(ALIKE, ill_share=0.25, ill_ratio=3.0)
    use = utilization.Params(("visits",), (RATE,), (1.0,), 1e6, (1.0,))
    fixed = unit_cost.Params.from_spec({"fixed": {"value": PRICE}})
    found = annual_cost(people, use, (fixed,)).mass[0][20 * np.arange(12)]
    counts = np.arange(12)
    mixed = 0.75 * stats.poisson.pmf(counts, 4 / 3) + 0.25 * stats.poisson.pmf(counts, 4.0)
    np.testing.assert_allclose(found, mixed, atol=2e-5)


def test_part_year_members_have_their_part() -> None:
    """Exposure 0.9: a fifth of members is here for half a year on average."""
    people = replace(ALIKE, person_years_per_member=0.9)
    use = utilization.Params(("visits",), (RATE,), (1.0,), 1e6, (1.0,))
    found = annual_cost(people, use, (unit_cost.Params.from_spec({"fixed": {"value": PRICE}}),))
    assert found.exposures @ found.weights == pytest.approx(0.9)
    np.testing.assert_allclose(found.weights, [0.8, 0.1, 0.1])
    # E[min(100 N, 50 e)] over e = 1 and uniform e: 50 e P(N > 0), P(N > 0) = 1 - exp(-2 e).
    # Integral of e (1 - exp(-2 e)) over (0, 1) is 1/2 - (1 - 3 exp(-2)) / 4 = 0.351501.
    whole, part = 50.0 * (1.0 - np.exp(-2.0)), 50.0 * 0.351501
    expected = (0.8 * whole + 0.2 * part) / 0.9
    assert found.limited_mean(50.0)[0] == pytest.approx(expected, rel=2e-3)
    # Not annualized the limit stays 50: 50 P(N > 0), whose integral is 1 - (1 - exp(-2)) / 2.
    part = 50.0 * (1.0 - (1.0 - np.exp(-2.0)) / 2.0)
    expected = (0.8 * whole + 0.2 * part) / 0.9
    assert found.limited_mean(50.0, annualized=False)[0] == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_lasting_variance_is_the_covariance_of_two_years(kept: float) -> None:
    """The same members in two years: risk stays, state and transient stay or are drawn anew."""
    rng = np.random.default_rng(9)
    people = replace(PEOPLE, person_years_per_member=1.0, ill_persistence=0.6)
    well = 1.0 / (1.0 + people.ill_share * (people.ill_ratio - 1.0))
    sd, limit = people.risk_sd, 10.0 * MEAN
    risk = rng.lognormal(-0.5 * sd * sd, sd, MEMBERS)
    ill = rng.random(MEMBERS) < people.ill_share
    anew = rng.random(MEMBERS) >= people.ill_persistence
    states = ill, np.where(anew, rng.random(MEMBERS) < people.ill_share, ill)
    first, second = rng.gamma(SHAPE, 1.0 / SHAPE, (2, MEMBERS))
    transients = first, np.where(rng.random(MEMBERS) < kept, first, second)
    years = []
    for state, transient in zip(states, transients, strict=True):
        level = np.where(state, well * people.ill_ratio, well)
        intensity = risk * level * transient
        counts = [
            rng.poisson(rate * intensity**power / moment(power, well))
            for rate, power in zip(RATES, POWERS, strict=True)
        ]
        sigma = np.sqrt(np.log(1.0 + LOGNORMAL[1] ** 2))
        bills = rng.lognormal(np.log(LOGNORMAL[0]) - 0.5 * sigma**2, sigma, counts[0].sum())
        cost = np.bincount(np.repeat(np.arange(MEMBERS), counts[0]), bills, MEMBERS)
        shape = 1.0 / GAMMA[1] ** 2
        here = counts[1] > 0
        cost[here] += rng.gamma(shape * counts[1][here], GAMMA[0] / shape)
        years.append(np.minimum(cost + FIXED * counts[2], limit))
    lasting, state, alone, both = lasting_variance(people, USE, COSTS, limit)
    common = lasting + 0.6 * state + kept * (alone + 0.6 * both)
    products = (years[0] - years[0].mean()) * (years[1] - years[1].mean())
    error = products.std() / np.sqrt(MEMBERS)
    assert common == pytest.approx(products.mean(), abs=4.0 * error)
    assert 4.0 * error < 0.05 * products.mean()
    assert 0.0 < lasting < state
    assert min(alone, both) > 0.0
