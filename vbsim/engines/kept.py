"""Engines of members that are there already, for the next plan that they suit."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field

from vbsim.blas import one_blas_thread
from vbsim.engines import ENGINES
from vbsim.engines.claims import ClaimsEngine
from vbsim.engines.collective import CollectiveEngine
from vbsim.plan import Plan

Members = ClaimsEngine | CollectiveEngine


@dataclass(frozen=True)
class Kept:
    """Engines of members, the last few, for plans that have the same members and the same luck.

    Parameters
    ----------
    most
        How many are kept.
    engines
        By a digest of what they rest on.
    """

    most: int = 2
    engines: dict[bytes, Members] = field(default_factory=dict)

    @one_blas_thread
    def of(self, plan: Plan, name: str, like: Members | None = None) -> Members:
        """Engine of a plan's members, made unless it is there: from ``like``, if that can be."""
        program = None if plan.program is None else (plan.program, plan.seed_of("intervention"))
        luck = (plan.luck, plan.trajectories, program)
        basis = pickle.dumps((name, plan.world, plan.layers, luck))
        if basis not in self.engines:
            while len(self.engines) >= self.most:
                del self.engines[next(iter(self.engines))]
            near = like.near(plan) if isinstance(like, CollectiveEngine) else None
            self.engines[basis] = near or ENGINES[name].of(plan)
        return self.engines[basis]
