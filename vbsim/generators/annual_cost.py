"""The exact distribution of a member's annual cost, from population, utilization and unit cost.

Given the year's intensity the annual cost is a compound Poisson sum over services, so its Fourier
transform is an exponential; averaging over the intensities and transforming back gives the
distribution on a money grid, without simulation (Grübel & Hermesmeier, "Computation of compound
distributions I", ASTIN Bulletin 1999). ``resolve`` reads truncation points, truncated means and
expected stop-loss recoveries from it, and tests hold the claims engine against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vbsim.generators import population, unit_cost, utilization
from vbsim.kernels import compound, exponential
from vbsim.kernels.grid import cell_weights

FloatArray = NDArray[np.float64]
# The members of a segment in a year: who they are, what they use and what a claim costs.
Members = tuple[population.Params, utilization.Params, tuple[unit_cost.Params, ...]]
_POINTS = 2**13
_STEPS_PER_MEAN = 40  # unless it is made wider the grid reaches to 205 times the mean
LOG_STEP = 0.05  # spacing of the log intensities; moves a truncated mean by 0.01 % at most
# Where only the difference of two distributions is wanted: spacing of the log intensities, the
# intensity below which they count as alike, and how much wider the money grid is.
_THIN_STEP, _LITTLE, _WIDER = 0.4, 0.1, 4
# Gauss-Legendre points on (0, 1) for the exposure of part-year members; they add up to 1, so a full
# year is the product of the two.
PART_YEAR = (0.2113248654051871, 0.7886751345948129)


@dataclass(frozen=True)
class AnnualCost:
    """Distribution of annual cost at a full year and at part-year exposures.

    Parameters
    ----------
    step
        Money between two points of the grid [USD].
    exposures, weights
        Exposures [years], shape (E,), and the share of members at each.
    mass
        Probability of each grid point at each exposure, shape (E, points).
    limited
        Mean of the cost limited at each grid point, of the same shape [USD].
    """

    step: float
    exposures: FloatArray
    weights: FloatArray
    mass: FloatArray
    limited: FloatArray

    @cached_property
    def grid(self) -> FloatArray:
        """Money at the points of the grid [USD]."""
        return np.asarray(self.step * np.arange(self.mass.shape[1], dtype=np.float64))

    @cached_property
    def _below(self) -> FloatArray:
        """Distribution function of a full-year member at the points of the grid."""
        return np.cumsum(self.mass[0])

    def mean(self) -> float:
        """Mean annual cost of a full-year member [USD]."""
        return float(self.mass[0] @ self.grid)

    def percentile(self, share: float) -> float:
        """Annual cost that a share of full-year members does not exceed [USD]."""
        return float(np.interp(share, self._below, self.grid))

    def limited_mean(self, limit: ArrayLike, annualized: bool = True) -> FloatArray:
        """Cost per person-year, each member's cost limited at ``limit`` [USD].

        With ``annualized`` the limit shrinks with the exposure of a part-year member.
        """
        limits = np.atleast_1d(np.asarray(limit, dtype=np.float64))[:, None]
        found = self._limited(limits * (self.exposures if annualized else 1.0))
        return np.asarray(found @ self.weights / float(self.weights @ self.exposures))

    def layer_moments(self, lower: float, upper: float, annualized: bool) -> tuple[float, float]:
        """Mean and standard deviation of one member's cost between two bounds [USD].

        Over members of every exposure; with ``annualized`` the bounds shrink with it.
        """
        scale = self.exposures if annualized else np.ones_like(self.exposures)
        bounds = np.multiply.outer([lower, upper], scale)
        below, above = self._limited(bounds)
        second = 0.0
        for weight, mass, (least, most) in zip(self.weights, self.mass, bounds.T, strict=True):
            second += weight * float(mass @ (np.clip(self.grid, least, most) - least) ** 2)
        first = float(self.weights @ (above - below))
        return first, float(np.sqrt(max(second - first**2, 0.0)))

    def _limited(self, limits: FloatArray) -> FloatArray:
        """Mean limited cost at each exposure, limits and means (n, E) [USD].

        Piecewise linear in the limit between grid points: interpolation is exact.
        """
        last = self.limited.shape[1] - 1
        place = np.minimum(limits / self.step, last)
        left = np.minimum(place.astype(np.int64), last - 1)
        rows = np.arange(self.exposures.size)
        low = self.limited[rows, left]
        return np.asarray(low + (place - left) * (self.limited[rows, left + 1] - low))


def annual_cost(
    people: population.Params,
    use: utilization.Params,
    unit_costs: tuple[unit_cost.Params, ...],
    step: float = 0.0,
) -> AnnualCost:
    """Exact distribution of annual cost before trend, shocks and scaling [USD].

    Parameters
    ----------
    people, use, unit_costs
        The members of a segment, and what they use.
    step
        Most money between two points of the grid, if more than 1/40 of the mean [USD]: a wider
        grid for what lies far above the mean.

    Notes
    -----
    Unit costs are put on the grid with their means preserved; cost beyond the grid is on its last
    point.
    """
    step = grid_step(use, unit_costs, step)
    mass, limited = _by_exposure(_present(people), use, unit_costs, step)
    return AnnualCost(step, np.array([1.0, *PART_YEAR]), _shares(people), mass, limited)


def grid_step(
    use: utilization.Params, unit_costs: tuple[unit_cost.Params, ...], most: float
) -> float:
    """Money between two points of the grid of :func:`annual_cost`, if ``most`` is asked for [USD].

    By powers of two, so that attachments and years that are not far apart share a grid.
    """
    least = _expected(use, unit_costs) / _STEPS_PER_MEAN
    return float(least * 2.0 ** max(np.floor(np.log2(max(most, least) / least)), 0.0))


def moved(known: AnnualCost, before: Members, after: Members) -> AnnualCost:
    """Distribution of annual cost after a small change of the members of a known one.

    Adds the difference that the change makes to a distribution of few intensities on a wider grid:
    a tenth of the work or less. The mean stays exact.
    """
    shares = _shares(after[0])
    ends = [(_present(people), use, costs) for people, use, costs in (before, after)]
    if ends[0] == ends[1]:
        return replace(known, weights=shares)
    mass, limited = _change(*ends, known.step)
    return replace(known, weights=shares, mass=known.mass + mass, limited=known.limited + limited)


@lru_cache(maxsize=64)
def _change(before: Members, after: Members, step: float) -> tuple[FloatArray, FloatArray]:
    """Give what a change adds to mass and limited means."""
    old, new = (_by_exposure(*members, _WIDER * step, thin=True) for members in (before, after))
    points, wide = np.arange(_POINTS), _WIDER * np.arange(_POINTS // _WIDER)
    # A wide point's mass is spread evenly about it, but for that of no cost at all.
    ends, added = wide + 0.5 * _WIDER, np.cumsum(new[0] - old[0], axis=1)
    below = np.array([np.interp(points + 0.5, ends, row) for row in added])
    limited = np.array([np.interp(points, wide, row) for row in new[1] - old[1]])
    below[:, 1:] -= below[:, :-1].copy()
    return below, limited


def _expected(use: utilization.Params, unit_costs: tuple[unit_cost.Params, ...]) -> float:
    """Exact mean cost of a person-year [USD]."""
    return sum(r * unit_cost.mean(c) for r, c in zip(use.rates, unit_costs, strict=True))


def _present(people: population.Params) -> population.Params:
    """Without deaths a part of a year is like a whole one: who is here how long is no matter."""
    return people if people.deaths else people.whole()


def _shares(people: population.Params) -> FloatArray:
    """Share of members at a full year and at each of the two part-year exposures."""
    part = people.deaths + (1.0 - people.deaths) * people.partial
    return np.array([1.0 - part, 0.5 * part, 0.5 * part])


@lru_cache(maxsize=128)
def _by_exposure(
    people: population.Params,
    use: utilization.Params,
    unit_costs: tuple[unit_cost.Params, ...],
    step: float,
    thin: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Mass and limited means; entities that share an assumption set share them.

    Where a difference is all that is wanted, of ``thin`` intensities on half the points.
    """
    points = _POINTS // _WIDER if thin else _POINTS
    transforms = np.stack([_transform(law, step, points) for law in unit_costs])
    log_intensity, weights = intensities(people, use)
    response = utilization.response(use, log_intensity)
    # Moving the intensities onto the grid spreads them by 0.2 % of the mean: take that out again.
    rates = np.asarray(use.rates) * response / (weights @ response)
    shares = _of_whole_and_part(people, weights)
    if thin:
        shares, rates = _thinned(people, log_intensity, shares, rates)
    mass = _compound(shares, rates, transforms, points)
    limited = np.zeros_like(mass)
    limited[:, 1:] = np.cumsum(1.0 - np.cumsum(mass, axis=1)[:, :-1], axis=1) * step
    return mass, limited


