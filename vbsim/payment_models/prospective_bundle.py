"""Prospective bundles: one price per episode to one holder, who pays the other providers (4A).

The provider is the holder. Of each episode it delivers the anchor stay or procedure itself, at its
own cost, and pays the others what fee-for-service would have paid them. Care that does not belong
to an episode is paid by the payer and does not touch the holder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import ContractYear, Line, Statement, Transfer, amount, given, step
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, SHARE, VENDOR


@dataclass(frozen=True, slots=True)
class Terms:
    """Prices of a contract year.

    Parameters
    ----------
    types, prices
        Episode types in the order of the contract, and the price of each [USD per episode].
    internal_cost_share
        Holder's own cost of an anchor, as a share of its fee-for-service payment.
    """

    types: tuple[str, ...]
    prices: tuple[float, ...]
    internal_cost_share: float

    def __post_init__(self) -> None:
        """Refuse prices below zero and a cost that is none."""
        if not len(self.types) == len(self.prices) > 0:
            raise ParameterError(
                f"{len(self.types)} episode types and {len(self.prices)} prices; expected as many, "
                "at least 1"
            )
        for value in (*self.prices, self.internal_cost_share):
            if not 0.0 <= value < np.inf:
                raise ParameterError(f"price or cost share is {value:g}; expected 0 or more")


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    revenue = clauses.over_types(year.episodes, terms.prices)
    anchor = clauses.over_types(year.episode_anchor_cost)
    whole = clauses.over_types(year.episode_cost)
    internal = terms.internal_cost_share * anchor
    others = whole - anchor
    lines: dict[str, Line] = {}
    for column, name in enumerate(terms.types):
        lines |= {
            f"{name}_episodes": given(year.episodes[:, column], "number of episodes", "episodes"),
            f"{name}_price": given(terms.prices[column], "price per episode"),
        }
    sold = " + ".join(f"{name}_episodes * {name}_price" for name in terms.types)
    lines |= {
        "anchor_payments": given(anchor, "what fee-for-service would pay for the anchors"),
        "internal_cost_share": given(
            terms.internal_cost_share, "own cost of an anchor over its payment", SHARE
        ),
        "episode_cost": given(whole, "all care of the episodes at fee-for-service prices"),
        "payments_to_others": amount(others, "episode_cost - anchor_payments"),
        "bundle_revenue": step(revenue, sold),
        "paid_to_others": step(-others, "-payments_to_others"),
        "internal_cost": step(-internal, "-internal_cost_share * anchor_payments"),
    }
    transfers = (
        Transfer(PAYER, DOWNSTREAM, "unrelated care", np.maximum(year.cost - whole, 0.0)),
        Transfer(PAYER, PROVIDER, "bundle prices", revenue),
        Transfer(PROVIDER, DOWNSTREAM, "other providers' part", others),
        Transfer(PROVIDER, VENDOR, "cost of the anchors", internal),
    )
    return None, Statement(lines, transfers)
