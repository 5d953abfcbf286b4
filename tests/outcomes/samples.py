"""Rows typed in from CMS's published files, and rows worked by hand where no file is at hand."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One row as its file has it, and what the rules make of it."""

    name: str
    year: int
    cells: dict[str, str]
    track: str
    minimum: float
    earned: float = 0.0
    owed: float = 0.0
    within: float = 1.0


def write_sample(path: Path, *rows: dict[str, str]) -> Path:
    """Write rows under the column names of the first."""
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _row(names: str, cells: str) -> dict[str, str]:
    return dict(zip(names.split(), cells.split(), strict=True))


_2013 = (
    "ACO_Num Track2 QualScore FinalShareRate MinSavPerc ABtotBnchmk ABtotExp EarnShrSavings "
    "OweLosses N_AB"
)
_2014 = (
    "ACO_Num Track1 Track2 N_AB MinSavPerc GenSaveLoss EarnSaveLoss QualScore ABtotBnchmk ABtotExp "
    "FinalShareRate"
)
_2016 = (
    "ACO_ID Current_Track_1 Current_Track_2 Current_Track_3 Current_Track_1_Plus N_AB MinSavPerc "
    "Met_QPS QualScore ABtotBnchmk ABtotExp EarnSaveLoss DisAdj"
)
_2022 = (
    "ACO_ID Current_Track N_AB MinSavPerc Met_QPS QualScore ABtotBnchmk ABtotExp "
    "EarnSaveLoss DisAdj"
)
# The layout of 2024: bare percent points, '-' for not applicable, and new columns.
_2024 = (
    "ACO_ID Current_Track Current_Start_Date N_AB Sav_rate MinSavPerc EarnSaveLoss DisAdj Met_QPS "
    "Met_AltQPS QualScore ABtotBnchmk ABtotExp FinalShareRate FinalLossRate Guardrail ReducedSS "
    "AIPOwe RegAdj PriorSavAdj FinalAdjCat Rev_Exp_Cat"
)


def row_of_2024(**cells: str) -> dict[str, str]:
    """One ACO in the layout of 2024, BASIC E with savings of 4 %; ``cells`` replace columns."""
    plain = (
        "A0000 E 07/01/2019 20000 4 2 1960000 - 1 - 80 100000000 96000000 50 30 0 0 - - - - "
        "High_Revenue"
    )
    return _row(_2024, plain) | cells


