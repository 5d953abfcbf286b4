"""Freed memory stays with the process: the next block would only have to fault it in again."""

from __future__ import annotations

import ctypes
import platform

# Numbers of glibc's malloc.h, and what is set: arrays up to 32 MB, the most that glibc takes from
# its heap, come from there, and the heap keeps up to 1 GB that is free.
_TRIM_THRESHOLD, _KEPT = -1, 1 << 30
_MMAP_THRESHOLD, _LARGEST = -3, 1 << 25


def keep_freed_memory() -> bool:
    """Tell glibc's allocator; whether it was told.

    Settling makes and frees arrays of some 100 kB by the thousand. With glibc's defaults what is
    freed may go back to the system after every one, and a third of settling was page faults (ACO
    REACH, 10,000 realizations of five years: 6,200 faults and 760 ns before, none and 450 ns
    after). For programs that own their process: the setting holds for all of it.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT)) and bool(mallopt(_MMAP_THRESHOLD, _LARGEST))
