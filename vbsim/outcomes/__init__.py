"""Known outcomes, no randomness: published results settled by the rules, to the dollar."""

from vbsim.outcomes.outcome import COLUMNS, Outcome, Tally, check_destination, write
from vbsim.outcomes.private import settle_private
from vbsim.outcomes.program import PROGRAMS, settle_file

__all__ = [
    "COLUMNS",
    "PROGRAMS",
    "Outcome",
    "Tally",
    "check_destination",
    "settle_file",
    "settle_private",
    "write",
]
