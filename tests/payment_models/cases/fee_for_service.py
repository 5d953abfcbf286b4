"""Sample terms of fee-for-service."""

from __future__ import annotations

from typing import Any

from vbsim.payment_models.fee_for_service import Terms

TERMS: list[Any] = [Terms()]
BETTER: list[tuple[Any, dict[str, Any]]] = []
NONSENSE: list[tuple[Any, dict[str, Any], str]] = []
