"""Global capitation: a fixed amount per member per month, out of which the provider pays all claims
(HCP-LAN 4N without a quality link).
"""

from __future__ import annotations

from dataclasses import dataclass

from vbsim.errors import ParameterError
from vbsim.payment_models.base import ContractYear, Statement, Transfer
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER


@dataclass(frozen=True, slots=True)
class Terms:
    """Capitation per member per month [USD PMPM], stated before the year and not updated."""

    pmpm: float

    def __post_init__(self) -> None:
        """Refuse a negative rate."""
        if not self.pmpm >= 0.0:
            raise ParameterError(f"pmpm is {self.pmpm:g}; expected 0 or more")


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    revenue = terms.pmpm * 12.0 * year.person_years
    return None, Statement(
        facts={"member_months": 12.0 * year.person_years},
        steps={"capitation": revenue, "claims": -year.cost},
        transfers=(
            Transfer(PAYER, PROVIDER, "capitation", revenue),
            Transfer(PROVIDER, DOWNSTREAM, "claims", year.cost),
        ),
    )
