"""Pilot: single members' trajectories through all simulated years, from the claims kernel."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from vbsim import streams
from vbsim.kernels import members as K
from vbsim.plan import FloatArray, Plan


def pilot(plan: Plan, segment: int, count: int) -> FloatArray:
    """Draw trajectories at the expected systematic level, (count, T, V)."""
    sim = import_module("vbsim.simulate")
    eng = sim.Engine.of(plan)
    p, sv, la = eng.people, eng.services, eng.layers
    one = slice(segment, segment + 1)
    key = np.uint64(streams.key(plan.seed, "pilot", plan.world.segments[segment]))
    people = K.People(p.keys[one] + key,p.years,np.ones((p.years.size,1),np.int64),p.stay[:,one],p.persist[:,one],p.ill_share[one],p.partial[one],p.log_level[one],p.log_risk[one],p.log_transient[one])
    services = K.Services(sv.segment_keys[one] + key,sv.keys,np.ascontiguousarray(sv.rate[:,one]),np.ascontiguousarray(sv.price[:,one]),sv.response_start[one],sv.response_step[one],sv.response[one],sv.unit_cost)
    layers = K.Layers(la.basket,np.ascontiguousarray(la.lower[:,:,one]),np.ascontiguousarray(la.upper[:,:,one]),la.annualized)
    T, Kk, L = p.years.size, sv.keys.size, la.basket.shape[0]
    out = K.Totals(np.zeros((count,T,1,Kk)),np.zeros((count,T,1,Kk)),np.zeros((count,T,1,L)),np.zeros((count,T,1)))
    ones = np.ones((count,T,Kk))
    K.simulate_members(np.arange(count),ones,ones,people,services,layers,eng.tables,out)
    return np.concatenate([out.cost[:,:,0],out.claims[:,:,0],out.layer_cost[:,:,0],out.person_years],axis=2)
