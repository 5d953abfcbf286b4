"""Laws of the cost of one claim: seven families with their moments and tails.

For a cost Y >= 0 [USD] every law knows its mean E[Y], its cv sd(Y) / E[Y], its survival function
P(Y > x) with the inverse (both accurate far out in the upper tail), and the limited mean

    E[min(Y, x)] = E[Y] M(x) + x P(Y > x),    moment share M(x) = E[Y; Y <= x] / E[Y],

all as closed forms in special functions. Notation as in Klugman, Panjer and Willmot, *Loss
Models*, appendix A; ``gb2`` keeps McDonald's (1984) a, p, q.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import scipy  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import ArrayLike, NDArray

from vbsim.errors import ParameterError

FloatArray = NDArray[np.float64]

# Costs of one service have a cv of 0.3 to 6; whoever writes percents writes 30 to 600.
LARGEST_CV = 20.0

# Bounds of every parameter, in USD or pure numbers.
SMALLEST, LARGEST = 1e-9, 1e12

# A smaller tail exponent makes the beta quantiles of the far tail underflow.
LEAST_EXPONENT = 0.1


def refusal(family: str, found: str, expected: str, todo: str) -> ParameterError:
    """Word the refusal of a unit cost: what was found, what was expected, what to do."""
    return ParameterError(f"unit cost '{family}': found {found}; expected {expected}; {todo}")


def check(family: str, name: str, value: object, above: float = 0.0, todo: str = "") -> None:
    """Refuse a parameter that is no number, or lies outside its bounds."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    # Closer to 0 or further out the special functions lose their digits.
    least = SMALLEST if above == 0.0 else above
    if number and least < float(value) < LARGEST:  # type: ignore[arg-type]
        return
    expected = f"a number below {LARGEST:g}" + ("" if above < 0.0 else f" and above {least:g}")
    raise refusal(family, f"{name} = {value!r}", expected, todo or f"correct {name}")


def check_mean_cv(family: str, mean: float, cv: float) -> None:
    """Refuse a mean [USD] or a cv that cannot be meant."""
    check(family, "mean", mean, todo="give the mean cost of one claim in USD")
    check(family, "cv", cv, todo="give sd / mean; a cost without spread is {fixed: {value: ..}}")
    if cv > LARGEST_CV:
        todo = f"if {cv:g} is a percent write {cv / 100:g}, else give the native parameters"
        raise refusal(family, f"cv = {cv!r}", f"a ratio sd / mean of at most {LARGEST_CV:g}", todo)


def _shape_for_cv(family: str, cv: float, cv_of: Callable[[float], float], least: float) -> float:
    """Shape of at least ``least`` at which the falling function ``cv_of`` meets a cv."""

    def gap(log_shape: float) -> float:
        return math.log(min(max(cv_of(math.exp(log_shape)), 1e-9), 1e9) / cv)

    low, high = math.log(least), math.log(1e5)
    if gap(high) * gap(low) >= 0.0:
        low_cv, high_cv = (min(cv * math.exp(gap(end)), LARGEST_CV) for end in (high, low))
        expected = f"a cv between {low_cv:.3g} and {high_cv:.3g} for this family and its shapes"
        raise refusal(family, f"cv = {cv!r}", expected, "change the cv, the shapes or the family")
    return math.exp(scipy.optimize.brentq(gap, low, high, xtol=1e-14))


