"""V9 and a part of V10: how often members use care, and how far that persists, member by member."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from vbsim.measures.precision import FloatArray
from vbsim.validation.base import FROM_DATA, VERIFIED, Found, Show, Target, percent
from vbsim.validation.worlds import lone_members

_COUNT = 200_000
_GROUPS = 50  # of members, for errors
_NMES = "NMES 1988, 4,406 persons of Medicare age"
RAND = "RAND Health Insurance Experiment, years 1-3, persons under 65"
_MEPS = "AHRQ MEPS statistical briefs 124, 191, 309, 354, 481"


def by_group(statistic: Callable[..., float], *columns: FloatArray) -> Found:
    """Statistic of all members, and its error from that of groups of them."""
    parts = zip(*(np.array_split(column, _GROUPS) for column in columns), strict=True)
    values = np.array([statistic(*part) for part in parts])
    return Found(statistic(*columns), float(values.std(ddof=1) / np.sqrt(_GROUPS)))


def _counts(service: str) -> FloatArray:
    _, claims, services = lone_members(_COUNT)
    return np.asarray(claims[:, 0, services.index(service)])


def variance_over_mean(service: str, data: Path | None = None) -> Found:
    """Variance over mean of a member's yearly number of claims."""
    return by_group(lambda x: float(x.var() / x.mean()), _counts(service))


def none(service: str, data: Path | None = None) -> Found:
    """Share of members without a claim in the year."""
    return by_group(lambda x: float(np.mean(x == 0.0)), _counts(service))


def _correlation(first: FloatArray, second: FloatArray) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def correlation(kind: str, data: Path | None = None) -> Found:
    """Correlation of a member's consecutive years: of dollars, of their logarithm, of visits."""
    cost, claims, services = lone_members(_COUNT)
    both = cost.sum(axis=2)
    if kind == "visits":
        both = claims[:, :, services.index("physician")]
    elif kind == "log":
        both = np.log1p(both)
    return by_group(_correlation, both[:, 0], both[:, 1])


def _stays(top: float, first: FloatArray, second: FloatArray) -> float:
    marks = [np.quantile(x, 1.0 - top) for x in (first, second)]
    return float(np.mean(second[first > marks[0]] > marks[1]))


def stays_on_top(top: float, data: Path | None = None) -> Found:
    """Part of the most expensive members who are so again in the next year."""
    both = lone_members(_COUNT)[0].sum(axis=2)
    return by_group(partial(_stays, top), both[:, 0], both[:, 1])


def stays_below(data: Path | None = None) -> Found:
    """Part of the cheaper half of members who are so again in the next year."""
    both = lone_members(_COUNT)[0].sum(axis=2)
    return by_group(partial(_stays, 0.5), -both[:, 0], -both[:, 1])


def targets() -> list[Target]:
    """Targets of V9 that one assumption set can be held against, and MEPS's of V10."""
    found = []
    for service, words, ratio, share in (
        ("inpatient", "hospital stays", 1.88, 0.804),
        ("ed", "emergency visits", 1.88, 0.818),
        ("physician", "office visits", 7.91, 0.155),
    ):
        found.append(
            Target(f"V9.vmr_{service}", f"{words}: variance over mean", _NMES, FROM_DATA, ratio,
                   partial(variance_over_mean, service), Show(2), within=0.1 * ratio,
                   tolerance="10 %")
        )  # fmt: skip
        found.append(
            Target(f"V9.none_{service}", f"{words}: share without any in the year", _NMES,
                   FROM_DATA, share, partial(none, service), percent(), within=0.05,
                   tolerance="none stated; 5 points")
        )  # fmt: skip
    for kind, words, value, between in (
        ("dollars", "dollars", 0.175, (0.07, 0.38)),
        ("log", "log(1 + dollars)", 0.50, (0.45, 0.55)),
        ("visits", "physician visits", 0.645, (0.54, 0.75)),
    ):
        found.append(
            Target(f"V9.correlation_{kind}", f"{words}: correlation of consecutive years", RAND,
                   FROM_DATA, value, partial(correlation, kind), Show(2), between=between,
                   tolerance="published range ± 0.05")
        )  # fmt: skip
    found += [
        Target("V10.top_1", "top 1 % of spenders who are so again next year", _MEPS, VERIFIED,
               0.182, partial(stays_on_top, 0.01), percent(), between=(0.14, 0.25),
               tolerance="range of five pairs of years"),
        Target("V10.bottom_half", "cheaper half of members who are so again next year", _MEPS,
               VERIFIED, 0.75, stays_below, percent(), within=0.05,
               tolerance="none stated; 5 points"),
    ]  # fmt: skip
    return found
