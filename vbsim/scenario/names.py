"""What a scenario names must exist, in a year that the files know, and every key must be read.

Works on the words as they stand, so that wrong names and a wrong shape are shown together; what has
the wrong shape is passed over here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, TypeGuard

from vbsim import rulebook
from vbsim.errors import Problem, did_you_mean
from vbsim.payment_models import MODELS
from vbsim.rulebook import Rulebook
from vbsim.scenario.contracts import BY_MODEL, BY_PROGRAM, FORMS, form_of
from vbsim.scenario.shape import FIRST_YEAR, LAST_YEAR
from vbsim.scenario.source import Path_, Source, shown

STREAMS = (
    "population",
    "claims",
    "trend",
    "shocks",
    "entity_year",
    "region",
    "run_out",
    "true_savings",
    "parameters",
    "benchmark",
    "performance",
    "quality",
    "episodes",
    "quality_measures",
    "intervention",
    "risk_score",
    "sobol",
)


def wrong_names(source: Source) -> list[Problem]:
    """Everything that is named and does not exist, or stated and never read; each once."""
    checks = (
        _assumptions, _streams, _reference, _segments, _services, _years, _base_years, _lasers,
    )  # fmt: skip
    found = [problem for check in checks for problem in check(source)]
    for name in source.below("contracts"):
        found += _contract(source, name)
    return list(dict.fromkeys(found))


def _unknown(
    source: Source, path: Path_, known: Collection[str], expected: str
) -> Iterator[Problem]:
    value = source.at(*path)
    if isinstance(value, str) and value not in known:
        yield source.problem(path, shown(value), expected, did_you_mean(value, known))


def _unknown_keys(
    source: Source, path: Path_, known: Collection[str], expected: str
) -> Iterator[Problem]:
    for key in source.below(*path):
        if key not in known:
            hint = did_you_mean(key, known)
            yield source.problem((*path, key), shown(key), expected, hint)


def _book(source: Source) -> Rulebook | None:
    """Read the assumption set, if there is one of that name."""
    name = source.at("assumptions")
    if not (isinstance(name, str) and name in rulebook.available("assumptions")):
        return None
    book = rulebook.read("assumptions", name)
    return book.carried(LAST_YEAR) if source.at("projection") is not None else book


def _assumptions(source: Source) -> Iterator[Problem]:
    known = rulebook.available("assumptions")
    yield from _unknown(source, ("assumptions",), known, "an assumption set of vbsim")


def _streams(source: Source) -> Iterator[Problem]:
    yield from _unknown_keys(source, ("seeds",), STREAMS, "a random stream")


def _reference(source: Source) -> Iterator[Problem]:
    known = [str(name) for name in source.below("contracts")]
    yield from _unknown(source, ("outputs", "reference"), known, "a contract of this scenario")


def _segments(source: Source) -> Iterator[Problem]:
    if book := _book(source):
        known = book.children("enrollment_types")
        for name in source.below("population", "segments"):
            path: Path_ = ("population", "segments", name)
            kind = f"an enrollment type of {book.file}"
            yield from _unknown(source, (*path, "enrollment_type"), known, kind)
            for year in source.below(*path, "per_capita"):
                yield from _year(source, (*path, "per_capita", year), year, book, "")


def _services(source: Source) -> Iterator[Problem]:
    book = _book(source)
    if book is None:
        return
    known, own = book.children("services"), source.below("services")
    for name in own:
        stated = source.below("services", name)
        complete = None not in (stated.get("utilization"), stated.get("unit_cost"))
        if name not in known and not complete:
            expected = f"a service of {book.file}, or a new one with utilization and unit_cost"
            yield source.problem(
                ("services", name), shown(name), expected, did_you_mean(name, known)
            )
    path = ("uncertainty", "service_sd")
    yield from _unknown_keys(source, path, [*known, *map(str, own)], "a service of this scenario")


def _lasers(source: Source) -> Iterator[Problem]:
    known = [str(name) for name in source.below("population", "segments")]
    for name in source.below("stop_loss"):
        path: Path_ = ("stop_loss", name, "lasers")
        yield from _unknown_keys(source, path, known, "a segment of the population")


def _years(source: Source) -> Iterator[Problem]:
    if book := _book(source):
        todo = "choose such a year, or add projection: {growth: 0.04}, say, for later ones"
        yield from _span(source, book, todo)


def _span(source: Source, book: Rulebook, todo: str) -> Iterator[Problem]:
    """Find fault with performance years that a file does not know."""
    start, count = source.at("start_year"), source.at("years") or 1
    if not (_is_year(start) and isinstance(count, int)):
        return
    yield from _year(source, ("start_year",), start, book, todo)
    last = start + count - 1
    if book.first_year <= start <= book.last_year < last:
        expected = f"a last year of at most {book.last_year}: {book.file} is verified so far"
        yield source.problem(("years",), f"{count}, which reaches {last}", expected)


def _year(source: Source, path: Path_, year: Any, book: Rulebook, todo: str) -> Iterator[Problem]:
    """Find fault with a year that a file does not know."""
    first, last = book.first_year, book.last_year
    if _is_year(year) and not first <= year <= last:
        years = f"{first}, the only year" if first == last else f"a year from {first} to {last},"
        yield source.problem(path, str(year), f"{years} for which {book.file} is verified", todo)


def _is_year(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and FIRST_YEAR <= value <= LAST_YEAR


def _base_years(source: Source) -> Iterator[Problem]:
    start, book = source.at("start_year"), _book(source)
    benchmarks: list[Path_] = [("benchmark",)]
    benchmarks += [("contracts", name, "benchmark") for name in source.below("contracts")]
    for benchmark in benchmarks:
        years = source.at(*benchmark, "base_years")
        for place, year in enumerate(years if isinstance(years, list) else []):
            path = (*benchmark, "base_years", place)
            if _is_year(start) and _is_year(year) and year >= start:
                yield source.problem(path, str(year), f"a year before start_year {start}")
            elif book is not None:
                yield from _year(source, path, year, book, "choose such a year")


def _contract(source: Source, name: str) -> Iterator[Problem]:
    path: Path_ = ("contracts", name)
    words = source.below(*path)
    if not words:
        return
    named = [key for key in ("program", "model") if words.get(key) is not None]
    if len(named) != 1:
        yield _one_form(source, path, named)
        return
    key = named[0]
    kinds = {"program": BY_PROGRAM, "model": BY_MODEL}
    expected = {"program": "a program with rules in vbsim", "model": "a payment model"}
    if key == "model" and words["model"] in MODELS.keys() - BY_MODEL.keys():
        todo = "write program and track instead, such as program: mssp and track: enhanced"
        wanted = "a model that needs no program's rules"
        yield source.problem((*path, key), shown(words["model"]), wanted, todo)
    else:
        yield from _unknown(source, (*path, key), kinds[key], expected[key])
    form = form_of(words)
    if form is None:
        return
    if key == "program":
        book = rulebook.read("rules", words["program"])
        if words.get("carry_rules_forward") is True:
            book = book.carried(LAST_YEAR)
        yield from _track(source, path, book)
        yield from _rule_years(source, path, book)
    if "benchmark" in FORMS[form].Words.model_fields and not (
        source.below(*path, "benchmark") or source.below("benchmark")
    ):
        todo = "add the key benchmark, here or at the top level for all contracts"
        yield source.problem(path, "no benchmark", "a benchmark to share savings against", todo)
    for kind in ("stop_loss", "economics"):
        known = [str(name) for name in source.below(kind)]
        yield from _unknown(source, (*path, kind), known, f"a name under the key {kind}")


def _one_form(source: Source, path: Path_, named: list[str]) -> Problem:
    """Find fault with a contract that names neither a program nor a model, or both."""
    expected = "exactly one of program and model"
    if named:
        found, todo = "both program and model", "take one of them out"
        return source.problem((*path, named[-1]), found, expected, todo)
    return source.problem(path, "neither program nor model", expected, "add one of them")


def _track(source: Source, path: Path_, book: Rulebook) -> Iterator[Problem]:
    year = source.at(*path, "performance_year") or source.at("start_year")
    known = _is_year(year) and book.first_year <= year <= book.last_year
    tracks = list(book.figure("sided", year if known else book.last_year).value)
    where = f"a track of {book.file}" + (f" in {year}" if known else "")
    yield from _unknown(source, (*path, "track"), tracks, where)
    if source.at(*path, "track") is None:
        todo = "choose one of: " + ", ".join(tracks)
        yield source.problem(path, f"program {book.name} without a track", "the key track", todo)


def _rule_years(source: Source, path: Path_, book: Rulebook) -> Iterator[Problem]:
    own = source.at(*path, "performance_year")
    if own is not None:
        yield from _year(source, (*path, "performance_year"), own, book, "choose such a year")
    else:
        todo = "choose such a year, or give the contract performance_year: the year of its rules"
        yield from _span(source, book, todo)
