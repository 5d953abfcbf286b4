"""What every payment model must keep, over the whole registry, with several terms each.

The terms stand in ``cases/<model>.py``. Every property below is tried on 300 drawn contract years
or more, all cases on each.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vbsim
from tests.payment_models.cases.shared_savings import TWO_SIDED
from vbsim.errors import ParameterError
from vbsim.kernels import inputs
from vbsim.kernels import members as kernel
from vbsim.payment_models import MODELS, capitation, clauses, fee_for_service, shared_savings
from vbsim.payment_models.base import ContractYear, FloatArray, Statement
from vbsim.vocabulary import PARTIES, PAYER, PROVIDER, REINSURER

SAMPLES = {name: import_module(f"tests.payment_models.cases.{name}") for name in MODELS}
CASES = [(name, terms) for name, sample in SAMPLES.items() for terms in sample.TERMS]
BETTER = [(name, *pair) for name, sample in SAMPLES.items() for pair in sample.BETTER]
every_case = pytest.mark.parametrize(("name", "terms"), CASES, ids=[name for name, _ in CASES])
many = settings(max_examples=300, deadline=None)
SEGMENTS, MEASURES, EPISODE_TYPES = 2, 3, 2
ONE_A_REALIZATION = (
    "cost", "expenditure", "benchmark", "person_years", "quality_score", "quality_standard_met",
    "alternative_standard_met", "guardrail", "losses_forgiven", "basket_cost", "basket_claims",
)  # fmt: skip


def a_year(rows: int, numbers: np.random.Generator) -> ContractYear:
    """A contract year of so many realizations: savings and losses near and far, odd and plain."""

    def odd(values: list[float]) -> FloatArray:
        """Mostly anything in [0, 1], at times one of the values that rules turn on."""
        return np.where(
            numbers.random(rows) < 0.3, numbers.choice(values, rows), numbers.random(rows)
        )

    def table(columns: int, high: float) -> FloatArray:
        return np.round(high * numbers.random((rows, columns)), 3)

    benchmark = np.round(10.0 ** numbers.uniform(-1.0, 10.0, rows), 2)
    around = np.where(numbers.random(rows) < 0.5, numbers.normal(1.0, 0.05, rows), 1.0)
    expenditure = np.abs(around * np.where(around == 1.0, numbers.uniform(0.3, 1.7, rows), 1.0))
    expenditure *= benchmark
    cost = expenditure * numbers.uniform(1.0, 1.5, rows)  # truncation leaves out a part
    exposure = 10.0 ** numbers.uniform(-2.0, 6.0, (rows, SEGMENTS))
    episodes = numbers.integers(0, 1000, (rows, EPISODE_TYPES)).astype(np.float64)
    anchor = episodes * numbers.uniform(5e3, 3e4, (rows, EPISODE_TYPES))
    spent = anchor * numbers.uniform(1.0, 2.5, (rows, EPISODE_TYPES))
    return ContractYear(
        cost=cost,
        expenditure=expenditure,
        benchmark=benchmark,
        person_years=exposure.sum(axis=1),
        quality_score=odd([0.0, 0.5, 0.75, 1.0]),
        quality_standard_met=numbers.integers(0, 2, rows).astype(np.float64),
        alternative_standard_met=numbers.integers(0, 2, rows).astype(np.float64),
        guardrail=numbers.integers(0, 2, rows).astype(np.float64),
        losses_forgiven=benchmark * numbers.choice([0.0, 0.01, 0.5], rows),
        segment_person_years=exposure,
        basket_cost=cost * odd([0.0, 1.0]),
        basket_claims=numbers.integers(0, 10**6, rows).astype(np.float64),
        measures=table(MEASURES, 1.0),
        eligible=numbers.integers(0, 5000, (rows, MEASURES)).astype(np.float64),
        episodes=episodes,
        episode_cost=spent,
        episode_anchor_cost=anchor,
        episode_counted_cost=spent * numbers.uniform(0.7, 1.0, (rows, EPISODE_TYPES)),
    )


years = st.builds(
    lambda rows, seed: a_year(rows, np.random.default_rng(seed)),
    st.integers(1, 8),
    st.integers(0, 2**32 - 1),
)


def at(year: ContractYear, rows: slice | list[int]) -> ContractYear:
    return ContractYear(**{f.name: getattr(year, f.name)[rows] for f in fields(year)})


def settled(name: str, year: ContractYear, terms: Any) -> Statement:
    _, statement = MODELS[name].settle(None, year, terms)
    assert isinstance(statement, Statement)
    return statement


def cent(year: ContractYear, statement: Statement) -> FloatArray:
    """Rounding that the largest amount of money in sight allows: 12 digits of it [USD], (R,)."""
    amounts = [np.abs(np.broadcast_to(line.value, year.cost.shape)) for line in
               statement.lines.values() if line.unit == "USD"]  # fmt: skip
    largest = [np.where(np.isfinite(a), a, 0.0) for a in amounts]
    return 1e-9 + 1e-12 * np.max([year.benchmark, year.cost, *largest], axis=0)


def arrays(statement: Statement) -> Iterator[FloatArray]:
    yield from (line.value for line in statement.lines.values() if line.value.ndim)
    yield from (t.amount for t in statement.transfers)


@every_case
def test_terms_are_frozen_and_compare_by_value(name: str, terms: Any) -> None:
    assert is_dataclass(terms)
    assert type(terms) is MODELS[name].Terms
    assert replace(terms) == terms
    assert hash(replace(terms)) == hash(terms)
    for item in fields(terms):
        with pytest.raises(FrozenInstanceError):
            setattr(terms, item.name, 0.0)


@many
@given(years)
def test_money_is_conserved(year: ContractYear) -> None:
    """Steps add up to the net, the net is the provider's part of the flows, all flows sum to 0."""
    for name, terms in CASES:
        statement = settled(name, year, terms)
        tolerance = cent(year, statement)
        added = sum(statement.steps.values())
        assert np.all(np.abs(statement.net - added) <= tolerance), name
        assert np.all(np.abs(statement.net_to(PROVIDER) - added) <= tolerance), name
        ledger = sum(statement.net_to(party) for party in PARTIES)
        assert np.all(np.abs(ledger) <= tolerance), name
        for transfer in statement.transfers:
            assert {transfer.source, transfer.target} <= set(PARTIES)
            assert np.all(transfer.amount >= 0.0), (name, transfer.what)
            assert transfer.amount.shape == year.cost.shape, (name, transfer.what)
        for key, line in statement.lines.items():
            assert line.value.shape in ((), year.cost.shape), (name, key)
            if line.adds:
                assert np.all(np.isfinite(line.value)), (name, key)


