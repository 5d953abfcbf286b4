"""A small finished run, made from known numbers instead of a simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from vbsim import vocabulary
from vbsim.contract import Contract
from vbsim.generators import (
    entity_year,
    intervention,
    population,
    quality,
    shocks,
    trend,
    true_savings,
    unit_cost,
    utilization,
)
from vbsim.measures.horizon import Capital
from vbsim.measures.summary import measure
from vbsim.payment_models import program_cost
from vbsim.payment_models.benchmarks import Published
from vbsim.plan import Observed, Plan, Program, Systematic, World
from vbsim.plots import Findings
from vbsim.report.fit import fit
from vbsim.rulebook import Figure

SERVICES = ("inpatient", "ed")
SEGMENTS = ("esrd", "aged")
YEARS = (2021, 2022, 2023)
BENCHMARK = 1e8
GATE = 0.02
STEPS = ("gross_savings", "not_counted", "payer_part")


@dataclass(frozen=True)
class GateTerms:
    """Terms with the names that the gates are read from."""

    two_sided: bool
    minimum_savings_rate: float
    minimum_loss_rate: float


def figure(path: str, status: str) -> Figure:
    """A figure with a given status."""
    return Figure(path, 0.5, "share", status, f"source of {path}", "2019", "assumptions/own.yaml")


def contract(name: str, *, two_sided: bool = True, benchmark: bool = True) -> Contract:
    """A contract of two performance years."""
    terms = GateTerms(two_sided, GATE, GATE)
    return Contract(
        name=name,
        label=name.replace("_", " ").title(),
        model="shared_savings" if benchmark else "capitation",
        lan_category="3B" if benchmark else "4N",
        terms=(terms, terms),
        benchmarks=(Published(1e4, True),) * 2 if benchmark else (),
        settlement_lag=1 if benchmark else None,
    )


def world() -> World:
    """Two segments, two services, one base year and two performance years."""
    use = utilization.Params(SERVICES, (0.3, 0.5), (1.0, 1.0), 3.0, (1.0, 1.0))
    shape = (len(YEARS), len(SEGMENTS))
    return World(
        years=np.array(YEARS),
        segments=SEGMENTS,
        services=SERVICES,
        members=np.full(shape, 1000),
        people=(population.Params(0.5, 0.1, 5.0),) * len(SEGMENTS),
        use=((use,) * len(SEGMENTS),) * len(YEARS),
        unit_costs=tuple(
            unit_cost.Params.from_spec({"lognormal": {"mean": m, "cv": 1.0}})
            for m in (12_000.0, 700.0)
        ),
        level=np.ones(shape),
        relative_price=np.ones((shape[0], len(SERVICES))),
        expected_cost=np.full(shape, 3950.0),
        expected_truncated=np.full(shape, 3700.0),
    )


def systematic() -> Systematic:
    """A little of every source of uncertainty."""
    return Systematic(
        trend=trend.Params(0.02),
        shocks=shocks.Params(SERVICES, (0.02, 0.02), 0.5, 0.025, (-0.1, 0.0)),
        entity_year=entity_year.Params(0.01),
        true_savings=true_savings.Params(0.0, 0.025),
        quality=quality.Params(0.8, 0.05, 1.0),
    )


def plan(contracts: list[Contract], count: int, observed: float | None = -0.001) -> Plan:
    """A Plan of some contracts; the first is the reference."""
    return Plan(
        name="Test <script>alert('x')</script> run",
        description="How likely is it to owe money & how much?",
        scenario="vbsim: 1\n",
        seed=7,
        seeds=(("claims", 9),),
        realizations=count,
        start_year=2022,
        world=world(),
        systematic=systematic(),
        layers=(),
        contracts=tuple(contracts),
        reference=contracts[0].name,
        owing_more_than=(1e6,),
        observed=None
        if observed is None
        else Observed(observed, 0.0, "a published file, https://example.org/file.csv"),
        figures=(figure("members.retention", "V"), figure("members.persistence", "UNVERIFIED")),
        warnings=("something is unusual",),
        capital=Capital(0.04, (0.05, 0.01), ((contracts[0].name, 2e6),)),
    )


def savings(count: int, seed: int = 0) -> np.ndarray:
    """Savings rates of every realization and performance year."""
    return np.random.default_rng(seed).normal(0.002, 0.03, (count, 2))


def results(made: Plan, rates: np.ndarray) -> xr.Dataset:
    """Settle by hand: half of the gap beyond the gates; nothing under the contract ``nothing``."""
    count, names = rates.shape[0], [c.name for c in made.contracts]
    shape = (count, 2, len(names))
    rate, net = np.full(shape, np.nan), np.zeros(shape)
    lines: dict[tuple[str, str], np.ndarray] = {}
    for column, each in enumerate(made.contracts):
        gap = rates * BENCHMARK
        if not each.benchmarks:
            net[..., column] = 0.0 if each.name == "nothing" else 2.0 * gap
            lines[each.name, "fee"] = net[..., column]
            continue
        counted = np.abs(rates) >= GATE
        counted &= (rates > 0.0) | each.terms[0].two_sided
        rate[:, :, column] = rates
        steps = (gap, np.where(counted, 0.0, -gap), np.where(counted, -0.5 * gap, 0.0))
        lines[each.name, "benchmark"] = np.full_like(gap, BENCHMARK)
        lines |= {(each.name, line): v for line, v in zip(STEPS, steps, strict=True)}
        net[..., column] = sum(steps)
    none = 0 * net
    party = np.stack([none, -net, net, none, none, none], axis=3)
    values = (net, party, rate, np.stack(list(lines.values()), axis=2))
    known = [(n, variable) for n, variable in vocabulary.SETTLEMENT.items() if variable.always]
    found = {
        name: (variable.dims, array) for (name, variable), array in zip(known, values, strict=True)
    }
    if any(each.settlement_lag is not None for each in made.contracts):
        late = np.concatenate([np.zeros((count, 1, len(names))), net], axis=1)
        found["cash_to_holder"] = (vocabulary.SETTLEMENT["cash_to_holder"].dims, late)
    coordinates = {
        "realization": np.arange(count),
        "year": [2022, 2023],
        **({"cash_year": [2022, 2023, 2024]} if "cash_to_holder" in found else {}),
        "contract": names,
        "party": list(vocabulary.PARTIES),
        "holder": ("contract", [vocabulary.PROVIDER] * len(names)),
        "line": [".".join(key) for key in lines],
        "line_contract": ("line", [contract for contract, _ in lines]),
        "line_name": ("line", [line for _, line in lines]),
        "line_unit": ("line", ["USD"] * len(lines)),
        "formula": ("line", ["0" if line == "fee" else "" for _, line in lines]),
        "meaning": ("line", ["a stated amount"] * len(lines)),
        "adds_to_net": ("line", np.array([line != "benchmark" for _, line in lines], dtype=int)),
    }
    capital = made.capital
    attrs = {
        "reference": made.reference,
        "owing_more_than": list(made.owing_more_than),
        "discount_rate": capital.discount_rate,
        "ruin_probabilities": list(capital.ruin_probabilities),
        "reserves": [capital.reserve_of(name) for name in names],
    }
    return xr.Dataset(found, coordinates, attrs).assign(retentions(net[..., :1], names[0]))


ATTACHMENTS = (np.inf, 100_000.0, 250_000.0)
KEPT = np.array([1.0, 0.5, 0.8])  # of the net result, at each attachment
PREMIUM = np.array([0.0, 3e5, 1e5])


def retentions(net: np.ndarray, name: str) -> dict[str, xr.DataArray]:
    """Stop-loss of one contract at three attachments: part of its result for a premium."""
    labels = [f"{name}.{'none' if np.isinf(a) else f'{a:.0f}'}" for a in ATTACHMENTS]
    coordinates = {
        "retention": labels,
        "retention_contract": ("retention", [name] * len(labels)),
        "attachment": ("retention", np.array(ATTACHMENTS)),
        "premium_pmpm": ("retention", PREMIUM / 24_000.0),
        "expected_recovery_pmpm": ("retention", 0.8 * PREMIUM / 24_000.0),
    }
    dims = vocabulary.SETTLEMENT["retention_net"].dims
    recovered = net * (KEPT - 1.0)
    return {
        "retention_net": xr.DataArray(net + recovered - PREMIUM, coordinates, dims),
        "retention_recovery": xr.DataArray(recovered, coordinates, dims),
    }


def experience(made: Plan, count: int, seed: int = 1) -> xr.Dataset:
    """Claims and cost that scatter around what the Plan expects."""
    rng = np.random.default_rng(seed)
    expected = made.world.rate[None] * 1000.0
    claims = rng.poisson(expected, (count, *expected.shape[1:])).astype(np.float64)
    cost = claims * made.world.mean_unit_cost[None] * rng.normal(1.0, 0.02, claims.shape)
    dims = ("realization", "year", "segment", "service")
    return xr.Dataset(
        {
            "claims": (dims, claims),
            "cost": (dims, cost),
            "person_years": (dims[:3], np.full(claims.shape[:3], 1000.0)),
        },
        {"year": list(YEARS), "segment": list(SEGMENTS), "service": list(SERVICES)},
    )


def findings(
    contracts: list[Contract] | None = None, count: int = 400, observed: float | None = -0.001
) -> Findings:
    """A finished run: four unlike contracts unless others are given."""
    if contracts is None:
        contracts = [
            contract("two_sided"),
            contract("one_sided", two_sided=False),
            contract("capitation", benchmark=False),
            contract("nothing", benchmark=False),
        ]
    made = plan(contracts, count, observed)
    settled = results(made, savings(count))
    checked = fit(made, experience(made, count))
    with_program = replace(made, program=PROGRAM)
    return Findings(with_program, settled, measure(settled), checked, program_results(count))


PROGRAM = Program(
    label="Calls",
    effect=intervention.Params((), (), (), (), ()),
    ramp=np.ones(2),
    reach=(),
    after_admission=True,
    admission=0,
    engagement=0.5,
    control_share=0.2,
    cost=program_cost.Terms(member_pmpm=1.0),
)


def program_results(count: int, seed: int = 2) -> xr.Dataset:
    """A program that returns 0.8 per dollar, and seems to return 3."""
    rng = np.random.default_rng(seed)
    cost, savings = np.full(count, 1e6), rng.normal(8e5, 4e5, count)
    claimed, members = savings + 2.2e6, np.full(count, 500.0)
    found = {
        "cost": cost,
        "savings": savings,
        "access_savings": 0.0 * cost,
        "administration": 0.0 * cost,
        "before_after": claimed,
        "net": savings - cost,
        "roi": savings / cost,
        "before_after_roi": claimed / cost,
        "flagged": 2.0 * members,
        "engaged": members,
        "held_out": members / 4.0,
        "admitted_before": 0.8 * members,
        "admitted": rng.binomial(500, 0.30, count).astype(float),
        "held_out_admitted": rng.binomial(125, 0.32, count).astype(float),
    }
    return xr.Dataset({name: ("realization", values) for name, values in found.items()})
