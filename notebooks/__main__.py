"""Execute the notebooks, and hold what they print against what is stored in them.

``python -m notebooks`` executes all of them, two at a time, from the top in fresh kernels and fails
on an error, a warning, or text that differs from the stored one. ``--store`` stores what comes out
instead; give names to execute some alone. A notebook that reads public data names the files in its
metadata (``vbsim.data``); where they are not in the folder of data, ``../shared/data`` beside the
repository or ``VBSIM_DATA``, it is left out, and why is printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
SECONDS = 300  # of one cell
AT_ONCE = 2  # much of each takes one processor
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
DATA = Path(os.environ.get("VBSIM_DATA", HERE / ".." / ".." / "shared" / "data"))


def missing(notebook: Any) -> list[str]:
    """Name the files of public data that a notebook asks for and that are not there."""
    asked = notebook.metadata.get("vbsim", {}).get("data", [])
    return [name for name in asked if not (DATA / name).is_file()]


def execute(notebook: Any) -> Any:
    """Execute a copy of a notebook in a kernel of its own, and return the copy."""
    fresh = deepcopy(notebook)
    client = NotebookClient(
        fresh,
        timeout=SECONDS,
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(HERE)}},
        record_timing=False,
    )
    client.execute()
    fresh.metadata["kernelspec"] = KERNEL
    fresh.metadata["language_info"] = {"name": "python"}
    return fresh


def texts(notebook: Any) -> list[str]:
    """Text that each code cell shows."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            shown = [one.get("text") or one.data.get("text/plain", "") for one in cell.outputs]
            found.append("".join(shown))
    return found


def warned(notebook: Any) -> list[str]:
    """List what was written to the standard error stream."""
    return [
        one.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for one in cell.outputs
        if one.output_type == "stream" and one.name == "stderr"
    ]


def run(path: Path, *, store: bool) -> str:
    """Execute one notebook, and say what is wrong; nothing if nothing is."""
    notebook = nbformat.read(path, as_version=4)
    if lost := missing(notebook):
        print(f"{path.name}: left out, no {', '.join(lost)} in {DATA.resolve()}", flush=True)
        return ""
    start = time.perf_counter()
    try:
        fresh = execute(notebook)
    except CellExecutionError as error:
        return f"{path.name}: {error}"
    if words := warned(fresh):
        return f"{path.name}: a warning: {words[0]}"
    if store:
        nbformat.write(fresh, path)
    for number, (now, then) in enumerate(zip(texts(fresh), texts(notebook), strict=True)):
        if now != then and not store:
            return (
                f"{path.name}: code cell {number + 1} shows\n{now}\nand not, as stored,\n{then}\n"
                "after a change that is meant to move it: python -m notebooks --store"
            )
    print(f"{path.name}: ran in {time.perf_counter() - start:.0f} s", flush=True)
    return ""


def main() -> int:
    """Execute the notebooks that are named, or all; 1 where one fails."""
    parser = argparse.ArgumentParser(
        prog="python -m notebooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", help="such as 01_first_look")
    parser.add_argument("--store", action="store_true", help="store what comes out")
    given = parser.parse_args()
    chosen = [HERE / f"{name}.ipynb" for name in given.names] or sorted(HERE.glob("*.ipynb"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [text for text in pool.map(partial(run, store=given.store), chosen) if text]
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
