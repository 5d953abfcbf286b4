"""``python -m benchmarks.program FILE``: the whole Medicare Shared Savings Program, timed.

``FILE`` is CMS's file of 2022 results, which is public and not shipped. 10,000 years of all ACOs
with three simulated base years each, from the files to the run folder and its report, against the
NumPy program: a part of the same ACOs is timed before and after in the same process, and its time
per member-year stands for all of them, which would take days. Compile time is apart. The NumPy
program only simulates: it settles nothing, and measures and writes nothing.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.reference import simulate_year
from vbsim.generators import utilization
from vbsim.plan import Plan
from vbsim.portfolio import load_portfolio, resolve_portfolio, simulate_portfolio
from vbsim.run_portfolio import PortfolioRun, run_portfolio

SCENARIO = Path(__file__).parents[1] / "scenarios" / "mssp_2022_program.yaml"
REALIZATIONS = 10_000
PART = 12  # ACOs of the reference, from the smallest to the largest in even steps


@dataclass(frozen=True)
class Timing:
    """What was measured.

    Parameters
    ----------
    run
        The run of the whole program.
    seconds
        From the files to the report, compile time apart.
    reference
        Seconds per member-year of the NumPy program, before and after.
    """

    run: PortfolioRun
    seconds: float
    reference: tuple[float, float]

    @property
    def extrapolated(self) -> float:
        """Seconds that the NumPy program would take for all realizations."""
        plan = self.run.plan
        return plan.member_years * plan.realizations * sum(self.reference) / 2.0

    @property
    def ratio(self) -> float:
        """How many times as fast the whole program is."""
        return self.extrapolated / self.seconds


def timed(results_file: Path, realizations: int = REALIZATIONS) -> Timing:
    """Time the whole program, and the reference before and after."""
    plan = resolve_portfolio(load_portfolio(SCENARIO, results_file, {"realizations": realizations}))
    simulate_portfolio(replace(plan, plans=plan.plans[:1], members=plan.members[:1]))  # compiles
    by_size = sorted(plan.plans, key=lambda one: int(one.world.members.sum()))
    part = by_size[:: max(len(by_size) // PART, 1)]
    before = _reference(part)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        portfolio = load_portfolio(SCENARIO, results_file, {"realizations": realizations})
        run = run_portfolio(portfolio, Path(folder) / "run")
        seconds = time.perf_counter() - start
    return Timing(run, seconds, (before, _reference(part)))


def _reference(part: list[Plan]) -> float:
    """Seconds per member-year: one year of every segment of some ACOs."""
    rng, members, start = np.random.default_rng(1), 0, time.perf_counter()
    for plan in part:
        for segment in range(len(plan.world.segments)):
            scale = utilization.response(plan.world.use[0][segment], np.zeros(1))[0]
            simulate_year(plan, scale, rng, segment)
            members += int(plan.world.members[0, segment])
    return (time.perf_counter() - start) / members


def main() -> None:
    """Print the times and their ratio."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.program",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="CMS's file of 2022 results")
    parser.add_argument("--realizations", type=int, default=REALIZATIONS)
    asked = parser.parse_args()
    found = timed(asked.file, asked.realizations)
    plan, (before, after) = found.run.plan, found.reference
    print(
        f"{len(plan.plans)} entities, {plan.realizations:,} realizations of "
        f"{plan.member_years:,} member-years, {len(plan.first.world.years)} years each"
    )
    print(f"vbsim, from the files to the report, compile time apart: {found.seconds:,.1f} s")
    print(
        f"NumPy program: {1e9 * before:,.0f} ns per member-year before and {1e9 * after:,.0f} "
        f"after; {found.extrapolated:,.0f} s for all"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"ratio {found.ratio:,.0f}; peak memory of this process {peak:,.0f} MB")


if __name__ == "__main__":
    main()
