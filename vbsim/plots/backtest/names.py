"""How forecasts and size bands are named, coloured and marked in a backtest."""

from __future__ import annotations

from vbsim.backtest import BANDS
from vbsim.plots import style
from vbsim.plots.text import number

FORECASTS = {
    "vbsim": ("vbsim", style.SERIES[0], "o"),
    "pooled": ("last year, pooled", style.SERIES[5], "s"),
    "last_value": ("own last value", style.SERIES[2], "^"),
    "size_credibility": ("credibility by size", style.SERIES[1], "D"),
}
"""Key -> words, colour, marker."""


def band(place: int) -> str:
    """Words for a size band: beneficiaries."""
    if place == 0:
        return f"under {number(BANDS[1])}"
    if place == len(BANDS) - 1:
        return f"{number(BANDS[place])} and more"
    return f"{number(BANDS[place])} to {number(BANDS[place + 1] - 1)}"
