"""Care coordination: monthly fees for members who are enrolled, and new ways to pay primary care
(HCP-LAN category 2A; 4A where a population payment stands for the primary-care claims).

A contract has any of these parts:

* a fee per member per month by risk tier, out of which the provider pays for the service: a cost
  per member per month, and a fixed cost such as care managers' pay;
* a population payment and a flat fee per visit, which replace a part of the provider's own
  primary-care claims;
* an adjustment of its primary-care payment, whatever it consists of, at a rate by score;
* an incentive that is paid ahead, of which the score decides what is kept; the rest is clawed back;
* a single advance, kept or repaid.

The score is that of ``scoring.py``: the entity's, or of quality measures, those of utilization
among them. Where a gate is missed, a least score or measures that must be met, nothing of the
incentive is kept, and the adjustment is at most a stated rate.

Adjustments and claw-backs are settled with the year they are earned in, although programs may take
a later one. Where claims are replaced the payer no longer pays them: the provider pays those who
deliver the care what fee-for-service would have paid them, so that the result is the gain over
fee-for-service.
"""

from __future__ import annotations

import numpy as np

from vbsim.payment_models import by_score, scoring
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
from vbsim.payment_models.care_coordination_terms import FULL_SCORE, Terms, Tier
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, SHARE, VENDOR

__all__ = ["Terms", "Tier", "settle"]

Lines = dict[str, Line]
_MONTHS, _PMPM = "member-months", "USD PMPM"
_ONE_POINT = scoring.Scale()
# Steps that money flows by in one direction alone: from whom, to whom.
_FLOWS = {
    "care_coordination_fee": (PAYER, PROVIDER),
    "population_payment": (PAYER, PROVIDER),
    "visit_fees": (PAYER, PROVIDER),
    "claims_replaced": (PROVIDER, DOWNSTREAM),
    "incentive_prepaid": (PAYER, PROVIDER),
    "clawed_back": (PROVIDER, PAYER),
    "advance_payment": (PAYER, PROVIDER),
    "advance_repayment": (PROVIDER, PAYER),
    "service_cost": (PROVIDER, VENDOR),
    "fixed_cost": (PROVIDER, VENDOR),
}


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    lines = _enrolled(year, terms)
    if terms.tiers:
        lines |= _fees(lines, terms)
    if terms.pays_primary_care or terms.population_pmpm:
        lines |= _primary_care(lines, year, terms)
    if terms.scored:
        lines |= scoring.score_lines(year, terms.measures, terms.domains, _ONE_POINT, FULL_SCORE)
        lines |= by_score.gates(lines, terms.measures, terms.minimum_score)
        lines |= _performance(lines, terms)
    lines |= _cost(lines, year, terms)
    return None, Statement(lines, _transfers(lines, year))


def _enrolled(year: ContractYear, terms: Terms) -> Lines:
    """Lines of the enrolled member-months of each segment, or of all members, and of each tier."""
    lines: Lines = {}
    exposure = year.segment_person_years if terms.segments else year.person_years[:, None]
    marks = [f"{segment}_" for segment in terms.segments] or [""]
    for column, (mark, share) in enumerate(zip(marks, terms.enrolled, strict=True)):
        years = exposure[:, column]
        lines |= {
            f"{mark}person_years": given(years, "exposure", "person-years"),
            f"{mark}enrolled_share": given(share, "part of the members enrolled", SHARE),
            f"{mark}enrolled_months": amount(
                12.0 * share * years, f"12 * {mark}enrolled_share * {mark}person_years", _MONTHS
            ),
        }
    months = [(f"{mark}enrolled_months", lines[f"{mark}enrolled_months"].value) for mark in marks]
    if terms.segments:
        lines["enrolled_months"] = _weighted(months, (1.0,) * len(months))
    for tier in terms.tiers:
        lines[f"{tier.name}_months"] = _weighted(months, tier.shares)
    return lines


