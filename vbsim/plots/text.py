"""Numbers and names as words: true minus signs, percent, millions, labels.

Shared by the figures and the report, so that a number reads the same in both.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from vbsim.vocabulary import PROVIDER

MILLION = 1e6
MISSING = "–"
_ABBREVIATIONS = {
    "cabg", "dme", "ed", "esrd", "irf", "lejr", "ltch", "mlr", "msr", "pbpm", "pmpm", "shfft",
    "snf", "ssi", "tanf",
}  # fmt: skip


def number(value: float, decimals: int = 0) -> str:
    """Write a number with thousands separators, a true minus sign and no minus zero."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "no limit" if value > 0.0 else "−∞"
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def percent(value: float, decimals: int = 1) -> str:
    """Write a share as percent; the blank before the sign does not break."""
    text = number(100.0 * value, decimals)
    return text if text == MISSING else f"{text}\N{NO-BREAK SPACE}%"


def millions(value: float, decimals: int = 2) -> str:
    """Write an amount [USD] in millions."""
    return number(value / MILLION, decimals)


def large_amount(usd: float, like: float | None = None) -> str:
    """Write an amount [USD] of a whole portfolio: ``$2,115M``; below 100 million ``$48.31M``.

    With the decimals of the amount ``like``, if one is given.
    """
    measure = abs(usd if like is None else like)
    text = millions(abs(usd), 0 if measure >= 100.0 * MILLION else 2)
    return f"−${text}M" if usd < 0.0 and text.strip("0.") else f"${text}M"


def decimals_of_millions(amounts: ArrayLike) -> int:
    """Decimals that leave three digits or more to the largest amount [USD], from 2 to 5."""
    found = np.abs(np.asarray(amounts, dtype=np.float64))
    largest = float(np.max(found, where=np.isfinite(found), initial=0.0)) / MILLION
    return 2 if largest <= 0.0 else int(np.clip(2 - math.floor(math.log10(largest)), 2, 5))


def words(name: str) -> str:
    """Words for the key of a service, segment, term or statement line."""
    text = spelled(name)
    return text[:1].upper() + text[1:]


def of_holder(label: str, holder: str) -> str:
    """Words for a contract, with the party whose result it is where that is not the provider."""
    # In front, where no shortening of a long label takes it away.
    return label if holder == PROVIDER else f"{holder.capitalize()}: {label}"


def whose(holders: Iterable[str]) -> str:
    """Say whose result is told: the one party that holds all contracts, or each one's own."""
    found = set(holders)
    return f"the {found.pop()}" if len(found) == 1 else "each contract's holder"


def spelled(name: str) -> str:
    """Words for a name inside a sentence or a formula."""
    return " ".join(part.upper() if part in _ABBREVIATIONS else part for part in name.split("_"))


def literal(text: str) -> str:
    """Keep matplotlib from reading what stands between two dollar signs as a formula."""
    return text.replace("$", r"\$")


def wrapped(text: str, width: int = 22) -> str:
    """Break a label of a figure into two lines at most, of at most ``width`` characters."""
    lines = textwrap.wrap(text, width, max_lines=2, placeholder=" …", break_on_hyphens=False)
    return literal("\n".join(lines))


def shortened(text: str, width: int) -> str:
    """Cut a line to at most ``width`` characters."""
    return textwrap.shorten(text, width, placeholder=" …")
