"""What every payment model takes and gives: one contract year in, one statement out.

A payment model is a module that holds

* ``Terms``: a frozen dataclass of numbers that cannot hold nonsense,
* ``settle(state, year, terms) -> (state, Statement)``: pure; no random number, no file, no clock.
  ``state`` is what the contract remembers from one year to the next, ``None`` at the start.

``MODELS`` in the package's ``__init__`` names them all; a contract test runs over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vbsim.vocabulary import PROVIDER, SHARE, USD

FloatArray = NDArray[np.float64]


def _none() -> FloatArray:
    return np.empty((0, 0))


@dataclass(frozen=True, slots=True)
class ContractYear:
    """What a contract sees of one performance year; R realizations.

    Parameters
    ----------
    cost
        All claims of the year, (R,) [USD].
    expenditure
        Claims that count under the contract, truncated if it says so, (R,) [USD].
    benchmark
        What the expenditure is held against, (R,) [USD]; missing (NaN) without a benchmark.
    person_years
        Exposure, (R,).
    quality_score
        Share of 1, (R,).
    quality_standard_met
        1 or 0, (R,).
    alternative_standard_met
        1 or 0: a weaker quality standard, which some contracts let earn a part.
    guardrail
        1 or 0: the benchmark was raised by a guardrail that bars savings.
    losses_forgiven
        Shared losses forgiven for extreme and uncontrollable circumstances [USD].
    segment_person_years
        Exposure of each segment, (R, S).
    segment_risk_score
        Measured mean risk score of each segment over its stated level, (R, S).
    basket_cost, basket_claims
        Claims of the services in the contract's basket, (R,) [USD] and their number.
    measures, eligible
        Rate of each quality measure of the contract, (R, M) [share of the eligible], and how many
        were eligible.
    episodes, episode_cost, episode_anchor_cost, episode_counted_cost
        Number of episodes of each type of the contract, (R, E); what they cost [USD], what of it
        the anchor stay or procedure cost, and what counts after the contract's high-cost cap.
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
    segment_person_years: FloatArray = field(default_factory=_none)
    segment_risk_score: FloatArray = field(default_factory=_none)
    basket_cost: FloatArray = field(default_factory=_none)
    basket_claims: FloatArray = field(default_factory=_none)
    measures: FloatArray = field(default_factory=_none)
    eligible: FloatArray = field(default_factory=_none)
    episodes: FloatArray = field(default_factory=_none)
    episode_cost: FloatArray = field(default_factory=_none)
    episode_anchor_cost: FloatArray = field(default_factory=_none)
    episode_counted_cost: FloatArray = field(default_factory=_none)


class Transfer(NamedTuple):
    """Money that goes from one party to another; amounts are magnitudes >= 0 [USD].

    ``at_settlement`` money is paid when the year is settled, all other during the year.
    """

    source: str
    target: str
    what: str
    amount: FloatArray
    at_settlement: bool = False


class Line(NamedTuple):
    """One line of a statement.

    Parameters
    ----------
    value
        (R,) [``unit``].
    unit
        ``USD``, ``1`` for shares and factors, or what is counted.
    formula
        Arithmetic that gives the value from earlier lines: their names, numbers, ``+ - * / ( )``,
        ``min``, ``max``, comparisons, ``a if condition else b``, and ``// 1``, which cuts decimals
        off. Empty for a given line.
    meaning
        Where a given line comes from.
    adds
        Whether it is one of the lines whose sum is the net result.
    """

    value: FloatArray
    unit: str
    formula: str = ""
    meaning: str = ""
    adds: bool = False


def given(value: ArrayLike, meaning: str, unit: str = USD) -> Line:
    """Line that comes from the claims, the quality or the terms."""
    return Line(np.asarray(value, dtype=np.float64), unit, meaning=meaning)


def rate(value: ArrayLike, formula: str) -> Line:
    """Line of a share or factor that is worked out from earlier lines."""
    return Line(np.asarray(value, dtype=np.float64), SHARE, formula)


def amount(value: ArrayLike, formula: str, unit: str = USD) -> Line:
    """Line of money (or a count) that is worked out from earlier lines and does not add up."""
    return Line(np.asarray(value, dtype=np.float64), unit, formula)


def step(value: ArrayLike, formula: str) -> Line:
    """Line of money that adds to the statement's net result, positive = to its party."""
    return Line(np.asarray(value, dtype=np.float64), USD, formula, adds=True)


@dataclass(frozen=True, slots=True)
class Statement:
    """A settlement that a person can follow, one realization at a time.

    Parameters
    ----------
    lines
        In the order in which a person works them out: terms and facts that are given, what
        follows from them, and the steps that add up to the net result of the party.
    transfers
        The same money as flows between parties, the claims themselves included.
    party
        Whose result it is: the party that holds the contract.
    """

    lines: Mapping[str, Line]
    transfers: tuple[Transfer, ...] = ()
    party: str = PROVIDER

    def plus(self, lines: Mapping[str, Line], transfers: Iterable[Transfer] = ()) -> Statement:
        """Add lines and their flows; the party stays.

        Raises
        ------
        ValueError
            If a line of the name is there: its money would vanish from the result.
        """
        if twice := sorted(self.lines.keys() & lines.keys()):
            raise ValueError(f"statement line {twice[0]} stands twice")
        return Statement({**self.lines, **lines}, (*self.transfers, *transfers), self.party)

    @property
    def facts(self) -> dict[str, FloatArray]:
        """Lines that explain and do not add up."""
        return {name: line.value for name, line in self.lines.items() if not line.adds}

    @property
    def steps(self) -> dict[str, FloatArray]:
        """Lines that add up to the net result [USD]."""
        return {name: line.value for name, line in self.lines.items() if line.adds}

    @property
    def net(self) -> FloatArray:
        """Net result of the party [USD]: the sum of the steps."""
        # One after the other, whatever the number of realizations: the same sum to the last bit.
        total: FloatArray = sum(self.steps.values(), start=np.zeros(1))
        return total

    def net_to(self, party: str, total: FloatArray | None = None) -> FloatArray:
        """Net money that a party receives [USD], added to a total if one is given."""
        if total is None:
            total = np.zeros(self.transfers[0].amount.shape if self.transfers else self.net.shape)
        for transfer in self.transfers:
            if transfer.target == party:
                total += transfer.amount
            if transfer.source == party:
                total -= transfer.amount
        return total


def summed(values: FloatArray) -> FloatArray:
    """Sum over the last axis, one column after the other: the same whatever the block."""
    total = values[..., 0].copy("K")
    for column in range(1, values.shape[-1]):
        total += values[..., column]
    return np.asarray(total)
