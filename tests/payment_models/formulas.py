"""Works the formula of a statement's line, for all realizations at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache, reduce
from types import CodeType
from typing import Any

import numpy as np

ALLOWED = re.compile(r"[a-z0-9_ .,()+*/<>=-]+")
ON_VECTORS = {
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
    # A comparison counts as 1 or 0, in Python by itself.
    "counted": lambda truth: 1.0 * truth,
    "chosen": lambda truth, one, other: np.where(truth != 0.0, one, other),
    "both": lambda *truths: reduce(np.multiply, truths),
    "either": lambda *truths: reduce(np.maximum, truths),
}


class Vectorised(ast.NodeTransformer):
    """Turns what Python has for single numbers alone into functions: conditions and choices."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        return called("chosen", node.test, node.body, node.orelse)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        sides = [node.left, *node.comparators]
        pairs = zip(sides, node.ops, node.comparators, strict=False)
        single = [ast.Compare(low, [sign], [high]) for low, sign, high in pairs]
        return called("both", *(called("counted", each) for each in single))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        return called("both" if isinstance(node.op, ast.And) else "either", *node.values)


def called(name: str, *words: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(words), [])


@cache
def compiled(formula: str) -> tuple[CodeType, CodeType]:
    """Compile a formula as Python reads it, and for vectors."""
    assert ALLOWED.fullmatch(formula.replace("e-", "")), formula
    plain = compile(formula, formula, "eval")
    tree = Vectorised().visit(ast.parse(formula, mode="eval"))
    return plain, compile(ast.fix_missing_locations(tree), formula, "eval")


def worked_out(formula: str, above: Mapping[str, Any]) -> Any:
    """Work a formula from the lines above it, (R,)."""
    with np.errstate(all="ignore"):  # the branch that is not taken may divide by zero
        return eval(compiled(formula)[1], {"__builtins__": {}}, {**ON_VECTORS, **above})


def worked_out_once(formula: str, above: Mapping[str, float]) -> float:
    """Work a formula from single numbers, as Python and a person do."""
    words = {"min": min, "max": max}
    return float(eval(compiled(formula)[0], {"__builtins__": {}}, {**words, **above}))
