"""Episodes: the compiled engine against exact means and against the plain generator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from tests.conftest import small_scenario
from tests.generators.test_generators_contract import JOINT
from vbsim import streams
from vbsim.generators import episodes
from vbsim.kernels import episodes as kernel
from vbsim.plan import Episodes, Plan
from vbsim.scenario.resolve import resolve
from vbsim.simulate import simulate

CAP = 40_000.0


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Two types, without any systematic factor; 1,000 realizations of some 110 joints."""
    quiet = dict.fromkeys(
        ("trend_sd", "service_sd", "pandemic_probability", "local_sd", "composition_cv"), 0.0
    )
    found = resolve(
        small_scenario(
            realizations=1000,
            contracts={"cap": {"model": "capitation", "pmpm": 900.0}},
            benchmark=None,
            uncertainty=quiet,
        )
    )
    kinds = (replace(JOINT, per_1000=300.0), replace(JOINT, per_1000=30.0, snf_share=0.0))
    return replace(
        found, episodes=Episodes(("joint", "rare"), kinds, ("all", "cap"),
                                 np.array([[np.inf, CAP], [np.inf, CAP]]))
    )  # fmt: skip


@pytest.fixture(scope="module")
def experience(plan: Plan) -> xr.Dataset:
    return simulate(plan)


def test_counts_and_costs_have_their_exact_means(plan: Plan, experience: xr.Dataset) -> None:
    """Within 4 standard errors, each taken from the draws."""
    assert plan.episodes is not None
    exposure = experience["person_years"].sum("segment")
    for number, params in enumerate(plan.episodes.params):
        of_type = experience.isel(episode_type=number)
        surplus = of_type["episodes"] - params.per_1000 / 1000.0 * exposure
        assert abs(surplus.mean()) < 4.0 * surplus.std() / np.sqrt(surplus.size)
        anchor, after, other = episodes.mean(params)
        for name, expected in (
            ("episode_cost", anchor + after + other),
            ("episode_anchor_cost", anchor),
        ):
            gap = of_type[name] - expected * of_type["episodes"]
            assert abs(gap.mean()) < 4.0 * gap.std() / np.sqrt(gap.size), name
        capped = of_type["episode_counted_cost"].sel(episode_limit="cap")
        gap = capped - episodes.mean_counted(params, CAP) * of_type["episodes"]
        assert abs(gap.mean()) < 4.0 * gap.std() / np.sqrt(gap.size)
        whole = of_type["episode_counted_cost"].sel(episode_limit="all")
        np.testing.assert_allclose(whole, of_type["episode_cost"], rtol=1e-12)


def test_single_episodes_are_distributed_as_the_generator_says() -> None:
    """Two-sample Kolmogorov-Smirnov on 20,000 each, total cost of an episode."""
    from vbsim.simulate import _episode_types

    types = _episode_types(Episodes(("joint",), (JOINT,), (), np.empty((1, 0))), [11])
    keys = streams.child(np.uint64(5), np.arange(20_000))
    compiled = [sum(kernel.one_episode(key, 0, types)) for key in keys]
    uniforms = np.random.default_rng(3).uniform(size=(20_000, len(episodes.labels(JOINT))))
    plain = episodes.values(JOINT, uniforms).sum(axis=1)
    assert stats.ks_2samp(compiled, plain).pvalue > 0.001


def test_severity_spreads_whole_episodes_and_keeps_their_mean() -> None:
    """Square of a product of independent factors: 1 + cv^2 is that of the parts times 1 + 0.5^2.

    131,072 evenly spread points: to 1 %, of which the tail of the square takes most.
    """
    alone, severe = (replace(JOINT, severity_cv=cv) for cv in (0.0, 0.5))
    before, after = episodes.pilot(alone), episodes.pilot(severe)
    assert after.mean() == pytest.approx(episodes.mean(severe).sum(), rel=1e-3)
    square = [1.0 + (costs.std() / costs.mean()) ** 2 for costs in (before, after)]
    assert square[1] / square[0] == pytest.approx(1.25, rel=0.01)


def test_neither_blocks_nor_threads_nor_other_types_change_a_draw(
    plan: Plan, experience: xr.Dataset
) -> None:
    few = replace(plan, realizations=20)
    assert plan.episodes is not None
    for other in (simulate(few, block=7), simulate(few, threads=1)):
        xr.testing.assert_identical(other, experience.isel(realization=slice(0, 20)))
    one = replace(plan.episodes, types=("rare",), params=plan.episodes.params[1:],
                  limit=plan.episodes.limit[1:])  # fmt: skip
    alone = simulate(replace(few, episodes=one))
    for name in ("episodes", "episode_cost"):
        together = experience[name].isel(realization=slice(0, 20)).sel(episode_type=["rare"])
        np.testing.assert_array_equal(alone[name], together)
    without = simulate(replace(few, episodes=None))
    assert "episodes" not in without
    np.testing.assert_array_equal(without["cost"], experience["cost"][:20])


def test_counts_invert_the_poisson_distribution() -> None:
    uniforms = (np.arange(2000) + 0.5) / 2000.0
    for expected in (0.0, 0.3, 4.0, 200.0):
        found = episodes.counts(np.full(uniforms.size, expected), uniforms)
        np.testing.assert_array_equal(found, stats.poisson.ppf(uniforms, expected).clip(0))
