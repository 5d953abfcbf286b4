"""One contract alone in a file, in the words that a scenario would have for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from vbsim.errors import ParameterError, Problem, ScenarioError, did_you_mean, in_parts
from vbsim.payment_models.shared_savings import Terms
from vbsim.scenario.contracts import Contract, shared_savings
from vbsim.scenario.shape import Name, Part
from vbsim.scenario.source import Source, read_source, shown
from vbsim.scenario.wording import shape_problems

_PLACE = ("contracts", "terms")
_DOTTED = ".".join(_PLACE)


class _Contracts(Part):
    """The part of a scenario that the file stands for."""

    contracts: dict[Name, Contract]


def load_terms(path: str | Path) -> tuple[str, Terms]:
    """Read a private shared-savings contract.

    Returns
    -------
    label, terms
        Its label, and its terms in numbers.

    Raises
    ------
    ScenarioError
        With every problem found: file, line, key, found, expected, what to do.
    """
    try:
        inner = read_source(Path(path))
    except ScenarioError as error:
        raise _told(error.problems) from None
    places = {(*_PLACE, *inside): place for inside, place in inner.places.items()}
    source = Source(inner.file, {_PLACE[0]: {_PLACE[1]: inner.data}}, places)
    if problems := list(_out_of_place(source)):
        raise _told(problems)
    try:
        words = _Contracts.model_validate(source.data).contracts[_PLACE[1]]
    except ValidationError as error:
        raise _told(shape_problems(source, error)) from None
    assert isinstance(words, shared_savings.Words)
    try:
        return words.label or words.model, shared_savings.terms_of(words)
    except ParameterError as error:
        found = in_parts(error, "these terms together")
        raise _told([source.problem(_PLACE, *found)]) from None


def _out_of_place(source: Source) -> Iterator[Problem]:
    """Find fault with another model, and with what the known outcomes give."""
    words = source.below(*_PLACE)
    if words.get("model") != shared_savings.MODEL:
        expected = f"model: {shared_savings.MODEL}, the model whose outcomes can be settled"
        found = shown(words.get("model"))
        todo = did_you_mean(str(words.get("model")), [shared_savings.MODEL])
        yield source.problem((*_PLACE, "model"), found, expected, todo)
    for key in ("benchmark", "stop_loss", "economics", "physician_incentive_plan"):
        if key in words:
            expected = "no such key: the file of outcomes gives benchmark and expenditure"
            yield source.problem((*_PLACE, key), f"'{key}'", expected, "take it out")


def _told(problems: list[Problem]) -> ScenarioError:
    """Problems by the keys of the file itself."""
    own = [
        Problem(
            p.file, p.line, p.path.removeprefix(_DOTTED).removeprefix("."), p.found,
            p.expected.replace(f"a key of {_DOTTED}", "a key of such a contract")
            .replace("a scenario", "a contract"),
            "vbsim settle --help shows one" if p.todo.startswith("start from") else p.todo,
        )
        for p in problems
    ]  # fmt: skip
    return ScenarioError(own, "contract")
