"""Backtest: published savings rates forecast from earlier years alone, and scored."""

from vbsim.backtest.result import BANDS, LEVELS, Backtest, Total, band_names
from vbsim.backtest.story import backtest

__all__ = ["BANDS", "LEVELS", "Backtest", "Total", "backtest", "band_names"]
