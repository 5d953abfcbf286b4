"""Stop-loss in words, and as terms with the premium that a loading gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.payment_models.stop_loss import Aggregate, Cover, Retention, Specific
from vbsim.plan import BoolArray, FloatArray, Layer
from vbsim.scenario.shape import (
    AtLeastOne,
    Cited,
    Money,
    Name,
    Part,
    Positive,
    Share,
    Wrong,
    one_of,
    refuse,
)

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk


class AggregateStopLoss(Part):
    """Aggregate stop-loss on the claims of all members together."""

    corridor: Annotated[float, Field(ge=0.5, le=10.0)] = Field(
        description="attachment as a multiple of expected claims, such as 1.25"
    )
    expected_pmpm: Positive | None = Field(
        default=None,
        description="expected claims less specific recoveries; else as assumed [USD PMPM]",
    )
    limit: AtLeastOne | None = Field(default=None, description="width of the layer [USD]")
    coinsurance: Share = Field(default=1.0, description="share of the layer the reinsurer pays")
    premium_pmpm: Money = Field(description="premium [USD PMPM]")


class StopLoss(Cited):
    """Stop-loss: specific on each member's annual cost, aggregate on all together, or both."""

    attachment: AtLeastOne | None = Field(
        default=None, description="specific: member's annual cost at which it begins [USD]"
    )
    limit: AtLeastOne | None = Field(default=None, description="width of the layer [USD]")
    coinsurance: Share = Field(default=1.0, description="share of the layer the reinsurer pays")
    lasers: dict[Name, AtLeastOne] = Field(
        default_factory=dict, description="own attachment of single segments, by name [USD]"
    )
    aggregating_deductible: Money | None = Field(
        default=None, description="borne first of all members' layers together [USD]"
    )
    premium_pmpm: Money | None = Field(default=None, description="premium [USD PMPM]")
    loading: Annotated[float, Field(ge=0.0, le=10.0)] | None = Field(
        default=None, description="premium over expected recovery, as a share of it"
    )
    retentions: list[AtLeastOne] = Field(
        default_factory=list,
        description="other attachments of which premium and relief of the tail are told [USD]",
    )
    aggregate: AggregateStopLoss | None = Field(
        default=None, description="aggregate stop-loss, beside the specific one or alone"
    )

    @model_validator(mode="after")
    def _whole(self) -> StopLoss:
        refuse(_wrongs(self))
        return self


_STEPS_TO_ATTACHMENT = 200  # of the money grid, which then reaches to 41 times the attachment
_HOLDER_BEARS_CLAIMS = ("capitation", "managed_care")
_OF_SPECIFIC = (
    "limit", "lasers", "aggregating_deductible", "premium_pmpm", "loading", "retentions",
)  # fmt: skip


def _wrongs(words: StopLoss) -> Iterable[Wrong]:
    if words.attachment is None:
        if words.aggregate is None:
            expected = "the key attachment, the key aggregate, or both"
            yield Wrong("", "neither attachment nor aggregate", expected, "add one of them")
        for key in (key for key in _OF_SPECIFIC if getattr(words, key)):
            todo = "add attachment, or take it out"
            yield Wrong(key, f"{key} without attachment", "the key attachment beside it", todo)
        return
    yield from one_of(words, "premium_pmpm", "loading")
    if words.aggregating_deductible and words.loading is not None:
        expected = "premium_pmpm: what is expected above the deductible has no exact value"
        yield Wrong(
            "loading", "loading beside aggregating_deductible", expected, "state the premium"
        )
    for name, attachment in words.lasers.items():
        if attachment < words.attachment:
            expected = f"at least the attachment, {words.attachment:,.0f}"
            yield Wrong("lasers", f"{attachment:,.0f} for {name}", expected)
    yield from _retention_wrongs(words)
    if words.aggregate is None or words.aggregate.expected_pmpm is not None:
        return
    if words.aggregating_deductible:
        found = "aggregate without expected_pmpm beside aggregating_deductible"
        expected = "the key expected_pmpm: expected claims less recoveries have no exact value then"
        yield Wrong("aggregate", found, expected, "state it")


def _retention_wrongs(words: StopLoss) -> Iterable[Wrong]:
    if not words.retentions:
        return
    if words.loading is None:
        expected = "the key loading, which gives the premium at every attachment"
        yield Wrong("retentions", "retentions without loading", expected)
    for key in ("aggregate", "aggregating_deductible"):
        if getattr(words, key):
            expected = "a specific cover alone: other attachments change what the other part pays"
            yield Wrong("retentions", f"retentions beside {key}", expected, "take one of them out")
    twice = sorted({a for a in words.retentions if words.retentions.count(a) > 1})
    for attachment in twice:
        yield Wrong("retentions", f"{attachment:,.0f} twice", "each attachment once")


def retentions_of(desk: Desk, contract: Contract, name: str) -> tuple[Retention, ...]:
    """Price a contract's specific stop-loss at the other attachments that its words list."""
    words, found = desk.audit.scenario.stop_loss[name], []
    for attachment in sorted(words.retentions):
        lasers = {key: max(at, attachment) for key, at in words.lasers.items()}
        other = words.model_copy(update={"attachment": attachment, "lasers": lasers})
        own = f"{name}_{attachment:.0f}"
        layer = _layer(desk, contract, own, other)
        priced = [_specific(desk, contract, own, other, year) for year in desk.years]
        covers = tuple(specific for _, specific in priced)
        found.append(Retention(attachment, layer, covers, priced[0][0]))
    return tuple(found)


