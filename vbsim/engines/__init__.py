"""Engines: from a Plan and systematic factors to the sums over all members of a realization.

``claims`` draws every member and every claim. ``collective`` draws the sums over members from their
exact moments and a pilot of trajectories: faster by orders of magnitude, and close enough for every
contract that looks at sums of many members alone. ``auto`` chooses.
"""

from __future__ import annotations

from vbsim.engines.claims import ClaimsEngine
from vbsim.engines.collective import CollectiveEngine
from vbsim.errors import ParameterError
from vbsim.plan import Plan

ENGINES: dict[str, type[ClaimsEngine] | type[CollectiveEngine]] = {
    "claims": ClaimsEngine,
    "collective": CollectiveEngine,
}
# Some seconds of the claims engine: there is nothing to gain by less exact means.
_FEW_MEMBER_YEARS = 100_000_000
FEWEST_MEMBERS = 500


def member_years(plan: Plan) -> int:
    """Members simulated in one realization, over all years."""
    return int(plan.world.members.sum())


def choose(plan: Plan) -> tuple[str, str]:
    """Name the engine of a plan, and say why it was chosen."""
    if plan.program is not None:
        if plan.engine == "collective":
            raise ParameterError(
                "engine: found collective and an intervention; expected claims, or auto, which "
                "chooses it: a program picks members by their own past, so each is simulated"
            )
        if plan.sampling != "random":
            raise ParameterError(
                f"sampling: found {plan.sampling} and an intervention; expected random: the cost "
                "that it leaves has no exact expectation to hold the luck against"
            )
        return "claims", "the program picks members by their own past: each is simulated"
    if plan.engine != "auto":
        return plan.engine, "as asked for"
    years = member_years(plan) * plan.realizations
    if years <= _FEW_MEMBER_YEARS:
        return "claims", f"{years:,} member-years take seconds"
    members = int(plan.world.members.sum(axis=1).min())
    if members < FEWEST_MEMBERS:
        return "claims", f"{members:,} members are too few for sums to be nearly normal"
    if few := _single(plan):
        return "claims", f"a layer of its own for the few members of {few}"
    return "collective", f"{years:,} member-years of single claims would take long"


def _single(plan: Plan) -> str:
    """Name a segment of few members that a layer treats apart, as a laser does; empty if none."""
    for column, name in enumerate(plan.world.segments):
        few = plan.world.members[:, column].max() < FEWEST_MEMBERS // 10
        for layer in plan.layers:
            apart = not layer.annualized and (layer.lower[:, column] != layer.lower.min()).any()
            if few and apart:
                return name
    return ""
