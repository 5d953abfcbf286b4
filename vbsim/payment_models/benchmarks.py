"""Benchmarks: what a performance year's expenditure is held against.

``published``: a stated figure per person-year. ``simulated``: the base years come out of the same
engine, so the benchmark carries its own luck; they are trended to the performance year, weighted,
and brought to a stated expected level.

Either follows the nation if the contract updates it after the year: the systematic cost level of
the year, which the nation shares, then cancels from the savings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models.base import FloatArray, Line, amount, given, summed
from vbsim.payment_models.benchmark_steps import weighted


@dataclass(frozen=True, slots=True)
class Published:
    """A stated benchmark.

    Parameters
    ----------
    per_capita
        Updated benchmark per person-year [USD].
    follows_nation
        Whether it is updated with the nation's cost level after the year.
    """

    per_capita: float
    follows_nation: bool

    def __post_init__(self) -> None:
        """Refuse a benchmark that is no money."""
        if not self.per_capita > 0.0:
            raise ParameterError(f"published benchmark is {self.per_capita:g}; expected above 0")


@dataclass(frozen=True, slots=True)
class Simulated:
    """A benchmark made from simulated base years, for one performance year.

    Parameters
    ----------
    weights
        Weight of each base year, shape (base years,), sum 1.
    trend
        Factor from each base year to the performance year by segment, shape
        (base years, segments): national trend times growth of risk scores.
    adjustment
        Factor that brings the expected benchmark to its stated level (regional adjustment and
        whatever else the steps above leave out).
    follows_nation
        As in :class:`Published`.
    """

    weights: FloatArray
    trend: FloatArray
    adjustment: float
    follows_nation: bool

    def __post_init__(self) -> None:
        """Refuse weights that do not add up, and factors that are none."""
        if not abs(float(np.sum(self.weights)) - 1.0) < 1e-6:
            raise ParameterError(
                f"weights of the base years add up to {np.sum(self.weights):g}; expected 1"
            )
        if len(self.trend) != len(self.weights):
            raise ParameterError(
                f"trend has {len(self.trend)} base years and weights {len(self.weights)}; "
                "expected as many"
            )
        if not (self.adjustment > 0.0 and np.all(self.trend > 0.0)):
            raise ParameterError(
                f"adjustment {self.adjustment:g} or a trend factor is out of range; expected above "
                "0 (1 leaves a benchmark as it is)"
            )


def benchmark(
    terms: Published | Simulated,
    base_per_capita: Sequence[FloatArray],
    person_years: FloatArray,
    national_factor: FloatArray,
) -> tuple[FloatArray, dict[str, Line]]:
    """Benchmark of a performance year [USD], and the lines that explain it.

    Parameters
    ----------
    terms
        How the benchmark comes about.
    base_per_capita
        Expenditure per person-year of each base year, of shape (realizations, segments) [USD].
    person_years, national_factor
        Performance year, shape (realizations, segments).
    """
    if isinstance(terms, Published):
        level = terms.per_capita * (national_factor if terms.follows_nation else 1.0)
        total = summed(level * person_years)
        return total, {"benchmark": given(total, "stated, per person-year, for the exposure")}
    historical = weighted(terms.weights[:, None] * terms.trend, base_per_capita)
    trended = summed(historical * person_years)
    updated = trended
    if terms.follows_nation:
        updated = summed(historical * national_factor * person_years)
    total = updated * terms.adjustment
    by_size = "of base years' expenditure per person-year, weighted, for the year's exposure"
    return total, {
        "base_years_trended": given(trended, f"trended level {by_size}"),
        "national_update": given(updated - trended, "what the nation's year adds to that"),
        "benchmark_adjustment": given(
            total - updated, "regional adjustment and whatever else is stated"
        ),
        "benchmark": amount(total, "base_years_trended + national_update + benchmark_adjustment"),
    }
