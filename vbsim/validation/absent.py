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

_NO_SIZE = "the abstract gives neither the ACO's size nor its minimum savings rate"
_NO_TOLERANCE = "no tolerance is stated and no price level: a mean of another decade"
_NOT_MODELLED = "episodes have no such outcome"
_NO_FILE = "CMS's results file of 2024 is not in the folder of public data"
_NO_SMALL = "the form below 500 beneficiaries is UNVERIFIED in the source: no gate"
_NONE = Show()
# Key, claim, source, status, published figure, how it is written, reason.
_ROWS: tuple[tuple[str, str, str, str, float, Show, str], ...] = (
    ("V1.delia_range", "expected payment range", "DeLia, Hoover & Cantor, MMRR 2012;2(4)",
     VERIFIED, math.nan, _NONE, "$115 k to $35.3 M: the table by size and savings is not readable"),
    ("V2.below_500", "minimum savings rate below 500 beneficiaries", "Milliman 2023", "UNVERIFIED",
     math.nan, _NONE, _NO_SMALL),
    ("V2.on_table_2024", "ACOs of 2024 whose rate is that of the table of sizes",
     "CMS results file of 2024", FROM_DATA, 0.42, percent(0), _NO_FILE),
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
