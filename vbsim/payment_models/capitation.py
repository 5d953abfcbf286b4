"""Capitation: a rate per member per month, out of which the provider pays claims.

Of all services (global), or of a basket of them (partial, such as primary care), the rest staying
fee-for-service that the payer pays. Rates may differ by rate cell and follow risk scores. A part
may be withheld until quality earns it back: HCP-LAN 4B of all services and 4A of a basket; without
a link to quality 4N.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses, per_member
from vbsim.payment_models.base import ContractYear, Statement, Transfer, given, step
from vbsim.payment_models.per_member import NO_WITHHOLD, Rates, Withhold
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, VENDOR


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year.

    Parameters
    ----------
    pmpm
        Capitation, stated before the year and not updated [USD PMPM].
    partial
        Whether it covers the contract's basket alone.
    withhold
        Part of it that quality earns back.
    social_needs_pmpm
        Cost of a social-needs intervention, which the provider pays to a vendor [USD PMPM].
    """

    pmpm: Rates
    partial: bool = False
    withhold: Withhold = NO_WITHHOLD
    social_needs_pmpm: float = 0.0

    def __post_init__(self) -> None:
        """Refuse amounts below zero."""
        per_member.check_rates("pmpm", self.pmpm)
        if not 0.0 <= self.social_needs_pmpm < np.inf:
            raise ParameterError(
                f"social_needs_pmpm is {self.social_needs_pmpm:g} USD; expected 0 or more"
            )


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    lines, revenue, words = per_member.paid("pmpm", "capitation rate", terms.pmpm, year)
    claims = year.basket_cost if terms.partial else year.cost
    which = "claims of the capitated services" if terms.partial else "all claims"
    lines["claims_cost"] = given(claims, f"{which}, which the provider pays")
    lines["capitation"] = step(revenue, words)
    lines |= per_member.withheld("capitation", lines, year, terms.withhold)
    lines["claims"] = step(-claims, "-claims_cost")
    lines |= clauses.social_needs(year, terms.social_needs_pmpm)
    flows = [
        Transfer(PAYER, PROVIDER, "capitation", revenue),
        Transfer(PROVIDER, DOWNSTREAM, "claims", claims),
    ]
    if terms.partial:
        rest = np.maximum(year.cost - claims, 0.0)
        flows.append(Transfer(PAYER, DOWNSTREAM, "claims of other services", rest))
    if terms.withhold.share:
        back = lines["withhold_earned_back"].value
        flows.append(Transfer(PROVIDER, PAYER, "withhold", -lines["withhold"].value))
        flows.append(Transfer(PAYER, PROVIDER, "withhold earned back", back))
    if terms.social_needs_pmpm:
        cost = -lines["social_needs_intervention"].value
        flows.append(Transfer(PROVIDER, VENDOR, "social-needs intervention", cost))
    return None, Statement(lines, tuple(flows))
