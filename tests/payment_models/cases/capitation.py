"""Sample terms of capitation."""

from __future__ import annotations

from typing import Any

import numpy as np

from vbsim.payment_models.capitation import Terms

TERMS: list[Any] = [Terms(pmpm) for pmpm in (0.0, 950.0, 20_000.0)]
BETTER: list[tuple[Any, dict[str, Any]]] = [(Terms(900.0), {"pmpm": 901.0})]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (Terms(1.0), {"pmpm": -1.0}, r"pmpm is -1; expected 0 or more"),
    (Terms(1.0), {"pmpm": np.nan}, r"pmpm is nan; expected 0 or more"),
]
