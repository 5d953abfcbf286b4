"""Targets that vbsim does not compute, each with the reason; none is dropped in silence."""

from __future__ import annotations

import math

from vbsim.validation.base import (
    DERIVED,
    FROM_DATA,
    NOT_COMPUTED,
    VERIFIED,
    Show,
    Target,
    percent,
)

_UNDER_65 = (
    "persons under 65: the page simulates medicare_ffs alone; tests/validation/test_persistence.py "
    "holds the set commercial against the experiment"
)
_NO_PROGRAM = (
    "the page simulates no program; tests/kernels/test_interventions.py holds one without an "
    "effect against the trial"
)
_NO_SIZE = "the abstract gives neither the ACO's size nor its minimum savings rate"
_NO_TOLERANCE = "no tolerance is stated and no price level: a mean of another decade"
_NOT_MODELLED = "episodes have no such outcome"
_NO_FILE = "CMS's results file of 2024 is not in the folder of public data"
_NO_SMALL = "the form below 500 beneficiaries is UNVERIFIED in the source: no gate"
_NONE = Show()
# Key, claim, source, status, published figure, how it is written, reason.
_ROWS: tuple[tuple[str, str, str, str, float, Show, str], ...] = (
    ("V1.panel", "sd of yearly changes × √N in the results files, ex 2019/20", "CMS results files",
     FROM_DATA, 2.34, Show(2),
     "a figure of the source itself; V3.luck holds simulated luck against it, size by size"),
    ("V1.delia_range", "expected payment range", "DeLia, Hoover & Cantor, MMRR 2012;2(4)",
     VERIFIED, math.nan, _NONE, "$115 k to $35.3 M: the table by size and savings is not readable"),
    ("V1.plateau", "variance of the rate at 100,000 members and more, with the entity's year",
     "CMS results files", FROM_DATA, 0.0214, percent(2),
     "no tolerance is stated; the published spread holds lasting differences of ACOs as well"),
    ("V2.below_500", "minimum savings rate below 500 beneficiaries", "Milliman 2023", "UNVERIFIED",
     math.nan, _NONE, _NO_SMALL),
    ("V2.on_table_2024", "ACOs of 2024 whose rate is that of the table of sizes",
     "CMS results file of 2024", FROM_DATA, 0.42, percent(0), _NO_FILE),
    ("V3.earn_2013", "2013: earned, paid and owed", "CMS results file of 2013", FROM_DATA,
     math.nan, _NONE, "the file of 2013 has no payments"),
    ("V3.earn_2024", "2024: ACOs that earn", "CMS results file of 2024", FROM_DATA, 0.754,
     percent(), _NO_FILE),
    ("V3.paid_2024", "2024: paid to ACOs", "CMS results file of 2024", FROM_DATA, 4.124e9,
     Show(0, " M USD", 1e-6), _NO_FILE),
    ("V3.by_risk_2024", "2024: ACOs that earn by risk and track, savings by revenue",
     "CMS results file of 2024", FROM_DATA, math.nan, _NONE, _NO_FILE),
    ("V3.pooled", "spread of the savings rate by size, 2016 to 2024 pooled", "CMS results files",
     FROM_DATA, math.nan, _NONE,
     "the source itself, with 2024; V3.simulated_sd and V3.forecast_sd are held against it"),
    ("V5.reserves", "surplus of all books D and E together", "T. Cox 2013", VERIFIED, math.nan,
     _NONE, "the printed sums are 10 and 100 times what the reserves give: a known flaw"),
    ("V6.others", "Bahnemann, Loss Data Analytics, Grübel-Hermesmeier, Embrechts-Frei",
     "documentation of the package aggregate", VERIFIED, math.nan, _NONE,
     "the list of targets names these tables without their figures"),
    ("V6.adjustment", "adjustment coefficient, exponential claims and waiting times, loading 20 %",
     "actuar, risk.Rnw", DERIVED, 1.0 / 6.0, Show(4), "no measure of the catalogue is one"),
    ("V9.rand_admissions", "admissions a year: variance over mean 1.32 to 1.54", "RAND HIE",
     FROM_DATA, 1.43, Show(2), _UNDER_65),
    ("V9.rand_visits", "physician visits a year: variance over mean 6.5 to 7.3", "RAND HIE",
     FROM_DATA, 6.9, Show(1), _UNDER_65),
    ("V9.rand_cv", "annual cost: coefficient of variation", "RAND HIE", FROM_DATA, 4.07, Show(2),
     _UNDER_65),
    ("V9.rand_zero", "members without spending in a year", "RAND HIE", FROM_DATA, 0.221,
     percent(), _UNDER_65),
    ("V9.rand_top_1", "share of spending of the top 1 %, year 2", "RAND HIE", FROM_DATA, 0.306,
     percent(), _UNDER_65),
    ("V9.rank", "rank correlation of dollars over one to four years", "RAND HIE", FROM_DATA, 0.51,
     Show(2), _UNDER_65),
    ("V9.lag_4", "correlation of log(1 + dollars) over four years", "RAND HIE", FROM_DATA, 0.39,
     Show(2), _UNDER_65),
    ("V10.before_after", "fall of admissions before and after enrolment, without an effect",
     "Camden RCT, NEJM 2020;382:152", VERIFIED, 0.38, percent(0),
     _NO_PROGRAM),
    ("V10.randomized", "difference of the randomized arms", "Camden RCT, NEJM 2020;382:152",
     VERIFIED, 0.0082, percent(2),
     _NO_PROGRAM),
    ("V11.typical", "typical ACO: false positives and negatives, 5 to 8 %",
     "Duncan et al., NAAJ 2023;27:242", VERIFIED, 0.065, percent(), _NO_SIZE),
    ("V11.diabetes", "ACO of diabetics: false positives and negatives, 26 to 28 %",
     "Duncan et al., NAAJ 2023;27:242", VERIFIED, 0.27, percent(0),
     f"{_NO_SIZE}; members have no diagnosis"),
    ("V11.cancer", "ACO of cancer patients: false positives and negatives",
     "Duncan et al., NAAJ 2023;27:242", VERIFIED, 0.23, percent(0),
     f"{_NO_SIZE}; members have no diagnosis"),
    ("V11.payer", "payer's over- and underpayment, 1.0 to 2.5 % of claims",
     "Duncan et al., NAAJ 2023;27:242", VERIFIED, math.nan, _NONE,
     f"{_NO_SIZE}; members have no diagnosis"),
    ("V12.mortality", "joint replacement: mortality within 90 days, elective hip",
     "Middleton 2017", VERIFIED, 0.005, percent(), _NOT_MODELLED),
    ("V12.complications", "joint replacement: complications within 90 days, knee",
     "Middleton 2017", VERIFIED, 0.021, percent(), _NOT_MODELLED),
    ("V12.birkmeyer_cabg", "coronary bypass: mean of 30-day episodes", "Birkmeyer 2005", VERIFIED,
     45_358.0, Show(0, " USD"), _NO_TOLERANCE),
    ("V12.birkmeyer_back", "back surgery: mean of 30-day episodes", "Birkmeyer 2005", VERIFIED,
     26_515.0, Show(0, " USD"), _NO_TOLERANCE),
    ("V12.hospital_share", "share of the hospital in surgical episodes, 60 to 80 %",
     "Birkmeyer 2005", VERIFIED, 0.70, percent(0),
     "the anchor holds hospital and surgeon together"),
    ("V12.quartiles", "gap of lowest and highest quartile of hospitals", "Birkmeyer 2005",
     VERIFIED, math.nan, _NONE, "episodes do not differ by hospital"),
    ("V12.diabetes_cv", "diabetes: coefficient of variation of episodes", "ASPE episodes",
     VERIFIED, 2.69, Show(2), "no episode type of a chronic illness"),
    ("V12.ami", "heart attack: mean of episodes", "ASPE episodes", VERIFIED, 21_976.0,
     Show(0, " USD"), "no episode type of it"),
    ("V12.quarterly", "one hospital's quarterly means: standard deviation", "Singletrack",
     VERIFIED, 3_009.0, Show(0, " USD"), "the number of episodes in a quarter is not given"),
    ("V12.copd", "COPD: quarterly cost over target on 4 to 25 episodes", "PMC10506991, table 2",
     VERIFIED, math.nan, _NONE, "no episode type of it"),
    ("V12.by_volume", "chance of a loss by volume", "none found", DERIVED, math.nan, _NONE,
     "no published table was found"),
)  # fmt: skip


def targets() -> list[Target]:
    """Targets that are named and not computed."""
    return [
        Target(key, claim, source, status, published, None, show, expected=NOT_COMPUTED,
               reason=reason)
        for key, claim, source, status, published, show, reason in _ROWS
    ]  # fmt: skip
