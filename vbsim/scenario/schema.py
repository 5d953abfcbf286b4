"""The shape of a scenario: every key a user may write, its type, range and meaning.

A key that is not named here, or in the form of its contract, is an error. ``vbsim schema`` prints
this as a JSON schema for editors.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator

from vbsim.errors import ParameterError, in_parts
from vbsim.generators import true_savings
from vbsim.scenario.capital import CapitalWords
from vbsim.scenario.contracts import Contract
from vbsim.scenario.economics import Economics
from vbsim.scenario.intervention import Intervention
from vbsim.scenario.quality import Quality
from vbsim.scenario.shape import (
    Benchmark,
    Cited,
    Label,
    Name,
    Part,
    PerCapita,
    PersonYears,
    Positive,
    RiskScore,
    Share,
    SignedShare,
    Spread,
    Text,
    UnitCost,
    Wrong,
    Year,
    refuse,
)
from vbsim.scenario.source import Source
from vbsim.scenario.stop_loss import StopLoss
from vbsim.scenario.uncertain import Uncertain


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


class RiskMeasurement(Cited):
    """How risk scores are measured; without it they are as stated."""

    noise_sd: Annotated[float, Field(ge=0.0, le=10.0)] = Field(
        default=0.0, description="sd of the error of one member's score"
    )
    response: Share = Field(
        default=0.0,
        description="change of a mean score with last year's cost that is luck, as ratios",
    )
    coding_drift: Annotated[SignedShare, Field(ge=-0.2, le=0.2)] = Field(
        default=0.0, description="growth of scores by coding, a year"
    )


Relative = Annotated[float, Field(gt=0.2, le=10)]


class Region(Cited):
    """What the region costs in which the members live, beside the nation."""

    market_share: Share = Field(
        description="the entity's part of the region's assignable beneficiaries"
    )
    relative_cost: Relative | dict[Name, Relative] = Field(
        description="region over nation at the same risk, in the year before start_year; one "
        "figure or by segment"
    )
    growth: Annotated[float, Field(gt=-0.2, lt=0.2)] = Field(
        default=0.0, description="how much faster than the nation it grows each year"
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
    leaving_ratio: Annotated[float, Field(ge=0.0, le=100.0)] | None = Field(
        default=None, description="probability that an ill member leaves over that of a well one"
    )
    transient_persistence: Share | None = Field(
        default=None, description="correlation of a member's transient over a year"
    )
    death_well: Spread | None = Field(
        default=None, description="share of members in the well state who die within a year"
    )
    death_ill: Spread | None = Field(
        default=None, description="share of members in the ill state who die within a year"
    )
    end_of_life_ratio: Annotated[float, Field(ge=1.0, le=100.0)] | None = Field(
        default=None, description="intensity of the year of death over that of another year"
    )
    risk_measurement: RiskMeasurement | None = None
    per_capita_truncated: bool = Field(
        default=False, description="per_capita is expenditure after truncation, as CMS publishes it"
    )
    segments: dict[Name, Segment] = Field(min_length=1)
    region: Region | None = Field(
        default=None, description="region of the members, for benchmarks that look at it"
    )


class Projection(Cited):
    """How years go on that the assumption set does not know yet."""

    growth: SignedShare = Field(
        description="expected growth of the nation's cost per person-year in each of them"
    )


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
    local_sd: Spread | None = Field(
        default=None, description="sd of the entity's own cost level, the part that no size removes"
    )
    composition_cv: Annotated[float, Field(ge=0.0, le=20.0)] | None = Field(
        default=None,
        description="sd of the entity's own cost level times the root of its person-years, the part"
        " that shrinks with size",
    )
    regional_sd: Spread | None = Field(
        default=None,
        description="sd of a year's growth of the region, its members included, beyond the nation",
    )
    completion_sd: Spread | None = Field(
        default=None,
        description="sd of what the completion factor misses in a year's claims after run-out",
    )
    inner_realizations: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=50, description="realizations that share one draw of the uncertain figures"
    )


class EpisodeType(Cited):
    """An episode type; what is left out comes from the assumption set."""

    per_1000: Annotated[float, Field(ge=0.0, le=1000.0)] | None = Field(
        default=None, description="episodes per 1,000 person-years"
    )
    anchor_cost: Positive | None = Field(default=None, description="mean of the anchor [USD]")
    anchor_cv: Annotated[float, Field(ge=0.0, le=10.0)] | None = None
    home_health_share: Share | None = None
    snf_share: Share | None = None
    irf_share: Share | None = None
    home_health_cost: Positive | None = None
    snf_cost: Positive | None = None
    irf_cost: Positive | None = None
    post_acute_cv: Annotated[float, Field(ge=0.0, le=10.0)] | None = None
    readmission_share: Share | None = None
    readmission_cost: Positive | None = None
    readmission_cv: Annotated[float, Field(ge=0.0, le=10.0)] | None = None
    other_cost: Positive | None = Field(default=None, description="all other services [USD]")
    other_cv: Annotated[float, Field(ge=0.0, le=10.0)] | None = None
    severity_cv: Annotated[float, Field(ge=0.0, le=10.0)] | None = Field(
        default=None, description="sd of the factor, of mean 1, on all cost of an episode"
    )


class Observed(Part):
    """The published result, to be found in the simulated distribution; never an input to it."""

    savings_rate: SignedShare
    payment: Annotated[float, Field(ge=-1e12, le=1e12)] = Field(
        default=0.0, description="money paid to the entity, negative = owed [USD]"
    )
    benchmark: Positive | None = Field(
        default=None, description="total benchmark, by which entities of a portfolio add up [USD]"
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
    projection: Projection | None = Field(
        default=None, description="years after the last one that the assumption set knows"
    )
    population: Population
    services: dict[Name, Service] = Field(default_factory=dict)
    uncertainty: Uncertainty = Uncertainty()
    benchmark: Benchmark | None = None
    quality: Quality = Quality()
    intervention: Intervention | None = None
    episodes: dict[Name, EpisodeType] = Field(
        default_factory=dict, description="episode types, where they differ from the assumptions"
    )
    contracts: dict[Name, Contract] = Field(min_length=1)
    stop_loss: dict[Name, StopLoss] = Field(default_factory=dict)
    economics: dict[Name, Economics] = Field(
        default_factory=dict, description="the provider's own economics, for contracts to name"
    )
    capital: CapitalWords | None = Field(
        default=None, description="reserves, probabilities of ruin and discounting"
    )
    outputs: Outputs = Outputs()

    _source: Source | None = PrivateAttr(default=None)
    _written: Source | None = PrivateAttr(default=None)
    _uncertain: tuple[Uncertain, ...] = PrivateAttr(default=())

    @property
    def source(self) -> Source:
        """Where the words stand, file, lines and text; means in the places of distributions."""
        return self._source or Source.of_data(self.model_dump(exclude_none=True, by_alias=True))

    @property
    def written(self) -> Source:
        """The words as they were written, distributions and all."""
        return self._written or self.source

    @property
    def uncertain(self) -> tuple[Uncertain, ...]:
        """Figures that are written as distributions."""
        return self._uncertain
