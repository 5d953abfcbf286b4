"""How far an answer rests on UNVERIFIED figures: each is moved, and those of a kind at once.

A figure is moved to the ends of the range that its source states, or by a fifth up and down where
it states none; a distribution family is exchanged for another. The same random numbers serve all
runs, so differences are known more closely than the answers; but a moved figure has a pilot of its
own, and what pilots differ by is in no error. The expected cost level is what the scenario states,
whatever is moved.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vbsim import rulebook
from vbsim.errors import ParameterError
from vbsim.measures.catalogue import MEASURES
from vbsim.measures.precision import Estimate, FloatArray, difference
from vbsim.plan import Plan
from vbsim.rulebook import Rulebook
from vbsim.scenario.load import validate
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.settle import settle
from vbsim.simulate import blocks
from vbsim.validation.base import Found
from vbsim.vocabulary import CONTRACT, YEAR, net_to_holder

ANSWERS = ("prob_loss", "mean", "tvar_95")
NOISE = 3.0  # standard errors up to which a change may be nothing: hundreds are looked at
REALIZATIONS = 100_000  # so that a change of 0.2 points of a chance is told from none
BY = 0.2  # how far a figure without a stated range is moved
Progress = Callable[[int, int], None]
# Ranges that the sources of the figures state; sd of a lognormal's logarithm as cv.
RANGES: dict[str, tuple[float, float]] = {
    "services.inpatient.unit_cost_cv": (0.947, 1.311),
    "services.snf.unit_cost_cv": (0.8, 1.0),
    "services.ed.unit_cost_cv": (0.947, 1.311),
    "uncertainty.service_correlation": (0.46, 0.85),
    "uncertainty.pandemic_probability": (0.02, 0.03),
    "uncertainty.composition_cv": (0.0, 1.64),
}
ALL = "all."  # in front of a kind of figures that are moved at once
FAMILIES = {"lognormal": "gamma", "gamma": "lognormal"}
# For comparison: a belief with a source, on which the answer is known to rest.
PRIOR = "uncertainty.true_savings.normal.sd"
PRIOR_RANGE = (0.018, 0.032)


@dataclass(frozen=True, slots=True)
class Moved:
    """One figure, where it was moved, and how the answers changed.

    Parameters
    ----------
    path, file
        The figure.
    value, ends
        As it stands, and where it was moved: low and high, or one other family; ``None`` and none
        where all figures of a kind were moved at once.
    stated
        Whether the range is the source's.
    changes
        Of every answer at every end, with its paired standard error.
    verified
        Whether the figure has a source after all, and is here for comparison.
    """

    path: str
    file: str
    value: Any
    ends: tuple[Any, ...]
    stated: bool
    changes: dict[str, tuple[Found, ...]]
    verified: bool = False

    def reach(self, answer: str) -> float:
        """Largest change of an answer."""
        return max(abs(one.value) for one in self.changes[answer])

    def told(self, answers: Mapping[str, Found]) -> float:
        """Largest change that is no noise, of any answer, as a part of that answer."""
        return max(
            max(abs(one.value) - NOISE * one.error, 0.0) / abs(answers[key].value)
            for key, changes in self.changes.items()
            for one in changes
        )


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What moves the answer of a scenario.

    Parameters
    ----------
    name, contract
        Of the scenario, and words for the contract whose result is the answer.
    realizations
        Of every run.
    answers
        As it stands, with standard errors.
    moved
        Every figure that was moved, the one that is known to change an answer most in front.
    left
        Figures that were not moved, by the reason.
    """

    name: str
    contract: str
    realizations: int
    answers: dict[str, Found]
    moved: tuple[Moved, ...]
    left: dict[str, tuple[str, ...]]


def sensitivity(
    scenario: Scenario, progress: Progress | None = None, realizations: int = REALIZATIONS
) -> Sensitivity:
    """Move every UNVERIFIED figure that a scenario rests on, one by one, and kinds at once.

    Parameters
    ----------
    scenario
        From :func:`vbsim.load`.
    progress
        Called after each figure with figures done and to do.
    realizations
        Of every run.

    Raises
    ------
    ScenarioError, ParameterError
        If the scenario is wrong, or has uncertain figures, which are moved by themselves.
    """
    if scenario.uncertain:
        raise ParameterError(
            f"{scenario.uncertain[0].name}: found a distribution; expected figures for certain; "
            "vbsim decompose tells what uncertain figures do"
        )
    scenario = scenario.model_copy(update={"realizations": realizations})
    plan, book = resolve(scenario), rulebook.read("assumptions", scenario.assumptions)
    before = _answers(plan)
    figures, left = _movable(plan, book)
    cases = [(path, {path: value}) for path, value in figures.items()] + together(figures)
    moved = []
    for number, (name, own) in enumerate(cases):
        moved.append(_of_book(scenario, book, name, own, before))
        if progress is not None:
            progress(number + 1, len(cases))
    if scenario.source.at(*PRIOR.split(".")) is not None:
        moved.append(_of_prior(scenario, before))
    label = next(c.label for c in plan.contracts if c.name == plan.reference)
    answers = {key: Found(one.value, one.standard_error) for key, one in before.items()}
    return Sensitivity(
        scenario.name, label, plan.realizations, answers, ordered(moved, answers), left
    )


