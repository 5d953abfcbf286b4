"""Managed care: a plan takes premium from a purchaser and pays for its members' care.

The result is the plan's (the payer's). Of the premium, one rate per member per month or one for
each rate cell, a part may be withheld until quality earns it back. The plan pays claims, and where
it sub-capitates a basket of services, such as primary care, a rate to provider groups who pay the
claims of the basket; the groups' result is the provider's in the ledger. Administration, quality
improvement, and taxes and fees are shares of the premium; the purchaser, the state, levies them.

Two clauses return money. A risk corridor shares what is left of the revenue, and what is
overspent, band by band. A minimum medical loss ratio returns a share of what claims and quality
improvement fall short of it. The corridor comes first, as the ratio counts receipts and payments of
risk sharing as revenue (42 CFR 438.8(f)(2), not seen). The ratio is of claims before the plan's own
reinsurance. A credibility adjustment, by member months, is added to it before the remittance; below
the first point of its table there is no test (42 CFR 438.8(h)).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses, corridor, per_member
from vbsim.payment_models.base import (
    ContractYear,
    Line,
    Statement,
    Transfer,
    amount,
    given,
    rate,
    step,
)
from vbsim.payment_models.corridor import Bands
from vbsim.payment_models.per_member import NO_WITHHOLD, Rates, Withhold
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, PURCHASER, SHARE, VENDOR, YES_OR_NO

Lines = dict[str, Line]
_BESIDE_CLAIMS = {
    "administration": "administration",
    "quality_improvement": "quality improvement and fraud prevention",
    "taxes_and_fees": "taxes, licensing and regulatory fees",
}
_MEDICAL = ("claims", "sub_capitation", "quality_improvement")
_ALL = (*_MEDICAL, "administration", "taxes_and_fees")


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year.

    Parameters
    ----------
    premium
        What the purchaser pays [USD PMPM].
    administration, quality_improvement, taxes_and_fees
        Spending beside claims [share of premium].
    sub_capitation
        What the plan pays groups for the contract's basket; ``None`` where it pays all claims.
    withhold
        Part of the premium that quality earns back.
    minimum_medical_loss_ratio
        Least share of revenue, without taxes and fees, for claims and quality improvement; 0
        where the contract has none.
    remittance_share
        Part of the shortfall that is returned.
    credibility
        Points (member months, adjustment) of the credibility table, rising; linear between them, 0
        above the last, no test below the first. Empty where the contract has no such table.
    corridor
        Bands of unspent revenue, each (lower end [share of revenue], plan's part); empty without a
        risk corridor.
    loss_corridor
        The same bands of what is overspent; empty where the plan bears it all.
    corridor_target
        Share of revenue against which spending counts as unspent or overspent.
    corridor_of_medical_spending
        Whether only claims and quality improvement count as spending, not administration, taxes
        and fees.
    """

    premium: Rates
    administration: float = 0.0
    quality_improvement: float = 0.0
    taxes_and_fees: float = 0.0
    sub_capitation: Rates | None = None
    withhold: Withhold = NO_WITHHOLD
    minimum_medical_loss_ratio: float = 0.0
    remittance_share: float = 1.0
    credibility: tuple[tuple[float, float], ...] = ()
    corridor: Bands = ()
    loss_corridor: Bands = ()
    corridor_target: float = 1.0
    corridor_of_medical_spending: bool = False

    def __post_init__(self) -> None:
        """Refuse rates below zero, shares outside [0, 1], and tables out of order."""
        per_member.check_rates("premium", self.premium)
        if self.sub_capitation is not None:
            per_member.check_rates("sub_capitation", self.sub_capitation)
        for name in (
            "administration", "quality_improvement", "taxes_and_fees",
            "minimum_medical_loss_ratio", "remittance_share", "corridor_target",
        ):  # fmt: skip
            clauses.check_share(name, getattr(self, name))
        for name in ("corridor", "loss_corridor"):
            if bands := getattr(self, name):
                corridor.check_bands(name, bands)
        if self.loss_corridor and not self.corridor:
            raise ParameterError("loss_corridor stands alone; expected a corridor beside it")
        _check_credibility(self.credibility)


