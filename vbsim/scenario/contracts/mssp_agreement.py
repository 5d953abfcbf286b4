"""Agreement periods of the Shared Savings Program: checked, and as terms of each year."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vbsim.payment_models import agreement
from vbsim.scenario.contracts.agreement_words import Agreement, Period, level_of
from vbsim.scenario.program_benchmark import periods_of
from vbsim.scenario.shape import Wrong

if TYPE_CHECKING:
    from vbsim.scenario.contracts.mssp import Words
    from vbsim.scenario.desk import Desk

QUARTERS = 4


def agreement_terms(desk: Desk, name: str, words: Words) -> tuple[agreement.Terms, ...]:
    """Terms of the agreement in each performance year; empty where none is stated."""
    stated = words.agreement
    if stated is None:
        return ()
    spans, before = periods_of(words, desk.audit.scenario), len(desk.audit.problems)
    for wrong in _wrongs(desk, words, stated, spans):
        path = ("contracts", name, "agreement", *wrong.key.split("."))
        known: tuple[str | int, ...] = tuple(int(p) if p.isdigit() else p for p in path if p)
        desk.audit.wrong(known, wrong.found, wrong.expected, wrong.todo)
    if len(desk.audit.problems) > before:
        return ()
    return tuple(_year(desk, name, words, stated, spans, year) for year in desk.years)


def _wrongs(desk: Desk, words: Words, stated: Agreement, spans: list[Period]) -> Iterator[Wrong]:
    first, last, start = desk.years[0], desk.years[-1], spans[0].start
    if start > first:
        found = f"{start}, after the performance year {first}"
        todo = f"write {first} or earlier, or simulate from {start} on"
        yield Wrong("start", found, "a period that has begun with start_year", todo)
    elif spans[0].end < last and not stated.renews:
        found = f"a period of {start} to {spans[0].end}, and performance years to {last}"
        todo = "add renews: true for a second period, or lower years"
        yield Wrong("", found, "performance years inside the agreement", todo)
    if words.performance_year is not None:
        found = f"an agreement beside performance_year {words.performance_year}"
        todo = "take one of them out; carry_rules_forward: true reaches beyond the verified years"
        yield Wrong("", found, "the rules of each year of it", todo)
    yield from _level_wrongs(desk, words, stated, spans)
    yield from _money_wrongs(desk, words, stated, spans)
    if stated.leaves is not None and not first <= stated.leaves.year <= last:
        yield Wrong("leaves.year", str(stated.leaves.year), f"a year from {first} to {last}")


def _level_wrongs(
    desk: Desk, words: Words, stated: Agreement, spans: list[Period]
) -> Iterator[Wrong]:
    if not stated.levels:
        return
    first, last = desk.years[0], desk.years[-1]
    path: list[str] = desk.cite(desk.book(words).figure("glide_path", spans[0].start))
    known = list(desk.book(words).figure("sided", first).value)
    for year, level in stated.levels.items():
        if not spans[0].start < year <= last:
            expected = f"a year from {spans[0].start + 1} to {last}: track is the first level"
            yield Wrong(f"levels.{year}", str(year), expected)
        if level not in known:
            yield Wrong(f"levels.{year}", f"'{level}'", f"a track: {', '.join(known)}")
            return
    steps = [(spans[0].start, words.track), *sorted(stated.levels.items())]
    renewals = {span.start for span in spans[1:]}
    for (_, before), (year, level) in pairwise(steps):
        place = f"levels.{year}"
        if before in path and level in path and path.index(level) < path.index(before):
            found = f"{level} after {before}"
            yield Wrong(place, found, f"a later level of the glide path: {', '.join(path)}")
        elif not {before, level} <= set(path) and before != level and year not in renewals:
            found = f"{level} after {before} inside an agreement period"
            expected = "a track outside the glide path from the start of a period alone"
            yield Wrong(place, found, expected, "let it begin with a renewal")


def _money_wrongs(
    desk: Desk, words: Words, stated: Agreement, spans: list[Period]
) -> Iterator[Wrong]:
    first = desk.years[0]
    if stated.advance_payments is not None:
        from_year = desk.cite(
            desk.book(words).figure("advance_payment_first_agreement", desk.years[0])
        )
        if not words.low_revenue or stated.number > 1 or spans[0].start < from_year:
            found = "advance payments"
            expected = f"a low-revenue ACO in its first agreement period, from {from_year} on"
            todo = "add low_revenue: true, or take them out"
            yield Wrong("advance_payments", found, expected, todo)
    for year in stated.prior_savings:
        if year >= first or (spans[0].number == 1 and len(spans) == 1):
            found = f"prior savings of {year}"
            expected = f"base years of a later period before {first}, when they are simulated"
            yield Wrong(f"prior_savings.{year}", found, expected, "take it out")


def _year(
    desk: Desk, name: str, words: Words, stated: Agreement, spans: list[Period], year: int
) -> agreement.Terms:
    """Terms of one performance year."""
    if stated.leaves is not None and year > stated.leaves.year:
        return agreement.Terms(months=0.0)
    book, level = desk.book(words), level_of(stated, words.track, year)
    values: dict[str, float | bool] = {}
    if stated.leaves is not None and year == stated.leaves.year:
        free = desk.cite(book.figure("leaving_without_losses_months", year))
        months = float(stated.leaves.months)
        values |= {"months": months, "months_charged": 0.0 if months <= free else months}
    if stated.advance_payments is not None:
        values |= _advance(desk, name, words, spans[0].start, year)
    two_sided = desk.cite(book.figure("sided", year, level)) == 2
    if stated.repayment_mechanism is not None and two_sided:
        share = desk.cite(book.figure("repayment_mechanism_expenditure", year))
        part = desk.cite(book.figure("repayment_mechanism_revenue", year))
        revenue = words.participant_revenue
        values |= {
            "mechanism_share": share,
            "mechanism_amount": np.inf if revenue is None else part * revenue,
            "mechanism_fee": stated.repayment_mechanism.fee,
        }
    return agreement.Terms(**values)  # type: ignore[arg-type]


def _advance(desk: Desk, name: str, words: Words, start: int, year: int) -> dict[str, float | bool]:
    """Advance payments of a year."""
    stated = words.agreement.advance_payments if words.agreement else None
    assert stated is not None
    rules = {
        key: desk.cite(desk.book(words).figure(f"advance_payment_{key}", year))
        for key in ("once", "quarters", "beneficiaries", "due_on_leaving")
    }
    quarters = min(max(rules["quarters"] - QUARTERS * (year - start), 0), QUARTERS)
    heads = min(desk.heads, rules["beneficiaries"])
    paid = quarters * heads * stated.per_beneficiary_quarter
    if year == start:
        paid += rules["once"]
    desk.audit.derived(
        f"advance payments, {name}, {year}",
        round(paid, 2),
        "USD",
        f"{quarters} quarters for {heads:,} beneficiaries"
        + (", and the one-time amount" if year == start else ""),
        status="UNVERIFIED",
    )
    return {"advance": paid, "recoups": True, "repays_on_leaving": rules["due_on_leaving"]}
