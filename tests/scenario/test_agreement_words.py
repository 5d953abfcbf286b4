"""Agreement periods and program benchmarks in words: what they mean, and what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.scenario.base import CommandLine
from vbsim.contract import Contract
from vbsim.errors import ScenarioError
from vbsim.payment_models.program_benchmarks import Blended, Rebased
from vbsim.plan import Plan
from vbsim.scenario.load import load
from vbsim.scenario.resolve import resolve

WORDS = """\
vbsim: 1
name: Seven years
realizations: 20
start_year: 2022
years: 7
assumptions: medicare_ffs
projection: {growth: 0.04}
population:
  members: 6000
  person_years_per_member: 1.0
  per_capita_truncated: true
  segments:
    aged: {enrollment_type: aged_non_dual, person_years: 6000, risk_score: {2021: 1.0, 2028: 1.1}}
  region: {market_share: 0.2, relative_cost: 1.02, growth: 0.01}
benchmark:
  mode: program
contracts:
  basic:
    program: mssp
    track: basic_b
    minimum_savings_rate: 0.01
    low_revenue: true
    participant_revenue: 20000000
    carry_rules_forward: true
    agreement:
      start: 2022
      renews: true
      levels: {2023: basic_c, 2024: basic_e, 2027: enhanced}
      repayment_mechanism: {fee: 0.02}
      leaves: {year: 2028, months: 8}
"""


def plan_of(text: str, folder: Path) -> Plan:
    (folder / "words.yaml").write_text(text, encoding="utf-8")
    return resolve(load(folder / "words.yaml"))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_of(WORDS, tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def contract(plan: Plan) -> Contract:
    return plan.contracts[0]


def marks(contract: Contract) -> list[Rebased]:
    found = [mark for mark in contract.benchmarks if isinstance(mark, Rebased)]
    assert len(found) == len(contract.benchmarks) == 7
    return found


def test_the_second_period_is_rebased_on_years_of_the_first(plan: Plan, contract: Contract) -> None:
    """2022 to 2026 rest on 2019 to 2021, 2027 and 2028 on 2024 to 2026."""
    assert plan.world.years.tolist() == list(range(2019, 2029))
    first, later = marks(contract)[0], marks(contract)[5]
    assert plan.world.years[list(first.base_years)].tolist() == [2019, 2020, 2021]
    assert plan.world.years[list(later.base_years)].tolist() == [2024, 2025, 2026]
    np.testing.assert_allclose(first.weights, [0.1, 0.3, 0.6])
    np.testing.assert_allclose(later.weights, 1.0 / 3.0)


def test_each_period_has_the_rules_of_its_start_and_number(contract: Contract) -> None:
    first, later = marks(contract)[0], marks(contract)[5]
    # An agreement of 2022: two-way, -5 %, each type capped; one of 2027 as of 2024.
    assert (first.prospective_weight, first.guardrail, first.prior_savings_share) == (0, None, 0)
    assert (first.regional_weight_below, first.regional_weight_above) == (0.35, 0.15)
    assert (first.regional_floor, first.negative_adjustment) == (0.05, True)
    assert first.demographic_growth is None
    assert later.prospective_weight == pytest.approx(1.0 / 3.0)
    assert (later.regional_weight_below, later.regional_weight_above) == (0.5, 0.25)
    assert (later.regional_floor, later.negative_adjustment) == (0.015, False)
    assert (later.prior_savings_share, later.demographic_growth) == (0.5, 0.0)
    assert later.guardrail == 0.01


def test_levels_begin_in_their_years(contract: Contract) -> None:
    two_sided = [terms.two_sided for terms in contract.terms]  # type: ignore[attr-defined]
    rates = [terms.sharing_rate for terms in contract.terms]  # type: ignore[attr-defined]
    limits = [terms.loss_limit_benchmark for terms in contract.terms]  # type: ignore[attr-defined]
    assert two_sided == [False] + [True] * 6
    assert rates == [0.4, 0.5, 0.5, 0.5, 0.5, 0.75, 0.75]
    assert limits == [0.0, 0.01, 0.04, 0.04, 0.04, 0.15, 0.15]
    # The elected rate holds in two-sided years; in a one-sided year the table does.
    gates = [terms.minimum_savings_rate for terms in contract.terms]  # type: ignore[attr-defined]
    assert gates[0] == pytest.approx(0.036)
    assert gates[1:] == [0.01] * 6


def test_around_the_settlement(contract: Contract) -> None:
    around, last = contract.agreement, contract.agreement[-1]
    assert contract.settlement_lag == 1
    assert (around[0].mechanism_share, around[1].mechanism_share) == (0.0, 0.005)
    assert around[1].mechanism_amount == pytest.approx(0.01 * 20e6)
    assert (last.months, last.months_charged) == (8.0, 8.0)


def test_nation_and_region_beyond_the_known_years(plan: Plan, contract: Contract) -> None:
    later, known = marks(contract)[-1], 12424.0  # aged, not dual, 2024
    np.testing.assert_allclose(later.national[-1], known * 1.04**4)
    # The region costs 2 % more than the nation in 2021, and grows 1 % faster.
    np.testing.assert_allclose(later.regional[-1], known * 1.04**4 * 1.02 * 1.01**7)
    np.testing.assert_allclose(marks(contract)[0].regional[2], 10215.0 * 1.02)
    # ACPT not stated: what the nation is expected to do from 2026 on.
    np.testing.assert_allclose(later.prospective, 1.04**2)
    carried = [f for f in plan.figures if "carried forward" in f.date]
    assert carried
    assert all(f.status == "UNVERIFIED" and "carried forward" in f.note for f in carried)
    assert {f.file for f in carried} == {"rules/mssp.yaml", "assumptions/medicare_ffs.yaml"}


REACH = (
    WORDS[: WORDS.index("contracts:")].replace("years: 7", "years: 5")
    + """\
  regional_ceiling: 0.03
  regional_floor: 0.02
