"""Blocks on a Dask cluster: the same bits, whatever is lost on the way; strangers are refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import vbsim
from tests.conftest import small_scenario
from tests.scenario.base import BASE, CommandLine, listing
from vbsim import cluster
from vbsim.errors import ClusterError, ParameterError
from vbsim.plan import Plan
from vbsim.report import capacity
from vbsim.scenario.resolve import as_yaml

DASK = "needs the extra scale: pip install 'vbsim[scale]'"
PATIENCE = 120.0  # seconds, for workers that have to compile first


def sha256(folder: Path) -> str:
    return hashlib.sha256((folder / "results.nc").read_bytes()).hexdigest()


@pytest.fixture
def scenario_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(as_yaml(small_scenario()), encoding="utf-8")
    return path


def test_without_dask_the_package_to_install_is_named(
    vbsim_command: CommandLine, scenario_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    before = listing(scenario_file.parent)
    code, _, err = vbsim_command("run", scenario_file, "-o", "out", "--cluster", "local")
    assert code == 2
    assert "--cluster needs the packages dask and distributed" in err
    assert "pip install 'vbsim[scale]'" in err
    assert listing(scenario_file.parent) == before


def test_a_run_on_this_machine_loads_no_dask() -> None:
    code = "import sys, vbsim.run, vbsim.cli.commands; assert 'distributed' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_of_a_cluster_are_not_ours_to_choose(small_plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="found 2 and the cluster tcp://there:1; expected one"):
        vbsim.run(small_plan, tmp_path / "out", threads=2, cluster="tcp://there:1")


@pytest.mark.parametrize("kind", ["nobody", "silent", "other", "no port", "no scheme"])
def test_an_address_without_a_scheduler(
    kind: str, vbsim_command: CommandLine, scenario_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason=DASK)
    monkeypatch.setattr(cluster, "_PATIENCE", 1.0)
    before = listing(scenario_file.parent)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        address = {"no port": "nowhere", "no scheme": "http://x"}.get(kind, address)
        if kind == "nobody":
            server.close()
        if kind == "other":
            threading.Thread(target=_answer_as_a_web_server, args=[server], daemon=True).start()
        start = time.monotonic()
        code, _, err = vbsim_command("run", scenario_file, "-o", "out", "--cluster", address)
    assert code == 2
    assert f"no Dask scheduler at {address} (found: " in err
    assert "start one with 'dask scheduler'" in err
    assert "Traceback" not in err
    assert time.monotonic() - start < 15.0
    assert listing(scenario_file.parent) == before


def _answer_as_a_web_server(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 100)
        connection.recv(1)


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Any]:
    """Start a cluster of two processes, as a user's own."""
    distributed = pytest.importorskip("distributed", reason=DASK)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as found:
        yield found


