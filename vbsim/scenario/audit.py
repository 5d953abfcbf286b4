"""Collects what ``resolve`` cites, what it warns of and what it finds wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vbsim.errors import ParameterError, Problem, RuleError, ScenarioError
from vbsim.rulebook import Figure
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Path_, leaves


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
        for path, value in leaves(self.scenario.source.data):
            if any(path[: len(prefix)] == prefix for prefix in paths):
                dotted = ".".join(map(str, path))
                self.figures[(file, dotted)] = Figure(
                    dotted, value, "as stated", "stated", "the scenario", "", file
                )

    def derived(self, path: str, value: Any, unit: str, how: str) -> None:
        """Record a figure that vbsim computed from others."""
        self.figures[("computed", path)] = Figure(path, value, unit, "D", how, "", "computed")

    def warn(self, text: str) -> None:
        """Record what is unusual but legal, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def wrong(self, path: Path_, found: object, expected: str, todo: str = "") -> None:
        """Record a problem at a path of the scenario."""
        self.problems.append(self.scenario.source.problem(path, found, expected, todo))

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Turn a rule or parameter error inside into a problem at this path, and go on."""
        try:
            yield
        except (RuleError, ParameterError) as error:
            self.wrong(path, _value_at(self.scenario.source.data, path), str(error))

    def check(self) -> None:
        """Raise ScenarioError with every problem found so far, if there is any."""
        if self.problems:
            raise ScenarioError(self.problems)


def _value_at(data: Any, path: Path_) -> str:
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return "nothing"
        data = data[part]
    return "a mapping" if isinstance(data, dict) else repr(data)
