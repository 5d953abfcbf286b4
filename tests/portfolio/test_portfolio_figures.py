"""Figures of a portfolio: by terms, and what the year decides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import write

import vbsim
from vbsim.plots import blank
from vbsim.plots.portfolio import PORTFOLIO_FIGURES, PortfolioFindings, by_terms, by_year


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> PortfolioFindings:
    path: Path = write(tmp_path_factory.mktemp("portfolio"))
    return vbsim.run_portfolio(path).findings


@pytest.mark.parametrize("name", PORTFOLIO_FIGURES)
def test_captions_are_sentences(name: str) -> None:
    assert PORTFOLIO_FIGURES[name].caption.endswith(".")


def test_terms_are_told_apart(findings: PortfolioFindings) -> None:
    axes = by_terms.draw(blank(), findings)
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "MSSP BASIC B (1)",
        "MSSP ENHANCED (2)",
    ]


def test_the_year_is_a_dot(findings: PortfolioFindings) -> None:
    figure = blank()
    axes = by_year.draw(figure, findings)
    assert axes is figure.axes[0]
    assert axes.lines[0].get_xdata().size == findings.values("mean_savings_rate").size
    assert "Each dot is a simulated year" in [text.get_text() for text in figure.texts]


def test_years_of_one_rate_are_no_figure(findings: PortfolioFindings) -> None:
    still = findings.series.copy(deep=True)
    still["mean_savings_rate"][:] = 0.02
    assert not by_year.applies(replace(findings, series=still))
    assert by_year.applies(findings)


def test_expected_in_a_year_of_one_rate() -> None:
    """A straight line with known scatter is found again."""
    rates = np.linspace(0.0, 0.04, 401)
    scatter = 0.01 * (-1.0) ** np.arange(401)
    value, left = by_year.expected_at(rates, 0.5 + 3.0 * rates + scatter, 0.03)
    assert value == pytest.approx(0.59, abs=1e-4)
    assert left == pytest.approx(0.01, rel=0.01)
