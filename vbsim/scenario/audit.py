"""Collects what ``resolve`` cites, what it warns of and what it finds wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vbsim.contract import Condition
from vbsim.errors import ParameterError, Problem, RuleError, ScenarioError, in_parts
from vbsim.rulebook import Figure
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Path_, leaves, shown


class Audit:
    """Trail of one resolution.

    Parameters
    ----------
    scenario
        The words that are being resolved.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.figures: dict[tuple[str, str], Figure] = {}
        self.warnings: list[str] = []
        self.problems: list[Problem] = []

    def cite(self, figure: Figure) -> Any:
        """Record a figure of a rule or assumption file and return its value."""
        self.figures[(figure.file, figure.path + figure.date)] = figure
        return figure.value

    def stated(self, *paths: Path_) -> None:
        """Record the figures that the scenario itself states below some paths."""
        file = self.scenario.source.file
        beliefs = {one.path: str(one.law) for one in self.scenario.uncertain}
        for path, value in leaves(self.scenario.source.data):
            if path[-1] != "source" and any(path[: len(prefix)] == prefix for prefix in paths):
                dotted, source = ".".join(map(str, path)), self._source_of(path)
                status = "UNVERIFIED" if source.startswith("UNVERIFIED") else "stated"
                self.figures[(file, dotted)] = Figure(
                    dotted, beliefs.get(path, value), "as stated", status, source, "", file
                )

    def derived(self, path: str, value: Any, unit: str, how: str, status: str = "D") -> None:
        """Record a figure that vbsim computed from others."""
        self.figures[("computed", path)] = Figure(path, value, unit, status, how, "", "computed")

    def _source_of(self, path: Path_) -> str:
        """Return the source that the nearest part around a path states."""
        found = "the scenario"
        node: Any = self.scenario.source.data
        for part in path[:-1]:
            node = node[part]
            if isinstance(node, dict) and isinstance(node.get("source"), str):
                found = node["source"]
        return found

    def warn(self, text: str) -> None:
        """Record what is unusual but legal, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def told(self, name: str, condition: Condition) -> Condition:
        """Return a condition of a contract, after a warning if it is not met."""
        if condition.outcome == "not met":
            figure, fact = condition.figure, _in_words(condition.found)
            self.warn(
                f"{name}: the condition '{condition.name}' of {figure.file} is not met: found "
                f"{fact}, asked for {_in_words(figure.value)}"
            )
        return condition

    def wrong(self, path: Path_, found: str, expected: str, todo: str = "") -> None:
        """Record a problem at a path of the scenario."""
        self.problems.append(self.scenario.source.problem(path, found, expected, todo))

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Turn a rule or parameter error inside into a problem at this path, and go on."""
        try:
            yield
        except (RuleError, ParameterError) as error:
            found = shown(self.scenario.source.at(*path))
            self.wrong(path, *in_parts(error, found))

    @contextmanager
    def before_all_else(self, *path: str | int) -> Iterator[None]:
        """Do as ``at``, but end with every problem found so far: what follows builds on this."""
        count = len(self.problems)
        with self.at(*path):
            yield
        if len(self.problems) > count:
            self.check()

    def check(self) -> None:
        """Raise ScenarioError with every problem found so far, if there is any."""
        if self.problems:
            raise ScenarioError(dict.fromkeys(self.problems))


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if value >= 100.0 else f"{value:g}"
