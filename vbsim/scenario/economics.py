"""The provider's own economics in words, and as terms with the budget of every year."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models import economics
from vbsim.scenario.shape import Cited, Money, Name, Part, Share, Wrong, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk


class OwnService(Part):
    """A service that the holder of the contract renders in part."""

    share: Share = Field(description="part of its claims that the holder renders")
    margin: Share = Field(
        description="contribution margin: what of the revenue is left after costs that vary"
    )


class Economics(Cited):
    """The provider's own economics, for contracts that name it."""

    services: dict[Name, OwnService] = Field(
        default_factory=dict, description="services that the holder renders in part"
    )
    program_pmpm: Money = Field(default=0.0, description="cost of programs [USD PMPM]")
    infrastructure: Money = Field(default=0.0, description="cost of infrastructure [USD a year]")
    settlement_lag_months: Annotated[float, Field(ge=0.0, le=60.0)] = Field(
        default=0.0, description="months from the end of the year to the contract's money"
    )
    interest_rate: Share = Field(
        default=0.0, description="rate a year at which the holder borrows meanwhile"
    )

    @model_validator(mode="after")
    def _whole(self) -> Economics:
        refuse(_wrongs(self))
        return self


def _wrongs(words: Economics) -> Iterable[Wrong]:
    if not (words.services or words.program_pmpm or words.infrastructure or words.interest_rate):
        expected = "services, program_pmpm, infrastructure, or a lag with its interest_rate"
        yield Wrong("", "economics without any figure", expected, "add one of them")
    for key, other in (
        ("settlement_lag_months", "interest_rate"), ("interest_rate", "settlement_lag_months"),
    ):  # fmt: skip
        if getattr(words, key) and not getattr(words, other):
            yield Wrong(key, f"{key} without {other}", f"the key {other} beside it", "add it")


def economics_of(desk: Desk, contract: Contract, name: str) -> tuple[economics.Terms, ...]:
    """Terms of each performance year; what is wrong with them is recorded as a problem."""
    words = desk.audit.scenario.economics[name]
    desk.known(("economics", name, "services"), words.services, desk.world.services, "a service")
    if contract.model == "managed_care":
        desk.audit.wrong(
            ("contracts", contract.name, "economics"),
            f"economics of {contract.name}, which a plan holds",
            "a contract that a provider holds",
            "take it out: a plan's administration is among the contract's own keys",
        )
        return ()
    if set(words.services) - set(desk.world.services):
        return ()
    return tuple(_terms(desk, words, year) for year in desk.years)


def _terms(desk: Desk, words: Economics, year: int) -> economics.Terms:
    services = []
    for name, own in words.services.items():
        basket = np.array([service == name for service in desk.world.services])
        budget = 12.0 * desk.expected_pmpm_by_segment(year, basket)
        services.append(economics.OwnService(name, own.share, own.margin, tuple(budget.tolist())))
    return economics.Terms(
        services=tuple(services),
        program_pmpm=words.program_pmpm,
        infrastructure=words.infrastructure,
        lag_months=words.settlement_lag_months,
        interest_rate=words.interest_rate,
    )
