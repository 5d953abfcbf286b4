"""A run that was cut off goes on, to the same bits; what is in its way is said in words."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import vbsim
from tests.conftest import small_scenario
from tests.scenario.base import BASE, CommandLine, listing
from vbsim.errors import CapacityError, RunFolderError
from vbsim.plan import Plan
from vbsim.report import capacity, results_file, unfinished
from vbsim.report.unfinished import JOURNAL, partial_folder, unfinished_run
from vbsim.scenario.resolve import as_yaml
from vbsim.simulate import processors

pytestmark = pytest.mark.usefixtures("one_figure")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stop_after(count: int, error: BaseException | None = None) -> Callable[[int, int], None]:
    """Stop a run, as Ctrl-C does, when so many realizations are finished."""

    def progress(done: int, total: int) -> None:
        if done >= count:
            raise error or KeyboardInterrupt

    return progress


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no figures: they take longer than the simulation."""
    monkeypatch.setattr(import_module("vbsim.run"), "write_report", lambda *_: xr.Dataset())


@pytest.fixture
def blocks_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Choose how many realizations a block has."""
    return lambda rows: monkeypatch.setattr(capacity, "block_rows", lambda plan: rows)


@pytest.fixture
def cut_off(small_plan: Plan, tmp_path: Path, no_report: None, blocks_of: Any) -> Path:
    """Destination of a run that was stopped with 30 of 60 realizations finished."""
    blocks_of(10)
    with pytest.raises(KeyboardInterrupt) as stop:
        vbsim.run(small_plan, tmp_path / "out", progress=stop_after(30))
    assert stop.value.__notes__ == [
        f"30 of 60 realizations are finished and kept in {tmp_path / '.out.partial'}; the same "
        "command with --resume continues, with --overwrite it begins anew"
    ]
    return tmp_path / "out"


@pytest.fixture
def scenario_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(as_yaml(small_scenario()), encoding="utf-8")
    return path


@pytest.mark.parametrize(("threads", "rows"), [(1, 7), (processors(), 60), (None, 1)])
def test_resumed_is_as_if_never_stopped(
    cut_off: Path, small_plan: Plan, blocks_of: Any, threads: int | None, rows: int
) -> None:
    assert not cut_off.exists()
    blocks_of(rows)
    vbsim.run(small_plan, cut_off, threads=threads, resume=True)
    whole = cut_off.with_name("whole")
    vbsim.run(small_plan, whole)
    assert sha256(cut_off / "results.nc") == sha256(whole / "results.nc")
    assert {path.name for path in cut_off.parent.iterdir()} == {"out", "whole"}
    assert not (cut_off / JOURNAL).exists()
    manifest = json.loads((cut_off / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["resumed"]) == 1
    assert "resumed" not in json.loads((whole / "manifest.json").read_text(encoding="utf-8"))


def test_blocks_are_simulated_once(cut_off: Path, small_plan: Plan, blocks_of: Any) -> None:
    blocks_of(10)
    counts: list[int] = []
    with suppress(KeyboardInterrupt):
        progress = stop_after(50)
        vbsim.run(
            small_plan,
            cut_off,
            resume=True,
            progress=lambda done, total: counts.append(done) or progress(done, total),
        )
    vbsim.run(small_plan, cut_off, resume=True, progress=lambda done, _: counts.append(done))
    assert counts == [40, 50, 60]


def test_a_run_stopped_in_its_report_simulates_nothing_more(
    small_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "net_result.png")

    with monkeypatch.context() as during:
        during.setattr(import_module("vbsim.run"), "write_figures", full)
        with pytest.raises(OSError, match="No space left") as stop:
            vbsim.run(small_plan, tmp_path / "out")
    assert "60 of 60 realizations are finished" in stop.value.__notes__[0]
    counts: list[int] = []
    vbsim.run(
        small_plan, tmp_path / "out", resume=True, progress=lambda done, _: counts.append(done)
    )
    assert counts == []
    assert (tmp_path / "out" / "report.html").is_file()


def test_nothing_stays_of_a_run_without_a_finished_block(
    small_plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("vbsim.blocks"), "engine_of", stop)
    with pytest.raises(KeyboardInterrupt) as end:
        vbsim.run(small_plan, tmp_path / "out")
    assert not hasattr(end.value, "__notes__")
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_run_is_neither_lost_nor_mixed(
    cut_off: Path, small_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = listing(cut_off.parent)
    folder = partial_folder(cut_off)
    with pytest.raises(RunFolderError) as refused:
        vbsim.run(small_plan, cut_off)
    assert str(refused.value) == (
        f"{folder} holds an unfinished run to {cut_off}, with 30 of 60 realizations finished; "
        "continue it with --resume, discard it with --overwrite, or choose another folder with -o"
    )
    other = replace(small_plan, seed=8, realizations=100)
    with pytest.raises(RunFolderError) as refused:
        vbsim.run(other, cut_off, resume=True)
    assert str(refused.value) == (
        f"{folder} holds another run, which cannot be continued as this one\n"
        "  seed: 7 there, 8 here\n"
        "  realizations: 60 there, 100 here\n"
        "to do: give what that run was begun with, or begin anew with --overwrite instead of "
        "--resume"
    )
    monkeypatch.setattr(import_module("vbsim.provenance"), "version", lambda name: "9.9")
    with pytest.raises(RunFolderError, match=r"vbsim: [\d.]+ there, 9.9 here\n  libraries: numpy"):
        vbsim.run(small_plan, cut_off, resume=True)
    assert listing(cut_off.parent) == before


def test_overwrite_begins_anew(cut_off: Path, small_plan: Plan) -> None:
    counts: list[int] = []
    vbsim.run(small_plan, cut_off, overwrite=True, progress=lambda done, _: counts.append(done))
    assert counts[0] == 10
    assert {path.name for path in cut_off.parent.iterdir()} == {"out"}


def test_an_overwriting_run_keeps_the_old_one_until_it_is_whole(
    small_plan: Plan, tmp_path: Path, no_report: None, blocks_of: Any
) -> None:
    out, other = tmp_path / "out", replace(small_plan, seed=8)
    vbsim.run(small_plan, out)
    old = sha256(out / "results.nc")
    blocks_of(10)
    with pytest.raises(KeyboardInterrupt):
        vbsim.run(other, out, overwrite=True, progress=stop_after(30))
    assert sha256(out / "results.nc") == old
    with pytest.raises(RunFolderError, match="already holds a run"):
        vbsim.run(other, out, resume=True)
    vbsim.run(other, out, resume=True, overwrite=True)
    assert sha256(out / "results.nc") != old
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_bits_are_refused(cut_off: Path, small_plan: Plan) -> None:
    """A processor that rounds otherwise gives other bits: here one of the first net result."""
    path = partial_folder(cut_off) / "results.nc"
    place = results_file._places(path)["/net_to_provider"]
    content = bytearray(path.read_bytes())
    content[place.offset] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunFolderError) as refused:
        vbsim.run(small_plan, cut_off, resume=True)
    assert "realization 0, simulated anew, differs from what the folder holds" in str(refused.value)
    assert "30 of 60 realizations are finished and kept" in refused.value.__notes__[0]
    assert path.is_file()


def test_a_line_cut_off_in_the_journal_is_not_read(cut_off: Path, small_plan: Plan) -> None:
    journal = partial_folder(cut_off) / JOURNAL
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"finished": [30, 4')
    vbsim.run(small_plan, cut_off, resume=True)
    whole = cut_off.with_name("whole")
    vbsim.run(small_plan, whole)
    assert sha256(cut_off / "results.nc") == sha256(whole / "results.nc")


def test_a_damaged_journal_is_named(cut_off: Path, small_plan: Plan) -> None:
    journal = partial_folder(cut_off) / JOURNAL
    journal.write_text("no JSON\n", encoding="utf-8")
    with pytest.raises(RunFolderError, match=r"journal.jsonl cannot be read .*; delete .*partial"):
        vbsim.run(small_plan, cut_off, resume=True)


def test_results_that_are_gone_are_not_believed(cut_off: Path, small_plan: Plan) -> None:
    (partial_folder(cut_off) / "results.nc").unlink()
    counts: list[int] = []
    vbsim.run(small_plan, cut_off, resume=True, progress=lambda done, _: counts.append(done))
    assert counts[0] == 10


def test_two_runs_do_not_write_to_one_folder(small_plan: Plan, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        pytest.raises(RunFolderError, match=r"another vbsim is writing the run to .*out; wait"),
        unfinished_run(out, small_plan),
    ):
        vbsim.run(small_plan, out)


def test_blocks_in_any_order_are_the_same_file(
    small_plan: Plan, tmp_path: Path, no_report: None, blocks_of: Any
) -> None:
    """A cluster finishes them in no order."""
    from vbsim.settle import settle
    from vbsim.simulate import blocks

    done = [(settle(small_plan, part), part) for part in blocks(small_plan, block=13)]
    with unfinished_run(tmp_path / "mixed", small_plan) as run:
        for number in (3, 1, 4, 0, 2):
            run.write(*done[number])
        assert run.missing(10) == []
    vbsim.run(small_plan, tmp_path / "whole")
    files = [tmp_path / name / "results.nc" for name in ("mixed", "whole")]
    assert sha256(files[0]) == sha256(files[1])


def test_gaps_are_found() -> None:
    run = unfinished.UnfinishedRun(Path(), 100, [{"started": ""}])
    assert run.missing(40) == [range(40), range(40, 80), range(80, 100)]
    run.finished = [range(50, 60), range(10, 20)]
    assert run.missing(30) == [range(10), range(20, 50), range(60, 90), range(90, 100)]
    run.finished = [range(100)]
    assert run.missing(30) == []


def test_a_full_disk_loses_nothing_that_was_finished(
    vbsim_command: CommandLine,
    scenario_file: Path,
    no_report: None,
    blocks_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Full(results_file.FileIO):
        written = 0

        def write(self, data: Any) -> int:
            Full.written += len(data)
            if Full.written > 40_000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    blocks_of(10)
    with monkeypatch.context() as during:
        during.setattr(results_file, "FileIO", Full)
        code, _, err = vbsim_command("run", scenario_file, "-o", "out", "--quiet")
    assert code == 1
    kept = int(err.split("\n")[1].split()[0])
    assert 10 <= kept < 60
    assert err == (
        "failed: No space left on device: .out.partial/results.nc\n"
        f"{kept} of 60 realizations are finished and kept in .out.partial; the same command with "
        "--resume continues, with --overwrite it begins anew\n"
    )
    assert vbsim_command("run", scenario_file, "-o", "out", "--resume", "--quiet").code == 0
    assert vbsim_command("run", scenario_file, "-o", "whole", "--quiet").code == 0
    assert sha256(Path("out/results.nc")) == sha256(Path("whole/results.nc"))


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[str], None]]:
    """Mount 40 MB there; gives a function that mounts them again, with other options."""

    def mount(*words: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", *words, "tmpfs", folder], check=True)

    folder.mkdir()
    try:
        mount("-o", "size=40m")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small disk")
    try:
        yield lambda how: mount("-o", f"remount,{how}")
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_disk_that_is_really_full_or_read_only(tmp_path: Path) -> None:
    """Results of 24 MB on a disk of 40 MB that something else fills up meanwhile."""
    text = BASE.replace("realizations: 20", "realizations: 15000")
    text = text.replace("members: 6000", "members: 300").replace("years: 5850", "years: 292.5")
    (tmp_path / "long.yaml").write_text(text, encoding="utf-8")
    words = [sys.executable, "-m", "vbsim", "run", "long.yaml", "--quiet", "-o"]

    def run(*more: str) -> tuple[int, str]:
        ended = subprocess.run(
            [*words, *more], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return ended.returncode, ended.stderr

    with small_disk(tmp_path / "disk") as mount_again:
        journal = tmp_path / "disk" / ".run.partial" / "journal.jsonl"
        going = subprocess.Popen(
            [*words, "disk/run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        while not (journal.is_file() and "finished" in journal.read_text(encoding="utf-8")):
            assert going.poll() is None, going.communicate()
            time.sleep(0.02)
        filler = os.open(tmp_path / "disk" / "filler", os.O_CREAT | os.O_WRONLY)
        with suppress(OSError):
            while True:
                os.write(filler, bytes(4096))
        _, said = going.communicate()
        assert going.returncode == 1
        assert re.fullmatch(
            r"failed: No space left on device: disk/\.run\.partial/.*\n[\d,]+ of 15,000 "
            r"realizations are finished and kept in disk/\.run\.partial; .*\n",
            said,
        )
        code, said = run("disk/run", "--resume")
        assert code == 2
        assert re.match(
            r"the results need \d+ MB on disk, and 0 MB are free at .*disk; lower", said
        )
        os.close(filler)
        (tmp_path / "disk" / "filler").unlink()
        assert run("disk/run", "--resume") == (0, "")
        assert run("whole") == (0, "")
        assert sha256(tmp_path / "disk/run/results.nc") == sha256(tmp_path / "whole/results.nc")
        mount_again("ro")
        for words_of in (("disk/new",), ("disk/run", "--overwrite")):
            code, said = run(*words_of)
            assert code == 2
            assert re.match(r"disk/\w+ cannot be made in .*disk; choose another folder", said)


def test_the_command_line_says_what_to_do(
    vbsim_command: CommandLine, scenario_file: Path, cut_off: Path
) -> None:
    code, _, err = vbsim_command("run", scenario_file, "-o", cut_off)
    assert code == 2
    assert "with 30 of 60 realizations finished; continue it with --resume" in err
    code, _, err = vbsim_command("run", scenario_file, "-o", cut_off, "--resume", "--seed", "3")
    assert code == 2
    assert "seed: 7 there, 3 here" in err
    assert vbsim_command("run", scenario_file, "-o", "new", "--resume", "--quiet").err == ""


def test_too_little_memory_is_said_before_the_start(
    vbsim_command: CommandLine, scenario_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "free_memory", lambda: 300_000_000)
    before = listing(scenario_file.parent)
    code, _, err = vbsim_command("run", scenario_file, "-o", "out")
    assert code == 2
    assert re.search(r"the run needs 48\d MB of memory, and 300 MB are free; lower real", err)
    assert listing(scenario_file.parent) == before
    with pytest.raises(CapacityError):
        vbsim.run(scenario_file)


def test_check_says_what_grows(vbsim_command: CommandLine, scenario_file: Path) -> None:
    out = vbsim_command("check", scenario_file, "--realizations", "1000000").out
    assert "memory: about 0.6 GB, of which 150 MB grow with the number of realizations" in out
