"""Tables of ``vbsim decompose`` and ``vbsim skill`` on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from vbsim.cli.console import stdout
from vbsim.decompose import SOURCES
from vbsim.plots.text import percent
from vbsim.report.tables import money

if TYPE_CHECKING:
    import xarray as xr

    from vbsim.skill import Verdict

_ABREAST = 4  # contracts that fit side by side on a narrow terminal


def decomposition(found: xr.Dataset, labels: dict[str, str]) -> None:
    """Print the shares of every source in the variance of every quantity."""
    names = [str(name) for name in found["source"].values]
    for quantity in map(str, found["quantity"].values):
        for year in found["year"].values.tolist():
            one = found.sel(quantity=quantity, year=year)
            varying = [key for key in labels if float(one["variance"].sel(contract=key)) > 0.0]
            for start in range(0, len(varying), _ABREAST):
                title = f"Share of the variance of the {quantity}, {year}, ± standard error"
                abreast = {key: labels[key] for key in varying[start : start + _ABREAST]}
                stdout.print(_shares(one, title, names, abreast))
    stdout.print(
        "A source's share is what it makes by itself; together: sources that matter only with "
        "others, as near a gate or a cap. Shares add up to 100 %. What makes a source smaller:"
    )
    for name in names:
        words = f"  {name} ({SOURCES[name].words}): {SOURCES[name].remedy}"
        stdout.print(words, highlight=False, soft_wrap=True)


def _shares(one: xr.Dataset, title: str, names: list[str], labels: dict[str, str]) -> Table:
    table = Table(title=title)
    for heading in ("source", *labels.values()):
        table.add_column(heading, justify="left" if heading == "source" else "right")
    contracts = [one.sel(contract=key) for key in labels]
    for name in names:
        table.add_row(name, *(_share(each.sel(source=name), "alone") for each in contracts))
    table.add_row("together", *(_share(each, "interactions") for each in contracts))
    table.add_section()
    money_of = str(one["quantity"].values) == "net result"
    spreads = [float(each["variance"]) ** 0.5 for each in contracts]
    table.add_row("sd", *(money(sd) if money_of else percent(sd, 2) for sd in spreads))
    return table


def _share(one: xr.Dataset, name: str) -> str:
    value, error = float(one[name]), float(one[f"{name}_standard_error"])
    return f"{percent(value)} ± {100.0 * error:.1f}"


def skill(found: xr.Dataset, judged: Verdict | None) -> None:
    """Print who earns and owes, by size and true savings, and what a result says."""
    if judged is not None:
        _print_verdict(judged)
    owed = bool((found["owes"] > 0.0).any())
    for name, title in (("earns", "Earns"), ("owes", "Owes"))[: 2 if owed else 1]:
        table = Table(title=f"{title}, by true savings [%] of the expenditure that counts")
        table.add_column("members", justify="right")
        shown = found[name].isel(true_savings=slice(0, None, -(-found.sizes["true_savings"] // 8)))
        for savings in shown["true_savings"].values:
            table.add_column(f"{100.0 * savings:g}", justify="right")
        for size in found["size"].values:
            cells = [f"{100.0 * value:.0f}" for value in shown.sel(size=size).values]
            table.add_row(f"{int(size):,}", *cells)
        stdout.print(table)
    if bool(found["earned_undeserved"].notnull().any()):
        _print_under_prior(found)
    most = max(float(found[f"{name}_standard_error"].max()) for name in ("earns", "owes"))
    stdout.print(f"Probabilities in %; standard errors are {100.0 * most:.1f} points at most.")


def _print_under_prior(found: xr.Dataset) -> None:
    table = Table(title="With true savings as the scenario believes them, ± standard error")
    for heading in ("members", "earned, no true savings", "true savings, nothing earned"):
        table.add_column(heading, justify="right")
    for size in found["size"].values:
        one = found.sel(size=size)
        cells = [_share(one, name) for name in ("earned_undeserved", "saving_denied")]
        table.add_row(f"{int(size):,}", *cells)
    stdout.print(table)


def _print_verdict(judged: Verdict) -> None:
    one = judged.posterior
    told = {
        "credibility of the result, the rest being the prior's": one.credibility,
        "true savings, mean of the posterior": one.mean,
        "standard deviation of the posterior": one.sd,
        "probability of no true savings": one.none,
    }
    stdout.print(f"After a measured savings rate of {percent(judged.observed, 2)}:")
    for words, (value, error) in told.items():
        text = f"  {words}: {percent(float(value), 2)} ± {100.0 * float(error):.2f}"
        stdout.print(text, highlight=False)
