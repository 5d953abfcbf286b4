"""An intervention in words, and as a program in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from vbsim.errors import ParameterError
from vbsim.generators import intervention, predictor, unit_cost
from vbsim.kernels.grid import table_moments
from vbsim.payment_models import program_cost
from vbsim.plan import FloatArray, Program, World
from vbsim.scenario.shape import (
    Cited,
    Label,
    Name,
    Part,
    Share,
    SignedShare,
    Spread,
    Wrong,
    one_of,
    refuse,
)

if TYPE_CHECKING:
    from vbsim.scenario.audit import Audit

_PRICE = Annotated[float, Field(ge=0.0, le=1e5)]
_PATH = "intervention"
_POINTS = 1000  # per year, at which the ramp is averaged


class NormalEffect(Part):
    """A normal distribution of an effect, a share of expected claims."""

    mean: SignedShare
    sd: Spread


class UncertainEffect(Part):
    """An effect that is not known."""

    normal: NormalEffect


Effect = SignedShare | UncertainEffect
_EFFECTS = dict[Name, Effect]


class Predictor(Cited):
    """What a predictor of the year to come is worth: one figure of accuracy."""

    auc: Annotated[Share, Field(gt=0.5)] | None = Field(
        default=None, description="area under the curve for an admission in the year to come"
    )
    sensitivity: Share | None = Field(
        default=None, description="share of those admitted that is found among the flagged"
    )
    r_squared: Share | None = Field(
        default=None, description="share of the variance of the year's cost that is explained"
    )

    @model_validator(mode="after")
    def _one_accuracy(self) -> Predictor:
        refuse(one_of(self, "auc", "sensitivity", "r_squared"))
        return self

    @property
    def accuracy(self) -> tuple[str, float]:
        """Its kind and its value."""
        return next((k, v) for k in ("auc", "sensitivity", "r_squared") if (v := getattr(self, k)))


class Automation(Cited):
    """Automated calls and outreach: work spared, more members reached, easier access."""

    calls_per_member_year: Annotated[float, Field(ge=0.0, le=1e3)] = 0.0
    automated_share: Share = 0.0
    minutes_per_call: Annotated[float, Field(ge=0.0, le=600.0)] = 0.0
    staff_cost_per_hour: _PRICE = Field(default=0.0, description="USD")
    cost_per_call: _PRICE = Field(default=0.0, description="of an automated call [USD]")
    engagement_gain: Share = Field(default=0.0, description="added to engagement")
    access: _EFFECTS = Field(
        default_factory=dict, description="share of all members' claims avoided, by service"
    )

    @property
    def saving_pmpm(self) -> float:
        """Work spared less what the automated calls cost [USD PMPM]."""
        spared = self.minutes_per_call / 60.0 * self.staff_cost_per_hour - self.cost_per_call
        return self.calls_per_member_year / 12.0 * self.automated_share * spared


class Intervention(Cited):
    """A program that picks members by their last year and lowers the use of those who take part."""

    label: Label = "Program"
    predictor: Predictor | None = None
    enroll_on: Literal["admission"] | None = Field(
        default=None, description="flags whoever was admitted in the last year"
    )
    admission_service: Name = Field(
        default="inpatient", description="service whose claims are admissions"
    )
    capacity: Annotated[Share, Field(gt=0.0)] | None = Field(
        default=None, description="share of all members that a predictor may flag in a year"
    )
    engagement: Share = Field(description="share of the flagged who take part")
    control_share: Spread = Field(
        default=0.0, description="share of those who would take part, held out at random"
    )
    effect: _EFFECTS = Field(
        default_factory=dict, description="share of the claims avoided among those who take part"
    )
    ramp_months: Annotated[float, Field(ge=0.0, le=120.0)] = Field(
        default=0.0, description="months until the full effect is reached, in a straight line"
    )
    member_pmpm: _PRICE = Field(default=0.0, description="cost per member [USD PMPM]")
    flagged_cost: _PRICE = Field(default=0.0, description="outreach per member flagged [USD]")
    engaged_pmpm: _PRICE = Field(
        default=0.0, description="cost per member who takes part [USD PMPM]"
    )
    automation: Automation = Automation()

    @model_validator(mode="after")
    def _consistent(self) -> Intervention:
        refuse([*one_of(self, "predictor", "enroll_on"), *self._wrongs()])
        return self

    def _wrongs(self) -> Iterable[Wrong]:
        if self.predictor is not None and self.capacity is None:
            yield Wrong("", "a predictor without capacity", "the key capacity", "add it")
        if self.enroll_on is not None and self.capacity is not None:
            expected = "no capacity beside enroll_on: it flags everybody whom it names"
            yield Wrong("capacity", f"{self.capacity:g}", expected, "take one of the two out")
        reached = self.engagement + self.automation.engagement_gain
        if reached > 1.0:
            expected = "engagement and engagement_gain of at most 1 together"
            yield Wrong("engagement", f"{reached:g} of the flagged who take part", expected)


def program(audit: Audit, world: World, *, alone: bool = True) -> Program | None:
    """Turn the words into numbers; ``None`` without an intervention.

    An entity of a portfolio, which is not ``alone``, cannot have one.
    """
    stated = audit.scenario.intervention
    if stated is None:
        return None
    if not alone:
        found, expected = "an intervention in a portfolio", "none: its members are not simulated"
        audit.wrong((_PATH,), found, expected, "take it out, or run one entity by itself")
        audit.check()
    services = world.services
    _check_effects(audit, ("effect",), stated.effect, services)
    _check_effects(audit, ("automation", "access"), stated.automation.access, services)
    if stated.admission_service not in services:
        _unknown_service(audit, (_PATH, "admission_service"), stated.admission_service, services)
    audit.check()
    with audit.before_all_else(_PATH):
        effect = _effect(stated, services)
        admission = services.index(stated.admission_service)
        reach, accuracy = _reach(audit, stated, world, admission)
        made = Program(
            label=stated.label,
            effect=effect,
            ramp=ramp(world.years - audit.scenario.start_year, stated.ramp_months),
            reach=reach,
            after_admission=stated.enroll_on is not None,
            admission=admission,
            engagement=stated.engagement + stated.automation.engagement_gain,
            control_share=stated.control_share,
            cost=program_cost.Terms(
                stated.member_pmpm,
                stated.flagged_cost,
                stated.engaged_pmpm,
                stated.automation.saving_pmpm,
            ),
            accuracy=accuracy,
        )
    return made


def _check_effects(
    audit: Audit, key: tuple[str, ...], effects: dict[str, Effect], services: tuple[str, ...]
) -> None:
    for name, effect in effects.items():
        path = (_PATH, *key, name)
        if name not in services:
            _unknown_service(audit, path, name, services)
        with audit.at(*path):
            intervention.check(f"{key[-1]} on {name}", *_moments(effect))


def _unknown_service(
    audit: Audit, path: tuple[str, ...], name: str, known: tuple[str, ...]
) -> None:
    audit.wrong(path, f"'{name}'", f"a service of this scenario: {', '.join(known)}")


def _effect(stated: Intervention, services: tuple[str, ...]) -> intervention.Params:
    def column(effects: dict[str, Effect]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        pairs = [_moments(effects.get(name, 0.0)) for name in services]
        return tuple(mean for mean, _ in pairs), tuple(sd for _, sd in pairs)

    return intervention.Params(services, *column(stated.effect), *column(stated.automation.access))


def _moments(effect: Effect) -> tuple[float, float]:
    if isinstance(effect, UncertainEffect):
        return effect.normal.mean, effect.normal.sd
    return effect, 0.0


def ramp(year: np.ndarray, months: float) -> FloatArray:
    """Share of the full effect in each year since the start, (T,): 0 before it."""
    within = (np.arange(_POINTS) + 0.5) / _POINTS
    since = 12.0 * (year[:, None] + within)
    reached = np.clip(since / months, 0.0, 1.0) if months else (since > 0.0).astype(np.float64)
    return np.asarray(reached.mean(axis=1))


def _reach(
    audit: Audit, stated: Intervention, world: World, admission: int
) -> tuple[tuple[predictor.Reach, ...], tuple[dict[str, float], ...]]:
    """Whom the program flags in each segment, and what its predictor is worth there."""
    if stated.predictor is None or stated.capacity is None:
        everybody = predictor.Reach(0.0, 1.0, np.ones(2))
        return (everybody,) * len(world.segments), ()
    first = int(np.searchsorted(world.years, audit.scenario.start_year))
    moments = [table_moments(unit_cost.quantile_table(law)) for law in world.unit_costs]
    found, told = [], []
    kind, value = stated.predictor.accuracy
    for column, name in enumerate(world.segments):
        price = world.price[first, column]
        claims = predictor.Claims(
            admission,
            tuple(p * mean for p, (mean, _) in zip(price, moments, strict=True)),
            tuple(p**2 * (mean**2 + sd**2) for p, (mean, sd) in zip(price, moments, strict=True)),
        )
        seen = predictor.record(world.people[column], world.use[first][column], claims)
        with audit.before_all_else(_PATH, "predictor", kind):
            noise = _noise(seen, kind, value, stated.capacity, name)
        found.append(predictor.reach(seen, noise, stated.capacity))
        told.append(_accuracy(seen, noise, stated.capacity))
        for key, worth in told[-1].items():
            audit.derived(f"predictor, {name}, {key}", round(worth, 4), "1", _HOW)
    return tuple(found), tuple(told)


def _noise(seen: predictor.Record, kind: str, value: float, capacity: float, segment: str) -> float:
    try:
        return predictor.noise_of(seen, kind, value, capacity)
    except ParameterError as error:
        raise ParameterError(f"segment {segment}: {error}") from None


_HOW = "joint distribution of two years, at the noise that gives the stated accuracy"


def _accuracy(seen: predictor.Record, noise: float, capacity: float) -> dict[str, float]:
    return {
        "noise": noise,
        "AUC": predictor.auc(seen, noise),
        "R2": predictor.r_squared(seen, noise),
        "sensitivity": predictor.sensitivity(seen, noise, capacity),
        "admitted in a year": float(seen.weight @ seen.admitted),
    }
