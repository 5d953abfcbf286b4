"""Fee-for-service: the payer pays every claim and the contract adds nothing (HCP-LAN 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.payment_models.base import ContractYear, Statement, Transfer, given, step
from vbsim.vocabulary import DOWNSTREAM, PAYER


@dataclass(frozen=True, slots=True)
class Terms:
    """Fee-for-service has no terms."""


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations: no money moves but the claims."""
    lines = {
        "claims": given(year.cost, "all claims, which the payer pays"),
        "contract_result": step(np.zeros_like(year.cost), "0"),
    }
    return None, Statement(lines, (Transfer(PAYER, DOWNSTREAM, "claims", year.cost),))
