"""One wrong place each in words of capital, economics and retentions; see ``wrong_places``."""

from __future__ import annotations

from tests.scenario.wrong_places import Case

_OUTPUTS = "outputs:\n  reference: enhanced\n"
_FEE = "    model: fee_for_service"
_LOADING = "    loading: 0.25"


def _capital(words: str) -> str:
    return f"capital:\n{words}\n\n{_OUTPUTS}"


def _economics(words: str) -> str:
    return f"{_FEE}\n    economics: own\n\neconomics:\n  own:\n{words}"


CASES = [
    Case(
        "negative reserve", _OUTPUTS,
        _capital("  ruin_probabilities: [0.05]\n  reserves: -5"),
        "capital.reserves", "-5", "at least 0", mark="reserves: -5",
    ),
    Case(
        "negative reserve of a contract", _OUTPUTS,
        _capital("  ruin_probabilities: [0.05]\n  reserves: {enhanced: -5}"),
        "capital.reserves.enhanced", "-5", "at least 0", mark="enhanced: -5",
    ),
    Case(
        "reserve of no contract", _OUTPUTS,
        _capital("  ruin_probabilities: [0.05]\n  reserves: {enhansed: 5}"),
        "capital.reserves.enhansed", "'enhansed'", "a contract of this scenario: enhanced",
        mark="enhansed",
    ),
    Case(
        "probability of ruin in percent", _OUTPUTS, _capital("  ruin_probabilities: [5]"),
        "capital.ruin_probabilities.0", "5", "a share of 1, at most 1",
        todo="write 5 % as 0.05", mark="[5]",
    ),
    Case(
        "no probability of ruin", _OUTPUTS, _capital("  ruin_probabilities: []"),
        "capital.ruin_probabilities", "[]", "at least 1 entry", mark="[]",
    ),
    Case(
        "probability of ruin twice", _OUTPUTS, _capital("  ruin_probabilities: [0.05, 0.05]"),
        "capital.ruin_probabilities", "0.05 twice", "each probability once", mark="0.05, 0.05",
    ),
    Case(
        "ratio of no capital", _OUTPUTS,
        _capital("  ruin_probabilities: [0.05]\n  risk_based_capital: {}"),
        "capital.risk_based_capital", "risk_based_capital without reserves", "the key reserves",
        mark="risk_based_capital",
    ),
    Case(
        "own share above 1", _FEE,
        _economics("    services: {inpatient: {share: 1.2, margin: 0.3}}"),
        "economics.own.services.inpatient.share", "1.2", "a share of 1, at most 1",
        todo="write 1.2 % as 0.012", mark="share: 1.2",
    ),
    Case(
        "margin in percent", _FEE,
        _economics("    services: {inpatient: {share: 0.2, margin: 30}}"),
        "economics.own.services.inpatient.margin", "30", "a share of 1, at most 1",
        todo="write 30 % as 0.3", mark="margin: 30",
    ),
    Case(
        "own part of no service", _FEE,
        _economics("    services: {inpatiant: {share: 0.2, margin: 0.3}}"),
        "economics.own.services.inpatiant", "'inpatiant'", "a service: inpatient",
        todo="did you mean 'inpatient' or 'outpatient'?", mark="inpatiant",
    ),
    Case(
        "negative program cost", _FEE, _economics("    program_pmpm: -2"),
        "economics.own.program_pmpm", "-2", "at least 0", mark="program_pmpm: -2",
    ),
    Case(
        "lag without interest", _FEE,
        _economics("    infrastructure: 5\n    settlement_lag_months: 9"),
        "economics.own.settlement_lag_months", "settlement_lag_months without interest_rate",
        "the key interest_rate beside it", todo="add it", mark="settlement_lag_months",
    ),
    Case(
        "economics of no name", _FEE,
        f"{_FEE}\n    economics: owm\n\neconomics:\n  own:\n    program_pmpm: 2",
        "contracts.fee.economics", "'owm'", "a name under the key economics",
        todo="did you mean 'own'?", mark="economics: owm",
    ),
    Case(
        "economics of a plan", _FEE,
        "    model: managed_care\n    premium: {pmpm: 1000}\n    economics: own\n\neconomics:\n"
        "  own:\n    program_pmpm: 2",
        "contracts.fee.economics", "economics of fee, which a plan holds",
        "a contract that a provider holds",
        todo="take it out: a plan's administration is among the contract's own keys",
        mark="economics: own",
    ),
    Case(
        "retentions without loading", _LOADING,
        "    premium_pmpm: 5\n    retentions: [50000]",
        "stop_loss.specific.retentions", "retentions without loading", "the key loading",
        mark="retentions",
    ),
    Case(
        "retention twice", _LOADING, f"{_LOADING}\n    retentions: [50000, 50000]",
        "stop_loss.specific.retentions", "50,000 twice", "each attachment once",
        mark="retentions",
    ),
    Case(
        "retentions beside an aggregate", _LOADING,
        f"{_LOADING}\n    retentions: [50000]\n    aggregate: {{corridor: 1.2, premium_pmpm: 1}}",
        "stop_loss.specific.retentions", "retentions beside aggregate", "a specific cover alone",
        todo="take one of them out", mark="retentions",
    ),
]  # fmt: skip
