"""Verdicts of the table that holds one engine against the other, on figures that are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.engines import Target, compare

COUNT = 2_000
LUCK = np.random.default_rng(4).normal(size=COUNT)
SAME = {"rate": LUCK}


@pytest.mark.parametrize(
    ("shift", "noise", "verdict"),
    [(0.0, 0.0, "met"), (0.09, 0.0, "met"), (0.11, 0.0, "MISSED"), (0.3, 0.0, "MISSED"),
     (0.0, 3.0, "inside"), (0.11, 3.0, "noise")],
)  # fmt: skip
def test_a_verdict_weighs_the_difference_against_its_error(
    shift: float, noise: float, verdict: str
) -> None:
    """Tolerance 0.1. Noise that cancels in the mean has a standard error of 3 / sqrt(2,000)."""
    draws = np.random.default_rng(5).normal(size=COUNT)
    ours = {"rate": LUCK + shift + noise * (draws - draws.mean())}
    target = Target("mean", 0.1, False, lambda seen: seen["rate"].mean())
    one, two, allowed, error, found = compare(target, ours, SAME)
    assert found == verdict
    assert (one - two, allowed) == (pytest.approx(shift), 0.1)
    assert error == pytest.approx(noise / np.sqrt(COUNT), rel=0.4, abs=1e-9)


def test_the_worst_of_several_is_held_to_a_share_of_its_own_value() -> None:
    ours = {"rate": LUCK + 10.5}
    target = Target("both", 0.02, True, lambda seen: np.array([1.0, seen["rate"].mean()]))
    one, two, allowed, _, verdict = compare(target, ours, {"rate": LUCK + 10.0})
    assert (one - two, allowed) == (pytest.approx(0.5), pytest.approx(0.02 * two))
    assert verdict == "MISSED"
