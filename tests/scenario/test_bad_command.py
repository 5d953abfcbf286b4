"""Wrong words on the command line: exit code 2, a message, and nothing written or lost."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.scenario.base import BASE, CommandLine, listing
from vbsim.cli import show
from vbsim.cli.doctor import Finding
from vbsim.simulate import processors


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Folder with a scenario, a run, a folder that is no run, and a file."""
    (tmp_path / "good.yaml").write_text(BASE, encoding="utf-8")
    for folder, file in (("run", "manifest.json"), ("notes", "letter.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text("{}", encoding="utf-8")
    (tmp_path / "file.txt").write_text("mine", encoding="utf-8")
    return tmp_path


COMMANDS = {
    "no thread": ("run good.yaml --threads 0", "Invalid value for '--threads'"),
    "too many threads": (
        "run good.yaml -o new/run --threads 999",
        f"threads: found 999; expected 1 to {processors()}, the processors that this machine has",
    ),
    "negative seed": ("run good.yaml --seed -1", "Invalid value for '--seed'"),
    "seed in words": ("run good.yaml --seed one", "Invalid value for '--seed'"),
    "one realization": ("run good.yaml --realizations 1", "Invalid value for '--realizations'"),
    "too many realizations": (
        "run good.yaml --realizations 5000000000",
        "--realizations: realizations\n  found:    5000000000\n  expected: at most 1,000,000,000",
    ),
    "more than the disk holds": (
        "run good.yaml --realizations 1000000000 -o new/run",
        "GB on disk",
    ),
    "threads of a cluster": (
        "run good.yaml -o new/run --threads 2 --cluster tcp://127.0.0.1:9",
        "threads: found 2 and the cluster tcp://127.0.0.1:9; expected one of them",
    ),
    "unknown engine": ("run good.yaml --engine clams", "Invalid value for '--engine'"),
    "unknown option": ("run good.yaml --relizations 5", "No such option"),
    "unknown verb": ("simulate good.yaml", "No such command 'simulate'"),
    "no scenario": ("run", "Missing argument 'SCENARIO'"),
    "folder that is no run": (
        "run good.yaml -o notes",
        "notes exists and is no run folder; choose another with -o",
    ),
    "file in place of the folder": ("run good.yaml -o file.txt", "file.txt exists and is no run"),
    "below a file": ("run good.yaml -o file.txt/run", "file.txt/run cannot be made in"),
    "this folder": ("run good.yaml -o .", "exists and is no run folder; choose another with -o"),
    "run without overwrite": (
        "run good.yaml -o run",
        "run already holds a run; choose another folder with -o, or give --overwrite",
    ),
    "report of no folder": ("report nowhere", "nowhere is no finished run folder: it needs"),
    "report of a folder": ("report notes", "notes is no finished run folder: it needs"),
    "report of half a run": ("report run", "run is no finished run folder: it needs"),
    "report of a file": ("report file.txt", "file.txt is no finished run folder"),
    "compare no folder": ("compare nowhere", "nowhere is no finished run folder: it needs"),
    "compare a folder": ("compare notes", "notes is no finished run folder: it needs"),
    "new over a file": ("new good", "good.yaml exists; choose another name, or delete it first"),
    "new from nothing": ("new own --from mspp", "no template 'mspp'; did you mean 'mssp'?"),
    "new in no folder": ("new nowhere/own", "the folder nowhere does not exist; make it first"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_message(name: str, vbsim_command: CommandLine, place: Path) -> None:
    words, message = COMMANDS[name]
    before = listing(place)
    code, out, err = vbsim_command(*words.split())
    assert code == 2
    assert message in err
    assert "simulating" not in err
    assert "Traceback" not in err
    assert out == ""
    assert listing(place) == before


def test_what_the_machine_refuses_ends_with_1_and_a_word(
    vbsim_command: CommandLine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "run/results.nc")

    before = listing(place)
    monkeypatch.setattr(import_module("vbsim.blocks"), "engine_of", full)
    code, _, err = vbsim_command("run", "good.yaml", "-o", "other", "--quiet")
    assert code == 1
    assert err == "failed: No space left on device: run/results.nc\n"
    assert listing(place) == before


def test_brackets_in_names_are_no_commands_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show.findings([Finding("[/b] of [red]", True, "[/red] [bold]")])
    assert "[/b] of [red]: [/red] [bold]" in capsys.readouterr().out


def test_a_damaged_run_ends_with_1_and_a_word(vbsim_command: CommandLine, place: Path) -> None:
    (place / "run" / "results.nc").write_bytes(b"no NetCDF")
    for verb in ("report", "compare"):
        code, _, err = vbsim_command(verb, "run")
        assert code == 1
        assert err.startswith("failed: ")
        assert "Traceback" not in err
