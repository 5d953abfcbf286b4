"""Figures and page of a backtest."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from vbsim.backtest import Backtest
from vbsim.errors import RunFolderError
from vbsim.plots.backtest import BACKTEST_FIGURES, coverage, earning, pit
from vbsim.report.backtest import render, score_rows, write_backtest


@pytest.mark.parametrize("name", BACKTEST_FIGURES)
def test_every_figure_draws_and_no_text_leaves_it(name: str, small: Backtest) -> None:
    figure = BACKTEST_FIGURES[name].draw(small)
    figure.canvas.draw()
    frame = figure.bbox
    for text in [*figure.texts, *(t for axes in figure.axes for t in axes.texts)]:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1 + 1.0, text.get_text()  # noqa: PT018
    assert BACKTEST_FIGURES[name].caption.endswith(".")


def test_registry_names_every_module() -> None:
    folder = Path(import_module("vbsim.plots.backtest").__file__ or "").parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "names"}
    assert {f"backtest.{name}" for name in modules} == {
        entry.module for entry in BACKTEST_FIGURES.values()
    }


def test_shares_inside_and_tenths_by_hand() -> None:
    values = np.array([0.02, 0.45, 0.55, 0.97])
    assert coverage.shares(values)[-1] == pytest.approx(0.75)  # 95 %: all but 0.02
    assert coverage.shares(values)[2] == pytest.approx(0.5)  # 15 %: 0.45 and 0.55
    np.testing.assert_allclose(pit.tenths(values), [0.25, 0, 0, 0, 0.25, 0.25, 0, 0, 0, 0.25])


def test_groups_of_earners_hold_every_aco_once(small: Backtest) -> None:
    expected, earned, low, high = earning.groups(small)
    assert expected.size == earning.GROUPS
    assert np.all(np.diff(expected) >= 0.0)
    assert np.all(low <= high)
    sizes = [part.size for part in np.array_split(np.arange(41), earning.GROUPS)]
    assert earned @ np.array(sizes) == pytest.approx((small.payment > 0.0).sum())


def test_page_holds_everything_and_loads_nothing(small: Backtest, tmp_path: Path) -> None:
    write_backtest(small, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == len(BACKTEST_FIGURES)
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    for text in (
        "2024, forecast from 2021 to 2023",
        "credibility by size",
        "BASIC E",
        "Share of the",
    ):
        assert text in page
    with pytest.raises(RunFolderError, match="not an empty folder"):
        write_backtest(small, tmp_path / "out")


def test_page_says_what_the_scores_say(small: Backtest) -> None:
    first = next(score_rows(small))
    assert first.name == "vbsim"
    assert first.cells[0] == f"{100.0 * small.summary()['crps']['vbsim']:.2f}"
    page = render(small, {})
    assert f">{first.cells[0]}<" in page
