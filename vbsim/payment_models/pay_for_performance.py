"""Pay for performance: quality moves a part of a provider's revenue (HCP-LAN category 2C).

One score decides; ``scoring.py`` says how measures make it. Money follows in up to three ways, of
which a contract may have any:

* a part of the base payments is withheld and earned back in proportion to the score, times a slope
  (Hospital VBP: the nation's slope pays out what is withheld);
* the score falls into a piece of a table that gives a bonus or penalty as a rate on the base
  payments, linear within the piece: tiers, and the sliding scales of MIPS with their jump;
* a fixed amount for each measure whose threshold is met.

A gate, a least score or measures that must be met, closes every payment and leaves penalties and
the withhold as they are. Where too few domains could be scored the base payments stay untouched.

The provider's claims are paid to whoever delivers them, as without the contract; the adjustment is
made on the payments of the simulated year, although programs apply it to a later one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import by_score, clauses, scoring
from vbsim.payment_models.base import (
    ContractYear,
    FloatArray,
    Line,
    Statement,
    Transfer,
    amount,
    given,
    rate,
    step,
)
from vbsim.payment_models.scoring import Domain, Measure, Scale
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, SHARE

Lines = dict[str, Line]
_ENTITY = (Domain("quality", 1.0),)
_ONE_POINT = Scale()
# Lines that no measure's name may begin: its own lines would overwrite them.
_OWN = (
    "full_score", "quality_score", "scored_domains", "score_divisor", "score_from", "score_to",
    "rate_from", "rate_to", "measures_met", "measure_bonuses", "gates_met", "minimum_score",
    "minimum_domains", "base_payments", "base_counted", "basket_cost", "basket_share",
    "withhold_rate", "earned_back_rate", "earned_back", "adjustment_rate", "exchange_slope",
    "payment_adjustment_factor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year.

    Parameters
    ----------
    measures
        In the order of ``ContractYear.measures``.
    domains
        Parts of the score; by default one, which takes the entity's quality score.
    scale
        Points of every measure.
    full_score
        Score with all points.
    minimum_domains
        With fewer that could be scored nothing is withheld, paid or taken.
    revenue
        Base payments of the year [USD]; ``None`` where they are a part of the basket's cost.
    basket_share
        That part.
    withhold_rate
        Withheld from base payments [share].
    exchange_slope, score_divisor
        ``withhold_rate * score / score_divisor * exchange_slope`` of base payments is earned back.
    pieces
        (lowest score, highest score, rate at the lowest, rate at the highest) [share of base
        payments]; both ends belong to the piece, and the first piece that holds the score counts.
    minimum_score
        Gate for every payment.
    """

    measures: tuple[Measure, ...] = ()
    domains: tuple[Domain, ...] = _ENTITY
    scale: Scale = _ONE_POINT
    full_score: float = 100.0
    minimum_domains: int = 1
    revenue: float | None = None
    basket_share: float = 1.0
    withhold_rate: float = 0.0
    exchange_slope: float = 1.0
    score_divisor: float = 100.0
    pieces: clauses.Pieces = ()
    minimum_score: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1], amounts below zero, a table with holes, unclear names."""
        clauses.check_share("withhold_rate", self.withhold_rate)
        clauses.check_share("basket_share", self.basket_share)
        for name in ("full_score", "score_divisor"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ParameterError(f"{name} is {getattr(self, name):g}; expected more than 0")
        for name in ("exchange_slope", "minimum_score", "revenue"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value < np.inf:
                raise ParameterError(f"{name} is {value:g}; expected 0 or more")
        if self.minimum_score > self.full_score:
            raise ParameterError(
                f"minimum_score is {self.minimum_score:g}; expected at most the full score, "
                f"{self.full_score:g}"
            )
        clauses.check_pieces(self.pieces, self.full_score)
        scoring.check_names(self.measures, self.domains, _OWN)


def budget_neutral_slope(payments: FloatArray, scores: FloatArray, divisor: float) -> float:
    """Slope of the exchange function that pays out exactly what is withheld.

    ``sum(P) / sum(P * score / divisor)`` over all hospitals with base payments P.
    """
    earned = float(np.sum(payments * scores / divisor))
    if not earned > 0.0:
        raise ParameterError("no hospital has both payments and a score; expected more than 0")
    return float(np.sum(payments)) / earned


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    lines = scoring.score_lines(year, terms.measures, terms.domains, terms.scale, terms.full_score)
    lines |= _base(lines, year, terms)
    lines |= by_score.gates(lines, terms.measures, terms.minimum_score)
    if terms.withhold_rate:
        lines |= _withhold(lines, terms)
    if terms.pieces:
        lines |= _adjustment(lines, terms)
    if any(measure.bonus for measure in terms.measures):
        lines |= _bonuses(lines, terms)
    if not any(line.adds for line in lines.values()):
        lines["adjustment"] = step(np.zeros_like(year.cost), "0")
    flows = [Transfer(PAYER, DOWNSTREAM, "claims", year.cost)]
    for name in ("withhold", "earned_back", "adjustment", "measure_bonuses"):
        if name in lines:
            paid, what = lines[name].value, name.replace("_", " ")
            if name != "withhold":
                flows.append(Transfer(PAYER, PROVIDER, what, np.maximum(paid, 0.0)))
            if name in ("withhold", "adjustment"):
                flows.append(Transfer(PROVIDER, PAYER, what, np.maximum(-paid, 0.0)))
    return None, Statement(lines, tuple(flows))


def _base(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Lines of the payments that rates refer to; none count where too little could be scored."""
    if terms.revenue is None:
        base = terms.basket_share * year.basket_cost
        found = {
            "basket_cost": given(year.basket_cost, "claims of the services that count"),
            "basket_share": given(terms.basket_share, "part of them that is adjusted", SHARE),
            "base_payments": amount(base, "basket_share * basket_cost"),
        }
    else:
        base = np.full_like(year.cost, terms.revenue)
        found = {"base_payments": given(base, "payments of the year that are adjusted")}
    enough = lines["scored_domains"].value >= terms.minimum_domains
    return found | {
        "minimum_domains": given(
            terms.minimum_domains, "with fewer scored nothing is adjusted", "domains"
        ),
        "base_counted": amount(
            np.where(enough, base, 0.0),
            "base_payments if scored_domains >= minimum_domains else 0",
        ),
    }


