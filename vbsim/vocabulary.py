"""Every dimension, variable, unit, sign and label, spelled once.

Conventions that hold everywhere:

* money is nominal US dollars [USD]; rates are shares of 1; exposure is person-years;
* savings and losses are magnitudes >= 0 in variables of their own;
* ``net_to_provider`` is signed, positive = money to the provider;
* a contract's result is the net money of its holder, the provider of most contracts, the payer of a
  managed-care plan: coordinate ``holder``;
* ``net_to_party`` sums to zero over the parties in every realization and year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

REALIZATION = "realization"
YEAR = "year"
SEGMENT = "segment"
SERVICE = "service"
LAYER = "layer"
CONTRACT = "contract"
LINE = "line"
PARTY = "party"
HOLDER = "holder"
MEASURE = "measure"
QUALITY_MEASURE = "quality_measure"
EPISODE_TYPE = "episode_type"
EPISODE_LIMIT = "episode_limit"
ENTITY = "entity"
GROUP = "group"
QUANTITY = "quantity"
CONTROL = "control"
ARM = "arm"
CASH_YEAR = "cash_year"
RETENTION = "retention"
CAPITAL_MEASURE = "capital_measure"
PARAMETER = "parameter"
DRAW = "parameter_draw"

ENGAGED, HELD_OUT = "engaged", "held out"
PURCHASER = "purchaser"
PAYER = "payer"
PROVIDER = "provider"
DOWNSTREAM = "downstream provider"
REINSURER = "reinsurer"
VENDOR = "vendor"
PARTIES = (PURCHASER, PAYER, PROVIDER, DOWNSTREAM, REINSURER, VENDOR)

USD = "USD"
SHARE = "1"
YES_OR_NO = "yes or no"

COORDINATES = {
    REALIZATION: "realization number of the simulated contract years",
    YEAR: "calendar year",
    SEGMENT: "population segment",
    SERVICE: "service category",
    LAYER: "layer of a basket of services",
    CONTRACT: "contract",
    LINE: "line of a contract's settlement statement, as contract.line",
    "line_contract": "contract whose statement the line belongs to",
    "line_name": "name of the line",
    "line_unit": "unit of the line",
    "formula": "arithmetic that gives the line from earlier lines of the same statement",
    "meaning": "where a line comes from that is not worked out",
    PARTY: "party to the contract",
    HOLDER: "party that holds the contract: its net money is the contract's result",
    MEASURE: "risk measure",
    QUALITY_MEASURE: "quality measure",
    EPISODE_TYPE: "episode type",
    CASH_YEAR: "calendar year in which money is paid",
    RETENTION: "a contract's specific stop-loss at an attachment, as contract.attachment",
    "retention_contract": "contract whose stop-loss it is",
    "attachment": "where the specific stop-loss begins [USD]; infinite without one",
    "premium_pmpm": "its premium in the first performance year [USD PMPM]",
    "expected_recovery_pmpm": "its exact expected recovery in that year [USD PMPM]",
    CONTROL: "control variate: a quantity whose mean is known to be 0",
    ARM: "members who take part in the program, and those held out at random",
    PARAMETER: "uncertain figure of the scenario",
    DRAW: "draw of the uncertain figures that the realization belongs to",
    EPISODE_LIMIT: "high-cost cap on an episode's spending",
    ENTITY: "entity of a portfolio",
    "entity_label": "name of the entity",
    "members": "assigned members (heads) of the entity",
    "terms": "terms of the entity's contract, in words",
    "adds_to_net": "1 for a line that adds up to the net result, 0 for one that explains",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """Dims, unit and label of one variable of a Dataset.

    One that is not ``always`` there is left out where the plan has nothing along its dimensions.
    """

    dims: tuple[str, ...]
    units: str
    long_name: str
    always: bool = True


EXPERIENCE = {
    "claims": Variable((REALIZATION, YEAR, SEGMENT, SERVICE), "1", "number of claims"),
    "cost": Variable((REALIZATION, YEAR, SEGMENT, SERVICE), USD, "claims cost"),
    "layer_cost": Variable(
        (REALIZATION, YEAR, SEGMENT, LAYER), USD, "members' annual basket cost inside the layer"
    ),
    "person_years": Variable((REALIZATION, YEAR, SEGMENT), "person-years", "exposure"),
    "national_factor": Variable(
        (REALIZATION, YEAR, SEGMENT),
        SHARE,
        "systematic cost level of the year against its expected level, shared with the nation",
    ),
    "local_factor": Variable(
        (REALIZATION, YEAR), SHARE, "cost level of the entity's year against its expected level"
    ),
    "regional_factor": Variable(
        (REALIZATION, YEAR),
        SHARE,
        "cost level of the region, the entity's members included, beyond the nation's",
        always=False,
    ),
    "completion": Variable(
        (REALIZATION, YEAR),
        SHARE,
        "claims as measured after run-out and completion factor, over claims incurred",
        always=False,
    ),
    "true_savings": Variable(
        (REALIZATION, YEAR), SHARE, "true savings of the entity, share of expected cost"
    ),
    "quality_score": Variable((REALIZATION, YEAR), SHARE, "quality score"),
    "quality_standard_met": Variable(
        (REALIZATION, YEAR), "1", "quality performance standard met (1) or not (0)"
    ),
    "risk_score": Variable(
        (REALIZATION, YEAR, SEGMENT),
        SHARE,
        "measured mean risk score over its stated level",
        always=False,
    ),
    "measure_rate": Variable(
        (REALIZATION, YEAR, QUALITY_MEASURE), SHARE, "rate of a quality measure", always=False
    ),
    "measure_eligible": Variable(
        (REALIZATION, YEAR, QUALITY_MEASURE), "1", "denominator of a quality measure", always=False
    ),
    "episodes": Variable(
        (REALIZATION, YEAR, EPISODE_TYPE), "1", "number of episodes", always=False
    ),
    "episode_cost": Variable(
        (REALIZATION, YEAR, EPISODE_TYPE), USD, "cost of the episodes", always=False
    ),
    "episode_anchor_cost": Variable(
        (REALIZATION, YEAR, EPISODE_TYPE),
        USD,
        "cost of the anchor stays and procedures",
        always=False,
    ),
    "episode_counted_cost": Variable(
        (REALIZATION, YEAR, EPISODE_TYPE, EPISODE_LIMIT),
        USD,
        "cost of the episodes, each counted up to a high-cost cap",
        always=False,
    ),
    "parameter_value": Variable(
        (REALIZATION, PARAMETER),
        "parameter dependent",
        "drawn value of an uncertain figure",
        always=False,
    ),
}

_PROGRAM = {
    "members": ("members", "members of the arm"),
    "person_years": ("person-years", "exposure of the arm in the year"),
    "person_years_before": ("person-years", "exposure of the arm in the year before"),
    "cost": (USD, "claims cost of the arm in the year"),
    "cost_before": (USD, "claims cost of the arm in the year before"),
    "admitted": ("members", "members of the arm admitted in the year"),
    "admitted_before": ("members", "members of the arm admitted in the year before"),
}
EXPERIENCE |= {
    "program_flagged": Variable(
        (REALIZATION, YEAR), "members", "members flagged by the program", always=False
    ),
    "program_savings": Variable(
        (REALIZATION, YEAR),
        USD,
        "claims avoided among those who take part, expected for these members and this effect",
        always=False,
    ),
    "program_access_savings": Variable(
        (REALIZATION, YEAR), USD, "claims avoided among all members by easier access", always=False
    ),
} | {
    f"program_{name}": Variable((REALIZATION, YEAR, ARM), unit, words, always=False)
    for name, (unit, words) in _PROGRAM.items()
}

SETTLEMENT = {
    "net_to_provider": Variable(
        (REALIZATION, YEAR, CONTRACT), USD, "net money of the provider under the contract"
    ),
    "net_to_party": Variable(
        (REALIZATION, YEAR, CONTRACT, PARTY), USD, "net money received by the party"
    ),
    "savings_rate": Variable(
        (REALIZATION, YEAR, CONTRACT),
        SHARE,
        "measured savings rate, (benchmark - expenditure) / benchmark; missing without a benchmark",
    ),
    "statement": Variable(
        (REALIZATION, YEAR, LINE),
        "line dependent, see coordinate line_unit",
        "settlement statements, line by line",
    ),
    "cash_to_holder": Variable(
        (REALIZATION, CASH_YEAR, CONTRACT),
        USD,
        "money that the contract's holder receives in the calendar year, settlements lagging",
        always=False,
    ),
    "retention_net": Variable(
        (REALIZATION, YEAR, RETENTION),
        USD,
        "net result of the contract's holder with the specific stop-loss at that attachment",
        always=False,
    ),
    "retention_recovery": Variable(
        (REALIZATION, YEAR, RETENTION),
        USD,
        "what the specific stop-loss at that attachment recovers",
        always=False,
    ),
    "control_variate": Variable(
        (REALIZATION, CONTROL),
        SHARE,
        "cost of a year over its expectation given the systematic factors, less 1",
        always=False,
    ),
}

# Series of one entity lie together: they are made and measured entity by entity.
PORTFOLIO = {
    "net_result": Variable(
        (ENTITY, CONTRACT, YEAR, REALIZATION),
        USD,
        "net result, positive = to the contract's holder",
    ),
    "savings_rate": Variable(
        (ENTITY, CONTRACT, YEAR, REALIZATION),
        SHARE,
        "measured savings rate, (benchmark - expenditure) / benchmark; missing without a benchmark",
    ),
    "benchmark": Variable(
        (ENTITY, CONTRACT, YEAR, REALIZATION), USD, "benchmark; missing without one"
    ),
    "published_savings_rate": Variable((ENTITY,), SHARE, "savings rate as published"),
    "published_payment": Variable((ENTITY,), USD, "payment as published, negative = owed"),
    "published_benchmark": Variable((ENTITY,), USD, "benchmark as published"),
}

STAGES = {"experience": EXPERIENCE, "settlement": SETTLEMENT, "portfolio": PORTFOLIO}


def net_to_holder(settlement: xr.Dataset) -> xr.DataArray:
    """Net result of every contract: the net money of the party that holds it [USD]."""
    parties = settlement[PARTY].values.tolist()
    places = [parties.index(str(holder)) for holder in settlement[HOLDER].values]
    # One party for all is a slice of a file; a party for each takes several times the memory.
    one = places[0] if len(set(places)) == 1 else xr.DataArray(places, dims=CONTRACT)
    found = settlement["net_to_party"].isel({PARTY: one})
    found = found.drop_vars(PARTY).assign_coords({HOLDER: settlement[HOLDER]})
    return found.assign_attrs(long_name="net result of the contract, positive = to its holder")


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Put blocks of realizations one after the other; what they share is the first one's."""
    return xr.concat(
        parts,
        REALIZATION,
        coords="minimal",
        compat="override",
        join="exact",
        combine_attrs="override",
    )


def label(dataset: xr.Dataset, stage: str) -> xr.Dataset:
    """Give every variable and coordinate of a stage its unit and label.

    Parameters
    ----------
    dataset
        Holds the variables of the stage, with their dims in order.
    stage
        ``experience``, ``settlement`` or ``portfolio``.

    Raises
    ------
    ValueError
        If a variable is missing, unknown, or has other dims than the vocabulary gives it.
    """
    known, found = STAGES[stage], {str(name) for name in dataset.data_vars}
    expected = {n: variable for n, variable in known.items() if variable.always or n in found}
    if found != set(expected):
        odd = sorted(found ^ set(expected))
        raise ValueError(f"{stage}: variables missing or unknown: {', '.join(odd)}")
    for name, variable in expected.items():
        one = dataset.variables[name]
        if one.dims != variable.dims:
            raise ValueError(f"{stage}: {name} has dims {one.dims}, not {variable.dims}")
        one.attrs.update(units=variable.units, long_name=variable.long_name)
    for coordinate in map(str, dataset.coords):
        attributes = dataset.variables[coordinate].attrs
        attributes.setdefault("long_name", COORDINATES.get(coordinate, coordinate))
        attributes.setdefault("units", "1")
    return dataset
