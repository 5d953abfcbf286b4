"""The provider's own economics beside its contract: what use, programs and waiting cost it.

Of the claims of each service the holder of the contract, with its own practices and hospitals,
renders a share itself. Of that revenue a contribution margin is left after the costs that vary
with volume; what does not vary was budgeted at the expected use. So when use falls, through a
program's success or through luck, the margin of the revenue lost is lost as well, and when it
rises it is gained: a hedge against shared losses, and a price of shared savings. Under capitation
the same holds, as the claims that the provider pays itself are in the contract's result at full
price.

In the ledger the practices are part of the downstream provider, who is paid all claims; what their
margin changes against the budget passes to the holder. Programs, infrastructure and lenders are
vendors.
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
    rate,
    step,
)
from vbsim.vocabulary import DOWNSTREAM, SHARE, VENDOR

Lines = dict[str, Line]
_PAID_MEANWHILE = ("social_needs_intervention",)


@dataclass(frozen=True, slots=True)
class OwnService:
    """A service that the holder renders in part.

    Parameters
    ----------
    name
        Name of the service.
    share
        Part of its claims that the holder renders.
    margin
        Contribution margin, part of the revenue.
    expected
        Budgeted cost of the service per person-year of each segment, without savings, (S,) [USD].
    """

    name: str
    share: float
    margin: float
    expected: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1]."""
        clauses.check_share(f"own share of {self.name}", self.share)
        clauses.check_share(f"contribution margin of {self.name}", self.margin)

    def __str__(self) -> str:
        """Write the service as tables of terms show it."""
        return f"{self.name} {self.share:g} at margin {self.margin:g}"


@dataclass(frozen=True, slots=True)
class Terms:
    """Economics of one contract year.

    Parameters
    ----------
    services
        Services that the holder renders in part.
    program_pmpm
        Cost of programs [USD PMPM].
    infrastructure
        Cost of infrastructure [USD a year].
    lag_months
        Months from the end of the year until the contract's money is paid.
    interest_rate
        Rate a year at which the holder borrows meanwhile.
    """

    services: tuple[OwnService, ...] = ()
    program_pmpm: float = 0.0
    infrastructure: float = 0.0
    lag_months: float = 0.0
    interest_rate: float = 0.0

    def __post_init__(self) -> None:
        """Refuse amounts below zero, and rates that are none."""
        for name in ("program_pmpm", "infrastructure", "lag_months"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ParameterError(f"{name} is {getattr(self, name):g}; expected 0 or more")
        clauses.check_share("interest_rate", self.interest_rate)


def with_economics(
    statement: Statement,
    terms: Terms,
    claims: dict[str, FloatArray],
    segment_person_years: FloatArray,
) -> Statement:
    """Add the holder's own economics to a statement.

    Parameters
    ----------
    statement
        Of the contract before any stop-loss; all that it pays waits for the settlement.
    terms
        Of the year.
    claims
        Claims of each service that the holder renders in part, (R,) [USD].
    segment_person_years
        Exposure, (R, S).
    """
    lines = _margin(terms, claims, segment_person_years)
    months = 12.0 * segment_person_years.sum(axis=1)
    if terms.program_pmpm:
        lines["program_pmpm"] = given(terms.program_pmpm, "cost of programs", "USD PMPM")
        lines["program_months"] = given(months, "exposure", "member-months")
        lines["program_cost"] = step(-terms.program_pmpm * months, "-program_pmpm * program_months")
    if terms.infrastructure:
        lines["infrastructure"] = given(terms.infrastructure, "infrastructure, a year")
        lines["infrastructure_cost"] = step(
            np.full_like(months, -terms.infrastructure), "-infrastructure"
        )
    lines |= _interest(statement, terms)
    flows = []
    for name, other in (
        ("own_margin_change", DOWNSTREAM),
        ("program_cost", VENDOR),
        ("infrastructure_cost", VENDOR),
        ("interest_on_lag", VENDOR),
    ):
        if name in lines:
            what, value = name.replace("_", " "), lines[name].value
            flows.append(Transfer(other, statement.party, what, np.maximum(value, 0.0)))
            flows.append(Transfer(statement.party, other, what, np.maximum(-value, 0.0)))
    return statement.plus(lines, flows)


def _margin(terms: Terms, claims: dict[str, FloatArray], exposure: FloatArray) -> Lines:
    """Lines of the holder's own revenue against the budget, and the margin it brings or costs."""
    lines: Lines = {}
    change, words = np.zeros(len(exposure)), []
    for service in terms.services:
        name = service.name
        expected = _weighted(exposure, service.expected)
        moved = service.share * (claims[name] - expected)
        lines |= {
            f"own_{name}_share": given(service.share, "part that the holder renders", SHARE),
            f"own_{name}_margin": given(service.margin, "contribution margin, of revenue", SHARE),
            f"all_{name}_claims": given(claims[name], f"claims of {name.replace('_', ' ')}"),
            f"all_{name}_budget": given(expected, "the same as expected, without savings"),
            f"own_{name}_revenue_change": amount(
                moved, f"own_{name}_share * (all_{name}_claims - all_{name}_budget)"
            ),
        }
        change = change + service.margin * moved
        words.append(f"own_{name}_margin * own_{name}_revenue_change")
    if words:
        lines["own_margin_change"] = step(change, " + ".join(words))
    return lines


def _weighted(exposure: FloatArray, expected: tuple[float, ...]) -> FloatArray:
    """Sum over segments, one after the other: the same whatever the number of realizations."""
    total = np.zeros(len(exposure))
    for column, per_person_year in enumerate(expected):
        total += per_person_year * exposure[:, column]
    return total


def _interest(statement: Statement, terms: Terms) -> Lines:
    """Lines of what waiting for the settlement costs, or brings if money is owed."""
    if not (terms.lag_months and terms.interest_rate):
        return {}
    lost = 1.0 - (1.0 + terms.interest_rate) ** (-terms.lag_months / 12.0)
    steps = {name: v for name, v in statement.steps.items() if name not in _PAID_MEANWHILE}
    settled = sum(steps.values(), np.zeros(1))
    return {
        "lag_months": given(terms.lag_months, "from the end of the year to the money", "months"),
        "interest_rate": given(terms.interest_rate, "a year", SHARE),
        "lag_discount": rate(lost, "1 - (1 + interest_rate) ** (-lag_months / 12)"),
        "settled": amount(settled, " + ".join(steps)),
        "interest_on_lag": step(-lost * settled, "-lag_discount * settled"),
    }
