"""The rules of the house, held by the code itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from patronage import names as columns
from patronage.names import Artifact, Metric, Tag

SOURCE = Path(columns.__file__).parents[1]
FILES = sorted(SOURCE.rglob("*.py"))
ORDERING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)

# A room may import those above it, and itself.
FLOORS = (
    ("names", "errors", "typing", "masking", "temporary", "threads", "journal", "interrupts"),
    ("statistics", "manifest", "config", "report"),
    ("engine",),
    ("cutoff",),
    ("data", "simulation"),
    ("lenses", "labels"),
    ("models",),
    ("decisions",),
    ("bundle",),
    ("training",),
    ("evaluation", "analyses"),
    ("scoring",),
    ("review",),
    ("tracking",),
    ("jobs",),
    ("front_door",),
    ("command_line",),
    ("cli",),
    ("__main__",),
)
LEVEL = {room: level for level, floor in enumerate(FLOORS) for room in floor}
ONE_IMPORTER = {"mlflow": "tracking", "lifetimes": "models/btyd/fit.py", "hydra": "jobs"}
NAMES = {value for key, value in vars(columns).items() if key.isupper()}
# everyday words that mean other things as well: a view, a model, a configuration key
WORDS = {
    columns.VALUE, columns.UNKNOWN, columns.EVENT, columns.ORDERS, columns.CLV, columns.CUTOFF, columns.RECENCY,
    columns.WHY, columns.WHEN, columns.HOLDOUT, columns.MESSAGES, columns.CONTENT, columns.SENDER, columns.BASIS,
    columns.CART,
}  # fmt: skip

LOGGED = {value for names in (Metric, Tag, Artifact) for key, value in vars(names).items() if key.isupper()}
LOGGED_WORDS = {Tag.KIND, "model", "overrides"}  # everyday words, as above
PUT_TOGETHER = re.compile(r"[\w{}]+(/[\w{}]+)+|[\w{}/]+[.](json|parquet|png|html)")


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that a file is made of: many rules walk over it."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "patronage":
                yield from (f"patronage.{name.name}" for name in node.names)


def texts(path: Path) -> set[str]:
    """The strings of a file."""
    return {node.value for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def offences(rule: Callable[[Path], Iterable[str]]) -> list[str]:
    """What breaks a rule, with its file."""
    return [f"{path.relative_to(SOURCE)}: {offence}" for path in FILES for offence in rule(path)]


def test_imports_point_one_way():
    def rule(path: Path) -> Iterator[str]:
        for name in imports(path) if room(path) != "__init__" else ():
            parts = name.split(".")
            if parts[0] == "patronage" and len(parts) > 1 and LEVEL.get(parts[1], 0) > LEVEL[room(path)]:
                yield f"{room(path)} imports {name}"

    assert offences(rule) == []


def test_no_files_import_each_other():
    def module(path: Path) -> str:
        return ".".join(("patronage", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")

    faces = {module(path) for path in FILES if path.name == "__init__.py"}  # which hand on what their files define
    graph = {module(path): set(imports(path)) - faces for path in FILES if path.name != "__init__.py"}
    TopologicalSorter(graph).prepare()  # a CycleError names the circle


def test_heavy_libraries_have_one_importer():
    def rule(path: Path) -> Iterator[str]:
        where = path.relative_to(SOURCE).as_posix()
        for name in imports(path):
            owner = ONE_IMPORTER.get(name.split(".")[0])
            if owner is not None and not where.startswith(owner):
                yield f"only {owner} imports {name}"

    assert offences(rule) == []


def test_columns_are_named_in_one_place():
    assert offences(lambda path: texts(path) & NAMES - WORDS if room(path) not in ("names", "config") else ()) == []


def test_metrics_tags_and_artifacts_are_named_in_one_place():
    elsewhere = ("names", "config", "models")  # a model's own files may have the name of an artifact
    assert offences(lambda path: texts(path) & LOGGED - LOGGED_WORDS if room(path) not in elsewhere else ()) == []


def test_no_metric_or_artifact_of_the_review_is_put_together_from_pieces():
    def rule(path: Path) -> Iterator[str]:
        for node in nodes(path) if room(path) in ("evaluation", "review") else ():
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
                if PUT_TOGETHER.fullmatch(text):
                    yield text

    assert offences(rule) == []


def test_only_one_file_compares_with_the_cutoff():
    def rule(path: Path) -> Iterator[str]:
        for node in nodes(path) if path.name != "cutoff.py" else ():
            ordered = isinstance(node, ast.Compare) and any(isinstance(op, ORDERING) for op in node.ops)
            if ordered and "cutoff" in ast.unparse(node):
                yield ast.unparse(node)

    assert offences(rule) == []


def test_no_pickle():
    banned = ("import pickle", "import joblib", "cloudpickle", "allow_pickle=True", "import dill")
    assert offences(lambda path: [word for word in banned if word in path.read_text()]) == []


def test_no_swollen_file_and_no_utils():
    assert [str(path) for path in FILES if len(path.read_text().splitlines()) > 400] == []
    assert [str(path) for path in FILES if "util" in path.stem or "helper" in path.stem] == []


# The field's own nouns take their place: see docs/glossary.md.
BANNED_NAMES = {
    "said", "found", "who", "asked", "kept", "made", "happened", "came", "foretell", "foretold", "outlook",
    "expectant", "hybrid", "rehearsal", "rehearsed", "strangers", "aside", "lawful", "taught", "believed",
    "unfit", "unsure", "deed", "deeds", "brought", "admitted", "spoken", "touches", "people", "shelves",
    "crown", "dethrone", "crossed", "movers", "seen", "thrice", "urns",
}  # fmt: skip
BANNED_WORDS = re.compile(
    r"\b(she|her|hers|herself|whoever|of whom|foretell\w*|foretold|rehears\w+|strangers|taught|believed|hybrid)\b", re.I
)


def names_made(path: Path) -> Iterator[str]:
    """The variables, parameters, functions and classes that a file defines, word by word."""
    for node in nodes(path):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def test_names_and_prose_are_those_of_the_field():
    def rule(path: Path) -> Iterator[str]:
        yield from (name for name in names_made(path) if set(name.lower().strip("_").split("_")) & BANNED_NAMES)
        yield from BANNED_WORDS.findall(path.read_text())

    assert offences(rule) == []


def test_class_names_are_unique_and_stand_in_no_init_file():
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path.relative_to(SOURCE).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
    assert [name for name, files in places.items() if files[0].endswith("__init__.py")] == []


def test_three_of_four_modules_have_tests_where_a_newcomer_looks_for_them():
    tests = Path(__file__).parent
    modules = [path.relative_to(SOURCE) for path in FILES if path.name != "__init__.py"]
    without = [str(module) for module in modules if not (tests / module.parent / f"test_{module.name}").exists()]
    assert len(without) <= len(modules) / 4, f"without tests/ROOM/test_FILE.py: {', '.join(without)}"


def test_only_labels_looks_forward():
    asking = [path.name for path in FILES if "when.within(" in path.read_text()]
    assert asking == ["labels.py"]


def test_only_its_source_imports_the_simulator():
    importers = {
        path.relative_to(SOURCE).as_posix()
        for path in FILES
        if any(name.startswith("patronage.simulation") for name in imports(path))
    }
    assert {path for path in importers if not path.startswith("simulation/")} == {"data/simulated.py"}


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from patronage import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'mlflow', 'pandas', 'lightgbm', 'duckdb', 'hydra', 'sklearn', 'lifetimes', 'numba'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "patronage VERB" in done.stdout


def test_the_repository_names_no_machine_and_no_index():
    repo = SOURCE.parents[1]
    listed = subprocess.run(["git", "ls-files"], cwd=repo, capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        if (
            Path(name).suffix in {".py", ".md", ".toml", ".yaml", ".lock", ".ipynb"}
            and name != "tests/test_house_rules.py"
        ):
            text = (repo / name).read_text()
            assert "/root/" not in text, name
            assert "files.pythonhosted" not in text, name
            assert "--index-url" not in text, name
