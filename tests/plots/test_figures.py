from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module

import numpy as np
import pytest
import synthetic_run as made
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from vbsim.plots import FIGURES, Findings, exceedance, net_result, published, waterfall
from vbsim.plots import text as words

LONG = "a very long name that a lawyer wrote for a contract, $1M to $2M, and more of it"
CASES = {
    "four contracts": {},
    "long label": {"contracts": [replace(made.contract("two_sided"), label=LONG)]},
    "one contract": {"contracts": [made.contract("two_sided")]},
    "nothing ever moves": {"contracts": [made.contract("nothing", benchmark=False)]},
    "no benchmark": {"contracts": [made.contract("capitation", benchmark=False)]},
    "nothing was published": {"observed": None},
    "published far outside": {"observed": 0.4},
    "two realizations": {"count": 2},
    "one realization": {"count": 1},
    "many contracts": {"contracts": [made.contract(f"number_{n}") for n in range(12)]},
}
EVERY_CASE = [
    pytest.param(case, marks=[pytest.mark.slow] if case == "many contracts" else [])
    for case in CASES
]


@cache
def drawn(case: str, name: str) -> Figure | None:
    """Figure of a case, drawn once; ``None`` where it does not apply."""
    figure = FIGURES[name].draw(findings_of(case))
    if figure is not None:
        figure.canvas.draw()
    return figure


@cache
def findings_of(case: str) -> Findings:
    return made.findings(**CASES[case])


@pytest.fixture(scope="module")
def findings() -> Findings:
    return findings_of("four contracts")


def draw(name: str, findings: Findings) -> Figure:
    """A figure that is not drawn on by another test."""
    figure = FIGURES[name].draw(findings)
    assert figure is not None
    return figure


def texts(figure: Figure) -> list[str]:
    found = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    return [text.get_text() for text in found]


@pytest.mark.parametrize("case", EVERY_CASE)
def test_every_figure_that_applies_draws_without_a_warning(case: str) -> None:
    for name in FIGURES:
        figure = drawn(case, name)
        assert figure is None or figure.axes, name


@pytest.mark.parametrize("name", FIGURES)
def test_registry_entry_has_the_shape_of_a_figure(name: str, findings: Findings) -> None:
    module = import_module(f"vbsim.plots.{FIGURES[name].module}")
    figure = Figure()
    FigureCanvasAgg(figure)
    assert module.applies(findings)
    assert module.draw(figure, findings) is figure.axes[0]
    assert FIGURES[name].caption.endswith(".")


@pytest.mark.parametrize("case", EVERY_CASE)
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_leaves_the_figure_or_covers_another(name: str, case: str) -> None:
    figure = drawn(case, name)
    if figure is None:
        return
    shown = list(figure.texts)
    for axes in figure.axes:  # an axes' children are its texts and its three titles
        shown += axes.get_legend().get_texts() if axes.get_legend() else []
        shown += [axes.xaxis.label, *(t for t in axes.get_children() if isinstance(t, Text))]
    boxes = [text.get_window_extent() for text in shown if text.get_text().strip()]
    page = figure.bbox
    for number, box in enumerate(boxes):
        assert page.x0 - 1 <= box.x0 < box.x1 <= page.x1 + 1
        assert page.y0 - 1 <= box.y0 < box.y1 <= page.y1 + 1
        assert not any(box.overlaps(other) for other in boxes[:number])


@pytest.mark.parametrize("name", FIGURES)
def test_money_axes_state_their_unit(name: str, findings: Findings) -> None:
    figure = draw(name, findings)
    labels = [axes.get_xlabel() for axes in figure.axes]
    if name in ("fan", "cash"):  # money upwards, so it is said above the panels
        labels += [text.get_text() for text in figure.texts]
    money = name not in ("published", "fit", "program_return")  # of these, shares and ratios
    assert any("[USD million]" in label for label in labels) == money
    assert any(labels)


def test_figures_that_do_not_apply_are_left_out() -> None:
    nothing = made.findings([made.contract("nothing", benchmark=False)], count=1)
    drawn = [name for name, each in FIGURES.items() if each.draw(nothing) is not None]
    assert drawn == ["net_result", "comparison", "program_return", "waterfall", "fan"]


def test_exceedance_at_zero_is_the_probability_of_a_loss(findings: Findings) -> None:
    for name in findings.names:
        found = exceedance.curve(findings.net(name))
        assert found.amounts[0] == 0.0
        assert found.probability[0] == findings.measure(name, "prob_loss")[0]


def test_exceedance_is_the_share_of_losses_above_every_amount() -> None:
    net = -np.array([0.0, 0.0, 1.0, 2.0, 2.0, 5.0, -3.0, -4.0])
    found = exceedance.curve(net)
    direct = [np.mean(-net > amount) for amount in found.amounts]
    np.testing.assert_allclose(found.probability, direct)
    assert set(found.amounts) >= {1.0, 2.0, 5.0}
    # 4 of 8 lose: sqrt(0.5 * 0.5 / 8)
    assert found.standard_error[0] == pytest.approx(0.1767767)


def test_exceedance_draws_a_curve_for_losing_contracts_alone(findings: Findings) -> None:
    axes = draw("exceedance", findings).axes[0]
    drawn = {line.get_label().split(":")[0] for line in axes.lines}
    assert drawn == {"Two Sided", "Capitation"}