contracts:
  global: {program: aco_reach, track: global, settlement_lag: 1}
"""
)


def test_reach_has_its_own_base_years_and_blend(tmp_path: Path) -> None:
    plan = plan_of(REACH, tmp_path)
    found = plan.contracts[0].benchmarks
    assert all(isinstance(mark, Blended) for mark in found)
    assert plan.world.years[list(found[0].base_years)].tolist() == [2017, 2018, 2019]  # type: ignore[union-attr]
    weights = [mark.regional_weight for mark in found]  # type: ignore[union-attr]
    assert weights == [0.35, 0.40, 0.45, 0.45, 0.40]


ADVANCE = "advance_payments: {per_beneficiary_quarter: 28}"
WRONG = {
    "performance years outside the agreement": (
        "      renews: true\n",
        "",
        "contracts.basic.agreement",
        "a period of 2022 to 2026, and performance years to 2028",
        "performance years inside the agreement",
    ),
    "an agreement that has not begun": (
        "      start: 2022",
        "      start: 2023",
        "contracts.basic.agreement.start",
        "2023, after the performance year 2022",
        "a period that has begun with start_year",
    ),
    "a period too long": (
        "      renews: true",
        "      length: 7",
        "contracts.basic.agreement.length",
        "7",
        "at most 5",
    ),
    "level order broken": (
        "2024: basic_e",
        "2024: basic_a",
        "contracts.basic.agreement.levels.2024",
        "basic_a after basic_c",
        "a later level of the glide path: basic_a, basic_b, basic_c, basic_d, basic_e",
    ),
    "enhanced inside a period": (
        "2027: enhanced",
        "2026: enhanced",
        "contracts.basic.agreement.levels.2026",
        "enhanced after basic_e inside an agreement period",
        "a track outside the glide path from the start of a period alone",
    ),
    "a level outside the years": (
        "2027: enhanced",
        "2030: enhanced",
        "contracts.basic.agreement.levels.2030",
        "2030",
        "a year from 2023 to 2028: track is the first level",
    ),
    "a level that is none": (
        "2024: basic_e",
        "2024: basic_f",
        "contracts.basic.agreement.levels.2024",
        "'basic_f'",
        "a track: ",
    ),
    "leaving outside the years": (
        "year: 2028, months",
        "year: 2031, months",
        "contracts.basic.agreement.leaves.year",
        "2031",
        "a year from 2022 to 2028",
    ),
    "leaving at the end of a year": (
        "months: 8",
        "months: 12",
        "contracts.basic.agreement.leaves.months",
        "12",
        "at most 11",
    ),
    "a negative reserve": (
        "fee: 0.02",
        "fee: -0.02",
        "contracts.basic.agreement.repayment_mechanism.fee",
        "-0.02",
        "at least 0",
    ),
    "negative advance payments": (
        "repayment_mechanism: {fee: 0.02}",
        "advance_payments: {per_beneficiary_quarter: -28}",
        "contracts.basic.agreement.advance_payments.per_beneficiary_quarter",
        "-28",
        "at least 0",
    ),
    "advance payments before there were any": (
        "repayment_mechanism: {fee: 0.02}",
        ADVANCE,
        "contracts.basic.agreement.advance_payments",
        "advance payments",
        "a low-revenue ACO in its first agreement period, from 2024 on",
    ),
    "prior savings of a simulated year": (
        "renews: true",
        "renews: true\n      prior_savings: {2024: 300}",
        "contracts.basic.agreement.prior_savings.2024",
        "prior savings of 2024",
        "base years of a later period before 2022, when they are simulated",
    ),
    "rules of one year for all of an agreement": (
        "carry_rules_forward: true",
        "performance_year: 2024",
        "contracts.basic.agreement",
        "an agreement beside performance_year 2024",
        "the rules of each year of it",
    ),
    "years that no rules reach": (
        "    carry_rules_forward: true\n",
        "",
        "years",
        "7, which reaches 2028",
        "a last year of at most 2026: rules/mssp.yaml is verified so far",
    ),
    "years that no assumptions reach": (
        "projection: {growth: 0.04}\n",
        "",
        "years",
        "7, which reaches 2028",
        "a last year of at most 2024: assumptions/medicare_ffs.yaml is verified so far",
    ),
    "no region": (
        "  region: {market_share: 0.2, relative_cost: 1.02, growth: 0.01}\n",
        "",
        "population",
        "no region, which the benchmark of basic looks at",
        "the key region: its cost and the ACO's market share in it",
    ),
    "a region for some segments": (
        "relative_cost: 1.02",
        "relative_cost: {old: 1.02}",
        "population.region.relative_cost",
        "no figure for aged",
        "one figure, or one for each segment",
    ),
    "base years that the program has no weights for": (
        "  mode: program\n",
        "  mode: program\n  base_years: [2020, 2021]\n",
        "benchmark.base_years",
        "2 base years",
        "3, for which the program has weights",
    ),
    "base years after the start": (
        "  mode: program\n",
        "  mode: program\n  base_years: [2020, 2021, 2022]\n",
        "benchmark.base_years.2",
        "2022",
        "a year before start_year 2022",
    ),
    "a published figure for a benchmark by rules": (
        "  mode: program\n",
        "  mode: program\n  published_per_capita: 11000\n",
        "benchmark.published_per_capita",
        "published_per_capita beside mode 'program'",
        "no such key",
    ),
    "a step of the rules without the rules": (
        "  mode: program\n",
        "  mode: simulated\n  base_years: [2021]\n  prospective_trend: 0.04\n",
        "benchmark.prospective_trend",
        "prospective_trend beside mode 'simulated'",
        "mode: program beside it",
    ),
    "a private contract by the rules of a program": (
        "contracts:\n",
        "contracts:\n  own: {model: shared_savings, sharing_rate: 0.5}\n",
        "contracts.own",
        "a benchmark of mode 'program' for a contract without such rules",
        "a contract of mssp or aco_reach, or another mode",
    ),
    "a settlement before its year": (
        "    track: basic_b\n",
        "    track: basic_b\n    settlement_lag: -1\n",
        "contracts.basic.settlement_lag",
        "-1",
        "at least 0",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_contradictions_are_told(name: str, vbsim_command: CommandLine, tmp_path: Path) -> None:
    old, new, path, found, expected = WRONG[name]
    assert WORDS.count(old) == 1
    file = tmp_path / "wrong.yaml"
    file.write_text(WORDS.replace(old, new), encoding="utf-8")
    code, out, err = vbsim_command("run", file, "-o", "runs/wrong")
    assert (code, out) == (2, "")
    assert f": {path}\n  found:    {found}\n  expected: {expected}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  regional_ceiling: 0.03\n", "", r"no regional_ceiling for global"),
        ("  regional_floor: 0.02\n", "  regional_floor: 0.02\n  coding_factor: 0.05\n", r"at most"),
    ],
)
def test_reach_bounds(old: str, new: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=message):
        plan_of(REACH.replace(old, new), tmp_path)
