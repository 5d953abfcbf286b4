"""Global capitation: a fixed amount per member per month, out of which the provider pays all claims
(HCP-LAN 4N without a quality link).
"""

from __future__ import annotations

from dataclasses import dataclass

from vbsim.errors import ParameterError
from vbsim.payment_models.base import ContractYear, Statement, Transfer, amount, given, step
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
    months = 12.0 * year.person_years
    revenue = terms.pmpm * months
    lines = {
        "pmpm": given(terms.pmpm, "capitation rate", "USD PMPM"),
        "person_years": given(year.person_years, "exposure", "person-years"),
        "member_months": amount(months, "12 * person_years", "member-months"),
        "claims_cost": given(year.cost, "all claims, which the provider pays"),
        "capitation": step(revenue, "pmpm * member_months"),
        "claims": step(-year.cost, "-claims_cost"),
    }
    transfers = (
        Transfer(PAYER, PROVIDER, "capitation", revenue),
        Transfer(PROVIDER, DOWNSTREAM, "claims", year.cost),
    )
    return None, Statement(lines, transfers)
