"""Published figures that nobody here chose, each computed anew and held against its tolerance."""

from vbsim.validation.base import (
    MISS,
    NOT_COMPUTED,
    PASS,
    Found,
    Result,
    Target,
    evaluate,
    evaluate_all,
)
from vbsim.validation.registry import GROUPS, MISSES, targets
from vbsim.validation.sensitivity import Moved, Sensitivity, sensitivity
from vbsim.validation.story import Validation, validate

__all__ = [
    "GROUPS",
    "MISS",
    "MISSES",
    "NOT_COMPUTED",
    "PASS",
    "Found",
    "Moved",
    "Result",
    "Sensitivity",
    "Target",
    "Validation",
    "evaluate",
    "evaluate_all",
    "sensitivity",
    "targets",
    "validate",
]
