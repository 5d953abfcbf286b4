"""Unit costs against scipy.stats, quadrature and hand-worked values."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats  # type: ignore[import-untyped, unused-ignore]

from vbsim.errors import ParameterError
from vbsim.generators import unit_cost
from vbsim.generators.unit_cost import Params
from vbsim.kernels.grid import survival_nodes, table_moments

Spec = dict[str, dict[str, Any]]

MEAN = 11542.0
BY_MEAN: list[tuple[Spec, float]] = [
    ({"lognormal": {"mean": MEAN, "cv": 1.1}}, 1.1),
    ({"lognormal": {"mean": MEAN, "cv": 0.1}}, 0.1),
    ({"gamma": {"mean": MEAN, "cv": 0.7}}, 0.7),
    ({"gamma": {"mean": MEAN, "cv": 2.5}}, 2.5),
    ({"weibull": {"mean": MEAN, "cv": 0.4}}, 0.4),
    ({"weibull": {"mean": MEAN, "cv": 3.0}}, 3.0),
    ({"pareto": {"mean": MEAN, "cv": 1.6}}, 1.6),
    ({"burr": {"mean": MEAN, "cv": 1.2, "alpha": 3.0}}, 1.2),
    ({"burr": {"mean": MEAN, "cv": 0.4, "alpha": 0.8}}, 0.4),
    ({"gb2": {"mean": MEAN, "cv": 1.3, "a": 1.5, "p": 0.8}}, 1.3),
    ({"gb2": {"mean": MEAN, "cv": 0.6, "a": 4.0, "p": 0.5}}, 0.6),
]
NATIVE: list[Spec] = [
    {"lognormal": {"mu": 8.9, "sigma": 0.9}},
    {"gamma": {"shape": 0.6, "scale": 900.0}},
    {"weibull": {"shape": 0.8, "scale": 900.0}},
    {"pareto": {"alpha": 4.5, "scale": 5000.0}},
    {"burr": {"alpha": 2.5, "gamma": 1.8, "scale": 700.0}},
    {"gb2": {"a": 2.0, "p": 0.7, "q": 2.2, "scale": 500.0}},
    {"spliced": {"mean": 1000.0, "cv": 1.1, "threshold": 5000.0, "xi": 0.2}},
    {"spliced": {"mu": 6.5, "sigma": 0.9, "threshold": 4000.0, "xi": 0.0, "beta": 3000.0}},
    {"spliced": {"mu": 6.5, "sigma": 0.9, "threshold": 4e3, "xi": 0.3, "tail_probability": 0.05}},
]
CONTINUOUS = [spec for spec, _ in BY_MEAN] + NATIVE
SAMPLE: Spec = {"empirical": {"values": [100, 20000, 1000, 100], "weights": [2, 1, 4, 3]}}
EVERY: list[Spec] = [*CONTINUOUS, {"fixed": {"value": 120.0}}, SAMPLE]
SURVIVALS = np.concatenate([np.logspace(-14, -0.5, 60), np.linspace(0.4, 0.999, 30)])


def oracle(params: Params) -> Any:
    """Survival function by scipy.stats, from the native parameters."""
    n: dict[str, Any] = dict(params.parameters)
    match params.family:
        case "lognormal":
            return stats.lognorm(n["sigma"], scale=math.exp(n["mu"])).sf
        case "gamma":
            return stats.gamma(n["shape"], scale=n["scale"]).sf
        case "weibull":
            return stats.weibull_min(n["shape"], scale=n["scale"]).sf
        case "pareto":
            return stats.lomax(n["alpha"], scale=n["scale"]).sf
        case "burr":
            return stats.burr12(n["gamma"], n["alpha"], scale=n["scale"]).sf
        case "gb2":
            power = stats.betaprime(n["p"], n["q"])
            return lambda x: power.sf((x / n["scale"]) ** n["a"])
    body = stats.lognorm(n["sigma"], scale=math.exp(n["mu"]))
    tail = stats.genpareto(n["xi"], loc=n["threshold"], scale=n["beta"])
    share, threshold = n["tail_probability"], n["threshold"]
    return lambda x: np.where(
        x < threshold,
        1.0 - (1.0 - share) * body.cdf(x) / body.cdf(threshold),
        share * tail.sf(x),
    )


def moment(survival: Callable[[Any], Any], k: int, top: float = math.inf) -> float:
    """E[min(Y, top)^k] by quadrature of the survival function over ln x."""
    ends = [-30.0, *np.arange(-5.0, 60.0, 5.0)]
    ends = [end for end in ends if end < math.log(top)]
    ends.append(min(math.log(top), 65.0))

    def slope(t: float) -> float:
        return float(k * math.exp(k * t) * survival(math.exp(t)))

    return float(
        sum(integrate.quad(slope, a, b, epsabs=0, limit=200)[0] for a, b in pairwise(ends))
    )


def drawn(table: NDArray[np.float64], bits: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Draw as a kernel does: node and weight from the bits of a float32."""
    uniform = (bits.astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-32)
    word = uniform.view(np.uint32)
    node = np.maximum((word >> 18).astype(np.int64) - 3040, 0)
    weight = (word & 0x3FFFF) / 2.0**18
    return np.asarray(table[node] + weight * (table[node + 1] - table[node]))


