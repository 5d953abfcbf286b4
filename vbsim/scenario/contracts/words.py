"""Keys that every contract of a scenario may have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vbsim.scenario.shape import Cited, Label, Money, Name, Part, Share, Year


class IncentivePlan(Part):
    """A Medicare Advantage or Medicaid plan pays physicians, whose risk for referrals is limited.

    What quality earns does not count as payment at risk.
    """

    payments_at_risk: Share | None = Field(
        default=None, description="part of all potential payments that referrals may cost"
    )
    panel: Annotated[int, Field(gt=0, le=100_000_000)] | None = Field(
        default=None, description="patients, pooled where the rule allows it; else the members"
    )
    deductible: Money | None = Field(
        default=None, description="largest deductible per patient in the table in force [USD]"
    )


class ContractWords(Cited):
    """One contract, whatever its form."""

    label: Label | None = Field(default=None, description="words for tables and figures")
    settlement_lag: Annotated[int, Field(ge=0, le=5)] | None = Field(
        default=None,
        description="calendar years until shared savings or losses, or corridors, are paid",
    )
    stop_loss: Name | None = Field(default=None, description="name under the key stop_loss")
    economics: Name | None = Field(default=None, description="name under the key economics")
    physician_incentive_plan: IncentivePlan | None = Field(
        default=None, description="a Medicare Advantage or Medicaid plan pays the provider"
    )


class ModelWords(ContractWords):
    """A payment model whose terms the scenario states."""

    model: Name = Field(description="payment model")


class ProgramWords(ContractWords):
    """A track of a program, whose terms its rules state."""

    program: Name = Field(description="program with rules in vbsim")
    # Required, but names.py says so, with the tracks there are.
    track: Name = Field(default="", description="track of the program")
    performance_year: Year | None = Field(
        default=None, description="year whose rules apply, when not the simulated year"
    )
    carry_rules_forward: bool = Field(
        default=False,
        description="years after the last verified one are settled by the rules of that one",
    )
    conditions: dict[Name, bool | Share] = Field(
        default_factory=dict, description="what holds of the program's conditions, by name"
    )
