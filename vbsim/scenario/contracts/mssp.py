"""Medicare Shared Savings Program: ``program: mssp`` with a track."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from vbsim.contract import Contract, Requirement
from vbsim.payment_models import clauses, shared_savings
from vbsim.payment_models.shared_savings_terms import PROGRAM_TERMS
from vbsim.scenario.contracts.agreement_words import Agreement, level_of
from vbsim.scenario.contracts.mssp_agreement import agreement_terms
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import AtLeastOne, Benchmark, Share
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"mssp"})


class Words(ProgramWords):
    """A track of the Medicare Shared Savings Program."""

    benchmark: Benchmark | None = None
    minimum_savings_rate: Share | Literal["table"] | None = Field(
        default=None, description="elected minimum savings and loss rate; table = by size"
    )
    participant_revenue: AtLeastOne | None = Field(
        default=None, description="participants' Part A and B revenue, for the loss limit [USD]"
    )
    low_revenue: bool = Field(
        default=False, description="participants' revenue is low, which earns reduced sharing"
    )
    agreement: Agreement | None = Field(
        default=None, description="the agreement period, from which benchmark and cash follow"
    )
    disaster_relief: Share = Field(
        default=0.0,
        description="part of shared losses forgiven for extreme and uncontrollable circumstances: "
        "months affected over 12 times the beneficiaries affected",
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the rates and limits of its track and year."""
    around = agreement_terms(desk, name, words)
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    contract = desk.held_against_benchmark(name, words, "shared_savings", terms)
    if words.agreement is not None:
        lag = desk.cite(desk.book(words).figure("settlement_lag", desk.years[0]))
        contract = replace(contract, agreement=around, settlement_lag=lag)
    return contract


def requirements(desk: Desk, contract: Contract, words: Words) -> tuple[Requirement, ...]:
    """Repayment mechanism of a two-sided track: the lesser of two amounts."""
    book, on = desk.book(words), words.performance_year or desk.years[0]
    if desk.cite(book.figure("sided", on, words.track)) != 2:
        return ()
    if not book.has("repayment_mechanism_expenditure", on):
        return ()
    of_spending = book.figure("repayment_mechanism_expenditure", on)
    figures, row = [of_spending], desk.draft.years.index(desk.years[0])
    exposure = [p.person_years_per_member for p in desk.world.people] * desk.world.members[row]
    spending = float(exposure @ desk.world.expected_cost[row])
    needed = desk.cite(of_spending) * spending
    how = f"{of_spending.value:g} of {spending:,.0f} USD expected expenditure"
    if words.participant_revenue is not None:
        figures.append(book.figure("repayment_mechanism_revenue", on))
        other = desk.cite(figures[-1]) * words.participant_revenue
        if other < needed:
            needed = other
            how = f"{figures[-1].value:g} of {words.participant_revenue:,.0f} USD revenue"
    return (Requirement("repayment mechanism", needed, how, tuple(figures)),)


def _terms(desk: Desk, name: str, words: Words, year: int) -> shared_savings.Terms:
    book, on = desk.book(words), words.performance_year or year
    track, cite = level_of(words.agreement, words.track, on), desk.cite
    values = {"two_sided": cite(book.figure("sided", on, track)) == 2}
    rate = _minimum_rate(desk, name, words, on, bool(values["two_sided"]))
    values |= {"minimum_savings_rate": rate, "minimum_loss_rate": rate}
    revenue_share = cite(book.figure("loss_limit_revenue", on, track))
    values["loss_limit_amount"] = np.inf
    if revenue_share and words.participant_revenue is not None:
        values["loss_limit_amount"] = revenue_share * words.participant_revenue
    elif revenue_share:
        desk.audit.warn(
            f"{name}: participant_revenue is not stated, so the revenue-based loss limit is not "
            "applied and shared losses are an upper bound"
        )
    values["reduced_sharing"] = _reduced_sharing(desk, name, words, on)
    values["relief_rate"] = words.disaster_relief
    names = [item for item in PROGRAM_TERMS if item not in values]
    values |= {name: cite(found) for name, found in book.by_name(names, on, track).items()}
    return shared_savings.Terms(**values)


def _reduced_sharing(desk: Desk, name: str, words: Words, on: int) -> float:
    """Part of the sharing rate for savings below the minimum; 0 where they earn nothing."""
    book = desk.book(words)
    track = level_of(words.agreement, words.track, on)
    part = desk.cite(book.figure("reduced_sharing", on, track)) if words.low_revenue else 0.0
    if not part:
        return 0.0
    first = desk.cite(book.figure("reduced_sharing_first_agreement", on))
    least = desk.cite(book.figure("reduced_sharing_minimum_beneficiaries", on))
    lacks = []
    start = words.agreement.start if words.agreement else None
    if start is not None and start < first:
        lacks.append(f"an agreement from {start}, before {first}")
    if desk.heads < least:
        lacks.append(f"{desk.heads:,} members, below {least:,}")
    if lacks:
        desk.audit.warn(f"{name}: low_revenue earns no reduced sharing: {'; '.join(lacks)}")
        return 0.0
    return float(part)


def _minimum_rate(desk: Desk, name: str, words: Words, on: int, two_sided: bool) -> float:
    path = ("contracts", name, "minimum_savings_rate")
    book, heads, choice = desk.book(words), desk.heads, words.minimum_savings_rate
    figure = book.figure("minimum_savings_rate_table", on)
    if heads < figure.value[0][0]:
        figure = book.figure("minimum_savings_rate_smallest", on)
    by_size = clauses.banded(desk.cite(figure), heads)
    if choice is None or choice == "table":
        return by_size
    if not two_sided and words.agreement is not None and words.agreement.levels:
        return by_size  # elected for the two-sided levels that follow
    if not two_sided:
        desk.audit.wrong(
            path,
            shown(choice),
            f"table: the one-sided track {words.track} offers no fixed rate",
            "take it out, or write table",
        )
        return by_size
    choices = desk.cite(book.figure("minimum_savings_rate_choices", on))
    if choice not in choices:
        listed = ", ".join(f"{c:g}" for c in choices)
        expected = f"table, or one of {listed} (shares of the benchmark)"
        desk.audit.wrong(path, shown(choice), expected)
    least = desk.cite(book.figure("fixed_choice_minimum_beneficiaries", on))
    if heads < least:
        desk.audit.warn(f"{name}: the fixed rate is void below {least:,} members; table applies")
        return by_size
    return float(choice)
