"""Sample terms of capitation: global and partial, by rate cell, with a withhold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.capitation import Terms
from vbsim.payment_models.per_member import Cell, Withhold

CELLS = (Cell("child", 210.5), Cell("adult", 480.0, risk_score=1.07))
QUALITY = Terms(950.0, withhold=Withhold(0.05))
STANDARD = Terms(CELLS, withhold=Withhold(0.1, scaled=False, minimum_quality=0.7))
PARTIAL = Terms(
    CELLS, partial=True, withhold=Withhold(0.02, minimum_quality=0.5), social_needs_pmpm=2.0
)
TERMS: list[Any] = [
    Terms(0.0),
    Terms(20_000.0),
    QUALITY,
    STANDARD,
    PARTIAL,
    replace(QUALITY, withhold=Withhold(1.0, scaled=False)),
]
BETTER: list[tuple[Any, dict[str, Any]]] = [
    (Terms(900.0), {"pmpm": 901.0}),
    (STANDARD, {"pmpm": (Cell("child", 211.0), CELLS[1])}),
    (STANDARD, {"pmpm": (CELLS[0], replace(CELLS[1], risk_score=1.1))}),
    (STANDARD, {"withhold": Withhold(0.1, scaled=False, minimum_quality=0.6)}),
    (STANDARD, {"withhold": Withhold(0.08, scaled=False, minimum_quality=0.7)}),
    (QUALITY, {"withhold": Withhold(0.0)}),
    (PARTIAL, {"withhold": Withhold(0.02)}),
    (PARTIAL, {"social_needs_pmpm": 1.0}),
    (replace(PARTIAL, partial=False), {"partial": True}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (QUALITY, {"pmpm": -1.0}, r"pmpm is -1; expected 0 or more"),
    (QUALITY, {"pmpm": np.nan}, r"pmpm is nan; expected 0 or more"),
    (QUALITY, {"pmpm": ()}, r"pmpm has no rate cells; expected one for each segment"),
    (QUALITY, {"pmpm": (Cell("child", -5.0),)}, r"pmpm of child is -5; expected 0 or more"),
    (QUALITY, {"pmpm": (Cell("child", 5.0, -1.0),)}, r"risk score of child is -1; expected 0 to"),
    (QUALITY, {"pmpm": (CELLS[0], CELLS[0])}, r"cells child, child; expected each name once"),
    (QUALITY, {"social_needs_pmpm": np.nan}, r"social_needs_pmpm is nan USD; expected 0 or more"),
    (QUALITY.withhold, {"share": 2.0}, r"withhold is 2; expected .* 0 and 1 \(write 2 % as 0.02"),
    (QUALITY.withhold, {"minimum_quality": 70.0}, r"minimum_quality is 70; expected between 0"),
]


def most_paid(terms: Terms, year: ContractYear) -> FloatArray:
    """All of the capitation; the rest is what the provider pays."""
    if isinstance(terms.pmpm, float):
        return 12.0 * terms.pmpm * year.person_years
    rates = np.array([cell.pmpm * cell.risk_score for cell in terms.pmpm])
    return np.asarray(12.0 * year.segment_person_years @ rates)


def most_owed(terms: Terms, year: ContractYear) -> FloatArray:
    """Claims that the provider pays, and the intervention."""
    claims = year.basket_cost if terms.partial else year.cost
    return claims + 12.0 * terms.social_needs_pmpm * year.person_years
