"""README's table of the last validation names the targets and verdicts of the registry.

After a change: ``vbsim doctor --validation --data FOLDER --long --json > FILE``, then
``python -m tests.validation.test_readme_table FILE`` writes the table anew.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY
from vbsim.validation import GROUPS, MISS, NOT_COMPUTED, PASS, Found, Result, Target, targets

README = REPOSITORY / "README.md"
VERDICTS = (PASS, MISS, NOT_COMPUTED)
PART = {
    name: re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- end of {name} -->)", re.S)
    for name in ("validation summary", "validation table")
}
ROW = re.compile(r"^\| `(V[\w.]+)` (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", re.M)


def part(name: str) -> str:
    found = PART[name].search(README.read_text(encoding="utf-8"))
    assert found is not None
    return found[2]


def rows() -> dict[str, tuple[str, ...]]:
    """Claim, published, vbsim's, tolerance and verdict by key."""
    return {match[1]: match.groups()[1:] for match in ROW.finditer(part("validation table"))}


def test_the_table_names_every_target_once_and_in_order() -> None:
    keys = [match[1] for match in ROW.finditer(part("validation table"))]
    assert keys == [one.key for one in targets()]


def test_the_table_has_the_registry_s_figures_and_verdicts() -> None:
    shown = rows()
    for one in targets():
        claim, published, ours, tolerance, verdict = shown[one.key]
        expected = (one.claim, one.shown_published, one.shown_tolerance)
        assert (claim, published, tolerance) == expected, one.key
        assert verdict.split(":")[0].split(",")[0] == one.expected, one.key
        assert (ours == "–") == (one.expected == NOT_COMPUTED), one.key
        if one.expected != PASS:
            assert verdict.endswith(one.reason), one.key


def test_the_summary_counts_the_table() -> None:
    counts = Counter((one.group, one.expected) for one in targets())
    for group, words in GROUPS.items():
        numbers = " | ".join(str(counts[group, verdict]) for verdict in VERDICTS)
        assert f"| {group} | {words} | {numbers} |\n" in part("validation summary")


def row(target: Target, found: dict[str, Any]) -> str:
    """One line of the table."""
    figure = None if found["value"] is None else Found(found["value"], found["standard_error"])
    result = Result(target, found["verdict"], found["reason"], figure)
    verdict = result.verdict + (f", {result.gap}" if result.verdict == MISS else "")
    cells = (
        f"`{target.key}` {target.claim}",
        target.shown_published,
        result.shown,
        target.shown_tolerance,
        f"{verdict}: {result.reason}" if result.reason else verdict,
    )
    return f"| {' | '.join(cells)} |\n"


def written(findings: dict[str, Any]) -> str:
    """README with both tables of a validation's JSON."""
    by_key = {one["key"]: one for one in findings["targets"]}
    table = "".join(row(one, by_key[one.key]) for one in targets())
    groups = "".join(
        f"| {group} | {words} | "
        + " | ".join(str(findings["groups"][group][verdict]) for verdict in VERDICTS)
        + " |\n"
        for group, words in GROUPS.items()
    )
    total = " | ".join(str(findings["counts"][verdict]) for verdict in VERDICTS)
    summary = f"| | | pass | miss | not computed |\n|---|---|---:|---:|---:|\n{groups}"
    text = README.read_text(encoding="utf-8")
    head = "| target | published | vbsim | tolerance | verdict |\n|---|---:|---:|---|---|\n"
    new = {
        "validation summary": f"{summary}| | all | {total} |\n",
        "validation table": f"\n{head}{table}\n",
    }
    for name, pattern in PART.items():
        body = new[name]
        text = pattern.sub(lambda match, body=body: match[1] + body + match[3], text)
    return text


if __name__ == "__main__":
    README.write_text(written(json.loads(Path(sys.argv[1]).read_text("utf-8"))), encoding="utf-8")
