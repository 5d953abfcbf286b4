"""Fee-for-service: ``model: fee_for_service``, without terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vbsim.contract import Contract
from vbsim.payment_models import fee_for_service
from vbsim.scenario.contracts.words import ModelWords

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "fee_for_service"
PROGRAMS: frozenset[str] = frozenset()


class Words(ModelWords):
    """Fee-for-service."""


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract that adds nothing to the claims."""
    terms = tuple(fee_for_service.Terms() for _ in desk.years)
    return Contract(name, words.label or "Fee-for-service", MODEL, "1", terms)
