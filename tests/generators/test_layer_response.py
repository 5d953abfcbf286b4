"""Response of layers to factors, against the exact annual cost worked out anew with the factors in.

The annual cost of a member with other rates, or other unit costs, is another exact distribution
(``annual_cost``, on a finer grid): its limited means are the oracle.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbsim.generators import annual_cost, layer_response, population, unit_cost, utilization

PEOPLE = population.Params(risk_sd=0.9, ill_share=0.15, ill_ratio=12.0)
COSTS = tuple(
    unit_cost.Params.from_spec({family: {"mean": mean, "cv": cv}})
    for family, mean, cv in (("lognormal", 12_000.0, 1.1), ("gamma", 300.0, 1.5))
)
RATES = (0.3, 18.0)
POWERS = (1.1, 0.85)
MOMENTS = tuple(population.risk_moment(PEOPLE, power) for power in POWERS)
USE = utilization.Params(("inpatient", "physician"), RATES, POWERS, 3.0, MOMENTS)
ALL, FIRST = np.array([True, True]), np.array([True, False])
LAYERS = ((ALL, 0.0, 90_000.0), (ALL, 120_000.0, np.inf), (FIRST, 20_000.0, 60_000.0))
RESPONSE = layer_response.respond(PEOPLE, USE, COSTS, (1.0, 1.0), LAYERS)


def exact(layer: int, use: tuple[float, float], price: float) -> tuple[float, float]:
    """Mean and standard deviation of a layer with factors on rates and on all prices."""
    basket, lower, upper = LAYERS[layer]
    rates = tuple(rate * factor for rate, factor in zip(RATES, use, strict=True))
    costs = COSTS if basket.all() else COSTS[:1]
    found = annual_cost.annual_cost(PEOPLE, replace(USE, rates=rates).of(basket), costs)
    moments = found.layer_moments(lower / price, upper / price, annualized=False)
    return moments[0] * price, moments[1] * price


@pytest.mark.parametrize("layer", range(len(LAYERS)))
@pytest.mark.parametrize(
    ("use", "price"),
    [((1.0, 1.0), 1.06), ((1.0, 1.0), 0.85), ((1.05, 1.05), 1.0), ((0.9, 0.9), 1.05),
     ((1.08, 1.0), 1.0), ((0.86, 0.95), 0.97), ((0.95, 1.1), 1.04)],
)  # fmt: skip
def test_mean_and_spread_follow_the_factors(
    layer: int, use: tuple[float, float], price: float
) -> None:
    """Means within 0.1 %, spreads within 1 %, for factors as far off as a pandemic's."""
    now, before = exact(layer, use, price), exact(layer, (1.0, 1.0), 1.0)
    logs = np.log([price]), np.log([use])
    mean = np.exp(RESPONSE.log_mean(*logs))[0, layer]
    spread = np.exp(RESPONSE.log_spread(*logs))[0, layer]
    assert mean == pytest.approx(now[0] / before[0], rel=1e-3)
    assert spread == pytest.approx(now[1] / before[1], rel=1e-2)


def test_a_layer_of_everything_grows_as_its_cost() -> None:
    """Elasticities are cost shares but for the 0.1 % of cost that lies beyond the coarse grid."""
    everything = layer_response.respond(PEOPLE, USE, COSTS, (1.0, 1.0), ((ALL, 0.0, np.inf),))
    cost = np.array([r * unit_cost.mean(c) for r, c in zip(RATES, COSTS, strict=True)])
    np.testing.assert_allclose(everything.use[0], cost / cost.sum(), rtol=2e-3)
    np.testing.assert_allclose(everything.price[0][:3], [0.0, 1.0, 0.0], atol=2e-3)


def test_an_empty_layer_responds_to_nothing() -> None:
    empty = layer_response.respond(PEOPLE, USE, COSTS, (1.0, 1.0), ((ALL, 1e12, np.inf),))
    logs = np.log([1.1]), np.log([[1.1, 0.9]])
    np.testing.assert_array_equal(empty.log_mean(*logs), 0.0)
    np.testing.assert_array_equal(empty.log_spread(*logs), 0.0)


def test_no_layers() -> None:
    none = layer_response.respond(PEOPLE, USE, COSTS, (1.0, 1.0), ())
    assert none.log_mean(np.zeros(3), np.zeros((3, 2))).shape == (3, 0)