def _check_credibility(points: tuple[tuple[float, float], ...]) -> None:
    """Refuse points that do not rise, and adjustments that more member months increase."""
    for months, adjustment in points:
        if not months > 0.0:
            raise ParameterError(f"credibility of {months:g} member months; expected more than 0")
        clauses.check_share("a credibility adjustment", adjustment)
    for (fewer, high), (more, low) in pairwise(points):
        if not fewer < more or high < low:
            raise ParameterError(
                f"credibility goes from {high:g} at {fewer:g} member months to {low:g} at "
                f"{more:g}; expected rising member months and no larger adjustment for more"
            )


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the payer [USD]."""
    lines = _revenue(year, terms)
    lines |= _spending(lines, year, terms)
    if terms.corridor:
        lines |= _corridor(lines, terms)
    lines |= _loss_ratio(lines)
    if terms.minimum_medical_loss_ratio:
        lines |= _remittance(lines, terms)
    return None, Statement(lines, _transfers(lines, year, terms), PAYER)


def _revenue(year: ContractYear, terms: Terms) -> Lines:
    """Lines of the premium and what of it is withheld for good."""
    lines, premium, words = per_member.paid("premium_pmpm", "premium", terms.premium, year)
    lines["premium"] = step(premium, words)
    lines |= per_member.withheld("premium", lines, year, terms.withhold)
    parts = [name for name in ("premium", "withhold", "withhold_earned_back") if name in lines]
    revenue = np.sum([lines[name].value for name in parts], axis=0)
    return lines | {"revenue": amount(revenue, " + ".join(parts))}


def _spending(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Lines of what the plan pays."""
    claims, which = year.cost, "all claims, which the plan pays"
    found: Lines = {}
    if terms.sub_capitation is not None:
        claims = np.maximum(year.cost - year.basket_cost, 0.0)
        which = "claims of services that are not sub-capitated"
        found, rate_paid, words = per_member.paid(
            "sub_capitation_pmpm", "paid to provider groups", terms.sub_capitation, year
        )
        found["sub_capitation"] = step(-rate_paid, f"-({words})")
    found["claims_cost"] = given(claims, which)
    found["claims"] = step(-claims, "-claims_cost")
    for name, what in _BESIDE_CLAIMS.items():
        if share := getattr(terms, name):
            found[f"{name}_rate"] = given(share, f"{what}, of the premium", SHARE)
            found[name] = step(-share * lines["premium"].value, f"-{name}_rate * premium")
    return found


def _spent(lines: Lines, names: tuple[str, ...]) -> Line:
    """Sum of the spending that is among the lines, which counts as negative there."""
    there = [name for name in names if name in lines]
    value = -np.sum([lines[name].value for name in there], axis=0)
    return amount(value, f"-({' + '.join(there)})")


def _corridor(lines: Lines, terms: Terms) -> Lines:
    """Lines of the risk corridor: what the plan keeps and bears, band by band."""
    revenue = lines["revenue"].value
    counted = _spent(lines, _MEDICAL if terms.corridor_of_medical_spending else _ALL)
    unspent = terms.corridor_target * revenue - counted.value
    kept = corridor.through_corridors(np.maximum(unspent, 0.0), revenue, terms.corridor)
    over, words = np.maximum(-unspent, 0.0), "max(-unspent, 0)"
    borne = over
    if terms.loss_corridor:
        borne = corridor.through_corridors(over, revenue, terms.loss_corridor)
        words = corridor.in_words(words, "revenue", terms.loss_corridor)
    return {
        "spending": counted,
        "corridor_target_rate": given(terms.corridor_target, "of revenue", SHARE),
        "unspent": amount(unspent, "corridor_target_rate * revenue - spending"),
        "unspent_kept": amount(
            kept, corridor.in_words("max(unspent, 0)", "revenue", terms.corridor)
        ),
        "overspent_borne": amount(borne, words),
        "risk_corridor": step(kept - borne - unspent, "unspent_kept - overspent_borne - unspent"),
    }


def _loss_ratio(lines: Lines) -> Lines:
    """Lines of the medical loss ratio before any credibility adjustment."""
    medical = _spent(lines, _MEDICAL)
    parts = [n for n in ("revenue", "risk_corridor", "taxes_and_fees") if n in lines]
    # A corridor on medical spending alone may return what taxes and fees have taken already.
    revenue = np.maximum(np.sum([lines[name].value for name in parts], axis=0), 0.0)
    ratio = np.divide(medical.value, revenue, out=np.zeros_like(revenue), where=revenue > 0.0)
    return {
        "medical_spending": medical,
        "revenue_less_taxes_and_fees": amount(revenue, f"max({' + '.join(parts)}, 0)"),
        "medical_loss_ratio": rate(
            ratio,
            "medical_spending / revenue_less_taxes_and_fees"
            " if revenue_less_taxes_and_fees > 0 else 0",
        ),
    }


