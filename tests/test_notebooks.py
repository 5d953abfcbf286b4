"""Notebooks as stored: executed, with figures, without errors or traces of a machine, small.

That they execute, and print what is stored, is asked by ``python -m notebooks``.
"""

from __future__ import annotations

import base64
import getpass
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
LARGEST = 600_000  # bytes
WIDEST = 1_300  # pixels
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MACHINE = re.compile(r"/(home|root|tmp|work|Users|usr|opt)/|[A-Z]:\\|0x[0-9a-f]{6,}")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def outputs(path: Path) -> list[Any]:
    return [output for cell in code_cells(path) for output in cell["outputs"]]


def pictures(path: Path) -> list[bytes]:
    found = [one.get("data", {}).get("image/png") for one in outputs(path)]
    return [base64.b64decode("".join(text)) for text in found if text]


def test_there_are_notebooks() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06", "07"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_was_executed_from_the_top(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output["output_type"] for output in outputs(path)}
    assert kinds <= {"stream", "execute_result", "display_data"}
    assert all(one["name"] == "stdout" for one in outputs(path) if one["output_type"] == "stream")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_its_figures_are_in_place_and_it_is_small(path: Path) -> None:
    found = pictures(path)
    assert len(found) >= 3
    for picture in found:
        assert picture.startswith(b"\x89PNG")
        assert 600 < int.from_bytes(picture[16:20], "big") < WIDEST
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_names_no_machine(path: Path) -> None:
    notebook = read(path)
    assert notebook["metadata"].pop("vbsim", {"data": []}).keys() == {"data"}
    assert notebook["metadata"] == {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    for output in outputs(path):
        data = output.get("data", {})
        shown = "".join(output.get("text", [])) + "".join(
            "".join(text) for kind, text in data.items() if kind.startswith("text/")
        )
        assert not MACHINE.search(shown)
        assert f" {getpass.getuser()} " not in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_readme_links_it(path: Path) -> None:
    assert f"](notebooks/{path.name})" in (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_what_it_does_not_say_stands_in_it(path: Path) -> None:
    text = "".join("".join(cell["source"]) for cell in read(path)["cells"])
    assert "## What this does not say" in text
    assert "UNVERIFIED" in text
