"""Wrong interventions and member dynamics, one wrong place each."""

from __future__ import annotations

from tests.scenario.wrong_places import Case

_RIGHT = [
    "predictor: {auc: 0.65}",
    "capacity: 0.05",
    "engagement: 0.3",
    "effect: {inpatient: 0.08}",
    "automation: {automated_share: 0.5}",
]


def case(
    name: str,
    old: str,
    new: str,
    path: str,
    found: str,
    expected: str,
    todo: str = "",
    mark: str = "",
    count: int = 1,
) -> Case:
    """An intervention with one line changed (or, without an old one, added)."""
    lines = [new if line == old else line for line in _RIGHT] + ([] if old else [new])
    text = "".join(f"  {line}\n" for line in lines if line)
    where = f"intervention{'.' if path else ''}{path}"
    shown = mark or (f"  {new}" if path and new else "intervention:")
    return Case(
        name,
        "contracts:\n",
        f"intervention:\n{text}\ncontracts:\n",
        where,
        found,
        expected,
        todo,
        shown,
        count,
    )


def member_case(
    name: str, new: str, path: str, found: str, expected: str, mark: str, todo: str = ""
) -> Case:
    """The population with one line more."""
    return Case(
        name,
        "  retention: 0.9\n",
        f"  retention: 0.9\n  {new}\n",
        path,
        found,
        expected,
        todo,
        mark,
    )


CASES = [
    case(
        "effect above all claims",
        _RIGHT[3],
        "effect: {inpatient: 1.2}",
        "effect.inpatient",
        "1.2",
        "a share of 1, at most 1",
        "write 1.2 % as 0.012",
    ),
    case(
        "uncertain effect above all claims",
        _RIGHT[3],
        "effect: {inpatient: {normal: {mean: 0.8, sd: 0.2}}}",
        "effect.inpatient",
        "effect on inpatient has mean 0.8 and sd 0.2",
        "mean and 4 standard deviations to stay below 1: nothing prevents more than all claims",
    ),
    case(
        "effect of a family that effects have not",
        _RIGHT[3],
        "effect: {inpatient: {lognormal: {mean: 0.08, cv: 0.5}}}",
        "effect.inpatient.lognormal",
        "the unknown key 'lognormal'",
        "a key of intervention.effect.inpatient",
        "did you mean 'normal'?",
        count=0,  # and the key normal is missing
    ),
    case(
        "access to more than all claims",
        _RIGHT[4],
        "automation: {access: {ed: {normal: {mean: 0.9, sd: 0.05}}}}",
        "automation.access.ed",
        "access on ed has mean 0.9 and sd 0.05",
        "mean and 4 standard deviations to stay below 1: nothing prevents more than all claims",
    ),
    case(
        "negative capacity",
        _RIGHT[1],
        "capacity: -0.05",
        "capacity",
        "-0.05",
        "at least 0",
    ),
    case(
        "capacity as percent",
        _RIGHT[1],
        "capacity: 5",
        "capacity",
        "5",
        "a share of 1, at most 1",
        "write 5 % as 0.05",
    ),
    case(
        "predictor without capacity",
        _RIGHT[1],
        "",
        "",
        "a predictor without capacity",
        "the key capacity",
        "add it",
    ),
    case(
        "nobody picked",
        _RIGHT[0],
        "",
        "",
        "neither predictor nor enroll_on",
        "exactly one of predictor and enroll_on",
        "add one of them",
    ),
    case(
        "picked twice",
        "",
        "enroll_on: admission",
        "enroll_on",
        "both predictor and enroll_on",
        "exactly one of predictor and enroll_on",
        "take one of them out",
        count=0,  # the capacity beside enroll_on as well
    ),
    case(
        "two accuracies",
        _RIGHT[0],
        "predictor: {auc: 0.65, r_squared: 0.1}",
        "predictor.r_squared",
        "both auc and r_squared",
        "exactly one of auc and sensitivity and r_squared",
        "take one of them out",
    ),
    case(
        "worse than a coin",
        _RIGHT[0],
        "predictor: {auc: 0.4}",
        "predictor.auc",
        "0.4",
        "more than 0.5",
    ),
    case(
        "better than any record",
        _RIGHT[0],
        "predictor: {auc: 0.9}",
        "predictor.auc",
        "segment aged: AUC is 0.9",
        "more than 0.505, which chance gives, and at most 0.680, which a perfect reading of last "
        "year's record gives in this population",
    ),
    case(
        "engagement above everybody",
        _RIGHT[4],
        "automation: {engagement_gain: 0.8}",
        "engagement",
        "1.1 of the flagged who take part",
        "engagement and engagement_gain of at most 1 together",
        mark="  engagement: 0.3",
    ),
    case(
        "negative ramp",
        "",
        "ramp_months: -3",
        "ramp_months",
        "-3",
        "at least 0",
    ),
    case(
        "effect on a service that is none",
        _RIGHT[3],
        "effect: {inpatiant: 0.08}",
        "effect.inpatiant",
        "'inpatiant'",
        "a service of this scenario: inpatient, snf, outpatient, ed, physician, home_health, "
        "hospice, dme",
    ),
    case(
        "negative price",
        "",
        "engaged_pmpm: -100",
        "engaged_pmpm",
        "-100",
        "at least 0",
    ),
    case("no engagement", _RIGHT[2], "", "engagement", "nothing", "the key 'engagement'", "add it"),
    member_case(
        "more die than there is room for",
        "death_well: 0.2",
        "population",
        "person_years_per_member is 0.975",
        "at most 0.9275 where 14.5% of the members die within the year, on average at half of it",
        "population:",
    ),
    member_case(
        "coding as percent",
        "risk_measurement: {coding_drift: 1.5}",
        "population.risk_measurement.coding_drift",
        "1.5",
        "a share of 1, at most 1",
        "risk_measurement",
        "write 1.5 % as 0.015",
    ),
    member_case(
        "negative deaths",
        "death_ill: -0.1",
        "population.death_ill",
        "-0.1",
        "at least 0",
        "death_ill",
    ),
]
