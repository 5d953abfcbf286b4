"""Global capitation: ``model: capitation`` with a rate per member per month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from vbsim.payment_models import capitation
from vbsim.plan import Contract
from vbsim.scenario.contracts.words import ModelWords
from vbsim.scenario.shape import Money, one_of, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = "capitation"
PROGRAMS: frozenset[str] = frozenset()


class Words(ModelWords):
    """Capitation of all services."""

    pmpm: Money | None = Field(default=None, description="capitation [USD PMPM]")
    expected_cost_share: Annotated[float, Field(gt=0.0, le=3.0)] | None = Field(
        default=None, description="capitation as a share of expected cost"
    )

    @model_validator(mode="after")
    def _one_rate(self) -> Words:
        refuse(one_of(self, "pmpm", "expected_cost_share"))
        return self


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract whose rate is stated, or a share of expected cost."""
    terms = []
    for year in desk.years:
        rate = words.pmpm
        if rate is None:
            rate = desk.expected_pmpm(year) * (words.expected_cost_share or 1.0)
            desk.audit.derived(
                f"capitation, {name}, {year}",
                round(rate, 2),
                "USD PMPM",
                f"{words.expected_cost_share:g} of expected cost without true savings",
            )
        terms.append(capitation.Terms(rate))
    return Contract(name, words.label or "Global capitation", MODEL, "4N", tuple(terms))
