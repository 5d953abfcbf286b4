"""Agreement periods in words: when they begin, how they go on, and what is paid around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vbsim.scenario.shape import Cited, Money, Name, Share, Year

SavingsPerCapita = Annotated[float, Field(ge=-1e6, le=1e6)]


class AdvancePayments(Cited):
    """Paid ahead of savings, and recouped from them."""

    per_beneficiary_quarter: Money = Field(
        description="paid each quarter beside the one-time amount [USD per beneficiary]"
    )


class RepaymentMechanism(Cited):
    """Escrow, letter of credit or surety bond in two-sided years, as large as the rules ask."""

    fee: Share = Field(description="yearly cost of it [share of the mechanism]")


class Leaving(Cited):
    """The contractor ends the agreement early."""

    year: Year = Field(description="performance year that is not served to its end")
    months: Annotated[int, Field(ge=1, le=11)] = Field(description="months of it that are served")


class Agreement(Cited):
    """An agreement period, and whether another one follows."""

    start: Year | None = Field(
        default=None, description="first performance year of the period; else start_year"
    )
    length: Annotated[int, Field(ge=3, le=5)] | None = Field(
        default=None, description="performance years; else as the rules say"
    )
    number: Annotated[int, Field(ge=1, le=20)] = Field(
        default=1, description="1 for the contractor's first agreement period"
    )
    renews: bool = Field(default=False, description="another period follows, its benchmark rebased")
    levels: dict[Year, Name] = Field(
        default_factory=dict, description="track from a year on, where it changes"
    )
    prior_savings: dict[Year, SavingsPerCapita] = Field(
        default_factory=dict,
        description="savings of base years before the simulated ones [USD per person-year]",
    )
    advance_payments: AdvancePayments | None = None
    repayment_mechanism: RepaymentMechanism | None = None
    leaves: Leaving | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """One agreement period: its number, first and last performance year."""

    number: int
    start: int
    end: int


def periods(words: Agreement, start_year: int, years: int, length: int) -> list[Period]:
    """Agreement periods, one after the other, until the last simulated year lies in one."""
    start, last = words.start or start_year, start_year + years - 1
    length = words.length or length
    found = [Period(words.number, start, start + length - 1)]
    while found[-1].end < last:
        before = found[-1]
        found.append(Period(before.number + 1, before.end + 1, before.end + length))
    return found


def level_of(words: Agreement | None, first: str, year: int) -> str:
    """Track in force in a year."""
    levels = {} if words is None else words.levels
    begun = [change for change in levels if change <= year]
    return levels[max(begun)] if begun else first
