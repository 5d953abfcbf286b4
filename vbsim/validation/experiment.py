"""V9: the assumption set ``commercial`` against the RAND experiment, member by member, five years.

The experiment gives each figure for several years; vbsim's is the mean over five.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy import stats

from vbsim.measures.precision import FloatArray
from vbsim.validation.base import FROM_DATA, Found, Show, Target, percent
from vbsim.validation.members import RAND, by_group
from vbsim.validation.worlds import lone_insured

COUNT = 200_000
_VISITS = ("primary_care", "specialist")
_TOP = {0.01: 0.306, 0.05: 0.593, 0.10: 0.737, 0.20: 0.855, 0.50: 0.975}


@cache
def dollars() -> FloatArray:
    """Annual cost of each member, (members, 5 years) [USD]."""
    return np.asarray(lone_insured(COUNT)[0].sum(axis=2))


@cache
def claims(*services: str) -> FloatArray:
    """Claims of some services together, (members, 5 years)."""
    _, counts, names = lone_insured(COUNT)
    return np.asarray(counts[..., [names.index(name) for name in services]].sum(axis=2))


def _variance_over_mean(values: FloatArray) -> float:
    return float(np.mean(values.var(axis=0) / values.mean(axis=0)))


def variance_over_mean(services: tuple[str, ...], data: Path | None = None) -> Found:
    """Variance over mean of a member's yearly number of claims."""
    return by_group(_variance_over_mean, claims(*services))


def _none(values: FloatArray) -> float:
    return float(np.mean(values == 0.0))


def no_claims(services: tuple[str, ...], data: Path | None = None) -> Found:
    """Share of members without a claim in the year."""
    return by_group(_none, claims(*services))


def no_spending(data: Path | None = None) -> Found:
    """Share of members without spending in the year."""
    return by_group(_none, dollars())


def spread(data: Path | None = None) -> Found:
    """Coefficient of variation of annual cost."""
    return by_group(lambda cost: float(np.mean(cost.std(axis=0) / cost.mean(axis=0))), dollars())


def _top(share: float, cost: FloatArray) -> float:
    spent = np.sort(cost, axis=0)[::-1].cumsum(axis=0)
    return float(np.mean(spent[round(share * len(cost)) - 1] / spent[-1]))


def share_of_top(share: float, data: Path | None = None) -> Found:
    """Share of spending of the most expensive members."""
    return by_group(partial(_top, share), dollars())


def _lagged(lag: int, values: FloatArray) -> float:
    return float(np.diag(np.corrcoef(values.T), lag).mean())


def correlation(kind: str, lag: int, data: Path | None = None) -> Found:
    """Correlation over so many years: of dollars, of their logarithm, of ranks, of visits."""
    values = claims(*_VISITS) if kind == "visits" else dollars()
    if kind == "log":
        values = np.log1p(values)
    elif kind == "rank":
        values = np.asarray(stats.rankdata(values, axis=0))
    return by_group(partial(_lagged, lag), values)


def _counted() -> list[Target]:
    found = []
    for key, words, services, low, high, none in (
        ("admissions", "admissions a year", ("inpatient",), 1.32, 1.54, 0.910),
        ("visits", "physician visits a year", _VISITS, 6.5, 7.3, 0.312),
    ):
        found += [
            Target(f"V9.rand_{key}", f"under 65, {words}: variance over mean", RAND, FROM_DATA,
                   (low + high) / 2.0, partial(variance_over_mean, services), Show(2),
                   between=(0.9 * low, 1.1 * high), tolerance="published range ± 10 %"),
            Target(f"V9.rand_no_{key}", f"under 65, {words}: members without any", RAND, FROM_DATA,
                   none, partial(no_claims, services), percent(), within=0.05,
                   tolerance="none stated; 5 points"),
        ]  # fmt: skip
    return found


def _spent() -> list[Target]:
    found = [
        Target("V9.rand_cv", "under 65, annual cost: coefficient of variation", RAND, FROM_DATA,
               4.07, spread, Show(2), between=(3.42, 4.73), tolerance="none stated; three years"),
        Target("V9.rand_zero", "under 65: members without spending in a year", RAND, FROM_DATA,
               0.221, no_spending, percent(), within=0.05, tolerance="none stated; 5 points"),
    ]  # fmt: skip
    for top, share in _TOP.items():
        part = f"{100 * top:g}"
        found.append(
            Target(f"V9.rand_top_{part}", f"under 65: share of spending of the top {part} %", RAND,
                   FROM_DATA, share, partial(share_of_top, top), percent(), within=0.015,
                   tolerance="none stated; as in V7")
        )  # fmt: skip
    return found


def _persistent() -> list[Target]:
    rows: list[tuple[str, str, str, int, float, tuple[float, float]]] = [
        ("rand_dollars", "dollars, consecutive years", "dollars", 1, 0.175, (0.12, 0.33)),
        ("rand_log", "log(1 + dollars), consecutive years", "log", 1, 0.50, (0.50, 0.50)),
        ("lag_4", "log(1 + dollars), four years apart", "log", 4, 0.39, (0.39, 0.39)),
        ("rank", "ranks of dollars, consecutive years", "rank", 1, 0.51, (0.51, 0.51)),
        ("rank_4", "ranks of dollars, four years apart", "rank", 4, 0.42, (0.42, 0.42)),
        ("rand_visits_lag_1", "visits, consecutive years", "visits", 1, 0.645, (0.59, 0.70)),
    ]  # fmt: skip
    return [
        Target(f"V9.{key}", f"under 65, correlation: {words}", RAND, FROM_DATA, value,
               partial(correlation, kind, lag), Show(2), between=(low - 0.05, high + 0.05),
               tolerance="published range ± 0.05")
        for key, words, kind, lag, value, (low, high) in rows
    ]  # fmt: skip


def targets() -> list[Target]:
    """Targets of V9 for persons under 65."""
    return [*_counted(), *_spent(), *_persistent()]
