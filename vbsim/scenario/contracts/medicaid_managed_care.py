"""A Medicaid plan: ``program: medicaid_managed_care`` with the rules of the nation or a state.

The rules state the minimum medical loss ratio, whether the plan returns what it falls short, the
credibility table and the risk corridor. Where a state may choose, the contract states the choice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vbsim.contract import Condition, Contract
from vbsim.payment_models import managed_care
from vbsim.scenario.contracts.plan_words import (
    PlanWords,
    corridor_terms,
    projected_loss_ratio,
    write_plan,
)
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.source import shown

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"medicaid_managed_care"})


class Words(PlanWords, ProgramWords):
    """A plan under the rules of Medicaid managed care."""


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the rules of each year, and the state's choices."""
    own = [_shared(desk, name, words, words.performance_year or year) for year in desk.years]
    label = words.label or f"Medicaid plan, {words.track.replace('_', ' ')}"
    contract = write_plan(desk, name, words, label, own)
    return replace(contract, conditions=_projected(desk, contract, words))


def _shared(desk: Desk, name: str, words: Words, on: int) -> dict[str, Any]:
    """Terms of risk sharing in a year."""
    names = (
        "minimum_medical_loss_ratio", "remittance_share", "credibility", "corridor",
    )  # fmt: skip
    figures = desk.book(words).by_name(names, on, words.track)
    found = {key: desk.cite(figure) for key, figure in figures.items()}
    for key in ("credibility", "corridor"):
        found[key] = tuple((at, value) for at, value in found[key])
    for key in ("minimum_medical_loss_ratio", "remittance_share"):
        stated = getattr(words, key)
        if stated is None:
            continue
        if stated < found[key]:
            expected = f"at least {found[key]:g}: {figures[key].file}, {figures[key].path}"
            desk.audit.wrong(("contracts", name, key), shown(stated), expected)
        found[key] = stated
    if words.risk_corridor is not None and found["corridor"]:
        path, corridor = ("contracts", name, "risk_corridor"), figures["corridor"]
        expected = f"no such key: {corridor.file} states the corridor of {words.track}"
        desk.audit.wrong(
            path, "risk_corridor", expected, "take it out, or write model: managed_care"
        )
    return found | corridor_terms(words.risk_corridor)


def _projected(desk: Desk, contract: Contract, words: Words) -> tuple[Condition, ...]:
    """Rates must project a loss ratio; whether these do."""
    on = words.performance_year or desk.years[0]
    path = "projected_medical_loss_ratio"
    if not desk.book(words).has(path, on):
        return ()
    figure = desk.book(words).figure(path, on)
    desk.cite(figure)
    terms = contract.terms[0]
    assert isinstance(terms, managed_care.Terms)
    ratio = projected_loss_ratio(desk, terms, desk.years[0], contract.basket)
    condition = Condition("projected medical loss ratio", figure, round(ratio, 4))
    return (desk.audit.told(contract.name, condition),)
