"""``python -m vbsim`` is the command ``vbsim``."""

from vbsim.cli import main

main()