@pytest.mark.parametrize(("spec", "cv"), BY_MEAN, ids=str)
def test_mean_and_cv_are_those_asked_for(spec: Spec, cv: float) -> None:
    """Quadrature of scipy's survival function finds them too."""
    params = Params.from_spec(spec)
    survival = oracle(params)
    first, second = moment(survival, 1), moment(survival, 2)
    assert first == pytest.approx(MEAN, rel=1e-8)
    assert math.sqrt(second - first**2) / first == pytest.approx(cv, rel=1e-6)
    assert unit_cost.mean(params) == pytest.approx(MEAN, rel=1e-12)
    assert unit_cost.cv(params) == pytest.approx(cv, rel=1e-9)


@pytest.mark.parametrize("spec", NATIVE, ids=str)
def test_moments_of_native_parameters(spec: Spec) -> None:
    """Mean and cv agree with quadrature of scipy's survival function."""
    params = Params.from_spec(spec)
    first, second = (moment(oracle(params), k) for k in (1, 2))
    assert unit_cost.mean(params) == pytest.approx(first, rel=1e-8)
    assert unit_cost.cv(params) == pytest.approx(math.sqrt(second - first**2) / first, rel=1e-6)


@pytest.mark.parametrize("spec", CONTINUOUS, ids=str)
def test_survival_and_its_inverse(spec: Spec) -> None:
    """They undo each other, and scipy agrees, down to survival 1e-14."""
    params = Params.from_spec(spec)
    costs = unit_cost.inverse_survival(params, SURVIVALS)
    np.testing.assert_allclose(unit_cost.survival(params, costs), SURVIVALS, rtol=1e-9)
    np.testing.assert_allclose(oracle(params)(costs), SURVIVALS, rtol=1e-9)
    assert unit_cost.survival(params, [-1.0, 0.0]).tolist() == [1.0, 1.0]
    assert unit_cost.inverse_survival(params, 1.0) == 0.0


@pytest.mark.parametrize("spec", CONTINUOUS, ids=str)
def test_limited_mean_is_the_integral_of_survival(spec: Spec) -> None:
    """It is x below 0, and the mean at infinity."""
    params = Params.from_spec(spec)
    costs = unit_cost.inverse_survival(params, [0.999, 0.5, 0.05, 1e-3, 1e-6])
    expected = [moment(oracle(params), 1, float(top)) for top in costs]
    np.testing.assert_allclose(
        unit_cost.limited_mean(params, costs), expected, rtol=1e-8, atol=1e-9
    )
    ends = unit_cost.limited_mean(params, [-5.0, 0.0, math.inf])
    np.testing.assert_allclose(ends, [-5.0, 0.0, unit_cost.mean(params)], rtol=1e-12)


@pytest.mark.parametrize("spec", EVERY, ids=str)
def test_discretized_keeps_the_mean(spec: Spec) -> None:
    """The mass is that of a probability law of mean E[min(Y, top)]."""
    params = Params.from_spec(spec)
    step, n = unit_cost.mean(params) / 37.0, 4000
    mass = unit_cost.discretized(params, step, n)
    top = float(unit_cost.limited_mean(params, step * (n - 1)))
    assert mass.shape == (n,)
    assert mass.min() >= 0.0
    assert mass.sum() == pytest.approx(1.0, abs=1e-12)
    assert mass @ (step * np.arange(n)) == pytest.approx(top, rel=1e-11)


def test_discretized_matches_a_hand_worked_case() -> None:
    """25 lies halfway between 20 and 30, and beyond a grid that ends at 10."""
    fixed = Params.from_spec({"fixed": {"value": 25.0}})
    np.testing.assert_allclose(unit_cost.discretized(fixed, 10.0, 4), [0, 0, 0.5, 0.5])
    np.testing.assert_allclose(unit_cost.discretized(fixed, 10.0, 2), [0, 1])
    with pytest.raises(ParameterError, match="at least 2 points"):
        unit_cost.discretized(fixed, 10.0, 1)


