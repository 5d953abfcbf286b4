"""Capital in words: reserves, probabilities of ruin, and what rules ask of a contract's holder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from vbsim import rulebook
from vbsim.contract import Contract
from vbsim.measures.horizon import Capital
from vbsim.payment_models import managed_care, risk_based_capital
from vbsim.scenario.contracts import FORMS, form_of
from vbsim.scenario.contracts.words import ContractWords
from vbsim.scenario.economics import economics_of
from vbsim.scenario.shape import Cited, Money, Name, Part, Share, Wrong, refuse
from vbsim.scenario.stop_loss import retentions_of

if TYPE_CHECKING:
    from vbsim.scenario.audit import Audit
    from vbsim.scenario.desk import Desk


class RiskBasedCapital(Part):
    """Amounts of the formula that no simulation of claims tells."""

    affiliates: Money = Field(default=0.0, description="H0, risk of affiliates [USD]")
    asset_risk: Money = Field(default=0.0, description="H1, risk of other assets [USD]")
    credit_risk: Money = Field(default=0.0, description="H3, credit risk [USD]")


class CapitalWords(Cited):
    """How capital is measured over the horizon."""

    discount_rate: Share = Field(
        default=0.0, description="rate a year that discounts results, and that reserves earn"
    )
    ruin_probabilities: list[Annotated[Share, Field(gt=0.0, lt=1.0)]] = Field(
        min_length=1, description="probabilities of ruin for which the reserve is told"
    )
    reserves: Money | dict[Name, Money] | None = Field(
        default=None, description="held at the start, one figure or by contract [USD]"
    )
    security_share: Share | None = Field(
        default=None, description="security asked of capitation, part of a year's payments"
    )
    risk_based_capital: RiskBasedCapital | None = Field(
        default=None, description="ratio of managed-care plans' capital, for those with reserves"
    )

    @model_validator(mode="after")
    def _whole(self) -> CapitalWords:
        refuse(_wrongs(self))
        return self

    def reserve_of(self, contract: str) -> float | None:
        """Reserve of a contract [USD], if one is stated."""
        if isinstance(self.reserves, dict):
            return self.reserves.get(contract)
        return self.reserves


def _wrongs(words: CapitalWords) -> Iterable[Wrong]:
    levels = words.ruin_probabilities
    for level in sorted({p for p in levels if levels.count(p) > 1}):
        yield Wrong("ruin_probabilities", f"{level:g} twice", "each probability once")
    if words.risk_based_capital is not None and words.reserves is None:
        expected = "the key reserves: the plan's capital at the start"
        yield Wrong("risk_based_capital", "risk_based_capital without reserves", expected)


def capital_of(audit: Audit) -> Capital | None:
    """How capital is measured; a reserve of a contract that is none is recorded as a problem."""
    words, contracts = audit.scenario.capital, list(audit.scenario.contracts)
    if words is None:
        return None
    stated = words.reserves if isinstance(words.reserves, dict) else {}
    for name in (name for name in stated if name not in contracts):
        expected = "a contract of this scenario: " + ", ".join(contracts)
        audit.wrong(("capital", "reserves", name), f"'{name}'", expected)
    reserves = {name: words.reserve_of(name) for name in contracts}
    return Capital(
        discount_rate=words.discount_rate,
        ruin_probabilities=tuple(words.ruin_probabilities),
        reserves=tuple((name, held) for name, held in reserves.items() if held is not None),
    )


def with_capital(desk: Desk, contract: Contract, words: ContractWords) -> Contract:
    """Add what is told beside a contract's terms: economics, retentions, capital asked of it."""
    if words.economics is not None:
        contract = replace(contract, economics=economics_of(desk, contract, words.economics))
    if words.stop_loss is not None:
        contract = replace(contract, retentions=retentions_of(desk, contract, words.stop_loss))
    contract = replace(contract, risk_based_capital=_formula(desk, contract))
    tell = getattr(FORMS[str(form_of(words))], "requirements", None)
    return replace(contract, requirements=tell(desk, contract, words) if tell else ())


def _formula(desk: Desk, contract: Contract) -> risk_based_capital.Terms | None:
    """Give the formula of risk-based capital, for a plan whose capital is stated."""
    words = desk.audit.scenario.capital
    if words is None or words.risk_based_capital is None:
        return None
    held = words.reserve_of(contract.name)
    if held is None or not isinstance(contract.terms[0], managed_care.Terms):
        return None
    book, on = rulebook.read("rules", "risk_based_capital"), desk.years[0]
    stated = words.risk_based_capital
    rules: dict[str, Any] = {
        name: desk.cite(book.figure(name, on))
        for name in (
            "underwriting",
            "business",
            "fee_schedule_credit",
            "capitation_credit",
            "control_share",
            "action_level",
        )
    }
    for name in ("underwriting", "business"):
        tiers = rules[name]
        rules[name] = (tiers["below"], tiers["threshold"], tiers["above"])
    return risk_based_capital.Terms(
        capital=held,
        affiliates=stated.affiliates,
        asset_risk=stated.asset_risk,
        credit_risk=stated.credit_risk,
        **rules,
    )
