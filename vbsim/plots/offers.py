"""Specific stop-loss at every attachment that a contract states: its price, and what it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbsim.plots.base import Findings
from vbsim.vocabulary import RETENTION, YEAR

Pair = tuple[float, float]
TAILS = ("tvar_95", "tvar_99")


@dataclass(frozen=True, eq=False)
class Offer:
    """A specific stop-loss at one attachment, in the first performance year.

    Parameters
    ----------
    contract, label
        Whose cover it is, and words for it.
    attachment
        Where it begins [USD]; infinite for no cover.
    own
        Whether it is the cover that the contract has.
    premium_pmpm, expected_pmpm
        Premium and exact expected recovery [USD PMPM].
    recovered_pmpm
        Simulated mean recovery and its standard error [USD PMPM].
    mean, sd
        Of the holder's net result, and standard errors [USD].
    tails, relief
        TVaR of the loss, and its paired difference from no cover [USD], by measure.
    cost
        Mean net result given up for the cover, and its standard error [USD].
    """

    contract: str
    label: str
    attachment: float
    own: bool
    premium_pmpm: float
    expected_pmpm: float
    recovered_pmpm: Pair
    mean: Pair
    sd: Pair
    tails: dict[str, Pair]
    relief: dict[str, Pair]
    cost: Pair


def offers(findings: Findings) -> list[Offer]:
    """Every attachment of every contract that states retentions, no cover first."""
    summary = findings.summary
    if RETENTION not in summary.dims:
        return []
    found = summary.isel({YEAR: 0})
    names = [str(name) for name in found[RETENTION].values]
    months = _member_months(findings)
    out = []
    for name in names:
        one = found.sel({RETENTION: name})
        owner, attachment = str(one["retention_contract"].values), float(one["attachment"])
        recovered, error = (
            float(one["retention_recovered"]),
            float(one["retention_recovered_error"]),
        )
        covers = findings.contract(owner).stop_loss
        cover = covers[0].specific if covers else None
        loss, doubt = _pair(one, "retention_difference", "mean")
        out.append(
            Offer(
                contract=owner,
                label=findings.label(owner),
                attachment=attachment,
                own=cover is not None and cover.attachment == attachment,
                premium_pmpm=float(one["premium_pmpm"]),
                expected_pmpm=float(one["expected_recovery_pmpm"]),
                recovered_pmpm=(recovered / months, error / months),
                mean=_pair(one, "retention_value", "mean"),
                sd=_pair(one, "retention_value", "sd"),
                tails={key: _pair(one, "retention_value", key) for key in TAILS},
                relief={key: _pair(one, "retention_difference", key) for key in TAILS},
                cost=(-loss, doubt),
            )
        )
    return out


def _pair(one: object, name: str, key: str) -> Pair:
    found = one.sel(retention_measure=key)  # type: ignore[attr-defined]
    error = "retention_error" if name == "retention_value" else f"{name}_error"
    return float(found[name]), float(found[error])


def _member_months(findings: Findings) -> float:
    """Give the expected member months of the first performance year."""
    world, row = findings.plan.world, int(np.argmax(findings.plan.performance))
    exposure = [people.person_years_per_member for people in world.people]
    return 12.0 * float(world.members[row] @ np.array(exposure))
