from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import synthetic_run as made

from vbsim.measures.summary import measure
from vbsim.plots import FIGURES, Findings
from vbsim.plots.text import millions, percent
from vbsim.report import inputs
from vbsim.report.answer import answer
from vbsim.report.figures import write_figures
from vbsim.report.page import answer_rows, difference_rows, render, statement
from vbsim.rulebook import Figure

MANIFEST = {
    "name": "told in the title",
    "engine": "claims",
    "random_numbers": "a counter-based scheme",
    "seed": 1488,
    "seeds": {"claims": 9},
    "realizations": 400,
    "started": "2026-03-01T12:34:56+00:00",
    "simulation_seconds": 12.345,
    "versions": {"vbsim": "0.1.0", "numpy": "2.0.0"},
    "sha256": {"results.nc": "abc"},
    "something_new": "is shown too",
    "warnings": [],
}


class Page(HTMLParser):
    """Tags, loads and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = ("src", "href", "srcset", "data", "action", "poster")
        self.loads += [str(value) for name, value in attrs if name in named]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def findings() -> Findings:
    return made.findings()


def held_by_payer(contracts: list[str]) -> Findings:
    """Findings in which some contracts are the payer's."""
    found = made.findings(observed=None)
    holders = ["payer" if name in contracts else "provider" for name in found.names]
    settled = found.results.assign_coords(holder=("contract", holders))
    return replace(found, results=settled, summary=measure(settled))


def page(findings: Findings, figures: dict[str, Path] | None = None) -> str:
    return render(findings, MANIFEST, figures or {})


@pytest.fixture(scope="module")
def html(findings: Findings, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("figures")
    drawn = write_figures(findings, folder)
    assert list(drawn) == list(FIGURES)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn.values())
    return page(findings, drawn)


def test_page_loads_nothing_and_runs_nothing(html: str) -> None:
    parsed = Page(html)
    assert not {"script", "link", "iframe", "object"} & set(parsed.tags)
    assert all(load.startswith(("data:image/png;base64,", "#")) for load in parsed.loads)
    assert sum(load.startswith("data:") for load in parsed.loads) == len(FIGURES)
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_page_escapes_what_the_scenario_says(html: str) -> None:
    assert "<script" not in html
    assert "Test &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; run" in html
    assert "owe money &amp; how much?" in html


def test_page_counts_and_marks_unverified_figures(html: str) -> None:
    text = Page(html).text
    assert "1 of the 2 figures" in text
    assert "1 are UNVERIFIED" in text
    row = html[html.index('<tr class="unseen">\n<td class="path">members.<wbr>persistence') :]
    assert '<strong class="unverified">UNVERIFIED</strong>' in row[: row.index("</tr>")]


def test_page_without_unverified_figures_raises_no_flag(findings: Findings) -> None:
    sound = replace(findings.plan, figures=findings.plan.figures[:1], warnings=())
    text = Page(page(replace(findings, plan=sound))).text
    assert "All 1 figures have a source." in text
    assert "nothing in the scenario is unusual" in text


def test_page_has_its_sections(html: str) -> None:
    text = Page(html).text
    for words in (
        "Net result of the provider, 2022",
        "Net result of the provider, 2023",
        "Differences from Two Sided",
        "One settlement, line by line",
        "Figures used, and where each comes from",
        "something is unusual",
        "How it was computed",
        "What is not modelled, or only roughly",
        "What the standard errors cover",
        "Intended use",
        "Not intended",
        "Reliance on data supplied by others",
        "No. 41",
        "No. 56",
    ):
        assert words in text


def test_page_shows_the_whole_manifest(html: str) -> None:
    text = Page(html).text
    for words in ("1488", "claims: 9", "numpy: 2.0.0", "results.nc: abc", "12.3"):
        assert words in text
    assert "Something new is shown too" in text
    assert "2026-03-01 12:34 UTC" in text


def test_page_has_every_caption_beside_its_figure(html: str) -> None:
    text = Page(html).text
    assert all(illustration.caption in text for illustration in FIGURES.values())


def test_table_gives_every_measure_with_its_error(findings: Findings) -> None:
    rows = {row.label: row for row in answer_rows(findings, 2022)}
    assert rows["Two Sided"].is_reference
    assert rows["Capitation"].category == "4N"
    value, error = findings.measure("two_sided", "tvar_95")
    last = rows["Two Sided"].cells[-1]
    assert (last.text, last.error) == (millions(value), f"± {millions(error)}")
    chance = findings.measure("two_sided", "prob_gain")[0]
    assert rows["Two Sided"].cells[0].text == percent(chance)


def test_differences_leave_out_the_reference(findings: Findings) -> None:
    rows = difference_rows(findings, 2022)
    assert [row.label for row in rows] == ["One Sided", "Capitation", "Nothing"]
    value = findings.difference("capitation", "mean")[0]
    assert rows[1].cells[2].text == millions(value)
    assert rows[1].cells[0].text.endswith("pp")


