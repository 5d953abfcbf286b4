"""All validation targets, in the order of their numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from vbsim.validation import (
    absent,
    aggregates,
    concentration,
    episodes,
    experiment,
    insurers,
    large_claims,
    members,
    minimum_rates,
    noise,
    panel,
    program,
    replay,
    trial,
)
from vbsim.validation.base import MISS, Target

GROUPS = {
    "V1": "How noisy a measured savings rate is",
    "V2": "Minimum savings rate by size",
    "V3": "Results of the Medicare Shared Savings Program",
    "V5": "Insurers that differ in size alone",
    "V6": "Aggregate losses of the textbooks",
    "V7": "Concentration of Medicare spending",
    "V8": "Large claims",
    "V9": "How often members use care, and how far that persists",
    "V10": "Regression to the mean",
    "V11": "ACOs of the chronically ill",
    "V12": "Episodes",
}
_REVENUE = "loss limits by the participants' revenue are not in the public file: {} ACO{}"
_COUNTED = "half a point and a trace below the printed share; how it was counted is not stated"
_PRINTED = "no number of ACOs gives the printed share: its last digit is one too high"
_ONE_TYPE = "one episode type stands for knee and elective hip"
_HIP = "shares of this type are UNVERIFIED, and its procedures are not those of the study"
_ALONE = "the figure stands out of its neighbours, 1.9 and 1.5 %; its standard error is 0.3 to 0.6"
_VISITS = "all evaluation and management visits, nearly twice the survey's office visits"
_PERSIST = "use persists less than in the survey: more would leave less luck than ACOs show"
_BETWEEN = "by choice between the experiment and the surveys of 2012 to 2015, which give {}"
# What is missed, and why; the page and README show by how much.
MISSES: dict[str, str] = {
    **dict.fromkeys(("V3.owe_2021", "V3.net_2021"), _REVENUE.format(3, "s")),
    **dict.fromkeys(("V3.owe_2022", "V3.net_2022"), _REVENUE.format(1, "")),
    "V3.net_2023": _REVENUE.format(3, "s"),
    **dict.fromkeys(("V2.on_table_2018", "V2.on_table_2021"), _COUNTED),
    **dict.fromkeys(("V3.saving_2020", "V3.saving_2023"), _PRINTED),
    "V3.net_2019": _REVENUE.format(1, ""),
    "V3.losses_2019": _REVENUE.format(1, ""),
    "V3.losses_2021": _REVENUE.format(3, "s"),
    "V3.losses_2022": _REVENUE.format(1, ""),
    "V3.losses_2023": _REVENUE.format(3, "s"),
    "V3.simulated_sd_50000": "one prior of true savings for all sizes: the largest come out too "
    "different",
    "V3.forecast_earn_2022": "more were expected to earn than did: 2.1 times what the "
    "ACOs' own years move it by",
    "V3.luck_17165": _ALONE,
    # Over 40 other streams of 100,000 years the mean gap is 0.5 standard errors: no bias was found.
    "V6.actuar_mean.monte_carlo": "by luck: of forty such comparisons one is missed in one of ten "
    "seeds; no bias was found over other streams",
    "V9.vmr_inpatient": "fitted to the concentration of spending, not to the survey's counts",
    "V9.none_ed": "0.35 visits a year in 2022, 0.26 in the survey of 1988",
    "V9.vmr_physician": _VISITS,
    "V9.none_physician": _VISITS,
    "V9.correlation_log": _PERSIST,
    "V9.correlation_visits": _PERSIST,
    "V10.bottom_half": f"{_PERSIST}; the survey is of all ages",
    "V12.tka_irf": _ONE_TYPE,
    "V12.tka_snf": _ONE_TYPE,
    "V12.tha_readmission": _ONE_TYPE,
    "V12.hip_readmission": _HIP,
    "V12.hip_irf": _HIP,
    "V12.hip_snf": _HIP,
    "V1.panel_2019": "160 ACOs; 3.27 without the one of half a year: who was counted is not stated",
    **{
        f"V9.rand_{key}": _BETWEEN.format(survey)
        for key, survey in (
            ("top_5", "50.0 %"),
            ("top_10", "65.0 %"),
            ("top_20", "80.1 %"),
        )
    },
    "V9.rank": "above the surveys of 2012 to 2015 too (0.53 to 0.55); fitted to logarithms and the "
    "top 1 %",
}


@cache
def targets() -> tuple[Target, ...]:
    """Every target; a key comes once."""
    found = [
        *noise.targets(),
        *panel.targets(),
        *concentration.closed_form(),
        *minimum_rates.confidences(),
        *minimum_rates.targets(),
        *replay.targets(),
        *program.targets(),
        *noise.luck_targets(),
        *insurers.targets(),
        *aggregates.targets(),
        *concentration.targets(),
        *large_claims.targets(),
        *members.targets(),
        *experiment.targets(),
        *trial.targets(),
        *episodes.targets(),
        *absent.targets(),
    ]
    ordered = sorted(found, key=lambda one: list(GROUPS).index(one.group))
    return tuple(
        replace(one, expected=MISS, reason=MISSES[one.key]) if one.key in MISSES else one
        for one in ordered
    )
