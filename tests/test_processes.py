"""Processes beside the command: the same results in the same order, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scenario.base import BASE
from vbsim import processes
from vbsim.errors import ParameterError

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="processes are copied on Linux alone"
)
PATIENCE = 120.0  # seconds, for a machine that has to compile first
# In a process of its own, which has one thread. Items are ready at once but for the sleeping ones.
HEAD = """
import os, signal, sys, time
from functools import partial
from vbsim import processes
from vbsim.errors import Problem, ScenarioError
here = os.getpid()
def square(item):
    time.sleep(0.05 if item % 5 == 0 else 0.0)
    return item**2, os.getpid() == here
def prepare():
    pass
"""
IN_ORDER = """
assert processes.count_beside() == 0
with processes.beside(2, prepare):
    assert processes.count_beside() == 2
    for together in (1, 3, 50):
        found = list(processes.each(square, range(40), together))
        assert found == [(item**2, False) for item in range(40)], found
    assert list(processes.each(square, [])) == []
assert processes.count_beside() == 0
assert list(processes.each(square, range(40))) == [(item**2, True) for item in range(40)]
"""
ERROR = """
def fail(item):
    if item == 3:
        raise ScenarioError([Problem("a.yaml", 7, "seed", "-1", "a number", "write one")])
    return item
found = []
with processes.beside(2, prepare):
    try:
        for item in processes.each(fail, range(40)):
            found.append(item)
    except ScenarioError as error:
        print(error)
    assert next(processes.each(square, [6])) == (36, False)
assert found == [0, 1, 2], found
"""
KILLED = """
def frail(large, item):
    if item == 21 and os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return item
with processes.beside(2, prepare):
    for again in range(2):
        large = partial(frail, bytes(30_000_000))
        assert list(processes.each(large, range(40), 2)) == list(range(40))
"""
FEW_AT_A_TIME = """
def told(item):
    os.write(1, b"%d " % item)
with processes.beside(2, prepare):
    results = processes.each(told, range(40))
    next(results)
    time.sleep(0.5)
"""
REFUSED = """
fork, forks = os.fork, []
def few():
    forks.append(1)
    if len(forks) > 1:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()
os.fork = few
with processes.beside(2, prepare):
    assert (processes.count_beside(), len(forks)) == (0, 2)
    assert list(processes.each(square, range(3))) == [(0, True), (1, True), (4, True)]
"""
ORPHAN = """
if (copy := os.fork()) == 0:
    processes._born(here + 1, prepare)  # its command was killed before it could ask to die with it
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 1
"""
THREADS = """
import threading
stop = threading.Event()
threading.Thread(target=stop.wait).start()
with processes.beside(2, prepare):
    assert processes.count_beside() == 0
    assert list(processes.each(square, range(3))) == [(0, True), (1, True), (4, True)]
stop.set()
"""


def alone(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", HEAD + code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    "code",
    [IN_ORDER, KILLED, REFUSED, ORPHAN, THREADS],
    ids=["order", "killed", "refused", "orphan", "threads"],
)
def test_results_do_not_depend_on_the_processes(code: str) -> None:
    done = alone(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_raised_where_its_result_would_be() -> None:
    done = alone(ERROR)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "1 problem in the scenario",
        "a.yaml:7: seed",
        "  found:    -1",
        "  expected: a number",
        "  to do:    write one",
    ]


def test_what_is_done_ahead_is_bounded() -> None:
    """Four results at most are under way or wait, and one more takes the place of the first."""
    done = alone(FEW_AT_A_TIME)
    assert done.returncode == 0, done.stderr
    assert sorted(map(int, done.stdout.split())) == [0, 1, 2, 3]


def test_without_processes_everything_is_done_here() -> None:
    def refuse(item: int) -> int:
        raise ParameterError(f"item {item}")

    assert list(processes.each(str, range(3))) == ["0", "1", "2"]
    with pytest.raises(ParameterError, match="item 5"):
        next(processes.each(refuse, [5]))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Folder with a scenario of 3 draws, which takes some seconds to resolve."""
    text = BASE.replace("realizations: 20", "realizations: 60")
    text = text.replace("elasticity: 1.0", "utilization: {normal: {mean: 262, sd: 10}}")
    text = text.replace("trend_sd: 0.02", "inner_realizations: 20")
    (tmp_path / "draws.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "vbsim", "run", "draws.yaml", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_a_run_is_the_same_on_one_processor_and_on_all(place: Path) -> None:
    for name, words in (("all", []), ("one", ["--threads", "1"])):
        run = start(place, "-o", name, "--quiet", *words)
        assert (run.communicate(timeout=PATIENCE)[1], run.returncode) == ("", 0)
    one, every = place / "one", place / "all"
    for name in ("results.nc", "summary.csv", "scenario.yaml"):
        assert (one / name).read_bytes() == (every / name).read_bytes(), name
    drawn = sorted(path.name for path in (one / "figures").iterdir())
    assert drawn == sorted(path.name for path in (every / "figures").iterdir())
    for name in drawn:
        assert (one / "figures" / name).read_bytes() == (every / "figures" / name).read_bytes()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process(place: Path, how: signal.Signals) -> None:
    """An interrupt goes to all of them, as a terminal sends it; a kill to the command alone."""
    run, copies = start(place, "-o", "out"), list[int]()
    give_up = time.monotonic() + PATIENCE
    while len(copies) < 2:
        assert run.poll() is None, "the run ended before it could be ended"
        assert time.monotonic() < give_up, "no process was started"
        time.sleep(0.02)
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
        copies = [int(pid) for pid in children.read_text().split()]
    if how == signal.SIGINT:
        os.killpg(run.pid, how)
    else:
        run.kill()
    _, said = run.communicate(timeout=PATIENCE)  # which ends when all of them have closed it
    assert "Traceback" not in said
    if how == signal.SIGINT:
        assert run.returncode == 1, said
        assert "stopped before the end; nothing was written" in said
    while any(Path(f"/proc/{pid}").exists() for pid in copies):
        assert time.monotonic() < give_up, "a process is left"
        time.sleep(0.02)