@many
@given(years)
def test_every_line_follows_from_earlier_ones(year: ContractYear) -> None:
    """The formula of a line, worked with nothing but the lines above it, gives the line."""
    for name, terms in CASES:
        statement = settled(name, year, terms)
        tolerance = cent(year, statement)
        for row in range(year.cost.size):
            above: dict[str, Any] = {"min": builtins.min, "max": builtins.max}
            for key, line in statement.lines.items():
                value = float(np.broadcast_to(line.value, year.cost.shape)[row])
                assert bool(line.formula) != bool(line.meaning), (name, key)
                if line.formula and np.isfinite(value):
                    # An exact gate may be missed by the last bit: a rounded ratio decides it.
                    found = float(eval(compiled(line.formula), {"__builtins__": {}}, above))
                    assert abs(found - value) <= max(tolerance[row], 1e-9 * abs(value)), (
                        name, key, line.formula,
                    )  # fmt: skip
                above[key] = value


COMPILED: dict[str, Any] = {}


def compiled(formula: str) -> Any:
    if formula not in COMPILED:
        assert re.fullmatch(r"[a-z0-9_ .,()+*/<>=-]+", formula.replace("e-", "")), formula
        COMPILED[formula] = compile(formula, formula, "eval")
    return COMPILED[formula]


@many
@given(years)
def test_settling_a_vector_is_settling_one_by_one(year: ContractYear) -> None:
    for name, terms in CASES:
        together = settled(name, year, terms)
        row = year.cost.size // 2
        alone = settled(name, at(year, slice(row, row + 1)), terms)
        assert alone.net[0] == together.net[row], name
        for single, several in zip(arrays(alone), arrays(together), strict=True):
            np.testing.assert_array_equal(single[0], several[row], err_msg=name)


@many
@given(years)
def test_equal_years_settle_alike(year: ContractYear) -> None:
    """Zero variance in, a deterministic result out."""
    same = at(year, [0] * 5)
    for name, terms in CASES:
        for values in arrays(settled(name, same, terms)):
            np.testing.assert_array_equal(values, np.full_like(values, values[0]), err_msg=name)


