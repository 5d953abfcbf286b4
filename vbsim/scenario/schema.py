"""The shape of a scenario: every key a user may write, its type, range and meaning.

Rates are shares of 1 and refused when they look like percents. A key that is not named here is an
error. ``vbsim schema`` prints this as a JSON schema for editors.

The bounds are far beyond anything real: they catch slips of the keyboard, and numbers so large or
small that arithmetic would fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from vbsim.errors import ParameterError, in_parts
from vbsim.generators import true_savings, unit_cost
from vbsim.scenario.source import Source, shown


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


def _one_of(part: Part, *keys: str) -> Iterable[Wrong]:
    """Find fault unless exactly one of the keys has a value."""
    given = [key for key in keys if getattr(part, key) is not None]
    expected = f"exactly one of {' and '.join(keys)}"
    if not given:
        yield Wrong("", f"neither {' nor '.join(keys)}", expected, "add one of them")
    elif len(given) > 1:
        yield Wrong(given[-1], f"both {' and '.join(given)}", expected, "take one of them out")


class Segment(Cited):
    """A group of members who are alike in distribution."""

    enrollment_type: Name = Field(description="enrollment type of the assumption set")
    person_years: PersonYears | Annotated[dict[Year, PersonYears], Field(min_length=1)] = Field(
        description="person-years, one figure or by year; a year left out takes the nearest stated"
    )
    per_capita: dict[Year, PerCapita] = Field(
        default_factory=dict, description="expected cost per person-year by year [USD]"
    )
    risk_score: dict[Year, RiskScore] = Field(
        default_factory=dict, description="mean risk score by year"
    )


class Population(Cited):
    """Who is assigned to the entity."""

    members: Annotated[int, Field(gt=0, le=100_000_000)] | None = Field(
        default=None, description="assigned members (heads) of the performance year"
    )
    person_years_per_member: Annotated[float, Field(gt=0.5, le=1.0)] | None = Field(
        default=None, description="person-years divided by members"
    )
    retention: Share | None = Field(default=None, description="share of members kept next year")
    ill_persistence: Share | None = Field(
        default=None, description="correlation of a member's state, ill or well, over a year"
    )
    per_capita_truncated: bool = Field(
        default=False, description="per_capita is expenditure after truncation, as CMS publishes it"
    )
    segments: dict[Name, Segment] = Field(min_length=1)


class Service(Cited):
    """A service of the scenario's own, or what differs from the assumption set."""

    utilization: Annotated[float, Field(ge=0.0, le=1e6)] | None = Field(
        default=None, description="claims per 1,000 person-years"
    )
    unit_cost: UnitCost | None = Field(
        default=None, description="distribution of the cost of one claim [USD]"
    )
    elasticity: Annotated[float, Field(ge=0.0, le=3.0)] | None = None


class Normal(Part):
    """A normal distribution."""

    mean: SignedShare
    sd: Share


class TrueSavings(Part):
    """What is believed of the entity's true savings before the year."""

    normal: Normal

    @model_validator(mode="after")
    def _plausible(self) -> TrueSavings:
        try:
            true_savings.Params(self.normal.mean, self.normal.sd)
        except ParameterError as error:
            refuse([Wrong("normal", *in_parts(error, ""))])
        return self


class Uncertainty(Cited):
    """Systematic uncertainty; what is left out comes from the assumption set."""

    true_savings: TrueSavings | None = None
    trend_sd: Spread | None = Field(default=None, description="sd of the annual cost trend")
    service_sd: Spread | dict[Name, Spread] | None = Field(
        default=None, description="sd of the log utilization shocks, one figure or by service"
    )
    service_correlation: Share | None = None
    pandemic_probability: Share | None = None
    local_sd: Spread | None = Field(default=None, description="sd of the entity's own cost level")


