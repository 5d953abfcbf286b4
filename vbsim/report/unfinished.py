"""A run in the making: a folder beside its destination that keeps whatever is finished.

The folder ``.NAME.partial`` holds ``results.nc``, into which every block is written at its place,
and ``journal.jsonl``: what run it is, then the realizations whose results are safe on the disk. A
run that is killed, stopped or out of disk leaves it, and ``--resume`` goes on from there. It takes
the name of the run only when it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import xarray as xr

from vbsim.errors import RunFolderError
from vbsim.plan import Plan
from vbsim.provenance import differences, identity
from vbsim.report.results_file import ResultsWriter
from vbsim.report.run_folder import RESULTS, check_destination
from vbsim.vocabulary import REALIZATION

JOURNAL = "journal.jsonl"
_COMMIT_SECONDS = 1.0  # a reboot costs so much work; waiting for the disk costs less than 1 %


def pieces(begin: int, end: int, rows: int) -> list[range]:
    """Numbers from ``begin`` up to ``end`` in parts of at most so many."""
    return [range(start, min(start + rows, end)) for start in range(begin, end, rows)]


def partial_folder(out: Path) -> Path:
    """Where the run to ``out`` is made."""
    return out.with_name(f".{out.name}.partial")


class UnfinishedRun:
    """What is finished of a run, and where more is written.

    Parameters
    ----------
    folder
        The folder that will become the run folder.
    realizations
        How many realizations the run has.
    journal
        Entries of the journal: the first says what run it is.
    """

    def __init__(self, folder: Path, realizations: int, journal: list[dict[str, Any]]) -> None:
        self.folder, self.realizations = folder, realizations
        self.started = str(journal[0]["started"])
        self.resumed = [str(entry["resumed"]) for entry in journal if "resumed" in entry]
        self.finished = _finished(journal)
        self._unsaved: list[range] = []
        self._saved_at = -_COMMIT_SECONDS
        self._results = ResultsWriter(folder / RESULTS, realizations)

    @property
    def count(self) -> int:
        """How many realizations are finished."""
        return sum(map(len, self.finished))

    def missing(self, rows: int) -> list[range]:
        """Realizations still to do, in parts of at most so many."""
        parts = sorted(self.finished, key=lambda part: part.start)
        begins = (0, *(part.stop for part in parts))
        ends = (*(part.start for part in parts), self.realizations)
        gaps = zip(begins, ends, strict=True)
        return [part for begin, end in gaps for part in pieces(begin, end, rows)]

    def write(self, settlement: xr.Dataset, experience: xr.Dataset) -> None:
        """Write a block of results; it is safe a second later at most."""
        self._results.write(settlement, experience)
        start = int(settlement[REALIZATION][0])
        part = range(start, start + settlement.sizes[REALIZATION])
        self.finished.append(part)
        self._unsaved.append(part)
        if time.monotonic() - self._saved_at >= _COMMIT_SECONDS:
            self.save()

    def save(self) -> None:
        """Note what was written since the last time, once it is on the disk."""
        if self._unsaved:
            self._results.sync()
            entries = [{"finished": [part.start, part.stop]} for part in self._unsaved]
            _note(self.folder / JOURNAL, *entries)
            self._unsaved = []
        self._saved_at = time.monotonic()

    def check_same(self, settlement: xr.Dataset, experience: xr.Dataset) -> None:
        """Refuse to go on if a finished block, made anew, has other numbers.

        Raises
        ------
        RunFolderError
            If a bit differs from what the folder holds.
        """
        if not self._results.holds(settlement, experience):
            number = int(settlement[REALIZATION][0])
            raise RunFolderError(
                f"{self.folder}: realization {number:,}, simulated anew, differs from what the "
                "folder holds: this processor rounds otherwise than the one the run began on; "
                "continue it there, or begin anew with --overwrite instead of --resume"
            )

    def close(self) -> None:
        """Close the results file; what could not be saved is not finished."""
        self._results.close()
        self.finished = [part for part in self.finished if part not in self._unsaved]


@contextmanager
def unfinished_run(
    out: Path, plan: Plan, *, resume: bool = False, overwrite: bool = False
) -> Iterator[UnfinishedRun]:
    """Give a folder beside ``out`` that becomes ``out`` when all went well.

    When something goes wrong, the folder stays if anything is finished, and the error carries a
    note that says so.

    Raises
    ------
    RunFolderError
        As :func:`check_unfinished`.
    """
    check_unfinished(out, plan, resume=resume, overwrite=overwrite)
    folder = partial_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / JOURNAL, out):
        run = UnfinishedRun(folder, plan.realizations, _begin(folder, plan, resume))
        try:
            yield run
            run.save()
            run.close()
            _to_disk(folder)
        except BaseException as error:
            _keep(run, error)
            raise
    _put_in_place(folder, out)


@contextmanager
def whole_folder(out: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a folder beside ``out`` that becomes ``out`` when all went well, and else vanishes.

    For a run that is short enough to be made anew.

    Raises
    ------
    RunFolderError
        As :func:`check_unfinished`.
    """
    check_unfinished(out, None, resume=False, overwrite=overwrite)
    folder = partial_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / JOURNAL, out):
        try:
            _clear(folder)
            yield folder
            _to_disk(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    _put_in_place(folder, out)


def _put_in_place(folder: Path, out: Path) -> None:
    """Give a whole folder its name; what had the name before goes when the new one is there."""
    old = out.with_name(f".{out.name}.old")
    if out.exists():
        out.rename(old)
    folder.rename(out)
    (out / JOURNAL).unlink()
    if old.exists():
        shutil.rmtree(old)


def check_unfinished(out: Path, plan: Plan | None, *, resume: bool, overwrite: bool) -> None:
    """Refuse a run that would lose an unfinished one, or continue another one.

    Raises
    ------
    RunFolderError
        If ``out`` is in the way; if an unfinished run to ``out`` is there and neither ``resume``
        nor ``overwrite`` says what to do with it, if it is another run, or if it is being written.
    """
    check_destination(out, overwrite)
    folder = partial_folder(out)
    journal = _read(folder)
    if not _finished(journal):
        return
    with _locked(folder / JOURNAL, out):
        pass
    count = sum(map(len, _finished(journal)))
    if resume and plan is not None:
        others = differences(journal[0]["identity"], identity(plan))
        if others:
            raise RunFolderError(
                f"{folder} holds another run, which cannot be continued as this one\n  "
                + "\n  ".join(others)
                + "\nto do: give what that run was begun with, or begin anew with --overwrite "
                "instead of --resume"
            )
    elif not overwrite:
        raise RunFolderError(
            f"{folder} holds an unfinished run to {out}, with {count:,} of "
            f"{journal[0]['identity']['realizations']} realizations finished; continue it with "
            "--resume, discard it with --overwrite, or choose another folder with -o"
        )


def can_be_resumed(out: Path) -> bool:
    """Whether an unfinished run to ``out`` is there."""
    return bool(_finished(_read(partial_folder(out))))


def _begin(folder: Path, plan: Plan, resume: bool) -> list[dict[str, Any]]:
    """Open the journal of a folder: of the run it holds, or of a new one."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    journal = _read(folder) if resume else []
    path = folder / JOURNAL
    if _finished(journal):
        # What follows the last whole line was cut off while it was written.
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
        _note(path, {"resumed": now})
        return [*journal, {"resumed": now}]
    _clear(folder)
    _note(path, head := {"identity": identity(plan), "started": now})
    return [head]


def _clear(folder: Path) -> None:
    """Empty a folder, but for an empty journal."""
    for found in folder.iterdir():
        if found.name != JOURNAL:
            shutil.rmtree(found) if found.is_dir() else found.unlink()
    os.truncate(folder / JOURNAL, 0)


def _read(folder: Path) -> list[dict[str, Any]]:
    """Entries of a journal; none without results, of which it would tell nothing."""
    path = folder / JOURNAL
    if not path.is_file() or not (folder / RESULTS).is_file():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        journal: list[dict[str, Any]] = [json.loads(line) for line in lines]
    except ValueError as error:
        raise RunFolderError(
            f"{path} cannot be read ({error}); delete {folder} to begin anew"
        ) from None
    return journal


def _finished(journal: list[dict[str, Any]]) -> list[range]:
    return [range(*entry["finished"]) for entry in journal if "finished" in entry]


def _note(path: Path, *entries: Mapping[str, Any]) -> None:
    """Add lines to a journal, and wait until they are on the disk."""
    text = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
    with FileIO(path, "a") as file:
        file.write(text)
        os.fsync(file.fileno())


@contextmanager
def _locked(journal: Path, out: Path) -> Iterator[None]:
    """Hold a journal, so that no second run writes to the same folder."""
    with FileIO(journal, "a") as file:
        try:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunFolderError(
                f"another vbsim is writing the run to {out}; wait for it, or choose another folder "
                "with -o"
            ) from None
        except (ImportError, OSError):
            pass  # a platform or a disk without locks
        yield


def _to_disk(folder: Path) -> None:
    """Wait until all files of a folder are on the disk, so that a reboot leaves none half full."""
    for path in filter(Path.is_file, folder.rglob("*")):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _keep(run: UnfinishedRun, error: BaseException) -> None:
    """Keep what is finished and say so; leave nothing where nothing is."""
    with suppress(OSError):
        run.save()
    run.close()
    if run.count == 0:
        shutil.rmtree(run.folder, ignore_errors=True)
        return
    error.add_note(
        f"{run.count:,} of {run.realizations:,} realizations are finished and kept in "
        f"{run.folder}; the same command with --resume continues, with --overwrite it begins anew"
    )
