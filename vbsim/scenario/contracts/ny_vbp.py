"""New York Medicaid value-based payment: ``program: ny_vbp`` with a level as its track.

Levels 1 and 2 share savings against a target budget, level 3 is prepaid capitation. A contract
below the minima of its level counts one level lower; it is settled as written, and a warning and
the HCP-LAN category say what it counts as.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from vbsim.contract import Contract, Requirement
from vbsim.payment_models import capitation, shared_savings
from vbsim.scenario.contracts.capitation import capitation_security
from vbsim.scenario.contracts.rate_words import (
    RateWords,
    WithholdWords,
    rate_terms,
    rate_wrongs,
    withhold_terms,
)
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Benchmark, Money, Share, Wrong, refuse
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"ny_vbp"})
HEALTH_CENTER = "fqhc"
_LEVELS = ("level_0", "level_1", "level_2", "level_3")
Contractor = Literal["fqhc", "hospital", "physician_group", "ipa", "aco", "other"]
Guided = Share | Literal["guideline"]


class Words(RateWords, ProgramWords):
    """A level of New York's value-based payment; the rate is level 3's capitation."""

    benchmark: Benchmark | None = Field(default=None, description="target budget")
    contract_year: Annotated[int, Field(ge=1, le=30)] = Field(
        default=1, description="year of the contract at its level, which sets the loss cap"
    )
    savings_share: Guided | None = Field(default=None, description="contractor's part of savings")
    loss_share: Guided | None = Field(default=None, description="contractor's part of losses")
    loss_cap: Share | None = Field(
        default=None, description="cap on losses [share of target budget]; else the rule's"
    )
    minimum_quality: Share | None = Field(
        default=None, description="quality score that earns savings; else the standard of the year"
    )
    lead_contractor: Contractor = Field(
        default="other", description="who holds the contract; fqhc = health center"
    )
    participants: list[Contractor] = Field(
        default_factory=list, description="who takes part within the contracting group"
    )
    social_needs_pmpm: Money | None = Field(
        default=None, description="cost of the social-needs intervention [USD PMPM]"
    )
    withhold: WithholdWords | None = Field(
        default=None, description="level 3: part of the capitation that quality earns back"
    )

    @model_validator(mode="after")
    def _of_its_level(self) -> Words:
        refuse(_level_wrongs(self))
        return self


def _level_wrongs(words: Words) -> Iterable[Wrong]:
    needs = {
        "level_1": ["savings_share"],
        "level_2": ["savings_share", "loss_share"],
        "level_3": [],
    }
    reads = {
        "level_1": {"benchmark", "savings_share", "minimum_quality"},
        "level_2": {"benchmark", "savings_share", "loss_share", "loss_cap", "minimum_quality"},
        "level_3": {*RateWords.model_fields, "withhold"},
    }
    if words.track not in needs:
        return  # names.py says which levels there are
    for key in needs[words.track]:
        if getattr(words, key) is None:
            todo = f"add it, such as {key}: 0.5, or {key}: guideline"
            yield Wrong("", f"{words.track} without {key}", f"the key {key}", todo)
    for key in set().union(*reads.values()) - reads[words.track]:
        if getattr(words, key) not in (None, False):
            yield Wrong(
                key, f"{key} in {words.track}", "a key that this level reads", "take it out"
            )
    if words.track == "level_3":
        yield from rate_wrongs(words)


def facts(words: Words) -> dict[str, Any]:
    """Conditions that the contract's own keys tell of."""
    return {
        "lead_other_than_health_center": words.lead_contractor != HEALTH_CENTER,
        "social_needs_intervention": words.social_needs_pmpm is not None,
    }