def _weighted(months: list[tuple[str, FloatArray]], shares: tuple[float, ...]) -> Line:
    """Line of parts of several lines of months, added up."""
    total = sum(
        (share * value for share, (_, value) in zip(shares, months, strict=True)),
        start=np.zeros_like(months[0][1]),
    )
    words = [
        name if share == 1.0 else f"{share:.15g} * {name}"
        for share, (name, _) in zip(shares, months, strict=True)
    ]
    return amount(total, " + ".join(words), _MONTHS)


def _fees(lines: Lines, terms: Terms) -> Lines:
    """Lines of the fee of each tier, and of all."""
    found: Lines = {f"{t.name}_pmpm": given(t.pmpm, "fee of the tier", _PMPM) for t in terms.tiers}
    total = sum(
        (t.pmpm * lines[f"{t.name}_months"].value for t in terms.tiers),
        start=np.zeros_like(lines["enrolled_months"].value),
    )
    words = " + ".join(f"{t.name}_pmpm * {t.name}_months" for t in terms.tiers)
    return found | {"care_coordination_fee": step(total, words)}


def _primary_care(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Lines of what is paid for the provider's own primary care, and of the claims it replaces."""
    found: Lines = {}
    if terms.population_pmpm:
        months = lines["enrolled_months"].value
        found["population_pmpm"] = given(terms.population_pmpm, "population payment", _PMPM)
        found["population_payment"] = step(
            terms.population_pmpm * months, "population_pmpm * enrolled_months"
        )
    if terms.visit_fee:
        found |= _visits(year, terms)
    if not terms.pays_primary_care:
        return found
    paid = [name for name in ("population_payment", "visit_fees") if name in found]
    total = sum((found[name].value for name in paid), start=np.zeros_like(year.cost))
    found |= _own_claims(year, terms)
    return found | {
        "primary_care_payment": amount(
            total + found["remaining_claims"].value, " + ".join([*paid, "remaining_claims"])
        )
    }


def _own_claims(year: ContractYear, terms: Terms) -> Lines:
    """Lines of the provider's own primary-care claims: what is replaced, and what is left."""
    own = np.minimum(terms.cost_share * year.basket_cost, year.cost)
    found: Lines = {
        "claims_cost": given(year.cost, "all claims"),
        "basket_cost": given(year.basket_cost, "claims of primary care"),
        "cost_share": given(terms.cost_share, "the provider's own for enrolled members", SHARE),
        "own_claims": amount(own, "min(cost_share * basket_cost, claims_cost)"),
    }
    if not terms.replaced_share:
        return found | {"remaining_claims": amount(own, "own_claims")}
    replaced = terms.replaced_share * own
    return found | {
        "replaced_share": given(terms.replaced_share, "no longer paid as claims", SHARE),
        "claims_replaced": step(-replaced, "-replaced_share * own_claims"),
        "remaining_claims": amount(own - replaced, "own_claims + claims_replaced"),
    }


def _visits(year: ContractYear, terms: Terms) -> Lines:
    visits = terms.visit_share * year.basket_claims
    return {
        "basket_claims": given(year.basket_claims, "claims of primary care", "claims"),
        "visit_share": given(terms.visit_share, "visits to the provider itself", SHARE),
        "visits": amount(visits, "visit_share * basket_claims", "visits"),
        "visit_fee": given(terms.visit_fee, "fee per visit"),
        "visit_fees": step(terms.visit_fee * visits, "visit_fee * visits"),
    }


def _performance(lines: Lines, terms: Terms) -> Lines:
    """Lines of the adjustment, and of what is kept of money that was paid ahead."""
    found: Lines = {}
    if terms.pieces:
        found = by_score.rate_of_score(lines, terms.pieces, "adjustment_rate")
        paid, words = by_score.no_more_than(lines | found, "adjustment_rate", terms.missed_rate)
        found["performance_adjustment"] = step(
            paid * lines["primary_care_payment"].value, f"{words} * primary_care_payment"
        )
    if terms.incentive_pmpm + terms.fee_at_risk:
        found |= _paid_ahead(lines, terms)
    return found


def _paid_ahead(lines: Lines, terms: Terms) -> Lines:
    """Lines of the incentive, and of what is clawed back of it and of the fee at risk."""
    found = _kept(lines, terms)
    at_risk, words = np.zeros_like(lines["enrolled_months"].value), []
    if terms.incentive_pmpm:
        ahead = terms.incentive_pmpm * lines["enrolled_months"].value
        found["incentive_pmpm"] = given(terms.incentive_pmpm, "incentive paid ahead", _PMPM)
        found["incentive_prepaid"] = step(ahead, "incentive_pmpm * enrolled_months")
        at_risk, words = at_risk + ahead, ["incentive_prepaid"]
    if terms.fee_at_risk:
        found["fee_at_risk"] = given(terms.fee_at_risk, "part of the fee that is at risk", SHARE)
        at_risk = at_risk + terms.fee_at_risk * lines["care_coordination_fee"].value
        words.append("fee_at_risk * care_coordination_fee")
    lost = 1.0 - found["kept_share"].value
    return found | {
        "clawed_back": step(-lost * at_risk, f"-(1 - kept_share) * ({' + '.join(words)})")
    }


def _kept(lines: Lines, terms: Terms) -> Lines:
    """Lines of the share that the score keeps; none where the gate is missed."""
    name = "kept_share"
    opened, words = by_score.if_open(lines)
    found = by_score.rate_of_score(lines, terms.kept, name, "kept_")
    table = found[name]
    if words:
        found[name] = rate(opened * table.value, f"{words}({table.formula})")
    return found


def _cost(lines: Lines, year: ContractYear, terms: Terms) -> Lines:
    """Lines of an advance, and of what the service costs; at least one line that adds up."""
    found: Lines = {}
    if terms.advance:
        repaid = terms.advance_repaid * terms.advance
        ones = np.ones_like(year.cost)
        found |= {
            "advance_paid": given(terms.advance, "single payment"),
            "advance_repaid_share": given(terms.advance_repaid, "repaid at settlement", SHARE),
            "advance_payment": step(terms.advance * ones, "advance_paid"),
            "advance_repayment": step(-repaid * ones, "-advance_repaid_share * advance_paid"),
        }
    if terms.cost_pmpm or not any(line.adds for line in (lines | found).values()):
        cost = terms.cost_pmpm * lines["enrolled_months"].value
        found |= {
            "cost_pmpm": given(terms.cost_pmpm, "cost of the service", _PMPM),
            "service_cost": step(-cost, "-cost_pmpm * enrolled_months"),
        }
    if terms.fixed_cost:
        found |= {
            "yearly_cost": given(terms.fixed_cost, "fixed before the year, whoever enrolls"),
            "fixed_cost": step(-terms.fixed_cost * np.ones_like(year.cost), "-yearly_cost"),
        }
    return found


def _transfers(lines: Lines, year: ContractYear) -> tuple[Transfer, ...]:
    """Flows of every step, and of the claims that are still paid as such."""
    zero = np.zeros_like(year.cost)
    replaced = -lines["claims_replaced"].value if "claims_replaced" in lines else zero
    flows = [Transfer(PAYER, DOWNSTREAM, "claims", year.cost - replaced)]
    for name, (source, target) in _FLOWS.items():
        if name in lines:
            moved = np.abs(lines[name].value)
            flows.append(Transfer(source, target, name.replace("_", " "), moved))
    if "performance_adjustment" in lines:
        paid, what = lines["performance_adjustment"].value, "performance adjustment"
        flows.append(Transfer(PAYER, PROVIDER, what, np.maximum(paid, 0.0)))
        flows.append(Transfer(PROVIDER, PAYER, what, np.maximum(-paid, 0.0)))
    return tuple(flows)