def with_cover(desk: Desk, contract: Contract, name: str) -> tuple[tuple[Cover, ...], str]:
    """Terms of a contract's stop-loss in each performance year, and the name of its layer."""
    words, layer = desk.audit.scenario.stop_loss[name], ""
    if words.attachment is not None:
        layer = _layer(desk, contract, name, words)
    covers = []
    for year in desk.years:
        recovered, specific = 0.0, None
        if words.attachment is not None:
            recovered, specific = _specific(desk, contract, name, words, year)
        aggregate = None
        if words.aggregate is not None:
            aggregate = _aggregate(desk, contract, words.aggregate, year, recovered)
        covers.append(Cover(specific, aggregate))
    _warn(desk, contract)
    return tuple(covers), layer


def _warn(desk: Desk, contract: Contract) -> None:
    """Warn of a cover for claims that the holder of the contract does not bear."""
    if contract.model not in _HOLDER_BEARS_CLAIMS:
        desk.audit.warn(
            f"{contract.name}: the stop-loss pays on the members' claims, of which the provider "
            "bears at most a part under this contract; a coinsurance no larger than that part "
            "keeps it from paying more than is lost"
        )


def _attachments(desk: Desk, words: StopLoss) -> FloatArray:
    """Attachment of each segment, (S,) [USD]."""
    found = [words.lasers.get(name, words.attachment) for name in desk.world.segments]
    return np.array(found, dtype=np.float64)


def _layer(desk: Desk, contract: Contract, name: str, words: StopLoss) -> str:
    """Add the layer of each member's annual cost that a specific cover pays on."""
    inside = contract.at_risk
    if inside is None:
        key, inside = f"stop_loss_{name}", np.ones(len(desk.world.services), dtype=np.bool_)
    else:
        key = f"stop_loss_{name}_{contract.name}"
    lower = np.tile(_attachments(desk, words), (desk.world.years.size, 1))
    upper = lower + _width(words.limit)
    desk.layers[key] = Layer(key, inside, lower, upper, annualized=False)
    return key


def _width(limit: float | None) -> float:
    return np.inf if limit is None else limit


def _specific(
    desk: Desk, contract: Contract, name: str, words: StopLoss, year: int
) -> tuple[float, Specific]:
    """Give the expected recovery [USD PMPM], 0 with a deductible, and the terms of the year."""
    attachments, width = _attachments(desk, words), _width(words.limit)
    premium, recovered = words.premium_pmpm, 0.0
    if not words.aggregating_deductible and (premium is None or words.aggregate is not None):
        in_layer = expected_layer_pmpm(desk, year, attachments, width, contract.at_risk)
        recovered = words.coinsurance * in_layer
    if premium is None:
        premium = recovered * (1.0 + (words.loading or 0.0))
        of_basket = "" if contract.at_risk is None else f", {contract.name}"
        desk.audit.derived(
            f"stop-loss premium, {name}{of_basket}, {year}",
            round(premium, 2),
            "USD PMPM",
            f"expected recovery {recovered:.2f} PMPM, loaded by {words.loading:g}",
        )
    terms = Specific(
        attachment=words.attachment or 0.0,
        limit=width,
        coinsurance=words.coinsurance,
        premium_pmpm=premium,
        lasers=tuple(words.lasers.items()),
        aggregating_deductible=words.aggregating_deductible or 0.0,
    )
    return recovered, terms


def _aggregate(
    desk: Desk, contract: Contract, words: AggregateStopLoss, year: int, recovered: float
) -> Aggregate:
    expected = words.expected_pmpm
    if expected is None:
        expected = max(desk.expected_pmpm(year, contract.at_risk) - recovered, 0.0)
        desk.audit.derived(
            f"expected claims of the aggregate stop-loss, {contract.name}, {year}",
            round(expected, 2),
            "USD PMPM",
            f"expected cost without true savings, less expected specific recovery {recovered:.2f}",
        )
    return Aggregate(
        expected_pmpm=expected,
        corridor=words.corridor,
        limit=_width(words.limit),
        coinsurance=words.coinsurance,
        premium_pmpm=words.premium_pmpm,
    )


def expected_layer_pmpm(
    desk: Desk, year: int, attachments: FloatArray, width: float, basket: BoolArray | None
) -> float:
    """Exact expected cost in a layer of members' annual cost of some services [USD PMPM].

    Parameters
    ----------
    attachments
        Start of the layer in each segment, (S,) [USD].
    width
        Its width [USD].
    basket
        Services that count, (K,); ``None`` for all.
    """
    row = desk.draft.years.index(year)
    members, total = desk.world.members[row], 0.0
    for column, count in enumerate(members):
        scale = desk.world.expected_cost[row, column] / desk.draft.mean_cost(row, column)
        lower = attachments[column] / scale
        cost = desk.draft.distribution(row, column, basket, step=lower / _STEPS_TO_ATTACHMENT)
        below = cost.limited_mean([lower, lower + width / scale], annualized=False)
        if np.isinf(width):
            below[1] = desk.draft.mean_cost(row, column, basket)
        total += count * scale * (below[1] - below[0])
    return float(total / members.sum() / 12.0)
