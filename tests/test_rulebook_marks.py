"""Dated figures: value, status and citation in force on a day."""

from __future__ import annotations

import pytest

from vbsim.errors import RuleError
from vbsim.rulebook import Rulebook, parse

TEXT = """
title: Example
authority: example
verified_from: 2020
verified_through: 2026
sources: {A: The first source, B: The second source}
parameters:
  by_date:
    description: Changes.
    unit: share
    status: {2020: V, 2025: UNVERIFIED}
    source: A, page 1; B, page 2; elsewhere
    values: {2020: 0.1, 2024: null}
  by_name:
    description: Differs.
    unit: share
    status: {one: V, two: UNVERIFIED}
    source: B
    note: Seen once.
    values: {2021: {one: 0.1, two: 0.2}}
"""


@pytest.fixture
def book() -> Rulebook:
    return parse("rules", "example", TEXT)


def test_a_status_may_hold_from_a_date(book: Rulebook) -> None:
    assert book.figure("by_date", 2024).status == "V"
    assert book.figure("by_date", 2025).status == "UNVERIFIED"
    assert book.figure("by_date", 2025).value is None


def test_a_table_is_as_good_as_its_weakest_name(book: Rulebook) -> None:
    assert book.figure("by_name", 2021, "one").status == "V"
    assert book.figure("by_name", 2021).status == "UNVERIFIED"
    assert book.figure("by_name", 2021).note == "Seen once."


def test_every_source_key_is_spelled_out(book: Rulebook) -> None:
    cited = "The first source, page 1; The second source, page 2; elsewhere"
    assert book.figure("by_date", 2020).source == cited


def test_figures_of_one_name(book: Rulebook) -> None:
    found = book.by_name(["by_date", "by_name"], 2021, "two")
    assert {name: figure.value for name, figure in found.items()} == {
        "by_date": 0.1,
        "by_name": 0.2,
    }


def test_no_value_before_the_first_date(book: Rulebook) -> None:
    with pytest.raises(RuleError, match="no value before 2021"):
        book.figure("by_name", 2020)
