"""Sources of uncertainty, one per file, all of one shape.

A generator turns uniforms into values. Its module holds

* ``Params``: a frozen dataclass that cannot hold nonsense,
* ``labels(params)``: a name for each uniform that one draw takes; the name, not the position, keys
  the stream, so that a new service or source changes no other draw,
* ``values(params, uniforms)``: uniforms in (0, 1) of shape (..., labels) to values,
* ``mean(params)``: the exact mean of those values.

A contract test runs over ``GENERATORS``: a new file and its line here are tested before their
author writes a test. The kernels draw members and claims from tables made by the same modules.
"""

from types import ModuleType

from vbsim.generators import (
    entity_year,
    episodes,
    intervention,
    parameter,
    population,
    quality,
    quality_measures,
    risk_score,
    shocks,
    trend,
    true_savings,
    unit_cost,
    utilization,
)

GENERATORS: dict[str, ModuleType] = {
    "entity_year": entity_year,
    "episodes": episodes,
    "intervention": intervention,
    "parameter": parameter,
    "population": population,
    "quality": quality,
    "quality_measures": quality_measures,
    "risk_score": risk_score,
    "shocks": shocks,
    "trend": trend,
    "true_savings": true_savings,
    "unit_cost": unit_cost,
    "utilization": utilization,
}
