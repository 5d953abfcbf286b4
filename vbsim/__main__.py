"""``python -m vbsim`` is the command ``vbsim``."""

from vbsim.cli import main

try:
    main()
finally:
    # Python remembers an interrupt that fell into code made from text, as a dataclass is, though it
    # was answered, and would end as if it had not been. Other such code makes it forget.
    exec("")
