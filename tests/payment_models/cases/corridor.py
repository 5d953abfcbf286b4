"""Sample terms of risk corridors: programs, caps as bands, prepaid and extreme ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.corridor import Terms

GLOBAL = Terms(((0.0, 1.0), (0.25, 0.5), (0.35, 0.25), (0.5, 0.1)), 0.03, 0.02, 0.02)
HALF = Terms(((0.0, 0.5),), 0.0, 0.0, 0.0)
UNLIKE = replace(
    GLOBAL,
    corridors=((0.0, 0.6), (0.1, 0.35), (0.15, 0.15)),
    loss_corridors=((0.0, 0.5), (0.1, 0.35)),
    loss_sequestration=0.02,
)
CAPPED = Terms(((0.0, 0.8), (0.05, 0.0)), 0.0, 0.0, 0.02)
PREPAID = replace(GLOBAL, capitation=0.9, capitated_share=0.7, enhanced_capitation=0.02)
TERMS: list[Any] = [
    GLOBAL,
    HALF,
    UNLIKE,
    CAPPED,
    PREPAID,
    replace(GLOBAL, health_equity_pbpm=30.0, retention_withhold=0.02),
    replace(HALF, health_equity_pbpm=-10.0, capitation=0.07),
    Terms(((0.0, 1.0),), 1.0, 1.0, 1.0, loss_sequestration=1.0, health_equity_pbpm=-1000.0),
    Terms(((0.0, 0.0),), 0.0, 1.0, 0.0, capitated_share=1.0, enhanced_capitation=1.0),
]
BETTER: list[tuple[Any, dict[str, Any]]] = [
    # A lower discount is not better in every realization: it widens the bands as well, and deep in
    # the losses a wider band costs more than the benchmark gains.
    (GLOBAL, {"sequestration": 0.0}),
    (UNLIKE, {"loss_sequestration": 0.03}),
    (UNLIKE, {"loss_corridors": ((0.0, 0.4), (0.1, 0.35))}),
    (UNLIKE, {"corridors": ((0.0, 0.6), (0.12, 0.35), (0.15, 0.15))}),
    (CAPPED, {"corridors": ((0.0, 0.8), (0.06, 0.0)), "loss_corridors": CAPPED.corridors}),
    (HALF, {"discount": 0.0, "health_equity_pbpm": 5.0}),
    (HALF, {"retention_withhold": 0.02}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (GLOBAL, {"corridors": ()}, r"corridors begin at \[\]; expected 0 first, then rising"),
    (GLOBAL, {"corridors": ((0.1, 0.5),)}, r"corridors begin at \[0.1\]; expected 0 first"),
    (GLOBAL, {"corridors": ((0.0, 0.5), (0.0, 0.2))}, r"expected 0 first, then rising"),
    (GLOBAL, {"corridors": ((0.0, 0.5), (np.nan, 0.2))}, r"expected 0 first, then rising"),
    (GLOBAL, {"corridors": ((0.0, 50.0),)}, r"a share of corridors is 50; .*write 2 % as 0.02"),
    (GLOBAL, {"loss_corridors": ((0.0, -0.1),)}, r"a share of loss_corridors is -0.1; expected"),
    (GLOBAL, {"discount": 3.0}, r"discount is 3; expected between 0 and 1 \(write 2 % as 0.02\)"),
    (GLOBAL, {"quality_withhold": np.nan}, r"quality_withhold is nan; expected between 0 and 1"),
    (GLOBAL, {"loss_sequestration": 1.2}, r"loss_sequestration is 1.2; expected between 0 and 1"),
    (GLOBAL, {"enhanced_capitation": -0.1}, r"enhanced_capitation is -0.1; expected between"),
    (GLOBAL, {"health_equity_pbpm": 1e4}, r"health_equity_pbpm is 10000 USD; expected an amount"),
    (GLOBAL, {"health_equity_pbpm": np.nan}, r"health_equity_pbpm is nan USD; expected"),
]


def most_paid(terms: Terms, year: ContractYear) -> FloatArray:
    """All of the benchmark, with what is added to it."""
    return year.benchmark + 12.0 * max(terms.health_equity_pbpm, 0.0) * year.person_years


def most_owed(terms: Terms, year: ContractYear) -> FloatArray:
    """No more than was spent."""
    return np.maximum(year.expenditure, 0.0)
