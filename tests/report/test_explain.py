"""A statement can be followed with a pocket calculator: the figures as printed give the result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import vbsim
from tests.conftest import SCENARIOS, plan_of
from tests.scenario.base import CommandLine
from vbsim.errors import RunFolderError
from vbsim.report.explain import RANKS, explain, shown


def as_number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def worked_out(text: str) -> float:
    """Work a printed formula as a person would, from nothing but what is printed."""
    signs = {"×": "*", "−": "-", "≥": ">=", "≤": "<=", "^": "**", "no limit": "inf"}
    # A comma between digits belongs to a number, any other to min and max.
    digits = "".join(
        "" if letter == "," and text[i + 1 : i + 2].isdigit() else letter
        for i, letter in enumerate(text)
    )
    for sign, meant in signs.items():
        digits = digits.replace(sign, meant)
    return float(eval(digits, {"__builtins__": {}}, {"min": min, "max": max, "inf": np.inf}))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_printed_line_can_be_worked_out(path: Path) -> None:
    """Amounts are printed to the cent and shares to ten decimals: a dollar in a billion is lost."""
    plan = replace(plan_of(path), realizations=40)
    settlement = vbsim.settle(plan, vbsim.simulate(plan))
    for contract in settlement["contract"].values:
        for rank in RANKS:
            found = explain(settlement, str(contract), rank)
            for line in found.rows:
                if not line.worked:
                    continue
                result, printed = worked_out(line.worked), as_number(line.shown)
                size = max(abs(r.value) for r in found.rows if np.isfinite(r.value))
                assert result == pytest.approx(printed, abs=0.02 + 1e-8 * size), line
            steps = sum(as_number(line.shown) for line in found.rows if line.adds)
            assert steps == pytest.approx(found.net, abs=0.01 * len(found.rows))
            assert sum(found.flows.values()) == pytest.approx(0.0, abs=1e-3)


@pytest.fixture(scope="module")
def settlement() -> xr.Dataset:
    from tests.conftest import small_scenario
    from vbsim.scenario.resolve import resolve
    from vbsim.settle import settle
    from vbsim.simulate import simulate

    contracts = {"cap": {"model": "capitation", "pmpm": 900.0}}
    plan = resolve(small_scenario(contracts=contracts, years=2))
    return settle(plan, simulate(plan))


def test_ranks_are_order_statistics_of_the_net(settlement: xr.Dataset) -> None:
    net = np.sort(settlement["net_to_provider"].isel(year=0).sel(contract="cap").values)
    assert explain(settlement, "cap", "worst").net == net[0]
    assert explain(settlement, "cap", "best").net == net[-1]
    assert explain(settlement, "cap", "median").net == net[int(np.ceil(net.size / 2)) - 1]
    second = explain(settlement, "cap", 1, int(settlement["year"].values[1]))
    assert second.net == settlement["net_to_provider"].values[1, 1, 0]


@pytest.mark.parametrize(
    ("contract", "realization", "year", "message"),
    [
        ("kap", "1", None, r"no contract 'kap' in this run; did you mean 'cap'"),
        ("cap", "x", None, r"no realization 'x' .* from 0 to \d+, or one of: worst, p5, median"),
        ("cap", "9999999", None, r"no realization '9999999'"),
        ("cap", "1", 1999, r"no year 1999 in this run; choose one of: 20\d\d, 20\d\d"),
    ],
)
def test_what_is_not_there(
    settlement: xr.Dataset, contract: str, realization: str, year: int | None, message: str
) -> None:
    with pytest.raises(RunFolderError, match=message):
        explain(settlement, contract, realization, year)


def test_figures_are_printed_with_the_digits_that_matter() -> None:
    assert shown(1234567.891, "USD") == "1,234,567.89"
    assert shown(-0.75, "1") == "−0.75"
    assert shown(1 / 3, "1") == "0.3333333333"
    assert shown(0.0, "1") == "0"
    assert shown(100.0, "member-months") == "100"
    assert shown(np.inf, "USD") == "no limit"


def test_the_command(vbsim_command: CommandLine, tmp_path: Path) -> None:
    scenario = next(path for path in SCENARIOS if path.stem == "northwest_ohio_2022")
    run = tmp_path / "run"
    assert vbsim_command("run", scenario, "-o", run, "--realizations", "20", "--quiet")[0] == 0
    code, out, err = vbsim_command("explain", run, "--contract", "enhanced")
    assert (code, err) == (0, "")
    assert "Net result of the provider" in out
    assert "= 0.2 × " in out
    code, out, _ = vbsim_command("explain", run, "--contract", "enhanced", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["holder"] == "provider"
    assert sum(line["value"] for line in found["lines"] if line["adds"]) == pytest.approx(
        found["net_to_holder"], abs=0.01
    )
    code, _, err = vbsim_command("explain", run, "--contract", "enhansed")
    assert code == 2
    assert "did you mean 'enhanced'" in err
    code, _, err = vbsim_command("explain", tmp_path, "--contract", "enhanced")
    assert code == 2
    assert "is no finished run folder" in err
