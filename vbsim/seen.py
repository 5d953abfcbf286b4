"""The Experience as contracts read it: arrays, and the sums that all of them need."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.contract import Contract
from vbsim.payment_models.base import FloatArray, summed
from vbsim.plan import BoolArray

_CACHED = 1 << 14  # numbers that stay near the processor while they are moved
# Variables that contracts see column by column; of the others they choose or sum some columns.
_BY_COLUMN = {
    "person_years", "national_factor", "regional_factor", "completion", "quality_score",
    "measure_rate", "measure_eligible",
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """The Experience as arrays, with the sums that every contract needs made once.

    What contracts work on most has realizations last in memory, whatever its dims: they go through
    one column (year, segment) of all realizations after the other.

    Parameters
    ----------
    facts
        Variables of ``vocabulary.EXPERIENCE``.
    names
        Names along each of their dimensions that contracts choose from.
    cost
        All claims, (R, T, S) [USD].
    exposure
        Person-years, (R, T).
    """

    facts: dict[str, FloatArray]
    names: dict[str, list[str]]
    cost: FloatArray
    exposure: FloatArray
    _layers: dict[str, FloatArray] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, experience: xr.Dataset) -> Seen:
        """Read an Experience."""
        facts = {str(name): experience.variables[name].values for name in experience.data_vars}
        facts |= {name: _by_column(facts[name]) for name in _BY_COLUMN & facts.keys()}
        facts |= {name: np.ascontiguousarray(facts[name]) for name in ("claims", "cost")}
        dims = (
            vocabulary.LAYER,
            vocabulary.QUALITY_MEASURE,
            vocabulary.EPISODE_TYPE,
            vocabulary.EPISODE_LIMIT,
        )
        there = [dim for dim in dims if dim in experience.dims]
        names = {dim: [str(name) for name in experience.variables[dim].values] for dim in there}
        cost = _by_column(np.einsum("rtsk->rts", facts["cost"]))
        return cls(facts, names, cost, summed(facts["person_years"]))

    def layer(self, name: str) -> FloatArray:
        """Members' cost in a layer, (R, T, S) [USD]; all claims for the empty name."""
        if not name:
            return self.cost
        if name not in self._layers:
            column = self.names[vocabulary.LAYER].index(name)
            self._layers[name] = _by_column(self.facts["layer_cost"][..., column])
        return self._layers[name]

    def factor(self, name: str) -> FloatArray:
        """Factor of every year, (R, T); 1 where the plan has none."""
        return self.facts.get(name, np.broadcast_to(1.0, self.exposure.shape))

    def counted(self, contract: Contract) -> FloatArray:
        """Expenditure of every year and segment as the contract measures it, (R, T, S) [USD]."""
        cost = self.layer(contract.expenditure_layer)
        if "completion" not in self.facts or not contract.by_rules:
            return cost
        return cost * self.facts["completion"][..., None]

    def chosen(self, variable: str, row: int, dim: str, names: tuple[str, ...]) -> FloatArray:
        """Columns of a variable of one year, (R, len(names)), in the order of the names."""
        columns = [self.names[dim].index(name) for name in names]
        found = np.moveaxis(self.facts[variable][:, row], 0, -1)[columns]
        return np.moveaxis(found, -1, 0)

    def reached(self, row: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Exposure of a year, members flagged by the program, exposure of those who take part."""
        engaged = self.facts["program_person_years"][:, row, 0]
        return self.exposure[:, row], self.facts["program_flagged"][:, row], engaged


def _by_column(values: FloatArray) -> FloatArray:
    """Copy with the first axis last in memory, part by part: whole columns would miss the cache."""
    columns = np.moveaxis(np.empty((*values.shape[1:], len(values))), -1, 0)
    at_once = max(_CACHED // (values[:1].size or 1), 1)
    for start in range(0, len(values), at_once):
        columns[start : start + at_once] = values[start : start + at_once]
    return columns


def of_services(values: FloatArray, row: int, inside: BoolArray) -> FloatArray:
    """Sum of a variable of one year over segments and some services, (R,)."""
    total = np.zeros(len(values))
    # One column after the other: the same sum whatever the block, and no cost outside is read.
    for segment in range(values.shape[2]):
        for service in np.flatnonzero(inside):
            total += values[:, row, segment, service]
    return total