def _remittance(lines: Lines, terms: Terms) -> Lines:
    """Lines of what is returned for a ratio below the minimum."""
    ratio, words = lines["medical_loss_ratio"].value, "medical_loss_ratio"
    least = terms.minimum_medical_loss_ratio
    found = {"minimum_medical_loss_ratio": given(least, "of revenue less taxes and fees", SHARE)}
    tested: np.ndarray | bool = True
    if terms.credibility:
        found |= _credibility(lines, terms)
        ratio = ratio + found["credibility_adjustment"].value
        words = "medical_loss_ratio + credibility_adjustment"
        tested = found["credible"].value > 0.5
    found["adjusted_medical_loss_ratio"] = rate(ratio, words)
    short = np.where(tested, np.maximum(least - ratio, 0.0), 0.0)
    test = " if credible > 0.5 else 0" if terms.credibility else ""
    base = lines["revenue_less_taxes_and_fees"].value
    return found | {
        "remittance_rate": given(terms.remittance_share, "part of the shortfall returned", SHARE),
        "shortfall_rate": rate(
            short, f"max(minimum_medical_loss_ratio - adjusted_medical_loss_ratio, 0){test}"
        ),
        "remittance": step(
            -terms.remittance_share * short * base,
            "-remittance_rate * shortfall_rate * revenue_less_taxes_and_fees",
        ),
    }


def _credibility(lines: Lines, terms: Terms) -> Lines:
    """Lines of the adjustment for the number of member months, linear between two points."""
    months, points = lines["member_months"].value, terms.credibility
    last, least = points[-1]
    pieces = [(low, high, more, less) for (low, more), (high, less) in pairwise(points)]
    # At the last point its adjustment still holds, above it none.
    ends = ((last, last, least, least), (last, np.inf, 0.0, 0.0))
    held = clauses.pieces_at((*pieces, *ends), months)
    low, high, at_low, at_high = held.T
    return {
        "least_credible_months": given(points[0][0], "fewer are no test", "member-months"),
        "credible": amount(
            (months >= points[0][0]) * 1.0,
            "1 if member_months >= least_credible_months else 0",
            YES_OR_NO,
        ),
        "credibility_from": given(low, "point of the table below", "member-months"),
        "credibility_to": given(high, "point of the table above", "member-months"),
        "adjustment_from": given(at_low, "adjustment at the point below", SHARE),
        "adjustment_to": given(at_high, "adjustment at the point above", SHARE),
        "credibility_adjustment": rate(
            clauses.rate_in_piece(held, months),
            "adjustment_from + (member_months - credibility_from)"
            " / (credibility_to - credibility_from) * (adjustment_to - adjustment_from)"
            " if credibility_to > credibility_from else adjustment_from",
        ),
    }


def _transfers(lines: Lines, year: ContractYear, terms: Terms) -> tuple[Transfer, ...]:
    flows = [
        Transfer(PURCHASER, PAYER, "premium", lines["premium"].value),
        Transfer(PAYER, DOWNSTREAM, "claims", lines["claims_cost"].value),
    ]
    if terms.sub_capitation is not None:
        flows.append(Transfer(PAYER, PROVIDER, "sub-capitation", -lines["sub_capitation"].value))
        flows.append(Transfer(PROVIDER, DOWNSTREAM, "sub-capitated claims", year.basket_cost))
    for name, target in (
        ("administration", VENDOR),
        ("quality_improvement", VENDOR),
        ("taxes_and_fees", PURCHASER),
        ("withhold", PURCHASER),
        ("withhold_earned_back", PURCHASER),
        ("risk_corridor", PURCHASER),
        ("remittance", PURCHASER),
    ):
        if name in lines:
            what, value = name.replace("_", " "), lines[name].value
            flows.append(Transfer(PAYER, target, what, np.maximum(-value, 0.0)))
            if target == PURCHASER:
                flows.append(Transfer(PURCHASER, PAYER, what, np.maximum(value, 0.0)))
    return tuple(flows)
