"""Retrospective bundles: ``program: team``, ``bpci_advanced`` or ``cjr`` with episode types."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from vbsim.contract import Contract
from vbsim.generators import episodes
from vbsim.payment_models import retrospective_bundle
from vbsim.scenario.contracts.words import ProgramWords
from vbsim.scenario.shape import Cited, Name, Positive, one_of, refuse

if TYPE_CHECKING:
    from vbsim.scenario.desk import Desk

MODEL = ""
PROGRAMS = frozenset({"bpci_advanced", "cjr", "team"})
_CAP = "high_cost"


class Price(Cited):
    """Price of an episode type before the payer's discount: stated, or from expected cost."""

    price: Positive | None = Field(default=None, description="price per episode [USD]")
    expected_cost_share: Annotated[float, Field(gt=0.0, le=3.0)] | None = Field(
        default=None, description="price as a share of the expected cost that counts"
    )

    @model_validator(mode="after")
    def _one_price(self) -> Price:
        refuse(one_of(self, "price", "expected_cost_share"))
        return self


Prices = Annotated[dict[Name, Price], Field(min_length=1)]


class Words(ProgramWords):
    """A track of a bundled-payment program."""

    episodes: Prices = Field(description="episode types and their prices")


def write(desk: Desk, name: str, words: Words) -> Contract:
    """Contract with the discounts and limits of its track and year."""
    book, on = desk.book(words), words.performance_year or desk.years[0]
    level = desk.cite(book.figure("high_cost_percentile", on))
    limit = f"{_CAP}_{level:g}"
    desk.limits[limit] = level
    contract = Contract(
        name=name,
        label=words.label or f"{words.program} {words.track}".replace("_", " ").upper(),
        model="retrospective_bundle",
        lan_category=desk.cite(book.figure("lan_category", on, words.track)),
        terms=(),
        episode_types=tuple(words.episodes),
        episode_limit=limit,
    )
    prices = priced(desk, name, words.episodes, level)
    if prices is None:
        return contract
    return replace(contract, terms=tuple(_terms(desk, words, year, prices) for year in desk.years))


def priced(
    desk: Desk, name: str, stated: dict[str, Price], level: float
) -> tuple[float, ...] | None:
    """Price of each episode type [USD]; ``None`` when one of them is unknown (and recorded)."""
    found: list[float] = []
    for kind, words in stated.items():
        params = desk.episode_type(("contracts", name, "episodes", kind), kind)
        if params is None:
            return None
        price = words.price
        if price is None:
            share = words.expected_cost_share or 1.0
            counted = episodes.mean_counted(params, episodes.percentile(params, level))
            price = round(share * counted, 2)  # a price is stated to the cent
            how = f"{share:g} of the expected cost that counts"
            desk.audit.derived(f"price, {name}, {kind}", price, "USD per episode", how)
        found.append(price)
    return tuple(found)


def _terms(
    desk: Desk, words: Words, year: int, prices: tuple[float, ...]
) -> retrospective_bundle.Terms:
    book, on = desk.book(words), words.performance_year or year
    names = ("quality_cut", "quality_relief", "stop_gain", "stop_loss", "quality_scale")
    found = {n: desk.cite(f) for n, f in book.by_name(names, on, words.track).items()}
    discounts = desk.cite(book.figure("discount", on))
    bands = desk.cite(book.figure("quality_bands", on)) if book.has("quality_bands", on) else []
    return retrospective_bundle.Terms(
        types=tuple(words.episodes),
        prices=prices,
        discounts=tuple(discounts.get(kind, discounts["other"]) for kind in words.episodes),
        quality_bands=tuple((low, pay, repay, allowed) for low, pay, repay, allowed in bands),
        two_sided=desk.cite(book.figure("sided", on, words.track)) == 2,
        **found,
    )
