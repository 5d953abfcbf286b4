from __future__ import annotations

import sys
from pathlib import Path

# The report is tested on the same small run as the figures.
sys.path.insert(0, str(Path(__file__).parents[1] / "plots"))
