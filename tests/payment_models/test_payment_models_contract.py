"""What every payment model must keep, over the whole registry, with several terms each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vbsim
from vbsim.errors import ParameterError
from vbsim.kernels import members as kernel
from vbsim.payment_models import (
    MODELS,
    capitation,
    clauses,
    corridor,
    fee_for_service,
    shared_savings,
)
from vbsim.payment_models.base import ContractYear, FloatArray, Statement
from vbsim.vocabulary import DOWNSTREAM, PARTIES, PAYER, PROVIDER, REINSURER

TWO_SIDED = shared_savings.Terms(
    two_sided=True,
    minimum_savings_rate=0.02,
    minimum_loss_rate=0.02,
    sharing_rate=0.75,
    quality_scales_sharing=False,
    sharing_rate_standard_missed=0.0,
    alternative_standard=False,
    payment_limit=0.20,
    loss_rate_minimum=0.40,
    loss_rate_maximum=0.75,
    loss_rate_quality_slope=0.75,
    loss_limit_benchmark=0.15,
    loss_limit_amount=np.inf,
    sequestration=0.02,
)
GLOBAL = ((0.0, 1.0), (0.25, 0.5), (0.35, 0.25), (0.5, 0.1))
HALF = ((0.0, 0.5),)
TERMS: dict[str, list[Any]] = {
    "capitation": [capitation.Terms(pmpm) for pmpm in (0.0, 950.0, 20_000.0)],
    "corridor": [corridor.Terms(bands, 0.03, 0.02, 0.02) for bands in (GLOBAL, HALF)],
    "fee_for_service": [fee_for_service.Terms()],
    "shared_savings": [
        TWO_SIDED,
        replace(TWO_SIDED, two_sided=False, sequestration=0.0),
        replace(TWO_SIDED, quality_scales_sharing=True, loss_limit_amount=1e6),
        replace(TWO_SIDED, minimum_savings_rate=0.0, minimum_loss_rate=0.0, payment_limit=1.0),
        replace(TWO_SIDED, sharing_rate=0.0, loss_rate_minimum=0.0, loss_rate_maximum=0.0),
        replace(TWO_SIDED, payment_limit=0.0, loss_limit_benchmark=0.0),
        replace(TWO_SIDED, reduced_sharing=0.5),
    ],
}
CASES = [(name, terms) for name, many in TERMS.items() for terms in many]
every_case = pytest.mark.parametrize(("name", "terms"), CASES, ids=[name for name, _ in CASES])
# Money of one realization [USD]; whole cents, as claims are.
money = st.integers(1, 10**12).map(lambda cents: cents / 100.0)
share = st.floats(0.0, 1.0)


@st.composite
def years(draw: st.DrawFn) -> ContractYear:
    """One contract year of up to eight realizations, losses and savings near and far."""
    columns = []
    for _ in range(draw(st.integers(1, 8))):
        benchmark, counted = draw(money), draw(st.floats(0.5, 1.5))
        spent = benchmark * counted
        columns.append(
            (
                spent * draw(st.floats(1.0, 1.5)),  # truncation leaves out part of the cost
                spent,
                benchmark,
                draw(st.floats(0.01, 1e6)),
                draw(share),
                *(draw(st.sampled_from([0.0, 1.0])) for _ in range(3)),
                draw(st.sampled_from([0.0, 0.01, 0.5])) * benchmark,  # losses forgiven
            )
        )
    return ContractYear(*np.array(columns).T.copy())


def one(year: ContractYear, row: int) -> ContractYear:
    return ContractYear(*(getattr(year, f.name)[row : row + 1] for f in fields(year)))


def settled(name: str, year: ContractYear, terms: Any) -> Statement:
    _, statement = MODELS[name].settle(None, year, terms)
    assert isinstance(statement, Statement)
    return statement


def cent(year: ContractYear, statement: Statement) -> float:
    """Rounding that the largest amount of money in sight allows: 12 digits of it [USD]."""
    flows = [t.amount.max() for t in statement.transfers]
    return 1e-12 * float(max(1.0, year.benchmark.max(), year.cost.max(), *flows))


def arrays(statement: Statement) -> Iterator[FloatArray]:
    yield from (line.value for line in statement.lines.values() if line.value.ndim)
    yield from (t.amount for t in statement.transfers)


def test_every_model_has_terms_here() -> None:
    """A new model is tested as soon as its sample terms are written above."""
    assert set(TERMS) == set(MODELS)


@every_case
def test_terms_are_frozen_and_compare_by_value(name: str, terms: Any) -> None:
    assert is_dataclass(terms)
    assert type(terms) is MODELS[name].Terms
    assert replace(terms) == terms
    assert hash(replace(terms)) == hash(terms)
    for item in fields(terms):
        with pytest.raises(FrozenInstanceError):
            setattr(terms, item.name, 0.0)


@settings(max_examples=60, deadline=None)
@given(years())
@pytest.mark.parametrize(("name", "terms"), CASES, ids=[name for name, _ in CASES])
def test_money_is_conserved(name: str, terms: Any, year: ContractYear) -> None:
    """Steps add up to the net, the net is the provider's part of the flows, all flows sum to 0."""
    statement = settled(name, year, terms)
    tolerance = cent(year, statement)
    added = np.zeros_like(year.cost)
    for step in statement.steps.values():
        added = added + step
    np.testing.assert_allclose(statement.net, added, rtol=0.0, atol=tolerance)
    np.testing.assert_allclose(statement.net_to(PROVIDER), added, rtol=0.0, atol=tolerance)
    ledger = sum(statement.net_to(party) for party in PARTIES)
    np.testing.assert_allclose(ledger, 0.0, rtol=0.0, atol=tolerance)
    # Whoever treats the members is paid for every claim, whatever the contract.
    np.testing.assert_array_equal(statement.net_to(DOWNSTREAM), year.cost)
    for transfer in statement.transfers:
        assert {transfer.source, transfer.target} <= set(PARTIES)
        assert np.all(transfer.amount >= 0.0)
    assert not set(statement.facts) & set(statement.steps)
    for values in arrays(statement):
        assert values.shape == year.cost.shape
        assert np.all(np.isfinite(values))


