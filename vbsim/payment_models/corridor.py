"""Risk corridors: savings and losses are shared band by band, each band at its own share.

Bands are shares of the benchmark; a share holds for the part of the savings inside its band, so
there is no cliff, and there is no minimum savings rate. Losses have bands of their own where the
program says so. A cap on savings or losses is a last band of share 0. The benchmark is what is left
of the stated one after the discount and the part of the quality withhold that was not earned back,
plus the health equity adjustment. Sequestration is taken from savings, from losses only where the
terms say so: both proved by replaying published settlements (rules/aco_reach.yaml).

Capitation is paid ahead: the provider then pays the claims that it stands for, and the difference
is reconciled at settlement, which counts the full expenditure. It moves money within the year and
leaves the result as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vbsim.errors import ParameterError
from vbsim.payment_models import clauses
from vbsim.payment_models.base import (
    ContractYear,
    FloatArray,
    Line,
    Statement,
    Transfer,
    amount,
    given,
    rate,
    step,
)
from vbsim.vocabulary import DOWNSTREAM, PAYER, PROVIDER, SHARE

Bands = tuple[tuple[float, float], ...]
Lines = dict[str, Line]
_MOST_PBPM = 1_000.0
_BASE = "benchmark_after_discount_and_quality"


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers in force for one contract year.

    Parameters
    ----------
    corridors
        Bands, each (lower end [share of benchmark], provider's part); the first begins at 0, each
        ends where the next begins, the last has no end.
    discount
        Taken off the benchmark [share of benchmark].
    quality_withhold
        Part of the discounted benchmark that the quality score earns back.
    sequestration
        Part withheld from savings payments.
    loss_corridors
        The same bands for losses; empty where those for savings hold.
    loss_sequestration
        Part by which losses are reduced.
    health_equity_pbpm
        Added to the benchmark, or taken from it [USD per beneficiary per month].
    retention_withhold
        Withheld in a first year and returned unless the provider leaves [share of benchmark].
    capitation
        Paid ahead, in place of claims [share of benchmark].
    capitated_share
        Part of the basket's claims that the capitation stands for.
    enhanced_capitation
        Paid ahead on top and repaid at settlement [share of benchmark].
    """

    corridors: Bands
    discount: float
    quality_withhold: float
    sequestration: float
    loss_corridors: Bands = ()
    loss_sequestration: float = 0.0
    health_equity_pbpm: float = 0.0
    retention_withhold: float = 0.0
    capitation: float = 0.0
    capitated_share: float = 0.0
    enhanced_capitation: float = 0.0

    def __post_init__(self) -> None:
        """Refuse bands out of order and shares outside [0, 1]."""
        check_bands("corridors", self.corridors)
        if self.loss_corridors:
            check_bands("loss_corridors", self.loss_corridors)
        for name in (
            "discount", "quality_withhold", "sequestration", "loss_sequestration",
            "retention_withhold", "capitation", "capitated_share", "enhanced_capitation",
        ):  # fmt: skip
            clauses.check_share(name, getattr(self, name))
        if not abs(self.health_equity_pbpm) <= _MOST_PBPM:
            raise ParameterError(
                f"health_equity_pbpm is {self.health_equity_pbpm:g} USD; expected an amount per "
                f"beneficiary per month, at most {_MOST_PBPM:,.0f} either way"
            )

    @property
    def prepaid(self) -> bool:
        """Whether money is paid ahead."""
        return self.capitation + self.capitated_share + self.enhanced_capitation > 0.0


PROGRAM_TERMS = ("corridors", "discount", "quality_withhold", "sequestration")
"""Terms that every program of corridors states."""


def settle(state: None, year: ContractYear, terms: Terms) -> tuple[None, Statement]:
    """Settle one year for all realizations; positive amounts go to the provider [USD]."""
    lines = _benchmark(year, terms)
    lines |= _gap(lines)
    lines |= _shares(lines, terms)
    lines |= _payments(lines, terms)
    if terms.retention_withhold:
        lines |= _retention(year, terms)
    if terms.prepaid:
        lines |= _prepaid(year, terms)
    return None, Statement(lines, _transfers(lines, year))


