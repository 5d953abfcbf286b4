"""Settlement of a made-up experience, small enough to work by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.conftest import small_scenario
from vbsim import vocabulary
from vbsim.contract import Contract
from vbsim.measures.summary import measure
from vbsim.payment_models import capitation, shared_savings
from vbsim.payment_models.base import Statement, Transfer, given, step
from vbsim.payment_models.benchmarks import Simulated
from vbsim.payment_models.stop_loss import Cover, Specific
from vbsim.plan import Plan
from vbsim.report.tables import summary_rows
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.settlement import Settled
from vbsim.simulate import simulate
from vbsim.vocabulary import DOWNSTREAM, PARTIES, PAYER, PROVIDER, REINSURER

REALIZATIONS = 3
# Claims cost per person-year [USD]: realizations by years 2020 to 2023.
COST = np.array(
    [
        [100.0, 120.0, 90.0, 200.0],
        [100.0, 100.0, 100.0, 100.0],
        [80.0, 120.0, 150.0, 130.0],
    ]
)
PERSON_YEARS = 10.0  # of each of the two segments, in every year
TERMS = shared_savings.Terms(
    two_sided=True,
    minimum_savings_rate=0.05,
    minimum_loss_rate=0.05,
    sharing_rate=0.5,
    quality_scales_sharing=False,
    sharing_rate_standard_missed=0.0,
    alternative_standard=False,
    payment_limit=0.10,
    loss_rate_minimum=0.3,
    loss_rate_maximum=0.3,
    loss_rate_quality_slope=0.0,
    loss_limit_benchmark=0.04,
    loss_limit_amount=np.inf,
    sequestration=0.0,
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Shared savings, capitation with and without stop-loss: base years 2020-21, two years.

    Names and layers come from the scenario; the numbers are replaced by round ones.
    """
    track = {"program": "mssp", "track": "enhanced", "performance_year": 2022}
    resolved = resolve(
        small_scenario(
            years=2,
            contracts={
                "savings": track,
                "capitation": {"model": "capitation", "pmpm": 10.0},
                "protected": {"model": "capitation", "pmpm": 10.0, "stop_loss": "specific"},
                "fee_for_service": {"model": "fee_for_service"},
            },
            stop_loss={"specific": {"attachment": 1000.0, "coinsurance": 0.9, "loading": 0.2}},
        )
    )
    half = Simulated(np.array([0.5, 0.5]), np.ones((2, 2)), 1.0, follows_nation=False)
    savings, plain, protected, nothing = resolved.contracts
    contracts = (
        replace(savings, terms=(TERMS, TERMS), benchmarks=(half, half)),
        # The rate rises in the second year.
        replace(plain, terms=(capitation.Terms(10.0), capitation.Terms(12.0))),
        replace(protected, stop_loss=(Cover(Specific(1000.0, np.inf, 0.9, 1.0)),) * 2),
        nothing,
    )
    return replace(resolved, contracts=contracts, owing_more_than=(50.0,))


@pytest.fixture(scope="module")
def experience(plan: Plan) -> xr.Dataset:
    """Each segment costs COST per person-year, all of it in one service; 90 % is truncated cost."""
    segments, services = plan.world.segments, plan.world.services
    shape = (*COST.shape, len(segments))
    cost = np.zeros((*shape, len(services)))
    cost[..., 0] = (COST * PERSON_YEARS)[..., None]
    layers = {"truncated": 0.9, "stop_loss_specific": 0.2}
    values = {
        "claims": np.ones_like(cost),
        "cost": cost,
        "layer_cost": np.stack([cost[..., 0] * part for part in layers.values()], axis=-1),
        "person_years": np.full(shape, PERSON_YEARS),
        "national_factor": np.ones(shape),
        "local_factor": np.ones(COST.shape),
        "true_savings": np.zeros(COST.shape),
        "quality_score": np.full(COST.shape, 0.8),
        "quality_standard_met": np.ones(COST.shape),
    }
    coordinates = {
        "realization": np.arange(REALIZATIONS),
        "year": plan.world.years,
        "segment": list(segments),
        "service": list(services),
        "layer": list(layers),
    }
    variables = {name: (vocabulary.EXPERIENCE[name].dims, v) for name, v in values.items()}
    return vocabulary.label(xr.Dataset(variables, coordinates), "experience")


@pytest.fixture(scope="module")
def settlement(plan: Plan, experience: xr.Dataset) -> xr.Dataset:
    return settle(plan, experience)


def line(settlement: xr.Dataset, contract: str, name: str) -> Any:
    return settlement["statement"].sel(line=f"{contract}.{name}").values


