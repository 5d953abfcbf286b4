"""The command line: words to the verbs and back; no arithmetic."""

from __future__ import annotations

import sys

from vbsim.errors import VbsimError


def main() -> None:
    """Run the command line; a wrong input ends with its message and exit code 2."""
    from vbsim.cli.commands import app

    try:
        app(standalone_mode=True)
    except VbsimError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; nothing was written\n")
        sys.exit(1)
