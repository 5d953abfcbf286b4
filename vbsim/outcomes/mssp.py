"""Settles CMS's MSSP Performance Year Financial and Quality Results files, 2013 and later.

ACOs of one year, track and agreement year have the same terms and settle together, one ACO in the
place of one realization, by the payment model that scenarios use.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from vbsim.outcomes import compare
from vbsim.outcomes.mssp_facts import LAYOUT, Facts, book, facts_of, rule, terms_of_track
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.reader import OutcomeFile, Row, batches
from vbsim.payment_models import shared_savings
from vbsim.payment_models.base import ContractYear, FloatArray

__all__ = ["LAYOUT", "check_years", "settle"]


def settle(file: OutcomeFile) -> Iterator[Outcome]:
    """Settle every row of a file, in order."""
    for rows in batches(file.rows()):
        yield from _settled([facts_of(row) for row in rows], file)


def check_years(years: set[int]) -> None:
    """Refuse a year outside the rules."""
    for year in sorted(years):
        book().check_year(year)


def _settled(batch: list[Outcome | Facts], file: OutcomeFile) -> list[Outcome]:
    known = sorted((f for f in batch if isinstance(f, Facts)), key=lambda f: f.terms)
    for key, facts in groupby(known, key=lambda f: f.terms):
        _settle_alike(key, list(facts))
    for found in known:
        compare.mssp(found.outcome, found.row, _revenue_limit(found), file)
    return [f.outcome if isinstance(f, Facts) else f for f in batch]


def _settle_alike(key: tuple[int, str, int, float], facts: list[Facts]) -> None:
    """Settle the ACOs of one year, track and agreement year: one vector, one ACO an element."""
    terms = terms_of(key, _vector(facts, "minimum_rate"))
    benchmark, expenditure = _vector(facts, "benchmark"), _vector(facts, "expenditure")
    year = ContractYear(
        cost=expenditure,
        expenditure=expenditure,
        benchmark=benchmark,
        person_years=np.ones_like(benchmark),
        quality_score=_vector(facts, "quality"),
        quality_standard_met=_vector(facts, "met"),
        alternative_standard_met=_vector(facts, "alternative"),
        guardrail=_vector(facts, "guardrail"),
        losses_forgiven=_vector(facts, "relief"),
    )
    _, statement = shared_savings.settle(None, year, terms)
    names = ("sharing_rate", "loss_rate", "shared_savings", "shared_losses")
    lines = {name: np.round(statement.lines[name].value, 10).tolist() for name in names}
    for number, found in enumerate(facts):
        outcome = found.outcome
        outcome.sharing_rate = lines["sharing_rate"][number]
        outcome.loss_rate = lines["loss_rate"][number] if terms.two_sided else 0.0
        _leave_out_unknown(outcome, found.row, terms)
        outcome.earned_shared_savings = round(lines["shared_savings"][number], 2)
        outcome.owed_shared_losses = round(lines["shared_losses"][number], 2)


def _leave_out_unknown(outcome: Outcome, row: Row, terms: shared_savings.Terms) -> None:
    """Give no rate that rests on a score or a flag that is not there, though no money does."""
    flag_missing = "standard_met" in row.numbers and row.value("standard_met") is None
    score_missing = row.value("quality") is None
    if flag_missing or (score_missing and terms.quality_scales_sharing):
        outcome.sharing_rate = None
    if terms.two_sided and (flag_missing or (score_missing and terms.loss_rate_quality_slope)):
        outcome.loss_rate = None


def _vector(facts: list[Facts], name: str) -> FloatArray:
    return np.array([getattr(found, name) for found in facts])


def terms_of(key: tuple[int, str, int, float], minimum_rate: FloatArray) -> shared_savings.Terms:
    """Terms of ACOs that settle alike.

    Parameters
    ----------
    key
        Performance year, track, year of the agreement, and the part of the sharing rate for savings
        below the minimum (0 where they earn nothing).
    minimum_rate
        Minimum savings rate, an ACO an element.
    """
    year, track, agreement_year, reduced = key
    values = dict(terms_of_track(year, track))
    first_years = book().figure("loss_limit_first_years", year).value.get(track, [])
    if 0 < agreement_year <= len(first_years):
        values["loss_limit_benchmark"] = first_years[agreement_year - 1]
    return shared_savings.Terms(
        **values,
        minimum_savings_rate=minimum_rate,
        minimum_loss_rate=minimum_rate,
        loss_limit_amount=np.inf,
        reduced_sharing=reduced,
    )


def _revenue_limit(found: Facts) -> float:
    year, track, _, _ = found.terms
    return rule("loss_limit_revenue", year, track)