@lru_cache(maxsize=512)
def _transform(law: unit_cost.Params, step: float, points: int) -> NDArray[np.complex128]:
    """Transform of one claim's cost on the grid, less 1."""
    severity = unit_cost.discretized(law, step, points)
    return np.asarray(np.fft.rfft(severity / tilting(points)) - 1.0)


def tilting(points: int) -> FloatArray:
    """Divide what is transformed by this, and multiply what is transformed back, (points,).

    What lies beyond a grid comes back at its beginning. Without this exponential tilting (Grübel &
    Hermesmeier) that moves the mean above an attachment, of which the grid reaches 4 times, by
    1.5 %; exp(-8) of it is left. With more, the rounding of the transform shows in second moments.
    """
    return np.exp(8.0 / points * np.arange(points))


def intensities(
    people: population.Params, use: utilization.Params
) -> tuple[FloatArray, FloatArray]:
    """Log intensities of a fresh member's year, and their shares of the person-years.

    Those of members who die in the year are the second half, where anybody dies.
    """
    return _intensities(people, use.of(np.zeros(len(use.services), dtype=bool)))


@lru_cache(maxsize=128)
def _intensities(
    people: population.Params, use: utilization.Params
) -> tuple[FloatArray, FloatArray]:
    """Log intensities and shares, whatever the services."""
    risk = on_log_grid(population.log_risk_table(people))
    transient = on_log_grid(utilization.log_transient_table(use))
    mass = np.convolve(risk[1], transient[1])
    logs = risk[0] + transient[0] + LOG_STEP * np.arange(mass.size)
    well, ill = 1.0 - people.ill_share, people.ill_share
    shares, levels = np.array([well, ill]), np.array(people.levels)
    keep = np.concatenate([well * mass, ill * mass]) > 1e-10
    if people.deaths:
        alive, died = 1.0 - people.partial / 2.0, np.array(people.died)
        shares = np.concatenate([shares * (1.0 - died) * alive, shares * died / 2.0])
        levels = np.concatenate([levels, levels * people.end_of_life_ratio])
        keep = np.tile(keep, 2)
    weights = np.concatenate([share * mass for share in shares])[keep]
    return (
        np.concatenate([logs + np.log(level) for level in levels])[keep],
        weights / weights.sum(),
    )


