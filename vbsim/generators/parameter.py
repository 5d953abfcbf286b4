"""Parameter: what is believed of one figure of a scenario that nobody knows for certain.

A scenario writes the belief in place of the figure, such as ``{"normal": {"mean": 0.258, "sd":
0.01}}``; :data:`FAMILIES` lists what each family needs. One draw holds for a whole simulated world:
all members, years and realizations that share it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbsim.errors import ParameterError, did_you_mean

FloatArray = NDArray[np.float64]
Given = dict[str, float]


@dataclass(frozen=True, slots=True)
class Family:
    """One family of beliefs.

    Parameters
    ----------
    keys
        What defines a member of the family.
    condition
        What must hold of these, in words.
    holds
        Whether it does.
    mean
        Exact mean.
    quantile
        Inverse distribution function.
    """

    keys: tuple[str, ...]
    condition: str
    holds: Callable[[Given], bool]
    mean: Callable[[Given], float]
    quantile: Callable[[Given, FloatArray], FloatArray]


def _lognormal(given: Given) -> tuple[float, float]:
    variance = math.log1p(given["cv"] ** 2)
    return math.log(given["mean"]) - 0.5 * variance, math.sqrt(variance)


def _beta(given: Given) -> tuple[float, float]:
    size = given["mean"] * (1.0 - given["mean"]) / given["sd"] ** 2 - 1.0
    return given["mean"] * size, (1.0 - given["mean"]) * size


def _triangular(given: Given, uniforms: FloatArray) -> FloatArray:
    low, mode, high = given["low"], given["mode"], given["high"]
    rising = low + np.sqrt(uniforms * (high - low) * (mode - low))
    falling = high - np.sqrt((1.0 - uniforms) * (high - low) * (high - mode))
    return np.where(uniforms < (mode - low) / (high - low), rising, falling)


FAMILIES = {
    "normal": Family(
        ("mean", "sd"),
        "sd above 0",
        lambda g: g["sd"] > 0.0,
        lambda g: g["mean"],
        lambda g, u: g["mean"] + g["sd"] * special.ndtri(u),
    ),
    "lognormal": Family(
        ("mean", "cv"),
        "mean and cv above 0",
        lambda g: g["mean"] > 0.0 and 0.0 < g["cv"] <= 10.0,
        lambda g: g["mean"],
        lambda g, u: np.exp(_lognormal(g)[0] + _lognormal(g)[1] * special.ndtri(u)),
    ),
    "beta": Family(
        ("mean", "sd"),
        "a mean between 0 and 1 and an sd above 0 and below sqrt(mean (1 - mean))",
        lambda g: 0.0 < g["mean"] < 1.0 and 0.0 < g["sd"] ** 2 < g["mean"] * (1.0 - g["mean"]),
        lambda g: g["mean"],
        lambda g, u: special.betaincinv(*_beta(g), u),
    ),
    "uniform": Family(
        ("low", "high"),
        "low below high",
        lambda g: g["low"] < g["high"],
        lambda g: 0.5 * (g["low"] + g["high"]),
        lambda g, u: g["low"] + (g["high"] - g["low"]) * u,
    ),
    "triangular": Family(
        ("low", "mode", "high"),
        "low below high, and mode from low to high",
        lambda g: g["low"] <= g["mode"] <= g["high"] and g["low"] < g["high"],
        lambda g: (g["low"] + g["mode"] + g["high"]) / 3.0,
        _triangular,
    ),
}


@dataclass(frozen=True, slots=True)
class Params:
    """A belief: its family, and what defines it, in the family's order [unit of the figure]."""

    family: str
    given: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no distribution."""
        if self.family not in FAMILIES:
            raise ParameterError(
                f"found the distribution '{self.family}'; expected one of "
                f"{', '.join(FAMILIES)}; {did_you_mean(self.family, FAMILIES)}"
            )
        family = FAMILIES[self.family]
        if not all(map(math.isfinite, self.given)) or not family.holds(self.named):
            raise ParameterError(f"found {self}; expected {family.condition}")

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Params:
        """Read ``{family: {key: number, ...}}``.

        Raises
        ------
        ParameterError
            If the family is unknown, a key is missing or unknown, or a figure is no number or
            cannot be.
        """
        ((name, given),) = spec.items()
        family = FAMILIES.get(name)
        if family is None:
            return cls(name, ())
        wanted = f"{name} with the keys {', '.join(family.keys)}"
        if not isinstance(given, Mapping) or set(given) != set(family.keys):
            keys = ", ".join(map(str, given)) if isinstance(given, Mapping) else given
            raise ParameterError(f"found {name} with {keys or 'nothing'}; expected {wanted}")
        for key, value in given.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ParameterError(f"found {value!r} as {key}; expected {wanted}, each a number")
        return cls(name, tuple(float(given[key]) for key in family.keys))

    @property
    def named(self) -> Given:
        """What defines the belief, by key."""
        return dict(zip(FAMILIES[self.family].keys, self.given, strict=True))

    def __str__(self) -> str:
        """Words such as ``normal(mean 0.258, sd 0.01)``."""
        return f"{self.family}({', '.join(f'{key} {v:g}' for key, v in self.named.items())})"


def labels(params: Params) -> tuple[str, ...]:
    """Names of the uniforms that one draw takes."""
    return ("value",)


def values(params: Params, uniforms: FloatArray) -> FloatArray:
    """Turn uniforms (..., 1) into values of the figure (...,)."""
    return np.asarray(FAMILIES[params.family].quantile(params.named, uniforms[..., 0]))


def mean(params: Params) -> float:
    """Mean of the figure."""
    return float(FAMILIES[params.family].mean(params.named))
