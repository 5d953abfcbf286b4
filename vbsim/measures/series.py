"""Every series of a labelled array along its realizations, read piece by piece.

An array may be a file larger than memory. Rows of a file lie together and series do not, so a piece
of rows is read whole and sorted into as many series as a budget allows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from vbsim.measures.precision import FloatArray

_HELD = 2**26  # bytes of series held at once; a single one may need more
_READ = 2**22  # bytes of rows read at once


def each_series(
    array: xr.DataArray, dim: str, last: str | None = None
) -> Iterator[tuple[tuple[int, ...], FloatArray]]:
    """Every series along ``dim``, with its position along the other dimensions.

    Parameters
    ----------
    array
        In memory, or a file that is read lazily.
    dim
        Dimension of the realizations.
    last
        The dimension whose position changes fastest; the array's last by default.

    Yields
    ------
    tuple
        Position along the other dimensions (those of ``array`` in order, ``last`` moved to the
        end), and the values, shape (realizations,).
    """
    rest = [str(name) for name in array.dims if name not in (dim, last)]
    rest += [last] if last is not None else []
    places = list(np.ndindex(*(array.sizes[name] for name in rest)))
    count = max(1, _HELD // (8 * max(1, array.sizes[dim])))
    for first in range(0, len(places), count):
        group = places[first : first + count]
        held = _columns(array, (dim, *rest), first, len(group))
        yield from zip(group, held, strict=True)


def _columns(array: xr.DataArray, order: tuple[str, ...], first: int, count: int) -> FloatArray:
    """``count`` series from number ``first`` on, (count, realizations)."""
    axes = [array.dims.index(name) for name in order]
    length = array.sizes[order[0]]
    held = np.empty((count, length))
    rows = max(1, _READ // (8 * max(1, array.size // max(1, length))))
    for start in range(0, length, rows):
        # A lazily read array is transposed only after it was read: xarray would else gather it
        # element by element.
        piece = array.isel({order[0]: slice(start, start + rows)}).values.transpose(axes)
        held[:, start : start + rows] = piece.reshape(piece.shape[0], -1)[
            :, first : first + count
        ].T
    return held
