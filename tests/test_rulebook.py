"""Rule files: their format, the values in force, the messages, and that no figure is idle."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import vbsim
from tests.conftest import SCENARIOS, plan_of
from vbsim import rulebook
from vbsim.errors import RuleError
from vbsim.rulebook import Rulebook, parse

SHIPPED = [(kind, name) for kind in rulebook.KINDS for name in rulebook.available(kind)]
every_file = pytest.mark.parametrize(("kind", "name"), SHIPPED, ids=["/".join(f) for f in SHIPPED])

TEXT = """
title: An example
authority: 99 CFR part 1
verified_from: 2020
verified_through: 2025
sources:
  LAW: The law, as published
parameters:
  sharing:
    rate:
      description: Part of the savings.
      unit: share
      status: {basic: V, enhanced: UNVERIFIED}
      source: LAW, section 2
      values:
        2021: {basic: 0.4, enhanced: 0.7}
        2024-07-01: {basic: 0.5, enhanced: 0.75}
    limit:
      description: Largest payment.
      unit: share of benchmark
      status: V
      source: a letter
      note: Read twice.
      values: {2020: 0.1}
  model:
    description: Payment model.
    unit: name
    status: D
    source: LAW
    values: {2020: shared_savings}
"""


@pytest.fixture
def book() -> Rulebook:
    return parse("rules", "example", TEXT)


def changed(old: str, new: str) -> Rulebook:
    """The example with one thing changed."""
    assert TEXT.count(old) == 1
    return parse("rules", "example", TEXT.replace(old, new))


def test_something_is_shipped() -> None:
    assert {("rules", "mssp"), ("assumptions", "medicare_ffs")} <= set(SHIPPED)


@every_file
def test_every_figure_says_what_it_is_and_where_it_comes_from(kind: str, name: str) -> None:
    book = rulebook.read(kind, name)
    paths = list(book.figures())
    assert len(paths) == len(set(paths)) > 0
    for path in paths:
        figure = book.figure(path, book.last_year)
        assert figure.path == path
        assert figure.file == f"{kind}/{name}.yaml"
        for text in (figure.description, str(figure.unit), figure.source, figure.date):
            assert text.strip(), path
        assert figure.description.endswith("."), path
        assert figure.status in rulebook.STATUSES, path


@every_file
def test_every_source_of_the_head_is_cited(kind: str, name: str) -> None:
    book = rulebook.read(kind, name)
    cited = " ".join(book.figure(path, book.last_year).source for path in book.figures())
    text = rulebook.text_of(book.file)
    for key, full in book.sources.items():
        assert full in cited or text.count(key) > 1, f"{book.file}: nothing cites {key}"


@every_file
def test_the_verified_range_makes_sense(kind: str, name: str) -> None:
    book = rulebook.read(kind, name)
    assert book.first_year <= book.last_year
    book.check_year(book.first_year)
    book.check_year(book.last_year)
    for year in (book.first_year - 1, book.last_year + 1):
        with pytest.raises(RuleError, match=f"{book.file}: verified for .* not for {year}"):
            book.check_year(year)


def test_latest_value_in_force_is_chosen(book: Rulebook) -> None:
    for on, rate, since in (
        (2021, 0.4, "2021"),
        (2023, 0.4, "2021"),
        (2024, 0.4, "2021"),  # a year stands for its first day, before 2024-07-01
        (date(2024, 6, 30), 0.4, "2021"),
        (date(2024, 7, 1), 0.5, "2024-07-01"),
        (2025, 0.5, "2024-07-01"),
    ):
        figure = book.figure("sharing.rate", on, "basic")
        assert (figure.value, figure.date) == (rate, since)


def test_order_in_the_file_does_not_matter() -> None:
    backwards = changed("values: {2020: 0.1}", "values: {2024: 0.3, 2020: 0.1, 2022: 0.2}")
    found = [backwards.figure("sharing.limit", year).value for year in range(2020, 2026)]
    assert found == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]


def test_dated_values_of_a_shipped_file() -> None:
    """Mean quality score: 0.929 from 2018, 0.907 from 2021, 0.815 from 2022 (medicare_ffs.yaml)."""
    assumptions = rulebook.read("assumptions", "medicare_ffs")
    for year, score in ((2018, 0.929), (2020, 0.929), (2021, 0.907), (2022, 0.815)):
        assert assumptions.figure("quality.score_mean", year).value == score


def test_tables_by_name(book: Rulebook) -> None:
    """A name picks its value and its status; without one the whole table comes."""
    enhanced = book.figure("sharing.rate", 2022, "enhanced")
    assert (enhanced.path, enhanced.value) == ("sharing.rate.enhanced", 0.7)
    assert not enhanced.verified
    assert book.figure("sharing.rate", 2022, "basic").verified
    table = book.figure("sharing.rate", 2022)
    assert table.value == {"basic": 0.4, "enhanced": 0.7}
    assert table.status == "UNVERIFIED"  # a table is as good as its weakest entry
    mssp = rulebook.read("rules", "mssp")
    # 42 CFR 425.605(d)(1) and 425.610(d).
    assert mssp.figure("sharing_rate", 2022, "basic_b").value == 0.40
    assert mssp.figure("sharing_rate", 2022, "basic_e").value == 0.50
    assert mssp.figure("sharing_rate", 2022, "enhanced").value == 0.75


def test_sources_are_spelled_out(book: Rulebook) -> None:
    assert book.figure("sharing.rate", 2022, "basic").source == "The law, as published, section 2"
    assert book.figure("sharing.limit", 2022).source == "a letter"
    assert book.figure("model", 2022).source == "The law, as published"


def test_the_tree_can_be_walked(book: Rulebook) -> None:
    assert list(book.figures()) == ["sharing.rate", "sharing.limit", "model"]
    assert book.children("sharing") == ["rate", "limit"]
    assert book.has("sharing.limit")
    assert book.has("sharing")
    assert not book.has("sharing.size")
    assert not book.has("model.values.2020.x")


@pytest.mark.parametrize(
    ("path", "on", "key", "message"),
    [
        ("sharing.rats", 2022, None, r"no 'rats' in 'sharing.rats'; did you mean 'rate'\?"),
        ("sharing", 2022, None, r"'sharing' is a branch, not a figure"),
        ("model.basic", 2022, None, r"'model.basic' goes on below a figure, at 'basic'"),
        ("model", 2022, "basic", r"model is one value for all; found the name 'basic'"),
        ("sharing.rate", 2022, "enhance", r"no 'enhance'; did you mean 'enhanced'\?"),
        ("sharing.rate", 2020, "basic", r"has no value before 2021; asked for 2020-01-01"),
        (
            "sharing.rate",
            2019,
            "basic",
            r"verified for 2020 to 2025, not for 2019; .* raise verified_through",
        ),
        ("sharing.rate", date(2026, 1, 1), "basic", r"not for 2026"),
    ],
)
def test_what_cannot_be_found_is_explained(
    book: Rulebook, path: str, on: int, key: str | None, message: str
) -> None:
    with pytest.raises(RuleError, match=rf"rules/example\.yaml: .*{message}"):
        book.figure(path, on, key)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "      note: Read twice.",
            "      nota: x",
            r"sharing.limit: missing \[\], unknown \['nota'\]",
        ),
        ("      unit: share\n", "", r"sharing.rate: missing \['unit'\], unknown \[\]"),
        ("      values: {2020: 0.1}", "", r"sharing.limit: missing \['values'\]"),
        ("    status: D", "    status: sure", r"model: status 'sure' is none of \('V', 'V2'"),
        ("enhanced: UNVERIFIED", "enhanced: maybe", r"sharing.rate: status 'maybe' is none of"),
        ("values: {2020: shared_savings}", "values: {}", r"model: has no dated value"),
        ("values: {2020: shared_savings}", "values: 0.5", r"model: has no dated value; write for"),
        ("values: {2020: shared_savings}", "values: {x: 1}", r"model: found the date 'x'; .* year"),
        ("  model:\n", "  sides: 2\n  model:\n", r"sides: found 2; expected a figure or a branch"),
        ("  model:\n", "  sides: {}\n  model:\n", r"sides: missing .*'values'\], unknown \[\]"),
        ("title: An example\n", "", r"keys missing or unknown: title"),
        ("title:", "checked: yes\ntitle:", r"keys missing or unknown: checked"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_file_that_breaks_the_format_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(RuleError, match=rf"rules/example\.yaml: .*{message}"):
        changed(old, new)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(RuleError, match=r"rules/example.yaml: found no keys; expected authority, "):
        parse("rules", "example", "")


def test_an_unknown_file_is_refused_with_a_suggestion() -> None:
    with pytest.raises(RuleError, match=r"no program 'msssp'; did you mean 'mssp'\?"):
        rulebook.read("rules", "msssp")
    with pytest.raises(RuleError, match=r"no assumption set 'medicare'; did you mean 'medicare_ff"):
        rulebook.read("assumptions", "medicare")


# Figures that no shipped scenario or template reads, each with the reason why it is kept.
_SETTLED = "vbsim settle reads it for known outcomes"
_SHOWN = "shown by vbsim rules, applied by nothing yet"
_STATED = "empty, so that a scenario must state it"
IDLE = {
    "assumptions/commercial.yaml quality.score_mean": "read where no score is stated",
    "assumptions/commercial.yaml quality.score_sd": "read where no score is stated",
    "rules/aco_pc_flex.yaml population_pbpm": _STATED,
    "rules/aco_pc_flex.yaml sided": "names the participants",
    "rules/aco_reach.yaml regional_weight_new_entrant": _SHOWN,
    "rules/aco_reach.yaml sided": "names the risk arrangements",
    "rules/bpci_advanced.yaml peer_trend_cap": _SHOWN,
    "rules/bpci_advanced.yaml selection": _SHOWN,
    "rules/bpci_advanced.yaml window_days": _SHOWN,
    "rules/cjr.yaml regional_share": _SHOWN,
    "rules/cpc_plus.yaml sided": "names the tracks",
    "rules/lead.yaml base_year_weights": _SHOWN,
    "rules/lead.yaml higher_spending_add_on": _SHOWN,
    "rules/lead.yaml regional_efficiency_cap": _SHOWN,
    "rules/lead.yaml regional_efficiency_share": _SHOWN,
    "rules/lead.yaml risk_score_cap": _SHOWN,
    "rules/lead.yaml sided": "names the tracks",
    "rules/lead.yaml update_guard": _SHOWN,
    "rules/lead.yaml update_weight_two_way": _SHOWN,
    "rules/making_care_primary.yaml sided": "names the tracks",
    "rules/ngaco.yaml sided": "names the tracks",
    "rules/ny_health_home.yaml rate_changes": "the dated rates have them already",
    "rules/ny_health_home.yaml rates.adults.high_risk": _STATED,
    "rules/ny_health_home.yaml rates.children.high": "read for children",
    "rules/ny_health_home.yaml rates.children.low": "read for children",
    "rules/ny_health_home.yaml rates.children.medium": "read for children",
    "rules/ny_health_home.yaml sided": "names the populations served",
    "rules/ny_vbp.yaml long_term_care_level_1": _SHOWN,
    "rules/ny_vbp.yaml sided": "names the tracks",
    "rules/ny_vbp.yaml target_budget_stimulus": _SHOWN,
    "rules/primary_care_first.yaml sided": "names the practice risk groups",
    "rules/team.yaml baseline_weights": _SHOWN,
    "rules/team.yaml default_track": _SHOWN,
    "rules/team.yaml normalisation_cap": _SHOWN,
    "rules/team.yaml trend_cap": _SHOWN,
    "rules/team.yaml window_days": _SHOWN,
    "rules/hospital_vbp.yaml exchange_slope": _SHOWN,
    "rules/hospital_vbp.yaml sided": "names the participants",
    "rules/mips.yaml sided": "names the participants",
    "rules/medicaid_managed_care.yaml federal_part_of_remittance": _SHOWN,
    "rules/medicaid_managed_care.yaml incentive_limit": _SHOWN,
    "rules/medicaid_managed_care.yaml sided": "names the tracks",
    "rules/medicaid_managed_care.yaml sound_net_of_withhold": _SHOWN,
    "rules/physician_incentive_plan.yaml aggregate_attachment": _SHOWN,
    "rules/physician_incentive_plan.yaml bonus_threshold": _SHOWN,
    "rules/physician_incentive_plan.yaml deductible": "read where no deductible is stated",
    "rules/mssp.yaml disaster_relief": _SHOWN,
    "rules/mssp.yaml loss_limit_first_years": _SETTLED,
    "rules/mssp.yaml minimum_savings_rate_smallest": "read for entities below 500 members",
    "rules/mssp.yaml quality_standard_score": _SHOWN,
}


def scenario_files() -> list[Path]:
    templates = Path(vbsim.__file__).parent / "scenario" / "templates"
    return [*SCENARIOS, *templates.glob("*.yaml")]


def test_every_figure_is_read_by_some_scenario() -> None:
    """A figure that nothing reads looks like a rule that is applied."""
    used = {
        f"{figure.file} {figure.path}"
        for path in scenario_files()
        for figure in plan_of(path).figures
    }
    shipped = {
        f"{kind}/{name}.yaml {path}"
        for kind, name in SHIPPED
        for path in rulebook.read(kind, name).figures()
    }
    read = {path for path in shipped if any(u == path or u.startswith(f"{path}.") for u in used)}
    assert shipped - read == set(IDLE)
