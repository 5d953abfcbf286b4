"""Pay for performance against worked examples and by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.payment_models.cases.pay_for_performance import HOSPITAL_POINTS, SLIDING
from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.pay_for_performance import Terms, budget_neutral_slope, settle
from vbsim.payment_models.scoring import Domain, Measure, Scale


def a_year(
    rates: list[list[float]] | None = None,
    eligible: list[list[float]] | None = None,
    quality: list[float] | None = None,
    cost: float = 1e6,
) -> ContractYear:
    """A contract year of as many realizations as there are rows."""
    rows = len(rates or quality or [0])
    ones = np.ones(rows)
    measured = np.array(rates) if rates else np.empty((rows, 0))
    return ContractYear(
        cost * ones, cost * ones, ones, ones, np.array(quality) if quality else ones, ones,
        basket_cost=cost * ones,
        measures=measured,
        eligible=np.array(eligible) if eligible else np.full_like(measured, 1e3),
    )  # fmt: skip


def settled(terms: Terms, *args: Any, **kwargs: Any) -> Statement:
    return settle(None, a_year(*args, **kwargs), terms)[1]


def values(statement: Statement, name: str) -> list[float]:
    return np.broadcast_to(statement.lines[name].value, statement.net.shape).tolist()


def test_two_hospitals_share_what_both_gave() -> None:
    """F1, DERIVED from 42 CFR 412.162 (OFFICIAL formula): w 2 %, 100 M each, scores 30 and 50.

    Slope (100 + 100) / (100 * 0.3 + 100 * 0.5) = 2.5; incentives 1.5 % and 2.5 %; factors 0.995
    and 1.005; -0.5 M and +0.5 M. It does not prove the nation's slope, which nothing here contains.
    """
    payments, scores = np.array([100e6, 100e6]), np.array([30.0, 50.0])
    slope = budget_neutral_slope(payments, scores, 100.0)
    assert slope == pytest.approx(2.5)
    terms = Terms(revenue=100e6, withhold_rate=0.02, exchange_slope=slope)
    found = settled(terms, quality=[0.30, 0.50])
    assert values(found, "score") == pytest.approx([30.0, 50.0])
    assert values(found, "earned_back_rate") == pytest.approx([0.015, 0.025])
    assert values(found, "payment_adjustment_factor") == pytest.approx([0.995, 1.005])
    assert found.net.tolist() == pytest.approx([-0.5e6, 0.5e6])
    assert found.net.sum() == pytest.approx(0.0, abs=1e-6)
    # Divided by 110 the slope is 2.75 and the factors are the same.
    slope = budget_neutral_slope(payments, scores, 110.0)
    assert slope == pytest.approx(2.75)
    again = settled(replace(terms, exchange_slope=slope, score_divisor=110.0), quality=[0.3, 0.5])
    assert values(again, "payment_adjustment_factor") == pytest.approx([0.995, 1.005])


def test_home_health_break_even() -> None:
    """F1, INDUSTRY: at the slope 1.931 a score of 100 / 1.931 = 51.8 breaks even."""
    terms = Terms(revenue=1e6, withhold_rate=0.05, exchange_slope=1.931)
    net = settled(terms, quality=[1.0 / 1.931, 0.517, 0.519]).net
    assert net[0] == pytest.approx(0.0, abs=1e-3)
    assert net[1] < 0.0 < net[2]


def test_a_slope_without_scores_is_refused() -> None:
    with pytest.raises(ParameterError, match="no hospital has both payments and a score"):
        budget_neutral_slope(np.array([1e6]), np.array([0.0]), 100.0)


def test_sliding_scale_with_its_jump() -> None:
    """F2, rule V (42 CFR 414.1405), vectors DERIVED: a budget-neutrality factor is not proved."""
    scores = [100.0, 82.0, 75.0, 60.0, 30.0, 18.76, 18.75, 0.0]
    expected = [0.09, 0.0252, 0.0, -0.018, -0.054, -0.0675, -0.09, -0.09]
    terms = Terms(revenue=1e6, pieces=SLIDING)
    found = settled(terms, quality=[score / 100.0 for score in scores])
    assert values(found, "adjustment_rate") == pytest.approx(expected, abs=2e-5)
    assert values(found, "adjustment_rate")[6] == -0.09  # the jump: exactly, and inclusively
    np.testing.assert_allclose(found.net, 1e6 * np.array(expected), atol=20.0)
    # 18.76 lies on the line, a hundredth beyond the jump: -0.09 * (1 - 18.76 / 75).
    assert values(found, "adjustment_rate")[5] == pytest.approx(-0.09 * (1.0 - 18.76 / 75.0))


@pytest.mark.parametrize(
    ("met", "share"), [(14, 0.50), (13, 0.47), (12, 0.47), (11, 0.44), (10, 0.44), (9, 0.41),
                       (8, 0.0), (0, 0.0)]
)  # fmt: skip
def test_published_tiers_by_thresholds_met(met: int, share: float) -> None:
    """F3, OFFICIAL: table of the PACCI contract (JAMA IM 2015); a score of thresholds met.

    The table is of a share of savings; here it stands for any rate by thresholds met, all or
    nothing each, so that a score of 14 * 11 / 14 must be 11 and not a last bit below it.
    """
    names = [f"m{number}" for number in range(14)]
    measures = tuple(Measure(name, "all", 0.5, 0.5) for name in names)
    tiers = (
        (14.0, 14.0, 0.50, 0.50),
        (12.0, 14.0, 0.47, 0.47),
        (10.0, 12.0, 0.44, 0.44),
        (9.0, 10.0, 0.41, 0.41),
        (0.0, 9.0, 0.0, 0.0),
    )
    held = clauses.pieces_at(tiers, np.array([float(met)]))
    assert clauses.rate_in_piece(held, np.array([float(met)])).tolist() == [share]
    terms = Terms(measures, (Domain("all", 1.0),), full_score=14.0, revenue=1e6, pieces=tiers)
    found = settled(terms, [[0.5] * met + [0.4] * (14 - met)])
    assert values(found, "measures_met") == [met]
    assert values(found, "adjustment_rate") == [share]
    assert found.net[0] == pytest.approx(1e6 * share)


DECILES = [7.0, 8.0, 10.0, 6.0, 9.0, 6.0, 5.0, 7.0]


@pytest.mark.parametrize(
    ("deciles", "extra", "score"),
    [
        # Four of five reporting points count: the measure in the tenth decile is capped.
        (DECILES, [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0], 77.5),
        # A measure of 8 points and its reporting point is not complete: 53 of 80.
        ([7.0, 0.0, *DECILES[2:]], [1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0], 66.25),
        # Another mix without reporting points: 59 of 80.
        ([*DECILES[:-1], 8.0], [0.0] * 8, 73.75),
    ],
)
def test_points_by_decile(deciles: list[float], extra: list[float], score: float) -> None:
    """A8, INDUSTRY: 58 of 80 points in deciles and 4 for reporting are 62 / 80 = 77.5 %."""
    measures = tuple(
        Measure(f"m{number}", "quality", 0.0, 1.0, extra_points=points)
        for number, points in enumerate(extra)
    )
    terms = Terms(measures, scale=Scale(top=10.0, slope=10.0, most=10.0))
    found = settled(terms, [[decile / 10.0 for decile in deciles]])
    assert values(found, "score") == [score]


def test_hospital_points_by_hand() -> None:
    """42 CFR 412.165(a): 1 to 9 points from the threshold to the benchmark, 10 there.

    Threshold 0.5, benchmark 0.9, baseline 0.4, at 0.70: achievement 9 * 0.5 + 0.5 = 5.0;
    improvement 10 * 0.6 - 0.5 = 5.5, which rounds to 6. Lower is better, 0.10 to 0.02, at 0.03:
    9 * 0.875 + 0.5 = 8.375, 8 points. The formulas are UNVERIFIED; the ranges of points are not.
    """
    measures = (
        Measure("a", "care", 0.5, 0.9, baseline=0.4, minimum_cases=25.0),
        Measure("b", "safety", 0.10, 0.02, lower_is_better=True),
    )
    domains = (Domain("care", 0.25), Domain("safety", 0.75))
    terms = Terms(measures, domains, HOSPITAL_POINTS, revenue=1e6, withhold_rate=0.02)
    rates = [[0.7, 0.03], [0.5, 0.1], [0.499, 0.101], [0.9, 0.02], [0.8999, 0.02001], [0.7, 0.03]]
    eligible = [[25.0, 1.0]] * 5 + [[24.0, 1.0]]
    found = settled(terms, rates, eligible)
    assert values(found, "a_achievement")[0] == 5.0
    assert values(found, "a_improvement")[0] == 5.5
    # At 0.5 improvement is 1.5, which rounds to 2, and achievement 0.5, which rounds to 1; at
    # 0.499 improvement alone earns, 1.48.
    assert values(found, "a_points") == [6, 2, 1, 10, 9, 6]
    assert values(found, "b_points") == [8, 1, 0, 10, 9, 8]
    # 0.25 * 60 + 0.75 * 80 = 75; with too few cases of a, b has the whole weight: 80.
    assert values(found, "score")[0] == pytest.approx(75.0)
    assert values(found, "score")[5] == pytest.approx(80.0)
    assert values(found, "scored_domains")[5] == 1.0
    # Fewer domains than asked for: the hospital is left alone.
    excluded = settled(replace(terms, minimum_domains=2), rates, eligible)
    assert excluded.net[5] == 0.0
    assert values(excluded, "payment_adjustment_factor")[5] == 1.0
    assert values(excluded, "withhold")[0] == pytest.approx(-20_000.0)


def test_gates_close_payments_and_leave_penalties() -> None:
    """Score 50 of a gate of 60; then a measure that must be met and is not; then too few cases."""
    measures = (
        Measure("a", "all", 0.4, 0.8, bonus=5_000.0),
        Measure("b", "all", 0.5, 0.5, weight=0.0, must_pass=True, minimum_cases=20.0),
    )
    pieces = ((0.0, 40.0, -0.02, 0.0), (40.0, 100.0, 0.01, 0.01))
    terms = Terms(
        measures, (Domain("all", 1.0),), revenue=1e6, pieces=pieces, minimum_score=60.0,
        withhold_rate=0.03,
    )  # fmt: skip
    rates = [[0.6, 0.6], [0.8, 0.4], [0.8, 0.4], [0.8, 0.5], [0.48, 0.6]]
    eligible = [[99.0, 99.0], [99.0, 99.0], [99.0, 19.0], [99.0, 20.0], [99.0, 99.0]]
    found = settled(terms, rates, eligible)
    assert values(found, "gates_met") == [0, 0, 1, 1, 0]
    open_net = 0.0 + 10_000.0 + 5_000.0  # the withhold comes back in full, tier and bonus are paid
    expected = [-30_000.0, -30_000.0, open_net, open_net, -30_000.0 - 10_000.0]
    np.testing.assert_allclose(found.net, expected)


def test_base_is_a_share_of_the_basket() -> None:
    found = settled(Terms(basket_share=0.4, pieces=SLIDING), quality=[1.0], cost=2e6)
    assert found.net[0] == pytest.approx(0.09 * 0.8e6)


def test_stated_domains() -> None:
    """MIPS APP weights 50, 20 and 30: 0.5 * 60 + 0.2 * 100 + 0.3 * 90 = 77."""
    domains = (Domain("quality", 0.5), Domain("activities", 0.2, 1.0), Domain("records", 0.3, 0.9))
    found = settled(Terms(domains=domains), quality=[0.6])
    assert values(found, "score") == [77.0]


def test_no_measure_can_be_scored() -> None:
    terms = Terms((Measure("a", "all", 0.4, 0.8),), (Domain("all", 1.0),), revenue=1e6,
                  withhold_rate=0.02)  # fmt: skip
    found = settled(terms, [[np.nan]], [[0.0]])
    assert found.net.tolist() == [0.0]
    assert values(found, "score") == [0.0]