def requirements(desk: Desk, contract: Contract, words: Words) -> tuple[Requirement, ...]:
    """Security that Regulation 164 asks of prepaid capitation."""
    if words.track != "level_3":
        return ()
    on = words.performance_year or desk.years[0]
    figure = desk.book(words).figure("capitation_security", on)
    desk.cite(figure)
    return (capitation_security(desk, contract, figure),)


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract of a level, settled as written."""
    desk.cite(desk.book(words).figure("roadmap", words.performance_year or desk.years[0]))
    _check_lead(desk, name, words)
    _check_intervention(desk, name, words)
    if words.track == "level_3":
        return _prepaid(desk, name, words)
    terms = tuple(_terms(desk, name, words, year, number) for number, year in enumerate(desk.years))
    contract = desk.held_against_benchmark(name, words, "shared_savings", terms)
    counts_as = _counts_as(desk, name, words, terms)
    on = words.performance_year or desk.years[0]
    category = desk.book(words).figure("lan_category", on, counts_as)
    return replace(contract, lan_category=desk.cite(category))


def _check_lead(desk: Desk, name: str, words: Words) -> None:
    on = words.performance_year or desk.years[0]
    path = "conditions.lead_other_than_health_center"
    figure = desk.book(words).figure(path, on, words.track)
    if words.lead_contractor == HEALTH_CENTER and desk.cite(figure):
        desk.audit.wrong(
            ("contracts", name, "lead_contractor"),
            shown(HEALTH_CENTER),
            "another lead contractor: a federally qualified health center may lead only level 1 "
            f"({figure.file}, {figure.path}, {figure.status})",
            "write track: level_1, or lead_contractor: other with participants: [fqhc], as part "
            "of a larger contracting group",
        )


def _check_intervention(desk: Desk, name: str, words: Words) -> None:
    on = words.performance_year or desk.years[0]
    path = "conditions.social_needs_intervention"
    asked = desk.cite(desk.book(words).figure(path, on, words.track))
    if asked and words.social_needs_pmpm is None:
        desk.audit.wrong(
            ("contracts", name),
            f"{words.track} without social_needs_pmpm",
            "the cost of a social-needs intervention, which levels 2 and 3 must have",
            "add social_needs_pmpm: 0 if others pay for it",
        )


def _terms(desk: Desk, name: str, words: Words, year: int, number: int) -> shared_savings.Terms:
    two_sided = words.track == "level_2"
    lost = _share(desk, words, "loss_share", year) if two_sided else 0.0
    missed = None
    if two_sided and words.loss_share == "guideline":
        on = words.performance_year or year
        path = "guideline_loss_share_missed"
        missed = desk.cite(desk.book(words).figure(path, on, words.track))
    cap = _cap(desk, words, year, number) if two_sided else 0.0
    return shared_savings.Terms(
        two_sided=two_sided,
        minimum_savings_rate=0.0,
        minimum_loss_rate=0.0,
        sharing_rate=_share(desk, words, "savings_share", year),
        quality_scales_sharing=False,
        sharing_rate_standard_missed=0.0,
        alternative_standard=False,
        payment_limit=1.0,
        loss_rate_minimum=lost,
        loss_rate_maximum=lost,
        loss_rate_quality_slope=0.0,
        loss_limit_benchmark=cap,
        loss_limit_amount=np.inf,
        sequestration=0.0,
        loss_rate_standard_missed=missed,
        minimum_quality=words.minimum_quality,
        social_needs_pmpm=words.social_needs_pmpm or 0.0,
    )


def _share(desk: Desk, words: Words, key: str, year: int) -> float:
    stated = getattr(words, key)
    if stated == "guideline":
        on = words.performance_year or year
        return float(desk.cite(desk.book(words).figure(f"guideline_{key}", on, words.track)))
    return float(stated or 0.0)


def _cap(desk: Desk, words: Words, year: int, number: int) -> float:
    least = _least_cap(desk, words, year, number)
    return least if words.loss_cap is None else words.loss_cap


def _least_cap(desk: Desk, words: Words, year: int, number: int) -> float:
    on = words.performance_year or year
    key = "first_year" if words.contract_year + number == 1 else "later_years"
    return float(desk.cite(desk.book(words).figure("loss_cap", on, key)))


def _counts_as(desk: Desk, name: str, words: Words, terms: tuple[shared_savings.Terms, ...]) -> str:
    """Level that a contract counts as: its own, or one lower if it is below a minimum."""
    book, on = desk.book(words), words.performance_year or desk.years[0]
    found = {"savings_share": terms[0].sharing_rate, "loss_share": terms[0].loss_rate_maximum}
    below = []
    for key, value in found.items():
        least = desk.cite(book.figure(f"{key}_minimum", on, words.track))
        if value < least:
            below.append(f"{key} {value:g} below the minimum of {least:g}")
    if words.track == "level_2":
        for number, (year, term) in enumerate(zip(desk.years, terms, strict=True)):
            least = _least_cap(desk, words, year, number)
            if term.loss_limit_benchmark < least:
                below.append(f"loss_cap {term.loss_limit_benchmark:g} below {least:g} in {year}")
    if not below:
        return words.track
    lower = _LEVELS[_LEVELS.index(words.track) - 1]
    desk.audit.warn(
        f"{name}: {words.track} with {'; '.join(below)}: the contract counts as {lower}, and is "
        "settled as written"
    )
    return lower


def _prepaid(desk: Desk, name: str, words: Words) -> Contract:
    """Level 3: capitation, out of which the contractor pays all claims and the intervention."""
    terms = tuple(
        capitation.Terms(
            rate_terms(desk, ("contracts", name), words, year),
            withhold=withhold_terms(words.withhold),
            social_needs_pmpm=words.social_needs_pmpm or 0.0,
        )
        for year in desk.years
    )
    on = words.performance_year or desk.years[0]
    category = desk.cite(desk.book(words).figure("lan_category", on, words.track))
    if not terms[0].withhold.share:
        category = "4N"
        desk.audit.warn(
            f"{name}: level_3 without a withhold pays whatever the quality: HCP-LAN 4N, capitation "
            "without a link to quality"
        )
    label = words.label or "NY VBP LEVEL 3"
    return Contract(name, label, "capitation", category, terms)