def _benchmark(year: ContractYear, terms: Terms) -> Lines:
    """Benchmark, and what is taken off it or added to it."""
    discount = terms.discount * year.benchmark
    unearned = terms.quality_withhold * (year.benchmark - discount) * (1.0 - year.quality_score)
    benchmark = year.benchmark - discount - unearned
    words = "benchmark + discount + unearned_quality_withhold"
    lines = {
        "benchmark": given(year.benchmark, "benchmark as it was set"),
        "expenditure": given(year.expenditure, "claims that count"),
        "quality_score": given(year.quality_score, "quality score of the year", SHARE),
        "discount_rate": given(terms.discount, "taken off the benchmark", SHARE),
        "quality_withhold_rate": given(
            terms.quality_withhold, "taken off what is left, earned back by quality", SHARE
        ),
        "sequestration_rate": given(terms.sequestration, "withheld from savings payments", SHARE),
        "gross_savings": step(year.benchmark - year.expenditure, "benchmark - expenditure"),
        "discount": step(-discount, "-discount_rate * benchmark"),
        "unearned_quality_withhold": step(
            -unearned,
            "-quality_withhold_rate * (benchmark + discount) * (1 - quality_score)",
        ),
    }
    if terms.health_equity_pbpm:
        months = 12.0 * year.person_years
        equity = np.maximum(terms.health_equity_pbpm * months, -benchmark)
        lines["health_equity_pbpm"] = given(terms.health_equity_pbpm, "as stated", "USD PBPM")
        lines["beneficiary_months"] = given(months, "exposure", "beneficiary-months")
        lines["health_equity_adjustment"] = step(
            equity, f"max(health_equity_pbpm * beneficiary_months, -({words}))"
        )
        benchmark, words = benchmark + equity, f"{words} + health_equity_adjustment"
    return lines | {"benchmark_after_discount_and_quality": amount(benchmark, words)}


def _gap(lines: Lines) -> Lines:
    """Lines of the gap to what is left of the benchmark."""
    benchmark = lines["benchmark_after_discount_and_quality"].value
    gap = benchmark - lines["expenditure"].value
    return {
        "gap": amount(gap, "benchmark_after_discount_and_quality - expenditure"),
        "savings_rate": rate(
            np.divide(gap, benchmark, out=np.zeros_like(gap), where=benchmark > 0.0),
            "gap / benchmark_after_discount_and_quality"
            " if benchmark_after_discount_and_quality > 0 else 0",
        ),
    }


def _shares(lines: Lines, terms: Terms) -> Lines:
    """Share savings and losses, band by band."""
    gap, base = lines["gap"].value, lines[_BASE].value
    if terms.loss_corridors in ((), terms.corridors):
        found = _in_bands("gap", ("max(gap, -gap)", np.abs(gap)), base, terms.corridors)
        kept = found["gap_kept"].value
        savings, losses = np.where(gap > 0.0, kept, 0.0), np.where(gap < 0.0, kept, 0.0)
        earned, owed = "gap_kept if gap > 0 else 0", "gap_kept if gap < 0 else 0"
    else:
        above, below = (
            ("max(gap, 0)", np.maximum(gap, 0.0)),
            ("max(-gap, 0)", np.maximum(-gap, 0.0)),
        )
        found = _in_bands("savings", above, base, terms.corridors)
        found |= _in_bands("losses", below, base, terms.loss_corridors)
        earned, owed = "savings_kept", "losses_kept"
        savings, losses = found[earned].value, found[owed].value
    return found | {
        "savings_in_corridors": amount(savings, earned),
        "losses_in_corridors": amount(losses, owed),
        "sharing_rate": rate(
            savings / np.where(gap > 0.0, gap, 1.0), "savings_in_corridors / gap if gap > 0 else 0"
        ),
        "loss_rate": rate(
            losses / np.where(gap < 0.0, -gap, 1.0), "-losses_in_corridors / gap if gap < 0 else 0"
        ),
        "payer_part": step(
            (savings - losses) - gap, "savings_in_corridors - losses_in_corridors - gap"
        ),
    }


def _in_bands(name: str, size: tuple[str, FloatArray], base: FloatArray, corridors: Bands) -> Lines:
    """Lines of what lies in each band, and of what the provider keeps of it."""
    whole, words = f"{name}_size", []
    found = {whole: amount(size[1], size[0])}
    kept = np.zeros_like(base)
    for number, (low, high, share) in enumerate(_with_ends(corridors), 1):
        inside = _inside(size[1], base, low, high)
        formula = f"max({whole} - {low!r} * {_BASE}, 0)" if low else whole
        if high < np.inf:
            width = f"({high!r} - {low!r})" if low else repr(high)
            formula = f"min({formula}, {width} * {_BASE})"
        found[f"{name}_in_band_{number}"] = amount(inside, formula)
        kept += share * inside
        if share:
            words.append(f"{share:.15g} * {name}_in_band_{number}")
    return found | {f"{name}_kept": amount(kept, " + ".join(words) or "0")}


def _payments(lines: Lines, terms: Terms) -> Lines:
    """Lines of what is paid and owed, after sequestration."""
    savings, losses = lines["savings_in_corridors"].value, lines["losses_in_corridors"].value
    paid, words = savings * (1.0 - terms.sequestration), "losses_in_corridors"
    found = {"sequestration": step(paid - savings, "-sequestration_rate * savings_in_corridors")}
    if terms.loss_sequestration:
        owed = losses * (1.0 - terms.loss_sequestration)
        part = given(terms.loss_sequestration, "part of losses", SHARE)
        found["loss_sequestration_rate"] = part
        found["loss_sequestration"] = step(
            losses - owed, "loss_sequestration_rate * losses_in_corridors"
        )
        losses, words = owed, "losses_in_corridors - loss_sequestration"
    return found | {
        "shared_savings": amount(paid, "savings_in_corridors + sequestration"),
        "shared_losses": amount(losses, words),
    }


