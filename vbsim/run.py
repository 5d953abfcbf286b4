"""The whole story on one page.

::

    scenario.yaml ─load→ Scenario ─resolve→ Plan ─simulate→ Experience ─settle→ Settlement
                                                     ─measure→ Summary ─report→ files
"""

from __future__ import annotations

import csv
import hashlib
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr

from vbsim import rulebook, streams
from vbsim.measures import measure
from vbsim.plan import Plan
from vbsim.report import run_folder as files
from vbsim.report.figures import write_figures
from vbsim.report.fit import fit
from vbsim.report.page import render
from vbsim.report.tables import summary_rows
from vbsim.scenario.load import load
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.settle import settle
from vbsim.simulate import block_size, blocks, check_threads

Progress = Callable[[int, int], None]
_PACKAGES = ("vbsim", "numpy", "scipy", "numba", "xarray", "matplotlib", "h5netcdf")
_COLUMNS = ("contract", "year", "party", "measure", "value", "standard_error", "unit")


@dataclass(frozen=True)
class Run:
    """What a run found.

    Parameters
    ----------
    plan
        What was simulated.
    settlement
        Variables of ``vocabulary.SETTLEMENT``, all realizations.
    summary
        Measures with standard errors, from :func:`vbsim.measure`.
    folder
        The run folder, if one was written.
    """

    plan: Plan
    settlement: xr.Dataset
    summary: xr.Dataset
    folder: Path | None


def run(
    scenario: Scenario | Plan | str | Path,
    out: str | Path | None = None,
    *,
    threads: int | None = None,
    block: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Simulate a scenario, settle its contracts and measure them.

    Parameters
    ----------
    scenario
        A Scenario, a Plan, or the path of a scenario file.
    out
        Folder to write; nothing is written without one. It appears only when it is whole.
    threads
        Threads of the claims engine; never changes a number.
    block
        Realizations simulated at a time, which bounds memory; never changes a number.
    overwrite
        Replace the run that ``out`` holds.
    progress
        Called after each block with realizations done and to do.

    Raises
    ------
    ScenarioError, RunFolderError, CapacityError
        Before anything is simulated.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    plan = _plan(scenario)
    if out is None:
        settlement = xr.concat(
            [settled for settled, _ in _settled(plan, threads, block, progress)], "realization"
        )
        return Run(plan, settlement, measure(settlement), None)
    folder = Path(out)
    check_run(plan, folder, threads=threads, overwrite=overwrite)
    with files.new_run_folder(folder) as partial:
        (partial / files.SCENARIO).write_text(plan.scenario, encoding="utf-8")
        with files.ResultsWriter(partial / files.RESULTS, plan.realizations) as results:
            start = 0
            for settled, experience in _settled(plan, threads, block, progress):
                results.append(start, settled, experience)
                start += settled.sizes["realization"]
        simulated = time.perf_counter() - clock
        manifest = _manifest(plan, started, simulated, partial / files.RESULTS)
        summary = write_report(partial, plan, manifest)
        files.write_manifest(partial, manifest | {"wall_seconds": time.perf_counter() - clock})
    settlement, _ = files.open_results(folder)
    return Run(plan, settlement, summary, folder)


def check_run(
    plan: Plan, folder: Path, *, threads: int | None = None, overwrite: bool = False
) -> None:
    """Refuse a run that cannot be made, before anything is simulated or written.

    Raises
    ------
    ParameterError, RunFolderError, CapacityError
        For the threads, for what ``folder`` already holds, and for the disk.
    """
    if threads is not None:
        check_threads(threads)
    files.check_destination(folder, overwrite)
    files.check_disk(folder, files.results_bytes(plan, lines=30))


def write_report(folder: Path, plan: Plan, manifest: dict[str, Any]) -> xr.Dataset:
    """Measure the results of a folder, write its table, figures and page, return the Summary."""
    with (
        xr.open_dataset(folder / files.RESULTS, engine="h5netcdf") as settlement,
        xr.open_dataset(folder / files.RESULTS, engine="h5netcdf", group="experience") as seen,
    ):
        summary = measure(settlement)
        checked = fit(plan, seen)
        with (folder / files.SUMMARY).open("w", newline="", encoding="utf-8") as table:
            writer = csv.DictWriter(table, _COLUMNS)
            writer.writeheader()
            writer.writerows(summary_rows(summary))
        (folder / files.FIGURES).mkdir(exist_ok=True)
        drawn = write_figures(plan, settlement, summary, checked, folder / files.FIGURES)
        page = render(plan, settlement, summary, checked, manifest, drawn)
        (folder / files.REPORT).write_text(page, encoding="utf-8")
        return summary


def rebuild_report(folder: str | Path) -> Path:
    """Write the table, figures and page of a finished run folder anew.

    Raises
    ------
    RunFolderError
        If the folder holds no finished run.
    """
    place = Path(folder)
    for dataset in files.open_results(place):
        dataset.close()
    manifest = files.read_manifest(place)
    write_report(place, _plan(place / files.SCENARIO), manifest)
    return place / files.REPORT


def _plan(scenario: Scenario | Plan | str | Path) -> Plan:
    if isinstance(scenario, Plan):
        return scenario
    return resolve(scenario if isinstance(scenario, Scenario) else load(scenario))


def _settled(plan: Plan, threads: int | None, block: int | None, progress: Progress | None) -> Any:
    done = 0
    for experience in blocks(plan, threads=threads, block=block):
        yield settle(plan, experience), experience
        done += experience.sizes["realization"]
        if progress is not None:
            progress(done, plan.realizations)


def _manifest(plan: Plan, started: datetime, seconds: float, results: Path) -> dict[str, Any]:
    used = sorted({figure.file for figure in plan.figures if "/" in figure.file})
    shipped = [name for name in used if name.split("/")[0] in rulebook.KINDS]
    return {
        "name": plan.name,
        "engine": "claims",
        "random_numbers": streams.SCHEME,
        "seed": plan.seed,
        "seeds": dict(plan.seeds),
        "realizations": plan.realizations,
        "block": block_size(plan),
        "started": started.isoformat(timespec="seconds"),
        "simulation_seconds": round(seconds, 3),
        "versions": {name: version(name) for name in _PACKAGES}
        | {"python": platform.python_version(), "platform": platform.platform()},
        "sha256": {
            files.SCENARIO: hashlib.sha256(plan.scenario.encode()).hexdigest(),
            files.RESULTS: _file_hash(results),
            **{
                name: hashlib.sha256(rulebook.text_of(name).encode()).hexdigest()
                for name in shipped
            },
        },
        "unverified_figures": len(plan.unverified),
        "warnings": list(plan.warnings),
    }


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
