"""Next Generation ACO: ``program: ngaco`` with a risk arrangement as its track, and a cap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from vbsim.contract import Contract
from vbsim.payment_models import corridor
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Benchmark, Share
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"ngaco"})


class Words(ProgramWords):
    """A risk arrangement of the Next Generation ACO model."""

    benchmark: Benchmark | None = None
    cap: Share = Field(description="cap on savings and losses that was chosen [share of benchmark]")
    discount: Share | None = Field(
        default=None, description="discount of the benchmark; none if the benchmark has it already"
    )


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract that caps savings and losses, then shares them."""
    terms = tuple(_terms(desk, name, words, year) for year in desk.years)
    return desk.held_against_benchmark(name, words, "corridor", terms)


def _terms(desk: Desk, name: str, words: Words, year: int) -> corridor.Terms:
    book, on = desk.book(words), words.performance_year or year
    _within(desk, name, words, "cap", on)
    if words.discount is None:
        desk.audit.warn(
            f"{name}: discount is not stated, so the benchmark is taken as that after discount"
        )
    else:
        _within(desk, name, words, "discount", on)
    share = desk.cite(book.figure("sharing_rate", on, words.track))
    return corridor.Terms(
        # Above the cap a band of share 0: cap first, then share.
        corridors=((0.0, share), (words.cap, 0.0)) if words.cap else ((0.0, 0.0),),
        discount=words.discount or 0.0,
        # No withhold was found; in the first years quality changed the discount instead.
        quality_withhold=desk.cite(book.figure("quality_withhold", on)) or 0.0,
        sequestration=desk.cite(book.figure("sequestration", on)),
    )


def _within(desk: Desk, name: str, words: Words, key: str, on: int) -> None:
    """Find fault with a figure outside the range that the rules leave."""
    book, value = desk.book(words), getattr(words, key)
    least, most = (desk.cite(book.figure(f"{key}_{end}", on)) for end in ("least", "most"))
    if not least <= value <= most:
        expected = f"{least:g} to {most:g} of the benchmark"
        desk.audit.wrong(("contracts", name, key), shown(value), expected)
