"""What is paid per member per month, and the part of it that is withheld until quality earns it.

A rate is one for all members, or one for each rate cell (segment), which a risk score may multiply.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import ContractYear, FloatArray, Line, amount, given, rate, step
from vbsim.vocabulary import SHARE, YES_OR_NO

Lines = dict[str, Line]
_MOST_SCORE = 100.0


@dataclass(frozen=True, slots=True)
class Cell:
    """Rate of one rate cell.

    Parameters
    ----------
    name
        Segment of the members.
    pmpm
        Rate of a member whose risk score is 1 [USD PMPM].
    risk_score
        Multiplies the rate.
    measured
        Whether the score is the measured one of the year, which moves around this level.
    """

    name: str
    pmpm: float
    risk_score: float = 1.0
    measured: bool = False

    def __str__(self) -> str:
        """Write the rate as tables of terms show it."""
        score = "" if self.risk_score == 1.0 else f" × {self.risk_score:g}"
        return f"{self.name} {self.pmpm:,.2f}{score}"


Rates = float | tuple[Cell, ...]
"""One rate for all members [USD PMPM], or the rate of each segment, in the segments' order."""


def check_rates(name: str, rates: Rates) -> None:
    """Refuse a rate below zero, a risk score that is none, and cells that are not clear."""
    cells = (Cell("", rates),) if isinstance(rates, float | int) else rates
    if not cells:
        raise ParameterError(f"{name} has no rate cells; expected one for each segment")
    for cell in cells:
        which = f"{name} of {cell.name}" if cell.name else name
        if not 0.0 <= cell.pmpm < np.inf:
            raise ParameterError(f"{which} is {cell.pmpm:g}; expected 0 or more")
        if not 0.0 <= cell.risk_score <= _MOST_SCORE:
            raise ParameterError(
                f"risk score of {cell.name} is {cell.risk_score:g}; expected 0 to {_MOST_SCORE:g}"
            )
    if len({cell.name for cell in cells}) < len(cells):
        names = ", ".join(cell.name for cell in cells)
        raise ParameterError(f"{name} has the cells {names}; expected each name once")


def mean(rates: Rates, members: ArrayLike) -> float:
    """Mean rate [USD PMPM] over so many members of each segment, (S,)."""
    if isinstance(rates, float | int):
        return float(rates)
    by_cell = [cell.pmpm * cell.risk_score for cell in rates]
    return float(np.average(by_cell, weights=np.asarray(members)))


def paid(
    name: str, meaning: str, rates: Rates, year: ContractYear
) -> tuple[Lines, FloatArray, str]:
    """Give lines of rates and member months, what they come to [USD], and its formula.

    Parameters
    ----------
    name
        Of the rate among the lines, such as ``pmpm``; cells add their own.
    meaning
        What the rate is paid for.
    """
    months = 12.0 * year.person_years
    lines = {
        "person_years": given(year.person_years, "exposure", "person-years"),
        "member_months": amount(months, "12 * person_years", "member-months"),
    }
    if isinstance(rates, float | int):
        found = {name: given(rates, meaning, "USD PMPM")} | lines
        return found, rates * months, f"{name} * member_months"
    total, words = np.zeros_like(months), []
    for column, cell in enumerate(rates):
        own = 12.0 * year.segment_person_years[:, column]
        factors = [f"{name}_{cell.name}", f"member_months_{cell.name}"]
        lines[factors[0]] = given(cell.pmpm, f"{meaning}, {cell.name}", "USD PMPM")
        lines[factors[1]] = given(own, "exposure of the rate cell", "member-months")
        score: FloatArray | float = cell.risk_score
        if cell.measured:
            score = cell.risk_score * year.segment_risk_score[:, column]
        if cell.measured or cell.risk_score != 1.0:
            factors.append(f"risk_score_{cell.name}")
            lines[factors[-1]] = given(score, "mean risk score of the cell", "score")
        total = total + cell.pmpm * score * own
        words.append(" * ".join(factors))
    return lines, total, " + ".join(words)


@dataclass(frozen=True, slots=True)
class Withhold:
    """Part of a payment that is withheld until quality earns it back.

    Parameters
    ----------
    share
        Part withheld.
    scaled
        Whether the quality score is the part earned back; else it is all or nothing.
    minimum_quality
        Score below which nothing is earned back; ``None`` where all or nothing turns on the year's
        quality standard, and a score earns back its part whatever it is.
    """

    share: float = 0.0
    scaled: bool = True
    minimum_quality: float | None = None

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1]."""
        clauses.check_share("withhold", self.share)
        if self.minimum_quality is not None:
            clauses.check_share("minimum_quality", self.minimum_quality)

    def __str__(self) -> str:
        """Write the withhold as tables of terms show it."""
        if not self.share:
            return "none"
        least = "" if self.minimum_quality is None else f" from {self.minimum_quality:g}"
        return f"{self.share:g}, by {'score' if self.scaled else 'standard'}{least}"


NO_WITHHOLD = Withhold()


def withheld(payment: str, lines: Lines, year: ContractYear, terms: Withhold) -> Lines:
    """Lines of a withhold on a payment among the lines; none where nothing is withheld.

    The last two are steps: what is withheld, and what of it comes back.
    """
    if not terms.share:
        return {}
    found = {"withhold_rate": given(terms.share, f"withheld from the {payment}", SHARE)}
    if terms.scaled or terms.minimum_quality is not None:
        found["quality_score"] = given(year.quality_score, "quality score", SHARE)
    earned, words = _earned(found, year, terms)
    base = lines[payment].value
    return found | {
        "withhold_earned": rate(earned, words),
        "withhold": step(-terms.share * base, f"-withhold_rate * {payment}"),
        "withhold_earned_back": step(
            earned * terms.share * base, f"withhold_earned * withhold_rate * {payment}"
        ),
    }


def _earned(found: Lines, year: ContractYear, terms: Withhold) -> tuple[FloatArray, str]:
    """Give the part of the withhold that is earned back, and its formula."""
    part, words = year.quality_score * 1.0, "quality_score"
    if not terms.scaled:
        part, words = np.ones_like(year.cost), "1"
    if terms.minimum_quality is not None:
        least = terms.minimum_quality
        found["minimum_quality_rate"] = given(least, "score that is asked", SHARE)
        met, test = year.quality_score >= least, "quality_score >= minimum_quality_rate"
    elif not terms.scaled:
        standard = given(year.quality_standard_met, "1 where the standard is met", YES_OR_NO)
        found["quality_standard_met"] = standard
        met, test = year.quality_standard_met > 0.5, "quality_standard_met > 0.5"
    else:
        return part, words
    return np.where(met, part, 0.0), f"{words} if {test} else 0"