def test_capitation_walks_the_years(settlement: xr.Dataset) -> None:
    net = settlement["net_to_provider"].sel(contract="capitation")
    # 20 person-years are 240 months: 2,400 at 10 PMPM in 2022, 2,880 at 12 PMPM in 2023. Claims are
    # 20 times 90, 100, 150 and 20 times 200, 100, 130.
    np.testing.assert_allclose(net.sel(year=2022), [600.0, 400.0, -600.0])
    np.testing.assert_allclose(net.sel(year=2023), [-1120.0, 880.0, 280.0])
    assert settlement["year"].values.tolist() == [2022, 2023]


def test_stop_loss_pays_on_its_own_layer(settlement: xr.Dataset) -> None:
    # The layer holds 20 % of cost, 90 % of it is recovered: 0.18 * 20 * (90, 100, 150) in 2022.
    recovery = line(settlement, "protected", "stop_loss_recovery")
    np.testing.assert_allclose(recovery[:, 0], [324.0, 360.0, 540.0])
    # 1 PMPM for 240 months.
    np.testing.assert_allclose(line(settlement, "protected", "stop_loss_premium"), -240.0)
    net = settlement["net_to_provider"].sel(contract="protected")
    np.testing.assert_allclose(net.sel(year=2022), [684.0, 520.0, -300.0])
    reinsurer = settlement["net_to_party"].sel(contract="protected", party=REINSURER, year=2022)
    np.testing.assert_allclose(reinsurer, [-84.0, -120.0, -300.0])


def test_shared_savings_on_truncated_cost(settlement: xr.Dataset) -> None:
    # Benchmark: 0.9 * 20 * mean of the base years (110, 100, 100) = 1980, 1800, 1800, both years.
    benchmark = line(settlement, "savings", "benchmark")
    np.testing.assert_allclose(benchmark, [[1980.0] * 2, [1800.0] * 2, [1800.0] * 2])
    # Expenditure: 18 * (90, 100, 150) in 2022, 18 * (200, 100, 130) in 2023.
    expenditure = line(settlement, "savings", "expenditure")
    np.testing.assert_allclose(expenditure, [[1620.0, 3600.0], [1800.0, 1800.0], [2700.0, 2340.0]])
    rate = settlement["savings_rate"].sel(contract="savings")
    np.testing.assert_allclose(rate, [[2 / 11, -9 / 11], [0.0, 0.0], [-0.5, -0.3]], atol=1e-12)
    # 360 saved: half is 180 (limit 198). Losses of 1620, 900 and 540 at 30 %: 486, 270 and 162, all
    # above the limits of 4 %: 79.20, 72 and 72.
    net = settlement["net_to_provider"].sel(contract="savings")
    np.testing.assert_allclose(net, [[180.0, -79.2], [0.0, 0.0], [-72.0, -72.0]], atol=1e-9)


def test_quality_is_that_of_the_performance_year(plan: Plan, experience: xr.Dataset) -> None:
    """A sharing rate times the score, 0.5 * 0.8: 360 saved give 144, none if it is missed."""
    scaled = replace(TERMS, quality_scales_sharing=True)
    contract = replace(plan.contracts[0], terms=(scaled, scaled))
    first = (experience["year"] == 2022) & (experience["realization"] == 0)
    for missed, expected in ((first & False, 144.0), (first, 0.0)):
        met = experience["quality_standard_met"].where(~missed, 0.0)
        found = settle(replace(plan, contracts=(contract,)), experience.assign({met.name: met}))
        net = found["net_to_provider"].sel(contract="savings", year=2022)
        np.testing.assert_allclose(net, [expected, 0.0, -72.0], atol=1e-9)


def test_fee_for_service_changes_nothing(settlement: xr.Dataset) -> None:
    found = settlement.sel(contract="fee_for_service")
    np.testing.assert_array_equal(found["net_to_provider"], 0.0)
    np.testing.assert_allclose(found["net_to_party"].sel(party=PAYER), -20.0 * COST[:, 2:])
    assert np.isnan(found["savings_rate"]).all()


def test_the_ledger_sums_to_zero(settlement: xr.Dataset) -> None:
    assert settlement["party"].values.tolist() == list(PARTIES)
    total = settlement["net_to_party"].sum("party")
    np.testing.assert_allclose(total, 0.0, atol=1e-9)
    provider = settlement["net_to_party"].sel(party=PROVIDER)
    np.testing.assert_allclose(provider, settlement["net_to_provider"], atol=1e-9)


def test_every_contract_settles_the_same_realizations(settlement: xr.Dataset) -> None:
    """Whoever treats the members receives the same claims under every contract."""
    received = settlement["net_to_party"].sel(party=DOWNSTREAM)
    for contract in settlement["contract"].values:
        np.testing.assert_allclose(received.sel(contract=contract), 20.0 * COST[:, 2:])


