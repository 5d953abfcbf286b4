"""Self-test: what must hold on this machine before a number is trusted."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import replace
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vbsim import rulebook
from vbsim.plan import Plan
from vbsim.scenario.load import load
from vbsim.scenario.resolve import resolve
from vbsim.settle import settle
from vbsim.simulate import processors, simulate


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    ok: bool
    found: str


def examine() -> list[Finding]:
    """Look at the installation, the rule files and the engine."""
    plan = _example()
    return [
        Finding("python", True, platform.python_version()),
        Finding("numpy, numba", True, f"{version('numpy')}, {version('numba')}"),
        Finding("processors", True, str(processors())),
        _rule_files(),
        _mean_cost(plan),
        _ledger(plan),
        _threads(plan),
        _writing(),
    ]


def _example() -> Plan:
    template = resources.files("vbsim.scenario").joinpath("templates", "mssp.yaml")
    with resources.as_file(template) as path:
        return replace(resolve(load(path)), realizations=200)


def _rule_files() -> Finding:
    books = [
        rulebook.read(kind, name) for kind in rulebook.KINDS for name in rulebook.available(kind)
    ]
    count = sum(len(list(book.figures())) for book in books)
    return Finding("rule and assumption files", True, f"{len(books)} files, {count} figures")


def _mean_cost(plan: Plan) -> Finding:
    experience = simulate(plan)
    cost = experience["cost"].sum(["segment", "service", "year"]).to_numpy()
    exposure = experience["person_years"].to_numpy()
    expected = (exposure * plan.world.expected_cost).sum(axis=(1, 2))
    ratio = cost / expected
    error = ratio.std(ddof=1) / np.sqrt(ratio.size)
    miss = (ratio.mean() - 1.0) / error
    text = f"simulated over expected {ratio.mean():.4f} ± {error:.4f} ({miss:+.1f} standard errors)"
    return Finding("mean cost is the Plan's", bool(abs(miss) < 4.0), text)


def _ledger(plan: Plan) -> Finding:
    settlement = settle(plan, simulate(plan))
    worst = float(np.abs(settlement["net_to_party"].sum("party")).max())
    return Finding("ledger sums to zero", worst < 0.01, f"largest sum {worst:.2g} USD")


def _threads(plan: Plan) -> Finding:
    few = replace(plan, realizations=20)
    one, all_ = simulate(few, threads=1, block=7), simulate(few)
    return Finding("same numbers on one thread", one.equals(all_), "1 thread and blocks of 7")


def _writing() -> Finding:
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd()):
            return Finding("this folder can be written", True, str(Path.cwd()))
    except OSError as error:
        return Finding("this folder can be written", False, str(error))
