"""Blocks of a run on a Dask cluster, the scheduler and the workers being Dask's own.

A task is a range of realization numbers, so a worker that is lost costs only what it had in hand:
Dask gives its tasks to another. Workers simulate with the code and the libraries that they have, so
each is asked first: it must be the same program, and its first realization the same to the last
bit.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import xarray as xr

from vbsim.errors import ClusterError
from vbsim.plan import Plan
from vbsim.provenance import LIBRARIES, differences, program
from vbsim.settle import settle
from vbsim.simulate import Engine, engine_of, processors, use_threads

LOCAL = "local"
Block = tuple[xr.Dataset, xr.Dataset]
_PATIENCE = 20.0  # seconds for a scheduler to answer, and for a first worker to come
_RETRIES = 3
_one_at_a_time = threading.Lock()  # a block uses all threads of its worker


def settled_blocks(
    plan: Plan, spans: Sequence[range], address: str, *, threads: int | None, memory: int
) -> Iterator[Block]:
    """Simulate and settle blocks on a cluster.

    Parameters
    ----------
    plan
        From :func:`vbsim.resolve`.
    spans
        Realization numbers of each block.
    address
        Of a Dask scheduler, or ``local`` for a cluster of this machine, closed at the end.
    threads
        Threads of a local cluster; all processors by default.
    memory
        What a worker needs [bytes].

    Yields
    ------
    tuple of Dataset
        Settlement and Experience of a block, in the order in which they are finished.

    Raises
    ------
    ClusterError
        Before anything is simulated: if the cluster cannot be reached, or a worker would give other
        numbers.
    ConnectionError
        If the cluster is lost.
    """
    with _client(address, threads) as client:
        _check_workers(client, address, memory)
        work = _Work(pickle.dumps(plan), program(), _digest(plan, engine_of(plan)))
        _check_numbers(client, work)
        with _losses_named(address):
            yield from _gathered(client, work, iter(spans), address)


class _Work:
    """What a worker needs to know to take part: the plan, and what its numbers must be."""

    def __init__(self, plan: bytes, program: dict[str, str], digest: str) -> None:
        self.plan, self.program, self.digest = plan, program, digest


def _gathered(client: Any, work: _Work, spans: Iterator[range], address: str) -> Iterator[Block]:
    """Blocks as they are finished; two for each worker are under way, the others wait here."""
    pending: set[Any] = set()
    while True:
        room = 2 * max(1, len(client.nthreads())) - len(pending)
        for span in islice(spans, max(0, room)):
            pending.add(client.submit(_block, work, span, pure=False, retries=_RETRIES))
        if not pending:
            return
        for future in _some_done(pending):
            pending.remove(future)
            yield future.result()
        if not client.nthreads():
            raise ConnectionError(f"no worker is left at {address}")


def _some_done(futures: Collection[Any]) -> Collection[Any]:
    """Futures that are done, as soon as there are any; none if that takes too long."""
    from distributed import wait

    try:
        return wait(list(futures), timeout=_PATIENCE, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return ()


@contextmanager
def _client(address: str, threads: int | None) -> Iterator[Any]:
    """Client of a cluster."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ClusterError(
            "--cluster needs the packages dask and distributed; install them with: "
            "pip install 'vbsim[scale]'"
        ) from None
    if address == LOCAL:
        count = threads or processors()
        quiet = {"silence_logs": logging.CRITICAL, "dashboard_address": None}
        with (
            LocalCluster(n_workers=count, threads_per_worker=1, processes=True, **quiet) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({error}); start one with 'dask scheduler' "
            "and give the address that it prints, as tcp://HOST:8786, or give --cluster local"
        ) from None
    with client:
        yield client


def _check_workers(client: Any, address: str, memory: int) -> None:
    """Refuse a cluster without workers, and workers of another version or too small."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise ClusterError(
            f"the scheduler at {address} has no workers; start some with: dask worker {address}"
        ) from None
    names = ("vbsim", *LIBRARIES)
    versions = client.get_versions(packages=list(names))
    here = {name: str(versions["client"]["packages"][name]) for name in names}
    for worker, found in versions["workers"].items():
        there = {name: str(found["packages"].get(name)) for name in names}
        _refuse_others(worker, differences(there, here))
    for worker, found in client.scheduler_info()["workers"].items():
        limit = found["memory_limit"]
        if limit and limit < memory:
            raise ClusterError(
                f"worker {worker} may use {limit / 1e9:,.1f} GB of memory, and a block needs "
                f"{memory / 1e9:,.1f} GB; start it with a higher --memory-limit"
            )


def _check_numbers(client: Any, work: _Work) -> None:
    """Have every worker simulate the first realization, and refuse one that finds another."""
    asked = {
        client.submit(_answer, work, workers=[worker], pure=False): worker
        for worker in client.nthreads()
    }
    while asked:
        for future in _some_done(asked):
            worker, error = asked.pop(future), future.exception()
            if isinstance(error, ClusterError):
                raise error
            if error is not None:
                raise ClusterError(f"worker {worker} cannot run this program: {error!r}")
        lost = set(asked.values()) - set(client.nthreads())
        if lost:
            raise ClusterError(f"worker {lost.pop()} was lost when it simulated one realization")


def _refuse_others(worker: str, found: list[str]) -> None:
    if found:
        raise ClusterError(
            f"worker {worker} would give other numbers\n  "
            + "\n  ".join(found)
            + "\nto do: install the same versions there as here, and start the worker anew"
        )


@contextmanager
def _losses_named(address: str) -> Iterator[None]:
    """Turn what Dask says when a cluster is lost into words."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        yield
    except CancelledError:
        raise ConnectionError(f"the connection to the scheduler at {address} was lost") from None
    except KilledWorker as error:
        raise ConnectionError(
            f"workers at {address} died over the same block, as they do when memory is short "
            f"({error})"
        ) from None


# What runs on a worker.


def _answer(work: _Work) -> None:
    """Say nothing where all is well."""
    _take_part(work)


def _block(work: _Work, span: range) -> Block:
    """Simulate and settle a block."""
    plan, engine = _take_part(work)
    with _one_at_a_time:
        _use_own_threads()
        return _settled(plan, engine, span)


def _take_part(work: _Work) -> tuple[Plan, Engine]:
    """Prepare this worker, or refuse: a worker may come when the run is under way."""
    with _one_at_a_time:
        _use_own_threads()
        return _prepared(work.plan, tuple(work.program.items()), work.digest)


@lru_cache(maxsize=1)
def _prepared(text: bytes, there: tuple[tuple[str, str], ...], digest: str) -> tuple[Plan, Engine]:
    from distributed import get_worker

    _refuse_others(get_worker().address, differences(program(), dict(there)))
    plan: Plan = pickle.loads(text)
    engine = engine_of(plan)
    if _digest(plan, engine) != digest:
        _refuse_others(
            get_worker().address,
            ["first realization: other bits there than here, so its processor rounds otherwise"],
        )
    return plan, engine


def _use_own_threads() -> None:
    from distributed import get_worker

    use_threads(min(get_worker().state.nthreads, processors()))


def _digest(plan: Plan, engine: Engine) -> str:
    """Hash of the results of the first realization."""
    found = hashlib.sha256()
    for dataset in _settled(plan, engine, range(1)):
        for name in dataset.data_vars:
            found.update(dataset[name].values.tobytes())
    return found.hexdigest()


def _settled(plan: Plan, engine: Engine, span: range) -> Block:
    experience = engine.block(np.arange(span.start, span.stop))
    return settle(plan, experience), experience
