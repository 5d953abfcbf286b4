"""V8: large claims of the Society of Actuaries' study, from the law that was fitted to them."""

from __future__ import annotations

import math
from functools import cache, partial
from pathlib import Path

from vbsim.generators import unit_cost
from vbsim.validation.base import FROM_DATA, Found, Target, percent

_SOURCE = "SOA Group Medical Large Claims 1991, 75,789 claimants above $25,000"
# Deductible [USD]: excess over it, as a share of all dollars of claimants above 25,000.
RATIOS = {
    25_000: 0.572, 50_000: 0.318, 75_000: 0.211, 100_000: 0.1535, 150_000: 0.0929,
    200_000: 0.0624, 250_000: 0.0445, 300_000: 0.0332, 500_000: 0.0138, 1_000_000: 0.0039,
}  # fmt: skip
_LEAST, _THRESHOLD, _ABOVE_LEAST, _ABOVE_THRESHOLD = 25_000.0, 300_000.0, 75_787, 798
_MU, _SIGMA, _XI, _BETA = 7.30, 1.58, 0.319, 125_168.0


def _body(x: float) -> float:
    return 0.5 * math.erfc((math.log(x) - _MU) / _SIGMA / math.sqrt(2.0))


@cache
def law() -> unit_cost.Params:
    """Make the published fit: a lognormal body, above 300,000 a generalized Pareto tail.

    The tail holds as many of the claimants above 25,000 as the study's.
    """
    share, least = _ABOVE_THRESHOLD / _ABOVE_LEAST, _body(_THRESHOLD)
    # t = share * (t + (1 - t) * w), w the body's part between 25,000 and the threshold.
    between = (_body(_LEAST) - least) / (1.0 - least)
    tail = share * between / (1.0 - share * (1.0 - between))
    words = {"mu": _MU, "sigma": _SIGMA, "threshold": _THRESHOLD, "xi": _XI, "beta": _BETA}
    return unit_cost.Params.from_spec({"spliced": words | {"tail_probability": tail}})


def excess(deductible: float) -> float:
    """Mean of what one claim has above a deductible [USD]."""
    return unit_cost.mean(law()) - float(unit_cost.limited_mean(law(), deductible))


def ratio(deductible: float, data: Path | None = None) -> Found:
    """Excess over a deductible as a share of all dollars of claims above 25,000."""
    above = excess(_LEAST) + _LEAST * float(unit_cost.survival(law(), _LEAST))
    return Found(excess(deductible) / above)


def targets() -> list[Target]:
    """Targets of V8."""
    return [
        Target(
            f"V8.excess_{deductible}", f"dollars in excess of ${deductible:,}", _SOURCE, FROM_DATA,
            share, partial(ratio, float(deductible)), percent(2), within=0.05 * share,
            tolerance="5 % of the ratio",
        )
        for deductible, share in RATIOS.items()
    ]  # fmt: skip
