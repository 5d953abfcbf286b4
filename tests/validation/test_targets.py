"""Every validation target: its verdict is the one on record, and what is missed stays missed.

Misses are strict expected failures: one that is hit after all, or missed in another place, is news.
Targets that take a minute together are computed in one test each, so that they are computed once.
"""

from __future__ import annotations

import re

import pytest

from tests.conftest import DATA
from vbsim.validation import GROUPS, MISS, MISSES, NOT_COMPUTED, PASS, Target, evaluate, targets

TARGETS = targets()
COMPUTED = [one for one in TARGETS if one.compute is not None]
# Computed in less than a second each, or once for several.
QUICK = re.compile(
    r"V(1\.(closed|confidence|panel)|2|5|7|8|9(?!\.(rand_|vmr_))|10|12)|V6\..*\.analytic$"
)


def marked(target: Target) -> object:
    marks = []
    if not QUICK.match(target.key):
        marks.append(pytest.mark.slow)
    if target.expected == MISS:
        marks.append(pytest.mark.xfail(reason=target.reason, strict=True))
    return pytest.param(target, marks=marks, id=target.key)


@pytest.mark.parametrize("target", [marked(one) for one in COMPUTED if not one.long])
def test_target(target: Target) -> None:
    result = evaluate(target, DATA)
    if result.found is None:
        pytest.skip(result.reason)
    known = f"{result.shown}, published {target.shown_published} {target.shown_tolerance}"
    assert result.verdict == PASS, f"{known}: {result.gap}"


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["V3.simulated_", "V3.forecast_"])
def test_targets_that_take_long(prefix: str) -> None:
    chosen = [one for one in COMPUTED if one.long and one.key.startswith(prefix)]
    results = [evaluate(one, DATA, long=True) for one in chosen]
    if any(one.found is None for one in results):
        pytest.skip(results[0].reason)
    found = {one.target.key: one.verdict for one in results}
    assert found == {one.key: one.expected for one in chosen}


def test_all_long_targets_are_in_a_test() -> None:
    long = [one.key for one in TARGETS if one.long]
    assert all(key.startswith(("V3.simulated_", "V3.forecast_")) for key in long)


def test_no_target_is_dropped_and_each_says_what_it_needs() -> None:
    keys = [one.key for one in TARGETS]
    assert len(set(keys)) == len(keys)
    assert {one.group for one in TARGETS} == set(GROUPS)
    assert set(MISSES) <= set(keys)
    for one in TARGETS:
        assert one.claim, one.key
        assert one.source, one.key
        assert (one.compute is None) == (one.expected == NOT_COMPUTED), one.key
        # Whoever misses, or is not computed, says why.
        assert bool(one.reason) == (one.expected != PASS), one.key
        if one.compute is not None:
            assert one.shown_tolerance != "–", one.key
