"""Freed memory is kept: arrays made anew do not fault their pages in again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from vbsim import allocator

# 200 rounds of four arrays of 1 MB, made, filled and freed: 1,024 pages a round.
_FAULTS = """
import resource, numpy as np
{setting}
def work():
    for _ in range(200):
        [np.ones(1 << 17) for _ in range(4)]
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is not glibc's")
def test_freed_memory_is_not_faulted_in_again() -> None:
    setting = "from vbsim.allocator import keep_freed_memory; assert keep_freed_memory()"
    kept = subprocess.run(
        [sys.executable, "-c", _FAULTS.format(setting=setting)],
        capture_output=True,
        text=True,
        check=True,
    )
    # One round touches 1,024 pages; with the defaults all 200 fault theirs in, 198,400 in all.
    assert int(kept.stdout) < 1_024


def test_another_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not allocator.keep_freed_memory()
