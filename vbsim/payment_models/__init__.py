"""Payment models, one per file; ``base.py`` says what every one takes and gives."""

from types import ModuleType

from vbsim.payment_models import (
    capitation,
    care_coordination,
    corridor,
    fee_for_service,
    managed_care,
    pay_for_performance,
    prospective_bundle,
    retrospective_bundle,
    shared_savings,
)

MODELS: dict[str, ModuleType] = {
    "capitation": capitation,
    "care_coordination": care_coordination,
    "corridor": corridor,
    "fee_for_service": fee_for_service,
    "managed_care": managed_care,
    "pay_for_performance": pay_for_performance,
    "prospective_bundle": prospective_bundle,
    "retrospective_bundle": retrospective_bundle,
    "shared_savings": shared_savings,
}
