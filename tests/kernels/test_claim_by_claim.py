"""The claims kernel against a plain-Python loop over members and claims: no code is shared.

Every realization of the plan is one member, so that the kernel shows single members. The loop draws
with :mod:`random`: state, risk, transient, exposure, then claim by claim. The kernel draws a
member's claims of one service as one number and one sum. Two-sample tests at fixed seeds, each at a
significance of 0.1 %; 20,000 members by default, 100,000 in the long run.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.conftest import small_scenario
from vbsim.generators import unit_cost
from vbsim.plan import Layer, Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import engine_of

ATTACHMENT = 20_000.0


def lone_members() -> Plan:
    """One member of each segment and year, a fifth of them for part of it; one layer, no shocks."""
    quiet = dict.fromkeys(
        ("trend_sd", "service_sd", "pandemic_probability", "local_sd", "composition_cv"), 0.0
    )
    plan = resolve(small_scenario(uncertainty=quiet))
    world = plan.world
    people = tuple(replace(p, person_years_per_member=0.9, retention=0.0) for p in world.people)
    world = replace(world, members=np.ones_like(world.members), people=people)
    shape, every = world.members.shape, np.ones(len(world.services), dtype=np.bool_)
    layer = Layer("over", every, np.full(shape, ATTACHMENT), np.full(shape, math.inf), True)
    return replace(plan, world=world, layers=(layer,))


def poisson(mean: float, rng: random.Random) -> int:
    """Count of a mean below 700 by the product of uniforms."""
    count, product, end = 0, rng.random(), math.exp(-mean)
    while product > end:
        count, product = count + 1, product * rng.random()
    return count


class Loop:
    """Members of the first segment in the last year, claim by claim."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.rng = random.Random(seed)
        self.people, use = plan.world.people[0], plan.world.use[-1][0]
        self.shape = use.transient_shape
        self.mean_level = 1.0 + self.people.ill_share * (self.people.ill_ratio - 1.0)
        laws, prices = plan.world.unit_costs, plan.world.price[-1, 0]
        self.services = [
            (rate / self.moment(power), power, *self.sampler(law), float(price))
            for rate, power, law, price in zip(
                use.rates, use.elasticities, laws, prices, strict=True
            )
        ]

    def moment(self, power: float) -> float:
        """E[intensity ** power] in closed form: level, lognormal risk and gamma transient."""
        ill, sd, shape = self.people.ill_share, self.people.risk_sd, self.shape
        level = (1.0 - ill + ill * self.people.ill_ratio**power) / self.mean_level**power
        risk = math.exp(sd**2 * power * (power - 1.0) / 2.0)
        gamma = math.exp(math.lgamma(shape + power) - math.lgamma(shape)) / shape**power
        return level * risk * gamma

    def sampler(self, law: unit_cost.Params) -> tuple[Callable[[float, float], float], Any, Any]:
        """Draw of one cost before the price factor [USD], and its two parameters."""
        values = dict(law.parameters)
        if law.family == "lognormal":
            return self.rng.lognormvariate, values["mu"], values["sigma"]
        assert law.family == "gamma"
        return self.rng.gammavariate, values["shape"], values["scale"]

    def member(self) -> tuple[float, list[int], list[float]]:
        """Exposure, claims and cost by service."""
        people, rng, claims, costs = self.people, self.rng, [], []
        level = (people.ill_ratio if rng.random() < people.ill_share else 1.0) / self.mean_level
        risk = level * math.exp(rng.gauss(-(people.risk_sd**2) / 2.0, people.risk_sd))
        intensity = risk * rng.gammavariate(self.shape, 1.0 / self.shape)
        part = 2.0 * (1.0 - people.person_years_per_member)
        exposure = rng.random() if rng.random() < part else 1.0
        for rate, power, draw, first, second, price in self.services:
            claims.append(poisson(rate * exposure * intensity**power, rng))
            cost = 0.0
            for _ in range(claims[-1]):
                cost += price * draw(first, second)
            costs.append(cost)
        return exposure, claims, costs


def compare(count: int) -> None:
    """Tests of counts, costs, layers and how they go together."""
    plan = lone_members()
    seen = engine_of(plan).block(np.arange(count)).isel(segment=0, year=-1)
    loop = Loop(plan, 20_260_101)
    drawn = [loop.member() for _ in range(count)]
    exposure = np.array([member[0] for member in drawn])
    claims, costs = (np.array([member[k] for member in drawn]) for k in (1, 2))
    for number in range(len(plan.world.services)):
        assert counts_agree(seen["claims"].values[:, number], claims[:, number]), number
        assert stats.ks_2samp(seen["cost"].values[:, number], costs[:, number]).pvalue > 1e-3
    assert stats.ks_2samp(seen["person_years"].values, exposure).pvalue > 1e-3
    theirs, ours = costs.sum(axis=1), seen["cost"].values.sum(axis=1)
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3
    over = np.maximum(theirs - ATTACHMENT * exposure, 0.0)
    layer = seen["layer_cost"].values[:, 0]
    assert stats.ks_2samp(layer, over).pvalue > 1e-3
    for mine, other in ((ours, theirs), (layer, over)):
        error = np.hypot(mine.std(), other.std()) / np.sqrt(count)
        assert abs(mine.mean() - other.mean()) < 3.3 * error
    # Spearman correlations of the services' costs; 1 / sqrt(n) is a standard error or more.
    gap = stats.spearmanr(seen["cost"].values).statistic - stats.spearmanr(costs).statistic
    assert np.abs(gap).max() < 4.5 * np.sqrt(2.0 / count)


def counts_agree(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Chi-square of two samples of counts, cells of fewer than 20 together pooled at the top."""
    most = int(max(ours.max(), theirs.max()))
    table = np.stack([np.bincount(x.astype(int), minlength=most + 1) for x in (ours, theirs)])
    last = (
        max(int(np.argmax(table.sum(axis=0) < 20)), 1) if (table.sum(axis=0) < 20).any() else most
    )
    pooled = np.column_stack([table[:, :last], table[:, last:].sum(axis=1)])
    return bool(stats.chi2_contingency(pooled[:, pooled.sum(axis=0) > 0]).pvalue > 1e-3)


def test_same_distribution() -> None:
    compare(20_000)


@pytest.mark.slow
def test_same_distribution_at_a_hundred_thousand_members() -> None:
    compare(100_000)