@pytest.fixture
def whole(small_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Hash of the results on this machine alone; blocks of 5, and no report, from here on."""
    vbsim.run(small_plan, tmp_path / "whole")
    monkeypatch.setattr(capacity, "block_rows", lambda plan: 5)
    monkeypatch.setattr(import_module("vbsim.run"), "write_report", lambda *_: xr.Dataset())
    return sha256(tmp_path / "whole")


def once_half_done(act: Callable[[], object]) -> Callable[[int, int], None]:
    """Act when half of the realizations are finished."""
    acted: list[object] = []

    def progress(done: int, total: int) -> None:
        if done >= total / 2 and not acted:
            acted.append(act())

    return progress


def _stop() -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_the_bits_are_those_of_one_machine(
    two_workers: Any, small_plan: Plan, tmp_path: Path, whole: str
) -> None:
    address = two_workers.scheduler_address
    vbsim.run(small_plan, tmp_path / "out", cluster=address)
    assert sha256(tmp_path / "out") == whole
    alone, spread = vbsim.run(small_plan), vbsim.run(small_plan, cluster=address)
    xr.testing.assert_identical(alone.settlement, spread.settlement)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_made_up_for(
    two_workers: Any, small_plan: Plan, tmp_path: Path, whole: str
) -> None:
    killed = two_workers.workers[0].pid
    vbsim.run(
        small_plan,
        tmp_path / "out",
        cluster=two_workers.scheduler_address,
        progress=once_half_done(lambda: os.kill(killed, signal.SIGKILL)),
    )
    assert sha256(tmp_path / "out") == whole
    assert two_workers.workers[0].pid != killed


@pytest.mark.slow
@pytest.mark.parametrize("first", [True, False])
def test_here_and_there_can_continue_each_other(
    first: bool, two_workers: Any, small_plan: Plan, tmp_path: Path, whole: str
) -> None:
    address = two_workers.scheduler_address
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt) as stop:
        vbsim.run(
            small_plan, out, cluster=address if first else None, progress=once_half_done(_stop)
        )
    assert "of 60 realizations are finished and kept" in stop.value.__notes__[0]
    vbsim.run(small_plan, out, cluster=None if first else address, resume=True)
    assert sha256(out) == whole


def _other_scheme() -> None:
    import vbsim.streams

    vbsim.streams.SCHEME = "another"


def _other_version() -> None:
    from importlib import metadata

    known = metadata.version
    metadata.version = lambda name: "0.0.9" if name == "vbsim" else known(name)


def _not_installed() -> None:
    from importlib import metadata

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    metadata.version = version


def _other_rounding() -> None:
    import vbsim.cluster

    vbsim.cluster._digest = lambda blocks: "other bits"


def _little_memory(dask_worker: Any) -> None:
    dask_worker.memory_manager.memory_limit = 200_000_000


STRANGERS = {
    "scheme": (_other_scheme, r"random_numbers: another there, splitmix64-keyed-\d here"),
    "version": (_other_version, r"vbsim: 0\.0\.9 there, [\d.]+ here\nto do: use the same versions"),
    "none": (_not_installed, r"vbsim: nothing there, [\d.]+ here\n  numpy: nothing there"),
    "rounding": (_other_rounding, "its processor rounds otherwise"),
    "memory": (_little_memory, r"may use 0\.20 GB of memory, and a block needs 0\.4\d GB"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", STRANGERS)
def test_a_worker_that_would_give_other_numbers_is_refused(
    kind: str, scenario_file: Path, vbsim_command: CommandLine
) -> None:
    distributed = pytest.importorskip("distributed", reason=DASK)
    change, words = STRANGERS[kind]
    before = listing(scenario_file.parent)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as mixed,
        distributed.Client(mixed) as client,
    ):
        client.run(change, workers=[next(iter(client.nthreads()))])
        address = mixed.scheduler_address
        code, _, err = vbsim_command("run", scenario_file, "-o", "out", "--cluster", address)
    assert code == 2
    assert re.search(r"worker tcp://[\d.:]+ (would give other numbers|may use)", err)
    assert re.search(words, err)
    assert "Traceback" not in err
    assert listing(scenario_file.parent) == before


@pytest.mark.slow
def test_a_scheduler_without_workers(
    small_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason=DASK)
    monkeypatch.setattr(cluster, "_PATIENCE", 1.0)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as empty,
        pytest.raises(ClusterError, match="has no workers; start some with: dask worker tcp://"),
    ):
        vbsim.run(small_plan, tmp_path / "out", cluster=empty.scheduler_address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_when_all_workers_are_lost_what_is_finished_is_kept(
    small_plan: Plan, tmp_path: Path, whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason=DASK)
    monkeypatch.setattr(cluster, "_LONG", 1.0)
    out = tmp_path / "out"
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as lone,
        pytest.raises(ConnectionError, match="no worker is left at tcp://") as lost,
    ):
        vbsim.run(
            small_plan,
            out,
            cluster=lone.scheduler_address,
            progress=once_half_done(lambda: lone.scale(0)),
        )
    assert "of 60 realizations are finished and kept" in lost.value.__notes__[0]
    vbsim.run(small_plan, out, resume=True)
    assert sha256(out) == whole


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Folder with a scenario that runs for some seconds, in 10 blocks."""
    text = BASE.replace("realizations: 20", "realizations: 20000")
    text = text.replace("members: 6000", "members: 300").replace("years: 5850", "years: 292.5")
    (tmp_path / "long.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vbsim", "run", "long.yaml", "-o", "long", "--quiet", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(what: Callable[[], Any], process: subprocess.Popen[Any]) -> Any:
    give_up = time.monotonic() + PATIENCE
    while not (found := what()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.05)
    return found


def some_finished(place: Path) -> bool:
    journal = place / ".long.partial" / "journal.jsonl"
    return journal.is_file() and "finished" in journal.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_cluster_of_this_machine_survives_a_kill_and_stops_cleanly(place: Path) -> None:
    psutil = pytest.importorskip("psutil", reason=DASK)
    whole = start(place, "--threads", "1")
    assert whole.communicate(timeout=PATIENCE) == ("", "")
    bits = sha256(place / "long")

    run = start(place, "--overwrite", "--cluster", "local", "--threads", "2")
    wait_for(lambda: some_finished(place), run)
    workers = [
        child
        for child in psutil.Process(run.pid).children(recursive=True)
        if "spawn_main" in " ".join(child.cmdline())
    ]
    assert len(workers) == 2
    workers[0].kill()
    _, said = run.communicate(timeout=PATIENCE)
    assert (run.returncode, said) == (0, "")
    assert sha256(place / "long") == bits

    run = start(place, "--overwrite", "--cluster", "local", "--threads", "2")
    wait_for(lambda: some_finished(place), run)
    workers = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    _, said = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1
    assert re.fullmatch(
        r"stopped before the end; [\d,]+ of 20,000 realizations are finished and kept in "
        r".long.partial; the same command with --resume continues, .*\n",
        said,
    )
    assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == []


@pytest.mark.slow
def test_a_lost_scheduler_is_named(place: Path) -> None:
    """The commands are those that README shows."""
    pytest.importorskip("distributed", reason=DASK)
    dask = [sys.executable, "-m", "dask"]
    known, log = place / "scheduler.json", (place / "dask.log").open("w")
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(known)],
        stdout=log,
        stderr=log,
    )
    worker = subprocess.Popen(
        [*dask, "worker", "--scheduler-file", str(known), "--no-dashboard"],
        stdout=log,
        stderr=log,
        cwd=place,
    )
    try:
        wait_for(lambda: known.is_file() and known.stat().st_size, scheduler)
        address = json.loads(known.read_text(encoding="utf-8"))["address"]
        run = start(place, "--cluster", address)
        wait_for(lambda: some_finished(place), run)
        scheduler.kill()
        _, said = run.communicate(timeout=PATIENCE)
    finally:
        for process in (worker, scheduler):
            process.terminate()
            process.wait(PATIENCE)
        log.close()
    assert run.returncode == 1
    assert re.match(rf"failed: .*{re.escape(address)}.*\n[\d,]+ of 20,000 realizations", said), said
    assert "Traceback" not in said
