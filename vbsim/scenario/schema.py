"""The shape of a scenario: every key a user may write, its type, range and meaning.

Rates are shares of 1 and refused when they look like percents. A key that is not named here is an
error. ``vbsim schema`` prints this as a JSON schema for editors.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from vbsim.generators import unit_cost
from vbsim.scenario.source import Source


def _not_percent(value: float) -> float:
    if value > 1.0:
        raise ValueError(
            f"is above 1 and looks like a percent; write {value:g} % as {value / 100:g}"
        )
    return value


Share = Annotated[float, Field(ge=0.0), AfterValidator(_not_percent)]
SmallShare = Annotated[float, Field(ge=-1.0), AfterValidator(_not_percent)]
Money = Annotated[float, Field(ge=0.0)]
Positive = Annotated[float, Field(gt=0.0)]
Year = Annotated[int, Field(ge=1990, le=2100)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]


def _unit_cost(spec: dict[str, Any]) -> dict[str, Any]:
    unit_cost.Params.from_spec(spec)
    return spec


UnitCost = Annotated[dict[str, Any], AfterValidator(_unit_cost)]


class Part(BaseModel):
    """Base of every part of a scenario: unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Segment(Part):
    """A group of members who are alike in distribution."""

    enrollment_type: Name = Field(description="enrollment type of the assumption set")
    person_years: Positive | dict[Year, Positive] = Field(
        description="person-years, one figure or by year; a year left out takes the nearest stated"
    )
    per_capita: dict[Year, Positive] = Field(
        default_factory=dict, description="expected cost per person-year by year [USD]"
    )
    risk_score: dict[Year, Positive] = Field(
        default_factory=dict, description="mean risk score by year"
    )


class Population(Part):
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


class Service(Part):
    """A service of the scenario's own, or what differs from the assumption set."""

    utilization: Money | None = Field(default=None, description="claims per 1,000 person-years")
    unit_cost: UnitCost | None = Field(
        default=None, description="distribution of the cost of one claim [USD]"
    )
    elasticity: Annotated[float, Field(ge=0.0, le=3.0)] | None = None


class Normal(Part):
    """A normal distribution."""

    mean: SmallShare
    sd: Share


class TrueSavings(Part):
    """What is believed of the entity's true savings before the year."""

    normal: Normal


class Uncertainty(Part):
    """Systematic uncertainty; what is left out comes from the assumption set."""

    true_savings: TrueSavings | None = None
    trend_mean: SmallShare | None = Field(default=None, description="expected annual cost trend")
    trend_sd: Share | None = Field(default=None, description="sd of the annual cost trend")
    service_sd: Share | dict[Name, Share] | None = Field(
        default=None, description="sd of the log utilization shocks, one figure or by service"
    )
    service_correlation: Share | None = None
    pandemic_probability: Share | None = None
    local_sd: Share | None = Field(default=None, description="sd of the entity's own cost level")


class Benchmark(Part):
    """How a benchmark comes about."""

    mode: Literal["published", "simulated"]
    published_per_capita: Positive | None = Field(
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
        if self.mode == "published" and self.published_per_capita is None:
            raise ValueError("mode 'published' needs published_per_capita")
        if self.mode == "published" and self.base_years:
            raise ValueError(
                "mode 'published' contradicts base_years: take the base years out, or choose mode "
                "'simulated' (published_per_capita then sets the benchmark's expected level)"
            )
        if self.mode == "simulated" and not self.base_years:
            raise ValueError("mode 'simulated' needs base_years")
        if len(set(self.base_years)) != len(self.base_years):
            raise ValueError("base_years names a year twice")
        if self.weights != "equal":
            if len(self.weights) != len(self.base_years):
                raise ValueError("weights must be as many as base_years")
            if abs(sum(self.weights) - 1.0) > 1e-6:
                raise ValueError(f"weights sum to {sum(self.weights):g}; expected 1")
        return self


class Quality(Part):
    """The entity's quality score; what is left out comes from the assumption set."""

    score_mean: Share | None = None
    score_sd: Share | None = None
    standard_met: Share | None = Field(default=None, description="probability the standard is met")


class StopLoss(Part):
    """Specific stop-loss on each member's annual cost."""

    attachment: Positive = Field(description="member's annual cost at which it begins [USD]")
    limit: Positive | None = Field(default=None, description="width of the layer [USD]")
    coinsurance: Share = Field(default=1.0, description="share of the layer the reinsurer pays")
    premium_pmpm: Money | None = Field(default=None, description="premium [USD PMPM]")
    loading: Annotated[float, Field(ge=0.0, le=5.0)] | None = Field(
        default=None, description="premium over expected recovery, as a share of it"
    )

    @model_validator(mode="after")
    def _one_premium(self) -> StopLoss:
        if (self.premium_pmpm is None) == (self.loading is None):
            raise ValueError("needs exactly one of premium_pmpm and loading")
        return self


class Contract(Part):
    """One contract; either a program's track, or a payment model with its terms."""

    label: str | None = None
    program: Name | None = None
    track: Name | None = None
    performance_year: Year | None = Field(
        default=None, description="year whose rules apply, when not the simulated year"
    )
    model: Name | None = None
    benchmark: Benchmark | None = None
    minimum_savings_rate: Share | Literal["table"] | None = None
    participant_revenue: Positive | None = Field(
        default=None, description="participants' Part A and B revenue, for the loss limit [USD]"
    )
    pmpm: Money | None = Field(default=None, description="capitation [USD PMPM]")
    expected_cost_share: Annotated[float, Field(gt=0.0, le=3.0)] | None = Field(
        default=None, description="capitation as a share of expected cost"
    )
    stop_loss: Name | None = Field(default=None, description="name under the key stop_loss")

    @model_validator(mode="after")
    def _one_source(self) -> Contract:
        if (self.program is None) == (self.model is None):
            raise ValueError("needs exactly one of program and model")
        if self.program is not None and self.track is None:
            raise ValueError("program needs a track")
        return self


class Observed(Part):
    """The published result, to be found in the simulated distribution; never an input to it."""

    savings_rate: SmallShare
    payment: float = Field(
        default=0.0, description="money paid to the entity, negative = owed [USD]"
    )
    source: str


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
    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: str = ""
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