class Benchmark(Cited):
    """How a benchmark comes about."""

    mode: Literal["published", "simulated"]
    published_per_capita: PerCapita | None = Field(
        default=None, description="updated benchmark per person-year, as published [USD]"
    )
    base_years: list[Year] = Field(default_factory=list)
    weights: Literal["equal"] | list[Share] = Field(
        default="equal", description="weights of the base years"
    )
    risk_ratio_cap: Share | None = Field(
        default=None, description="largest growth of risk scores that raises the benchmark"
    )
    follows_nation: bool = Field(
        default=True, description="updated with the trend of the nation, known after the year"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Benchmark:
        own = self._published_wrongs() if self.mode == "published" else self._simulated_wrongs()
        refuse([*own, *self._base_year_wrongs()])
        return self

    def _published_wrongs(self) -> Iterable[Wrong]:
        if self.published_per_capita is None:
            yield Wrong("", "mode 'published' without its figure", "the key published_per_capita")
        unread = {
            "base_years": bool(self.base_years),
            "weights": self.weights != "equal",
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
        if self.weights == "equal" or not self.base_years:
            return
        if len(self.weights) != len(self.base_years):
            found = f"{len(self.weights)} weights for {len(self.base_years)} base years"
            yield Wrong("weights", found, "one weight for each base year, or equal")
        elif abs(sum(self.weights) - 1.0) > 1e-6:
            found = f"weights that sum to {sum(self.weights):.6g}"
            yield Wrong("weights", found, "weights that sum to 1", "equal gives each the same")


class Quality(Cited):
    """The entity's quality score; what is left out comes from the assumption set."""

    score_mean: Share | None = None
    score_sd: Share | None = None
    standard_met: Share | None = Field(default=None, description="probability the standard is met")


class StopLoss(Cited):
    """Specific stop-loss on each member's annual cost."""

    attachment: AtLeastOne = Field(description="member's annual cost at which it begins [USD]")
    limit: AtLeastOne | None = Field(default=None, description="width of the layer [USD]")
    coinsurance: Share = Field(default=1.0, description="share of the layer the reinsurer pays")
    premium_pmpm: Money | None = Field(default=None, description="premium [USD PMPM]")
    loading: Annotated[float, Field(ge=0.0, le=5.0)] | None = Field(
        default=None, description="premium over expected recovery, as a share of it"
    )

    @model_validator(mode="after")
    def _one_premium(self) -> StopLoss:
        refuse(_one_of(self, "premium_pmpm", "loading"))
        return self


class Contract(Cited):
    """One contract; either a program's track, or a payment model with its terms."""

    label: Label | None = None
    program: Name | None = None
    track: Name | None = None
    performance_year: Year | None = Field(
        default=None, description="year whose rules apply, when not the simulated year"
    )
    model: Name | None = None
    benchmark: Benchmark | None = None
    minimum_savings_rate: Share | Literal["table"] | None = None
    participant_revenue: AtLeastOne | None = Field(
        default=None, description="participants' Part A and B revenue, for the loss limit [USD]"
    )
    pmpm: Money | None = Field(default=None, description="capitation [USD PMPM]")
    expected_cost_share: Annotated[float, Field(gt=0.0, le=3.0)] | None = Field(
        default=None, description="capitation as a share of expected cost"
    )
    stop_loss: Name | None = Field(default=None, description="name under the key stop_loss")

    @model_validator(mode="after")
    def _one_source(self) -> Contract:
        refuse(_one_of(self, "program", "model"))
        return self


class Observed(Part):
    """The published result, to be found in the simulated distribution; never an input to it."""

    savings_rate: SignedShare
    payment: Annotated[float, Field(ge=-1e12, le=1e12)] = Field(
        default=0.0, description="money paid to the entity, negative = owed [USD]"
    )
    source: Text


class Outputs(Part):
    """What is reported besides the standard measures."""

    owing_more_than: list[Positive] = Field(default_factory=list)
    reference: Name | None = Field(
        default=None, description="contract the others are compared with"
    )
    observed: Observed | None = None


class Scenario(Part):
    """What the user wrote, in words, with its shape checked."""

    vbsim: Literal[1] = Field(description="version of the scenario format")
    name: Label
    description: Text = ""
    seed: Annotated[int, Field(ge=0)] = 0
    seeds: dict[Name, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="seeds of single streams, by name"
    )
    realizations: Annotated[int, Field(ge=2, le=1_000_000_000)] = 10_000
    start_year: Year
    years: Annotated[int, Field(ge=1, le=10)] = 1
    assumptions: Name
    population: Population
    services: dict[Name, Service] = Field(default_factory=dict)
    uncertainty: Uncertainty = Uncertainty()
    benchmark: Benchmark | None = None
    quality: Quality = Quality()
    contracts: dict[Name, Contract] = Field(min_length=1)
    stop_loss: dict[Name, StopLoss] = Field(default_factory=dict)
    outputs: Outputs = Outputs()

    _source: Source | None = PrivateAttr(default=None)

    @property
    def source(self) -> Source:
        """Where the words stand: file, lines and text."""
        return self._source or Source.of_data(self.model_dump(exclude_none=True))
