"""V2 and a part of V1: MSSP's minimum savings rate by size, and the luck that it was made for."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import numpy as np
from scipy import special

from vbsim import rulebook
from vbsim.outcomes import mssp
from vbsim.outcomes.mssp_facts import minimum_rate_by_size
from vbsim.outcomes.reader import OutcomeFile
from vbsim.validation.base import DERIVED, FROM_DATA, VERIFIED, Found, Show, Target, percent

_YEAR = 2022
# Spot checks of ACO-years in the published results: beneficiaries, minimum savings rate [%],
# decimals as printed.
SPOTS = (
    (640, 11.22, 2), (1_401, 7.96, 2), (2_647, 5.65, 2), (3_946, 4.4794, 4), (5_507, 3.7477, 4),
    (7_802, 3.2394, 4), (12_402, 2.8559, 4), (25_042, 2.4496, 4), (43_166, 2.2683, 4),
    (73_694, 2.0, 4),
)  # fmt: skip
# Ends of the bands and the rates there [%].
ENDS = {
    500: 12.2, 999: 8.7, 1_000: 8.7, 2_999: 5.0, 3_000: 5.0, 4_999: 3.9, 5_000: 3.9, 5_999: 3.6,
    6_000: 3.6, 6_999: 3.4, 7_000: 3.4, 7_999: 3.2, 8_000: 3.2, 8_999: 3.1, 9_000: 3.1, 9_999: 3.0,
    10_000: 3.0, 14_999: 2.7, 15_000: 2.7, 19_999: 2.5, 20_000: 2.5, 49_999: 2.2, 50_000: 2.2,
    59_999: 2.0, 60_000: 2.0,
}  # fmt: skip
# One-sided confidence of the rates where the sd of the savings rate is 2.15 / sqrt(N).
CONFIDENCE = {
    5_000: 0.900, 6_000: 0.903, 7_000: 0.907, 8_000: 0.908, 9_000: 0.914, 10_000: 0.919,
    15_000: 0.938, 20_000: 0.950, 50_000: 0.989, 60_000: 0.989,
}  # fmt: skip
# Share of ACOs that are still on the table of sizes.
ON_TABLE = {2013: 0.98, 2018: 0.87, 2021: 0.66, 2022: 0.51, 2023: 0.46}
_FILES = {
    2013: "mssp_puf_py2013.csv", 2018: "mssp_puf_py2018.csv", 2021: "mssp_puf_py2021.csv",
    2022: "mssp_puf_py2022.csv", 2023: "mssp_puf_py2023.csv",
}  # fmt: skip
_DIGIT = "the last digit printed"
_CFR = "42 CFR 425.605(b)(1)"
_POINTS = partial(Show, unit=" %")


def minimum_rate(heads: int, data: Path | None = None) -> Found:
    """Minimum savings rate of the rule file at a size [%]."""
    rate = minimum_rate_by_size(_YEAR, heads)
    return Found(100.0 * (np.nan if rate is None else rate))


def furthest_end(data: Path | None = None) -> Found:
    """Largest gap at the ends of the bands [percentage points]."""
    return Found(max(abs(minimum_rate(heads).value - rate) for heads, rate in ENDS.items()))


def confidence(heads: int, data: Path | None = None) -> Found:
    """Probability that luck alone stays below the minimum savings rate."""
    rate = minimum_rate(heads).value / 100.0
    return Found(float(special.ndtr(rate * np.sqrt(heads) / 2.15)))


@cache
def _gaps(path: Path, year: int) -> np.ndarray:
    """Gap of every published rate from the table of sizes [percentage points]."""
    rows = list(OutcomeFile(path, mssp.LAYOUT, year).rows())
    rates = [row.value("minimum_rate") for row in rows]
    sizes = [minimum_rate_by_size(year, int(row.value("beneficiaries") or 0)) for row in rows]
    pairs = [(a, b) for a, b in zip(rates, sizes, strict=True) if a is not None and b is not None]
    return np.array([100.0 * abs(published - by_size) for published, by_size in pairs])


def _choices(year: int) -> np.ndarray:
    return 100.0 * np.array(
        rulebook.read("rules", "mssp").figure("minimum_savings_rate_choices", year).value
    )


def furthest_choice(data: Path | None = None) -> Found:
    """Largest gap of the choices from the published ones [percentage points]."""
    return Found(float(np.abs(np.sort(_choices(_YEAR)) - np.linspace(0.0, 2.0, 5)).max()))


def on_table(year: int, data: Path | None) -> Found:
    """Share of the ACOs of a results file whose rate is that of the table of sizes."""
    assert data is not None
    return Found(float(np.mean(_gaps(data / _FILES[year], year) < 0.006)))


def explained(year: int, data: Path | None) -> Found:
    """Share of the ACOs whose rate is that of the table or one of the fixed choices."""
    assert data is not None
    path = data / _FILES[year]
    rows = OutcomeFile(path, mssp.LAYOUT, year).rows()
    rates = 100.0 * np.array([row.value("minimum_rate") or np.nan for row in rows])
    chosen = np.abs(np.nan_to_num(rates)[:, None] - np.append(_choices(year), 0.0)).min(axis=1)
    return Found(float(np.mean((_gaps(path, year) < 0.006) | (chosen < 0.006))))


def targets() -> list[Target]:
    """Targets of V2."""
    found = [
        Target(
            f"V2.spot_{heads}",
            f"Minimum savings rate at {heads:,} beneficiaries",
            "CMS results files (PUF), an ACO-year",
            VERIFIED,
            rate,
            partial(minimum_rate, heads),
            _POINTS(decimals),
            within=1e-4 if decimals == 4 else 0.005,
            tolerance="" if decimals == 4 else "printed with two decimals",
        )
        for heads, rate, decimals in SPOTS
    ]
    found.append(
        Target(
            "V2.bands",
            f"Largest gap at the {len(ENDS)} ends of the bands from 500 beneficiaries up",
            _CFR,
            VERIFIED,
            0.0,
            furthest_end,
            _POINTS(4),
            within=1e-4,
        )
    )
    found += [
        Target("V2.proposed_7500", "Minimum savings rate at 7,500 beneficiaries",
               "CMS-1345-P (Apr 2011), worked example", VERIFIED, 3.3, partial(minimum_rate, 7_500),
               _POINTS(1), within=0.05, tolerance=_DIGIT),
        Target("V2.choices", "Largest gap of the fixed choices from 0, 0.5, 1, 1.5 and 2 %",
               "Milliman 2023", VERIFIED, 0.0, furthest_choice, _POINTS(1), within=1e-4),
    ]  # fmt: skip
    return [*found, *_of_files()]


def _of_files() -> list[Target]:
    """Targets that CMS's files are needed for."""
    found = [
        Target(
            f"V2.on_table_{year}",
            f"ACOs of {year} whose rate is that of the table of sizes",
            f"CMS results file of {year}",
            FROM_DATA,
            share,
            partial(on_table, year),
            percent(),
            within=0.005,
            tolerance="the last digit printed",
            needs=(_FILES[year],),
        )
        for year, share in ON_TABLE.items()
    ]
    found += [
        Target(
            f"V2.explained_{year}",
            f"ACOs of {year} whose rate is that of the table or a fixed choice",
            f"CMS results file of {year}",
            FROM_DATA,
            1.0,
            partial(explained, year),
            percent(1),
            between=(0.998, 1.0),
            needs=(_FILES[year],),
        )
        for year in ON_TABLE
    ]
    return found


def confidences() -> list[Target]:
    """Confidence of every breakpoint of the rates, implied by a spread of 2.15 / sqrt(N)."""
    return [
        Target(
            f"V1.confidence_{heads}",
            f"Confidence of the minimum savings rate at {heads:,} members, spread 2.15/√N",
            "arithmetic on CMS-1345-P (2011)",
            DERIVED,
            value,
            partial(confidence, heads),
            Show(3),
            within=0.0005,
            tolerance="rounding of the figure",
        )
        for heads, value in CONFIDENCE.items()
    ]
