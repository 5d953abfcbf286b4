"""What a program costs the holder of a contract, and what it spares in administration.

The holder pays a vendor, who stands for everybody who does the work: per member of the population
(platform, data, screening), per member flagged (outreach) and per member who takes part (care
managers). Automated calls spare work that the holder would have paid for otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models.base import FloatArray, Statement, Transfer, given, step
from vbsim.vocabulary import VENDOR


@dataclass(frozen=True, slots=True)
class Terms:
    """Prices of a program; magnitudes >= 0 but for the saving, which may be negative.

    Parameters
    ----------
    member_pmpm
        Per member of the population and month [USD PMPM].
    flagged_cost
        Per member flagged in a year [USD].
    engaged_pmpm
        Per member who takes part and month [USD PMPM].
    administrative_saving_pmpm
        Work spared by automation, less what the automation costs, per member and month [USD PMPM].
    """

    member_pmpm: float = 0.0
    flagged_cost: float = 0.0
    engaged_pmpm: float = 0.0
    administrative_saving_pmpm: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative prices."""
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if name != "administrative_saving_pmpm" and not value >= 0.0:
                raise ParameterError(f"{name} is {value:g}; expected 0 or more")


def cost(
    terms: Terms, person_years: FloatArray, flagged: FloatArray, engaged_years: FloatArray
) -> FloatArray:
    """Cost of a year [USD], from exposure, members flagged and exposure of those engaged."""
    population = terms.member_pmpm * 12.0 * person_years
    return np.asarray(
        population + terms.flagged_cost * flagged + terms.engaged_pmpm * 12.0 * engaged_years
    )


def saving(terms: Terms, person_years: FloatArray) -> FloatArray:
    """Administration spared in a year, less what that costs [USD]; may be negative."""
    return np.asarray(terms.administrative_saving_pmpm * 12.0 * person_years)


def with_program(
    statement: Statement,
    terms: Terms,
    person_years: FloatArray,
    flagged: FloatArray,
    engaged_years: FloatArray,
) -> Statement:
    """Add what the program costs and spares to a statement; its party pays."""
    paid, spared = cost(terms, person_years, flagged, engaged_years), saving(terms, person_years)
    lines = {
        "intervention_months": given(12.0 * person_years, "exposure", "member-months"),
        "intervention_pmpm": given(terms.member_pmpm, "program, each member", "USD PMPM"),
        "intervention_flagged": given(flagged, "members flagged by the program", "members"),
        "intervention_flagged_cost": given(
            terms.flagged_cost, "outreach, each flagged member", "USD"
        ),
        "intervention_engaged_months": given(
            12.0 * engaged_years, "exposure of members who take part", "member-months"
        ),
        "intervention_engaged_pmpm": given(
            terms.engaged_pmpm, "program, each who takes part", "USD PMPM"
        ),
        "administrative_saving_pmpm": given(
            terms.administrative_saving_pmpm, "work spared by automation, net", "USD PMPM"
        ),
        "intervention_cost": step(
            -paid,
            "-(intervention_pmpm * intervention_months"
            " + intervention_flagged_cost * intervention_flagged"
            " + intervention_engaged_pmpm * intervention_engaged_months)",
        ),
        "administrative_saving": step(spared, "administrative_saving_pmpm * intervention_months"),
    }
    flows = (
        Transfer(statement.party, VENDOR, "program", paid),
        Transfer(VENDOR, statement.party, "administration spared", np.maximum(spared, 0.0)),
        Transfer(statement.party, VENDOR, "automation", np.maximum(-spared, 0.0)),
    )
    return statement.plus(lines, flows)
