"""Tables of the report on capital, and on the price and the relief of a stop-loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from vbsim.contract import Contract
from vbsim.measures.catalogue import prob_owing_more_than
from vbsim.plots import Findings
from vbsim.plots.offers import offers
from vbsim.plots.text import number, percent
from vbsim.report.tables import money, money_with_error, with_error
from vbsim.vocabulary import CAPITAL_MEASURE, CONTRACT, MEASURE, PARTY, SHARE, USD

MISSING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks of the holder of a contract, and how likely a year's loss exceeds it."""

    contract: str
    name: str
    amount: str
    how: str
    exceeded: str
    source: str
    status: str

    @property
    def verified(self) -> bool:
        """Whether every figure's source has been seen."""
        return self.status != "UNVERIFIED"


def capital(findings: Findings) -> dict[str, Any] | None:
    """Everything that the section on capital shows; ``None`` where nothing is to be said."""
    plan = findings.plan
    found = {
        "asked": [row for c in plan.contracts for row in _asked(findings, c)],
        "offers": [_offer_row(offer) for offer in offers(findings)],
        "measures": None,
    }
    if plan.capital is not None and "capital_value" in findings.summary:
        found["measures"] = _measures(findings)
    return found if any(found.values()) else None


def _measures(findings: Findings) -> dict[str, Any]:
    """Tables over the horizon: reserves, and net money by party."""
    plan, summary = findings.plan, findings.summary
    assert plan.capital is not None
    years = [int(year) for year in plan.world.years[plan.performance]]
    keys = [str(key) for key in summary[CAPITAL_MEASURE].values]
    shown = [k for k in keys if summary["capital_value"].sel({CAPITAL_MEASURE: k}).notnull().any()]
    parties = [str(p) for p in summary[PARTY].values if _moves(summary, str(p))]
    labels = summary["capital_measure_label"].sel({CAPITAL_MEASURE: shown}).values.tolist()
    return {
        "horizon": str(years[0]) if len(years) == 1 else f"{years[0]} to {years[-1]}",
        "rate": percent(plan.capital.discount_rate, 2),
        "headings": [*labels],
        "rows": [_capital_row(findings, name, shown) for name in findings.names],
        "parties": [party.capitalize() for party in parties],
        "by_party": [
            (
                findings.label(name),
                [money_with_error(*_horizon(summary, name, p, "mean")) for p in parties],
            )
            for name in findings.names
        ],
    }


def _moves(summary: xr.Dataset, party: str) -> bool:
    """Whether a party receives or pays anything under any contract."""
    spread = summary["horizon_value"].sel({PARTY: party, MEASURE: ["mean", "sd"]})
    return bool((spread != 0.0).any())


def _horizon(summary: xr.Dataset, name: str, party: str, key: str) -> tuple[float, float]:
    at = {CONTRACT: name, PARTY: party, MEASURE: key}
    value, error = (summary[f"horizon_{kind}"].sel(at) for kind in ("value", "error"))
    return float(value), float(error)


def _capital_row(findings: Findings, name: str, keys: list[str]) -> dict[str, Any]:
    summary, holder = findings.summary, findings.holder(name)
    assert findings.plan.capital is not None
    reserve = findings.plan.capital.reserve_of(name)
    cells = [
        money_with_error(*_horizon(summary, name, holder, "mean")),
        money_with_error(*_horizon(summary, name, holder, "sd")),
        with_error(percent, *_horizon(summary, name, holder, "prob_loss")),
        MISSING if math.isnan(reserve) else money(reserve),
    ]
    for key in keys:
        at = {CONTRACT: name, CAPITAL_MEASURE: key}
        value, error = (float(summary[f"capital_{kind}"].sel(at)) for kind in ("value", "error"))
        unit = str(summary["capital_measure_unit"].sel({CAPITAL_MEASURE: key}).values)
        cells.append(_shown(value, error, unit))
    return {
        "label": findings.label(name),
        "is_reference": name == findings.reference,
        "cells": [_apart(cell) for cell in cells],
    }


def _shown(value: float, error: float, unit: str) -> str:
    if math.isnan(value):
        return MISSING
    if unit == USD:
        return money_with_error(value, error)
    return with_error(percent if unit == SHARE else _ratio, value, error)


def _ratio(value: float) -> str:
    return number(value, 2)


def _asked(findings: Findings, contract: Contract) -> list[Asked]:
    """Tell what rules ask of the holder of one contract."""
    rows = []
    for one in contract.requirements:
        beyond = prob_owing_more_than(float(round(one.amount)))(findings.net(contract.name))
        rows.append(
            Asked(
                findings.label(contract.name),
                one.name,
                money(one.amount),
                one.how,
                with_error(percent, beyond.value, beyond.standard_error),
                "; ".join(dict.fromkeys(figure.source for figure in one.figures)),
                ", ".join(dict.fromkeys(figure.status for figure in one.figures))
                if one.verified
                else "UNVERIFIED",
            )
        )
    return rows


def _offer_row(offer: Any) -> dict[str, Any]:
    """One attachment of the table on stop-loss, as text."""
    bare = np.isinf(offer.attachment)
    relief = [with_error(money, -value, error) for value, error in offer.relief.values()]
    cells = [
        MISSING if bare else number(offer.premium_pmpm, 2),
        MISSING if bare else number(offer.expected_pmpm, 2),
        MISSING if bare else with_error(_pmpm, *offer.recovered_pmpm),
        money_with_error(*offer.mean),
        money_with_error(*offer.sd),
        *(money_with_error(*pair) for pair in offer.tails.values()),
        *([MISSING] * len(relief) if bare else relief),
    ]
    return {
        "contract": offer.label,
        "attachment": "no stop-loss" if bare else number(offer.attachment),
        "own": offer.own,
        "cells": [_apart(cell) for cell in cells],
    }


def _apart(cell: str) -> tuple[str, str]:
    """Value and, for small type below it, its standard error."""
    value, sign, error = cell.partition(" ± ")
    return value, f"± {error}" if sign else ""


def _pmpm(value: float) -> str:
    return number(value, 2)