@pytest.mark.parametrize("spec", EVERY, ids=str)
def test_scaling_the_mean_scales_every_cost(spec: Spec) -> None:
    """Money measured in another unit is the same law."""
    money = {"mean", "scale", "threshold", "beta", "value", "values"}
    ((family, plain),) = spec.items()
    scaled = {k: np.multiply(v, 3.0) if k in money else v for k, v in plain.items()}
    if "mu" in scaled:
        scaled["mu"] += math.log(3.0)
    small, large = Params.from_spec(spec), Params.from_spec({family: scaled})
    costs = unit_cost.inverse_survival(small, SURVIVALS)
    np.testing.assert_allclose(unit_cost.inverse_survival(large, SURVIVALS), 3 * costs, rtol=1e-9)
    assert unit_cost.mean(large) == pytest.approx(3.0 * unit_cost.mean(small), rel=1e-12)


def test_nodes_are_those_of_float32() -> None:
    """A node's number is the top of its float32, and its other bits are 0."""
    nodes = survival_nodes()
    words = nodes.astype(np.float32).view(np.uint32)
    assert nodes.shape == (1025,)
    np.testing.assert_array_equal((words >> 18).astype(int) - 3040, np.arange(1025))
    np.testing.assert_array_equal(words & 0x3FFFF, 0)


@pytest.mark.parametrize("spec", EVERY, ids=str)
def test_table_holds_mean_and_cv(spec: Spec) -> None:
    """The mean exactly, the cv nearly, and costs fall as survival rises."""
    params = Params.from_spec(spec)
    table = unit_cost.quantile_table(params)
    mean, sd = table_moments(table)
    assert table.shape == (1026,)
    assert table[1025] == table[1024] >= 0.0
    assert np.all(np.diff(table) <= 0.0)
    assert mean == pytest.approx(unit_cost.mean(params), rel=1e-13)
    loss = 0.005 if params.family == "empirical" else 0.004
    assert sd / mean == pytest.approx(unit_cost.cv(params), rel=loss, abs=1e-6)


@pytest.mark.parametrize("spec", CONTINUOUS, ids=str)
def test_table_draws_follow_the_law(spec: Spec) -> None:
    """A million draws stay within four standard errors of mean and quantiles."""
    params = Params.from_spec(spec)
    bits = np.random.default_rng(20).integers(0, 2**32, 1_000_000, dtype=np.uint32)
    table = unit_cost.quantile_table(params)
    draws = drawn(table, bits)
    mean, survival = unit_cost.mean(params), np.array([0.5, 0.1, 0.01, 0.001])
    assert draws.mean() == pytest.approx(mean, abs=4e-3 * mean * unit_cost.cv(params))
    quantiles = np.quantile(draws, 1.0 - survival)
    error = 4.0 * np.sqrt(survival * (1.0 - survival) / draws.size)
    np.testing.assert_array_less(np.abs(oracle(params)(quantiles) - survival), error)
    costs = np.interp(survival, survival_nodes(), table[:-1])
    # Within 0.02 % of the true quantile: the rescaling and the chords make up the rest.
    assert np.all(oracle(params)(costs * (1.0 - 2e-4)) > survival)
    assert np.all(oracle(params)(costs * (1.0 + 2e-4)) < survival)


@pytest.mark.parametrize(
    ("spec", "tolerance"),
    [
        ({"lognormal": {"mean": 1.0, "cv": 0.05}}, 4e-4),
        ({"gamma": {"mean": 1.0, "cv": 0.1}}, 4e-4),
        ({"lognormal": {"mean": 1.0, "cv": 3.0}}, 3e-4),
        ({"lognormal": {"mean": 1.0, "cv": 10.0}}, 1e-2),
        ({"pareto": {"mean": 1.0, "cv": 2.0}}, 5e-3),
        ({"pareto": {"mean": 1.0, "cv": 4.0}}, 0.17),
    ],
    ids=str,
)
def test_table_distorts_the_cv_as_little_as_stated(spec: Spec, tolerance: float) -> None:
    """The figures of the docstring of the table."""
    params = Params.from_spec(spec)
    mean, sd = table_moments(unit_cost.quantile_table(params))
    assert sd / mean == pytest.approx(unit_cost.cv(params), rel=tolerance)


def test_too_heavy_a_tail_is_refused_by_the_table() -> None:
    """The message names the family and its parameters."""
    heavy = Params.from_spec({"pareto": {"mean": 100.0, "alpha": 1.2}})
    assert unit_cost.cv(heavy) == math.inf
    with pytest.raises(ParameterError, match=r"'pareto': found alpha = 1.2, scale = 19.9"):
        unit_cost.quantile_table(heavy)


