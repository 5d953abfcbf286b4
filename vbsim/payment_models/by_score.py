"""What a score pays: the gate that it opens, and the rate that a table gives it."""

from __future__ import annotations

import numpy as np

from vbsim.payment_models import clauses
from vbsim.payment_models.base import FloatArray, Line, amount, given, rate
from vbsim.payment_models.clauses import Pieces
from vbsim.payment_models.scoring import POINTS, Measure
from vbsim.vocabulary import SHARE, YES_OR_NO

Lines = dict[str, Line]


def gates(lines: Lines, measures: tuple[Measure, ...], minimum_score: float) -> Lines:
    """Lines of the gate, a least score and the measures that must be met; none without a gate."""
    must = [measure for measure in measures if measure.must_pass]
    if not must and not minimum_score:
        return {}
    met, words = lines["score"].value >= minimum_score, ["score >= minimum_score"]
    for measure in must:
        name = measure.name
        few = lines[f"{name}_eligible"].value < measure.minimum_cases
        met &= (lines[f"{name}_met"].value > 0.5) | few
        words.append(f"({name}_met > 0.5 or {name}_eligible < {name}_minimum_cases)")
    return {
        "minimum_score": given(minimum_score, "gate for every payment", POINTS),
        "gates_met": amount(met * 1.0, f"1 if {' and '.join(words)} else 0", YES_OR_NO),
    }


def if_open(lines: Lines) -> tuple[FloatArray | float, str]:
    """Give 1 where the gate is open, and the factor in words; nothing without a gate."""
    return (lines["gates_met"].value, "gates_met * ") if "gates_met" in lines else (1.0, "")


def rate_of_score(lines: Lines, pieces: Pieces, name: str, mark: str = "") -> Lines:
    """Lines of the piece of a table that holds the score, and of the rate in it.

    Parameters
    ----------
    name
        Of the line that holds the rate.
    mark
        Begins the names of the other lines, where a contract has more than one table.
    """
    score = lines["score"].value
    held = clauses.pieces_at(pieces, score)
    low, high, at_low, at_high = held.T
    begin, end = f"{mark}score_from", f"{mark}score_to"
    first, last = f"{mark}rate_from", f"{mark}rate_to"
    return {
        begin: given(low, "lowest score of the piece that holds it", POINTS),
        end: given(high, "highest score of that piece", POINTS),
        first: given(at_low, "rate at its lowest score", SHARE),
        last: given(at_high, "rate at its highest score", SHARE),
        name: rate(
            clauses.rate_in_piece(held, score),
            f"{first} + (score - {begin}) / ({end} - {begin}) * ({last} - {first})"
            f" if {end} > {begin} else {first}",
        ),
    }


def no_more_than(lines: Lines, name: str, missed: float = 0.0) -> tuple[FloatArray, str]:
    """Rate of a line where the gate is open, else at most ``missed``; and the same in words."""
    found = lines[name].value
    if "gates_met" not in lines:
        return found, name
    paid = np.where(lines["gates_met"].value > 0.5, found, np.minimum(found, missed))
    return paid, f"({name} if gates_met > 0.5 else min({name}, {missed:.15g}))"