def _of_whole_and_part(people: population.Params, weights: FloatArray) -> FloatArray:
    """Probabilities of the intensities of members here all year, and of the others, (2, I)."""
    if not people.deaths:
        return np.stack([weights, weights])
    alive, died = weights.reshape(2, -1)
    alive, died = (part / part.sum() for part in (alive, died))
    nobody, partial = np.zeros_like(alive), (1.0 - people.deaths) * people.partial
    part = np.concatenate([partial * alive, people.deaths * died]) / (partial + people.deaths)
    return np.stack([np.concatenate([alive, nobody]), part])


def _thinned(
    people: population.Params, logs: FloatArray, shares: FloatArray, rates: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gather intensities, (I,), shares (2, I) and rates (I, K), in pairs.

    Two for each step of the log intensity, which keep mean and variance of the rates within it.
    """
    place = np.floor(np.log(np.exp(logs) + _LITTLE) / _THIN_STEP).astype(np.int64)
    place -= place.min()
    if people.deaths:  # the year of death, the second half, has shares of its own
        place += (place.max() + 1) * (np.arange(place.size) * 2 // place.size)
    held = np.flatnonzero(np.bincount(place))
    first = np.zeros((held.size, place.size))
    first[np.searchsorted(held, place), np.arange(place.size)] = 1.0
    within = first * shares.sum(axis=0)
    mean, square = (within @ rates**n / within.sum(axis=1, keepdims=True) for n in (1, 2))
    apart = np.minimum(np.sqrt(np.maximum(square - mean**2, 0.0)), mean)
    return np.tile(0.5 * shares @ first.T, 2), np.concatenate([mean - apart, mean + apart])


def lasting_variance(
    people: population.Params,
    use: utilization.Params,
    unit_costs: tuple[unit_cost.Params, ...],
    limit: float,
) -> tuple[float, float, float, float]:
    """Variance of a full-year member's limited cost that is due to who the member is [USD²].

    Its parts are due to the lasting risk R; to the state, well or ill, given R; to the transient
    given R; and to what state and transient do together. What is left of the variance is fresh
    every year. With ``s = ill_persistence**k`` and ``t = transient_persistence**k``, the chances
    that state and transient are those of ``k`` years ago and not drawn anew, one member's limited
    costs of both years have the covariance ``lasting + s state + t transient + s t both``.

    Parameters
    ----------
    people, use, unit_costs
        As in :func:`annual_cost`.
    limit
        What a year's cost is limited at [USD].
    """
    risk, risk_mass = _likely(*on_log_grid(population.log_risk_table(people)))
    transient, transient_mass = _likely(*on_log_grid(utilization.log_transient_table(use)))
    mass = np.convolve(risk_mass, transient_mass)
    step = _expected(use, unit_costs) / _STEPS_PER_MEAN
    transforms = np.stack(
        [np.fft.rfft(unit_cost.discretized(c, step, _POINTS)) - 1.0 for c in unit_costs]
    )
    held = np.minimum(step * np.arange(_POINTS, dtype=np.float64), limit)
    by_state = []
    for level in people.levels:
        logs = np.log(level) + risk + transient + LOG_STEP * np.arange(mass.size)
        rates = np.asarray(use.rates) * utilization.response(use, logs)
        by_state.append(np.fft.irfft(exponential.exp(rates @ transforms), _POINTS) @ held)
    cost, states = np.array(by_state), np.array([1.0 - people.ill_share, people.ill_share])
    # The mean over the transient, at every lasting risk.
    of_risk = np.array([np.convolve(one, transient_mass[::-1], "valid") for one in cost])
    mean = states @ of_risk @ risk_mass

    def variances(given: FloatArray, weights: FloatArray) -> tuple[float, float]:
        """Give that of the mean over the states, and that with the state known."""
        anew, known = weights @ (states @ given) ** 2, states @ given**2 @ weights
        return float(anew - mean**2), float(known - mean**2)

    lasting, with_state = variances(of_risk, risk_mass)
    with_transient, with_both = variances(cost, mass)
    state, alone = with_state - lasting, with_transient - lasting
    return lasting, state, alone, with_both - lasting - state - alone


def _likely(start: float, mass: FloatArray) -> tuple[float, FloatArray]:
    """Cut the ends of a log grid that hold next to no mass."""
    kept = np.flatnonzero(mass > 1e-8)
    inner = mass[kept[0] : kept[-1] + 1]
    return start + LOG_STEP * float(kept[0]), inner / inner.sum()


def on_log_grid(log_table: FloatArray) -> tuple[float, FloatArray]:
    """Spread a table's cells over an even grid, mean of the logarithm preserved."""
    values, weights = 0.5 * (log_table[:-2] + log_table[1:-1]), cell_weights()
    start = np.floor(values.min() / LOG_STEP) * LOG_STEP
    place = (values - start) / LOG_STEP
    left = np.floor(place).astype(np.int64)
    share: FloatArray = place - left
    size = int(left.max()) + 2
    mass = np.bincount(left, weights * (1.0 - share), size)
    mass += np.bincount(left + 1, weights * share, size)
    return float(start), np.asarray(mass, dtype=np.float64)


def _compound(
    weights: FloatArray, rates: FloatArray, transforms: NDArray[np.complex128], points: int
) -> FloatArray:
    """Mass of the annual cost at a full year and at the two part-year exposures, (3, points)."""
    whole = compound.mixed(weights, rates, transforms, PART_YEAR)
    mass = np.maximum(tilting(points) * np.fft.irfft(whole, points), 0.0)
    mass[:, -1] += np.maximum(1.0 - mass.sum(axis=1), 0.0)
    return np.asarray(mass)
