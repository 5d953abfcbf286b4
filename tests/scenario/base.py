"""A small scenario that is right, and a way to run the command line on what was made of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from vbsim.cli import main

BASE = """\
# A small scenario that is right.
vbsim: 1
name: A small ACO
description: Two contracts
seed: 1
realizations: 20
start_year: 2022
assumptions: medicare_ffs

population:
  members: 6000
  person_years_per_member: 0.975
  retention: 0.9
  segments:
    aged:
      enrollment_type: aged_non_dual
      person_years: 5850
      per_capita: {2020: 9800, 2021: 10400}

services:
  inpatient:
    elasticity: 1.0

benchmark:
  mode: simulated
  base_years: [2020, 2021]
  weights: [0.4, 0.6]

uncertainty:
  trend_sd: 0.02
  service_sd: {inpatient: 0.03}

quality:
  score_mean: 0.8

contracts:
  enhanced:
    program: mssp
    track: enhanced
    minimum_savings_rate: 0.02
  basic_b:
    program: mssp
    track: basic_b
  global_risk:
    model: capitation
    pmpm: 900
    stop_loss: specific
  fee:
    model: fee_for_service

stop_loss:
  specific:
    attachment: 100000
    coinsurance: 0.9
    loading: 0.25

outputs:
  reference: enhanced
  owing_more_than: [100000]
"""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class CommandLine:
    """The command ``vbsim`` inside this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str | Path) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["vbsim", *map(str, words)])
        self._capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return Ended(code, *self._capsys.readouterr())


def changed(old: str, new: str) -> str:
    """Give the small scenario with one place changed."""
    assert BASE.count(old) == 1, f"{old!r} stands {BASE.count(old)} times in the scenario"
    return BASE.replace(old, new)


def line_of(text: str, mark: str) -> int:
    """Number of the one line of a text that holds a mark."""
    found = [number for number, line in enumerate(text.splitlines(), 1) if mark in line]
    assert len(found) == 1, f"{mark!r} stands on the lines {found}"
    return found[0]


def listing(folder: Path) -> list[tuple[str, int]]:
    """All files and folders below a folder, with their sizes."""
    return sorted((str(p.relative_to(folder)), p.lstat().st_size) for p in folder.rglob("*"))
