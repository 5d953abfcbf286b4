"""Where test sessions keep compiled kernels."""

from __future__ import annotations

import hashlib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def kernel_cache() -> str:
    """Folder of this state of the kernels, for all sessions and the processes that they start.

    A cached kernel does not notice what changed in another file; kernels import from nowhere else.
    """
    kernels = sorted((REPOSITORY / "vbsim" / "kernels").glob("*.py"))
    state = hashlib.sha256(b"".join(path.read_bytes() for path in kernels)).hexdigest()
    return str(REPOSITORY / ".pytest_cache" / f"numba-{state[:16]}")
