"""A portfolio's story on one page: many entities, one run folder.

::

    scenario.yaml + file of entities ─load→ Portfolio ─resolve→ plans ─simulate→ results
                                                             ─measure→ summary ─report→ files
"""

from __future__ import annotations

import csv
import shutil
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xarray as xr

from vbsim import streams
from vbsim.plots.portfolio import PORTFOLIO_FIGURES, PortfolioFindings
from vbsim.portfolio import (
    Portfolio,
    PortfolioPlan,
    PortfolioSummary,
    load_portfolio,
    measure_portfolio,
    resolve_portfolio,
    simulate_portfolio,
)
from vbsim.portfolio.plans import Progress
from vbsim.report import capacity
from vbsim.report import run_folder as files
from vbsim.report.figures import draw_all
from vbsim.report.manifest import file_hash, rule_hashes, text_hash, versions
from vbsim.report.portfolio_page import findings_of, render_portfolio
from vbsim.report.portfolio_tables import COLUMNS, rows
from vbsim.report.unfinished import check_unfinished, whole_folder
from vbsim.simulate import use_threads

ENGINE = "collective"
WHY = "a portfolio keeps totals and layers of each entity's claims alone"
_ARRAYS = 3  # variables of every realization
_PROGRAM_BYTES = 600e6  # libraries, compiled code, plans and pilots
_TRIAL = 10_000  # realizations of one entity, to tell the time of all


@dataclass(frozen=True)
class PortfolioRun:
    """What a run of a portfolio found.

    Parameters
    ----------
    plan
        Plans of all entities.
    results
        Variables of ``vocabulary.PORTFOLIO``, all realizations.
    summary
        Measures of the entities and of the program.
    folder
        The run folder, if one was written.
    """

    plan: PortfolioPlan
    results: xr.Dataset
    summary: PortfolioSummary
    folder: Path | None

    @property
    def findings(self) -> PortfolioFindings:
        """What the figures of ``vbsim.plots.portfolio.PORTFOLIO_FIGURES`` take."""
        return findings_of(self.plan, self.results, self.summary)


def run_portfolio(
    portfolio: Portfolio | PortfolioPlan | str | Path,
    out: str | Path | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> PortfolioRun:
    """Simulate every entity of a portfolio, settle its contracts and measure them together.

    Parameters
    ----------
    portfolio
        A Portfolio, its plans, or the path of a scenario file with the key ``portfolio``.
    out
        Folder to write; nothing is written without one. It appears only when it is whole.
    threads
        Threads; never changes a number.
    overwrite
        Replace the run that ``out`` holds.
    progress
        Called after each entity with entities done and to do.

    Raises
    ------
    ScenarioError, OutcomeError, ParameterError, RunFolderError, CapacityError
        Before anything is simulated.
    """
    clock, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    plan = _plans(portfolio)
    check_portfolio(plan, None if out is None else Path(out), threads, overwrite=overwrite)
    if out is None:
        results = simulate_portfolio(plan, progress)
        return PortfolioRun(plan, results, measure_portfolio(results), None)
    folder = Path(out)
    with whole_folder(folder, overwrite=overwrite) as place:
        results = simulate_portfolio(plan, progress)
        results.to_netcdf(place / files.RESULTS, engine="h5netcdf")
        (place / files.SCENARIO).write_text(plan.scenario, encoding="utf-8")
        shutil.copyfile(plan.file, place / plan.file.name)
        seconds = time.perf_counter() - clock
        manifest = _manifest(plan, place, started) | {"simulation_seconds": round(seconds, 3)}
        summary = _write_report(place, plan, results, manifest)
        wall = {"wall_seconds": time.perf_counter() - clock}
        files.write_manifest(place, manifest | wall)
    return PortfolioRun(plan, results, summary, folder)


def check_portfolio(
    plan: PortfolioPlan, folder: Path | None, threads: int | None, *, overwrite: bool = False
) -> None:
    """Refuse a run that cannot be made, before anything is simulated or written.

    Raises
    ------
    ParameterError, RunFolderError, CapacityError
        For the threads, for what ``folder`` already holds, and for memory and disk.
    """
    use_threads(threads)
    if folder is not None:
        check_unfinished(folder, None, resume=False, overwrite=overwrite)
        capacity.check_disk(folder, results_bytes(plan))
    capacity.check_memory(memory_bytes(plan))


def results_bytes(plan: PortfolioPlan) -> int:
    """Size of the results [bytes]."""
    per_entity = len(plan.first.contracts) * len(plan.years) * plan.realizations
    return 8 * _ARRAYS * len(plan.plans) * per_entity


def memory_bytes(plan: PortfolioPlan) -> int:
    """Memory that a run takes [bytes]: the program, the results and a part of them again."""
    return int(_PROGRAM_BYTES + 1.5 * results_bytes(plan))


def seconds(plan: PortfolioPlan) -> float:
    """Time that simulating all entities takes on this machine, from a trial of the first [s]."""
    trial = replace(plan.first, realizations=min(plan.realizations, _TRIAL))
    one = replace(plan, plans=(trial,), members=plan.members[:1])
    simulate_portfolio(one)  # compiles, or loads what was compiled
    start = time.perf_counter()
    simulate_portfolio(one)
    taken = time.perf_counter() - start
    return taken * len(plan.plans) * plan.realizations / trial.realizations


def rebuild_portfolio_report(folder: Path) -> Path:
    """Write the table, figures and page of a finished portfolio's folder anew."""
    plan = _plans(folder / files.SCENARIO)
    with xr.open_dataset(folder / files.RESULTS, engine="h5netcdf") as stored:
        results = stored.load()
    _write_report(folder, plan, results, files.read_manifest(folder))
    return folder / files.REPORT


def _plans(portfolio: Portfolio | PortfolioPlan | str | Path) -> PortfolioPlan:
    if isinstance(portfolio, PortfolioPlan):
        return portfolio
    found = portfolio if isinstance(portfolio, Portfolio) else load_portfolio(portfolio)
    return resolve_portfolio(found)


def _write_report(
    folder: Path, plan: PortfolioPlan, results: xr.Dataset, manifest: dict[str, Any]
) -> PortfolioSummary:
    """Measure results; write the table, the figures and the page."""
    summary = measure_portfolio(results)
    with (folder / files.SUMMARY).open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, COLUMNS)
        writer.writeheader()
        writer.writerows(rows(results, summary))
    (folder / files.FIGURES).mkdir(exist_ok=True)
    findings = findings_of(plan, results, summary)
    drawn = draw_all(PORTFOLIO_FIGURES, findings, folder / files.FIGURES)
    page = render_portfolio(plan, results, summary, manifest, drawn)
    (folder / files.REPORT).write_text(page, encoding="utf-8")
    return summary


def _manifest(plan: PortfolioPlan, folder: Path, started: str) -> dict[str, Any]:
    first = plan.first
    return {
        "name": plan.name,
        files.ENTITIES: len(plan.plans),
        "engine": ENGINE,
        "engine_chosen": WHY,
        "sampling": first.sampling,
        "random_numbers": streams.SCHEME,
        "seed": first.seed,
        "seeds": dict(first.seeds),
        "realizations": plan.realizations,
        "started": started,
        "versions": versions(),
        "sha256": {
            files.SCENARIO: text_hash(plan.scenario),
            plan.file.name: file_hash(folder / plan.file.name),
            files.RESULTS: file_hash(folder / files.RESULTS),
            **rule_hashes(plan.figures),
        },
        "unverified_figures": len(plan.unverified),
        "warnings": list(plan.warnings),
    }
