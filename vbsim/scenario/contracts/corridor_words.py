"""What programs of risk corridors share: their rules as terms, and capitation paid ahead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Benchmark, Name, Share, Wrong, refuse
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    import numpy as np

    from vbsim.scenario.desk import Desk

PRIMARY_CARE = "primary_care"


class CorridorWords(ProgramWords):
    """A risk arrangement with corridors, and capitation if it is paid ahead."""

    benchmark: Benchmark | None = None
    capitation: Literal["primary_care", "total_care"] | None = Field(
        default=None, description="paid ahead in place of claims, reconciled at settlement"
    )
    primary_care_services: list[Name] = Field(
        default_factory=list, description="services of primary care capitation"
    )
    capitated_share: Share | None = Field(
        default=None, description="part of those claims that participants deliver"
    )
    capitation_rate: Share | None = Field(
        default=None,
        description="paid ahead [share of benchmark]; else as much of it as of expected cost",
    )
    enhanced_capitation: Share | None = Field(
        default=None, description="paid ahead on top, repaid at settlement [share of benchmark]"
    )

    @model_validator(mode="after")
    def _capitation_whole(self) -> CorridorWords:
        refuse(_capitation_wrongs(self))
        return self


def _capitation_wrongs(words: CorridorWords) -> Iterable[Wrong]:
    stated = {
        "primary_care_services": bool(words.primary_care_services),
        "capitated_share": words.capitated_share is not None,
        "capitation_rate": words.capitation_rate is not None,
        "enhanced_capitation": words.enhanced_capitation is not None,
    }
    primary = words.capitation == PRIMARY_CARE
    if words.capitation is None:
        for key in (key for key, is_stated in stated.items() if is_stated):
            todo = "add capitation, or take it out"
            yield Wrong(key, f"{key} without capitation", "the key capitation beside it", todo)
        return
    if not stated["capitated_share"]:
        todo = "add it, such as 0.4"
        yield Wrong("", "capitation without capitated_share", "the part of claims it covers", todo)
    if primary and not stated["primary_care_services"]:
        todo = "add it, such as [physician]"
        yield Wrong("", "primary care capitation of no service", "primary_care_services", todo)
    for key in ("primary_care_services", "enhanced_capitation"):
        if stated[key] and not primary:
            found = f"{key} beside {words.capitation} capitation"
            yield Wrong(key, found, f"only beside {PRIMARY_CARE}", "take it out")


def rule_terms(desk: Desk, words: ProgramWords, names: Iterable[str], on: int) -> dict[str, Any]:
    """Terms of corridors as the program's rules state them."""
    found = desk.book(words).by_name(names, on, words.track)
    values = {name: desk.cite(figure) for name, figure in found.items()}
    for name in ("corridors", "loss_corridors"):
        if name in values:
            values[name] = tuple((low, share) for low, share in values[name])
    return values


def prepaid_terms(desk: Desk, name: str, words: CorridorWords, year: int) -> dict[str, Any]:
    """Terms of what is paid ahead; none where nothing is."""
    if words.capitation is None:
        return {}
    book, on = desk.book(words), words.performance_year or year
    choices = desk.cite(book.figure("capitation_choices", on, words.track))
    if words.capitation not in choices:
        expected = f"{' or '.join(choices)}: {words.program} {words.track} has no other capitation"
        desk.audit.wrong(("contracts", name, "capitation"), shown(words.capitation), expected)
    covered, rate = words.capitated_share or 0.0, words.capitation_rate
    if rate is None:
        part = desk.expected_pmpm(year, basket(desk, name, words)) / desk.expected_pmpm(year)
        rate = min(covered * part, 1.0)
        desk.audit.derived(
            f"capitation paid ahead, {name}, {year}",
            round(rate, 4),
            "share of benchmark",
            f"{covered:g} of the {part:.1%} of expected cost that the services make up",
        )
    return {
        "capitation": rate,
        "capitated_share": covered,
        "enhanced_capitation": _enhanced(desk, name, words, on),
    }


def _enhanced(desk: Desk, name: str, words: CorridorWords, on: int) -> float:
    wanted = words.enhanced_capitation
    if not wanted:
        return 0.0
    most = desk.cite(desk.book(words).figure("enhanced_capitation_limit", on))
    if wanted > most:
        path = ("contracts", name, "enhanced_capitation")
        desk.audit.wrong(path, shown(wanted), f"at most {most:g} of the benchmark")
    return wanted


def basket(desk: Desk, name: str, words: CorridorWords) -> np.ndarray | None:
    """Services that the capitation covers; ``None`` for all."""
    if words.capitation != PRIMARY_CARE:
        return None
    path = ("contracts", name, "primary_care_services")
    return desk.basket(path, words.primary_care_services)
