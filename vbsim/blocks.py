"""A block of a run: realizations simulated and settled together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from vbsim.plan import Plan
from vbsim.settle import settle
from vbsim.simulate import DrawsEngine, Engine, engine_of

Block = tuple[xr.Dataset, xr.Dataset]


@dataclass(frozen=True)
class Blocks:
    """What makes the blocks of a plan: realization numbers in, Settlement and Experience out.

    Parameters
    ----------
    plan
        From :func:`vbsim.resolve`.
    """

    plan: Plan

    def __call__(self, numbers: range) -> Block:
        """Simulate and settle the realizations of these numbers."""
        experience = self.engine.block(np.arange(numbers.start, numbers.stop))
        return settle(self.plan, experience), experience

    @cached_property
    def engine(self) -> Engine | DrawsEngine:
        """What simulates them, made when it is first needed."""
        return engine_of(self.plan)
