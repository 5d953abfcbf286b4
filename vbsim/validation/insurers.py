"""V5: insurers that differ in size alone (T. Cox 2013), by the risk measures of the catalogue.

The loss ratio of n policies is normal with mean 0.75 and standard deviation 0.05 √(10⁶/n), expenses
are 0.15 of premium. Analytic: the measures of equally likely strata of the distribution. Monte
Carlo: of draws from a named stream.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy import special

from vbsim import streams
from vbsim.measures.catalogue import MEASURES, percentile
from vbsim.measures.precision import FloatArray
from vbsim.validation.base import VERIFIED, Found, Show, Target

_MEAN, _EXPENSES, _PREMIUM = 0.75, 0.15, 4_000.0
_STRATA, _DRAWS = 400_000, 400_000
_SOURCE = "T. Cox 2013, capitation and insurer size (afn.org/~sfcommed)"
_ONE_SD = 100.0 * float(special.ndtr(-1.0))  # chance of failing that the standard allows [%]
# Policies: chance of 5 % profit, of no loss, largest benefit ratio at .8413, its dollars.
BOOKS = {
    "NHI": (308_000_000, None, None, 0.79715, 3_189),
    "B": (10_000_000, None, None, 0.78419, 3_137),
    "PI": (1_000_000, 0.8413, 0.9772, 0.7500, 3_000),
    "D": (100_000, 0.6241, 0.7365, 0.6419, 2_568),
    "E": (10_000, 0.5398, 0.5793, 0.3000, 1_200),
}
# Loss ratio that a book exceeds with PI's chance of a loss: by itself, and after a merger.
LOADED = {"D": 1.0662, "E": 1.7500}
MERGED = {"B": (11_000_000, 0.780152), "NHI": (309_000_000, 0.755688)}
# Chances that are printed as about so much: book, margin, printed, half of its last digit.
ABOUT = (
    ("NHI", "profit", 0.05, 1.0, 5e-4), ("NHI", "no_loss", 0.0, 1.0, 5e-4),
    ("B", "profit", 0.05, 0.999, 5e-4), ("B", "no_loss", 0.0, 1.0, 5e-4),
)  # fmt: skip
_NATION = 308_000_000  # policies, in as many books of a size as that takes


@cache
def _standard_normal(drawn: bool) -> FloatArray:
    if not drawn:
        return np.asarray(special.ndtri((np.arange(_STRATA) + 0.5) / _STRATA))
    key = streams.key(5, "validation", "insurers")
    return np.asarray(
        special.ndtri(streams.uniforms(key, np.arange(_DRAWS), np.zeros(1, dtype=np.int64), 1))
    ).ravel()


def _net(policies: int, drawn: bool, margin: float = 0.0) -> FloatArray:
    """Give the result per dollar of premium over a margin."""
    sigma = 0.05 * np.sqrt(1e6 / policies)
    return 1.0 - _EXPENSES - margin - (_MEAN + sigma * _standard_normal(drawn))


def chance(policies: int, margin: float, drawn: bool, data: Path | None = None) -> Found:
    """Chance of a result above a margin."""
    found = MEASURES["prob_gain"](_net(policies, drawn, margin))
    return Found(found.value, found.standard_error if drawn else 0.0)


def benefit_ratio(policies: int, drawn: bool, data: Path | None = None) -> Found:
    """Largest benefit ratio at which 5 % profit is still reached with probability .8413."""
    spare = percentile(round(_ONE_SD, 6))(_net(policies, drawn, 0.05))
    return Found(_MEAN + spare.value, spare.standard_error if drawn else 0.0)


def dollars(policies: int, data: Path | None = None) -> Found:
    """Find the same in dollars of benefits per policy."""
    return Found(_PREMIUM * benefit_ratio(policies, drawn=False).value)


def loss_ratio(policies: int, drawn: bool, data: Path | None = None, sds: float = 2.0) -> Found:
    """Loss ratio that a book exceeds as seldom as a normal one lies so many sd above its mean."""
    low = percentile(round(100.0 * float(special.ndtr(-sds)), 6))(_net(policies, drawn))
    return Found(1.0 - _EXPENSES - low.value, low.standard_error if drawn else 0.0)


def reserves(policies: int, data: Path | None = None) -> Found:
    """Surplus that carries a loss ratio three sd high, of all books of a size together [USD]."""
    short = loss_ratio(policies, drawn=False, sds=3.0).value - (1.0 - _EXPENSES)
    return Found(short * _PREMIUM * _NATION)


def targets() -> list[Target]:
    """Targets of V5, analytic and Monte Carlo."""
    found = []
    for name, (policies, profit, no_loss, ratio, usd) in BOOKS.items():
        what = f"book {name}, {policies:,} policies"
        figures: list[tuple[str, str, float | None, Callable[..., Found]]] = [
            ("profit", "chance of 5 % profit", profit, partial(chance, policies, 0.05)),
            ("no_loss", "chance of no loss", no_loss, partial(chance, policies, 0.0)),
            ("ratio", "largest benefit ratio at .8413", ratio, partial(benefit_ratio, policies)),
        ]
        for key, words, value, compute in figures:
            if value is not None:
                found += _both(f"V5.{name}_{key}", f"{what}: {words}", value, compute)
        found.append(
            Target(
                f"V5.{name}_usd", f"{what}: the same per policy [USD]", _SOURCE, VERIFIED, usd,
                partial(dollars, policies), Show(0), within=0.6, tolerance="printed to the dollar",
            )
        )  # fmt: skip
    named = {"profit": "chance of 5 % profit", "no_loss": "chance of no loss"}
    found += [
        Target(
            f"V5.{name}_{key}", f"book {name}: {named[key]}, printed as about", _SOURCE, VERIFIED,
            value, partial(chance, BOOKS[name][0], margin, False), Show(3), within=within,
            tolerance="three digits printed",
        )
        for name, key, margin, value, within in ABOUT
    ]  # fmt: skip
    for name, value in LOADED.items():
        claim = f"book {name}: price per dollar with PI's no-loss probability"
        found += _both(f"V5.{name}_loaded", claim, value, partial(loss_ratio, BOOKS[name][0]))
    for name, (policies, value) in MERGED.items():
        claim = f"book {name} after PI's transfer: loss ratio at .9772"
        found += _both(f"V5.{name}_merged", claim, value, partial(loss_ratio, policies))
    found.append(
        Target(
            "V5.PI_reserves", "surplus of all books PI together, three sd", _SOURCE, VERIFIED,
            61.6e9, partial(reserves, BOOKS["PI"][0]), Show(1, " B USD", 1e-9), within=0.05e9,
            tolerance="the last digit printed",
        )
    )  # fmt: skip
    return found


def _both(key: str, claim: str, value: float, compute: Callable[..., Found]) -> list[Target]:
    analytic = Target(
        f"{key}.analytic", f"{claim}, analytic", _SOURCE, VERIFIED, value,
        partial(compute, False), Show(5), within=1e-4,
    )  # fmt: skip
    drawn = Target(
        f"{key}.monte_carlo", f"{claim}, Monte Carlo", _SOURCE, VERIFIED, value,
        partial(compute, True), Show(5), errors=3.0,
    )  # fmt: skip
    return [analytic, drawn]