@pytest.mark.parametrize("left_out", range(4))
def test_a_contract_changes_no_other(
    plan: Plan, experience: xr.Dataset, settlement: xr.Dataset, left_out: int
) -> None:
    contracts = tuple(c for i, c in enumerate(plan.contracts) if i != left_out)
    alone = settle(replace(plan, contracts=contracts), experience)
    assert alone.sizes["contract"] == 3
    together = settlement.sel(contract=alone["contract"], line=alone["line"])
    for name in alone.data_vars:
        xr.testing.assert_equal(alone[name], together[name])


def test_the_same_contract_twice_is_the_same_twice(plan: Plan, experience: xr.Dataset) -> None:
    twins: tuple[Contract, ...] = (plan.contracts[0], replace(plan.contracts[0], name="twin"))
    found = settle(replace(plan, contracts=twins), experience)
    for name in found.data_vars:
        along = "line_contract" if name == "statement" else "contract"
        dim = found[along].dims[0]
        first, second = (found[name].isel({dim: found[along].values == c.name}) for c in twins)
        np.testing.assert_array_equal(first.values, second.values)


def test_a_block_settles_as_part_of_the_whole(
    plan: Plan, experience: xr.Dataset, settlement: xr.Dataset
) -> None:
    parts = [
        settle(plan, experience.isel(realization=part)) for part in (slice(0, 1), slice(1, None))
    ]
    xr.testing.assert_identical(xr.concat(parts, dim="realization"), settlement)


def test_settling_leaves_the_experience_alone(plan: Plan, experience: xr.Dataset) -> None:
    before = experience.copy(deep=True)
    first, second = settle(plan, experience), settle(plan, experience)
    xr.testing.assert_identical(experience, before)
    xr.testing.assert_identical(first, second)


def adding_up(settlement: xr.Dataset, contract: str) -> np.ndarray:
    own = settlement["line_contract"].values == contract
    return settlement["statement"].values[..., own & (settlement["adds_to_net"].values == 1)]


def test_lines_that_add_up_are_marked(settlement: xr.Dataset) -> None:
    """Their sum is the net result of their contract."""
    for contract in settlement["contract"].values:
        net = settlement["net_to_provider"].sel(contract=contract)
        np.testing.assert_allclose(adding_up(settlement, contract).sum(-1), net, atol=1e-9)
    marks = dict(zip(settlement["line"].values, settlement["adds_to_net"].values, strict=True))
    explaining = ["base_years_trended", "national_update", "benchmark_adjustment", "benchmark"]
    steps = ["gross_savings", "not_counted", "payer_part", "sequestration", "limits"]
    for names, mark in ((explaining, 0), (["expenditure"], 0), (steps, 1)):
        assert [marks[f"savings.{name}"] for name in names] == [mark] * len(names)
    own = ["capitation", "claims", "stop_loss_premium", "stop_loss_recovery"]
    assert [marks[f"protected.{name}"] for name in own] == [1] * len(own)
    assert "capitation.gross_savings" not in marks
    # The benchmark is explained before what is held against it.
    order = list(marks)
    places = [order.index(f"savings.{n}") for n in ("benchmark", "expenditure", "gross_savings")]
    assert places == sorted(places)


def test_every_variable_has_a_unit_and_a_label(
    settlement: xr.Dataset, experience: xr.Dataset
) -> None:
    for dataset, expected in (
        (settlement, vocabulary.SETTLEMENT),
        (experience, vocabulary.EXPERIENCE),
    ):
        always = {name: variable for name, variable in expected.items() if variable.always}
        assert set(dataset.data_vars) == set(always)
        for name, variable in always.items():
            assert dataset[name].dims == variable.dims
            assert dataset[name].attrs["units"] == variable.units
            assert dataset[name].attrs["long_name"] == variable.long_name
        for name in dataset.coords:
            assert dataset[name].attrs["units"], name
            assert dataset[name].attrs["long_name"], name
    assert settlement.attrs["reference"] == "savings"
    assert settlement.attrs["owing_more_than"] == [50.0]


def test_what_does_not_fit_the_vocabulary_is_refused(experience: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="experience: variables missing or unknown: cost"):
        vocabulary.label(experience.drop_vars("cost"), "experience")
    turned = experience.assign(person_years=experience["person_years"].transpose("year", ...))
    with pytest.raises(ValueError, match="person_years has dims"):
        vocabulary.label(turned, "experience")


