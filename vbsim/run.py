"""The whole story on one page.

::

    scenario.yaml ─load→ Scenario ─resolve→ Plan ─simulate→ Experience ─settle→ Settlement
                                                     ─measure→ Summary ─report→ files
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from vbsim import streams
from vbsim.blas import one_blas_thread
from vbsim.blocks import Block, Blocks
from vbsim.cluster import LOCAL, settled_blocks
from vbsim.engines import choose
from vbsim.errors import ParameterError
from vbsim.measures import measure
from vbsim.plan import Plan
from vbsim.plots import Findings
from vbsim.processes import count_beside, each
from vbsim.report import capacity
from vbsim.report import run_folder as files
from vbsim.report.contract_table import contract_table
from vbsim.report.figures import write_figures
from vbsim.report.fit import fit
from vbsim.report.manifest import file_hash, rule_hashes, text_hash, versions
from vbsim.report.page import render
from vbsim.report.program import program
from vbsim.report.program import summary_rows as program_rows
from vbsim.report.tables import summary_rows
from vbsim.report.unfinished import UnfinishedRun, check_unfinished, pieces, unfinished_run
from vbsim.run_portfolio import rebuild_portfolio_report
from vbsim.scenario.load import load
from vbsim.scenario.resolve import resolve
from vbsim.scenario.schema import Scenario
from vbsim.simulate import check_threads, processors, use_threads
from vbsim.vocabulary import REALIZATION, joined

Progress = Callable[[int, int], None]
Work = Callable[[Sequence[range]], Generator[Block]]
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
    program
        What an intervention cost, avoided and seemed to avoid in every realization, from
        :func:`vbsim.report.program.program`; ``None`` without one.
    """

    plan: Plan
    settlement: xr.Dataset
    summary: xr.Dataset
    folder: Path | None
    program: xr.Dataset | None = None

    @property
    def findings(self) -> Findings:
        """What the figures of ``vbsim.plots.FIGURES`` take."""
        return Findings(self.plan, self.settlement, self.summary, program=self.program)

    def table(self, *measures: str) -> xr.DataArray:
        """Measures of every contract with standard errors, as text: ``.to_pandas()`` shows it."""
        return contract_table(self.findings, measures)


