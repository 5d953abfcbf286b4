"""A managed-care plan with terms that the scenario states: ``model: managed_care``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from vbsim.contract import Contract
from vbsim.scenario.contracts.plan_words import (
    CredibilityPoint,
    PlanWords,
    corridor_terms,
    write_plan,
)
from vbsim.scenario.contracts.words import ModelWords

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "managed_care"
PROGRAMS: frozenset[str] = frozenset()


class Words(PlanWords, ModelWords):
    """A plan that takes premium from a purchaser and pays for its members' care."""

    credibility: list[CredibilityPoint] = Field(
        default_factory=list,
        description="credibility table; no test of the loss ratio below its first line",
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the terms as stated, the same in every year."""
    shared = corridor_terms(words.risk_corridor) | {
        "minimum_medical_loss_ratio": words.minimum_medical_loss_ratio or 0.0,
        "remittance_share": 1.0 if words.remittance_share is None else words.remittance_share,
        "credibility": tuple((p.member_months, p.adjustment) for p in words.credibility),
    }
    return write_plan(
        desk, name, words, words.label or "Managed-care plan", [shared] * len(desk.years)
    )
