"""Stop-loss on known claims: specific with lasers and an aggregating deductible, and aggregate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbsim.errors import ParameterError
from vbsim.kernels import inputs
from vbsim.kernels import members as kernel
from vbsim.payment_models import capitation, managed_care
from vbsim.payment_models.base import ContractYear, Statement
from vbsim.payment_models.stop_loss import Aggregate, Cover, Specific, with_stop_loss
from vbsim.vocabulary import PARTIES, PAYER, PROVIDER, REINSURER


def layer_cost(costs: list[float], lower: float, upper: float) -> float:
    """Part of each member's annual cost inside a layer, added up by the engine's own sentence."""
    batch = np.zeros(1, kernel.BATCH)[0]
    batch["exposure"][:] = 1.0
    baskets = np.zeros((1, kernel.SIZE))
    baskets[0, : len(costs)] = costs
    bounds, first = np.ones((1, 1, 1)), np.zeros(1, dtype=np.int64)
    whole = np.array([[True]])
    layers = inputs.Layers(whole, first, lower * bounds, upper * bounds, np.array([False]))
    out = inputs.Totals(bounds, bounds, np.zeros((1, 1, 1)), bounds, bounds)
    kernel.add_layers(batch, kernel.whole(len(costs)), (0, 0), layers, baskets, out)
    return float(out.layer_cost[0, 0, 0])


D4 = [150_000.0, 40_000.0, 900_000.0]
SPECIFIC = Specific(100_000.0, np.inf, 0.9, 0.0)
AGGREGATE = Aggregate(10_000.0, 1.25, np.inf, 0.9, 0.0)


def a_year(cost: float) -> ContractYear:
    """Three full-year members."""
    costs, missing = np.array([cost]), np.full(1, np.nan)
    return ContractYear(costs, costs, missing, np.full(1, 3.0), missing, missing)


def protected(cover: Cover, layer: float = 0.0, cost: float = sum(D4)) -> Statement:
    """Capitation of three members at 10,000 PMPM, 360,000 in all, with a cover."""
    year = a_year(cost)
    plain = capitation.settle(None, year, capitation.Terms(10_000.0))[1]
    return with_stop_loss(plain, cover, np.array([layer]), year.cost, year.person_years)


def specific(attachment: float, premium_pmpm: float = 0.0, limit: float = np.inf) -> Statement:
    terms = replace(SPECIFIC, attachment=attachment, limit=limit, premium_pmpm=premium_pmpm)
    return protected(Cover(terms), layer_cost(D4, attachment, attachment + limit))


def test_specific_stop_loss() -> None:
    """DERIVED (D4): X = 150k, 40k, 900k; attachment 100k, 90 %: 0.9 * (50k + 800k) = 765,000.

    It does not prove that 90 % is what the market or a rule asks for.
    """
    statement = specific(100_000.0, premium_pmpm=25.0)
    assert statement.steps["stop_loss_recovery"][0] == pytest.approx(765_000.0)
    # 25 PMPM for three members and twelve months.
    assert statement.steps["stop_loss_premium"][0] == pytest.approx(-900.0)
    # Capitation 10,000 * 36 = 360,000 less claims 1,090,000: the net without stop-loss.
    assert statement.net[0] == pytest.approx(-730_000.0 + 765_000.0 - 900.0)
    assert statement.net_to(REINSURER)[0] == pytest.approx(900.0 - 765_000.0)
    assert statement.net_to(PROVIDER)[0] == pytest.approx(statement.net[0])
    assert sum(statement.net_to(party)[0] for party in PARTIES) == pytest.approx(0.0, abs=1e-6)
    # A layer of 200k ends at 300k: 0.9 * (50k + 200k) = 225,000.
    limited = specific(100_000.0, limit=200_000.0)
    assert limited.steps["stop_loss_recovery"][0] == pytest.approx(225_000.0)


def test_the_aggregating_deductible_is_borne_first() -> None:
    """INDUSTRY (stoplossins.com): specific deductible 150,000, aggregating deductible 100,000.

    Claims above 150,000 are the buyer's until 100,000 are paid, then the carrier's: of 900,000 the
    layer is 750,000, of which 650,000 are reimbursed. At 90 % the deductible comes first (ours: the
    page knows no coinsurance): 0.9 * 650,000 = 585,000. A layer of 80,000 reaches nothing.
    """
    terms = Specific(150_000.0, np.inf, 1.0, 0.0, aggregating_deductible=100_000.0)
    layer = layer_cost(D4, 150_000.0, np.inf)
    assert layer == 750_000.0
    for coinsurance, part, expected in ((1.0, layer, 650e3), (0.9, layer, 585e3), (1.0, 80e3, 0.0)):
        found = protected(Cover(replace(terms, coinsurance=coinsurance)), part)
        assert found.steps["stop_loss_recovery"][0] == pytest.approx(expected)


def test_aggregate_stop_loss_counts_claims_less_specific_recoveries() -> None:
    """DERIVED (D4, formula): c * max(0, X_net - k * expected).

    Claims 1,090,000 less 765,000 recovered are 325,000. Expected 10,000 * 36 = 360,000, attachment
    at 1.25 is 450,000: nothing. At 0.5 it is 180,000, and 0.9 * 145,000 = 130,500 are paid.
    Without the specific cover 0.9 * (1,090,000 - 450,000) = 576,000; of a layer of 500,000 it is
    450,000.
    It does not prove that expected claims are those less recoveries: the market says both.
    """
    layer = layer_cost(D4, 100_000.0, np.inf)
    low = replace(AGGREGATE, corridor=0.5)
    cases = [
        (Cover(SPECIFIC, AGGREGATE), 0.0),
        (Cover(SPECIFIC, low), 130_500.0),
        (Cover(None, AGGREGATE), 576_000.0),
        (Cover(None, replace(AGGREGATE, limit=500_000.0)), 450_000.0),
    ]
    for cover, expected in cases:
        found = protected(cover, layer)
        assert found.steps["aggregate_stop_loss_recovery"][0] == pytest.approx(expected)
        assert ("stop_loss_recovery" in found.steps) == (cover.specific is not None)
        assert sum(found.net_to(party)[0] for party in PARTIES) == pytest.approx(0.0, abs=1e-6)
    paid = protected(Cover(None, replace(AGGREGATE, premium_pmpm=5.0)))
    assert paid.steps["aggregate_stop_loss_premium"][0] == pytest.approx(-180.0)  # 5 * 36
    assert paid.net_to(REINSURER)[0] == pytest.approx(180.0 - 576_000.0)


def test_whoever_holds_the_contract_buys_the_cover() -> None:
    """A plan reinsures itself: premium and recovery are the payer's, and no provider's."""
    year = a_year(sum(D4))
    plan = managed_care.settle(None, year, managed_care.Terms(40_000.0))[1]
    cover = Cover(replace(SPECIFIC, premium_pmpm=25.0))
    found = with_stop_loss(plan, cover, np.array([850_000.0]), year.cost, year.person_years)
    # Premium 40,000 * 36 = 1,440,000 less claims 1,090,000, then 765,000 recovered for 900.
    assert found.party == PAYER
    assert found.net[0] == pytest.approx(350_000.0 + 765_000.0 - 900.0)
    assert found.net_to(PAYER)[0] == pytest.approx(found.net[0])
    assert found.net_to(PROVIDER)[0] == 0.0


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_a_lower_attachment_at_the_same_premium_never_pays_less(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert specific(low, 25.0).net[0] >= specific(high, 25.0).net[0] - 1e-6


FIRST = Specific(100_000.0, np.inf, 0.8, 25.0, aggregating_deductible=50_000.0)
SECOND = Aggregate(10_000.0, 1.25, 500_000.0, 0.8, 25.0)
BETTER = [
    Cover(replace(FIRST, coinsurance=1.0), SECOND),
    Cover(replace(FIRST, premium_pmpm=20.0), SECOND),
    Cover(replace(FIRST, aggregating_deductible=0.0), SECOND),
    Cover(FIRST, replace(SECOND, corridor=1.1)),
    Cover(FIRST, replace(SECOND, limit=600_000.0)),
    Cover(FIRST, replace(SECOND, coinsurance=0.9)),
]


@settings(max_examples=300, deadline=None)
@given(st.floats(0.0, 1e6), st.floats(0.0, 1e7))
def test_better_cover_never_pays_less(layer: float, rest: float) -> None:
    """In no year: what a better specific cover pays more, the aggregate one pays less at most."""
    worse = protected(Cover(FIRST, SECOND), layer, layer + rest).net[0]
    for better in BETTER:
        assert protected(better, layer, layer + rest).net[0] >= worse - 1e-6, better


NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (SPECIFIC, {"attachment": -1.0}, r"stop-loss attachment is -1 USD; expected 0 or more"),
    (SPECIFIC, {"attachment": np.nan}, r"stop-loss attachment is nan USD"),
    (SPECIFIC, {"limit": -5.0}, r"stop-loss limit is -5 USD"),
    (SPECIFIC, {"premium_pmpm": np.nan}, r"stop-loss premium_pmpm is nan USD"),
    (SPECIFIC, {"coinsurance": 90.0}, r"stop-loss coinsurance is 90; expected between 0 and 1"),
    (SPECIFIC, {"aggregating_deductible": -1.0}, r"aggregating_deductible is -1 USD; expected"),
    (SPECIFIC, {"lasers": (("one", 5.0),)}, r"the laser of one is 5 USD; .* of 100000 or more"),
    (AGGREGATE, {"corridor": np.inf}, r"stop-loss corridor is inf; expected 0 or more"),
    (AGGREGATE, {"expected_pmpm": -1.0}, r"stop-loss expected_pmpm is -1 USD; expected 0 or more"),
    (AGGREGATE, {"coinsurance": -0.1}, r"stop-loss coinsurance is -0.1; expected between 0 and 1"),
]


@pytest.mark.parametrize(("terms", "change", "message"), NONSENSE, ids=str)
def test_stop_loss_refuses_nonsense(terms: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(terms, **change)
