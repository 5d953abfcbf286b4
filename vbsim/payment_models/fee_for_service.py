"""Fee-for-service: the payer pays every claim and the contract adds nothing (HCP-LAN 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.payment_models.base import ContractYear, Statement, Transfer
from vbsim.vocabulary import DOWNSTREAM, PAYER


@dataclass(frozen=True, slots=True)
class Terms:
    """Fee-for-service has no terms."""


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations: no money moves but the claims."""
    zero = np.zeros_like(year.cost)
    return None, Statement(
        facts={"claims_cost": year.cost},
        steps={"contract_result": zero},
        transfers=(Transfer(PAYER, DOWNSTREAM, "claims", year.cost),),
    )