def test_histogram_leaves_out_the_point_mass_at_zero(findings: Findings) -> None:
    edges = net_result.bins(findings)
    for net in map(findings.net, findings.names):
        panel = net_result.panel(net, edges)
        assert panel.shares.sum() + panel.zero == pytest.approx(1.0)
    assert np.isclose(edges, 0.0).any()


def test_net_result_states_the_shares_that_owe_earn_and_end_at_zero(findings: Findings) -> None:
    shown = texts(draw("net_result", findings))
    for key in ("prob_loss", "prob_gain"):
        assert words.percent(findings.measure("two_sided", key)[0]) in shown
    assert words.percent(float(np.mean(findings.net("two_sided") == 0.0))) in shown
    assert any("always exactly 0" in text for text in shown)


def test_net_result_marks_var_and_tvar_on_the_side_of_losses(findings: Findings) -> None:
    axes = draw("net_result", findings).axes[0]
    marked = {round(line.get_xdata()[0], 9) for line in axes.lines}
    expected = {
        round(-findings.measure("two_sided", key)[0] / 1e6, 9) for key in ("var_95", "tvar_95")
    }
    assert marked == expected | {0.0}


@pytest.mark.parametrize("name", ["two_sided", "one_sided", "capitation", "nothing"])
def test_waterfall_bars_add_up_to_the_net(findings: Findings, name: str) -> None:
    position = findings.median_position(name)
    bars = waterfall.bars(findings, name, position)
    assert bars.names[-1] == "net"
    assert bars.amounts[:-1].sum() == pytest.approx(bars.amounts[-1])
    assert bars.amounts[-1] == pytest.approx(findings.net(name)[position])
    np.testing.assert_allclose(bars.starts[1:-1], np.cumsum(bars.amounts)[:-2])


def test_waterfall_draws_its_bars(findings: Findings) -> None:
    figure = Figure()
    axes = waterfall.draw(figure, findings, contract="capitation")
    drawn = [bar.get_width() for bar in axes.patches]
    net = np.sort(findings.net("capitation"))[199]
    np.testing.assert_allclose(drawn, [net / 1e6, net / 1e6])


def test_median_realization_breaks_ties_by_the_savings_rate(findings: Findings) -> None:
    position = findings.median_position("two_sided")
    rates = findings.savings_rate("two_sided")
    assert findings.net("two_sided")[position] == 0.0
    idle = np.flatnonzero(findings.net("two_sided") == 0.0)
    distance = np.abs(rates - np.median(rates))
    assert distance[position] == distance[idle].min()


def test_median_realization_without_a_benchmark_is_the_lower_median(findings: Findings) -> None:
    net = findings.net("capitation")
    assert net[findings.median_position("capitation")] == np.sort(net)[199]


def test_comparison_puts_the_best_mean_on_top_and_prints_the_paired_error(
    findings: Findings,
) -> None:
    figure = draw("comparison", findings)
    rows = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    names = sorted(findings.names, key=lambda name: -findings.measure(name, "mean")[0])
    assert sorted((rows[findings.label(name)], name) for name in names) == list(enumerate(names))
    value, error = findings.difference("capitation", "mean")
    assert f"{words.millions(value)} ± {words.millions(error)}" in rows
    assert "reference" in rows


def test_gates_come_from_the_terms_of_the_shown_year(findings: Findings) -> None:
    assert published.gates(findings) == (-made.GATE, made.GATE)
    one_sided = made.findings([made.contract("one_sided", two_sided=False)])
    assert published.gates(one_sided) == (-np.inf, made.GATE)
    second = replace(findings, results=findings.results.isel(year=[1]))
    assert (second.year, second.year_number) == (2023, 1)


def test_published_result_is_placed_among_the_simulated_rates(findings: Findings) -> None:
    rates = findings.savings_rate("two_sided")
    below = float(np.mean(rates < -0.001))
    assert findings.published_percentile() == pytest.approx(below)
    shown = " ".join(texts(draw("published", findings)))
    assert f"percentile {100 * below:.1f}" in shown
    assert "−0.10" in shown


def test_fit_ratios_are_simulated_over_assumed(findings: Findings) -> None:
    ratios = findings.fit_ratios("utilization")
    direct = findings.fit["utilization"] / findings.fit["utilization_expected"]
    np.testing.assert_allclose(ratios["ratio"], direct)
    far, count = findings.misfits()
    assert (far, count) == (0, 8)
    shifted = findings.fit.assign(cost=1.2 * findings.fit["cost"])
    assert replace(findings, fit=shifted).misfits() == (4, 8)


def test_a_label_with_dollar_signs_is_no_formula() -> None:
    odd = replace(made.contract("two_sided"), label="cap $150k_a^ and $200k")
    findings = made.findings([odd])
    for illustration in FIGURES.values():
        figure = illustration.draw(findings)
        if figure is not None:
            figure.canvas.draw()


def test_drawing_leaves_no_global_state(findings: Findings) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    for illustration in FIGURES.values():
        illustration.draw(findings)
    assert dict(matplotlib.rcParams) == before


def test_numbers_have_true_minus_signs_and_no_minus_zero() -> None:
    assert words.millions(-2_405_000.0) == "−2.40"
    assert words.millions(-1.0) == "0.00"
    assert words.percent(-0.001, 2) == "−0.10\N{NO-BREAK SPACE}%"
    assert words.number(float("nan")) == "–"
    assert words.words("stop_loss_premium_pmpm") == "Stop loss premium PMPM"
    assert words.wrapped("a label that runs on and on and on and on and on").count("\n") == 1
