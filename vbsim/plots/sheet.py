"""A figure on a canvas of its own, which shows itself in a notebook."""

from __future__ import annotations

from io import BytesIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DOTS_PER_INCH = 120


class Sheet(Figure):
    """A white figure that belongs to no window and no list of open figures."""

    def __init__(self) -> None:
        super().__init__(facecolor="white")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        """Picture that a notebook shows."""
        held = BytesIO()
        self.savefig(held, dpi=DOTS_PER_INCH)
        return held.getvalue()