def ordered(moved: Iterable[Moved], answers: Mapping[str, Found]) -> tuple[Moved, ...]:
    """Sort by the largest change that is no noise; by the first answer where all are."""
    return tuple(sorted(moved, key=lambda one: (-one.told(answers), -one.reach(ANSWERS[0]))))


def _movable(plan: Plan, book: Rulebook) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """Figures of the assumption set by path, and what is left as it is by reason."""
    figures: dict[str, Any] = {}
    left: dict[str, list[str]] = {}
    for figure in plan.unverified:
        if figure.file == book.file:
            figures[figure.path] = figure.value
            continue
        reason = "rules of programs, and terms that a scenario states: no default"
        if figure.file == "computed":
            reason = "computed from figures that are moved"
        left.setdefault(reason, []).append(figure.path)
    return figures, {reason: tuple(paths) for reason, paths in left.items()}


def ends_of(path: str, value: Any) -> tuple[Any, ...]:
    """Where a figure is moved."""
    if isinstance(value, str):
        return (FAMILIES[value],)
    return RANGES.get(path, ((1.0 - BY) * value, (1.0 + BY) * value))


def with_figure(book: Rulebook, path: str, value: Any, end: Any) -> Rulebook:
    """Assumption set in which one figure stands elsewhere; its other years move in proportion."""
    tree = copy.deepcopy(dict(book.parameters))
    node: Any = tree
    parts = path.split(".")
    while "values" not in node:
        node = node[parts.pop(0)]

    def elsewhere(old: Any) -> Any:
        if parts and isinstance(old, Mapping):
            return dict(old) | {parts[0]: elsewhere_one(old[parts[0]])}
        return elsewhere_one(old)

    def elsewhere_one(old: Any) -> Any:
        return end if isinstance(end, str) or not value else old * (end / value)

    node["values"] = {day: elsewhere(old) for day, old in node["values"].items()}
    return replace(book, parameters=tree)


def together(figures: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Figures of one kind that are moved at once too, such as the spreads of all unit costs."""
    kinds: dict[str, dict[str, Any]] = {}
    for path, value in figures.items():
        kinds.setdefault(path.split(".")[-1], {})[path] = value
    return [
        (f"{ALL}{kind}", own)
        for kind, own in kinds.items()
        if len(own) > 1 and not any("relative_utilization" in path for path in own)
    ]


def _of_book(
    scenario: Scenario,
    book: Rulebook,
    name: str,
    figures: Mapping[str, Any],
    before: dict[str, Estimate],
) -> Moved:
    """Move one figure, or all of a kind, to each end."""
    ends = [ends_of(path, value) for path, value in figures.items()]
    books = []
    for at in range(len(ends[0])):
        elsewhere = book
        for (path, value), own in zip(figures.items(), ends, strict=True):
            elsewhere = with_figure(elsewhere, path, value, own[at])
        books.append(elsewhere)
    changes = _changes((resolve(scenario, book=one) for one in books), before)
    if name.startswith(ALL):
        return Moved(name, book.file, None, (), False, changes)
    return Moved(name, book.file, figures[name], ends[0], name in RANGES, changes)


def _of_prior(scenario: Scenario, before: dict[str, Estimate]) -> Moved:
    path = tuple(PRIOR.split("."))
    changes = _changes((resolve(_with_word(scenario, path, end)) for end in PRIOR_RANGE), before)
    value = scenario.source.at(*path)
    return Moved(PRIOR, "the scenario", value, PRIOR_RANGE, True, changes, verified=True)


def _with_word(scenario: Scenario, path: tuple[str, ...], value: float) -> Scenario:
    data = copy.deepcopy(scenario.source.data)
    node = data
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return validate(replace(scenario.source, data=data | {"realizations": scenario.realizations}))


def _changes(plans: Iterator[Plan], before: dict[str, Estimate]) -> dict[str, tuple[Found, ...]]:
    found: dict[str, tuple[Found, ...]] = dict.fromkeys(ANSWERS, ())
    for plan in plans:
        for key, estimate in _answers(plan).items():
            change = difference(estimate, before[key])
            found[key] = (*found[key], Found(change.value, change.standard_error))
    return found


def _answers(plan: Plan) -> dict[str, Estimate]:
    """Measures of the reference contract in the first year, by the collective engine."""
    own = tuple(one for one in plan.contracts if one.name == plan.reference)
    plan = replace(plan, contracts=own, engine="collective")
    parts = [
        net_to_holder(settle(plan, part)).isel({YEAR: 0, CONTRACT: 0}) for part in blocks(plan)
    ]
    values: FloatArray = np.concatenate([part.values for part in parts])
    return {key: MEASURES[key](values) for key in ANSWERS}