def _withhold(lines: Lines, terms: Terms) -> Lines:
    """Lines of what is withheld, and of what the score earns back."""
    score, base = lines["score"].value, lines["base_counted"].value
    opened, words = by_score.if_open(lines)
    back = opened * terms.withhold_rate * score / terms.score_divisor * terms.exchange_slope
    return {
        "withhold_rate": given(terms.withhold_rate, "withheld from base payments", SHARE),
        "exchange_slope": given(terms.exchange_slope, "what a full score earns back, times", "1"),
        "score_divisor": given(terms.score_divisor, "score that counts as full", scoring.POINTS),
        "earned_back_rate": rate(
            back, f"{words}withhold_rate * score / score_divisor * exchange_slope"
        ),
        "payment_adjustment_factor": rate(
            np.where(base > 0.0, 1.0 + back - terms.withhold_rate, 1.0),
            "1 + earned_back_rate - withhold_rate if base_counted > 0 else 1",
        ),
        "withhold": step(-terms.withhold_rate * base, "-withhold_rate * base_counted"),
        "earned_back": step(back * base, "earned_back_rate * base_counted"),
    }


def _adjustment(lines: Lines, terms: Terms) -> Lines:
    """Lines of the rate that the table gives the score, and of what it moves."""
    found = by_score.rate_of_score(lines, terms.pieces, "adjustment_rate")
    paid, words = by_score.no_more_than(lines | found, "adjustment_rate")
    base = lines["base_counted"].value
    return found | {"adjustment": step(paid * base, f"{words} * base_counted")}


def _bonuses(lines: Lines, terms: Terms) -> Lines:
    """Lines of the fixed amounts for measures met."""
    opened, words = by_score.if_open(lines)
    paying = [measure for measure in terms.measures if measure.bonus]
    found = {f"{m.name}_bonus": given(m.bonus, "if its threshold is met") for m in paying}
    parts = [m.bonus * lines[f"{m.name}_met"].value for m in paying]
    products = " + ".join(f"{m.name}_bonus * {m.name}_met" for m in paying)
    return found | {"measure_bonuses": step(opened * sum(parts), f"{words}({products})")}
