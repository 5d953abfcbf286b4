"""Risk-based capital of a managed-care plan: its capital against an authorized control level.

After the formula of the National Association of Insurance Commissioners for health organizations:
independent risks are combined by the square root of the sum of their squares, beside the risk of
affiliates, and half of that is the authorized control level. Underwriting risk is a factor in
tiers on premium, times the ratio of incurred claims to premium, less a credit for claims that are
paid by fee schedule or capitation; business risk is a factor in tiers on administration. Asset and
credit risk, which no simulation of claims tells, are amounts that the scenario states. The charge
for excessive growth is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import FloatArray, Line, Statement, amount, given, rate
from vbsim.vocabulary import SHARE, YES_OR_NO

Lines = dict[str, Line]
Tiers = tuple[float, float, float]
"""Factor below a threshold, threshold [USD], factor above it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Formula and the plan's own amounts.

    Parameters
    ----------
    capital
        Total adjusted capital at the start of the first year [USD].
    underwriting, business
        Tiers on premium and on administration.
    fee_schedule_credit, capitation_credit
        Part by which underwriting risk is lower on claims that are paid by fee schedule, and on
        sub-capitation.
    affiliates, asset_risk, credit_risk
        H0, H1 and H3 [USD].
    control_share
        Authorized control level, as a part of risk-based capital after covariance.
    action_level
        Ratio of capital to the authorized control level below which the plan must act.
    """

    capital: float
    underwriting: Tiers
    business: Tiers
    fee_schedule_credit: float
    capitation_credit: float
    affiliates: float
    asset_risk: float
    credit_risk: float
    control_share: float
    action_level: float

    def __post_init__(self) -> None:
        """Refuse amounts below zero, and shares outside [0, 1]."""
        for name in ("capital", "affiliates", "asset_risk", "credit_risk", "action_level"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ParameterError(f"{name} is {getattr(self, name):g}; expected 0 or more")
        for name in ("fee_schedule_credit", "capitation_credit", "control_share"):
            clauses.check_share(name, getattr(self, name))


def with_risk_based_capital(
    statement: Statement, terms: Terms, capital: FloatArray | float
) -> tuple[FloatArray, Statement]:
    """Add the capital of a year to a plan's statement.

    Parameters
    ----------
    statement
        Of a managed-care plan.
    terms
        The formula.
    capital
        Total adjusted capital at the start of the year, (R,) [USD].

    Returns
    -------
    tuple
        Capital at the end of the year, (R,) [USD], and the statement; no line adds to its result.
    """
    lines = _underwriting(statement, terms) | _business(statement, terms)
    stated = {"affiliates": terms.affiliates, "asset_risk": terms.asset_risk}
    stated["credit_risk"] = terms.credit_risk
    lines |= {name: given(value, "as stated") for name, value in stated.items()}
    risks = ("asset_risk", "underwriting_risk", "credit_risk", "business_risk")
    squares = sum(lines[name].value ** 2 for name in risks)
    together = terms.affiliates + np.sqrt(squares)
    start = np.broadcast_to(capital, together.shape)
    end = start + statement.net
    level = terms.control_share * together
    ratio = np.divide(end, level, out=np.full_like(level, np.inf), where=level > 0.0)
    lines |= {
        "risk_based_capital": amount(
            together, "affiliates + (" + " + ".join(f"{r} ** 2" for r in risks) + ") ** 0.5"
        ),
        "control_share": given(terms.control_share, "of risk-based capital", SHARE),
        "authorized_control_level": amount(level, "control_share * risk_based_capital"),
        "capital_at_start": given(start, "total adjusted capital at the start of the year"),
        "capital_at_end": amount(end, " + ".join(["capital_at_start", *statement.steps])),
        "risk_based_capital_ratio": rate(ratio, "capital_at_end / authorized_control_level"),
        "action_level": given(terms.action_level, "ratio below which a plan must act", "ratio"),
        "below_action_level": amount(
            (ratio < terms.action_level) * 1.0,
            "1 if risk_based_capital_ratio < action_level else 0",
            YES_OR_NO,
        ),
    }
    return end, statement.plus(lines)


def _tiered(name: str, what: str, value: FloatArray, words: str, tiers: Tiers) -> Lines:
    """Lines of a factor in two tiers on an amount; the last is the charge."""
    below, at, above = tiers
    charge = below * np.minimum(value, at) + above * np.maximum(value - at, 0.0)
    return {
        f"{name}_factor": given(below, f"of {what}", SHARE),
        f"{name}_threshold": given(at, "where the second tier begins"),
        f"{name}_factor_above": given(above, f"of {what} above it", SHARE),
        f"{name}_charge": amount(
            charge,
            f"{name}_factor * min({words}, {name}_threshold)"
            f" + {name}_factor_above * max({words} - {name}_threshold, 0)",
        ),
    }


def _underwriting(statement: Statement, terms: Terms) -> Lines:
    """Lines of the risk that premiums do not suffice."""
    premium = statement.lines["premium"].value
    claims, paid = statement.lines["claims"].value, np.zeros_like(premium)
    incurred, words = -claims, "-claims"
    if "sub_capitation" in statement.lines:
        paid = -statement.lines["sub_capitation"].value
        incurred, words = incurred + paid, "-(claims + sub_capitation)"
    lines = _tiered("underwriting", "premium", premium, "premium", terms.underwriting)
    credited = terms.fee_schedule_credit * -claims + terms.capitation_credit * paid
    credit = np.divide(credited, incurred, out=np.zeros_like(premium), where=incurred > 0.0)
    ratio = np.divide(incurred, premium, out=np.zeros_like(premium), where=premium > 0.0)
    fees = "fee_schedule_credit * -claims"
    if "sub_capitation" in statement.lines:
        fees = f"({fees} + capitation_credit * -sub_capitation)"
    lines |= {
        "incurred_claims": amount(incurred, words),
        "claims_ratio": rate(ratio, "incurred_claims / premium if premium > 0 else 0"),
        "fee_schedule_credit": given(
            terms.fee_schedule_credit, "for claims by fee schedule", SHARE
        ),
        "capitation_credit": given(terms.capitation_credit, "for sub-capitation", SHARE),
        "managed_care_credit": rate(
            credit, f"{fees} / incurred_claims if incurred_claims > 0 else 0"
        ),
        "underwriting_risk": amount(
            lines["underwriting_charge"].value * ratio * (1.0 - credit),
            "underwriting_charge * claims_ratio * (1 - managed_care_credit)",
        ),
    }
    return lines


def _business(statement: Statement, terms: Terms) -> Lines:
    """Lines of the risk of administration."""
    if "administration" not in statement.lines:
        return {"business_risk": given(np.zeros(1), "no administration is stated")}
    spent = -statement.lines["administration"].value
    lines = _tiered("business", "administration", spent, "-administration", terms.business)
    return lines | {"business_risk": amount(lines["business_charge"].value, "business_charge")}
