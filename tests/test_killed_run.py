"""A run that is killed or stopped leaves no folder that looks whole, and goes on where it was."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import vbsim
from tests.scenario.base import BASE
from vbsim.cli.stopping import stoppable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
PATIENCE = 120.0  # seconds, for a machine that has to compile first


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "vbsim", "run", "long.yaml", "-o", "runs/long", *words]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a scenario that runs for some seconds, in 6 blocks."""
    folder = tmp_path_factory.mktemp("killed")
    text = BASE.replace("realizations: 20", "realizations: 12000")
    text = text.replace("members: 6000", "members: 300").replace("years: 5850", "years: 292.5")
    (folder / "long.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> str:
    """Hash of the results of that run when nothing stops it."""
    vbsim.run(place / "long.yaml", place / "whole")
    return sha256(place / "whole" / "results.nc")


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*words),
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def running(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Start that run, and let the test have it when some results are safe."""
    run = start(place)
    journal = place / "runs" / ".long.partial" / "journal.jsonl"
    give_up = time.monotonic() + PATIENCE
    try:
        while not (journal.is_file() and "finished" in journal.read_text(encoding="utf-8")):
            assert run.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < give_up, "the run wrote nothing"
            time.sleep(0.02)
        yield run
    finally:
        run.kill()
        run.communicate()
        shutil.rmtree(place / "runs", ignore_errors=True)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_killed_run_goes_on_to_the_same_bits(
    place: Path, running: subprocess.Popen[str], whole: str
) -> None:
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=PATIENCE)
    assert [path.name for path in (place / "runs").iterdir()] == [".long.partial"]
    assert list((place / "runs").rglob("manifest.json")) == []
    finished: list[int] = []
    out = place / "runs" / "long"
    vbsim.run(place / "long.yaml", out, resume=True, progress=lambda done, _: finished.append(done))
    assert finished[0] > 2000, "the first block was simulated again"
    assert finished[-1] == 12_000
    assert sha256(out / "results.nc") == whole
    for name in ("summary.csv", "scenario.yaml"):
        assert (out / name).read_bytes() == (place / "whole" / name).read_bytes()
    assert [path.name for path in (place / "runs").iterdir()] == ["long"]


def test_a_run_that_is_stopped_can_go_on(place: Path, running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1, said
    assert re.search(
        r"stopped before the end; [\d,]+ of 12,000 realizations are finished and kept in "
        r"runs/.long.partial; the same command with --resume continues, with --overwrite",
        said,
    )
    assert "Traceback" not in said
    assert [path.name for path in (place / "runs").iterdir()] == [".long.partial"]


@pytest.mark.slow
def test_twenty_kills_at_random_moments(place: Path, whole: str) -> None:
    """Kill a live run at a moment drawn uniformly from it, its report included; then resume.

    A run that ended before its moment is no kill and does not count.
    """
    out, moments = place / "runs" / "long", random.Random(20)
    start(place).communicate()  # whatever has to be compiled
    length = duration(place)
    kept: list[int] = []
    for _ in range(60):
        shutil.rmtree(place / "runs")
        run = start(place)
        time.sleep(moments.uniform(0.0, length))
        run.kill()
        run.communicate()
        if run.returncode != -signal.SIGKILL or out.exists():
            continue
        journal = place / "runs" / ".long.partial" / "journal.jsonl"
        kept.append(
            journal.read_text(encoding="utf-8").count("finished") if journal.is_file() else 0
        )
        again = start(place, "--resume", "--quiet")
        _, said = again.communicate()
        assert again.returncode == 0, said
        assert sha256(out / "results.nc") == whole
        assert (out / "summary.csv").read_bytes() == (place / "whole" / "summary.csv").read_bytes()
        assert [path.name for path in (place / "runs").iterdir()] == ["long"]
        if len(kept) == 20:
            break
    assert len(kept) == 20, kept
    assert sum(count > 0 for count in kept) >= 5, kept


def duration(place: Path) -> float:
    """Seconds that the whole run takes, where nothing has to be compiled."""
    shutil.rmtree(place / "runs")
    begun = time.monotonic()
    start(place).communicate()
    return time.monotonic() - begun


def test_an_interrupt_that_python_drops_is_remembered(capsys: pytest.CaptureFixture[str]) -> None:
    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)  # raised here, an interrupt is dropped

    def work() -> None:
        with stoppable() as check_stop:
            check_stop()
            Finalized()
            check_stop()

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(typer.Exit) as end:
        work()
    assert end.value.exit_code == 1
    assert capsys.readouterr().err == "stopped before the end; nothing was written\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_of_code_made_from_text_is_answered_once(tmp_path: Path) -> None:
    """Python would end by the signal, though the command said that it stopped."""
    (tmp_path / "sitecustomize.py").write_text(
        "import signal, sys, vbsim.cli\n"
        "def main():\n"
        "    try:\n"
        "        exec('import signal; signal.raise_signal(signal.SIGINT)')\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(1)\n"
        "vbsim.cli.main = main\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "vbsim"], env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == 1
