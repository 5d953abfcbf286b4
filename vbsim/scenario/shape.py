"""Shapes that every part of a scenario is made of: ranges, texts, and what a wrong value is told.

Rates are shares of 1 and refused when they look like percents. The bounds are far beyond anything
real: they catch slips of the keyboard, and numbers so large or small that arithmetic would fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from vbsim.errors import ParameterError, in_parts
from vbsim.generators import unit_cost
from vbsim.scenario.source import shown


class Wrong(NamedTuple):
    """What a check of this module found, at a key below the value it checked."""

    key: str  # empty: the value itself
    found: str  # empty: the value as it was given
    expected: str
    todo: str = ""


WRONG = "wrong"


def refuse(wrongs: Iterable[Wrong]) -> None:
    """Refuse a value with everything that is wrong with it, if anything is."""
    if found := list(wrongs):
        text = "; ".join(f"found {w.found}; expected {w.expected}" for w in found)
        raise PydanticCustomError(WRONG, "{text}", {"text": text, "wrongs": found})


def _not_percent(value: float) -> float:
    if value > 1.0:
        todo = f"write {value:g} % as {value / 100:g}"
        refuse([Wrong("", "", "a share of 1, at most 1", todo)])
    return value


def _not_percent_either_way(value: float) -> float:
    if value < -1.0:
        todo = f"write {value:g} % as {value / 100:g}"
        refuse([Wrong("", "", "a share of 1, at least -1", todo)])
    return _not_percent(value)


def _printable(text: str) -> str:
    odd = [letter for letter in text if not (letter.isprintable() or letter in "\n\t")]
    if odd:
        refuse([Wrong("", f"the control character {ord(odd[0]):#04x}", "printable text")])
    return text


def _unit_cost(spec: dict[str, Any]) -> dict[str, Any]:
    try:
        unit_cost.quantile_table(unit_cost.Params.from_spec(spec))
    except ParameterError as error:
        refuse([Wrong("", *in_parts(error, shown(spec)))])
    return spec


Share = Annotated[float, Field(ge=0.0), AfterValidator(_not_percent)]
Spread = Annotated[Share, Field(lt=1.0)]
SignedShare = Annotated[float, AfterValidator(_not_percent_either_way)]
Money = Annotated[float, Field(ge=0.0, le=1e12)]
Positive = Annotated[float, Field(gt=0.0, le=1e12)]
AtLeastOne = Annotated[float, Field(ge=1.0, le=1e12)]
PerCapita = Annotated[float, Field(ge=1.0, le=1e7)]
PersonYears = Annotated[float, Field(gt=0.0, le=1e8)]
RiskScore = Annotated[float, Field(ge=0.01, le=20.0)]
FIRST_YEAR, LAST_YEAR = 1990, 2100
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
Label = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_printable)]
UnitCost = Annotated[dict[str, Any], AfterValidator(_unit_cost)]


class Part(BaseModel):
    """Base of every part of a scenario: unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Cited(Part):
    """A part that may say where its figures come from."""

    source: Text | None = Field(
        default=None,
        description="where the figures of this part come from; begin with UNVERIFIED if not seen",
    )


def one_of(part: Part, *keys: str) -> Iterable[Wrong]:
    """Find fault unless exactly one of the keys has a value."""
    given = [key for key in keys if getattr(part, key) is not None]
    expected = f"exactly one of {' and '.join(keys)}"
    if not given:
        yield Wrong("", f"neither {' nor '.join(keys)}", expected, "add one of them")
    elif len(given) > 1:
        yield Wrong(given[-1], f"both {' and '.join(given)}", expected, "take one of them out")


class Benchmark(Cited):
    """How a benchmark comes about."""

    mode: Literal["published", "simulated", "program"]
    published_per_capita: PerCapita | None = Field(
        default=None, description="updated benchmark per person-year, as published [USD]"
    )
    base_years: list[Year] = Field(default_factory=list)
    weights: Literal["equal"] | list[Share] | None = Field(
        default=None, description="weights of the base years; else equal, or as the program says"
    )
    risk_ratio_cap: Share | None = Field(
        default=None, description="largest growth of risk scores that raises the benchmark"
    )
    follows_nation: bool = Field(
        default=True, description="updated with the trend of the nation, known after the year"
    )
    prospective_trend: SignedShare | None = Field(
        default=None,
        description="yearly trend set before the agreement (ACPT); else the expected national one",
    )
    demographic_growth: SignedShare | None = Field(
        default=None, description="yearly growth of demographic risk scores, 0 if not stated"
    )
    regional_ceiling: Share | None = Field(
        default=None, description="where the program's rules do not tell it [share of national]"
    )
    regional_floor: Share | None = Field(
        default=None, description="where the program's rules do not tell it [share of national]"
    )
    coding_factor: Share | None = Field(
        default=None, description="coding intensity factor of the year, 0 if not stated"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Benchmark:
        by_mode = {
            "published": self._published_wrongs,
            "simulated": self._simulated_wrongs,
            "program": self._program_wrongs,
        }
        refuse([*by_mode[self.mode](), *self._of_program_wrongs(), *self._base_year_wrongs()])
        return self

    def _of_program_wrongs(self) -> Iterable[Wrong]:
        own = (
            "prospective_trend", "demographic_growth", "regional_ceiling", "regional_floor",
            "coding_factor",
        )  # fmt: skip
        for key in (key for key in own if self.mode != "program"):
            if getattr(self, key) is not None:
                found = f"{key} beside mode '{self.mode}'"
                yield Wrong(key, found, "mode: program beside it", "write it, or take this out")

    def _program_wrongs(self) -> Iterable[Wrong]:
        if self.published_per_capita is not None:
            found, expected = "published_per_capita beside mode 'program'", "no such key"
            todo = "take it out: the program's rules build the benchmark from base years"
            yield Wrong("published_per_capita", found, expected, todo)

    def _published_wrongs(self) -> Iterable[Wrong]:
        if self.published_per_capita is None:
            yield Wrong("", "mode 'published' without its figure", "the key published_per_capita")
        unread = {
            "base_years": bool(self.base_years),
            "weights": self.weights is not None,
            "risk_ratio_cap": self.risk_ratio_cap is not None,
        }
        for key in (name for name, given in unread.items() if given):
            todo = (
                "take it out, or write mode: simulated (published_per_capita then is the "
                "benchmark's expected level)"
            )
            yield Wrong(key, f"{key} beside mode 'published'", "no such key in this mode", todo)

    def _simulated_wrongs(self) -> Iterable[Wrong]:
        if not self.base_years:
            todo = "add base_years: [2019, 2020, 2021], say"
            yield Wrong("", "mode 'simulated' without base years", "the key base_years", todo)

    def _base_year_wrongs(self) -> Iterable[Wrong]:
        twice = sorted({y for y in self.base_years if self.base_years.count(y) > 1})
        for year in twice:
            yield Wrong("base_years", f"{year} twice", "each year once", "delete one of the two")
        if not isinstance(self.weights, list) or not self.base_years:
            return
        if len(self.weights) != len(self.base_years):
            found = f"{len(self.weights)} weights for {len(self.base_years)} base years"
            yield Wrong("weights", found, "one weight for each base year, or equal")
        elif abs(sum(self.weights) - 1.0) > 1e-6:
            found = f"weights that sum to {sum(self.weights):.6g}"
            yield Wrong("weights", found, "weights that sum to 1", "equal gives each the same")
