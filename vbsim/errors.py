"""Every error a user can meet, one tree.

::

    VbsimError
    ├── ScenarioError        a scenario file, or something it names, is wrong (exit code 2)
    ├── RuleError            a rule or assumption file is wrong, or lacks a year (exit code 2)
    ├── ParameterError       a number or a distribution cannot mean what it says (exit code 2)
    ├── RunFolderError       a run folder is missing, incomplete or in the way (exit code 2)
    ├── OutcomeError         a file of known outcomes, or where to write one, is wrong (exit code 2)
    ├── CapacityError        the run would not fit on this machine (exit code 2)
    └── ClusterError         a cluster cannot be reached, or would give other numbers (exit code 2)

A message says where, what was found, what was expected, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class VbsimError(Exception):
    """Base of every error that vbsim raises for a wrong input."""


class ParameterError(VbsimError, ValueError):
    """A number or a distribution cannot mean what it says."""


class RuleError(VbsimError):
    """A rule or assumption file is wrong, or what is asked lies outside its verified range."""


class RunFolderError(VbsimError):
    """A run folder is missing, incomplete or in the way."""


class CapacityError(VbsimError):
    """The run would not fit on this machine."""


class ClusterError(VbsimError):
    """A cluster cannot be reached, or would give other numbers."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a scenario, and where it stands."""

    file: str
    line: int | None
    path: str
    found: str
    expected: str
    todo: str = ""

    def __str__(self) -> str:
        """Where, what was found, what was expected, what to do: one line each."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        lines = [f"{where}: {self.path}" if self.path else where, f"  found:    {self.found}"]
        lines.append(f"  expected: {self.expected}")
        if self.todo:
            lines.append(f"  to do:    {self.todo}")
        return "\n".join(lines)


class ScenarioError(VbsimError):
    """A scenario is wrong; carries every problem found, not only the first.

    Parameters
    ----------
    problems
        All problems, in the order of their lines.
    what
        What is wrong: the scenario, or a contract that stands alone in a file.
    """

    def __init__(self, problems: Iterable[Problem], what: str = "scenario") -> None:
        self.problems, self.what = sorted(problems, key=lambda p: (p.file, p.line or 0)), what
        count = len(self.problems)
        head = f"1 problem in the {what}" if count == 1 else f"{count} problems in the {what}"
        super().__init__("\n".join([head, *map(str, self.problems)]))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Problem], str]]:
        """Say what it is made from, so that another process can send it."""
        return type(self), (self.problems, self.what)


class OutcomeError(VbsimError):
    """A file of known outcomes cannot be read, or its settlement cannot be written.

    Parameters
    ----------
    problems
        The problems found, in the order of their rows.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


def in_parts(error: Exception, found: str) -> tuple[str, str, str]:
    """Take the words of an error apart: found, expected, to do.

    A message of another form than ``[found] ...; expected ...; to do`` is what was expected, and
    what was found is the ``found`` given.
    """
    words = re.fullmatch(r"(.*?); expected (.*?)(?:; (.*))?", str(error), re.DOTALL)
    if words is None:
        return found, str(error), ""
    what, expected, todo = words.groups(default="")
    return re.sub(r"(^|: )found ", r"\1", what, count=1), expected, todo


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known words, or list them all."""
    known = sorted(set(map(str, known)))
    spelt = (str(word), str(word).lower())
    near = next((n for w in spelt if (n := get_close_matches(w, known, n=2, cutoff=0.6))), [])
    if near:
        return "did you mean " + " or ".join(f"'{w}'" for w in near) + "?"
    return "choose one of: " + ", ".join(known)
