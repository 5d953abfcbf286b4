"""A run that is killed or stopped never leaves a folder that looks whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tests.scenario.base import changed
from vbsim.cli.stopping import stoppable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
PATIENCE = 120.0  # seconds, for a machine that has to compile first


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "vbsim", "run", "long.yaml", "-o", "runs/long", *words]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Folder with a scenario that would run for a minute."""
    text = changed("realizations: 20", "realizations: 30000")
    (tmp_path / "long.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def running(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Start that run, and let the test have it when a block of results has been written."""
    run = subprocess.Popen(
        command(),
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    results = place / "runs" / ".long.partial" / "results.nc"
    try:
        first = written(results, run, 0)
        written(results, run, first)
        yield run
    finally:
        run.kill()
        run.communicate()


def written(results: Path, run: subprocess.Popen[str], last: int) -> int:
    """Wait until the file has been written to after a time [ns], and return when."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        assert run.poll() is None, "the run ended before it could be killed"
        if results.exists() and results.stat().st_mtime_ns > last:
            return results.stat().st_mtime_ns
        time.sleep(0.05)
    raise AssertionError("the run wrote nothing")


def test_a_killed_run_leaves_nothing_that_looks_whole(
    place: Path, running: subprocess.Popen[str]
) -> None:
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=PATIENCE)
    assert [path.name for path in (place / "runs").iterdir()] == [".long.partial"]
    assert list(place.rglob("manifest.json")) == []
    again = subprocess.run(
        command("--realizations", "20", "--quiet"),
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert [path.name for path in (place / "runs").iterdir()] == ["long"]
    assert (place / "runs" / "long" / "manifest.json").is_file()


def test_a_run_that_is_stopped_clears_up(place: Path, running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1, said
    assert "stopped before the end; nothing was written" in said
    assert "Traceback" not in said
    assert [path for path in place.rglob("*") if path.is_file()] == [place / "long.yaml"]
    assert list((place / "runs").iterdir()) == []


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
