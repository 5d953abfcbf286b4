"""Prospective bundles: ``model: prospective_bundle`` with a price for each episode type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from vbsim.contract import Contract
from vbsim.payment_models import prospective_bundle
from vbsim.scenario.contracts.bundles import Prices, priced
from vbsim.scenario.contracts.words import ModelWords

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "prospective_bundle"
PROGRAMS: frozenset[str] = frozenset()


class Words(ModelWords):
    """One price for each episode, to one holder."""

    episodes: Prices = Field(description="episode types and their prices")
    internal_cost_share: Annotated[float, Field(ge=0.0, le=3.0)] = Field(
        description="holder's own cost of an anchor, as a share of its fee-for-service payment"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with stated prices, or shares of the expected cost of an episode."""
    desk.limits["all"] = 1.0
    prices = priced(desk, name, words.episodes, 1.0)
    terms: tuple[object, ...] = ()
    if prices is not None:
        one = prospective_bundle.Terms(tuple(words.episodes), prices, words.internal_cost_share)
        terms = (one,) * len(desk.years)
    return Contract(
        name=name,
        label=words.label or "Prospective bundle",
        model=MODEL,
        lan_category="4A",
        terms=terms,
        episode_types=tuple(words.episodes),
        episode_limit="all",
    )
