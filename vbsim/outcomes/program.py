"""Programs whose result files can be settled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from vbsim.errors import RuleError, did_you_mean
from vbsim.outcomes import aco_reach, mssp
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.reader import OutcomeFile

PROGRAMS: dict[str, ModuleType] = {"aco_reach": aco_reach, "mssp": mssp}


def settle_file(program: str, path: Path, year: int | None = None) -> Iterator[Outcome]:
    """Settle a published result file.

    Parameters
    ----------
    program
        ``mssp`` or ``aco_reach``.
    path
        CMS's file, as published.
    year
        Performance year; needed where the file has no such column.

    Returns
    -------
    iterator of Outcome
        In the order of the file, which has been checked as a whole before this returns.

    Raises
    ------
    RuleError
        If the program is unknown or the year lies outside its rules.
    OutcomeError
        If the file is wrong.
    """
    if program not in PROGRAMS:
        hint = did_you_mean(program, PROGRAMS)
        raise RuleError(f"no program '{program}' whose results can be settled; {hint}")
    module = PROGRAMS[program]
    if year is not None:
        module.check_years({year})
    file = OutcomeFile(path, module.LAYOUT, year)
    try:
        module.check_years(file.years)
    except RuleError as error:
        raise RuleError(f"{path}: column {file.header.name('year')}: {error}") from None
    return iter(module.settle(file))