@settings(max_examples=40, deadline=None)
@given(years())
@pytest.mark.parametrize(("name", "terms"), CASES, ids=[name for name, _ in CASES])
def test_settling_a_vector_is_settling_one_by_one(
    name: str, terms: Any, year: ContractYear
) -> None:
    together = settled(name, year, terms)
    for row in range(year.cost.size):
        alone = settled(name, one(year, row), terms)
        assert alone.net[0] == together.net[row]
        for single, many in zip(arrays(alone), arrays(together), strict=True):
            np.testing.assert_array_equal(single[0], many[row])


@settings(max_examples=20, deadline=None)
@given(years())
@pytest.mark.parametrize(("name", "terms"), CASES, ids=[name for name, _ in CASES])
def test_settlement_is_pure(name: str, terms: Any, year: ContractYear) -> None:
    """Inputs cannot be written to, and the second settlement is the first."""
    for item in fields(year):
        getattr(year, item.name).setflags(write=False)
    first, second = settled(name, year, terms), settled(name, year, terms)
    for a, b in zip(arrays(first), arrays(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_random_and_no_clock_is_imported() -> None:
    """Settlement reads no random number, clock, file or environment."""
    package = Path(vbsim.__file__).parent
    for path in [*(package / "payment_models").glob("*.py"), package / "settle.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{a.name}" for a in node.names]
            if isinstance(node, ast.Attribute):
                names = [node.attr]
            parts = {part for name in names for part in name.split(".")}
            assert not parts & {"random", "streams", "secrets", "time", "datetime", "os", "io"}, (
                f"{path.name}: {names}"
            )


BETTER: list[tuple[str, Any, dict[str, Any]]] = [
    ("capitation", capitation.Terms(900.0), {"pmpm": 901.0}),
    # A lower discount is not better in every realization: it widens the bands as well, and deep in
    # the losses a wider band costs more than the benchmark gains.
    ("corridor", TERMS["corridor"][0], {"sequestration": 0.0}),
    ("shared_savings", TWO_SIDED, {"sharing_rate": 0.80}),
    ("shared_savings", TWO_SIDED, {"reduced_sharing": 0.5}),
    ("shared_savings", TWO_SIDED, {"minimum_savings_rate": 0.015}),
    ("shared_savings", TWO_SIDED, {"minimum_savings_rate": 0.0}),
    ("shared_savings", TWO_SIDED, {"minimum_loss_rate": 0.03}),
    ("shared_savings", TWO_SIDED, {"payment_limit": 0.25}),
    ("shared_savings", TWO_SIDED, {"loss_rate_maximum": 0.60}),
    ("shared_savings", TWO_SIDED, {"loss_rate_minimum": 0.30}),
    ("shared_savings", TWO_SIDED, {"loss_rate_quality_slope": 0.80}),
    ("shared_savings", TWO_SIDED, {"loss_limit_benchmark": 0.10}),
    ("shared_savings", TWO_SIDED, {"loss_limit_amount": 1e5}),
    ("shared_savings", TWO_SIDED, {"sequestration": 0.0}),
    ("shared_savings", TWO_SIDED, {"sharing_rate_standard_missed": 0.375}),
    ("shared_savings", TWO_SIDED, {"two_sided": False}),
]


@settings(max_examples=40, deadline=None)
@given(years())
@pytest.mark.parametrize(
    ("name", "terms", "change"), BETTER, ids=[f"{n}-{'-'.join(c)}" for n, _, c in BETTER]
)
def test_better_terms_never_pay_less(
    name: str, terms: Any, change: dict[str, Any], year: ContractYear
) -> None:
    """In no realization, because both settle the same one."""
    worse = settled(name, year, terms)
    better = settled(name, year, replace(terms, **change))
    assert np.all(better.net >= worse.net - cent(year, worse))


@settings(max_examples=40, deadline=None)
@given(years(), share)
def test_better_quality_never_pays_less(year: ContractYear, part: float) -> None:
    terms = replace(TWO_SIDED, quality_scales_sharing=True)
    lower = replace(year, quality_score=year.quality_score * part)
    worse, better = (settled("shared_savings", y, terms) for y in (lower, year))
    assert np.all(better.net >= worse.net - cent(year, worse))


@settings(max_examples=60, deadline=None)
@given(years())
@pytest.mark.parametrize("terms", TERMS["shared_savings"], ids=range(len(TERMS["shared_savings"])))
def test_no_payment_above_its_cap(terms: shared_savings.Terms, year: ContractYear) -> None:
    facts = settled("shared_savings", year, terms).facts
    assert np.all(facts["shared_savings"] <= terms.payment_limit * year.benchmark)
    assert np.all(facts["shared_losses"] <= terms.loss_limit_benchmark * year.benchmark)
    assert np.all(facts["shared_losses"] <= terms.loss_limit_amount)
    assert not np.any((facts["shared_savings"] > 0.0) & (facts["shared_losses"] > 0.0))


@settings(max_examples=40, deadline=None)
@given(years())
def test_a_one_sided_contract_never_owes(year: ContractYear) -> None:
    found = settled("shared_savings", year, replace(TWO_SIDED, two_sided=False))
    np.testing.assert_array_equal(found.facts["shared_losses"], 0.0)
    assert np.all(found.net >= -cent(year, found))


def test_a_statement_can_be_followed_line_by_line() -> None:
    """Benchmark 100 M, expenditure 60 M, ENHANCED-like terms, worked by hand.

    Gross savings 40 M, all counted; the payer keeps 25 % = 10 M; sequestration 2 % of 30 M = 0.6 M;
    29.4 M is above 20 % of benchmark, so the limit takes 9.4 M: 20 M are paid.
    Expenditure 101 M: a loss of 1 %, below the minimum loss rate of 2 %: not counted.
    Expenditure 130 M, quality 0.5: a loss of 30 M at 1 - 0.75 * 0.5 = 62.5 %, so the payer bears
    11.25 M and 18.75 M are owed; the limit of 15 % forgives 3.75 M.
    """
    million = 1e6
    spent = np.array([60.0, 101.0, 130.0]) * million
    ones = np.ones(3)
    year = ContractYear(spent, spent, 100.0 * million * ones, 9_000.0 * ones, 0.5 * ones, ones)
    statement = settled("shared_savings", year, TWO_SIDED)
    expected = {
        "gross_savings": [40.0, -1.0, -30.0],
        "not_counted": [0.0, 1.0, 0.0],
        "payer_part": [-10.0, 0.0, 11.25],
        "sequestration": [-0.6, 0.0, 0.0],
        "limits": [-9.4, 0.0, 3.75],
    }
    assert list(statement.steps) == list(expected)
    for line, amounts in expected.items():
        found = statement.steps[line] / million
        np.testing.assert_allclose(found, amounts, atol=1e-9, err_msg=line)
    np.testing.assert_allclose(statement.net / million, [20.0, 0.0, -15.0], atol=1e-9)
    np.testing.assert_allclose(statement.facts["savings_rate"], [0.40, -0.01, -0.30])
    np.testing.assert_allclose(statement.net_to(PAYER) / million, [-80.0, -101.0, -115.0])


def test_capitation_by_hand() -> None:
    # 10 person-years at 900 PMPM are 120 months: 108,000. Claims 100,000 and 120,000.
    cost, missing = np.array([100_000.0, 120_000.0]), np.full(2, np.nan)
    year = ContractYear(cost, cost, missing, np.full(2, 10.0), missing, missing)
    statement = settled("capitation", year, capitation.Terms(900.0))
    np.testing.assert_allclose(statement.net, [8_000.0, -12_000.0])
    np.testing.assert_allclose(statement.net_to(PAYER), -108_000.0)
    np.testing.assert_allclose(statement.facts["member_months"], 120.0)


def test_fee_for_service_leaves_the_provider_where_it_was() -> None:
    cost, missing = np.array([100_000.0, 0.0]), np.full(2, np.nan)
    year = ContractYear(cost, cost, missing, np.ones(2), missing, missing)
    statement = settled("fee_for_service", year, fee_for_service.Terms())
    np.testing.assert_array_equal(statement.net, 0.0)
    np.testing.assert_array_equal(statement.net_to(PAYER), -cost)


@pytest.mark.parametrize("terms", TERMS["shared_savings"], ids=range(len(TERMS["shared_savings"])))
def test_zero_benchmark(terms: shared_savings.Terms) -> None:
    """Nothing is shared, no rate is invented, and nothing warns (warnings are errors here)."""
    spent, zero, ones = np.array([0.0, 5.0]), np.zeros(2), np.ones(2)
    statement = settled("shared_savings", ContractYear(spent, spent, zero, ones, ones, ones), terms)
    np.testing.assert_allclose(statement.net, 0.0, atol=1e-12)
    assert np.all(np.isnan(statement.facts["savings_rate"]))


def layer_cost(costs: list[float], lower: float, upper: float) -> float:
    """Part of each member's annual cost inside a layer, added up by the engine's own sentence."""
    fields_of_no_use = dict.fromkeys(kernel.Batch._fields, np.empty(0))
    batch = kernel.Batch(
        **fields_of_no_use | {"cost": np.array([costs]), "exposure": np.ones(len(costs))}
    )
    bounds = np.ones((1, 1, 1))
    layers = kernel.Layers(np.array([[True]]), lower * bounds, upper * bounds, np.array([False]))
    out = np.zeros(1)
    kernel.add_layers.py_func(batch, len(costs), layers, 0, 0, out)
    return float(out[0])


D4 = [150_000.0, 40_000.0, 900_000.0]


def with_stop_loss(
    attachment: float, premium_pmpm: float = 0.0, limit: float = np.inf, coinsurance: float = 0.9
) -> Statement:
    """Capitation of three members with the costs of D4, and a specific stop-loss on them."""
    cost, missing = np.array([sum(D4)]), np.full(1, np.nan)
    year = ContractYear(cost, cost, missing, np.full(1, 3.0), missing, missing)
    plain = settled("capitation", year, capitation.Terms(10_000.0))
    layer = np.array([layer_cost(D4, attachment, attachment + limit)])
    terms = clauses.StopLossTerms(attachment, limit, coinsurance, premium_pmpm)
    return clauses.with_stop_loss(plain, layer, year.person_years, terms)


def test_specific_stop_loss() -> None:
    """X = 150k, 40k, 900k; attachment 100k, 90 %: 0.9 * (50k + 800k) = 765,000."""
    statement = with_stop_loss(100_000.0, premium_pmpm=25.0)
    assert statement.steps["stop_loss_recovery"][0] == pytest.approx(765_000.0)
    # 25 PMPM for three members and twelve months.
    assert statement.steps["stop_loss_premium"][0] == pytest.approx(-900.0)
    # Capitation 10,000 * 36 = 360,000 less claims 1,090,000: the net without stop-loss.
    assert statement.net[0] == pytest.approx(-730_000.0 + 765_000.0 - 900.0)
    assert statement.net_to(REINSURER)[0] == pytest.approx(900.0 - 765_000.0)
    assert statement.net_to(PROVIDER)[0] == pytest.approx(statement.net[0])
    assert sum(statement.net_to(party)[0] for party in PARTIES) == pytest.approx(0.0, abs=1e-6)
    # A layer of 200k ends at 300k: 0.9 * (50k + 200k) = 225,000.
    limited = with_stop_loss(100_000.0, limit=200_000.0)
    assert limited.steps["stop_loss_recovery"][0] == pytest.approx(225_000.0)


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_a_lower_attachment_at_the_same_premium_never_pays_less(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert with_stop_loss(low, 25.0).net[0] >= with_stop_loss(high, 25.0).net[0] - 1e-6


NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (TWO_SIDED, {"sharing_rate": 75.0}, r"sharing_rate is 75; expected .* 0 and 1 \(write 2 % as"),
    (TWO_SIDED, {"minimum_savings_rate": 2.0}, r"minimum_savings_rate is 2; .*write 2 % as 0.02"),
    (TWO_SIDED, {"payment_limit": -0.1}, r"payment_limit is -0.1; expected between 0 and 1"),
    (TWO_SIDED, {"sequestration": np.nan}, r"sequestration is nan; expected between 0 and 1"),
    (TWO_SIDED, {"loss_limit_amount": -1.0}, r"loss_limit_amount is -1 USD; expected 0 or more"),
    (TWO_SIDED, {"loss_limit_amount": np.nan}, r"loss_limit_amount is nan USD"),
    (TWO_SIDED, {"loss_rate_minimum": 0.8}, r"loss_rate_minimum is 0.8; expected at most .*0.75"),
    (capitation.Terms(1.0), {"pmpm": -1.0}, r"pmpm is -1; expected 0 or more"),
    (capitation.Terms(1.0), {"pmpm": np.nan}, r"pmpm is nan; expected 0 or more"),
]
STOP_LOSS = clauses.StopLossTerms(1e5, np.inf, 0.9, 10.0)
NONSENSE += [
    (STOP_LOSS, {"attachment": -1.0}, r"stop-loss attachment is -1 USD; expected 0 or more"),
    (STOP_LOSS, {"attachment": np.nan}, r"stop-loss attachment is nan USD"),
    (STOP_LOSS, {"limit": -5.0}, r"stop-loss limit is -5 USD"),
    (STOP_LOSS, {"premium_pmpm": np.nan}, r"stop-loss premium_pmpm is nan USD"),
    (STOP_LOSS, {"coinsurance": 90.0}, r"stop-loss coinsurance is 90; expected 0 to 1"),
]


@pytest.mark.parametrize(
    ("terms", "change", "message"), NONSENSE, ids=[f"{c}" for _, c, _ in NONSENSE]
)
def test_terms_refuse_nonsense(terms: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(terms, **change)


def test_a_size_outside_every_band_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"no band holds 0; bands reach from 1 up"):
        clauses.banded([[1, 499, 0.1, 0.1]], 0)