CASES = [
    # CMS PY2013 PUF: 0.98 x 0.5 x 39,568,834.84 = 19,388,729.07
    Case("2013 track 1", 2013, _row(_2013, "A67373 0 1 0.5 0.023373146 613084880.4 573516045.5 "
         "19388729.07 - 36268"), "track_1", 0.0233731, earned=19_388_729.07),
    # CMS PY2013 PUF, the one ACO that owed: 0.4 x 9,966,380.3; losses are never sequestered
    Case("2013 track 2 loss", 2013, _row(_2013, "A14269 1 1 0.6 0.02 197934064.8 207900445.1 0 "
         "-3986552.12 20979"), "track_2", 0.02, owed=3_986_552.12),
    # CMS PY2014 PUF: minimum rate in percent points, quality a fraction
    Case("2014 scaled by quality", 2014, _row(_2014, "A67373 1 0 34601 2.353985133 32173449 "
         "14455933 0.916964286 450902466 418729017 0.458482143"), "track_1", 0.0235399,
         earned=14_455_933),
    # CMS PY2014 PUF: pay for reporting, but the standard was missed
    Case("2014 standard missed", 2014, _row(_2014, "A80939 1 0 5668 3.699399399 3396127 0 P4R "
         "53978009 50581882 0"), "track_1", 0.0369940),
    # Pay for reporting: the full rate, 0.98 x 0.5 x 4,000,000
    Case("2015 first year", 2015, _row(_2014, "A00001 1 0 10,000 3.00% 4,000,000 1,960,000 P4R "
         "50,000,000 46,000,000 50.00%"), "track_1", 0.03, earned=1_960_000),
    # CMS PY2016 PUF: loss rate 1 - 0.75 x 0.9635 < 0.4, so 0.4 x 6,330,283
    Case("2016 track 3 loss", 2016, _row(_2016, "A04423 0 0 1 0 21136 0.005 1 0.9635 192077909 "
         "198408192 -2532113 -"), "track_3", 0.005, owed=2_532_113),
    # CMS PY2016 PUF: exactly 10 % of benchmark; 0.98 x 0.4433 x 28,231,243 would be 12,264,738
    Case("2016 payment limit", 2016, _row(_2016, "A00755 1 0 0 0 6051 0.035897898 1 0.8866 "
         "119762995 91531752 11976300 -"), "track_1", 0.0358979, earned=11_976_300),
    # CMS PY2017 PUF: 152 beneficiaries, the smallest ACO that was published; standard missed
    Case("2017 smallest ACO", 2017, _row(_2016, "A05696 1 0 0 0 152 0.254190476 0 0.3949 2000000 "
         "1900000 0 -"), "track_1", 0.2541905),
    # CMS PY2018 PUF: 0.3 x 5,861,333 - 717
    Case("2018 track 1+ loss", 2018, _row(_2016, "A2392 0 0 0 1 14719 0.027168034 1 0.9732 "
         "130265792 136127125 -1757683 -717"), "track_1_plus", 0.0271680, owed=1_757_683),
    # CMS PY2018 PUF: standard missed, so the largest loss rate: 0.75 x 2,828,054 - 2,797
    Case("2018 standard missed", 2018, _row(_2016, "A3743 0 0 1 0 6003 0.01 0 0.4545 86448533 "
         "89276587 -2118244 -2797"), "track_3", 0.01, owed=2_118_243.5),
    # CMS PY2019 PUF: no sequestration, 0.5 x 0.985 x 7,558,323; quality to one part in 10,000
    Case("2019 not sequestered", 2019, _row(_2016, "A1131 0 0 0 1 14850 0.02 1 0.985 94706249 "
         "87147926 3722474 0"), "track_1_plus", 0.02, earned=3_722_474),
    # CMS PY2020 PUF: 0.75 x 1 x 72,427,998
    Case("2020 ENHANCED", 2020, _row(_2022, "A1001 EN 80864 0.02 1 1.0 956864945 884436947 "
         "54320998 -"), "enhanced", 0.02, earned=54_320_998),
    # CMS PY2021 PUF: the full rate whatever the score, sequestered again
    Case("2021 BASIC E", 2021, _row(_2022, "A1027 E 10,500 2.97% 1 91.44 135,787,947 129,237,648 "
         "3,209,646 -"), "basic_e", 0.0297, earned=3_209_646),
    # CMS PY2022 PUF: losses of a public health emergency are forgiven
    Case("2022 forgiven", 2022, _row(_2022, "A1539 EN 23249 1.00% 1 70.63% 236275356 249555909 0 "
         "-6245512"), "enhanced", 0.01),
    # CMS PY2023 PUF: (1 - 0.75 x 0.7809) x 8,354,010 - 2,566,990
    Case("2023 ENHANCED loss", 2023, _row(_2022, "A1539 EN 21867 1.00% 1 78.09% 242995775 "
         "251349785 -894285 -2566990"), "enhanced", 0.01, owed=894_285),
    # Worked by hand: 0.98 x 0.75 x 6,000,000
    Case("2024 standard met", 2024, _row(_2024, "A0001 EN 07/01/2019 20000 6 2 4410000 - 1 - 85.31 "
         "100000000 94000000 75 40 0 0 - 0.5 - RegAdj Low_Revenue"), "enhanced", 0.02,
         earned=4_410_000),
    # Worked by hand: alternative standard, 0.98 x 0.75 x 0.7688 (57.66 % as in 2024) x 6,000,000
    Case("2024 alternative standard", 2024, _row(_2024, "A0002 EN 07/01/2019 20000 6 2 3390408 - 0 "
         "1 76.88 100000000 94000000 57.66 42.34 0 0 - - - - High_Revenue"), "enhanced", 0.02,
         earned=3_390_408),
    # Worked by hand: neither standard
    Case("2024 neither standard", 2024, _row(_2024, "A0003 EN 07/01/2019 20000 6 2 0 - 0 0 10 "
         "100000000 94000000 0 75 0 0 - - - - High_Revenue"), "enhanced", 0.02),
    # Worked by hand: below the minimum rate of 3 %; half of 40 %: 0.98 x 0.2 x 1,000,000
    Case("2024 reduced sharing", 2024, _row(_2024, "A0004 A 01/01/2024 10000 1 3 196000 - 1 - 80 "
         "100000000 99000000 20 - 0 1 - - - - Low_Revenue"), "basic_a", 0.03, earned=196_000),
    # Worked by hand: the guardrail bars savings
    Case("2024 guardrail", 2024, _row(_2024, "A0005 E 01/01/2024 20000 4 2 0 - 1 - 80 100000000 "
         "96000000 0 30 1 0 - - - - Low_Revenue"), "basic_e", 0.02),
    # Worked by hand: the guardrail leaves losses alone, 0.3 x 4,000,000
    Case("2024 guardrail loss", 2024, _row(_2024, "A0006 E 01/01/2024 20000 -4 2 -1200000 - 1 - 80 "
         "100000000 104000000 50 30 1 0 - - - - Low_Revenue"), "basic_e", 0.02, owed=1_200_000),
    # Worked by hand: 4,900 beneficiaries, below 5,000, where a fixed choice is void
    Case("2025 void choice", 2025, _row(_2024, "A0007 E 01/01/2024 4900 3 3.955 0 - 1 - 80 "
         "50000000 48500000 50 30 0 0 - - - - High_Revenue"), "basic_e", 0.03955),
    # Worked by hand: the loss limit of BASIC C, 1 % of benchmark below 0.3 x 8,000,000
    Case("2026 loss limit", 2026, _row(_2024, "A0008 C 01/01/2024 20000 -8 1 -1000000 - 1 - 80 "
         "100000000 108000000 50 30 0 0 - - - - High_Revenue"), "basic_c", 0.01, owed=1_000_000),
]  # fmt: skip
