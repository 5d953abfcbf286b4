"""Figures of a scenario that are beliefs: found in its words, and drawn.

Any figure may be written as a distribution, such as ``{normal: {mean: 0.258, sd: 0.01}}``. The
scenario itself is read with the means in their places; each draw is the same scenario with drawn
figures there, validated and resolved like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vbsim import streams
from vbsim.errors import ParameterError, Problem, in_parts
from vbsim.generators import parameter
from vbsim.scenario.source import Path_, Source, dotted, shown

STREAM = "parameters"
MOST_DRAWS = 2_000  # each is a Plan of its own, resolved before anything is simulated
# Places that take a distribution of their own, which describes members or realizations.
_LAWS = (
    ("uncertainty", "true_savings"),
    ("services", "*", "unit_cost"),
    ("intervention", "effect", "*"),
    ("intervention", "automation", "access", "*"),
)
# What decides the shape of the results, or is no part of what is simulated.
_CERTAIN = (
    *((key,) for key in ("vbsim", "seed", "seeds", "realizations", "start_year", "years")),
    ("outputs",),
    ("uncertainty", "inner_realizations"),
)
_KEYS = {key for family in parameter.FAMILIES.values() for key in family.keys}


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A figure that is uncertain: where it stands, and what is believed of it."""

    path: Path_
    law: parameter.Params

    @property
    def name(self) -> str:
        """Path as a user reads it."""
        return dotted(self.path)

    def values(self, seed: int, draws: int) -> np.ndarray:
        """Figures of the first draws, (draws,), whatever other figures are drawn."""
        key = streams.key(seed, STREAM, self.name)
        uniforms = streams.uniforms(key, np.arange(draws), np.zeros(1, dtype=np.int64), 1)
        return parameter.values(self.law, uniforms[:, 0, :])


def uncertain_of(source: Source) -> tuple[tuple[Uncertain, ...], list[Problem]]:
    """Every figure of a source that is written as a distribution, and what is wrong with them."""
    found: list[Uncertain] = []
    problems: list[Problem] = []
    for path, spec in _specs(source.data, ()):
        if any(path[: len(part)] == part for part in _CERTAIN):
            expected = "a figure for certain: it decides the shape of the results"
            problems.append(source.problem(path, _words(spec), expected, "write one figure"))
            continue
        try:
            found.append(Uncertain(path, parameter.Params.from_spec(spec)))
        except ParameterError as error:
            problems.append(source.problem(path, *in_parts(error, shown(spec))))
    return tuple(found), problems


def with_figures(source: Source, figures: Mapping[Path_, float]) -> Source:
    """Put figures in the places of distributions."""
    return replace(source, data=_put(source.data, (), figures)) if figures else source


def with_means(source: Source, uncertain: Iterable[Uncertain]) -> Source:
    """Put the means in the places of distributions."""
    return with_figures(source, {one.path: parameter.mean(one.law) for one in uncertain})


def named_as_beliefs(
    problems: Iterable[Problem], uncertain: Iterable[Uncertain]
) -> Iterator[Problem]:
    """Say of problems with a mean that the scenario states a distribution there."""
    laws = {one.name: one.law for one in uncertain}
    for problem in problems:
        law = laws.get(problem.path)
        if law is None:
            yield problem
            continue
        found = f"{law}, whose mean is {parameter.mean(law):g}"
        todo = "only numbers can be uncertain" if problem.expected == "text" else problem.todo
        yield replace(problem, found=found, todo=todo)


def named_as_draws(
    problems: Iterable[Problem],
    draw: int,
    figures: Mapping[Path_, float],
    uncertain: Iterable[Uncertain],
) -> Iterator[Problem]:
    """Say of problems with a draw which one it is, and what was drawn."""
    laws = {one.name: one.law for one in uncertain}
    drawn = ", ".join(f"{dotted(path)} = {value:.6g}" for path, value in figures.items())
    for problem in problems:
        law = f"{laws[problem.path]} drew " if problem.path in laws else ""
        todo = (
            "choose distributions all of whose draws are possible: a smaller spread, or beta, "
            "uniform or triangular, which are bounded"
        )
        found = f"{law}{problem.found}, in draw {draw} of the uncertain figures ({drawn})"
        yield replace(problem, found=found, todo=todo)


def _specs(data: Any, path: Path_) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Find mappings that are distributions in the place of a figure."""
    if isinstance(data, dict):
        if _is_spec(data) and not any(_matches(path, law) for law in _LAWS):
            yield path, data
            return
        for key, value in data.items():
            yield from _specs(value, (*path, key))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from _specs(value, (*path, place))


def _is_spec(data: dict[Any, Any]) -> bool:
    """Whether a mapping is a distribution; one whose only key a user may have chosen is none."""
    if len(data) != 1:
        return False
    ((family, given),) = data.items()
    return family in parameter.FAMILIES and isinstance(given, dict) and bool(_KEYS & set(given))


def _matches(path: Path_, pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(
        part in ("*", key) for key, part in zip(path, pattern, strict=True)
    )


def _words(spec: dict[str, Any]) -> str:
    """Spell a distribution as far as it can be read."""
    try:
        return str(parameter.Params.from_spec(spec))
    except ParameterError:
        return shown(spec)


def _put(data: Any, path: Path_, figures: Mapping[Path_, float]) -> Any:
    if path in figures:
        return figures[path]
    if isinstance(data, dict):
        return {key: _put(value, (*path, key), figures) for key, value in data.items()}
    if isinstance(data, list):
        return [_put(value, (*path, place), figures) for place, value in enumerate(data)]
    return data
