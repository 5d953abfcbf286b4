"""The command line: words to the verbs and back; no arithmetic."""

from __future__ import annotations

import atexit
import gc
import os
import sys

from vbsim.allocator import keep_freed_memory
from vbsim.errors import VbsimError


def main() -> None:
    """Run the command line; a wrong input ends with its message and exit code 2.

    What the machine refuses (a full disk, a damaged file, too little memory) ends with exit code 1.
    """
    # Importing, reading and drawing make a million objects that stay: looking for garbage among
    # them every 700 took 7 % of the demonstration, and looking once more at the end another 10 %.
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)
    keep_freed_memory()
    # Sums run on one thread anyhow, and a process with one thread can be copied (processes.py).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from vbsim.cli.commands import app

        app(standalone_mode=True)
    except VbsimError as error:
        _say(str(error), error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(1)
    except OSError as error:
        place = "" if error.filename is None else f": {error.filename}"
        _say(f"failed: {error.strerror or error}{place}", error)
        sys.exit(1)
    except MemoryError as error:
        _say("failed: out of memory; close other programs, or lower realizations", error)
        sys.exit(1)


def _say(text: str, error: BaseException) -> None:
    """Print what went wrong, and what is kept of an unfinished run."""
    sys.stderr.write("\n".join([text, *getattr(error, "__notes__", [])]) + "\n")
