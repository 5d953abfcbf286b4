"""Sample terms of prospective bundles."""

from __future__ import annotations

from typing import Any

from vbsim.payment_models.prospective_bundle import Terms

PLAIN = Terms(("joint", "bypass"), (24_000.0, 48_000.0), 0.9)
TERMS: list[Any] = [PLAIN, Terms(("joint", "bypass"), (0.0, 1e6), 0.0)]
BETTER: list[tuple[Any, dict[str, Any]]] = [
    (PLAIN, {"prices": (25_000.0, 48_000.0)}),
    (PLAIN, {"internal_cost_share": 0.8}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (PLAIN, {"prices": (1.0,)}, r"2 episode types and 1 prices; expected as many"),
    (PLAIN, {"internal_cost_share": -0.1}, r"price or cost share is -0.1; expected 0 or more"),
]