@pytest.fixture(scope="module")
def of_two_holders() -> Plan:
    """A group's partial capitation, and a plan that sub-capitates the same basket and reinsures."""
    basket = ["inpatient"]  # where all the cost of the made-up experience is
    contracts = {
        "group": {"model": "capitation", "services": basket, "pmpm": 11.0},
        "plan": {
            "model": "managed_care",
            "premium": {"pmpm": {"aged": 12.0, "disabled": 14.0}},
            "sub_capitation": {"services": basket, "pmpm": 11.0},
            "administration": 0.1,
            "stop_loss": "both",
        },
    }
    cover = {
        "attachment": 1000.0,
        "premium_pmpm": 1.0,
        "aggregate": {"corridor": 1.0, "expected_pmpm": 5.0, "premium_pmpm": 0.5},
    }
    scenario = small_scenario(years=2, contracts=contracts, stop_loss={"both": cover})
    return resolve(scenario)


def test_the_result_is_that_of_the_party_that_holds_the_contract(
    of_two_holders: Plan, experience: xr.Dataset
) -> None:
    """2022: 240 member months, 120 of each segment; claims 1,800, 2,000 and 3,000.

    The group is paid 2,640 and pays the claims. The plan takes 120 * 26 = 3,120, pays 2,640 to
    groups, 312 for administration, and 240 + 120 for reinsurance of the claims that it bears, of
    which there are none here.
    """
    shown = experience.assign_coords(layer=["truncated", "stop_loss_both_plan"])
    settled = settle(of_two_holders, shown.isel(layer=[0, 1]))
    assert settled["holder"].values.tolist() == [PROVIDER, PAYER]
    result = vocabulary.net_to_holder(settled).sel(year=2022)
    np.testing.assert_allclose(result.sel(contract="group"), [840.0, 640.0, -360.0])
    recovered = line(settled, "plan", "stop_loss_recovery")[:, 0]
    np.testing.assert_allclose(recovered, [360.0, 400.0, 600.0])  # 20 % of cost is in the layer
    expected = 3120.0 - 2640.0 - 312.0 - 240.0 - 120.0 + recovered
    np.testing.assert_allclose(result.sel(contract="plan"), expected)
    np.testing.assert_allclose(line(settled, "plan", "aggregate_claims")[:, 0], 0.0)
    provider = settled["net_to_provider"].sel(year=2022)
    np.testing.assert_allclose(provider.sel(contract="plan"), provider.sel(contract="group"))
    np.testing.assert_allclose(settled["net_to_party"].sum("party"), 0.0, atol=1e-9)
    received = settled["net_to_party"].sel(party=DOWNSTREAM)
    for contract in ("group", "plan"):
        np.testing.assert_allclose(received.sel(contract=contract), 20.0 * COST[:, 2:])
        own = vocabulary.net_to_holder(settled).sel(contract=contract)
        np.testing.assert_allclose(adding_up(settled, contract).sum(-1), own, atol=1e-9)
    measured = measure(settled)
    assert measured["holder"].values.tolist() == [PROVIDER, PAYER]
    apart = float(measured["difference"].sel(contract="plan", measure="mean", year=2022))
    gap = result.sel(contract="plan") - result.sel(contract="group")
    assert apart == pytest.approx(float(gap.mean()))
    rows = [r for r in summary_rows(measured) if r["measure"] == "difference_from_group.mean"]
    assert {row["party"] for row in rows} == {PAYER}


def test_a_basket_is_summed_alike_in_every_block(of_two_holders: Plan) -> None:
    """To the last bit, whatever realizations stand beside it."""
    seen = simulate(replace(of_two_holders, realizations=7))
    whole = settle(of_two_holders, seen)
    for part in (slice(0, 1), slice(1, 3), slice(3, 7)):
        block = settle(of_two_holders, seen.isel(realization=part))
        xr.testing.assert_identical(block, whole.isel(realization=part))


def test_a_line_is_missing_in_the_years_that_have_none(plan: Plan, experience: xr.Dataset) -> None:
    """Whenever it comes, and however many come at once."""
    paid = np.array([5.0])
    first = {"paid": step(paid, "rate"), "rate": given(5.0, "the first year's words")}
    many = {f"line_{number}": given(number, "of the second year") for number in range(9)}
    second = {"rate": given(7.0, "the second year's words"), **many}
    flow = (Transfer(PAYER, PROVIDER, "paid", paid),)
    found = Settled(replace(plan, contracts=plan.contracts[:1]), 1)
    found.write(plan.contracts[0], [Statement(first, flow), Statement(second, flow)])
    shown = found.labelled(experience.isel(realization=slice(0, 1)), {}, {})
    names = ["paid", "rate", *many]
    assert shown["line_name"].values.tolist() == names
    assert shown["meaning"].values[1] == "the first year's words"
    missing = np.nan
    expected = [[5.0, 5.0, *[missing] * 9], [missing, 7.0, *range(9)]]
    np.testing.assert_array_equal(shown["statement"].values[0], expected)
    assert shown["net_to_provider"].values.tolist() == [[[5.0], [5.0]]]
