"""Figures of skill against luck by size, drawn from known curves."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from vbsim.plots import blank, minimum_rate, undeserved

SIZES = np.array([5_000, 20_000, 50_000])
SAVINGS = np.array([0.0, 0.05])
MINIMUMS = np.linspace(0.0, 0.06, 61)
OWN = np.array([0.039, 0.025, 0.022])


def known() -> xr.Dataset:
    """Normal luck of 2.15 over the root of the members, as the regulator assumed."""
    sd = 2.15 / np.sqrt(SIZES)
    reaches = norm.sf((MINIMUMS - SAVINGS[:, None])[None] / sd[:, None, None])
    earns = norm.sf((OWN[:, None] - SAVINGS) / sd[:, None])
    dims = ("size", "true_savings")
    return xr.Dataset(
        {
            "reaches": ((*dims, "minimum_savings_rate"), reaches),
            "earns": (dims, earns),
            "earns_standard_error": (dims, np.full(earns.shape, 0.005)),
            "owes": (dims, 0.0 * earns),
            "owes_standard_error": (dims, 0.0 * earns),
            "own_minimum": ("size", OWN),
        },
        {"size": SIZES, "true_savings": SAVINGS, "minimum_savings_rate": MINIMUMS},
    )


def words(figure: Figure) -> list[str]:
    shown = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text.get_text() for text in shown]


def legend(axes: Axes) -> list[str]:
    return [
        label.replace("\N{NO-BREAK SPACE}", " ") for label in axes.get_legend_handles_labels()[1]
    ]


def test_minimum_that_so_many_pass_by_luck() -> None:
    """CMS-1345-P: 10 % at 5,000 pass 3.9 %, 5 % at 20,000 pass 2.5 %, 1 % at 50,000 pass 2.2 %."""
    found = known()
    for number, chance in enumerate((0.10, 0.05, 0.01)):
        passed = minimum_rate.passed_by(found, chance)
        assert passed[number] == pytest.approx(OWN[number], abs=0.0005)
    assert np.isnan(minimum_rate.passed_by(found, 0.01)[0])  # beyond the rates asked for


def test_minimum_rates_are_drawn_with_what_was_published() -> None:
    figure = blank()
    axes = minimum_rate.draw(figure, known(), "a contract", {5_000: "regulator: 10 %"})
    assert axes is figure.axes[0]
    assert "regulator: 10 %" in words(figure)
    assert legend(axes) == [
        "10 % pass by luck",
        "5 % pass by luck",
        "1 % pass by luck",
        "the contract's own",
    ]


def test_denied_is_what_does_not_earn() -> None:
    share, error = undeserved.denied(known(), 0.05)
    np.testing.assert_allclose(share, norm.cdf((OWN - 0.05) / (2.15 / np.sqrt(SIZES))))
    assert error.tolist() == [0.005] * 3


def test_published_cells_stand_beside_the_curves() -> None:
    cells = [
        undeserved.Cell("earns", 5_000, 0.0, 0.10),
        undeserved.Cell("denied", 5_000, 0.05, 0.36),
        undeserved.Cell("denied", 5_000, 0.07, 0.15),  # of true savings that were not asked for
    ]
    figure = blank()
    left = undeserved.draw(figure, known(), "a contract", cells)
    assert left is figure.axes[0]
    assert legend(left) == ["earns"]  # nobody ever owes
    assert legend(figure.axes[1]) == ["saves 5 %"]
    marked = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "D"]
    assert [line.get_ydata().tolist() for line in marked if len(line.get_ydata())] == [
        [0.1],
        [0.36],
    ]


def test_a_figure_shows_itself_in_a_notebook() -> None:
    figure = blank()
    minimum_rate.draw(figure, known(), "a contract")
    assert figure._repr_png_().startswith(b"\x89PNG")
