"""What programs ask of a contractor beside their terms: the branch ``conditions`` of a rule file.

Numbers of members are taken from the population; everything else a contract states under its key
``conditions``, or its own keys tell (a form's function ``facts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vbsim.contract import Condition, Contract
from vbsim.errors import did_you_mean
from vbsim.rulebook import Figure
from vbsim.scenario import incentive_plan
from vbsim.scenario.contracts import FORMS, form_of
from vbsim.scenario.contracts.words import ContractWords, ProgramWords
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

_BRANCH = "conditions"
_MEMBERS = "beneficiaries"
_YES_OR_NO = "yes or no"


def conditions_of(desk: Desk, contract: Contract, words: ContractWords) -> tuple[Condition, ...]:
    """Conditions of a contract's program and track, each with what holds of it."""
    found = incentive_plan.condition(desk, contract, words.physician_incentive_plan)
    if not isinstance(words, ProgramWords):
        return found
    asked = _asked(desk, words)
    _check_stated(desk, contract.name, words, asked)
    tell = getattr(FORMS[str(form_of(words))], "facts", None)
    known: dict[str, Any] = {**words.conditions, **(tell(words) if tell else {})}
    for name, figure in asked.items():
        desk.cite(figure)
        fact = _members(desk, contract, name) if figure.unit == _MEMBERS else known.get(name)
        condition = Condition(name.replace("_", " "), figure, fact)
        found = (*found, desk.audit.told(contract.name, condition))
    return found


def _asked(desk: Desk, words: ProgramWords) -> dict[str, Figure]:
    """Conditions in force for the track; what is not asked of it is left out."""
    book, on = desk.book(words), words.performance_year or desk.years[0]
    if not book.has(_BRANCH):
        return {}
    paths = {name: f"{_BRANCH}.{name}" for name in book.children(_BRANCH)}
    in_force = {name: path for name, path in paths.items() if book.has(path, on)}
    asked = {}
    for name, path in in_force.items():
        by_track = isinstance(book.figure(path, on).value, Mapping)
        figure = book.figure(path, on, words.track if by_track else None)
        if figure.value:
            asked[name] = figure
    return asked


def _check_stated(desk: Desk, name: str, words: ProgramWords, asked: Mapping[str, Figure]) -> None:
    """Find fault with facts that no condition asks for, and with those of another kind."""
    open_to_state = [key for key, figure in asked.items() if figure.unit != _MEMBERS]
    for key, fact in words.conditions.items():
        path = ("contracts", name, _BRANCH, key)
        if key not in open_to_state:
            expected = f"a condition of {words.program} that a contract states"
            todo = did_you_mean(key, open_to_state) if open_to_state else "take it out"
            desk.audit.wrong(path, f"'{key}'", expected, todo)
        elif isinstance(fact, bool) != (asked[key].unit == _YES_OR_NO):
            kind = "true or false" if asked[key].unit == _YES_OR_NO else "a share of 1"
            desk.audit.wrong(path, shown(fact), kind)


def _members(desk: Desk, contract: Contract, name: str) -> float:
    """Heads that a condition counts: of each or of one base year, or of the performance year."""
    base = [float(desk.world.members[row].sum()) for row in contract.base_years]
    if base and name.endswith("each_base_year"):
        return min(base)
    if base and name.endswith("one_base_year"):
        return max(base)
    return float(desk.heads)
