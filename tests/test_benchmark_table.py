"""Cases of the benchmarks' table that no baseline holds run, so that the whole table does."""

from __future__ import annotations

import pytest

from benchmarks import claims, peers


@pytest.mark.slow
@pytest.mark.parametrize("name", claims.CASES)
def test_the_floor_and_the_engine_do_the_same_work(name: str) -> None:
    case = claims.CASES[name]()
    assert case.subject() == case.reference() > 0


@pytest.mark.slow
def test_every_peer_that_is_installed_runs() -> None:
    made, missing = peers.cases()
    assert len(made) // 2 + len(missing) == len(peers.PEERS)
    for make in made:
        case = make()
        assert min(case.subject(), case.reference()) > 0