@many
@given(years)
def test_settlement_is_pure(year: ContractYear) -> None:
    """Inputs cannot be written to, and the second settlement is the first."""
    for item in fields(year):
        getattr(year, item.name).setflags(write=False)
    for name, terms in CASES:
        first, second = settled(name, year, terms), settled(name, year, terms)
        for a, b in zip(arrays(first), arrays(second), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


@many
@given(years)
def test_better_terms_never_pay_less(year: ContractYear) -> None:
    """In no realization, because both settle the same one."""
    for name, terms, change in BETTER:
        worse = settled(name, year, terms)
        better = settled(name, year, replace(terms, **change))
        gained = better.net - worse.net
        assert np.all(gained >= -cent(year, worse) - cent(year, better)), (name, change)


@many
@given(years)
def test_no_payment_above_its_cap(year: ContractYear) -> None:
    for name, terms in CASES:
        sample, statement = SAMPLES[name], settled(name, year, terms)
        tolerance = cent(year, statement)
        if hasattr(sample, "most_paid"):
            assert np.all(statement.net <= sample.most_paid(terms, year) + tolerance), name
        if hasattr(sample, "most_owed"):
            assert np.all(-statement.net <= sample.most_owed(terms, year) + tolerance), name


@pytest.mark.parametrize(
    ("terms", "change", "message"),
    [case for sample in SAMPLES.values() for case in sample.NONSENSE],
    ids=str,
)
def test_terms_refuse_nonsense(terms: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(terms, **change)


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


@many
@given(years, st.floats(0.0, 1.0))
def test_better_quality_never_pays_less(year: ContractYear, part: float) -> None:
    terms = replace(TWO_SIDED, quality_scales_sharing=True)
    lower = replace(year, quality_score=year.quality_score * part)
    worse, better = (settled("shared_savings", y, terms) for y in (lower, year))
    assert np.all(better.net >= worse.net - cent(year, worse))


@many
@given(years)
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


@pytest.mark.parametrize(
    "terms", SAMPLES["shared_savings"].TERMS, ids=range(len(SAMPLES["shared_savings"].TERMS))
)
def test_zero_benchmark(terms: shared_savings.Terms) -> None:
    """Nothing is shared, no rate is invented, and nothing warns (warnings are errors here)."""
    spent, zero, ones = np.array([0.0, 5.0]), np.zeros(2), np.ones(2)
    year = ContractYear(spent, spent, zero, ones, ones, ones, measures=np.ones((2, MEASURES)))
    statement = settled("shared_savings", replace(year, person_years=zero), terms)
    np.testing.assert_allclose(statement.net, 0.0, atol=1e-12)
    assert np.all(np.isnan(statement.facts["savings_rate"]))


def layer_cost(costs: list[float], lower: float, upper: float) -> float:
    """Part of each member's annual cost inside a layer, added up by the engine's own sentence."""
    batch = np.zeros(1, kernel.BATCH)[0]
    batch["exposure"][:] = 1.0
    baskets = np.zeros((1, kernel.SIZE))
    baskets[0, : len(costs)] = costs
    bounds, first = np.ones((1, 1, 1)), np.zeros(1, dtype=np.int64)
    whole = np.array([[True]])
    layers = inputs.Layers(whole, first, lower * bounds, upper * bounds, np.array([False]))
    out = inputs.Totals(bounds, bounds, np.zeros((1, 1, 1)), bounds)
    kernel.add_layers(batch, kernel.whole(len(costs)), (0, 0), layers, baskets, out)
    return float(out.layer_cost[0, 0, 0])


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


STOP_LOSS = clauses.StopLossTerms(1e5, np.inf, 0.9, 10.0)
STOP_LOSS_NONSENSE: list[tuple[Any, dict[str, Any], str]] = [
    (STOP_LOSS, {"attachment": -1.0}, r"stop-loss attachment is -1 USD; expected 0 or more"),
    (STOP_LOSS, {"attachment": np.nan}, r"stop-loss attachment is nan USD"),
    (STOP_LOSS, {"limit": -5.0}, r"stop-loss limit is -5 USD"),
    (STOP_LOSS, {"premium_pmpm": np.nan}, r"stop-loss premium_pmpm is nan USD"),
    (STOP_LOSS, {"coinsurance": 90.0}, r"stop-loss coinsurance is 90; expected 0 to 1"),
]


@pytest.mark.parametrize(("terms", "change", "message"), STOP_LOSS_NONSENSE, ids=str)
def test_stop_loss_refuses_nonsense(terms: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        replace(terms, **change)


def test_a_size_outside_every_band_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"no band holds 0; bands reach from 1 up"):
        clauses.banded([[1, 499, 0.1, 0.1]], 0)
