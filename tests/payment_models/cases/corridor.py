"""Sample terms of risk corridors."""

from __future__ import annotations

from typing import Any

from vbsim.payment_models.corridor import Terms

GLOBAL = ((0.0, 1.0), (0.25, 0.5), (0.35, 0.25), (0.5, 0.1))
HALF = ((0.0, 0.5),)
TERMS: list[Any] = [Terms(bands, 0.03, 0.02, 0.02) for bands in (GLOBAL, HALF)]
# A lower discount is not better in every realization: it widens the bands as well, and deep in the
# losses a wider band costs more than the benchmark gains.
BETTER: list[tuple[Any, dict[str, Any]]] = [(TERMS[0], {"sequestration": 0.0})]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (TERMS[0], {"discount": 3.0}, r"3 is no share; expected 0 to 1 \(write 2 % as 0.02\)"),
    (TERMS[0], {"corridors": ((0.1, 1.0),)}, r"corridors begin at \[0.1\]; expected 0 first"),
]
