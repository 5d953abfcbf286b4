"""Blocks of a run on a Dask cluster, the scheduler and the workers being Dask's own.

A task is a range of realization numbers, so a worker that is lost costs only what it had in hand:
Dask gives its tasks to another. Workers simulate with the code and the libraries that they have, so
each is asked first: it must be the same program, and its first realization the same to the last
bit.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import pickle
import signal
import threading
import warnings
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from typing import Any

from vbsim.blocks import Block, Blocks
from vbsim.errors import ClusterError
from vbsim.plan import Plan
from vbsim.provenance import LIBRARIES, differences, program
from vbsim.simulate import processors, use_threads

LOCAL = "local"
_PATIENCE = 10.0  # seconds for a scheduler to answer, and for a first worker to come
_LONG = 30.0  # seconds for a block to be finished, or else for a lost worker to come back
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
        first = _digest(Blocks(plan))
        work = Work(pickle.dumps(plan), tuple(program().items()), first)
        _check_numbers(client, work)
        with _losses_named(address):
            yield from _gathered(client, work, iter(spans), address)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs to know to take part.

    Parameters
    ----------
    plan
        The Plan, pickled.
    program
        What program it must be.
    first
        Hash of the results that the first realization must have.
    """

    plan: bytes
    program: tuple[tuple[str, str], ...]
    first: str


def _gathered(client: Any, work: Work, spans: Iterator[range], address: str) -> Iterator[Block]:
    """Blocks as they are finished; two for each worker are under way, the others wait here."""
    pending: set[Any] = set()
    while True:
        room = 2 * max(1, len(client.nthreads())) - len(pending)
        for span in islice(spans, max(0, room)):
            pending.add(client.submit(_block, work, span, pure=False, retries=_RETRIES))
        if not pending:
            return
        done = _some_done(pending)
        for future in done:
            pending.remove(future)
            yield _result(future, client, address)
        if not done and not client.nthreads():
            raise ConnectionError(f"no worker is left at {address}")


def _result(future: Any, client: Any, address: str) -> Block:
    """Fetch a block that is done; the worker that has it may be lost before it is here.

    Dask then has it made again by another worker, or waits without end for one.
    """
    for _ in range(_RETRIES):
        try:
            found: Block = future.result(timeout=_LONG)
        except TimeoutError:
            if not client.nthreads():
                raise ConnectionError(f"no worker is left at {address}") from None
        else:
            return found
    raise ConnectionError(f"workers at {address} do not give what they finished")


def _some_done(futures: Collection[Any]) -> Collection[Any]:
    """Futures that are done, as soon as there are any; none if that takes too long."""
    from distributed import wait

    try:
        return wait(list(futures), timeout=_LONG, return_when="FIRST_COMPLETED").done
    except TimeoutError:
        return ()


@contextmanager
def _client(address: str, threads: int | None) -> Iterator[Any]:
    """Client of a cluster."""
    try:
        from distributed import Client, LocalCluster
        from distributed.utils import silence_logging_cmgr
    except ImportError:
        raise ClusterError(
            "--cluster needs the packages dask and distributed; install them with: "
            "pip install 'vbsim[scale]'"
        ) from None
    if address != LOCAL:
        _check_address(address)
        # What Dask says of versions and of a lost connection is told in a sentence of ours.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = Client(address, timeout=_PATIENCE)
        with silence_logging_cmgr(logging.CRITICAL), client:
            yield client
        return
    count = threads or processors()
    cluster = LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",  # any free port: no warning if 8787 is taken
        silence_logs=logging.CRITICAL,
        preload=[__name__],
    )
    with cluster, Client(cluster) as client:
        yield client


def _check_address(address: str) -> None:
    """Refuse an address at which no scheduler answers in time.

    Dask's client waits without end for a server that accepts a connection and says nothing, and
    takes what another kind of server says for the length of a message.
    """
    from distributed import rpc

    async def ask() -> str:
        async with rpc(address, timeout=_PATIENCE) as server:
            return str((await server.identity())["type"])

    try:
        with ThreadPoolExecutor(1) as aside:  # a notebook has a loop of its own in this thread
            found = aside.submit(lambda: asyncio.run(asyncio.wait_for(ask(), _PATIENCE))).result()
    except OSError:  # also when the time is over
        found = f"nothing within {_PATIENCE:g} s"
    except ValueError as error:
        found = str(error)
    except Exception as error:
        found = f"another kind of server, {type(error).__name__}"
    if found != "Scheduler":
        raise ClusterError(
            f"no Dask scheduler at {address} (found: {found}); start one with 'dask scheduler' and "
            "give the address that it prints, as tcp://HOST:8786, or give --cluster local"
        )


def _check_workers(client: Any, address: str, memory: int) -> None:
    """Refuse a cluster without workers, and workers of another version or too small."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise ClusterError(
            f"the scheduler at {address} has no workers; start some with: dask worker {address}"
        ) from None
    names = ("vbsim", *LIBRARIES)

    def examine(dask_worker: Any) -> tuple[dict[str, str], int]:
        """Sent to workers as code, not by name, so that one without vbsim can answer as well."""
        from importlib.metadata import PackageNotFoundError, version

        found = {}
        for name in names:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "nothing"
        return found, dask_worker.memory_manager.memory_limit or memory

    here = {name: version(name) for name in names}
    for worker, (there, limit) in client.run(examine).items():
        _refuse_others(worker, differences(there, here))
        if limit < memory:
            raise ClusterError(
                f"worker {worker} may use {limit / 1e9:,.2f} GB of memory, and a block needs "
                f"{memory / 1e9:,.2f} GB; start it with a higher --memory-limit"
            )


def _check_numbers(client: Any, work: Work) -> None:
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
            + "\nto do: use the same versions there as here, on like processors"
        )


@contextmanager
def _losses_named(address: str) -> Iterator[None]:
    """Turn what Dask says when a cluster is lost into words."""
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


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the run: Dask calls this when a worker of a local cluster starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answer(work: Work) -> None:
    """Say nothing where all is well."""
    _take_part(work)


def _block(work: Work, span: range) -> Block:
    """Simulate and settle a block."""
    blocks = _take_part(work)
    with _one_at_a_time:
        _use_own_threads()
        return blocks(span)


def _take_part(work: Work) -> Blocks:
    """Prepare this worker, or refuse: a worker may come when the run is under way."""
    with _one_at_a_time:
        _use_own_threads()
        return _prepared(work)


@lru_cache(maxsize=1)
def _prepared(work: Work) -> Blocks:
    from distributed import get_worker

    worker = get_worker()
    _refuse_others(worker.address, differences(program(), dict(work.program)))
    blocks = Blocks(pickle.loads(work.plan))
    if _digest(blocks) != work.first:
        rounding = "first realization: other bits there than here; its processor rounds otherwise"
        _refuse_others(worker.address, [rounding])
    return blocks


def _use_own_threads() -> None:
    from distributed import get_worker

    use_threads(min(get_worker().state.nthreads, processors()))


def _digest(blocks: Blocks) -> str:
    """Hash of the results of the first realization."""
    found = hashlib.sha256()
    for dataset in blocks(range(1)):
        for name in dataset.data_vars:
            found.update(dataset[name].values.tobytes())
    return found.hexdigest()