class Severity(ABC):
    """Law of the cost of one claim [USD]; each subclass is one family."""

    __slots__ = ()
    family: ClassVar[str]
    ways: ClassVar[tuple[tuple[str, ...], ...]]  # sets of parameters that define it
    optional: ClassVar[tuple[str, ...]] = ()
    above: ClassVar[dict[str, float]] = {}  # lower bounds other than 0

    def __post_init__(self) -> None:
        """Refuse parameters out of their range."""
        for field in fields(self):  # type: ignore[arg-type]
            bound = self.above.get(field.name, 0.0)
            check(self.family, field.name, getattr(self, field.name), bound)

    @classmethod
    def from_given(cls, **given: Any) -> Self:
        """Build the law from one of the sets of parameters that define it."""
        return cls(**given)

    @abstractmethod
    def _log_moment(self, k: int) -> float:
        """Logarithm of E[Y^k] for k = 1 or 2; infinite if the moment does not exist."""

    @abstractmethod
    def _survival(self, x: FloatArray) -> Any:
        """P(Y > x) for x >= 0."""

    @abstractmethod
    def _inverse(self, u: FloatArray) -> Any:
        """Smallest x with P(Y > x) <= u, for 0 < u <= 1."""

    @abstractmethod
    def _share(self, x: FloatArray) -> Any:
        """E[Y; Y <= x] / E[Y] for x >= 0."""

    @property
    def mean(self) -> float:
        """E[Y] [USD]."""
        log_mean = self._log_moment(1)
        return math.exp(log_mean) if log_mean < 700.0 else math.inf

    @property
    def cv(self) -> float:
        """sd(Y) / E[Y]; infinite if the variance does not exist."""
        log_ratio = self._log_moment(2) - 2.0 * self._log_moment(1)
        return math.sqrt(math.expm1(max(log_ratio, 0.0))) if log_ratio < 700.0 else math.inf

    def survival(self, x: ArrayLike) -> FloatArray:
        """P(Y > x)."""
        amounts = np.asarray(x, dtype=np.float64)
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(amounts < 0.0, 1.0, self._survival(np.maximum(amounts, 0.0)))

    def inverse_survival(self, u: ArrayLike) -> FloatArray:
        """Smallest x with P(Y > x) <= u [USD]; a tiny u gives a huge cost."""
        probabilities = np.asarray(u, dtype=np.float64)
        if not np.all((probabilities > 0.0) & (probabilities <= 1.0)):
            todo = "draw uniforms in (0, 1)"
            raise refusal(self.family, "a survival outside (0, 1]", "0 < survival <= 1", todo)
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(self._inverse(probabilities), dtype=np.float64)

    def limited_mean(self, x: ArrayLike) -> FloatArray:
        """E[min(Y, x)] [USD]."""
        # Survival is nil at 1e300, and an infinite limit would add inf * 0 = NaN.
        amounts = np.minimum(np.asarray(x, dtype=np.float64), 1e300)
        with np.errstate(divide="ignore", over="ignore"):
            below = self.mean * np.asarray(self._share(np.maximum(amounts, 0.0)))
        return below + amounts * self.survival(amounts)

    def node_values(self, nodes: FloatArray) -> FloatArray:
        """Costs [USD] at survival nodes that rise to 1, for linear interpolation between them.

        The values of the inverse survival function, but for the last (survival 1): it gives the
        last cell its true mean. The lower end point, often 0, would drag 1/64 of all claims
        halfway down to it.
        """
        values = self.inverse_survival(nodes)
        cell_mean = self.mean * self._share(values[-2:-1])[0] / (nodes[-1] - nodes[-2])
        values[-1] = np.clip(2.0 * cell_mean - values[-2], values[-1], values[-2])
        return values


