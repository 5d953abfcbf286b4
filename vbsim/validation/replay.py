"""V3: results of the Medicare Shared Savings Program, settled by the rules from CMS's own files."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np

from vbsim.measures.precision import FloatArray
from vbsim.outcomes import mssp
from vbsim.outcomes.outcome import Outcome
from vbsim.outcomes.program import settle_file
from vbsim.outcomes.reader import OutcomeFile
from vbsim.validation.base import FROM_DATA, Found, Show, Target, percent

FILES = {
    year: f"mssp_puf_py{year}{'_standardised' if year in (2019, 2020) else ''}.csv"
    for year in range(2013, 2024)
}
SOURCE = "CMS results file of {year}"
# Year: ACOs, benchmark [USD billion], gross savings [USD million], ACOs that save, mean and sd
# of the savings rate [%]; of 2019 the ACOs of twelve months.
SAVINGS = {
    2013: (220, 42.50, 234, 53.6, 0.44, 5.62), 2014: (333, 52.89, 291, 54.4, 0.57, 4.93),
    2015: (392, 73.30, 429, 51.8, 0.66, 5.84), 2016: (432, 81.38, 652, 55.8, 0.90, 5.41),
    2017: (472, 94.91, 1_095, 60.2, 1.35, 4.80), 2018: (548, 109.78, 1_706, 66.4, 1.57, 4.36),
    2019: (475, 92.82, 1_972, 73.3, 2.47, 4.65), 2020: (513, 110.96, 4_145, 82.9, 3.88, 4.60),
    2021: (475, 113.30, 3_618, 81.1, 3.43, 4.11), 2022: (482, 120.05, 4_329, 84.0, 3.74, 3.99),
    2023: (453, 127.87, 5_157, 84.6, 4.17, 4.19),
}  # fmt: skip
# Year: share that earns [%], ACOs that owe, paid, losses and net to Medicare [USD million].
PAYMENTS = {
    2013: (23.6, 1, 316, 4, -78),
    2014: (25.8, 0, 341, 0, -50), 2015: (30.4, 0, 646, 0, -216), 2016: (31.0, 4, 701, 9, -39),
    2017: (33.7, 11, 799, 19, 314), 2018: (37.4, 11, 984, 18, 739),
    2019: (50.3, 6, 1_134, 16, 854), 2020: (67.3, 0, 2_284, 0, 1_861),
    2021: (57.7, 0, 1_959, 0, 1_659), 2022: (63.1, 0, 2_524, 0, 1_805),
    2023: (69.1, 20, 3_094, 14, 2_077),
}  # fmt: skip
# Year: share that earns among one-sided and two-sided ACOs [%].
BY_RISK = {2022: (40.9, 78.5), 2023: (45.7, 80.8)}
_ONE_SIDED = {"basic_a", "basic_b"}
_MILLIONS, _BILLIONS = Show(0, " M USD", 1e-6), Show(2, " B USD", 1e-9)
_DIGIT = "the last digit printed"


@cache
def replayed(path: Path, year: int) -> tuple[Outcome, ...]:
    """Settle every ACO of a results file by the rules."""
    return tuple(settle_file("mssp", path, year))


@cache
def _money(path: Path, year: int) -> FloatArray:
    """Benchmark and expenditure of every ACO, (n, 2) [USD]."""
    rows = OutcomeFile(path, mssp.LAYOUT, year).rows()
    return np.array([[row.value("benchmark"), row.value("expenditure")] for row in rows])


def _outcomes(year: int, data: Path | None) -> tuple[Outcome, ...]:
    assert data is not None
    return replayed(data / FILES[year], year)


def _gaps(year: int, data: Path | None) -> tuple[FloatArray, FloatArray]:
    """Benchmark and savings of every ACO [USD]."""
    assert data is not None
    money = _money(data / FILES[year], year)
    return money[:, 0], money[:, 0] - money[:, 1]


def count(year: int, data: Path | None) -> Found:
    """ACOs that the rules settle."""
    return Found(float(sum(one.settled for one in _outcomes(year, data))))


def benchmark(year: int, data: Path | None) -> Found:
    """Benchmark of all ACOs [USD]."""
    return Found(float(_gaps(year, data)[0].sum()))


def gross(year: int, data: Path | None) -> Found:
    """Benchmark less expenditure of all ACOs [USD]."""
    return Found(float(_gaps(year, data)[1].sum()))


def share_saving(year: int, data: Path | None) -> Found:
    """Share of the ACOs with expenditure below the benchmark."""
    return Found(float(np.mean(_gaps(year, data)[1] > 0.0)))


def mean_rate(year: int, data: Path | None) -> Found:
    """Mean savings rate of the ACOs."""
    mark, saved = _gaps(year, data)
    return Found(float(np.mean(saved / mark)))


def spread_of_rates(year: int, data: Path | None) -> Found:
    """Give the standard deviation of the savings rates."""
    mark, saved = _gaps(year, data)
    return Found(float(np.std(saved / mark, ddof=1)))


def share_earning(year: int, data: Path | None, two_sided: bool | None = None) -> Found:
    """Share of the ACOs that the rules pay; of those with or without losses if one is asked."""
    chosen = [
        one
        for one in _outcomes(year, data)
        if two_sided is None or (one.track not in _ONE_SIDED) == two_sided
    ]
    return Found(float(np.mean([(one.earned_shared_savings or 0.0) > 0.0 for one in chosen])))


def owing(year: int, data: Path | None) -> Found:
    """ACOs that owe a dollar or more by the rules."""
    # Losses forgiven for a whole year leave the rounding of their proration.
    return Found(
        float(sum((one.owed_shared_losses or 0.0) >= 1.0 for one in _outcomes(year, data)))
    )


def paid(year: int, data: Path | None) -> Found:
    """Paid to ACOs by the rules [USD]."""
    return Found(float(sum(one.earned_shared_savings or 0.0 for one in _outcomes(year, data))))


def losses(year: int, data: Path | None) -> Found:
    """Losses owed by the rules [USD]."""
    return Found(float(sum(one.owed_shared_losses or 0.0 for one in _outcomes(year, data))))


def net(year: int, data: Path | None) -> Found:
    """Gross savings less payments, and losses [USD]."""
    return Found(gross(year, data).value - paid(year, data).value + losses(year, data).value)


Row = tuple[str, str, float, Callable[..., Found], Show, float]


def _savings(year: int) -> list[Row]:
    acos, mark, saved, saving, mean, spread = SAVINGS[year]
    return [
        ("acos", "ACOs settled", acos, count, Show(0), 0.0),
        ("benchmark", "benchmark", 1e9 * mark, benchmark, _BILLIONS, 0.005e9),
        ("gross", "gross savings", 1e6 * saved, gross, _MILLIONS, 0.5e6),
        ("saving", "ACOs below their benchmark", saving / 100, share_saving, percent(), 5e-4),
        ("mean", "mean savings rate", mean / 100, mean_rate, percent(2), 5e-5),
        ("sd", "sd of the savings rate", spread / 100, spread_of_rates, percent(2), 5e-5),
    ]


def _payments(year: int) -> list[Row]:
    earning, owe, payments, lost, kept = PAYMENTS[year]
    return [
        ("earn", "ACOs that earn, by the rules", earning / 100, share_earning, percent(), 5e-4),
        ("owe", "ACOs that owe, by the rules", owe, owing, Show(0), 0.0),
        ("paid", "paid to ACOs, by the rules", 1e6 * payments, paid, _MILLIONS, 0.5e6),
        ("losses", "losses owed, by the rules", 1e6 * lost, losses, _MILLIONS, 0.5e6),
        ("net", "net to Medicare, by the rules", 1e6 * kept, net, _MILLIONS, 0.5e6),
    ]


def _by_risk(year: int) -> list[Row]:
    return [
        (f"earn_{key}", f"{words} ACOs that earn, by the rules", share / 100,
         partial(share_earning, two_sided=two_sided), percent(), 5e-4)
        for (key, words, two_sided), share in zip(
            (("one_sided", "one-sided", False), ("two_sided", "two-sided", True)),
            BY_RISK[year], strict=True)
    ]  # fmt: skip


def targets() -> list[Target]:
    """Targets of V3 that are settled from files."""
    found = []
    for year in SAVINGS:
        rows = _savings(year)
        rows += _payments(year) if year in PAYMENTS else []
        rows += _by_risk(year) if year in BY_RISK else []
        found += [
            Target(f"V3.{key}_{year}", f"{year}: {words}", SOURCE.format(year=year), FROM_DATA,
                   value, partial(compute, year), show, within=within,
                   tolerance=_DIGIT if within else "", needs=(FILES[year],))
            for key, words, value, compute, show, within in rows
        ]  # fmt: skip
    return found
