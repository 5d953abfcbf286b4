"""Groups of a portfolio's entities: all of them, those of a size, those of the same terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from vbsim.plan import BoolArray
from vbsim.vocabulary import CONTRACT, ENTITY

ALL = "all"
SIZE, TERMS = "size", "terms"
# Bands of assigned members in which the published results are usually told.
_BANDS = (5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000)


@dataclass(frozen=True)
class Group:
    """Some of the entities.

    Parameters
    ----------
    key, label
        Name in files; words.
    kind
        What they share: ``all``, ``size`` or ``terms``.
    inside
        Which contract of which entity belongs to it, (E, C).
    """

    key: str
    label: str
    kind: str
    inside: BoolArray


def groups(results: xr.Dataset) -> list[Group]:
    """All entities, then each band of sizes, then each kind of terms; none of them empty.

    Bands are told apart where there are two or more, and so are terms.
    """
    shape = (results.sizes[ENTITY], results.sizes[CONTRACT])
    by_size = [
        Group(f"members_{low}", label, SIZE, np.broadcast_to(inside[:, None], shape))
        for low, label, inside in _bands(results["members"].values)
        if inside.any()
    ]
    terms = results["terms"].transpose(ENTITY, CONTRACT).values.astype(str)
    by_terms = [
        Group(f"terms_{_key(label)}", label, TERMS, terms == label)
        for label in sorted(set(terms.ravel().tolist()))
    ]
    everybody = Group(ALL, "All entities", ALL, np.ones(shape, dtype=bool))
    parts = [part for part in (by_size, by_terms) if len(part) > 1]
    return [everybody, *(group for part in parts for group in part)]


def _bands(members: np.ndarray) -> list[tuple[int, str, BoolArray]]:
    """Lower end, words and entities of each band."""
    found = []
    for low, high in zip((0, *_BANDS), (*_BANDS, None), strict=True):
        inside = (members >= low) & (True if high is None else members < high)
        words = f"{low:,} to {high - 1:,}" if low and high else f"{low:,} and more"
        found.append((low, words if low else f"below {high:,}", inside))
    return found


def _key(label: str) -> str:
    plain = "".join(letter if letter.isalnum() else " " for letter in label.lower())
    return "_".join(plain.split())
