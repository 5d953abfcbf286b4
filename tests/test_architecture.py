"""House rules as tests: layers, who may import what, sizes, no program number in code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import vbsim
from tests.conftest import REPOSITORY
from vbsim import rulebook

PACKAGE = Path(vbsim.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LAYERS = [
    {"errors"},
    {"vocabulary", "streams", "rulebook", "blas", "processes"},
    {"kernels"},
    {"generators", "payment_models", "measures"},
    {"contract"},
    {"plan"},
    {"engines"},
    {"scenario", "provenance"},
    {"seen", "settlement"},
    {"simulate", "settle", "outcomes"},
    {"blocks"},
    {"cluster", "portfolio", "target", "backtest", "decompose", "skill"},
    {"validation"},
    {"plots"},
    {"report"},
    {"run", "run_portfolio"},
    {"cli", "__init__"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# Parts that must not know each other although they stand on one level.
APART = [{"generators", "payment_models", "measures"}, {"simulate", "settle", "outcomes"}]


def part_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0].removesuffix(".py")


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a module, read once."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports_of(path: Path) -> list[str]:
    found = []
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{name.name}" for name in node.names]
    return found


def upward_imports(path: Path, names: list[str]) -> list[str]:
    here = part_of(path)
    wrong = []
    for name in names:
        parts = name.split(".")
        if parts[0] != "vbsim" or len(parts) < 2 or parts[1] == here:
            continue
        there = parts[1] if parts[1] in LEVEL else "__init__"
        apart = any({here, there} <= group for group in APART)
        if apart or LEVEL[there] > LEVEL[here]:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return  # the public door opens onto every room
    assert not upward_imports(path, imports_of(path))


def test_the_layer_test_finds_a_planted_import() -> None:
    planted = ["vbsim.simulate.simulate", "vbsim.errors.VbsimError", "numpy.linalg"]
    assert upward_imports(PACKAGE / "scenario" / "load.py", planted) == ["vbsim.simulate.simulate"]
    assert upward_imports(PACKAGE / "settle.py", ["vbsim.simulate.blocks"])


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("numba", ("kernels/", "simulate.py")),  # simulate sets the number of threads
        ("matplotlib", ("plots/",)),
        ("yaml", ("rulebook.py", "scenario/")),
        ("typer", ("cli/",)),
        ("pydantic", ("scenario/",)),
        ("jinja2", ("report/",)),
    ],
)
def test_libraries_stay_in_their_rooms(library: str, rooms: tuple[str, ...]) -> None:
    users = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports_of(path))
    ]
    assert users
    assert [user for user in users if not user.startswith(rooms)] == []


def test_only_kernels_compile() -> None:
    for path in MODULES:
        if part_of(path) != "kernels":
            assert "njit" not in path.read_text(encoding="utf-8"), path
        else:  # the sessions' cache of compiled kernels knows no other files
            own = [name for name in imports_of(path) if name.startswith("vbsim")]
            assert [name for name in own if not name.startswith("vbsim.kernels.")] == [], path


# A record that compiled code takes from a fresh array holds no reference to it: the memory is freed
# at once, and another thread's next array may be laid over it. The array must have a name first.
FRESH = re.compile(r"np\.(empty|zeros|ones|full)(_like)?\(")


def test_compiled_code_names_the_arrays_that_it_takes_records_from() -> None:
    compiled = [*(PACKAGE / "kernels").glob("*.py"), *(REPOSITORY / "benchmarks").glob("*.py")]
    for path in compiled:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
                assert not FRESH.match(ast.unparse(node.value)), (path.name, node.lineno)


def test_settlement_draws_nothing() -> None:
    folders = [PACKAGE / "payment_models", PACKAGE / "outcomes"]
    for path in [*(p for f in folders for p in f.glob("*.py")), PACKAGE / "settle.py"]:
        names = imports_of(path) + re.findall(r"np\.random", path.read_text(encoding="utf-8"))
        assert [n for n in names if "random" in n or "streams" in n] == [], path


def program_numbers() -> set[float]:
    """Shares that a regulator chose, from the rule files (round ones are everybody's)."""
    found: set[float] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, float):
            found.add(value)

    for name in rulebook.available("rules"):
        book = rulebook.read("rules", name)
        for path in book.figures():
            walk(book.figure(path, book.last_year).value)
    return found - {0.0, 0.5, 1.0, 0.1, 0.2, 0.3, 0.8, 0.02, 0.01, 0.05, 0.15}


@pytest.mark.parametrize(
    "part", ["payment_models", "scenario", "outcomes", "settle.py", "settlement.py", "simulate.py"]
)
def test_no_program_number_in_code(part: str) -> None:
    numbers = program_numbers()
    assert {0.75, 0.039, 0.122} <= numbers
    place = PACKAGE / part
    for path in [place] if place.is_file() else place.glob("*.py"):
        for node in nodes_of(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                assert node.value not in numbers, f"{path.name}:{node.lineno}: {node.value}"


@cache
def functions() -> list[tuple[str, ast.FunctionDef]]:
    return [
        (f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}", node)
        for path in MODULES
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef)
    ]


def body_lines(node: ast.FunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return node.end_lineno - body[0].lineno + 1 if body and node.end_lineno else 0


def test_functions_stay_small() -> None:
    sizes = sorted(body_lines(node) for _, node in functions())
    assert [name for name, node in functions() if body_lines(node) > 50] == []
    assert sizes[len(sizes) // 2] <= 10
    assert sizes[int(len(sizes) * 0.9)] <= 30


def test_modules_stay_small() -> None:
    sizes = {str(p.relative_to(PACKAGE)): p.read_text("utf-8").count("\n") for p in MODULES}
    # Jitted helpers must stand beside their caller: a cached kernel sees no change elsewhere.
    limits = {"kernels/members.py": 580}
    assert {name: n for name, n in sizes.items() if n > limits.get(name, 400)} == {}


def test_public_functions_have_docstrings() -> None:
    bare = [
        name
        for name, node in functions()
        if not node.name.startswith("_")
        and ast.get_docstring(node) is None
        and body_lines(node) > 3
    ]
    assert bare == []


def test_nothing_is_unfinished() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"NotImplementedError|TODO|FIXME|XXX", text), path
