"""Measures of contracts as text."""

from __future__ import annotations

import pytest

import vbsim
from tests.conftest import small_scenario
from vbsim.errors import ParameterError
from vbsim.plots import FIGURES
from vbsim.report.tables import money_with_error


@pytest.fixture(scope="module")
def run() -> vbsim.Run:
    return vbsim.run(small_scenario())


def test_cells_are_the_measures_with_their_errors(run: vbsim.Run) -> None:
    table = run.table("mean", "prob_loss")
    assert table["measure"].values.tolist() == ["Mean", "Probability of a loss"]
    assert table["contract"].values.tolist() == [run.findings.label(n) for n in run.findings.names]
    name = run.findings.names[0]
    assert table.values[0, 0] == money_with_error(*run.findings.measure(name, "mean"))
    assert table.values[0, 1].count("%") == 2
    assert run.table().sizes["measure"] == 5


def test_a_measure_that_is_not_there(run: vbsim.Run) -> None:
    with pytest.raises(ParameterError, match=r"measure: found 'meen'; expected a measure .*'mean'"):
        run.table("meen")


def test_figures_take_a_run_without_its_experience(run: vbsim.Run) -> None:
    assert FIGURES["net_result"].draw(run.findings) is not None
    assert FIGURES["fit"].draw(run.findings) is None
