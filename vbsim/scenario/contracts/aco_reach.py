"""ACO REACH: ``program: aco_reach`` with a risk arrangement as its track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vbsim.payment_models import corridor
from vbsim.plan import Contract
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Benchmark

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"aco_reach"})


class Words(ProgramWords):
    """A risk arrangement of ACO REACH."""

    benchmark: Benchmark | None = None


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the corridors, discount and withhold of its year."""
    book, terms = desk.book(words), []
    for year in desk.years:
        found = book.by_name(corridor.PROGRAM_TERMS, words.performance_year or year, words.track)
        values = {n: desk.cite(figure) for n, figure in found.items()}
        values["corridors"] = tuple((low, share) for low, share in values["corridors"])
        terms.append(corridor.Terms(**values))
    return desk.held_against_benchmark(name, words, "corridor", tuple(terms))
