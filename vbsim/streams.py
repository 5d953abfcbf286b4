"""Named counter-based random streams.

A draw is a pure function of ``(seed, stream name, realization, year, position)``: nothing is
consumed, so no draw depends on which others were made, in which order, or by how many threads.

The mixing function is the 64-bit finalizer of SplitMix64 (Steele, Lea & Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014, variant 13 of Stafford's mixers). A counter enters as
a multiple of an odd constant, and each level of the counter is mixed before the next is added. The
kernel carries a compiled twin of the same functions; a test holds the two together.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SCHEME = "splitmix64-keyed-2"  # named in the manifest; another name means other numbers
RANDOMIZATIONS = 16  # of a set of Sobol points; realizations belong to them in turn
GAMMA = np.uint64(0x9E3779B97F4A7C15)  # odd, 2**64 / golden ratio
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def key(seed: int, *names: str) -> int:
    """Key of a stream: 64 bits that depend on the seed and on every name."""
    text = "\x1f".join((str(int(seed)), *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix 64 bits so that every input bit moves every output bit."""
    with np.errstate(over="ignore"):
        z = (z ^ (z >> np.uint64(30))) * _M1
        z = (z ^ (z >> np.uint64(27))) * _M2
        return z ^ (z >> np.uint64(31))


def child(
    parent: NDArray[np.uint64] | np.uint64, counter: NDArray[np.int64] | int
) -> NDArray[np.uint64]:
    """Key one level down: the parent's key and a counter, mixed."""
    steps = np.asarray(counter, dtype=np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):
        return mix(np.asarray(parent, dtype=np.uint64) + (steps + np.uint64(1)) * GAMMA)


def uniforms(
    stream: int, realizations: NDArray[np.int64], years: NDArray[np.int64], width: int
) -> NDArray[np.float64]:
    """Uniform numbers in (0, 1) of a stream.

    Parameters
    ----------
    stream
        Key from :func:`key`.
    realizations, years
        Realization numbers, shape (R,), and calendar years, shape (Y,).
    width
        Numbers per realization and year.

    Returns
    -------
    ndarray
        Shape (R, Y, width); 53 random bits each, never 0 or 1.
    """
    by_realization = child(np.uint64(stream), realizations)
    by_year = child(by_realization[:, None], years[None, :])
    bits = child(by_year[:, :, None], np.arange(width)[None, None, :])
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
