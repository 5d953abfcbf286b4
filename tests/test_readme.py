"""Statements that README shows are those that the shipped scenarios give.

After a change that is meant to move them: ``python -m tests.test_readme`` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from tests.conftest import REPOSITORY, plan_of
from vbsim.cli.console import stdout
from vbsim.report.explain import explain
from vbsim.report.program import program, regression_to_the_mean
from vbsim.settle import settle
from vbsim.simulate import engine_of, simulate

README = REPOSITORY / "README.md"
WIDTH = 92
SHOWN = re.compile(
    r"(vbsim explain runs/(\w+) --contract (\w+) --realization (\d+)\n```\n\n```\n)(.*?)(?=```)",
    re.S,
)
NUMBER = re.compile(r"[\d,]*\d(?:\.\d+)?")


def statement(scenario: str, contract: str, realization: int) -> str:
    """What the command prints: a realization has its numbers whatever else is simulated."""
    plan = plan_of(REPOSITORY / "scenarios" / f"{scenario}.yaml")
    settlement = settle(plan, engine_of(plan).block(np.array([realization])))
    width = stdout.width
    stdout.width = WIDTH
    try:
        with stdout.capture() as printed:
            import_module("vbsim.cli.explain").statement(explain(settlement, contract, realization))
    finally:
        stdout.width = width
    return "\n".join(line.rstrip() for line in printed.get().splitlines()) + "\n"


def shown() -> Iterator[re.Match[str]]:
    return SHOWN.finditer(README.read_text(encoding="utf-8"))


def test_five_statements_are_shown() -> None:
    found = [(match[2], match[3]) for match in shown()]
    assert found == [
        ("northwest_ohio_2022", "enhanced"),
        ("aco_reach", "global"),
        ("bundles", "team_track_3"),
        ("northwest_ohio_2022", "capitation"),
        ("all_models", "hospital_vbp"),
    ]


@pytest.mark.parametrize("match", list(shown()), ids=lambda match: f"{match[2]}-{match[3]}")
def test_a_statement_is_what_the_command_prints(match: re.Match[str]) -> None:
    """Words to the letter, figures to a cent in 10^8: the last digit is the processor's."""
    found, expected = statement(match[2], match[3], int(match[4])), match[5]
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
    numbers = [
        [float(text.replace(",", "")) for text in NUMBER.findall(page)]
        for page in (found, expected)
    ]
    np.testing.assert_allclose(*numbers, rtol=1e-8, atol=0.011)


def test_the_first_statement_is_of_savings_as_its_title_says() -> None:
    assert re.search(r"^  Shared savings +[1-9]", next(shown())[5], re.M)


def test_so_much_of_before_and_after_is_regression_to_the_mean() -> None:
    """A percentage without decimals, at 200 realizations."""
    stated = re.search(r"regression to the mean: `(.*?)`, (\d+) %", README.read_text("utf-8"))
    assert stated is not None
    plan = replace(plan_of(REPOSITORY / stated[1]), realizations=200)
    found = program(plan, simulate(plan))
    assert found is not None
    share = regression_to_the_mean(found)
    assert abs(share.value - float(stated[2]) / 100.0) < 0.005 + 4.0 * share.standard_error


if __name__ == "__main__":
    README.write_text(
        SHOWN.sub(
            lambda match: match[1] + statement(match[2], match[3], int(match[4])),
            README.read_text(encoding="utf-8"),
        ),
        encoding="utf-8",
    )