def run(
    scenario: Scenario | Plan | str | Path,
    out: str | Path | None = None,
    *,
    threads: int | None = None,
    cluster: str | None = None,
    resume: bool = False,
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
    cluster
        Address of a Dask scheduler that spreads the work, or ``local`` for a cluster of processes
        on this machine; never changes a number.
    resume
        Continue the unfinished run to ``out``, if there is one.
    overwrite
        Replace the run that ``out`` holds, and discard an unfinished one unless ``resume``.
    progress
        Called after each block with realizations done and to do.

    Raises
    ------
    ScenarioError, RunFolderError, CapacityError, ClusterError
        Before anything is simulated.
    """
    plan = _plan(scenario)
    if out is None:
        _check_threads(threads, cluster)
        work = partial(_settled, plan, threads=threads, cluster=cluster)
        settlement, returned = _in_memory(plan, work, progress)
        return Run(plan, settlement, measure(settlement), None, returned)
    folder = Path(out)
    summary = write_run(
        plan,
        folder,
        threads=threads,
        cluster=cluster,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )
    settlement, seen = files.open_results(folder)
    return Run(plan, settlement, summary, folder, program(plan, seen))


def write_run(
    plan: Plan,
    folder: Path,
    *,
    threads: int | None = None,
    cluster: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Do what :func:`run` does, into a folder, without opening the results again.

    Parameters
    ----------
    plan
        From :func:`vbsim.resolve`.
    folder, threads, cluster, resume, overwrite, progress
        As of :func:`run`; ``folder`` is its ``out``.

    Returns
    -------
    Dataset
        Measures with standard errors, from :func:`vbsim.measure`.

    Raises
    ------
    ParameterError, RunFolderError, CapacityError, ClusterError
        Before anything is simulated.
    """
    clock = time.perf_counter()
    check_run(plan, folder, threads=threads, cluster=cluster, resume=resume, overwrite=overwrite)
    work = partial(_settled, plan, threads=threads, cluster=cluster)
    with unfinished_run(folder, plan, resume=resume, overwrite=overwrite) as unfinished:
        _simulate(plan, unfinished, work, progress)
        place = unfinished.folder
        (place / files.SCENARIO).write_text(plan.scenario, encoding="utf-8")
        manifest = _manifest(plan, unfinished, time.perf_counter() - clock)
        summary = write_report(place, plan, manifest)
        files.write_manifest(place, manifest | {"wall_seconds": time.perf_counter() - clock})
    return summary


def check_run(
    plan: Plan,
    folder: Path,
    *,
    threads: int | None = None,
    cluster: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> None:
    """Refuse a run that cannot be made, before anything is simulated or written.

    Raises
    ------
    ParameterError, RunFolderError, CapacityError
        For the threads, for what ``folder`` already holds, and for memory and disk.
    """
    _check_threads(threads, cluster)
    check_unfinished(folder, plan, resume=resume, overwrite=overwrite)
    capacity.check_disk(folder, capacity.results_bytes(plan))
    workers = 0
    if cluster == LOCAL:
        workers = threads or processors()
    elif cluster is None and plan.draws:
        workers = count_beside()
    capacity.check_memory(capacity.memory_bytes(plan, workers))


@one_blas_thread
def write_report(folder: Path, plan: Plan, manifest: dict[str, Any]) -> xr.Dataset:
    """Measure the results of a folder, write its table, figures and page, return the Summary."""
    settlement, seen = files.read_results(folder)
    with settlement, seen:
        summary = measure(settlement)
        findings = Findings(plan, settlement, summary, fit(plan, seen), program(plan, seen))
        with (folder / files.SUMMARY).open("w", newline="", encoding="utf-8") as table:
            writer = csv.DictWriter(table, _COLUMNS)
            writer.writeheader()
            writer.writerows(summary_rows(summary))
            writer.writerows(program_rows(findings.program))
        (folder / files.FIGURES).mkdir(exist_ok=True)
        drawn = write_figures(findings, folder / files.FIGURES)
        page = render(findings, manifest, drawn)
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
    if files.holds_portfolio(place):
        return rebuild_portfolio_report(place)
    for dataset in files.open_results(place):
        dataset.close()
    manifest = files.read_manifest(place)
    write_report(place, _plan(place / files.SCENARIO), manifest)
    return place / files.REPORT


def _plan(scenario: Scenario | Plan | str | Path) -> Plan:
    if isinstance(scenario, Plan):
        return scenario
    return resolve(scenario if isinstance(scenario, Scenario) else load(scenario))


def _check_threads(threads: int | None, cluster: str | None) -> None:
    if threads is None:
        return
    if cluster not in (None, LOCAL):
        raise ParameterError(
            f"threads: found {threads} and the cluster {cluster}; expected one of them; the "
            "threads of a cluster are those that its workers were started with"
        )
    check_threads(threads)


def _settled(
    plan: Plan, spans: Sequence[range], *, threads: int | None, cluster: str | None
) -> Generator[Block]:
    """Simulate and settle blocks of realizations, here or on a cluster."""
    if cluster is not None:
        memory = capacity.block_memory(plan)
        yield from settled_blocks(plan, spans, cluster, threads=threads, memory=memory)
        return
    use_threads(threads)
    blocks = Blocks(plan)
    # Draws have an engine each, whose making takes longer than its realizations, on one thread.
    yield from each(blocks, spans) if plan.draws else map(blocks, spans)


def _simulate(plan: Plan, unfinished: UnfinishedRun, work: Work, progress: Progress | None) -> None:
    """Simulate and settle what is missing, and write every block as it is finished."""
    if unfinished.finished:
        number = unfinished.finished[0].start
        again = _settled(plan, [range(number, number + 1)], threads=None, cluster=None)
        unfinished.check_same(*next(again))
    spans = unfinished.missing(capacity.block_rows(plan))
    if not spans:
        return
    with closing(work(spans)) as blocks:
        for settlement, experience in blocks:
            unfinished.write(settlement, experience)
            if progress is not None:
                progress(unfinished.count, plan.realizations)


def _in_memory(
    plan: Plan, work: Work, progress: Progress | None
) -> tuple[xr.Dataset, xr.Dataset | None]:
    """Settlement of all realizations, and what an intervention returned in them."""
    capacity.check_memory(capacity.memory_bytes(plan) + capacity.results_bytes(plan))
    rows, done = capacity.block_rows(plan), 0
    found = []
    for settlement, seen in work(pieces(0, plan.realizations, rows)):
        found.append((settlement, program(plan, seen)))
        done += settlement.sizes[REALIZATION]
        if progress is not None:
            progress(done, plan.realizations)
    found.sort(key=lambda block: int(block[0][REALIZATION][0]))
    returned = [block for _, block in found if block is not None]
    return joined([block for block, _ in found]), joined(returned) if returned else None


def _manifest(plan: Plan, unfinished: UnfinishedRun, seconds: float) -> dict[str, Any]:
    engine, why = choose(plan)
    return {
        "name": plan.name,
        "engine": engine,
        "engine_chosen": why,
        "sampling": plan.sampling,
        "random_numbers": streams.SCHEME,
        "seed": plan.seed,
        "seeds": dict(plan.seeds),
        "realizations": plan.realizations,
        **({"parameter_draws": len(plan.draws)} if plan.draws else {}),
        "block": capacity.block_rows(plan),
        "started": unfinished.started,
        **({"resumed": unfinished.resumed} if unfinished.resumed else {}),
        "simulation_seconds": round(seconds, 3),
        "versions": versions(),
        "sha256": {
            files.SCENARIO: text_hash(plan.scenario),
            files.RESULTS: file_hash(unfinished.folder / files.RESULTS),
            **rule_hashes(plan.figures),
        },
        "unverified_figures": len(plan.unverified),
        "warnings": list(plan.warnings),
    }
