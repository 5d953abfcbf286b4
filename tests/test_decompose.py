"""Decomposition of a simulated variance: a split that is known from other laws of the engine."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.scenario.test_uncertain import uncertain, words
from vbsim.decompose import SOURCES, decompose_scenario
from vbsim.errors import ParameterError
from vbsim.measures.decomposition import between_share
from vbsim.report.uncertainty import decomposition_rows, write_decomposition
from vbsim.run import run
from vbsim.scenario.load import validate
from vbsim.scenario.names import STREAMS
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.scenario.source import Source
from vbsim.simulate import simulate

STILL = dict.fromkeys(
    ("trend_sd", "service_sd", "pandemic_probability", "local_sd", "composition_cv"), 0.0
)


def fresh(uncertainty: dict[str, Any], retention: float = 0.0, **changes: Any) -> Scenario:
    """2,000 members, new every year, and nothing systematic, unless it is stated."""
    segments = {"aged": {"enrollment_type": "aged_non_dual", "person_years": 2000.0}}
    population = {"person_years_per_member": 1.0, "retention": retention, "segments": segments}
    return validate(
        Source(
            "test.yaml",
            words(
                population=population,
                uncertainty=STILL | {"inner_realizations": 40} | uncertainty,
                benchmark={"mode": "simulated", "base_years": [2019, 2020, 2021]},
                realizations=1600,
                **changes,
            ),
        )
    )


def near(found: xr.Dataset, source: str, expected: float) -> None:
    one = found.sel(source=source)
    error = float(one["alone_standard_error"])
    assert abs(float(one["alone"]) - expected) < 4.0 * error + 0.01, (source, float(one["alone"]))


def of(found: xr.Dataset, quantity: str, contract: str) -> xr.Dataset:
    return found.sel(quantity=quantity, contract=contract).isel(year=0)


@cache
def luck_alone() -> xr.Dataset:
    """Decomposition of fresh members where nothing is systematic."""
    return decompose_scenario(fresh({}))


def test_the_benchmark_makes_a_quarter_of_the_luck_of_three_base_years() -> None:
    """Fresh members: 1 of performance year, 1/3 of three equal base years; prior of like size.

    4 standard errors, and 1 point for the skewness and the ratio in the savings rate.
    """
    found = of(luck_alone(), "savings rate", "enhanced")
    near(found, "process", 0.75)
    near(found, "benchmark", 0.25)
    near(found, "systematic", 0.0)
    assert abs(float(found["interactions"])) < 4.0 * float(found["interactions_standard_error"])
    assert not {"parameter", "intervention"} & set(found["source"].values)


@pytest.mark.slow
def test_a_belief_of_known_spread_makes_its_share() -> None:
    """Uncertain mean of true savings: its variance over that, and that of the luck.

    Savings are of all cost and capitation counts it all, so its response is 1 and its luck the cost
    of one year; the nested design (40 draws) and the analysis of variance of a run agree with it.
    """
    belief = {"normal": {"mean": {"normal": {"mean": 0.0, "sd": 0.05}}, "sd": 0.0}}
    scenario = fresh({"true_savings": belief})
    found = of(decompose_scenario(scenario), "net result", "capitation")
    luck = of(luck_alone(), "net result", "capitation")
    total = float(found["variance"])
    near(found, "process", float(luck["variance"]) / total)
    near(found, "parameter", 1.0 - float(luck["variance"]) / total)
    near(found, "benchmark", 0.0)
    settlement = run(scenario).settlement
    values = settlement["net_to_provider"].sel(contract="capitation").values[:, 0]
    share, error = between_share(values, settlement["parameter_draw"].values)
    other = found.sel(source="parameter")
    gap = abs(share - float(other["alone"]))
    assert gap < 4.0 * np.hypot(error, float(other["alone_standard_error"]))


def test_the_entitys_own_year_is_systematic_whatever_its_size() -> None:
    """Capitation counts all cost of one year: 2,000 person-years, so (mean cost * cv)^2 / 2,000."""
    scenario = fresh({"composition_cv": 2.0})
    found = of(decompose_scenario(scenario), "net result", "capitation")
    world = resolve(scenario).world
    cost = float((world.expected_cost[-1] * world.members[-1]).sum())
    near(found, "systematic", (2.0 * cost) ** 2 / 2_000.0 / float(found["variance"]))
    assert 0.2 < float(found.sel(source="systematic")["alone"]) < 0.9


@pytest.mark.slow
def test_an_uncertain_effect_makes_its_share() -> None:
    """Effect e on all claims of those reached: its variance is that of e times their claims.

    The claims are the savings at another, known effect over it. Who is picked is luck of the
    program as well, and next to nothing beside an effect whose standard deviation is 15 %.
    """
    services = (
        "inpatient",
        "snf",
        "outpatient",
        "ed",
        "physician",
        "home_health",
        "hospice",
        "dme",
    )
    program = {"predictor": {"auc": 0.65}, "capacity": 0.3, "engagement": 1.0}
    stay = {"retention": 0.9}
    uncertain_effect = {key: {"normal": {"mean": 0.3, "sd": 0.15}} for key in services}
    scenario = fresh({}, intervention=program | {"effect": uncertain_effect}, **stay)
    found = of(decompose_scenario(scenario), "net result", "capitation")
    known = fresh({}, intervention=program | {"effect": dict.fromkeys(services, 0.3)}, **stay)
    claims = simulate(resolve(known))["program_savings"].values[:, -1].mean() / 0.3
    near(found, "intervention", (0.15 * claims) ** 2 / float(found["variance"]))
    assert 0.2 < float(found.sel(source="intervention")["alone"]) < 0.9
    with pytest.raises(ParameterError, match="found collective and an intervention"):
        decompose_scenario(scenario, engine="collective")


@pytest.mark.slow
def test_engines_agree_on_fresh_members() -> None:
    scenario = fresh({"local_sd": 0.02})
    found = [
        of(decompose_scenario(scenario, engine), "savings rate", "enhanced")
        for engine in ("claims", "collective")
    ]
    for name in ("alone", "total"):
        values = [one[name].values for one in found]
        errors = [one[f"{name}_standard_error"].values for one in found]
        assert np.all(np.abs(values[0] - values[1]) < 4.0 * np.hypot(*errors) + 0.01), name


def test_every_stream_belongs_to_a_source() -> None:
    """A new stream must say whose it is; members' luck is seeded by year, points are no luck."""
    known = {stream for source in SOURCES.values() for stream in source.streams}
    assert known | {"population", "claims", "sobol"} == set(STREAMS)


def test_rows_and_figures(tmp_path) -> None:
    found = decompose_scenario(uncertain(uncertainty__local_sd=0.02))
    rows = list(decomposition_rows(found))
    assert {row["measure"] for row in rows} == {"alone", "total", "interactions", "variance"}
    alone = [
        float(row["value"])
        for row in rows
        if row["measure"] in ("alone", "interactions")
        and (row["quantity"], row["contract"]) == ("net result", "capitation")
    ]
    assert sum(alone) == pytest.approx(1.0)
    labels = {"enhanced": "MSSP ENHANCED", "capitation": "Capitation"}
    written = write_decomposition(found, labels, tmp_path / "new")
    assert [path.name for path in written] == [
        "decomposition.csv",
        "variance_of_net_result.png",
        "variance_of_savings_rate.png",
    ]
