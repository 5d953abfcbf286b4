"""Peers on their own ground: 1,000 years of Poisson(1,000) lognormal claims, aggregate loss a year.

The peers draw every claim. The engine draws a year's number of claims in five draws and their cost
in about as many, because its tables hold sums of claims. The same draws claim by claim are timed as
well. Peers are installed by ``pip install -e '.[bench]'``; one that is missing is named.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numba import njit, prange

from benchmarks.cases import Case
from benchmarks.claims import aged
from vbsim import streams
from vbsim.engines.claims import ClaimsEngine
from vbsim.engines.systematic import NO_PROGRAM, Factors
from vbsim.generators import population, unit_cost, utilization
from vbsim.kernels import members

YEARS, CLAIMS = 1_000, 1_000
MEAN, SIGMA = 1_000.0, 1.0
MU = float(np.log(MEAN) - SIGMA**2 / 2.0)
LAW = unit_cost.Params.from_spec({"lognormal": {"mu": MU, "sigma": SIGMA}})
Losses = Callable[[int], np.ndarray]
EXACT_SD = float(np.sqrt(CLAIMS * MEAN**2 * np.exp(SIGMA**2)))


@cache
def engine() -> ClaimsEngine:
    """Engine of one member who expects 1,000 claims of one service."""
    plan = aged()[0]
    ones = np.ones((1, 1))
    world = replace(
        plan.world,
        services=("claims",),
        members=np.ones((1, 1), dtype=np.int64),
        people=(population.Params(risk_sd=0.0, ill_share=0.0, ill_ratio=1.0),),
        # elasticity 0: no intensity reaches the number of claims
        use=((utilization.Params(("claims",), (CLAIMS,), (0.0,), 1.0, (1.0,)),),),
        unit_costs=(LAW,),
        level=ones,
        relative_price=ones,
        expected_cost=ones,
        expected_truncated=ones,
    )
    return ClaimsEngine.of(replace(plan, world=world, layers=()))


def by_sums(years: int) -> np.ndarray:
    """Aggregate loss of each year by the claims kernel [USD]."""
    ones = np.ones((years, 1, 1))
    year = ones[..., 0]
    still = Factors(
        frequency=ones,
        price=year,
        national=ones,
        local=year,
        savings=0.0 * year,
        quality=ones,
        regional=year,
        completion=year,
        program=NO_PROGRAM,
        access=ones,
    )
    return engine().sums(np.arange(years), still).cost.ravel()


def claim_by_claim(years: int) -> np.ndarray:
    """Aggregate loss of each year from the same draws, one for every claim [USD]."""
    made, out = engine(), np.zeros(years)
    single = made.services.sums[0, members.NODES : 2 * members.NODES]
    keys = streams.child(made.services.keys[0], np.arange(years))
    add_claims(keys, np.float32(CLAIMS * members.STEPS), single, made.tables, out)
    return out


@njit(parallel=True, error_model="numpy")
def add_claims(keys, steps, single, tables, out):  # type: ignore[no-untyped-def]
    """Draw every year's number of claims and the cost of each of them."""
    for year in prange(keys.size):
        out[year] = one_year(np.empty(1, members.BATCH), keys[year], steps, single, tables)


@njit(error_model="numpy")
def one_year(room, key, steps, single, tables):  # type: ignore[no-untyped-def]
    """Sum of the claims of a year, batch by batch."""
    batch, total = room[0], 0.0
    first, drawn, number = batch["first"], batch["drawn"], members.any_count(key, steps, tables)
    claims = members.child(key, 1)
    for start in range(0, number, members.SIZE):
        size = min(number - start, members.SIZE)
        for i in range(members.whole(size)):
            first[i] = members.halves(members.child(claims, start + i))[0]
        members.read_table(batch, single, first, members.whole(size))
        total += members.tree_sum(drawn, size, batch["work"])
    return total


def by_numpy() -> Callable[[], np.ndarray]:
    """Sum lognormal draws by year with reduceat."""
    rng = np.random.default_rng(1)

    def run() -> np.ndarray:
        claims = rng.poisson(CLAIMS, YEARS)
        starts = np.concatenate([[0], np.cumsum(claims)[:-1]])
        return np.asarray(np.add.reduceat(rng.lognormal(MU, SIGMA, claims.sum()), starts))

    return run


def by_lossmodels() -> Callable[[], np.ndarray]:
    """Sample its collective risk model."""
    import lossmodels

    frequency, severity = lossmodels.Poisson(CLAIMS), lossmodels.Lognormal(MU, SIGMA)
    model, rng = lossmodels.CollectiveRiskModel(frequency, severity), np.random.default_rng(1)
    return lambda: np.asarray(model.sample(YEARS, rng=rng))


