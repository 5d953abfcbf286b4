"""Peak memory of a whole run, measuring and figures included, against its realizations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import vbsim
from tests.scenario.base import BASE
from vbsim.report import capacity

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak is read where Linux tells it"
)
# The kernel's own figure: the peak of ``getrusage`` is also that of whoever started the process.
RUN = """
from pathlib import Path
import vbsim
plan = vbsim.resolve(vbsim.load("few.yaml"))
vbsim.run(plan, "out", overwrite=True)
status = Path("/proc/self/status").read_text().split()
print(1024 * int(status[status.index("VmHWM:") + 1]))
"""


def peak(folder: Path, realizations: int) -> tuple[int, int]:
    """Peak of a run in a process of its own, and what was expected [bytes]."""
    text = BASE.replace("realizations: 20", f"realizations: {realizations}")
    text = text.replace("members: 6000", "members: 6").replace("years: 5850", "years: 5.85")
    (folder / "few.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, check=True
    )
    plan = vbsim.resolve(vbsim.load(folder / "few.yaml"))
    return int(done.stdout), capacity.memory_bytes(plan)


@pytest.mark.slow
def test_peak_memory_is_flat_in_realizations(tmp_path: Path) -> None:
    """From 1,000 to 100,000 realizations the results grow from 1.4 MB to 144 MB."""
    peak(tmp_path, 100)  # compiles
    found = {count: peak(tmp_path, count) for count in (1_000, 10_000, 100_000)}
    peaks = [measured for measured, _ in found.values()]
    assert max(peaks) - min(peaks) < 30e6, found
    for measured, expected in found.values():
        assert 0.5 * expected < measured < expected, found
