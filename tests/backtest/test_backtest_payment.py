"""Joint draws of payments: every draw is settled by the rules of the year."""

from __future__ import annotations

import numpy as np
import pytest
import synthetic as made

from vbsim.backtest.forecast import Predictive
from vbsim.backtest.payment import books_of, simulate
from vbsim.backtest.program_year import GROWTH, SAVINGS, Belief, change

HISTORY = [
    made.row("A1", 2021, 0.03, benchmark=1.00e8),
    made.row("A2", 2021, 0.03, benchmark=0.50e8, person_years=5_000.0, heads=5_200.0),
    made.row("A1", 2022, 0.03, benchmark=1.04e8),
    made.row(
        "A2", 2022, -0.05, benchmark=0.52e8, person_years=5_000.0, heads=5_200.0, payment=-1e5
    ),
]
SURE = Predictive(np.array([0.05, -0.05]), np.full(2, 1e-9), np.full(2, 50.0), np.zeros(1))


def test_draws_settle_by_the_rules() -> None:
    target = [made.known("A1", 2023), made.known("A2", 2023)]
    draws = simulate(HISTORY, target, SURE, 400, np.random.default_rng(1))
    saved = draws.rate * draws.benchmark
    # BASIC E shares 50 % of savings, less 2 % sequestration, where the standard is met: in the
    # last file by 2 of 2, so the probability is 3 / 4.
    earned = draws.payment[:, 0]
    met = earned > 0.0
    np.testing.assert_allclose(earned[met], 0.49 * saved[met, 0], rtol=1e-9)
    assert met.mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 400))
    # It owes 30 % of its losses, up to 4 % of the benchmark. One year of losses was seen, and they
    # were owed: the probability that they are forgiven is 1 - 1 / 2.
    owed = draws.payment[:, 1]
    np.testing.assert_allclose(owed[owed < 0.0], 0.3 * saved[owed < 0.0, 1], rtol=1e-9)
    assert (owed < 0.0).mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 400))


def test_benchmarks_grow_from_the_last_file() -> None:
    target = [made.known("A1", 2023), made.known("A2", 2023)]
    draws = simulate(HISTORY, target, SURE, 4_000, np.random.default_rng(1))
    # One growth of 4 % was seen, and 3 % is believed.
    growth = np.median(draws.benchmark, axis=0) / np.array([1.04e8, 0.52e8])
    assert growth == pytest.approx(1.035, abs=0.01)


def test_a_newcomer_takes_its_last_base_year() -> None:
    target = [made.known("A9", 2023, start=2023, election=None)]
    books = books_of(HISTORY, target)
    assert books.benchmark[0] == pytest.approx(9_000.0 * 10_000.0)
    assert books.years[0] == 1.0
    # Heads per person-year of the last file: (10,300 + 5,200) / 15,000; 9,300 heads lie on the
    # table's line from 3.1 % at 9,000 to 3.0 % at 9,999.
    assert books.heads[0] == pytest.approx(9_300.0)
    assert books.minimum_rate[0] == pytest.approx(0.031 - 0.001 * 300.0 / 999.0)


def test_change_without_a_change_seen_is_what_is_believed() -> None:
    found = change(np.empty(0), np.empty(0), 1.0, SAVINGS, 999)
    assert np.median(found) == pytest.approx(0.0, abs=1e-5)
    # A quarter lies outside the quartiles of t with 4 degrees of freedom, 0.741 scales, if the
    # scale is known; it is not, and the location is not, so the quartile lies further out.
    assert 0.741 * 0.005 < np.quantile(found, 0.75) < 1.5 * 0.005


def test_many_changes_outweigh_the_belief() -> None:
    random = np.random.default_rng(4)
    seen = 0.01 + 0.002 * random.standard_t(4.0, 200)
    found = change(seen, np.ones(200), 1.0, Belief(0.0, 0.02, 0.01), 999)
    law = 0.01 + 0.002 * np.quantile(np.random.default_rng(1).standard_t(4.0, 10**6), [0.1, 0.9])
    np.testing.assert_allclose(np.quantile(found, [0.1, 0.9]), law, atol=5e-4)
    assert np.all(np.diff(found) > 0.0)


def test_a_change_over_two_years_moves_further() -> None:
    seen = np.array([0.03, 0.04, 0.035, 0.03])
    one, two = (change(seen, np.ones(4), years, GROWTH, 101) for years in (1.0, 2.0))
    assert np.median(two) == pytest.approx(2.0 * np.median(one), rel=0.02)
    assert two.std() > one.std()
