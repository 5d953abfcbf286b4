"""The straightforward NumPy program of the same model: what the claims engine is measured against.

Vectorised over the members of a year: state, risk and transient, Poisson counts, unit costs with
NumPy's own samplers, sums by member with ``bincount``, one stop-loss layer. Same
distributions and same outputs as the engine, from another stream of numbers.
"""

from __future__ import annotations

import numpy as np

from vbsim.generators import unit_cost
from vbsim.plan import Plan


def simulate_year(
    plan: Plan, scale: np.ndarray, rng: np.random.Generator, segment: int = 0
) -> dict[str, float]:
    """Simulate a segment's first year: claims and cost by service, layer cost, exposure.

    ``scale`` is the response of each service at intensity 1, shape (services,).
    """
    year = 0
    world = plan.world
    people, use = world.people[segment], world.use[year][segment]
    count = int(world.members[year, segment])
    well, ill = people.levels
    level = np.where(rng.random(count) < people.ill_share, ill, well)
    risk = level * rng.lognormal(-0.5 * people.risk_sd**2, people.risk_sd, count)
    intensity = risk * rng.gamma(use.transient_shape, 1.0 / use.transient_shape, count)
    partial = 2.0 * (1.0 - people.person_years_per_member)
    exposure = np.where(rng.random(count) < partial, rng.random(count), 1.0)
    cost = np.zeros(count)
    out = {"person_years": exposure.sum()}
    for number, name in enumerate(world.services):
        expected = use.rates[number] * scale[number] * intensity ** use.elasticities[number]
        claims = rng.poisson(expected * exposure)
        price = world.price[year, segment, number]
        paid = _unit_costs(world.unit_costs[number], int(claims.sum()), rng) * price
        by_member = np.bincount(np.repeat(np.arange(count), claims), paid, minlength=count)
        cost += by_member
        out[f"claims {name}"], out[f"cost {name}"] = claims.sum(), by_member.sum()
    out["layer"] = np.maximum(cost - plan.layers[0].lower[year, segment], 0.0).sum()
    return out


def _unit_costs(params: unit_cost.Params, count: int, rng: np.random.Generator) -> np.ndarray:
    values = dict(params.parameters)
    if params.family == "lognormal":
        return rng.lognormal(values["mu"], values["sigma"], count)
    if params.family == "gamma":
        return rng.gamma(values["shape"], values["scale"], count)
    raise ValueError(f"the reference program has no {params.family}")
