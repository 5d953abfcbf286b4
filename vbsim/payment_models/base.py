"""What every payment model takes and gives: one contract year in, one statement out.

A payment model is a module that holds

* ``Terms``: a frozen dataclass of numbers that cannot hold nonsense,
* ``settle(state, year, terms) -> (state, Statement)``: pure; no random number, no file, no clock.
  ``state`` is what the contract remembers from one year to the next, ``None`` at the start.

``MODELS`` in the package's ``__init__`` names them all; a contract test runs over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ContractYear:
    """What a contract sees of one performance year; every array has shape (realizations,).

    Parameters
    ----------
    cost
        All claims of the year [USD].
    expenditure
        Claims that count under the contract, truncated if it says so [USD].
    benchmark
        What the expenditure is held against [USD]; missing (NaN) without a benchmark.
    person_years
        Exposure.
    quality_score
        Share of 1.
    quality_standard_met
        1 or 0.
    alternative_standard_met
        1 or 0: a weaker quality standard, which some contracts let earn a part.
    guardrail
        1 or 0: the benchmark was raised by a guardrail that bars savings.
    losses_forgiven
        Shared losses forgiven for extreme and uncontrollable circumstances [USD].
    """

    cost: FloatArray
    expenditure: FloatArray
    benchmark: FloatArray
    person_years: FloatArray
    quality_score: FloatArray
    quality_standard_met: FloatArray
    alternative_standard_met: FloatArray | float = 0.0
    guardrail: FloatArray | float = 0.0
    losses_forgiven: FloatArray | float = 0.0


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that goes from one party to another; amounts are magnitudes >= 0 [USD]."""

    source: str
    target: str
    what: str
    amount: FloatArray


@dataclass(frozen=True, slots=True)
class Statement:
    """A settlement that a person can follow, one realization at a time.

    Parameters
    ----------
    facts
        Lines that explain and do not add up: amounts [USD] and, named ``..._rate``, shares.
    steps
        Lines that add up to the net result of the provider [USD, positive = to the provider].
    transfers
        The same money as flows between parties, the claims themselves included.
    """

    facts: Mapping[str, FloatArray]
    steps: Mapping[str, FloatArray]
    transfers: tuple[Transfer, ...] = field(default=())

    @property
    def net(self) -> FloatArray:
        """Net result of the provider [USD]: the sum of the steps."""
        return np.sum(list(self.steps.values()), axis=0)

    def net_to(self, party: str) -> FloatArray:
        """Net money that a party receives [USD]."""
        total = np.zeros_like(self.net)
        for transfer in self.transfers:
            if transfer.target == party:
                total += transfer.amount
            if transfer.source == party:
                total -= transfer.amount
        return total
