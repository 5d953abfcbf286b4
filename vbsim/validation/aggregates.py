"""V6: aggregate losses that textbooks print, analytic and by Monte Carlo.

Statements from Klugman, Panjer and Willmot, *Loss Models*, chapter 9, as the documentation of the
package ``aggregate`` restates them; answers by exact convolution or Panjer recursion. Analytic
figures are held to 1e-6, or to the last digit that is printed; Monte Carlo ones to three of their
own standard errors. Stop-loss is the payment model's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy import special

from vbsim.generators import unit_cost
from vbsim.measures.catalogue import MEASURES
from vbsim.measures.precision import FloatArray
from vbsim.payment_models.base import Statement
from vbsim.payment_models.stop_loss import Aggregate, Cover, with_stop_loss
from vbsim.validation.base import DERIVED, VERIFIED, Found, Show, Target
from vbsim.validation.compound import (
    Compound,
    binomial,
    listed,
    negative_binomial,
    poisson,
)

_KPW = "Klugman, Panjer & Willmot, Loss Models, ch. 9"


def _values(*pairs: tuple[float, float]) -> unit_cost.Params:
    values, weights = zip(*pairs, strict=True)
    return unit_cost.Params.from_spec({"empirical": {"values": values, "weights": weights}})


# A uniform law stands as this many equally likely midpoints: the sd is 1e-8 short.
_MIDPOINTS = 8_000
_UNIFORM = unit_cost.Params.from_spec(
    {"empirical": {"values": tuple(((np.arange(_MIDPOINTS) + 0.5) * 8.0 / _MIDPOINTS).tolist())}}
)
_DENTAL = dict(zip(range(1, 11), (15, 20, 25, 12.5, 7.5, 5, 5, 5, 2.5, 2.5), strict=True))
ORACLES = {
    "dental": Compound(
        "dental",
        listed(0.05, 0.10, 0.15, 0.20, 0.25, 0.15, 0.06, 0.03, 0.01),
        _values(*((25.0 * place, share) for place, share in _DENTAL.items())),
        step=25.0,
    ),
    "exercise_19": Compound(
        "exercise_19", listed(0.5, 0.4, 0.0, 0.1), _values((1.0, 0.9), (10.0, 0.1))
    ),
    "exercise_24": Compound(
        "exercise_24",
        listed(1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16),
        _values((2_000.0, 0.4), (3_000.0, 0.6)),
        step=1_000.0,
    ),
    "exercise_34": Compound(
        "exercise_34",
        poisson(5.0),
        _values((100.0, 0.80), (500.0, 0.16), (1_000.0, 0.04)),
        step=100.0,
    ),
    "exercise_35": Compound("exercise_35", negative_binomial(16.0, 6.0), _UNIFORM, years=100_000),
    "exercise_39": Compound(
        "exercise_39",
        binomial(3, 0.4),
        unit_cost.Params.from_spec({"gamma": {"mean": 100.0, "cv": 1.0}}),
        step=0.025,
        points=2**18,
    ),
    "exercise_45": Compound(
        "exercise_45", poisson(6.0), _values((1.0, 1.0), (2.0, 1.0), (4.0, 1.0))
    ),
    "actuar": Compound(
        "actuar",
        poisson(10.0),
        unit_cost.Params.from_spec({"gamma": {"mean": 2.0, "cv": 0.5**0.5}}),
        step=0.05,
    ),
}


@dataclass(frozen=True, slots=True)
class Question:
    """One printed answer: how it is found exactly, and in draws.

    Parameters
    ----------
    key, claim
        Name and words.
    answer
        As printed or recomputed.
    oracle
        Key of the compound law.
    exact
        From the law.
    drawn
        From the draws, one number per year, whose mean is the answer.
    within
        Half of the last digit printed, and 1e-6 at least.
    decimals
        Shown.
    """

    key: str
    claim: str
    answer: float
    oracle: str
    exact: Callable[[Compound], float]
    drawn: Callable[[FloatArray], FloatArray] | None
    within: float = 1e-6
    decimals: int = 6


def recovered(losses: FloatArray, retention: float) -> FloatArray:
    """Find what aggregate stop-loss above a retention pays in each year, by the payment model."""
    terms = Aggregate(retention / 12.0, 1.0, np.inf, 1.0, 0.0)
    nothing = Statement({}, (), "provider")
    statement = with_stop_loss(nothing, Cover(aggregate=terms), None, losses, np.ones(1))
    return statement.lines["aggregate_stop_loss_recovery"].value


def _at(
    point: int, step: float = 1.0
) -> tuple[Callable[[Compound], float], Callable[[FloatArray], FloatArray]]:
    """Probability of a point of a grid with such a step."""
    return (
        lambda law: float(law.mass()[point]),
        lambda losses: np.asarray(np.abs(losses / step - point) < 0.5, dtype=np.float64),
    )


def _stop_loss(
    retention: float,
) -> tuple[Callable[[Compound], float], Callable[[FloatArray], FloatArray]]:
    return (lambda law: law.stop_loss(retention), lambda losses: recovered(losses, retention))


def _mean() -> tuple[Callable[[Compound], float], Callable[[FloatArray], FloatArray]]:
    return (lambda law: law.mean, lambda losses: losses)


def _above(
    point: float,
) -> tuple[Callable[[Compound], float], Callable[[FloatArray], FloatArray]]:
    def exact(law: Compound) -> float:
        return float(law.mass()[law.step * np.arange(law.points) > point + 1e-9].sum())

    return exact, lambda losses: np.asarray(losses > point, dtype=np.float64)


def _sd(law: Compound) -> float:
    return float(np.sqrt(law.variance))


def _dental() -> Iterator[Question]:
    yield Question("dental_mean", "group dental: mean", 314.5, "dental", *_mean())
    yield Question("dental_var", "group dental: variance, units of 25", 58.7464, "dental",
                   lambda law: law.variance / 625.0, None, 1e-4 / 2, 4)  # fmt: skip
    yield Question("dental_sd", "group dental: standard deviation", 191.6155, "dental",
                   _sd, None, 5e-5, 4)  # fmt: skip
    for place, value in enumerate((0.05, 0.015, 0.02338, 0.03468, 0.03258, 0.03579, 0.03981)):
        yield Question(f"dental_f{place}", f"group dental: P(S = {25 * place})", value, "dental",
                       *_at(place, 25.0), 5e-6, 5)  # fmt: skip
    premiums = (314.50, 290.75, 267.38, 244.58, 222.66, 201.55, 181.34, 162.12, 143.99)
    for place, value in enumerate(premiums):
        yield Question(f"dental_above_{25 * place}", f"group dental: stop-loss above {25 * place}",
                       value, "dental", *_stop_loss(25.0 * place), 0.005, 2)  # fmt: skip
    for retention, value in ((500, 20.5047), (750, 2.0190), (1000, 0.0994)):
        yield Question(f"dental_above_{retention}", f"group dental: stop-loss above {retention}",
                       value, "dental", *_stop_loss(retention), 5e-5, 4)  # fmt: skip


def _exercises() -> Iterator[Question]:
    yield Question("exercise_19_mean", "exercise 9.19: mean", 1.33, "exercise_19", *_mean())
    yield Question("exercise_19", "exercise 9.19: P(S > 3 E)", 0.0671, "exercise_19",
                   *_above(3 * 1.33), 1e-6, 4)  # fmt: skip
    yield Question("exercise_24_mean", "exercise 9.24: mean", 5_200.0, "exercise_24", *_mean())
    yield Question("exercise_24_pure", "exercise 9.24: pure stop-loss premium above 5,000",
                   1_172.5, "exercise_24", *_stop_loss(5_000.0))  # fmt: skip
    yield Question("exercise_24_retained", "exercise 9.24: retained", 4_027.5, "exercise_24",
                   lambda law: law.mean - law.stop_loss(5_000.0),
                   lambda losses: losses - recovered(losses, 5_000.0))  # fmt: skip
    yield Question("exercise_24_total", "exercise 9.24: retained and premium of 1,472", 5_499.5,
                   "exercise_24", lambda law: law.mean - law.stop_loss(5_000.0) + 1_472.0,
                   lambda losses: losses - recovered(losses, 5_000.0) + 1_472.0)  # fmt: skip
    yield Question("exercise_34", "exercise 9.34: P(S = 600)", 0.059893, "exercise_34",
                   *_at(6, 100.0), 1e-6, 6)  # fmt: skip
    yield Question("exercise_35_mean", "exercise 9.35: mean", 384.0, "exercise_35", *_mean())
    yield Question("exercise_35_sd", "exercise 9.35: standard deviation", 106.132, "exercise_35",
                   _sd, None, 5e-4, 3)  # fmt: skip
    yield Question("exercise_35_p95", "exercise 9.35: normal 95th percentile", 558.57,
                   "exercise_35", lambda law: law.mean + float(special.ndtri(0.95)) * _sd(law),
                   None, 0.005, 2)  # fmt: skip
    yield Question("exercise_39", "exercise 9.39: P(S ≤ 300)", 0.894053, "exercise_39",
                   _by_gamma, lambda losses: np.asarray(losses <= 300.0, dtype=np.float64),
                   1e-6, 6)  # fmt: skip
    for place, value in enumerate((0.00248, 0.00496, 0.00992, 0.01322, 0.02148, 0.02710, 0.03658)):
        yield Question(f"exercise_45_f{place}", f"exercise 9.45: P(S = {place})", value,
                       "exercise_45", *_at(place), 5e-6, 5)  # fmt: skip
    yield Question("exercise_45_mean", "exercise 9.45: mean", 14.0, "exercise_45", *_mean())
    yield Question("actuar_mean", "actuar, CP(10) of Gamma(2, 1): mean", 20.0, "actuar", *_mean())
    yield Question("actuar_var", "actuar, CP(10) of Gamma(2, 1): variance", 60.0, "actuar",
                   lambda law: law.variance, lambda losses: (losses - 20.0) ** 2)  # fmt: skip


def _by_gamma(law: Compound) -> float:
    """P(S ≤ 300) of exponential costs: a mixture of gamma laws, exact without a grid."""
    numbers = np.arange(1, len(law.frequency.mass))
    mass = np.array(law.frequency.mass)
    scale = unit_cost.mean(law.severity)
    return float(mass[0] + mass[1:] @ special.gammainc(numbers, 300.0 / scale))


def questions() -> tuple[Question, ...]:
    """Every printed answer."""
    return (*_dental(), *_exercises())


@cache
def _by_key() -> dict[str, Question]:
    return {question.key: question for question in questions()}


def analytic(key: str, data: Path | None = None) -> Found:
    """Exact answer."""
    question = _by_key()[key]
    return Found(question.exact(ORACLES[question.oracle]))


def simulated(key: str, data: Path | None = None) -> Found:
    """Answer of a million years, with its standard error from the catalogue of measures."""
    question = _by_key()[key]
    assert question.drawn is not None
    found = MEASURES["mean"](question.drawn(ORACLES[question.oracle].draws()))
    return Found(found.value, found.standard_error)


def _normal(kind: str, data: Path | None = None) -> Found:
    """Examples 9.3 and 9.4: moments of the aggregate, and tails of two approximations."""
    number, spread, cost, cost_spread = 6.7, 2.3, 179_247.0, 52_141.0
    mean = number * cost
    sd = float(np.sqrt(number * cost_spread**2 + spread**2 * cost**2))
    sigma = np.sqrt(np.log1p((sd / mean) ** 2))
    found = {
        "mean": mean,
        "sd": sd,
        "normal": float(special.ndtr(-0.4 * mean / sd)),
        "lognormal": 1.0 - float(special.ndtr((np.log(1.4) + sigma**2 / 2.0) / sigma)),
    }
    return Found(found[kind])


def _conditional_normal(data: Path | None = None) -> Found:
    """Exercise 9.23: normal costs, mean 100 and variance 9; P(S > 100)."""
    mass, numbers = np.array([0.2, 0.2, 0.1]), np.array([1.0, 2.0, 3.0])
    above = special.ndtr((100.0 * numbers - 100.0) / (3.0 * np.sqrt(numbers)))
    return Found(float(mass @ above))


def _others() -> list[Target]:
    """Answers that need moments or the normal law alone."""
    figures = (
        ("mean", "mean", 1_200_954.9, 0.05, 1),
        ("sd", "standard deviation", 433_797.0, 0.5, 0),
        ("normal", "P(S > 1.4 E), normal", 0.13406, 5e-6, 5),
        ("lognormal", "P(S > 1.4 E), lognormal", 0.12800, 5e-6, 5),
    )
    found = [
        Target(f"V6.example_3_{key}.analytic", f"examples 9.3 and 9.4: {words}", _KPW, VERIFIED,
               value, partial(_normal, key), Show(decimals), within=within,
               tolerance="the last digit printed")
        for key, words, value, within, decimals in figures
    ]  # fmt: skip
    found.append(
        Target("V6.exercise_23.analytic", "exercise 9.23: P(S > 100)", _KPW, VERIFIED, 0.40,
               _conditional_normal, Show(6), within=1e-6)
    )  # fmt: skip
    return found


def targets() -> list[Target]:
    """Targets of V6: every answer, analytic and by Monte Carlo."""
    found = []
    for one in questions():
        source, status = (
            (_KPW, VERIFIED) if one.oracle != "actuar" else ("actuar, risk.Rnw", DERIVED)
        )
        words = "" if one.within <= 1e-6 else "the last digit printed"
        found.append(
            Target(f"V6.{one.key}.analytic", f"{one.claim}, analytic", source, status, one.answer,
                   partial(analytic, one.key), Show(one.decimals), within=one.within,
                   tolerance=words)
        )  # fmt: skip
        if one.drawn is not None:
            found.append(
                Target(f"V6.{one.key}.monte_carlo", f"{one.claim}, Monte Carlo", source, status,
                       one.answer, partial(simulated, one.key), Show(one.decimals), errors=3.0)
            )  # fmt: skip
    return [*found, *_others()]
