"""Sample terms of managed-care plans: loss ratio, credibility, corridors, sub-capitation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.managed_care import Terms
from vbsim.payment_models.per_member import Cell, Withhold

CELLS = (Cell("child", 250.0), Cell("adult", 520.0, risk_score=1.05))
GROUPS = (Cell("child", 22.0), Cell("adult", 31.0))
PLAIN = Terms(400.0)
SPENDING = {"administration": 0.08, "quality_improvement": 0.01, "taxes_and_fees": 0.02}
POINTS = ((5_400.0, 0.084), (12_000.0, 0.057), (380_000.0, 0.010))
FLOOR = Terms(CELLS, **SPENDING, minimum_medical_loss_ratio=0.85, credibility=POINTS)
MICHIGAN = Terms(CELLS, **SPENDING, corridor=((0.0, 1.0), (0.05, 0.5), (0.10, 0.0)))
GROUPED = replace(
    FLOOR,
    sub_capitation=GROUPS,
    withhold=Withhold(0.03, minimum_quality=0.5),
    remittance_share=0.5,
    credibility=(),
)
TWO_SIDED = replace(
    GROUPED,
    corridor=((0.0, 1.0), (0.02, 0.5), (0.04, 0.0)),
    loss_corridor=((0.0, 1.0), (0.02, 0.5), (0.04, 0.0)),
    corridor_target=0.88,
    corridor_of_medical_spending=True,
)
TERMS: list[Any] = [
    PLAIN,
    Terms(0.0, minimum_medical_loss_ratio=0.85),
    FLOOR,
    MICHIGAN,
    TWO_SIDED,
    replace(TWO_SIDED, corridor_target=1.0, taxes_and_fees=0.2, sub_capitation=25.0),
]
BETTER: list[tuple[Any, dict[str, Any]]] = [
    (PLAIN, {"premium": 401.0}),
    # Of a dollar more 2 % are taxes and 8 % administration, and at most 85 % of the rest is
    # returned; more medical spending is counted, too: 1 - 0.02 - 0.08 - 0.01 - 0.85 * 0.98 + 0.01.
    (FLOOR, {"premium": (Cell("child", 260.0), CELLS[1])}),
    (GROUPED, {"premium": (CELLS[0], replace(CELLS[1], pmpm=530.0))}),
    (FLOOR, {"administration": 0.07}),
    (GROUPED, {"sub_capitation": (Cell("child", 22.0), Cell("adult", 30.0))}),
    (GROUPED, {"withhold": Withhold(0.02, minimum_quality=0.5)}),
    (FLOOR, {"minimum_medical_loss_ratio": 0.80}),
    (FLOOR, {"remittance_share": 0.6}),
    (FLOOR, {"credibility": ((5_400.0, 0.10), (12_000.0, 0.06), (400_000.0, 0.012))}),
    (replace(FLOOR, credibility=()), {"credibility": POINTS}),
    (MICHIGAN, {"corridor": ((0.0, 1.0), (0.06, 0.5), (0.10, 0.1))}),
    (MICHIGAN, {"loss_corridor": ((0.0, 1.0), (0.05, 0.5))}),
    (TWO_SIDED, {"loss_corridor": ((0.0, 0.9), (0.02, 0.5), (0.04, 0.0))}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (PLAIN, {"premium": -1.0}, r"premium is -1; expected 0 or more"),
    (PLAIN, {"sub_capitation": np.inf}, r"sub_capitation is inf; expected 0 or more"),
    (PLAIN, {"administration": 8.0}, r"administration is 8; expected .* \(write 2 % as 0.02\)"),
    (PLAIN, {"minimum_medical_loss_ratio": 85.0}, r"minimum_medical_loss_ratio is 85; expected"),
    (PLAIN, {"remittance_share": np.nan}, r"remittance_share is nan; expected between 0 and 1"),
    (PLAIN, {"corridor": ((0.05, 1.0),)}, r"corridor begin at \[0.05\]; expected 0 first"),
    (PLAIN, {"loss_corridor": ((0.0, 1.0),)}, r"loss_corridor stands alone; expected a corridor"),
    (MICHIGAN, {"loss_corridor": ((0.0, 2.0),)}, r"a share of loss_corridor is 2; expected"),
    (FLOOR, {"credibility": ((0.0, 0.1),)}, r"credibility of 0 member months; expected more than"),
    (FLOOR, {"credibility": ((9.0, 10.0),)}, r"a credibility adjustment is 10; expected between"),
    (FLOOR, {"credibility": ((9.0, 0.1), (8.0, 0.0))}, r"0.1 at 9 member months to 0 at 8; expect"),
    (FLOOR, {"credibility": ((9.0, 0.1), (99.0, 0.2))}, r"and no larger adjustment for more"),
]


def revenue(terms: Terms, year: ContractYear) -> FloatArray:
    """All of the premium."""
    if isinstance(terms.premium, float):
        return 12.0 * terms.premium * year.person_years
    rates = np.array([cell.pmpm * cell.risk_score for cell in terms.premium])
    return np.asarray(12.0 * year.segment_person_years @ rates)


def most_paid(terms: Terms, year: ContractYear) -> FloatArray:
    """What the corridor lets a plan keep, or all of the premium."""
    ends = [end for end, _ in terms.corridor]
    if not ends or terms.corridor[-1][1] or terms.corridor_of_medical_spending:
        return revenue(terms, year)
    bands = zip(terms.corridor, ends[1:], strict=False)
    return sum((high - low) * part for (low, part), high in bands) * revenue(terms, year)
