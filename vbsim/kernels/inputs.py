"""What the claims kernel reads and fills: named tuples of arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
KeyArray = NDArray[np.uint64]
WordArray = NDArray[np.uint32]


class People(NamedTuple):
    """Members of every segment; T years, S segments, tables on the survival grid."""

    keys: KeyArray  # (S,) keys of the population stream
    years: NDArray[np.int64]  # (T,) calendar years, the counter of the year
    members: NDArray[np.int64]  # (T, S)
    stay: FloatArray  # (T, S, 2) probability that last year's member, well or ill, is still here
    persist: FloatArray  # (T, S) probability that the state is kept, not drawn anew
    ill_share: FloatArray  # (S,)
    ill_newly: FloatArray  # (T, S) share of newly assigned members who are ill
    partial: FloatArray  # (S,) share of members enrolled for part of the year
    log_level: Float32Array  # (S, 2) log intensity of the well and the ill state
    log_risk: Float32Array  # (S, 1026)
    log_transient: Float32Array  # (S, 1026)
    dynamic: NDArray[np.bool_]  # (S,) whether transients persist or members die
    dynamics: KeyArray  # (S,) keys of these draws
    keep: FloatArray  # (T, S) probability that the transient is kept, not drawn anew
    death: FloatArray  # (S, 2) probability that a well and an ill member dies within the year
    log_last: Float32Array  # (S,) log of the intensity of the year of death over another's


class Program(NamedTuple):
    """A program that enrolls members by their last year; not ``on``, all is empty."""

    on: bool
    keys: KeyArray  # (S,) keys of the intervention stream
    active: NDArray[np.bool_]  # (T,) years in which it enrolls
    reach: FloatArray  # (S, N) probability of being flagged, by last year's log intensity
    first: FloatArray  # (S,) log intensity at the first of the N
    step: FloatArray  # (S,) between two of them
    after_admission: bool  # flags those alone who had a claim of ``watched`` last year
    watched: int  # service whose claims are admissions
    engaged: float  # share of the flagged who take part if they are asked
    control: float  # share of the flagged who would take part and are held out at random
    unit_cost: FloatArray  # (K,) mean cost of a claim, before the year's price [USD]


# Sums over members that a program adds up, of those engaged and then of those held out.
ARM = (
    "members",
    "person_years_before",
    "person_years",
    "cost_before",
    "cost",
    "admitted_before",
    "admitted",
)
PROGRAM = ("flagged", "saved", *(f"{arm}_{name}" for arm in ("engaged", "control") for name in ARM))


class Services(NamedTuple):
    """Claims of every service; K services."""

    segment_keys: KeyArray  # (S,) keys of the claims stream
    keys: KeyArray  # (K,) keys of the services
    rate: FloatArray  # (T, S, K) expected claims per person-year at intensity 1
    power: FloatArray  # (S, K) expected claims double ``power`` times when the intensity is e-fold
    price: FloatArray  # (T, S, K) factor on unit cost
    sums: Float32Array  # (K, rows * 1026) costs of 0, 1, 2 ... claims together [USD]


class Layers(NamedTuple):
    """Layers [lower, upper) of baskets of services."""

    baskets: NDArray[np.bool_]  # (B, K) services in the basket
    basket: NDArray[np.int64]  # (L,) basket of the layer
    lower: FloatArray  # (L, T, S) USD
    upper: FloatArray  # (L, T, S) USD
    annualized: NDArray[np.bool_]  # (L,) bounds shrink with a part-year member's exposure


class Totals(NamedTuple):
    """Sums that the kernel fills, one row per realization."""

    claims: FloatArray  # (R, T, S, K)
    cost: FloatArray  # (R, T, S, K) USD
    layer_cost: FloatArray  # (R, T, S, L) USD
    person_years: FloatArray  # (R, T, S)
    program: FloatArray  # (R, T, S, PROGRAM), nothing without a program


class Record(NamedTuple):
    """Single members, N of each realization; one row without members where none are kept."""

    claims: Float32Array  # (R, N, T, K)
    cost: Float32Array  # (R, N, T, K) USD
    person_years: Float32Array  # (R, N, T)


class PoissonTables(NamedTuple):
    """Poisson laws of the tabulated means, as :mod:`vbsim.kernels.counts` makes them.

    A draw ``u`` of 32 bits stands for a survival probability: the count is the number of ``n`` with
    ``u < P(N > n)``. The top 6 bits of ``u`` are its bucket.
    """

    entries: WordArray  # (fine rows * 128,) count, and below which draw of the bucket one more
    least: NDArray[np.uint16]  # (rows, 64) smallest count of the bucket
    start: WordArray  # (rows,) where the row begins in ``above``
    above: WordArray  # P(N > n) in units of 2**-32
    large: Float32Array  # LARGE
