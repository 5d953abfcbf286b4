"""Sample terms of retrospective bundles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vbsim.payment_models.base import ContractYear, FloatArray
from vbsim.payment_models.retrospective_bundle import Terms

TRACK_3 = Terms(
    types=("joint", "bypass"),
    prices=(24_000.0, 48_000.0),
    discounts=(0.02, 0.015),
    quality_bands=(),
    quality_scale=100.0,
    quality_cut=0.10,
    quality_relief=0.10,
    two_sided=True,
    stop_gain=0.2,
    stop_loss=0.2,
)
BANDS = ((0.0, 0.03, 0.03, 0.0), (5.0, 0.03, 0.03, 1.0), (6.9, 0.015, 0.01, 1.0))
BY_QUALITY = replace(
    TRACK_3, quality_bands=BANDS, quality_scale=20.0, quality_cut=0.0, quality_relief=0.0
)
TERMS: list[Any] = [
    TRACK_3,
    BY_QUALITY,
    replace(TRACK_3, two_sided=False, stop_gain=0.1),
    replace(TRACK_3, stop_gain=0.0, stop_loss=0.0),
    replace(TRACK_3, prices=(0.0, 0.0)),
]
# A lower stop-loss share is better; a price is not always: it widens stop-loss as well.
BETTER: list[tuple[Any, dict[str, Any]]] = [
    (TRACK_3, {"stop_gain": 0.3}),
    (TRACK_3, {"stop_loss": 0.1}),
    (TRACK_3, {"quality_cut": 0.05}),
    (TRACK_3, {"quality_relief": 0.15}),
    (TRACK_3, {"two_sided": False}),
]
NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (TRACK_3, {"prices": (1.0,)}, r"2 episode types, 1 prices and 2 discounts; expected as many"),
    (TRACK_3, {"prices": (1.0, -1.0)}, r"price or scale is -1; expected 0 or more"),
    (TRACK_3, {"stop_loss": 20.0}, r"20 is no share; .*write 2 % as 0.02"),
    (BY_QUALITY, {"quality_bands": BANDS[1:]}, r"quality bands begin at .*; expected 0 first"),
]


def target(terms: Any, year: ContractYear) -> FloatArray:
    return np.asarray(year.episodes @ np.array(terms.prices))


def most_paid(terms: Any, year: ContractYear) -> FloatArray:
    """Most that the provider receives [USD]."""
    return np.asarray(terms.stop_gain * target(terms, year))


def most_owed(terms: Any, year: ContractYear) -> FloatArray:
    """Most that the provider owes [USD]."""
    return np.asarray(terms.stop_loss * target(terms, year) * terms.two_sided)
