"""Worked examples, in the order of the reference, each with its kind.

OFFICIAL: a document or data file of CMS or an agency. CONTRACT: the text of a real agreement.
INDUSTRY: a page of an actuary or vendor. DERIVED: arithmetic from published parameters, published
nowhere itself; such a test says which rule it does not prove. Here stand the Shared Savings
Program (A), ACO REACH, Next Generation ACO and LEAD (B), and bundles (C). Beside their models stand
A8 and F (pay for performance, care coordination, tiers by quality), D (capitation, stop-loss) and E
(New York).
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vbsim import rulebook
from vbsim.payment_models import clauses, corridor, retrospective_bundle, shared_savings
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.benchmarks import Simulated, benchmark
from vbsim.payment_models.shared_savings_terms import PROGRAM_TERMS

MILLION = 1e6
MSSP, REACH, NGACO, LEAD, CJR, TEAM = (
    rulebook.read("rules", name) for name in ("mssp", "aco_reach", "ngaco", "lead", "cjr", "team")
)
KIND = re.compile(r"[A-F]\d+, (OFFICIAL|CONTRACT|INDUSTRY|DERIVED)")


def test_every_example_names_its_kind() -> None:
    """And a derived one what it does not prove."""
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    found = {
        node.name: ast.get_docstring(node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and re.match(r"test_[a-f]\d", node.name)
    }
    assert len(found) >= 20
    for name, words in found.items():
        assert KIND.match(words), name
        assert "DERIVED" not in words or "not prove" in " ".join(words.split()), name
        assert words.split(",")[0] == name.split("_")[1].upper(), name


# --- A. Medicare Shared Savings Program ------------------------------------------------------


def mssp(track: str, year: int, minimum: float = 0.0, **changes: Any) -> shared_savings.Terms:
    """Terms of a track as the rule file states them, without a revenue limit."""
    apart = {"two_sided", "minimum_savings_rate", "minimum_loss_rate", "loss_limit_amount"}
    names = [name for name in PROGRAM_TERMS if name not in apart]
    values: dict[str, Any] = {n: f.value for n, f in MSSP.by_name(names, year, track).items()}
    values |= {"two_sided": MSSP.figure("sided", year, track).value == 2}
    values |= {"minimum_savings_rate": minimum, "minimum_loss_rate": minimum}
    return shared_savings.Terms(**{**values, "loss_limit_amount": np.inf, **changes})


def settled(
    terms: shared_savings.Terms,
    benchmark: Any,
    expenditure: Any,
    quality: float = 1.0,
    met: float = 1.0,
    alternative: float = 0.0,
) -> Statement:
    mark, spent = np.broadcast_arrays(np.atleast_1d(benchmark), np.atleast_1d(expenditure))
    one, spent = np.ones(mark.shape), spent * 1.0
    year = ContractYear(spent, spent, mark * one, one, quality * one, met * one, alternative)
    return shared_savings.settle(None, year, terms)[1]


def by_size(heads: int) -> float:
    return 100.0 * clauses.banded(MSSP.figure("minimum_savings_rate_table", 2024).value, heads)


def test_a1_minimum_savings_rate_by_size() -> None:
    """A1, OFFICIAL: CMS-1345-P (April 2011) p. 268, 7,500 beneficiaries lie midway: 3.3 %.

    0.034 + 500 / 999 * (0.032 - 0.034) = 0.032999.
    """
    assert by_size(7_500) == pytest.approx(3.2999, abs=5e-5)
    assert f"{by_size(7_500):.1f}" == "3.3"


@pytest.mark.parametrize(
    ("heads", "percent"),
    [
        (500, 12.2), (4_999, 3.9), (5_000, 3.9), (5_999, 3.6), (6_000, 3.6), (8_238, 3.1762),
        (13_151, 2.8109), (24_494, 2.4551), (49_999, 2.2), (55_000, 2.1), (60_000, 2.0),
    ],
)  # fmt: skip
def test_a1_minimum_savings_rate_between_the_ends_of_a_band(heads: int, percent: float) -> None:
    """A1, DERIVED: linear within a band, such as 3.2 - 238 / 999 * 0.1 at 8,238.

    It does not prove the rates below 500 beneficiaries, which the table does not have.
    """
    assert by_size(heads) == pytest.approx(percent, abs=5e-5)


@pytest.mark.parametrize(("heads", "published"), [(8_238, 3.17), (13_151, 2.81), (24_494, 2.46)])
def test_a1_minimum_savings_rates_as_published(heads: int, published: float) -> None:
    """A1, OFFICIAL data (CMS PY2024 PUF): rates near the same counts, to 0.01 point."""
    assert by_size(heads) == pytest.approx(published, abs=0.01)


MONTHS = 125_000
TARGET = 500.0 * MONTHS


def test_a2_gate_and_first_dollar() -> None:
    """A2, INDUSTRY (axenehp.com): target 500.00 PMPM, 125,000 member months, half, minimum 1 %.

    495.50 saves 0.9 %: nothing. Without the minimum 4.50 * 125,000 * 0.5 = 281,250. The page has
    the gate met at 495.00 or lower; OFFICIAL: savings count in total once they "equaled or
    exceeded" it (data.cms.gov, note to the results of 2015).
    """
    terms = mssp("basic_e", 2024, 0.01, sequestration=0.0)
    assert terms.sharing_rate == 0.5
    assert settled(terms, TARGET, 495.50 * MONTHS).net == pytest.approx(0.0, abs=1e-9)
    ungated = mssp("basic_e", 2024, 0.0, sequestration=0.0)
    assert settled(ungated, TARGET, 495.50 * MONTHS).net == pytest.approx(281_250.0)


def test_a2_the_cliff() -> None:
    """A2, DERIVED: at 495.00 exactly 5.00 * 125,000 * 0.5 = 312,500, at 495.01 nothing.

    It does not prove how CMS rounds a rate before it is held against the minimum.
    """
    terms = mssp("basic_e", 2024, 0.01, sequestration=0.0)
    found = settled(terms, TARGET, np.array([495.00, 495.01]) * MONTHS)
    np.testing.assert_allclose(found.net, [312_500.0, 0.0], atol=1e-6)


@pytest.mark.parametrize(
    ("track", "before", "after"),
    [
        # 177 M * 4.2 % = 7.434 M, times 0.40, 0.50 and 0.75; then times 0.98.
        ("basic_a", 2_973_600.0, 2_914_128.0),
        ("basic_b", 2_973_600.0, 2_914_128.0),
        ("basic_c", 3_717_000.0, 3_642_660.0),
        ("basic_d", 3_717_000.0, 3_642_660.0),
        ("basic_e", 3_717_000.0, 3_642_660.0),
        ("enhanced", 5_575_500.0, 5_463_990.0),
    ],
)
@pytest.mark.parametrize("year", [2022, 2024])
def test_a3_sharing_rate_by_track(track: str, before: float, after: float, year: int) -> None:
    """A3, INDUSTRY on OFFICIAL data: benchmark 177 M, savings 4.2 %, quality standard met.

    The page prints 2.97 M for BASIC A and B and 5.58 M for ENHANCED, before sequestration.
    """
    spent = 177.0 * MILLION * (1.0 - 0.042)
    whole = settled(mssp(track, year, sequestration=0.0), 177.0 * MILLION, spent, 0.85)
    assert whole.net == pytest.approx(before)
    page = {"basic_a": "2.97", "basic_b": "2.97", "enhanced": "5.58"}
    assert f"{whole.net[0] / MILLION:.2f}" == page.get(track, "3.72")
    assert settled(mssp(track, year), 177.0 * MILLION, spent, 0.85).net == pytest.approx(after)


@pytest.mark.parametrize(
    ("quality", "rate"),
    [(0.80, 0.40), (0.7385, 0.446125), (0.60, 0.55), (0.40, 0.70), (1.0, 0.40), (0.10, 0.75)],
)
@pytest.mark.parametrize("year", [2022, 2024])
def test_a4_loss_rate_by_quality(quality: float, rate: float, year: int) -> None:
    """A4, DERIVED table of a rule that was read (42 CFR 425.610(f)): 1 - 0.75 Q, 40 to 75 %.

    BASIC C, D and E: 30 % for every score. It does not prove which score counts where an ACO
    reports in more than one way.
    """
    found = settled(mssp("enhanced", year), 100.0, 101.0, quality)
    assert found.facts["loss_rate"] == pytest.approx(rate)
    assert found.net == pytest.approx(-rate)
    for track in ("basic_c", "basic_d", "basic_e"):
        found = settled(mssp(track, year), 100.0, 100.5, quality)
        assert found.facts["loss_rate"] == pytest.approx(0.30)
        assert found.net == pytest.approx(-0.15)  # below every limit


def test_a4_loss_rate_without_either_standard() -> None:
    """A4, DERIVED: an ACO that meets neither standard bears 75 %, whatever its score.

    It does not prove that the alternative standard alone keeps the rate by quality, as here.
    """
    assert settled(mssp("enhanced", 2024), 100.0, 101.0, 0.9, met=0.0).net == pytest.approx(-0.75)
    found = settled(mssp("enhanced", 2024), 100.0, 101.0, 0.8, met=0.0, alternative=1.0)
    assert found.net == pytest.approx(-0.40)
    for track in ("basic_c", "basic_d", "basic_e"):
        found = settled(mssp(track, 2024), 100.0, 100.5, 0.9, met=0.0)
        assert found.net == pytest.approx(-0.15)


def test_a5_alternative_standard() -> None:
    """A5, OFFICIAL data (CMS PY2024 PUF): 29 ACOs have score x largest rate, within 0.02 points.

    The vector, ENHANCED and 76.88 -> 57.66 %, is DERIVED. It does not prove that the alternative
    standard counts before 2023.
    """
    terms = mssp("enhanced", 2024, sequestration=0.0)
    found = settled(terms, 100.0, 90.0, 0.7688, met=0.0, alternative=1.0)
    assert 100.0 * found.facts["sharing_rate"] == pytest.approx(57.66, abs=0.02)
    assert found.net == pytest.approx(5.766)
    assert settled(terms, 100.0, 90.0, 0.7688, met=0.0).net == 0.0
    before = mssp("enhanced", 2021)
    assert settled(before, 100.0, 90.0, 0.7688, met=0.0, alternative=1.0).net == 0.0
    for track, most in (("basic_a", 0.40), ("basic_e", 0.50)):
        found = settled(mssp(track, 2024), 100.0, 90.0, 0.5125, met=0.0, alternative=1.0)
        assert found.facts["sharing_rate"] == pytest.approx(0.5125 * most)


@pytest.mark.parametrize(
    ("track", "savings", "minimum", "rate"),
    [
        ("basic_a", 0.12, 0.0301, 0.20),
        ("basic_a", 2.85, 0.0299, 0.20),
        ("basic_e", 1.00, 0.0300, 0.25),
    ],
)
def test_a5_reduced_sharing(track: str, savings: float, minimum: float, rate: float) -> None:
    """A5, OFFICIAL data (CMS PY2024 PUF): exactly 20 % (12 ACOs, BASIC A) and 25 % (one, BASIC E).

    Of low revenue, below the minimum: 0.12 % against 3.01 %, 2.85 % against 2.99 %. Above it the
    whole rate counts.
    """
    part = MSSP.figure("reduced_sharing", 2024, track).value
    terms = mssp(track, 2024, minimum, sequestration=0.0, reduced_sharing=part)
    found = settled(terms, 100.0, 100.0 - savings)
    assert found.facts["sharing_rate"] == pytest.approx(rate, abs=1e-12)
    assert found.net == pytest.approx(rate * savings)
    assert settled(terms, 100.0, 96.0).net == pytest.approx(2.0 * rate * 4.0)


def test_a6_totals_of_2024() -> None:
    """A6, OFFICIAL data (CMS PY2024 PUF, 476 ACOs): totals that hold together.

    What can be tested without the rows: savings, their rate and the amount per person-year follow
    from the totals; a loss rate of 68.99 % lies on ENHANCED's line, 40.0 % at its floor, and 30.0 %
    is that of BASIC C, D and E for every score. What cannot: that the rows settle to the
    4,142,450,738 earned by 360 ACOs and the 19,966,437 owed by 16. ``vbsim settle mssp`` does that
    where the file is at hand; rows in its layout are settled in tests/outcomes.
    """
    found = settled(mssp("enhanced", 2024), 139_745_370_823.0, 133_131_051_324.0)
    savings = found.lines["gross_savings"].value
    assert savings == 6_614_319_499.0
    assert 100.0 * found.facts["savings_rate"] == pytest.approx(4.733, abs=5e-4)
    assert savings / 10_111_347.0 == pytest.approx(654.15, abs=0.005)
    slope = mssp("enhanced", 2024).loss_rate_quality_slope
    for quality, rate in (((1.0 - 0.6899) / slope, 0.6899), (0.95, 0.400)):
        loss = settled(mssp("enhanced", 2024), 100.0, 101.0, quality)
        assert loss.facts["loss_rate"] == pytest.approx(rate)
        for track in ("basic_c", "basic_d", "basic_e"):
            loss = settled(mssp(track, 2024), 100.0, 100.5, quality)
            assert loss.facts["loss_rate"] == pytest.approx(0.300)


def test_a7_quality_standard() -> None:
    """A7, OFFICIAL (CMS memorandum, December 2025): the mean of three years' 40th percentiles.

    (77.73 + 74.54 + 69.27) / 3 = 221.54 / 3 = 73.8467, which is 73.85.
    """
    mean = (77.73 + 74.54 + 69.27) / 3.0
    assert mean == pytest.approx(73.8467, abs=5e-5)
    assert MSSP.figure("quality_standard_score", 2026).value == round(mean / 100.0, 4)


@pytest.mark.parametrize(
    ("track", "revenue", "owed"),
    [
        # 2, 4 and 8 % of revenue of 30 M or 80 M; 1, 2 and 4 % of the benchmark: the smaller one.
        ("basic_c", 30.0, 0.60),
        ("basic_d", 30.0, 1.20),
        ("basic_e", 30.0, 2.40),
        ("basic_c", 80.0, 1.00),
        ("basic_d", 80.0, 2.00),
        ("basic_e", 80.0, 4.00),
        # 15 % of the benchmark, whatever the revenue.
        ("enhanced", 30.0, 15.0),
        ("enhanced", 80.0, 15.0),
        # One-sided: no loss.
        ("basic_a", 30.0, 0.0),
        ("basic_b", 80.0, 0.0),
    ],
)
@pytest.mark.parametrize("year", [2022, 2024])
def test_a9_loss_limits(track: str, revenue: float, owed: float, year: int) -> None:
    """A9, DERIVED: benchmark 100 M, expenditure far above it.

    It does not prove the limits themselves: no published settlement reaches one of the benchmark,
    and no file gives a revenue; nor whether disaster relief comes before the limit (425.605(f)).
    """
    share = MSSP.figure("loss_limit_revenue", year, track).value
    limit = share * revenue * MILLION if share else np.inf
    found = settled(mssp(track, year, loss_limit_amount=limit), 100.0 * MILLION, 300.0 * MILLION)
    assert found.facts["shared_losses"] == pytest.approx(owed * MILLION, abs=1e-6)
    assert found.net == pytest.approx(-owed * MILLION, abs=1e-6)


@pytest.mark.parametrize(
    ("track", "share", "cap"), [("basic_e", 0.5, 10.0), ("enhanced", 0.75, 20.0)]
)
def test_a9_savings(track: str, share: float, cap: float) -> None:
    """A9, DERIVED: pay = min(0.98 * rate * savings, cap * benchmark), benchmark 100.

    It does not prove that sequestration comes before the cap, as it does here: published rows do
    (five capped ACOs of 2016 to 2020 at exactly 10 %), against the formula as it was written down.
    """
    found = settled(
        mssp(track, 2024, 0.02), 100.0, [99.0, 98.0, 90.0, 100.0 - 1.01 * cap / share, 30.0]
    )
    expected = [0.0, 0.98 * share * 2.0, 0.98 * share * 10.0, 0.98 * 1.01 * cap, cap]
    np.testing.assert_allclose(found.net, expected, atol=1e-9)


def test_a10_benchmark_update() -> None:
    """A10, DERIVED (formula as the Tuva project implements it): history 12,000 -> 12,512.00.

    I = 1.05 * 0.2 + 1.03 * 0.8 = 1.034; K = 2/3 * 1.034 + 1/3 * 1.06 = 1.0426667. It does not prove
    the blend: vbsim takes growth from the assumptions, and the level of a published benchmark from
    the scenario; here K stands for the growth that is stated.
    """
    blended = 1.05 * 0.2 + 1.03 * 0.8
    growth = 2.0 / 3.0 * blended + 1.06 / 3.0
    assert (blended, growth) == (pytest.approx(1.034), pytest.approx(1.0426667, abs=5e-8))
    terms = Simulated(np.ones(1), np.array([[growth]]), 1.0, follows_nation=False)
    history = np.array([[[12_000.0]]])
    total, _ = benchmark(terms, history, np.array([[80.0]]), np.ones((1, 1)))
    assert total / 80.0 == pytest.approx(12_512.00)


def test_a11_legacy_tracks() -> None:
    """A11, OFFICIAL (data.cms.gov, note to the results of 2015).

    Track 1 shares up to 50 %, track 2 up to 60 %; the minimum rates of track 2 are 2 % flat, and
    its loss rate is never above 60 %.
    """
    first, second = (mssp(track, 2015, 0.02) for track in ("track_1", "track_2"))
    assert (first.sharing_rate, first.two_sided) == (0.50, False)
    assert (second.sharing_rate, second.two_sided) == (0.60, True)
    assert MSSP.figure("minimum_savings_rate_choices", 2015).value == [0.02]
    assert settled(first, 100.0, 95.0).net == pytest.approx(0.98 * 0.50 * 5.0)
    assert settled(second, 100.0, 95.0).net == pytest.approx(0.98 * 0.60 * 5.0)
    rates = [settled(second, 100.0, 105.0, q).facts["loss_rate"][0] for q in (0.0, 0.5, 0.8, 1.0)]
    assert rates == pytest.approx([0.60, 0.60, 0.52, 0.40])
    missed = settled(second, 100.0, 105.0, 0.9, met=0.0)
    assert missed.net == pytest.approx(-0.60 * 5.0)


# --- B. ACO REACH, Next Generation ACO, LEAD -------------------------------------------------


def bands(book: rulebook.Rulebook, year: int, track: str, name: str = "corridors") -> Any:
    return tuple((low, share) for low, share in book.figure(name, year, track).value)


def kept(gap: Any, corridors: Any, quality: float = 1.0, **terms: Any) -> Statement:
    """Settle savings (or losses, negative) against a benchmark of 100."""
    gap = np.atleast_1d(np.asarray(gap, dtype=float))
    cost, one = 100.0 - gap, np.ones_like(gap)
    year = ContractYear(cost, cost, 100.0 * one, one, quality * one, one)
    whole = {"discount": 0.0, "quality_withhold": 0.0, "sequestration": 0.0} | terms
    return corridor.settle(None, year, corridor.Terms(corridors, **whole))[1]


# Savings or losses and the part kept, in % of benchmark: Global to 2025, Global 2026,
# Professional, LEAD Global.
BANDS = [
    (3, 3.00, 3.00, 1.50, 3.00),
    (5, 5.00, 5.00, 2.50, 5.00),
    (8, 8.00, 8.00, 3.55, 8.00),
    (10, 10.00, 10.00, 4.25, 10.00),
    (12, 12.00, 11.00, 4.55, 12.00),
    (20, 20.00, 15.00, 5.25, 17.50),
    (30, 27.50, 20.00, 5.75, 22.50),
    (40, 31.25, 23.75, 6.25, 26.25),
    (60, 34.75, 27.25, 7.25, 29.75),
    (100, 38.75, 31.25, 9.25, 33.75),
]


@pytest.mark.parametrize(("gap", "to_2025", "in_2026", "professional", "in_lead"), BANDS)
def test_b1_corridors(
    gap: float, to_2025: float, in_2026: float, professional: float, in_lead: float
) -> None:
    """B1, OFFICIAL bands (CMS, via Pearl Health); the vectors are DERIVED.

    INDUSTRY anchors: 20 % keeps 15 % in 2026 (Milliman); in LEAD 100 % = 15 + 10 + 3.75 + 5. They
    do not prove that losses have the bands of savings in LEAD above the first.
    """
    cases = [(year, "global", to_2025) for year in (2021, 2023, 2025)]
    cases += [(year, "professional", professional) for year in (2021, 2025, 2026)]
    for year, track, expected in [*cases, (2026, "global", in_2026)]:
        assert kept(gap, bands(REACH, year, track)).net == pytest.approx(expected)
        assert kept(-gap, bands(REACH, year, track)).net == pytest.approx(-expected)
    losses = {"loss_corridors": bands(LEAD, 2027, "global", "loss_corridors")}
    both = kept([gap, -gap], bands(LEAD, 2027, "global"), **losses)
    np.testing.assert_allclose(both.net, [in_lead, -in_lead])


def test_b1_discount_and_quality_withhold() -> None:
    """B1, DERIVED: benchmark 100 M, discount 4 %, quality withhold 2 %, spending 93 M.

    All earned: 96 - 93 = 3, which is 3.125 % of 96: Global keeps 3.0. A score of 0.8 leaves
    96 - 0.2 * 0.02 * 96 = 95.616: 2.616. Professional, no discount: savings 7 %, 2.5 + 0.7. It does
    not prove the order of discount and withhold, nor that the score scales the withhold in a line.
    """
    terms = {"discount": 0.04, "quality_withhold": 0.02}
    whole = kept(7.0, bands(REACH, 2025, "global"), **terms)
    assert whole.net == pytest.approx(3.0)
    assert 100.0 * whole.facts["savings_rate"] == pytest.approx(3.125)
    part = kept(7.0, bands(REACH, 2025, "global"), 0.8, **terms)
    assert part.facts["benchmark_after_discount_and_quality"] == pytest.approx(95.616)
    assert part.net == pytest.approx(2.616)
    assert kept(7.0, bands(REACH, 2025, "professional")).net == pytest.approx(3.2)


@pytest.mark.parametrize("cap", [0.05, 0.15])
@pytest.mark.parametrize("arrangement", ["a", "b"])
def test_b2_cap_first_then_share(arrangement: str, cap: float) -> None:
    """B2, CONTRACT (lawinsider.com): a cap of 5 % at 80 % is at most 4 % of the benchmark.

    The cap comes first, then the share. 5 and 15 % are the ends of the range of caps.
    """
    share = NGACO.figure("sharing_rate", 2018, f"arrangement_{arrangement}").value
    ends = [NGACO.figure(name, 2018).value for name in ("cap_least", "cap_most")]
    assert cap in ends
    gaps = np.array([2.0, 12.0, 30.0, -2.0, -12.0, -30.0])
    expected = share * np.clip(gaps, -100.0 * cap, 100.0 * cap)
    np.testing.assert_allclose(kept(gaps, ((0.0, share), (cap, 0.0))).net, expected)
    if (arrangement, cap) == ("a", 0.05):
        assert expected.max() == pytest.approx(4.0)


def test_b2_sequestration() -> None:
    """B2, CONTRACT (lawinsider.com): savings are paid at 98 %, losses collected at 100 %."""
    cut = NGACO.figure("sequestration", 2018).value
    found = kept([12.0, -12.0], ((0.0, 0.8), (0.05, 0.0)), sequestration=cut)
    np.testing.assert_allclose(found.net, [0.98 * 4.0, -4.0])


def test_b3_discount_sensitivity() -> None:
    """B3, INDUSTRY (LEAD notes): a benchmark at another discount is BM * (1 - new) / (1 - old).

    Spending at 85 % of benchmark is savings of 15 %: the top of the first band.
    """

    def after(discount: float) -> float:
        lines = kept(0.0, bands(LEAD, 2027, "global"), discount=discount).facts
        return float(lines["benchmark_after_discount_and_quality"][0])

    names = ("discount", "discount_higher_spending")
    old, new = (LEAD.figure(name, 2027, "global").value for name in names)
    assert old != new
    assert after(new) == pytest.approx(after(old) * (1.0 - new) / (1.0 - old))
    assert bands(LEAD, 2027, "global")[1][0] == pytest.approx(1.0 - 0.85)


# --- C. Bundles ------------------------------------------------------------------------------


def bundle(book: rulebook.Rulebook, year: int, track: str, **changes: Any) -> Any:
    """Terms of a program for one type of episode, as the rule file states them."""
    names = ("quality_cut", "quality_relief", "stop_gain", "stop_loss", "quality_scale")
    values: dict[str, Any] = {n: f.value for n, f in book.by_name(names, year, track).items()}
    rows = book.figure("quality_bands", year).value if book.has("quality_bands", year) else []
    values |= {"quality_bands": tuple(map(tuple, rows)), "types": ("joint",), "discounts": (0.0,)}
    values |= {"two_sided": book.figure("sided", year, track).value == 2}
    return retrospective_bundle.Terms(**{**values, "prices": (1_000.0,), **changes})


def reconciled(terms: retrospective_bundle.Terms, spending: float, quality: float) -> Statement:
    """Reconcile 1,000 episodes."""
    one, cost = np.ones(1), np.array([[spending]])
    year = ContractYear(
        one, one, one, one, quality * one, one, episodes=np.array([[1_000.0]]),
        episode_cost=cost, episode_anchor_cost=cost, episode_counted_cost=cost,
    )  # fmt: skip
    return retrospective_bundle.settle(None, year, terms)[1]


def test_c1_quality_category_sets_the_discount() -> None:
    """C1, OFFICIAL (partial: CMS CJR PY1 sample reconciliation report).

    A score of 7.00 is Good: the discount is 2.0 %, and 7,847.76 was paid. Negative amounts are for
    information in the first year, and owed from the second. The report's episodes are not in the
    source: 1,000 at 1,000 each less 2 % and spending of 972,152.24 stand for them.
    """
    good, first = 7.00 / 20.0, bundle(CJR, 2016, "standard")
    assert reconciled(first, 980_000.0 - 7_847.76, good).net == pytest.approx(7_847.76)
    assert reconciled(first, 980_000.01, good).net == 0.0
    assert reconciled(first, 1_100_000.0, good).net == 0.0
    assert reconciled(first, 980_000.0 - 7_847.76, 3.9 / 20.0).net == 0.0  # below acceptable
    # Repayment counts from its own, smaller discount of 1 %.
    second = bundle(CJR, 2017, "standard")
    assert reconciled(second, 985_000.0, good).net == 0.0
    assert reconciled(second, 1_000_000.0, good).net == pytest.approx(-10_000.0)


def test_c2_stop_gain_absorbs_later_cost() -> None:
    """C2, INDUSTRY (singletrackanalytics.com): 150,000 reconciled, limit 100,000, 100,000 paid.

    Episodes that cost 50,000 more leave the payment there. In the first year the limit is 5 % of
    the target, here of 2,000,000.
    """
    terms = bundle(CJR, 2016, "standard", prices=(2_000.0,), quality_bands=())
    assert (terms.stop_gain, terms.quality_cut) == (0.05, 0.0)
    found = reconciled(terms, 1_850_000.0, 1.0)
    assert found.steps["reconciliation_amount"] == pytest.approx(150_000.0)
    assert found.net == pytest.approx(100_000.0)
    assert reconciled(terms, 1_900_000.0, 1.0).net == pytest.approx(100_000.0)


@pytest.mark.parametrize(
    ("track", "spending", "paid"),
    [
        # 100,000 * (1 - 0.10 * 0.4); -300,000 * (1 - 0.10 * 0.6) = -282,000, limited to 20 %.
        ("track_3", 900_000.0, 96_000.0),
        ("track_3", 1_300_000.0, -200_000.0),
        # 96,000 is below 10 %; 200,000 * 0.96 = 192,000 is not; track 1 owes nothing.
        ("track_1", 900_000.0, 96_000.0),
        ("track_1", 800_000.0, 100_000.0),
        ("track_1", 1_300_000.0, 0.0),
    ],
)
def test_c3_team(track: str, spending: float, paid: float) -> None:
    """C3, DERIVED: target 1,000,000, composite quality score 60.

    It does not prove that quality comes before the limit (42 CFR 512.550, UNVERIFIED), nor the
    limits.
    """
    assert reconciled(bundle(TEAM, 2026, track), spending, 0.60).net == pytest.approx(paid)
