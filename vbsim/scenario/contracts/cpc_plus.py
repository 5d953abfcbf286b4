"""Comprehensive Primary Care Plus: ``program: cpc_plus`` with track 1 or 2."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models.care_coordination import Terms
from vbsim.scenario.contracts.care_words import (
    BySegment,
    PrimaryCareWords,
    cost_terms,
    enrolled_terms,
    of_no_service,
    of_no_use,
    of_program,
    population_pmpm,
    practice_terms,
)
from vbsim.scenario.contracts.score_words import ScoredWords, lines_of, scored
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Name, Share, Wrong, refuse
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"cpc_plus"})


class Words(ScoredWords, PrimaryCareWords, ProgramWords):
    """A track of CPC+: fee by risk tier, incentive paid ahead, in track 2 a part of claims too."""

    tier_shares: dict[Name, BySegment] = Field(
        default_factory=dict,
        description="part of the beneficiaries in each tier, of all or by segment; else the rule's",
    )
    hybrid_share: Share | None = Field(
        default=None, description="track 2: part of primary-care claims paid ahead in their place"
    )

    @model_validator(mode="after")
    def _hybrid_whole(self) -> Words:
        refuse(self._wrongs())
        return self

    def _wrongs(self) -> Iterable[Wrong]:
        if self.hybrid_share:
            yield from of_no_service(self, "hybrid_share")
        elif self.primary_care_services:
            yield from of_no_use("hybrid_share")


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the fees and the incentive of its track."""
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    return of_program(desk, name, words, terms, "CPC+")


def _terms(desk: Desk, name: str, words: Words, year: int) -> Terms:
    book, on, track = desk.book(words), words.performance_year or year, words.track
    fees = desk.cite(book.figure("fee", on, track))
    shares = words.tier_shares or desk.cite(book.figure("tier_shares", on, track))
    desk.known(("contracts", name, "tier_shares"), words.tier_shares, fees, f"a tier of {track}")
    tiers = {tier: (float(fee), shares.get(tier, 0.0)) for tier, fee in fees.items()}
    stated = words.measures or words.domains
    weights = desk.cite(book.figure("domain_weights", on)) if stated else {}
    return Terms(
        **enrolled_terms(desk, name, words, tiers, "tier_shares"),
        **cost_terms(desk, name, words, year),
        **practice_terms(desk, name, words, year),
        **scored(desk, name, words, weights),
        **_paid_ahead(desk, name, words, year),
        incentive_pmpm=desk.cite(book.figure("incentive_pbpm", on, track)),
        kept=lines_of(desk.cite(book.figure("incentive_kept", on))),
    )


def _paid_ahead(desk: Desk, name: str, words: Words, year: int) -> dict[str, Any]:
    """Terms of the part of primary-care claims that is paid ahead."""
    book, on, share = desk.book(words), words.performance_year or year, words.hybrid_share
    if not share:
        return {}
    path = ("contracts", name, "hybrid_share")
    choices = desk.cite(book.figure("hybrid_choices", on, words.track))
    if share not in choices:
        listed = ", ".join(f"{choice:g}" for choice in choices)
        expected = f"one of {listed} ({book.file})" if choices else f"none in {words.track}"
        desk.audit.wrong(path, shown(share), expected)
    more = desk.cite(book.figure("comprehensiveness_supplement", on, words.track))
    ahead = population_pmpm(desk, name, words, year, share * (1.0 + more))
    return {"population_pmpm": ahead, "replaced_share": share}
