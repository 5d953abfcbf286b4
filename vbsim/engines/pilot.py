"""Pilot: single members' trajectories through all simulated years, from the claims kernel."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from vbsim import streams
from vbsim.kernels import members as K
from vbsim.plan import Plan

Float32Array = NDArray[np.float32]


@dataclass(frozen=True)
class Trajectories:
    """Members' years at the expected systematic level; M members, T years, K services.

    Parameters
    ----------
    cost
        At the year's relative prices, before the cost level of an entity is set, (M, T, K) [USD].
    claims
        (M, T, K).
    person_years
        (M, T).
    """

    cost: Float32Array
    claims: Float32Array
    person_years: Float32Array

    def variables(self, plan: Plan, segment: int, services: bool) -> Float32Array:
        """Cost and claims by service (if wanted), layers and person-years, (M, T, V)."""
        level = plan.world.level[:, segment, None].astype(np.float32)
        columns = [level * self.cost, self.claims] if services else []
        for layer in plan.layers:
            scale = self.person_years if layer.annualized else np.float32(1.0)
            held = (self.cost @ layer.services.astype(np.float32)) * level[:, 0]
            lower, upper = (
                bound[:, segment].astype(np.float32) * scale for bound in (layer.lower, layer.upper)
            )
            columns.append((np.clip(held, lower, upper) - lower)[..., None])
        return np.concatenate([*columns, self.person_years[..., None]], axis=2)


def trajectories(plan: Plan, segment: int, count: int) -> Trajectories:
    sim = import_module("vbsim.simulate")
    from dataclasses import replace

    w = plan.world
    plan = replace(plan, world=replace(w, level=np.ones_like(w.level)), layers=())
    eng = sim.Engine.of(plan)
    p, sv, la = eng.people, eng.services, eng.layers
    one = slice(segment, segment + 1)
    key = np.uint64(streams.key(plan.seed, "pilot", plan.world.segments[segment]))
    people = K.People(
        p.keys[one] + key,
        p.years,
        np.ones((p.years.size, 1), np.int64),
        p.stay[:, one],
        p.persist[:, one],
        p.ill_share[one],
        p.partial[one],
        p.log_level[one],
        p.log_risk[one],
        p.log_transient[one],
    )
    services = K.Services(
        sv.segment_keys[one] + key,
        sv.keys,
        np.ascontiguousarray(sv.rate[:, one]),
        np.ascontiguousarray(sv.price[:, one]),
        sv.response_start[one],
        sv.response_step[one],
        sv.response[one],
        sv.unit_cost,
    )
    layers = K.Layers(
        la.basket,
        np.ascontiguousarray(la.lower[:, :, one]),
        np.ascontiguousarray(la.upper[:, :, one]),
        la.annualized,
    )
    T, Kk, L = p.years.size, sv.keys.size, la.basket.shape[0]
    out = K.Totals(
        np.zeros((count, T, 1, Kk)),
        np.zeros((count, T, 1, Kk)),
        np.zeros((count, T, 1, L)),
        np.zeros((count, T, 1)),
    )
    ones = np.ones((count, T, Kk))
    K.simulate_members(np.arange(count), ones, ones, people, services, layers, eng.tables, out)
    return Trajectories(
        *(
            x.astype(np.float32)
            for x in (out.cost[:, :, 0], out.claims[:, :, 0], out.person_years[:, :, 0])
        )
    )
