from __future__ import annotations

import csv
import math
from io import StringIO

import numpy as np
import pytest
import synthetic_run as made
import xarray as xr

from vbsim.plots.text import decimals_of_millions
from vbsim.report.fit import fit, ratio_of_sums
from vbsim.report.tables import (
    money,
    money_with_error,
    share,
    summary_rows,
    with_error,
)

COLUMNS = {"contract", "year", "party", "measure", "value", "standard_error", "unit"}


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (2_405_100.0, "$2.41M"),
        (-2_405_100.0, "−$2.41M"),
        (118_410_000.0, "$118.41M"),
        (999_600.0, "$1.00M"),
        (999_400.0, "$999k"),
        (-336_600.0, "−$337k"),
        (999.6, "$1k"),
        (12.4, "$12"),
        (-0.3, "$0"),
        (0.0, "$0"),
        (math.nan, "–"),
    ],
)
def test_money_names_its_own_unit(usd: float, text: str) -> None:
    assert money(usd) == text


def test_an_error_is_shown_in_the_unit_of_its_value() -> None:
    assert money_with_error(1_870_000.0, 14_900.0) == "$1.87M ± $0.01M"
    assert money_with_error(-12_000.0, math.nan) == "−$12k"
    assert with_error(share, 0.276, 0.0046) == ("27.6\N{NO-BREAK SPACE}% ± 0.5\N{NO-BREAK SPACE}%")


@pytest.mark.parametrize(
    ("largest", "decimals"), [(0.0, 2), (9e7, 2), (9e6, 2), (9e5, 3), (9e4, 4), (9e2, 5)]
)
def test_decimals_leave_three_digits_to_the_largest_amount(largest: float, decimals: int) -> None:
    assert decimals_of_millions(np.array([-largest, 0.0, np.nan])) == decimals


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str | int | float]]:
    return list(summary_rows(made.findings().summary))


def test_summary_rows_have_the_columns_of_the_csv(
    rows: list[dict[str, str | int | float]],
) -> None:
    assert all(set(row) == COLUMNS for row in rows)
    out = StringIO()
    csv.DictWriter(out, list(rows[0])).writerows(rows)
    assert "nan" not in out.getvalue().lower()


def test_summary_rows_hold_every_defined_value_once() -> None:
    summary = made.findings().summary
    rows = list(summary_rows(summary))
    keys = [(r["contract"], r["year"], r["party"], r["measure"]) for r in rows]
    assert len(keys) == len(set(keys))
    others = summary.isel(contract=slice(1, None))
    defined = sum(
        int((data[value].notnull() & data[error].notnull()).sum())
        for data, value, error in (
            (summary, "value", "standard_error"),
            (summary, "savings_rate", "savings_rate_standard_error"),
            (others, "difference", "difference_standard_error"),
            (summary, "horizon_value", "horizon_error"),
            (summary, "capital_value", "capital_error"),
            (summary, "retention_value", "retention_error"),
            (summary, "retention_difference", "retention_difference_error"),
            (summary, "retention_recovered", "retention_recovered_error"),
        )
    )
    assert len(rows) == defined
    assert all(np.isfinite(row["standard_error"]) for row in rows)


def test_summary_rows_give_values_as_they_are() -> None:
    summary = made.findings().summary
    found = {(r["contract"], r["year"], r["party"], r["measure"]): r for r in summary_rows(summary)}
    at = {"year": 2023, "contract": "capitation", "measure": "tvar_95"}
    row = found["capitation", 2023, "provider", "tvar_95"]
    assert row["value"] == float(summary["value"].sel(at | {"party": "provider"}))
    assert row["unit"] == "USD"
    row = found["capitation", 2023, "provider", "difference_from_two_sided.tvar_95"]
    assert row["value"] == float(summary["difference"].sel(at))
    assert row["standard_error"] == float(summary["difference_standard_error"].sel(at))
    row = found["two_sided", 2022, "provider", "savings_rate.mean"]
    assert row["unit"] == "1"
    assert ("capitation", 2022, "provider", "savings_rate.mean") not in found
    assert not any(
        r["measure"].startswith("diff") and c[0] == "two_sided" for c, r in found.items()
    )


def test_summary_rows_leave_out_what_has_no_error() -> None:
    """Three realizations say nothing of a 1-in-20 loss; the mean they do tell."""
    measures = {row["measure"] for row in summary_rows(made.findings(count=3).summary)}
    assert "mean" in measures
    assert "var_95" not in measures


def test_summary_rows_do_without_savings_rates() -> None:
    bare = made.findings([made.contract("capitation", benchmark=False)]).summary
    assert "savings_rate" not in bare
    assert {row["measure"] for row in summary_rows(bare)} >= {"mean", "prob_loss"}


def test_fit_is_a_ratio_of_sums_with_its_delta_method_error() -> None:
    plan = made.plan([made.contract("two_sided")], 50)
    seen = made.experience(plan, 50)
    found = fit(plan, seen)
    year = seen.sel(year=2022)
    ratio = year["claims"].sum("realization") / year["person_years"].sum("realization")
    np.testing.assert_allclose(found["utilization"], 1000.0 * ratio)
    np.testing.assert_allclose(found["utilization_expected"], [[300.0, 500.0]] * 2)
    np.testing.assert_allclose(found["cost_expected"], [[3600.0, 350.0]] * 2)
    # Exposure is constant here, so the error is that of a mean.
    direct = year["claims"].std("realization", ddof=1) / np.sqrt(50)
    np.testing.assert_allclose(found["utilization_standard_error"], direct, rtol=1e-6)


def test_ratio_of_sums_does_not_depend_on_the_block() -> None:
    rng = np.random.default_rng(5)
    exposure = xr.DataArray(rng.gamma(50.0, 1.0, (101, 2)), dims=("realization", "segment"))
    amounts = (exposure * rng.gamma(9.0, 1.0, (101, 2))).expand_dims(service=3, axis=2)
    whole = ratio_of_sums(amounts, exposure)
    for found, expected in zip(ratio_of_sums(amounts, exposure, block=7), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    residual = amounts.values - whole[0] * exposure.values[:, :, None]
    direct = np.sqrt((residual**2).sum(axis=0) * 101 / 100) / exposure.values.sum(axis=0)[:, None]
    np.testing.assert_allclose(whole[1], direct, rtol=1e-9)


def test_fit_of_an_empty_segment_is_missing() -> None:
    amounts = xr.DataArray(np.zeros((4, 1, 1)), dims=("realization", "segment", "service"))
    exposure = xr.DataArray(np.zeros((4, 1)), dims=("realization", "segment"))
    for found in ratio_of_sums(amounts, exposure):
        assert np.isnan(found).all()
