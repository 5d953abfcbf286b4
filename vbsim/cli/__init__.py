"""The command line: words to the verbs and back; no arithmetic."""

from __future__ import annotations

import sys

from vbsim.errors import VbsimError


def main() -> None:
    """Run the command line; a wrong input ends with its message and exit code 2.

    What the machine refuses (a full disk, a damaged file, too little memory) ends with exit code 1.
    """
    try:
        from vbsim.cli.commands import app

        app(standalone_mode=True)
    except VbsimError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(1)
    except OSError as error:
        place = "" if error.filename is None else f": {error.filename}"
        sys.stderr.write(f"failed: {error.strerror or error}{place}\n")
        sys.exit(1)
    except MemoryError:
        sys.stderr.write("failed: out of memory; close other programs, or lower realizations\n")
        sys.exit(1)
