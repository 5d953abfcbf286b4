"""Backtest: published savings rates forecast from earlier years alone, and scored."""

from vbsim.backtest.story import BANDS, LEVELS, Backtest, backtest, band_names

__all__ = ["BANDS", "LEVELS", "Backtest", "backtest", "band_names"]
