"""Stop-loss that the party who holds a contract buys from a reinsurer, whatever the contract.

Specific stop-loss pays on the part of each member's annual claims above an attachment, which may be
another for single segments (lasers). With an aggregating deductible the buyer first bears so much
of these parts of all members together. Aggregate stop-loss pays on all claims of the year, less
what the specific cover paid, above a multiple of what was expected of them.

The claims are those of the services that the holder of the contract bears. Under a contract that
shares savings and losses the cover pays on the members' claims all the same: it is a contract of
its own, and coinsurance is what fits it to the part that the holder bears.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import (
    FloatArray,
    Line,
    Statement,
    Transfer,
    amount,
    given,
    step,
)
from vbsim.vocabulary import REINSURER, SHARE

Lines = dict[str, Line]


@dataclass(frozen=True, slots=True)
class Specific:
    """Specific stop-loss.

    Parameters
    ----------
    attachment, limit
        Start and width of the layer of each member's annual claims [USD].
    coinsurance
        Share of the layer that the reinsurer pays, in [0, 1].
    premium_pmpm
        Premium per member per month [USD].
    lasers
        (segment, attachment [USD]) of segments whose attachment is another.
    aggregating_deductible
        What of the layers of all members the buyer bears first [USD].
    """

    attachment: float
    limit: float
    coinsurance: float
    premium_pmpm: float
    lasers: tuple[tuple[str, float], ...] = ()
    aggregating_deductible: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a layer, a share or a premium that is none."""
        _check_amounts(self, "attachment", "limit", "premium_pmpm", "aggregating_deductible")
        clauses.check_share("stop-loss coinsurance", self.coinsurance)
        for segment, attachment in self.lasers:
            if not attachment >= self.attachment:
                raise ParameterError(
                    f"the laser of {segment} is {attachment:g} USD; expected the attachment of "
                    f"{self.attachment:g} or more"
                )


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Aggregate stop-loss.

    Parameters
    ----------
    expected_pmpm
        Expected claims, less the recoveries of a specific cover [USD PMPM].
    corridor
        Attachment as a multiple of expected claims.
    limit
        Width of the layer above the attachment [USD].
    coinsurance
        Share of the layer that the reinsurer pays, in [0, 1].
    premium_pmpm
        Premium per member per month [USD].
    """

    expected_pmpm: float
    corridor: float
    limit: float
    coinsurance: float
    premium_pmpm: float

    def __post_init__(self) -> None:
        """Refuse a layer, a share or a premium that is none."""
        _check_amounts(self, "expected_pmpm", "limit", "premium_pmpm")
        clauses.check_share("stop-loss coinsurance", self.coinsurance)
        if not 0.0 <= self.corridor < np.inf:
            raise ParameterError(f"stop-loss corridor is {self.corridor:g}; expected 0 or more")


@dataclass(frozen=True, slots=True)
class Cover:
    """Stop-loss of a contract year: specific, aggregate or both."""

    specific: Specific | None = None
    aggregate: Aggregate | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """A specific stop-loss that a contract might have instead of its own.

    Parameters
    ----------
    attachment
        Where it begins [USD].
    layer
        Name of the layer that it pays on.
    covers
        Its terms in each performance year.
    expected_pmpm
        Exact expected recovery of the first performance year [USD PMPM].
    """

    attachment: float
    layer: str
    covers: tuple[Specific, ...]
    expected_pmpm: float


def _check_amounts(terms: object, *names: str) -> None:
    for name in names:
        if not getattr(terms, name) >= 0.0:
            raise ParameterError(
                f"stop-loss {name} is {getattr(terms, name):g} USD; expected 0 or more"
            )


def with_stop_loss(
    statement: Statement,
    cover: Cover,
    layer_cost: FloatArray | None,
    claims: FloatArray,
    person_years: FloatArray,
) -> Statement:
    """Add premiums and recoveries to a statement.

    Parameters
    ----------
    statement
        Of the contract without stop-loss; its party is the buyer.
    cover
        Terms of the year.
    layer_cost
        Members' claims inside the specific layer, (R,) [USD]; ``None`` without a specific cover.
    claims
        All claims that the cover counts, (R,) [USD].
    person_years
        Exposure, (R,).
    """
    months = 12.0 * person_years
    lines = {"stop_loss_months": given(months, "exposure", "member-months")}
    if cover.specific is not None and layer_cost is not None:
        lines |= _specific(cover.specific, layer_cost, months)
    if cover.aggregate is not None:
        lines |= _aggregate(cover.aggregate, lines, claims, months)
    flows = []
    for kind in ("stop_loss", "aggregate_stop_loss"):
        if f"{kind}_premium" in lines:
            what = kind.replace("_", " ")
            premium, recovery = (lines[f"{kind}_{n}"].value for n in ("premium", "recovery"))
            flows.append(Transfer(statement.party, REINSURER, f"{what} premium", -premium))
            flows.append(Transfer(REINSURER, statement.party, f"{what} recovery", recovery))
    return statement.plus(lines, flows)


def without_cover(statement: Statement) -> FloatArray:
    """Net result of a statement's party without the specific cover that it has, (R,) [USD]."""
    return statement.net - sum((line.value for line in _own_cover(statement)), np.zeros(1))