@dataclass(frozen=True, slots=True)
class Fixed(Severity):
    """Every claim costs the same value [USD]."""

    family = "fixed"
    ways = (("value",),)
    value: float

    def _log_moment(self, k: int) -> float:
        return k * math.log(self.value)

    def _survival(self, x: FloatArray) -> Any:
        return np.where(x < self.value, 1.0, 0.0)

    def _inverse(self, u: FloatArray) -> Any:
        return np.full_like(u, self.value)

    def _share(self, x: FloatArray) -> Any:
        return np.where(x < self.value, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Lognormal(Severity):
    """ln Y is normal with mean mu and standard deviation sigma [ln USD]."""

    family = "lognormal"
    ways = (("mean", "cv"), ("mu", "sigma"))
    above: ClassVar[dict[str, float]] = {"mu": -math.inf}
    mu: float
    sigma: float

    @classmethod
    def from_given(cls, **given: Any) -> Self:
        """Unless native: sigma^2 = ln(1 + cv^2), mu = ln(mean) - sigma^2 / 2."""
        if "mean" not in given:
            return cls(**given)
        check_mean_cv(cls.family, **given)
        variance = math.log1p(given["cv"] ** 2)
        return cls(math.log(given["mean"]) - variance / 2.0, math.sqrt(variance))

    def _z(self, x: ArrayLike) -> FloatArray:
        """(ln x - mu) / sigma."""
        return (np.log(x) - self.mu) / self.sigma

    def _log_moment(self, k: int) -> float:
        spread = k * self.sigma
        return k * self.mu + spread * spread / 2.0

    def _survival(self, x: FloatArray) -> Any:
        return scipy.special.ndtr(-self._z(x))

    def _inverse(self, u: FloatArray) -> Any:
        return np.exp(self.mu - self.sigma * scipy.special.ndtri(u))

    def _share(self, x: FloatArray) -> Any:
        return scipy.special.ndtr(self._z(x) - self.sigma)


class _Scaled(Severity):
    """Laws whose scale follows from the mean and one free shape from the cv."""

    __slots__ = ()
    free: ClassVar[str]  # the cv falls as this shape grows
    least: ClassVar[float] = 1e-3  # smallest value of the free shape that is tried
    scale: float

    @classmethod
    def from_given(cls, **given: Any) -> Self:
        """Unless native: the free shape from the cv, then the scale from the mean."""
        if "mean" not in given:
            return cls(**given)
        mean, cv = given.pop("mean"), given.pop("cv", None)
        check_mean_cv(cls.family, mean, 1.0 if cv is None else cv)
        law: Callable[..., Self] = cls
        unit = partial(law, scale=1.0, **given)
        if cv is not None:
            shape = _shape_for_cv(cls.family, cv, lambda s: unit(**{cls.free: s}).cv, cls.least)
            unit = partial(unit, **{cls.free: shape})
        return unit(scale=mean / unit().mean)


@dataclass(frozen=True, slots=True)
class Gamma(_Scaled):
    """Density proportional to x^(shape - 1) exp(-x / scale), scale in USD."""

    family = "gamma"
    ways = (("mean", "cv"), ("shape", "scale"))
    free = "shape"
    shape: float
    scale: float

    def _log_moment(self, k: int) -> float:
        return sum(math.log(self.shape + i) + math.log(self.scale) for i in range(k))

    def _survival(self, x: FloatArray) -> Any:
        return scipy.special.gammaincc(self.shape, x / self.scale)

    def _inverse(self, u: FloatArray) -> Any:
        return self.scale * scipy.special.gammainccinv(self.shape, u)

    def _share(self, x: FloatArray) -> Any:
        return scipy.special.gammainc(self.shape + 1.0, x / self.scale)


@dataclass(frozen=True, slots=True)
class Weibull(_Scaled):
    """P(Y > x) = exp(-(x / scale)^shape), scale in USD."""

    family = "weibull"
    ways = (("mean", "cv"), ("shape", "scale"))
    free = "shape"
    shape: float
    scale: float

    def _log_moment(self, k: int) -> float:
        return k * math.log(self.scale) + math.lgamma(1.0 + k / self.shape)

    def _survival(self, x: FloatArray) -> Any:
        return np.exp(-((x / self.scale) ** self.shape))

    def _inverse(self, u: FloatArray) -> Any:
        return self.scale * np.abs(np.log(u)) ** (1.0 / self.shape)

    def _share(self, x: FloatArray) -> Any:
        return scipy.special.gammainc(1.0 + 1.0 / self.shape, (x / self.scale) ** self.shape)


class _BetaKind(_Scaled):
    """Laws with (Y / scale)^a = B / (1 - B), where B is beta(p, q)."""

    __slots__ = ()

    @property
    @abstractmethod
    def _shapes(self) -> tuple[float, float, float]:
        """a, p and q."""

    def _log_moment(self, k: int) -> float:
        a, p, q = self._shapes
        if q <= k / a:
            return math.inf
        over = math.lgamma(p + k / a) - math.lgamma(p) + math.lgamma(q - k / a) - math.lgamma(q)
        return k * math.log(self.scale) + over

    def _tail(self, x: FloatArray, k: int) -> Any:
        """E[Y^k; Y > x] / E[Y^k]."""
        a, p, q = self._shapes
        p, q = p + k / a, q - k / a
        odds = (x / self.scale) ** a
        low = np.minimum(odds, 1.0)
        # Each side of odds 1 takes the argument, B or 1 - B, that keeps its digits there.
        below = scipy.special.betaincc(p, q, low / (1.0 + low))
        return np.where(odds < 1.0, below, scipy.special.betainc(q, p, 1.0 / (1.0 + odds)))

    def _survival(self, x: FloatArray) -> Any:
        return self._tail(x, 0)

    def _share(self, x: FloatArray) -> Any:
        return 1.0 - self._tail(x, 1)

    def _inverse(self, u: FloatArray) -> Any:
        a, p, q = self._shapes
        above = scipy.special.betaincinv(q, p, u)
        below = np.where(above < 0.5, 1.0 - above, scipy.special.betainccinv(p, q, u))
        return self.scale * (below / above) ** (1.0 / a)


@dataclass(frozen=True, slots=True)
class Pareto(_BetaKind):
    """Pareto II, also called Lomax: P(Y > x) = (1 + x / scale)^-alpha, scale in USD."""

    family = "pareto"
    ways = (("mean", "cv"), ("mean", "alpha"), ("alpha", "scale"))
    above: ClassVar[dict[str, float]] = {"alpha": 1.0}
    free = "alpha"
    least = 1.001
    alpha: float
    scale: float

    @property
    def _shapes(self) -> tuple[float, float, float]:
        return 1.0, 1.0, self.alpha


@dataclass(frozen=True, slots=True)
class Burr(_BetaKind):
    """Burr XII: P(Y > x) = (1 + (x / scale)^gamma)^-alpha, scale in USD."""

    family = "burr"
    ways = (("mean", "cv", "alpha"), ("alpha", "gamma", "scale"))
    above: ClassVar[dict[str, float]] = {"alpha": LEAST_EXPONENT}
    free = "gamma"
    alpha: float
    gamma: float
    scale: float

    @property
    def _shapes(self) -> tuple[float, float, float]:
        return self.gamma, 1.0, self.alpha


@dataclass(frozen=True, slots=True)
class GB2(_BetaKind):
    """Density proportional to x^(ap - 1) (1 + (x / scale)^a)^-(p + q), scale in USD."""

    family = "gb2"
    ways = (("mean", "cv", "a", "p"), ("a", "p", "q", "scale"))
    above: ClassVar[dict[str, float]] = {"q": LEAST_EXPONENT}
    free = "q"
    least = 1.01 * LEAST_EXPONENT
    a: float
    p: float
    q: float
    scale: float

    @property
    def _shapes(self) -> tuple[float, float, float]:
        return self.a, self.p, self.q