def by_gemact() -> Callable[[], Any]:
    """Build its loss model by Monte Carlo."""
    import gemact
    import twiggy

    gemact.lossmodel.logger.min_level = twiggy.levels.WARNING
    frequency = gemact.Frequency(dist="poisson", par={"mu": CLAIMS})
    severity = gemact.Severity(dist="lognormal", par={"shape": SIGMA, "scale": np.exp(MU)})
    words = {"aggr_loss_dist_method": "mc", "n_sim": YEARS, "random_state": 1}
    return lambda: gemact.LossModel(frequency=frequency, severity=severity, **words)


def by_pal() -> Callable[[], np.ndarray]:
    """Aggregate its frequency-severity model."""
    from pal import FrequencySeverityModel, distributions

    model = FrequencySeverityModel(
        distributions.Poisson(CLAIMS), distributions.LogNormal(MU, SIGMA)
    )
    return lambda: np.asarray(model.generate(YEARS).aggregate().values)


PEERS = {  # name in the table: its distribution, and how it does the case
    "NumPy": ("numpy", by_numpy),
    "lossmodels": ("lossmodels", by_lossmodels),
    "GEMAct": ("gemact", by_gemact),
    "PAL": ("proteusllp-actuarial-library", by_pal),
}


def cases() -> tuple[list[Callable[[], Case]], list[str]]:
    """Return cases of the peers that are installed, and what is to be said of the others."""
    made, missing = [], []
    for name, (distribution, peer) in PEERS.items():
        try:
            run = peer()
        except ImportError as error:
            missing.append(_missing(name, error))
            continue
        named = f"{name} {version(distribution)}"
        made += [_case(named, run, ours) for ours in (by_sums, claim_by_claim)]
    return made, missing


def _missing(name: str, error: ImportError) -> str:
    return f"{name}: not installed ({error}); pip install -e '.[bench]'"


def _case(name: str, run: Callable[[], Any], losses: Losses) -> Callable[[], Case]:
    how = losses.__name__.replace("_", " ")

    def ours() -> int:
        losses(20 * YEARS)  # 1,000 years take about a millisecond: too short to time
        return 20 * YEARS

    def theirs() -> int:
        run()
        return YEARS

    return lambda: Case(f"compound Poisson, {how} / {name}", "year", ours, theirs)


@dataclass(frozen=True)
class Quality:
    """What a method says of the distribution of one year's loss, and how long it takes."""

    method: str
    seconds: float
    mean_error: float  # relative
    sd_error: float
    tail_error: float  # of the 99.5 % quantile


def exact_quantile(share: float) -> float:
    """Quantile by a Fourier transform on a grid of 2**17 steps of 20 USD."""
    step, points = 20.0, 2**17
    transform = np.fft.rfft(unit_cost.discretized(LAW, step, points))
    mass = np.fft.irfft(np.exp(CLAIMS * (transform - 1.0)), points)
    return float(step * np.searchsorted(np.cumsum(mass), share))


def qualities() -> tuple[list[Quality], list[str]]:
    """Set simulation beside the transform of ``aggregate``; say if that is missing."""
    found = [_simulated(years) for years in (YEARS, 1_000_000)]
    try:
        return [*found, _transformed()], []
    except ImportError as error:
        return found, [_missing("aggregate", error)]


def _simulated(years: int) -> Quality:
    by_sums(1)
    start = time.perf_counter()
    drawn = by_sums(years)
    taken = time.perf_counter() - start
    tail = float(np.quantile(drawn, 0.995))
    return _quality(f"claims engine, {years:,} years", taken, drawn.mean(), drawn.std(), tail)


def _transformed() -> Quality:
    from aggregate import build

    cv = float(np.sqrt(np.exp(SIGMA**2) - 1.0))
    words = f"agg Peers {CLAIMS} claims sev lognorm {MEAN} cv {cv} poisson"
    build(words, log2=16)
    start = time.perf_counter()
    made = build(words, log2=16)
    taken = time.perf_counter() - start
    name = f"aggregate {version('aggregate')}, 2**16 buckets"
    return _quality(name, taken, made.est_m, made.est_sd, float(made.q(0.995)))


def _quality(method: str, seconds: float, mean: float, sd: float, tail: float) -> Quality:
    exact = (CLAIMS * MEAN, EXACT_SD, exact_quantile(0.995))
    errors = [
        abs(value / truth - 1.0) for value, truth in zip((mean, sd, tail), exact, strict=True)
    ]
    return Quality(method, seconds, *errors)
