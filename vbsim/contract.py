"""A contract of a plan: terms by year, benchmark, covers and conditions, all in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vbsim.payment_models import agreement, economics, risk_based_capital
from vbsim.payment_models.benchmarks import Published, Simulated
from vbsim.payment_models.program_benchmarks import Blended, Rebased
from vbsim.payment_models.stop_loss import Cover, Retention
from vbsim.rulebook import Figure

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a program asks of a contractor, beside its terms.

    Parameters
    ----------
    name
        Words of the condition.
    figure
        What is asked, with its source and status: a number that must be reached, or yes.
    found
        What holds of this contract; ``None`` if nothing says.
    """

    name: str
    figure: Figure
    found: float | bool | None

    @property
    def outcome(self) -> str:
        """Whether it is met."""
        if self.found is None:
            return "not stated"
        return "met" if self.found >= self.figure.value else "not met"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Capital or security that a rule asks of the holder of a contract.

    Parameters
    ----------
    name
        Words of the requirement.
    amount
        What it comes to in the first performance year [USD].
    how
        Arithmetic in words and figures.
    figures
        What the arithmetic rests on, with source and status.
    """

    name: str
    amount: float
    how: str
    figures: tuple[Figure, ...]

    @property
    def verified(self) -> bool:
        """Whether a source for every figure has been seen."""
        return all(figure.verified for figure in self.figures)


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract in numbers.

    Parameters
    ----------
    name, label
        Key in the scenario; words for tables and figures.
    model
        Key of ``payment_models.MODELS``.
    lan_category
        HCP-LAN category.
    terms
        Terms of the model for each performance year.
    benchmarks
        Benchmark of each performance year; empty without one.
    base_years
        Positions on the year axis of the benchmark's base years; a benchmark that is rebased
        holds its own.
    agreement
        What an agreement period adds to each performance year; empty without one.
    settlement_lag
        Calendar years from a performance year to the money of its settlement; ``None`` where none
        is told.
    expenditure_layer
        Name of the layer that counts as expenditure; empty for all claims.
    stop_loss, stop_loss_layer
        Stop-loss of each performance year, empty without one, and the layer that a specific cover
        pays on.
    basket
        Services that a contract on part of the claims covers, (K,); ``None`` for all.
    at_risk
        Services whose claims the holder of the contract bears, which its stop-loss counts, (K,);
        ``None`` for all.
    measures
        Quality measures that the contract pays on, in the order of its terms.
    episode_types, episode_limit
        Episode types that the contract bundles, in the order of its terms, and the name of the
        high-cost cap under which their cost counts.
    conditions
        What the program asks of a contractor, and whether it is met.
    retentions
        Specific stop-loss at other attachments, of which the price and the relief are told.
    economics
        The provider's own economics in each performance year; empty without them.
    risk_based_capital
        Formula of risk-based capital, for a plan that states its capital.
    requirements
        Capital or security that rules ask for.
    """

    name: str
    label: str
    model: str
    lan_category: str
    terms: tuple[object, ...]
    benchmarks: tuple[Published | Simulated | Rebased | Blended, ...] = ()
    base_years: tuple[int, ...] = ()
    expenditure_layer: str = ""
    stop_loss: tuple[Cover, ...] = ()
    stop_loss_layer: str = ""
    basket: BoolArray | None = None
    at_risk: BoolArray | None = None
    measures: tuple[str, ...] = ()
    episode_types: tuple[str, ...] = ()
    episode_limit: str = ""
    conditions: tuple[Condition, ...] = ()
    agreement: tuple[agreement.Terms, ...] = ()
    settlement_lag: int | None = None
    retentions: tuple[Retention, ...] = ()
    economics: tuple[economics.Terms, ...] = ()
    risk_based_capital: risk_based_capital.Terms | None = None
    requirements: tuple[Requirement, ...] = ()

    @property
    def by_rules(self) -> bool:
        """Whether a program's rules build the benchmark, with run-out and completion."""
        return any(isinstance(mark, Rebased | Blended) for mark in self.benchmarks)

    def base_weights(self, years: int) -> FloatArray:
        """Weight of each of so many simulated years in every benchmark, (benchmarks, years)."""
        weights = np.zeros((len(self.benchmarks), years))
        for row, mark in zip(weights, self.benchmarks, strict=True):
            if isinstance(mark, Simulated):
                row[list(self.base_years)] = mark.weights
            elif isinstance(mark, Rebased | Blended):
                row[list(mark.base_years)] = mark.weights
        return weights

    @property
    def counts_visits(self) -> bool:
        """Whether its terms pay by the number of claims in the basket."""
        return any(getattr(terms, "visit_fee", 0.0) for terms in self.terms)
