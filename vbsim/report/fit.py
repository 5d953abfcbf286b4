"""Whether the simulation gives back the utilization and cost that the Plan assumes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from vbsim.plan import FloatArray, Plan
from vbsim.vocabulary import REALIZATION, SEGMENT, SERVICE, USD, YEAR

PER_THOUSAND = 1000.0
_READ = 2**24  # bytes of amounts read at once


def fit(plan: Plan, experience: xr.Dataset) -> xr.Dataset:
    """Compare utilization and cost of a year with what the Plan expects.

    The first performance year; with a program, the year before it.

    The estimator is a ratio of sums over realizations, claims (or cost) over person-years; its
    standard error is by the delta method.

    Parameters
    ----------
    plan
        What was simulated.
    experience
        Variables of ``vocabulary.EXPERIENCE``, all realizations.

    Returns
    -------
    Dataset
        Over segment and service: ``utilization`` [claims per 1,000 person-years] and ``cost`` [USD
        per person-year], each with ``..._standard_error`` and ``..._expected``.
    """
    # A program lowers the use of those whom it reaches: the year before it is what is assumed.
    year = plan.start_year - (0 if plan.program is None else 1)
    shown = experience.sel({YEAR: year})
    row = int(np.flatnonzero(plan.world.years == year)[0])
    # True savings lower every service's use, so their mean belongs to what is expected.
    saved = plan.systematic.true_savings.mean if plan.performance[row] else 0.0
    rate = plan.world.rate[row] * (1.0 - saved)
    dims = (SEGMENT, SERVICE)
    variables = {}
    for name, source, scale, expected, unit in (
        ("utilization", "claims", PER_THOUSAND, rate, "claims per 1,000 person-years"),
        ("cost", "cost", 1.0, rate * plan.world.mean_unit_cost[row], f"{USD} per person-year"),
    ):
        found, error = ratio_of_sums(shown[source], shown["person_years"])
        for suffix, values in (("", found), ("_standard_error", error), ("_expected", expected)):
            attrs = {"units": unit, "long_name": (name + suffix).replace("_", " ")}
            variables[name + suffix] = (dims, scale * values, attrs)
    coordinates = {SEGMENT: list(plan.world.segments), SERVICE: list(plan.world.services)}
    return xr.Dataset(variables, coordinates, attrs={"year": year})


def ratio_of_sums(
    amounts: xr.DataArray, exposure: xr.DataArray, block: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """Ratio of sums over realizations, and its delta-method standard error.

    Parameters
    ----------
    amounts
        Dims realization, segment, service; may be a file that is read piece by piece.
    exposure
        Dims realization, segment [person-years].
    block
        Realizations read at a time, which bounds memory; some 16 MB of them by default.

    Returns
    -------
    tuple of arrays
        Both of shape (segments, services); missing without exposure, the error also with fewer
        than two realizations.
    """
    count = exposure.sizes[REALIZATION]
    rows = block or max(1, _READ * count // (8 * max(1, amounts.size)))
    # Sums of E, E E, A, A A and A E over realizations.
    sums: list[FloatArray] = [np.zeros(1)] * 5
    for start in range(0, count, rows):
        piece = {REALIZATION: slice(start, start + rows)}
        a = np.asarray(amounts.isel(piece).values, dtype=np.float64)
        e = np.asarray(exposure.isel(piece).values, dtype=np.float64)[:, :, None]
        sums = [s + v.sum(axis=0) for s, v in zip(sums, (e, e * e, a, a * a, a * e), strict=True)]
    e, ee, a, aa, ae = sums
    known = np.where(e > 0.0, e, np.nan)
    ratio = a / known
    if count < 2:
        return ratio, np.full_like(ratio, np.nan)
    # Rounding may leave a sum of squares a little below zero where nothing varies.
    squares = np.maximum(aa - 2.0 * ratio * ae + ratio**2 * ee, 0.0)
    return ratio, np.sqrt(squares * count / (count - 1)) / known