def _retention(year: ContractYear, terms: Terms) -> Lines:
    """Retention withhold, which comes back and so adds nothing."""
    return {
        "retention_withhold_rate": given(
            terms.retention_withhold, "returned unless the provider leaves early", SHARE
        ),
        "retention_withhold": amount(
            terms.retention_withhold * year.benchmark, "retention_withhold_rate * benchmark"
        ),
    }


def _prepaid(year: ContractYear, terms: Terms) -> Lines:
    """Capitation paid ahead, the claims it stands for, and their reconciliation."""
    ahead = terms.capitation * year.benchmark
    enhanced = terms.enhanced_capitation * year.benchmark
    replaced = np.minimum(terms.capitated_share * year.basket_cost, year.cost)
    return {
        "claims_cost": given(year.cost, "all claims"),
        "basket_claims_cost": given(year.basket_cost, "claims of the capitated services"),
        "capitation_rate": given(terms.capitation, "paid ahead, of the benchmark", SHARE),
        "capitated_share": given(terms.capitated_share, "part of those claims", SHARE),
        "enhanced_capitation_rate": given(
            terms.enhanced_capitation, "paid ahead, of the benchmark", SHARE
        ),
        "capitation": step(ahead, "capitation_rate * benchmark"),
        "capitated_claims": step(
            -replaced, "-min(capitated_share * basket_claims_cost, claims_cost)"
        ),
        "capitation_reconciled": step(replaced - ahead, "-capitated_claims - capitation"),
        "enhanced_capitation": step(enhanced, "enhanced_capitation_rate * benchmark"),
        "enhanced_capitation_repaid": step(-enhanced, "-enhanced_capitation"),
    }


def _transfers(lines: Lines, year: ContractYear) -> tuple[Transfer, ...]:
    settled = (
        Transfer(PAYER, PROVIDER, "shared savings", lines["shared_savings"].value, True),
        Transfer(PROVIDER, PAYER, "shared losses", lines["shared_losses"].value, True),
    )
    if "capitation" not in lines:
        return (Transfer(PAYER, DOWNSTREAM, "claims", year.cost), *settled)
    replaced, reconciled = -lines["capitated_claims"].value, lines["capitation_reconciled"].value
    enhanced = lines["enhanced_capitation"].value
    return (
        Transfer(PAYER, DOWNSTREAM, "claims", year.cost - replaced),
        Transfer(PROVIDER, DOWNSTREAM, "capitated claims", replaced),
        Transfer(PAYER, PROVIDER, "capitation", lines["capitation"].value + enhanced),
        Transfer(PAYER, PROVIDER, "reconciliation", np.maximum(reconciled, 0.0), True),
        Transfer(PROVIDER, PAYER, "reconciliation", np.maximum(-reconciled, 0.0) + enhanced, True),
        *settled,
    )


def through_corridors(amount: FloatArray, benchmark: FloatArray, corridors: Bands) -> FloatArray:
    """Give the provider's part of an amount [USD]: each band's share of what lies inside."""
    kept = np.zeros_like(amount)
    for low, high, share in _with_ends(corridors):
        kept += share * _inside(amount, benchmark, low, high)
    return kept


def _with_ends(corridors: Bands) -> list[tuple[float, float, float]]:
    """Give each band as its low end, its high end and the share in it."""
    ends = [end for end, _ in corridors[1:]] + [np.inf]
    return [(low, high, share) for (low, share), high in zip(corridors, ends, strict=True)]


def _inside(amount: FloatArray, benchmark: FloatArray, low: float, high: float) -> FloatArray:
    """Give the part of an amount inside a band [USD]."""
    width = np.inf if high == np.inf else (high - low) * benchmark
    return np.clip(amount - low * benchmark, 0.0, width)


def in_words(gap: str, base: str, corridors: Bands) -> str:
    """Write the formula of what an amount earns in its bands, which are shares of ``base``."""
    ends = [end for end, _ in corridors[1:]]
    bands = []
    for number, (low, share) in enumerate(corridors):
        inside = f"max({gap} - {low!r} * {base}, 0)" if low else gap
        if number < len(ends):
            width = f"({ends[number]!r} - {low!r})" if low else repr(ends[number])
            inside = f"min({inside}, {width} * {base})"
        if share:
            bands.append(f"{share!r} * {inside}")
    return " + ".join(bands) or "0"


def check_bands(name: str, corridors: Bands) -> None:
    """Refuse bands that do not begin at 0 and rise, and shares outside [0, 1]."""
    ends = [end for end, _ in corridors]
    if ends[:1] != [0.0] or any(not low < high for low, high in pairwise(ends)):
        raise ParameterError(f"{name} begin at {ends}; expected 0 first, then rising")
    for _, share in corridors:
        clauses.check_share(f"a share of {name}", share)
