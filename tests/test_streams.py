"""Counter-based streams: reproducible, order-free, uniform, uncorrelated."""

from __future__ import annotations

import numpy as np
from scipy import stats

from vbsim import streams

MASK = (1 << 64) - 1


def splitmix64_finalizer(z: int) -> int:
    """Plain-integer reference of the finalizer in Vigna's public splitmix64.c."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def test_known_answers() -> None:
    # First outputs of splitmix64 seeded with 1234567 (published with the reference code):
    # the n-th output is the finalizer of seed + n * gamma.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    ours = streams.child(np.uint64(1234567), np.arange(3))
    assert [int(x) for x in ours] == expected


def test_mix_is_the_reference() -> None:
    values = [0, 1, 2**63, MASK, 0x0123456789ABCDEF]
    ours = streams.mix(np.array(values, dtype=np.uint64))
    assert [int(x) for x in ours] == [splitmix64_finalizer(v) for v in values]


def test_key_depends_on_seed_and_every_name() -> None:
    keys = {
        streams.key(1, "claims", "inpatient"),
        streams.key(2, "claims", "inpatient"),
        streams.key(1, "claims", "snf"),
        streams.key(1, "population", "inpatient"),
        streams.key(1, "claimsinpatient"),
    }
    assert len(keys) == 5


def test_uniforms_do_not_depend_on_what_else_is_drawn() -> None:
    key = streams.key(3, "trend")
    years = np.array([2020, 2021])
    whole = streams.uniforms(key, np.arange(100), years, 3)
    part = streams.uniforms(key, np.arange(40, 60), years[1:], 2)
    np.testing.assert_array_equal(whole[40:60, 1:, :2], part)


def test_uniform_and_independent() -> None:
    u = streams.uniforms(streams.key(5, "test"), np.arange(20_000), np.array([2022]), 10)[:, 0]
    assert u.min() > 0.0
    assert u.max() < 1.0
    # 200,000 draws: Kolmogorov-Smirnov at a fixed seed; p below 1e-4 would be one in 10,000.
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-4
    correlation = np.corrcoef(u.T)[np.triu_indices(10, 1)]
    # 45 correlations of 20,000 pairs, standard error 1/sqrt(20,000): 4.5 of them allowed
    assert np.abs(correlation).max() < 4.5 / np.sqrt(20_000)
    along = np.corrcoef(u[:-1, 0], u[1:, 0])[0, 1]
    assert abs(along) < 4.5 / np.sqrt(20_000)


def test_bits_are_balanced_and_avalanche() -> None:
    bits = streams.child(np.uint64(streams.key(9, "bits")), np.arange(20_000))
    ones = np.array([((bits >> np.uint64(b)) & np.uint64(1)).mean() for b in range(64)])
    # standard error of a share of 20,000 coin tosses is 0.0035; 64 of them, 4.5 allowed
    assert np.abs(ones - 0.5).max() < 4.5 * 0.5 / np.sqrt(20_000)
    flipped = streams.mix(bits) ^ streams.mix(bits ^ np.uint64(1))
    changed = np.array([bin(int(x)).count("1") for x in flipped[:4000]])
    # binomial(64, 1/2): mean 32, sd 4, over 4,000 inputs
    assert abs(changed.mean() - 32.0) < 4.5 * 4.0 / np.sqrt(4000)