def exchanged(
    statement: Statement, cover: Specific, layer_cost: FloatArray, person_years: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Change that another specific cover makes to a result without one, and its recovery [USD].

    Parameters
    ----------
    statement
        Of the contract with the specific cover that it has, and no aggregate one.
    cover
        Instead of it.
    layer_cost
        Members' claims inside the other layer, (R,) [USD].
    person_years
        Exposure, (R,).
    """
    # A year outside the contract has no cover to exchange.
    if not _own_cover(statement):
        return np.zeros_like(layer_cost), np.zeros_like(layer_cost)
    lines = _specific(cover, layer_cost, 12.0 * person_years)
    recovered = lines["stop_loss_recovery"].value
    return lines["stop_loss_premium"].value + recovered, recovered


def _own_cover(statement: Statement) -> list[Line]:
    """Premium and recovery of a statement's own specific cover, if it has one."""
    names = ("stop_loss_premium", "stop_loss_recovery")
    return [statement.lines[name] for name in names if name in statement.lines]


def _specific(terms: Specific, layer_cost: FloatArray, months: FloatArray) -> Lines:
    """Lines of a specific cover."""
    end = terms.attachment + terms.limit
    where = f"members' annual claims above {terms.attachment:,.0f} USD each"
    where += f", up to {end:,.0f}" if np.isfinite(end) else ""
    if terms.lasers:
        where += "; lasers: " + ", ".join(f"{name} {at:,.0f}" for name, at in terms.lasers)
    lines = {
        "stop_loss_premium_pmpm": given(terms.premium_pmpm, "stop-loss premium", "USD PMPM"),
        "stop_loss_coinsurance": given(terms.coinsurance, "reinsurer's part of the layer", SHARE),
        "stop_loss_layer": given(layer_cost, where),
    }
    paid_on, words = layer_cost, "stop_loss_layer"
    if terms.aggregating_deductible:
        first = terms.aggregating_deductible
        lines["aggregating_deductible"] = given(first, "of the layer, borne first")
        paid_on = np.maximum(layer_cost - first, 0.0)
        words = "max(stop_loss_layer - aggregating_deductible, 0)"
    return lines | {
        "stop_loss_premium": step(
            -terms.premium_pmpm * months, "-stop_loss_premium_pmpm * stop_loss_months"
        ),
        "stop_loss_recovery": step(terms.coinsurance * paid_on, f"stop_loss_coinsurance * {words}"),
    }


def _aggregate(terms: Aggregate, lines: Lines, claims: FloatArray, months: FloatArray) -> Lines:
    """Lines of an aggregate cover, on the claims less what the specific cover recovers."""
    net, words = claims, "aggregate_claims"
    if "stop_loss_recovery" in lines:
        net, words = claims - lines["stop_loss_recovery"].value, f"{words} - stop_loss_recovery"
    attachment = terms.corridor * terms.expected_pmpm * months
    over = np.maximum(net - attachment, 0.0)
    layer, above = over, "max(aggregate_claims_less_recovery - aggregate_attachment, 0)"
    found = {
        "aggregate_claims": given(claims, "claims that the stop-loss counts"),
        "aggregate_claims_less_recovery": amount(net, words),
        "aggregate_expected_pmpm": given(terms.expected_pmpm, "expected claims", "USD PMPM"),
        "aggregate_corridor": given(terms.corridor, "multiple of them that attaches", "ratio"),
        "aggregate_attachment": amount(
            attachment, "aggregate_corridor * aggregate_expected_pmpm * stop_loss_months"
        ),
    }
    if np.isfinite(terms.limit):
        found["aggregate_limit"] = given(terms.limit, "width of the layer above")
        layer, above = np.minimum(over, terms.limit), f"min({above}, aggregate_limit)"
    return found | {
        "aggregate_coinsurance": given(terms.coinsurance, "reinsurer's part of the layer", SHARE),
        "aggregate_premium_pmpm": given(terms.premium_pmpm, "aggregate premium", "USD PMPM"),
        "aggregate_stop_loss_premium": step(
            -terms.premium_pmpm * months, "-aggregate_premium_pmpm * stop_loss_months"
        ),
        "aggregate_stop_loss_recovery": step(
            terms.coinsurance * layer, f"aggregate_coinsurance * {above}"
        ),
    }
