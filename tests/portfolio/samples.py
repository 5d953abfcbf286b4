"""A small portfolio: three entities in a table, and what they share in a scenario."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """\
vbsim: 1
name: Three entities
seed: 3
realizations: 400
start_year: 2022
assumptions: medicare_ffs
portfolio:
  entities_file: entities.csv
population:
  segments:
    aged: {enrollment_type: aged_non_dual}
benchmark:
  mode: simulated
  base_years: [2020, 2021]
uncertainty:
  true_savings: {normal: {mean: 0.02, sd: 0.03}}
contracts:
  mssp: {program: mssp, minimum_savings_rate: table}
"""
TABLE = """\
entity,name,population.segments.aged.person_years,contracts.mssp.track
east,East Group,6000,basic_b
north,,9000,enhanced
west,West Group,30000,enhanced
"""


def write(folder: Path, table: str = TABLE, scenario: str = SCENARIO) -> Path:
    """Write both files, and give the path of the scenario."""
    (folder / "entities.csv").write_text(table, encoding="utf-8")
    path = folder / "three.yaml"
    path.write_text(scenario, encoding="utf-8")
    return path
