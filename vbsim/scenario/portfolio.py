"""The key ``portfolio``: a scenario of many entities, and the file that they come from.

The rest of such a file is what all entities share; the file named here says in which words each
differs. :mod:`vbsim.portfolio` makes a Scenario of every entity.
"""

from __future__ import annotations

from pydantic import Field, ValidationError, model_validator

from vbsim.errors import ScenarioError
from vbsim.scenario.shape import Label, Part, Text, Year, one_of, refuse
from vbsim.scenario.source import Source
from vbsim.scenario.wording import shape_problems

KEY = "portfolio"
FILES = ("results_file", "entities_file")


class Words(Part):
    """Where the entities come from."""

    results_file: Text | None = Field(
        default=None, description="CMS's results file: its ACOs, without what they spent"
    )
    entities_file: Text | None = Field(
        default=None,
        description="table (CSV) with an entity per row; columns are paths of this format",
    )

    @model_validator(mode="after")
    def _one_file(self) -> Words:
        refuse(one_of(self, *FILES))
        return self


class Shared(Part):
    """What is read of a portfolio's file before there is an entity."""

    name: Label
    description: Text = ""
    start_year: Year
    portfolio: Words


def is_portfolio(source: Source) -> bool:
    """Whether a scenario file is of many entities."""
    return KEY in source.data


def shared_words(source: Source) -> Shared:
    """Check the part of a portfolio's file that is no entity's own.

    Raises
    ------
    ScenarioError
        With every problem of that part.
    """
    keys = [key for key in Shared.model_fields if key in source.data]
    try:
        return Shared.model_validate({key: source.data[key] for key in keys})
    except ValidationError as error:
        raise ScenarioError(shape_problems(source, error, Shared)) from None


def refuse_portfolio(source: Source) -> None:
    """Refuse a file of many entities where one is wanted.

    Raises
    ------
    ScenarioError
        If it has the key ``portfolio``.
    """
    if is_portfolio(source):
        todo = (
            "vbsim run and vbsim check take it as it is; in Python, use vbsim.load_portfolio and "
            "vbsim.run_portfolio"
        )
        raise ScenarioError([source.problem(
            (KEY,), "a portfolio of many entities", "a scenario of one entity", todo
        )])  # fmt: skip
