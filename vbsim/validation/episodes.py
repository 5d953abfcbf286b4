"""V12: bundled episodes, from the episode types of the default Medicare assumption set."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np

from vbsim import rulebook
from vbsim.generators import episodes
from vbsim.validation.base import DERIVED, VERIFIED, Found, Show, Target, percent

_LEJR = "Middleton 2017: 640,021 Medicare episodes, 2013-14"
_YEAR = 2022
# Rates within 90 days by kind of procedure: knee, elective hip, non-elective hip.
RATES = {
    "tka": ("knee replacement", "lejr", {"readmission": 0.063, "irf": 0.060, "snf": 0.339}),
    "tha": ("elective hip replacement", "lejr", {"readmission": 0.070, "irf": 0.067, "snf": 0.334}),
    "hip": ("non-elective hip", "shfft", {"readmission": 0.192, "irf": 0.235, "snf": 0.721}),
}
_WORDS = {"readmission": "readmitted", "irf": "to rehabilitation", "snf": "to skilled nursing"}


@cache
def params(kind: str) -> episodes.Params:
    """Figures of an episode type in the assumption set."""
    book = rulebook.read("assumptions", "medicare_ffs")
    names = [path.removeprefix("episodes.") for path in book.figures() if "episodes." in path]
    found = {}
    for name in names:
        value = book.figure(f"episodes.{name}", _YEAR).value
        found[name] = float(value[kind] if isinstance(value, dict) else value)
    return episodes.Params(**found)


def rate(kind: str, name: str, data: Path | None = None) -> Found:
    """Share of episodes with a discharge setting or a readmission."""
    return Found(float(getattr(params(kind), f"{name}_share")))


def mean_cost(kind: str, data: Path | None = None) -> Found:
    """Mean cost of an episode [USD]."""
    return Found(float(episodes.mean(params(kind)).sum()))


def spread(kind: str, data: Path | None = None) -> Found:
    """Coefficient of variation of the cost of an episode."""
    costs = episodes.pilot(params(kind))
    return Found(float(costs.std() / costs.mean()))


def log_spread(kind: str, data: Path | None = None) -> Found:
    """Spread of the logarithm of the cost, from its quartiles."""
    low, high = np.quantile(episodes.pilot(params(kind)), [0.25, 0.75])
    return Found(float(np.log(high / low) / 1.348979500392163))


def shrinks(count: int, data: Path | None = None) -> Found:
    """Spread of the mean of so many episodes, times √n, over that of one."""
    costs = episodes.pilot(params("lejr"))
    order = np.random.default_rng(12).permutation(costs.size)[: costs.size // count * count]
    means = costs[order].reshape(-1, count).mean(axis=1)
    ratio = float(means.std(ddof=1) * np.sqrt(count) / costs.std())
    return Found(ratio, ratio / float(np.sqrt(2.0 * means.size)))


def targets() -> list[Target]:
    """Targets of V12."""
    found = []
    for key, (words, kind, shares) in RATES.items():
        for name, share in shares.items():
            found.append(
                Target(f"V12.{key}_{name}", f"{words}: {_WORDS[name]} within 90 days", _LEJR,
                       VERIFIED, share, partial(rate, kind, name), percent(), within=0.003)
            )  # fmt: skip
    usd = Show(0, " USD")
    others: list[tuple[str, str, str, str, float, Callable[..., Found], Show]] = [
        ("hip_cv", "hip fracture: coefficient of variation, fitted to it", "ASPE episodes",
         VERIFIED, 0.72, partial(spread, "shfft"), Show(2)),
        ("colectomy_sigma", "colectomy: spread of the log cost, from the quartiles, fitted to it",
         "821 Medicare patients of one centre", DERIVED, 0.65, partial(log_spread, "major_bowel"),
         Show(2)),
    ]  # fmt: skip
    found += [
        Target(f"V12.{key}", words, source, status, value, compute, show, within=0.1 * value,
               tolerance="none stated; a tenth")
        for key, words, source, status, value, compute, show in others
    ]  # fmt: skip
    found += [
        Target("V12.cabg_mean", "coronary bypass: mean of 90-day episodes",
               "Michigan 2012-15, 5,910 patients, quartiles of hospitals", VERIFIED, 49_943.0,
               partial(mean_cost, "cabg"), usd, between=(45_487.0, 54_399.0),
               tolerance="lowest to highest quartile of hospitals"),
        Target("V12.shrinks", "spread of the mean of 100 episodes × √100 over that of one",
               "law of large numbers", DERIVED, 1.0, partial(shrinks, 100), Show(3), errors=3.0),
    ]  # fmt: skip
    return found
