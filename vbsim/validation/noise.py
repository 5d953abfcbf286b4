"""V1: how noisy a measured savings rate is, and whom that noise rewards; with V3, one ACO's luck.

True savings are zero, members fresh every year, and nothing systematic happens, unless a figure
says otherwise. The sums of members come from the collective engine.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import xarray as xr

from vbsim.measures.precision import FloatArray
from vbsim.payment_models.shared_savings import Terms
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import blocks
from vbsim.skill import Question, curves
from vbsim.validation.base import DERIVED, FROM_DATA, VERIFIED, Found, Show, Target, percent
from vbsim.validation.worlds import BASE_YEARS, CALM, OWN, aged

_REALIZATIONS = 20_000
_OF_CELLS = 100_000  # with fewer the error reaches from the figure to the end of its tolerance
_CMS = "CMS-1345-P (Apr 2011), pp. 265-268"
_DELIA = "DeLia, Hoover & Cantor, MMRR 2012;2(4), abstract"
_RETENTION = 0.82  # of the default Medicare assumption set
_EQUAL, _FIRST = "equal", (0.6, 0.3, 0.1)
_PANEL = "CMS results files, consecutive years of an agreement"
SIZES = (5_000, 10_000, 20_000, 50_000)
# Harmonic mean of the size in a band: sd of one year's luck, sd of the change over √2.
LUCK = {
    "5,000 to 7,500": (6_227, 0.032), "7,500 to 10,000": (8_620, 0.023),
    "10,000 to 15,000": (12_133, 0.019), "15,000 to 20,000": (17_165, 0.022),
    "20,000 to 30,000": (23_951, 0.015), "30,000 to 50,000": (38_154, 0.013),
    "50,000 to 100,000": (64_872, 0.010),
}  # fmt: skip


@cache
def rates(
    members: int, weights: str | tuple[float, ...] = _EQUAL, retention: float = 0.0
) -> tuple[FloatArray, float]:
    """Measured savings rates, and the minimum savings rate of the size."""
    shares = weights if isinstance(weights, str) else list(weights)
    mark = {"mode": "simulated", "base_years": BASE_YEARS, "weights": shares}
    population = aged(members).source.data["population"] | {"retention": retention}
    plan = resolve(aged(members, benchmark=mark, population=population))
    plan = replace(plan, realizations=_REALIZATIONS, engine="collective")
    terms = plan.contracts[0].terms[0]
    assert isinstance(terms, Terms)
    parts = [settle(plan, part)["savings_rate"].values.ravel() for part in blocks(plan)]
    return np.concatenate(parts), float(terms.minimum_savings_rate)


def spread(
    members: int, weights: str | tuple[float, ...] = _EQUAL, data: Path | None = None
) -> Found:
    """Find the standard deviation of the savings rate times the square root of the members."""
    value = float(rates(members, weights)[0].std(ddof=1) * np.sqrt(members))
    return Found(value, value / float(np.sqrt(2.0 * _REALIZATIONS)))


def kept(data: Path | None = None) -> Found:
    """Spread where members stay as they do in the assumption set, over that of fresh members."""
    value = float(rates(5_000, _EQUAL, _RETENTION)[0].std() / rates(5_000, _EQUAL)[0].std())
    return Found(value, value / float(np.sqrt(_REALIZATIONS)))


def wins(members: int, data: Path | None = None) -> Found:
    """Chance that luck alone reaches the minimum savings rate."""
    found, minimum = rates(members)
    return _share(found >= minimum)


def _share(event: np.ndarray) -> Found:
    value = float(event.mean())
    return Found(value, float(np.sqrt(value * (1.0 - value) / event.size)))


@cache
def _delia() -> xr.Dataset:
    contract = {"program": "mssp", "track": "enhanced", "minimum_savings_rate": 0.02}
    return curves(
        aged(5_000, contracts={"two_sided": contract}),
        Question(
            sizes=(5_000, 50_000),
            savings=(0.0, 0.07),
            minimums=(0.02, 0.039),
            realizations=_OF_CELLS,
        ),
    )


def undeserved(name: str, members: int, data: Path | None = None) -> Found:
    """Chance of a payment without true savings; ``earns`` or ``owes``."""
    one = _delia().sel(size=members, true_savings=0.0)
    return Found(float(one[name]), float(one[f"{name}_standard_error"]))


def denied(data: Path | None = None) -> Found:
    """Chance that 5,000 members with true savings of 7 % miss a minimum of 3.9 %."""
    one = _delia().sel(size=5_000, true_savings=0.07, minimum_savings_rate=0.039)
    return Found(1.0 - float(one["reaches"]), float(one["reaches_standard_error"]))


@cache
def luck_of_one_year(members: int) -> Found:
    """Spread of the change of the savings rate over √2: members stay, the entity has own years."""
    defaults = {
        "person_years_per_member": 0.975,
        "per_capita_truncated": True,
        "segments": {"aged": {"enrollment_type": "aged_non_dual", "person_years": 0.975 * members}},
    }
    calm = {key: value for key, value in CALM.items() if key not in OWN}
    plan = resolve(
        aged(
            members,
            years=2,
            population=defaults,
            uncertainty=calm,
        )
    )
    plan = replace(plan, realizations=_REALIZATIONS, engine="collective")
    found = [settle(plan, part)["savings_rate"].values[:, :, 0] for part in blocks(plan)]
    changes = np.diff(np.concatenate(found), axis=1)[:, 0]
    value = float(changes.std(ddof=1) / np.sqrt(2.0))
    return Found(value, value / float(np.sqrt(2.0 * _REALIZATIONS)))


def _luck(members: int, data: Path | None = None) -> Found:
    return luck_of_one_year(members)


def targets() -> list[Target]:
    """Targets of V1 that are simulated."""
    ratio = Show(2)
    found = [
        Target(
            f"V1.spread_{members}", f"sd of the savings rate × √N, equal weights, N = {members:,}",
            f"{_CMS}; {_DELIA}; CMS results files", DERIVED, 2.15, partial(spread, members, _EQUAL),
            ratio, between=(2.05, 2.30),
        )
        for members in SIZES
    ]  # fmt: skip
    found += [
        Target(
            f"V1.spread_60_30_10_{members}",
            f"sd of the savings rate × √N, weights 60/30/10, N = {members:,}",
            f"{_CMS}; {_DELIA}; CMS results files", DERIVED, 2.26, partial(spread, members, _FIRST),
            ratio, between=(2.15, 2.40),
        )
        for members in SIZES
    ]  # fmt: skip
    found += [
        Target(
            f"V1.win_{members}", f"chance that luck reaches the minimum rate, N = {members:,}",
            _CMS, status, chance, partial(wins, members), percent(), within=0.01,
        )
        for members, chance, status in (
            (5_000, 0.10, VERIFIED), (20_000, 0.05, DERIVED), (50_000, 0.01, DERIVED),
        )
    ]  # fmt: skip
    found += [
        Target(
            f"V1.{name}_{members}", f"undeserved {words} beyond ±2 %, N = {members:,}", _DELIA,
            VERIFIED, chance, partial(undeserved, name, members), percent(), within=within,
        )
        for name, words, members, chance, within in (
            ("earns", "reward", 5_000, 0.24, 0.02), ("owes", "penalty", 5_000, 0.26, 0.02),
            ("earns", "reward", 50_000, 0.02, 0.01), ("owes", "penalty", 50_000, 0.02, 0.01),
        )
    ]  # fmt: skip
    found.append(
        Target("V1.denied", "true savings of 7 % denied by a minimum of 3.9 %, N = 5,000", _DELIA,
               DERIVED, 0.15, denied, percent(), within=0.02)
    )  # fmt: skip
    found.append(
        Target("V1.kept", "spread where members stay, over that of fresh members", _PANEL, DERIVED,
               float("nan"), kept, Show(3), between=(0.0, 0.99), tolerance="should fall")
    )  # fmt: skip
    return found


def luck_targets() -> list[Target]:
    """One year's noise of one ACO by size, in V3b."""
    return [
        Target(
            f"V3.luck_{members}", f"sd of one year's luck, {words} beneficiaries", _PANEL,
            FROM_DATA, value, partial(_luck, members), percent(2), within=0.12 * value,
            tolerance="none stated; 12 % as for the spread by size",
        )
        for words, (members, value) in LUCK.items()
    ]  # fmt: skip