def test_empirical_is_a_step_function() -> None:
    """Worked by hand: 100 with 5/10, 1000 with 4/10, 20000 with 1/10."""
    params = Params.from_spec(SAMPLE)
    costs = unit_cost.inverse_survival(params, [0.05, 0.0999, 0.1001, 0.4999, 0.5001, 1.0])
    assert costs.tolist() == [20000, 20000, 1000, 1000, 100, 100]
    steps = unit_cost.survival(params, [-1, 0, 99, 100, 999, 1000, 20000, 1e9])
    np.testing.assert_allclose(steps, [1, 1, 1, 0.5, 0.5, 0.1, 0, 0], atol=1e-15)
    assert unit_cost.mean(params) == pytest.approx(2450.0)
    assert unit_cost.cv(params) == pytest.approx(math.sqrt(40_405_000 - 2450**2) / 2450)
    limited = unit_cost.limited_mean(params, [50, 500, 1000, 5000, 1e6])
    np.testing.assert_allclose(limited, [50, 300, 550, 950, 2450])


def test_empirical_table_keeps_the_values_away_from_the_steps() -> None:
    """Few draws fall on the ramps between values."""
    bits = np.random.default_rng(3).integers(0, 2**32, 100_000, dtype=np.uint32)
    draws = drawn(unit_cost.quantile_table(Params.from_spec(SAMPLE)), bits)
    for value, share in ((100.0, 0.5), (1000.0, 0.4), (20000.0, 0.1)):
        assert np.isclose(draws, value, rtol=1e-9).mean() == pytest.approx(share, abs=0.04)


def test_empirical_without_weights_is_the_plain_sample() -> None:
    """Its moments are those of NumPy."""
    sample = np.random.default_rng(5).gamma(0.8, 1000.0, 400)
    params = Params.from_spec({"empirical": {"values": sample}})
    assert unit_cost.mean(params) == pytest.approx(sample.mean())
    assert unit_cost.cv(params) == pytest.approx(sample.std() / sample.mean())
    limits = np.array([10.0, 700.0, 4000.0])
    expected = np.minimum(sample[:, None], limits).mean(axis=0)
    np.testing.assert_allclose(unit_cost.limited_mean(params, limits), expected)


def test_splice_is_continuous_unless_told_otherwise() -> None:
    """The density is the same on both sides of the threshold."""
    body = {"mean": 1000.0, "cv": 1.1, "threshold": 5000.0, "xi": 0.3}
    for extra in ({}, {"tail_probability": 0.03}):
        params = Params.from_spec({"spliced": body | extra})
        ends = unit_cost.survival(params, 5000.0 + np.array([-1e-3, 0.0, 1e-3]))
        below, above = -np.diff(ends)
        assert below == pytest.approx(above, rel=1e-4)
        assert ends[1] == pytest.approx(dict(params.parameters)["tail_probability"])
    native = dict(Params.from_spec({"spliced": body | {"beta": 800.0}}).parameters)
    plain = Params.from_spec({"lognormal": {"mean": 1000.0, "cv": 1.1}})
    assert native["beta"] == 800.0
    assert native["tail_probability"] == pytest.approx(float(unit_cost.survival(plain, 5000.0)))


def test_shape_of_a_generator() -> None:
    """One uniform a draw, read as survival; equal parameters are equal keys."""
    params = Params.from_spec({"weibull": {"shape": 1.0, "scale": 100.0}})
    uniforms = np.array([[[0.5], [math.exp(-3.0)]]])
    assert len(unit_cost.labels(params)) == 1
    np.testing.assert_allclose(unit_cost.values(params, uniforms), [[100.0 * math.log(2.0), 300.0]])
    assert params == Params("weibull", (("shape", 1.0), ("scale", 100.0)))
    assert len({params, Params.from_spec({"weibull": {"shape": 1.0, "scale": 100.0}})}) == 1


