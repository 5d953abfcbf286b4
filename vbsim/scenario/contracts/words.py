"""Keys that every contract of a scenario may have."""

from __future__ import annotations

from pydantic import Field

from vbsim.scenario.shape import Cited, Label, Name, Share, Year


class ContractWords(Cited):
    """One contract, whatever its form."""

    label: Label | None = Field(default=None, description="words for tables and figures")
    stop_loss: Name | None = Field(default=None, description="name under the key stop_loss")


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
    conditions: dict[Name, bool | Share] = Field(
        default_factory=dict, description="what holds of the program's conditions, by name"
    )
