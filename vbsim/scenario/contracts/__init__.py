"""How a contract is written in a scenario: one form per file.

A form holds

* ``MODEL``: the word after ``model:`` that it answers to, and ``PROGRAMS``: the rule files whose
  tracks it writes,
* ``Words``: the keys that a user may write,
* ``write(desk, name, words) -> Contract``: the words as terms in numbers.

A new form is one file and its line here.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Discriminator, Tag

from vbsim.scenario.contracts import (
    aco_pc_flex,
    aco_reach,
    bundles,
    capitation,
    care_coordination,
    cpc_plus,
    fee_for_service,
    hospital_vbp,
    lead,
    making_care_primary,
    managed_care,
    medicaid_managed_care,
    mips,
    mssp,
    ngaco,
    ny_health_home,
    ny_vbp,
    pay_for_performance,
    primary_care_first,
    prospective_bundle,
    shared_savings,
)
from vbsim.scenario.contracts.words import ContractWords

FORMS: dict[str, ModuleType] = {
    "aco_pc_flex": aco_pc_flex,
    "aco_reach": aco_reach,
    "bundles": bundles,
    "capitation": capitation,
    "care_coordination": care_coordination,
    "cpc_plus": cpc_plus,
    "fee_for_service": fee_for_service,
    "hospital_vbp": hospital_vbp,
    "lead": lead,
    "making_care_primary": making_care_primary,
    "managed_care": managed_care,
    "medicaid_managed_care": medicaid_managed_care,
    "mips": mips,
    "mssp": mssp,
    "ngaco": ngaco,
    "ny_health_home": ny_health_home,
    "ny_vbp": ny_vbp,
    "pay_for_performance": pay_for_performance,
    "primary_care_first": primary_care_first,
    "prospective_bundle": prospective_bundle,
    "shared_savings": shared_savings,
}
BY_PROGRAM = {program: name for name, form in FORMS.items() for program in form.PROGRAMS}
BY_MODEL = {form.MODEL: name for name, form in FORMS.items() if form.MODEL}


def form_of(words: Any) -> str | None:
    """Name of the form that a contract's words follow; ``None`` if they name none, or two."""
    if isinstance(words, ContractWords):
        return next(name for name, form in FORMS.items() if isinstance(words, form.Words))
    if not isinstance(words, dict):
        return next(iter(FORMS))  # its Words refuse what is no mapping
    program, model = words.get("program"), words.get("model")
    if (program is None) == (model is None):
        return None
    found = BY_MODEL.get(str(model)) if program is None else BY_PROGRAM.get(str(program))
    return found


if TYPE_CHECKING:
    Contract = ContractWords
else:
    Contract = Annotated[
        Union[*(Annotated[form.Words, Tag(name)] for name, form in FORMS.items())],
        Discriminator(form_of),
    ]