TAIL = {"mean": 9, "cv": 1, "threshold": 20, "xi": 0}
REFUSED: list[tuple[Any, str]] = [
    ({"lognromal": {"mean": 1, "cv": 1}}, "did you mean 'lognormal'"),
    ({"lognormal": {"mean": 1, "sd": 1}}, r"found {mean, sd}; expected {mean, cv} or {mu, sigma}"),
    ({"lognormal": {"mean": 1}}, "found {mean}; .*give one of these sets, complete"),
    (
        {"lognormal": {"mean": 0, "cv": 1}},
        r"mean = 0; expected a number below 1e.12 and above 1e-09",
    ),
    ({"lognormal": {"mean": math.nan, "cv": 1}}, "mean = nan"),
    ({"lognormal": {"mean": "11,542", "cv": 1}}, "mean = '11,542'"),
    ({"lognormal": {"mean": True, "cv": 1}}, "mean = True"),
    ({"lognormal": {"mean": 5, "cv": 110}}, "if 110 is a percent write 1.1"),
    ({"lognormal": {"mu": 11542, "sigma": 1}}, "mu is a logarithm"),
    ({"lognormal": {"mu": 1, "sigma": 1e11}}, "whose mean is inf"),
    ({"weibull": {"mean": 1, "cv": 1e-6}}, "expected a cv between 1.28e-05 and 20"),
    ({"pareto": {"mean": 1, "cv": 0.8}}, "found cv = 0.8; expected a cv between 1 and 20"),
    (
        {"pareto": {"alpha": 1.0, "scale": 1}},
        r"alpha = 1.0; expected a number below 1e.12 and above 1",
    ),
    ({"burr": {"alpha": 1, "gamma": 0.5, "scale": 3}}, "whose mean is inf"),
    ({"gb2": {"mean": 1, "cv": 0.2, "a": 1, "p": 0.5}}, "a cv between 1.41 and 20"),
    ({"spliced": TAIL | {"threshold": 1e9}}, "threshold = 1000000000.0"),
    ({"spliced": TAIL | {"xi": 1}}, "found xi = 1; .*0 <= xi < 1"),
    ({"spliced": TAIL | {"tail_probability": 5}}, "write 0.05 for five percent"),
    ({"spliced": {"mean": 9, "cv": 1}}, "{mean, cv, threshold, xi} or .*optionally beta"),
    ({"empirical": {"values": [1, 2], "weights": [1]}}, "2 values and 1 weights"),
    ({"empirical": {"values": [1, -2]}}, "a value = -2"),
    ({"empirical": {"values": []}}, "a mean of 0"),
    ({"empirical": {"values": "1, 2"}}, "values = '1, 2'; expected a list"),
    ({"fixed": {"value": None}}, "value = None"),
    ({"gamma": None}, "found {None}; expected {mean, cv} or {shape, scale}"),
    (11542, "found 11542; expected one family"),
]


@pytest.mark.parametrize(("spec", "message"), REFUSED, ids=str)
def test_what_cannot_be_meant_is_refused(spec: Any, message: str) -> None:
    """The message says what was found, expected and to be done."""
    with pytest.raises(ParameterError, match=message):
        Params.from_spec(spec)


def test_incomplete_native_parameters_are_refused() -> None:
    """So is a survival that is no probability."""
    with pytest.raises(ParameterError, match=r"found parameters shape; expected scale, shape"):
        Params("gamma", (("shape", 1.0),))
    params = Params.from_spec(SAMPLE)
    for survival in (0.0, -0.5, 1.5, math.nan):
        with pytest.raises(ParameterError, match="a survival outside"):
            unit_cost.inverse_survival(params, survival)


POSITIVE = st.floats(0.05, 19.0)
SETS = [
    *((family, ("mean", "cv")) for family in ("lognormal", "gamma", "weibull", "pareto")),
    ("lognormal", ("mu", "sigma")),
    ("burr", ("alpha", "gamma", "scale")),
    ("burr", ("mean", "cv", "alpha")),
    ("gb2", ("a", "p", "q", "scale")),
    ("gb2", ("mean", "cv", "a", "p")),
    ("spliced", ("mu", "sigma", "threshold", "xi")),
]
SPECS = st.sampled_from(SETS).flatmap(
    lambda one: st.fixed_dictionaries(
        {one[0]: st.fixed_dictionaries(dict.fromkeys(one[1], POSITIVE))}
    )
)


@settings(max_examples=300, deadline=None)
@given(SPECS)
def test_any_law_falls_in_survival_or_is_refused(spec: Spec) -> None:
    """Whatever the parameters, costs are finite and fall as survival rises."""
    try:
        params = Params.from_spec(spec)
    except ParameterError:
        return
    costs = unit_cost.inverse_survival(params, np.logspace(-9, 0, 60))
    assert np.all(np.isfinite(costs))
    assert np.all(np.diff(costs) <= 0.0)
    assert np.all(np.diff(costs[:50]) < 0.0) or costs[0] < 1e-300
    limited = unit_cost.limited_mean(params, costs[::-1])
    assert np.all(np.diff(limited) >= -1e-12 * unit_cost.mean(params))
    try:
        table = unit_cost.quantile_table(params)
    except ParameterError:
        return
    assert table_moments(table)[0] == pytest.approx(unit_cost.mean(params), rel=1e-12)
