"""What every payment model must keep, over the whole registry, with several terms each.

The terms stand in ``cases/<model>.py``. Every property below is tried for every case on 400 drawn
contract years: four draws of 100, which settle as one vector, as realizations do.
"""

from __future__ import annotations

import ast
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
from tests.payment_models.formulas import worked_out, worked_out_once
from vbsim.errors import ParameterError
from vbsim.payment_models import MODELS, capitation, clauses, fee_for_service, shared_savings
from vbsim.payment_models.base import ContractYear, FloatArray, Statement
from vbsim.vocabulary import PARTIES, PAYER

SAMPLES = {name: import_module(f"tests.payment_models.cases.{name}") for name in MODELS}
CASES = [(name, terms) for name, sample in SAMPLES.items() for terms in sample.TERMS]
BETTER = [(name, *pair) for name, sample in SAMPLES.items() for pair in sample.BETTER]
every_case = pytest.mark.parametrize(("name", "terms"), CASES, ids=[name for name, _ in CASES])
ROWS = 100
many = settings(max_examples=4, deadline=None)
SEGMENTS, MEASURES, EPISODE_TYPES = 2, 3, 2


def a_year(rows: int, seed: int) -> ContractYear:
    """A contract year of so many realizations: savings and losses near and far, odd and plain."""
    numbers = np.random.default_rng(seed)

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
        segment_risk_score=np.ones_like(exposure),
        basket_cost=cost * odd([0.0, 1.0]),
        basket_claims=numbers.integers(0, 10**6, rows).astype(np.float64),
        measures=table(MEASURES, 1.0),
        eligible=numbers.integers(0, 5000, (rows, MEASURES)).astype(np.float64),
        episodes=episodes,
        episode_cost=spent,
        episode_anchor_cost=anchor,
        episode_counted_cost=spent * numbers.uniform(0.7, 1.0, (rows, EPISODE_TYPES)),
    )


seeds = st.integers(0, 2**32 - 1)


def at(year: ContractYear, rows: slice | np.ndarray) -> ContractYear:
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
@given(seeds)
def test_money_is_conserved(seed: int) -> None:
    """Steps add up to the net, the net is its party's part of the flows, all flows sum to 0."""
    year = a_year(ROWS, seed)
    for name, terms in CASES:
        statement = settled(name, year, terms)
        tolerance = cent(year, statement)
        added = sum(statement.steps.values())
        assert np.all(np.abs(statement.net - added) <= tolerance), name
        assert np.all(np.abs(statement.net_to(statement.party) - added) <= tolerance), name
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
@given(seeds)
def test_every_line_follows_from_earlier_ones(seed: int) -> None:
    """The formula of a line, worked with nothing but the lines above it, gives the line."""
    year = a_year(ROWS, seed)
    for name, terms in CASES:
        statement = settled(name, year, terms)
        tolerance = cent(year, statement)
        above: dict[str, FloatArray] = {}
        for key, line in statement.lines.items():
            value = np.broadcast_to(line.value, year.cost.shape)
            assert bool(line.formula) != bool(line.meaning), (name, key)
            if line.formula:
                found, known = worked_out(line.formula, above), np.isfinite(value)
                # An exact gate may be missed by the last bit: a rounded ratio decides it.
                gap = np.abs(found - value, where=known, out=np.zeros(ROWS))
                allowed = np.maximum(tolerance, 1e-9 * np.abs(value))
                assert np.all(gap <= allowed), (name, key, line.formula)
                first = {key: float(values[0]) for key, values in above.items()}
                if known[0]:
                    once = worked_out_once(line.formula, first)
                    assert once == np.broadcast_to(found, value.shape)[0], line.formula
            above[key] = value


@many
@given(seeds)
def test_settling_a_vector_is_settling_one_by_one(seed: int) -> None:
    """Three rows of four, alone: 300 for every case."""
    year = a_year(ROWS, seed)
    alone = [at(year, slice(row, row + 1)) for row in range(ROWS) if row % 4]
    for name, terms in CASES:
        together = np.stack([*arrays(settled(name, year, terms))])
        one_by_one = [np.stack([*arrays(settled(name, single, terms))]) for single in alone]
        kept = together[:, np.arange(ROWS) % 4 > 0]
        np.testing.assert_array_equal(np.hstack(one_by_one), kept, err_msg=name)


@many
@given(seeds)
def test_equal_years_settle_alike(seed: int) -> None:
    """Zero variance in, a deterministic result out."""
    year = a_year(ROWS, seed)
    same = at(year, np.repeat(np.arange(ROWS), 3))
    for name, terms in CASES:
        for values in arrays(settled(name, same, terms)):
            first, *others = values.reshape(ROWS, 3).T
            for other in others:
                np.testing.assert_array_equal(other, first, err_msg=name)


@many
@given(seeds)
def test_settlement_is_pure(seed: int) -> None:
    """Inputs cannot be written to, and the second settlement is the first."""
    year = a_year(ROWS, seed)
    for item in fields(year):
        getattr(year, item.name).setflags(write=False)
    for name, terms in CASES:
        first, second = settled(name, year, terms), settled(name, year, terms)
        for a, b in zip(arrays(first), arrays(second), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


@many
@given(seeds)
def test_better_terms_never_pay_less(seed: int) -> None:
    """In no realization, because both settle the same one."""
    year = a_year(ROWS, seed)
    for name, terms, change in BETTER:
        worse = settled(name, year, terms)
        better = settled(name, year, replace(terms, **change))
        gained = better.net - worse.net
        assert np.all(gained >= -cent(year, worse) - cent(year, better)), (name, change)


@many
@given(seeds)
def test_no_payment_above_its_cap(seed: int) -> None:
    year = a_year(ROWS, seed)
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
@given(seeds, st.floats(0.0, 1.0))
def test_better_quality_never_pays_less(seed: int, part: float) -> None:
    year = a_year(ROWS, seed)
    terms = replace(TWO_SIDED, quality_scales_sharing=True)
    lower = replace(year, quality_score=year.quality_score * part)
    worse, better = (settled("shared_savings", y, terms) for y in (lower, year))
    assert np.all(better.net >= worse.net - cent(year, worse))


@many
@given(seeds)
def test_a_one_sided_contract_never_owes(seed: int) -> None:
    year = a_year(ROWS, seed)
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


def test_a_size_outside_every_band_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"no band holds 0; bands reach from 1 up"):
        clauses.banded([[1, 499, 0.1, 0.1]], 0)