def test_statement_adds_up_to_the_net_of_the_median_realization(findings: Findings) -> None:
    found = statement(findings)
    words = [line.words for line in found.rows]
    assert words == ["Benchmark", "Gross savings", "Not counted", "Payer part"]
    assert found.net == 0.0
    assert [line.adds for line in found.rows] == [False, True, True, True]


def test_answer_tells_chance_amounts_and_where_the_published_result_fell(
    findings: Findings,
) -> None:
    text = answer(findings)
    assert text.startswith("Under Two Sided in 2022, the provider owes or loses money with")
    assert percent(findings.measure("two_sided", "prob_loss")[0]) in text
    assert "TVaR 95\N{NO-BREAK SPACE}%" in text
    assert "savings rate of −0.10\N{NO-BREAK SPACE}% with no payment either way" in text
    assert f"percentile {100 * findings.published_percentile():.1f}" in text
    assert "nan" not in text.lower()
    assert text.count(". ") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"contracts": [made.contract("one_sided", two_sided=False)]},
            "owed or lost money in none of 400 simulated years",
        ),
        ({"contracts": [made.contract("nothing", benchmark=False)]}, "exactly 0 in 100.0"),
        ({"count": 1}, "one simulated year tells no probability"),
        ({"observed": None}, "it earns with probability"),
    ],
)
def test_answer_stays_a_sentence_where_numbers_are_missing(
    arguments: dict[str, object], words: str
) -> None:
    found = made.findings(**arguments)
    text = answer(found)
    assert words in text
    assert "published" not in text or found.plan.observed is not None
    assert "nan" not in text.lower()
    assert "–" not in text
    assert text.endswith(".")


@pytest.mark.parametrize("count", [1, 2, 30])
def test_page_of_a_single_contract_without_benchmark(count: int) -> None:
    alone = made.findings([made.contract("capitation", benchmark=False)], count, observed=None)
    text = Page(page(alone)).text
    assert "Differences from" not in text
    assert "nan" not in text.lower().split()
    assert "Under capitation every claim is charged" in text


def test_page_shows_no_folder_of_the_machine(findings: Findings) -> None:
    own = Figure("seed", 7, "as stated", "stated", "the scenario", "", "/home/me/case.yaml")
    text = page(replace(findings, plan=replace(findings.plan, figures=(own,))))
    assert "case.yaml" in text
    assert "/home/me" not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (2016, "2016"),
        (10384, "10,384"),
        (0.029769553910782155, "0.02976955"),
        (-0.136, "−0.136"),
        (float("inf"), "no limit"),
        ("lognormal", "lognormal"),
        ({"ed": 0.5, "dme": 1}, "ed: 0.5, dme: 1"),
        ([[1, 499, 0.122], [500, 999, 0.087]], "(1, 499, 0.122), (500, 999, 0.087)"),
    ],
)
def test_values_of_figures_read_well(value: object, text: str) -> None:
    assert inputs.shown_value(value) == text


def test_unverified_figures_of_one_source_are_gathered() -> None:
    paths = [f"types.{t}.use.{s}" for t in ("esrd", "aged") for s in "abcdefgh"]
    figures = tuple(replace(made.figure(p, "UNVERIFIED"), source="placeholder") for p in paths)
    found = inputs.families((*figures, made.figure("alone", "UNVERIFIED")))
    assert [(f.pattern, f.count) for f in found] == [
        ("types.{esrd, aged}.use.*", 16),
        ("alone", 1),
    ]


def test_terms_stand_side_by_side_for_contracts_of_a_kind(findings: Findings) -> None:
    (table,) = inputs.terms(findings.plan)
    assert table.labels == ["Two Sided", "One Sided", "Capitation", "Nothing"]
    assert table.rows[0] == ("Two sided", ["yes", "no", "yes", "yes"])


def test_a_contract_of_the_payer_shows_the_payers_result() -> None:
    """In the ledger of the made-up run the payer's money is the provider's with its sign turned."""
    found, plain = held_by_payer(["capitation"]), made.findings(observed=None)
    assert found.label("capitation") == "Payer: Capitation"
    assert found.label("two_sided") == "Two Sided"
    np.testing.assert_array_equal(found.net("capitation"), -plain.net("capitation"))
    assert found.measure("capitation", "mean")[0] == -plain.measure("capitation", "mean")[0]
    gap = (found.net("capitation") - found.net("two_sided")).mean()
    assert found.difference("capitation", "mean")[0] == pytest.approx(gap)
    rows = {row.label: row for row in answer_rows(found, 2022)}
    assert rows["Payer: Capitation"].cells[2].text == millions(found.net("capitation").mean(), 2)
    text = Page(page(found)).text
    assert "Net result of each contract's holder, 2022" in text
    assert "positive = money to each contract's holder" in text
    for illustration in FIGURES.values():
        if (figure := illustration.draw(found)) is not None:
            figure.canvas.draw()


def test_a_run_of_the_payers_contracts_alone_names_the_payer() -> None:
    found = held_by_payer(made.findings(observed=None).names)
    assert answer(found).startswith("Under Two Sided in 2022, the payer owes or loses money with")
    assert "Net result of the payer" in Page(page(found)).text
