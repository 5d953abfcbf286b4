"""What every figure of a portfolio takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from vbsim.plan import FloatArray
from vbsim.vocabulary import CONTRACT, GROUP, MEASURE, QUANTITY, YEAR


@dataclass(frozen=True, eq=False)
class PortfolioFindings:
    """A finished portfolio; its reference contract in the first performance year is shown.

    Parameters
    ----------
    name
        Of the portfolio.
    entities, program, series
        As in :class:`vbsim.portfolio.PortfolioSummary`.
    published_rates
        Savings rate of each entity as published; missing where none is.
    reference
        Key of the contract that is shown.
    """

    name: str
    entities: xr.Dataset
    program: xr.Dataset
    series: xr.Dataset
    published_rates: FloatArray
    reference: str

    @property
    def year(self) -> int:
        """The year that is shown."""
        return int(self.series[YEAR].values[0])

    @property
    def members(self) -> np.ndarray:
        """Members of each entity (heads)."""
        return np.asarray(self.entities["members"].values)

    def rates(self, measure: str) -> FloatArray:
        """Measure of every entity's savings rate; missing without a benchmark."""
        return self._shown(self.entities["savings_rate"].sel({MEASURE: measure}))

    def values(self, quantity: str) -> FloatArray:
        """Quantity of all entities together in every realization."""
        return self._shown(self.series[quantity].sel({GROUP: "all"}))

    def measure(self, quantity: str, measure: str) -> FloatArray:
        """Measure of a quantity in every group."""
        at = {QUANTITY: quantity, MEASURE: measure}
        return self._shown(self.program["value"].sel(at))

    def published(self, quantity: str) -> FloatArray:
        """Quantity of every group as published; missing where not."""
        return np.asarray(self.program["published"].sel({QUANTITY: quantity}).values)

    def groups(self, kind: str) -> np.ndarray:
        """Positions of the groups of a kind: ``all``, ``size`` or ``terms``."""
        return np.flatnonzero(self.program["kind"].values == kind)

    def _shown(self, array: xr.DataArray) -> FloatArray:
        shown = array.sel({CONTRACT: self.reference}).isel({YEAR: 0})
        return np.asarray(shown.values, dtype=np.float64)
