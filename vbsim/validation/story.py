"""A validation from targets to verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbsim.blas import one_blas_thread
from vbsim.errors import ParameterError
from vbsim.scenario.schema import Scenario
from vbsim.validation.base import MISS, NOT_COMPUTED, PASS, Result, Target, evaluate
from vbsim.validation.registry import GROUPS, targets
from vbsim.validation.sensitivity import Sensitivity, sensitivity

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Validation:
    """What a validation found.

    Parameters
    ----------
    results
        Of all targets, in their order.
    sensitivity
        What moves the answer of a scenario, if one was asked about.
    """

    results: tuple[Result, ...]
    sensitivity: Sensitivity | None = None

    @property
    def news(self) -> tuple[Result, ...]:
        """Results whose verdict is not the recorded one."""
        return tuple(one for one in self.results if not one.as_recorded)

    def of(self, group: str) -> tuple[Result, ...]:
        """Results of a group of targets."""
        return tuple(one for one in self.results if one.target.group == group)

    def counts(self, group: str | None = None) -> dict[str, int]:
        """How many targets passed, were missed and were not computed."""
        chosen = self.results if group is None else self.of(group)
        verdicts = [one.verdict for one in chosen]
        return {verdict: verdicts.count(verdict) for verdict in (PASS, MISS, NOT_COMPUTED)}

    def summary(self) -> dict[str, Any]:
        """Plain data: counts, every target, and what moves the answer."""
        found: dict[str, Any] = {
            "counts": self.counts(),
            "as_recorded": not self.news,
            "groups": {group: self.counts(group) for group in GROUPS},
            "targets": [_plain(one) for one in self.results],
        }
        if self.sensitivity is not None:
            found["sensitivity"] = _plain_sensitivity(self.sensitivity)
        return found


@one_blas_thread
def validate(
    data: Path | None = None,
    *,
    long: bool = False,
    scenario: Scenario | None = None,
    chosen: Sequence[Target] | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Compute all validation targets.

    Parameters
    ----------
    data
        Folder of CMS's public files, for targets that are computed from them.
    long
        Whether to compute what takes more than some seconds.
    scenario
        Whose answer is to be moved by figures that are UNVERIFIED.
    chosen
        Targets; all of them by default.
    progress
        Called with what is done, and how many are done and to do.

    Raises
    ------
    ParameterError
        If ``data`` is no folder.
    """
    if data is not None and not data.is_dir():
        raise ParameterError(
            f"data: found {data}, which is no folder; expected the folder that holds CMS's "
            "results files, such as mssp_puf_py2022.csv"
        )
    asked = targets() if chosen is None else chosen
    results = []
    for number, target in enumerate(asked):
        results.append(evaluate(target, data, long=long))
        if progress is not None:
            progress("targets", number + 1, len(asked))
    moved = None
    if scenario is not None:
        told = None if progress is None else (lambda done, of: progress("figures moved", done, of))
        moved = sensitivity(scenario, told)
    return Validation(tuple(results), moved)


def _plain(result: Result) -> dict[str, Any]:
    target, found = result.target, result.found
    published = target.published
    return {
        "key": target.key,
        "claim": target.claim,
        "source": target.source,
        "status": target.status,
        "published": published if published == published else None,
        "value": None if found is None else found.value,
        "standard_error": None if found is None else found.error,
        "tolerance": target.shown_tolerance,
        "verdict": result.verdict,
        "as_recorded": result.as_recorded,
        "reason": result.reason,
    }


def _plain_sensitivity(found: Sensitivity) -> dict[str, Any]:
    return {
        "scenario": found.name,
        "contract": found.contract,
        "realizations": found.realizations,
        "answers": {key: [one.value, one.error] for key, one in found.answers.items()},
        "moved": [
            {
                "path": one.path,
                "value": one.value,
                "ends": list(one.ends),
                "range_stated": one.stated,
                "unverified": not one.verified,
                "changes": {
                    key: [[each.value, each.error] for each in pair]
                    for key, pair in one.changes.items()
                },
            }
            for one in found.moved
        ],
        "not_moved": {reason: list(paths) for reason, paths in found.left.items()},
    }
