"""What every figure takes: the findings of a finished run.

A figure is a module that holds

* ``applies(findings) -> bool``: whether there is anything to draw;
* ``draw(figure, findings) -> Axes``: draws on an empty figure, sets its size [inch], and returns
  the (first) axes. Data preparation is in functions of its own, so that it can be checked without
  an image.

``FIGURES`` in the package's ``__init__`` names them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from vbsim.contract import Contract
from vbsim.plan import FloatArray, Plan
from vbsim.plots import text
from vbsim.vocabulary import CONTRACT, HOLDER, MEASURE, PARTY, YEAR

FIT_VARIABLES = {"utilization": "Claims per 1,000 person-years", "cost": "Cost per person-year"}
BAR = 3.0
"""Half-width of the error bars of the fit [standard errors]."""


@dataclass(frozen=True, eq=False)
class Findings:
    """A finished run; the first year of ``results`` and ``summary`` is the one that is shown.

    Parameters
    ----------
    plan
        What was simulated.
    results
        Variables of ``vocabulary.SETTLEMENT``.
    summary
        ``value`` and ``standard_error`` by year, contract, party and measure; ``difference`` and
        ``difference_standard_error`` from the contract named by the attribute ``reference``.
    fit
        Simulated and expected utilization and cost, from :func:`vbsim.report.fit.fit`; ``None``
        where the experience was not kept, and then the figure of the fit does not apply.
    program
        What the program returned, from :func:`vbsim.report.program.program`; ``None`` without one.
    """

    plan: Plan
    results: xr.Dataset
    summary: xr.Dataset
    fit: xr.Dataset | None = None
    program: xr.Dataset | None = None

    @property
    def year(self) -> int:
        """The year that is shown."""
        return int(self.results[YEAR].values[0])

    @property
    def year_number(self) -> int:
        """Position of the shown year among the performance years of the plan."""
        years = self.plan.world.years[self.plan.performance]
        return int(np.flatnonzero(years == self.year)[0])

    @property
    def names(self) -> list[str]:
        """Keys of the contracts."""
        return [str(name) for name in self.results[CONTRACT].values]

    @property
    def reference(self) -> str:
        """Key of the contract that the others are compared with."""
        return self.plan.reference

    def contract(self, name: str) -> Contract:
        """Contract of that key."""
        return next(c for c in self.plan.contracts if c.name == name)

    def holder(self, name: str) -> str:
        """Party that holds a contract: its net money is the contract's result."""
        return str(self.results[HOLDER].values[self.names.index(name)])

    @property
    def whose(self) -> str:
        """Words for the party or parties whose results are told."""
        return text.whose(map(self.holder, self.names))

    def label(self, name: str) -> str:
        """Words for a contract, with its holder where that is not the provider."""
        return text.of_holder(self.contract(name).label, self.holder(name))

    def net(self, name: str) -> FloatArray:
        """Net result of a contract in every realization [USD, positive = to its holder]."""
        return self._series(self.results["net_to_party"].sel({PARTY: self.holder(name)}), name)

    def savings_rate(self, name: str) -> FloatArray:
        """Measured savings of a contract [share of benchmark]; missing without a benchmark."""
        return self._series(self.results["savings_rate"], name)

    def measure(self, name: str, key: str) -> tuple[float, float]:
        """Value and standard error of a measure of a contract's net result [its unit]."""
        at = {CONTRACT: name, PARTY: self.holder(name), MEASURE: key}
        found = self.summary[["value", "standard_error"]].isel({YEAR: 0}).sel(at)
        return float(found["value"]), float(found["standard_error"])

    def difference(self, name: str, key: str) -> tuple[float, float]:
        """Paired difference of a measure from the reference contract, and its standard error."""
        at = {CONTRACT: name, MEASURE: key}
        wanted = ["difference", "difference_standard_error"]
        found = self.summary[wanted].isel({YEAR: 0}).sel(at)
        return float(found[wanted[0]]), float(found[wanted[1]])

    def statement(self, name: str, position: int) -> dict[str, float]:
        """Lines of one realization's statement that the contract has [unit of each]."""
        chosen = self.results["statement"].isel({YEAR: 0, "realization": position})
        own = self.results["line_contract"].values == name
        lines = zip(self.results["line_name"].values[own], chosen.values[own], strict=True)
        return {str(line): float(value) for line, value in lines if not np.isnan(value)}

    def steps(self, name: str) -> list[str]:
        """Lines of a contract whose sum is the net result."""
        lines = self.results[["line_contract", "line_name", "adds_to_net"]]
        own = (lines["line_contract"].values == name) & (lines["adds_to_net"].values == 1)
        return [str(line) for line in lines["line_name"].values[own]]

    def median_position(self, name: str) -> int:
        """Position of the realization whose net result is the lower median."""
        return self.position_at(name, 0.5)

    def position_at(self, name: str, level: float) -> int:
        """Position of the realization whose net result is a percentile (order statistic).

        Many realizations may share that result (0, inside the minimum rates); of these, the one
        whose savings rate is closest to the same percentile of the savings rate.
        """
        net, rate = self.net(name), self.savings_rate(name)
        rank = max(int(np.ceil(net.size * level - 1e-9)) - 1, 0)
        tied: NDArray[np.intp] = np.flatnonzero(net == np.sort(net)[rank])
        if np.isnan(rate).any():
            return int(tied[0])
        return int(tied[np.argmin(np.abs(rate[tied] - np.quantile(rate, level)))])

    def published_percentile(self) -> float:
        """Share of simulated savings rates below the published one, ties half; NaN without one."""
        rates, observed = self.savings_rate(self.reference), self.plan.observed
        if observed is None or np.isnan(rates).any():
            return np.nan
        rate = observed.savings_rate
        return float(np.mean(rates < rate) + 0.5 * np.mean(rates == rate))

    def fit_ratios(self, variable: str) -> xr.Dataset:
        """Ratio of simulated to assumed and half-width of its bar; missing if none is assumed."""
        assert self.fit is not None
        expected = self.fit[f"{variable}_expected"]
        known = expected.where(expected > 0.0)
        margin = BAR * self.fit[f"{variable}_standard_error"] / known
        return xr.Dataset({"ratio": self.fit[variable] / known, "margin": margin})

    def misfits(self) -> tuple[int, int]:
        """How many ratios of the fit lie further than their bar from 1, and how many there are."""
        count = total = 0
        for variable in FIT_VARIABLES:
            found = self.fit_ratios(variable)
            # A rounding error is no misfit, where a service never varies.
            far = np.abs(found["ratio"] - 1.0) > np.maximum(found["margin"], 1e-9)
            count += int(far.sum())
            total += int(found["margin"].notnull().sum())
        return count, total

    def _series(self, variable: xr.DataArray, name: str) -> FloatArray:
        chosen = variable.isel({YEAR: 0}).sel({CONTRACT: name})
        return np.asarray(chosen.values, dtype=np.float64)
