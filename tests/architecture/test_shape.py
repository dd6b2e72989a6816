"""Rules of the house that neither import-linter nor ruff can see. Each names what breaks it."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import EVERYTHING, PROGRAM, ROOT, Source, called_name, sources, text_of

APPS = ("profiles", "catalog", "tracking", "recommend")
# An app that is higher in the list may point at a lower one, never the other way round.
HEIGHT = {"recommend": 3, "tracking": 2, "catalog": 2, "profiles": 1}
REQUIRED = (
    *("apps", "urls", "rest", "graphql", "tasks", "admin", "management"),
    *("api", "services", "selectors", "models", "contracts"),
)
FOREIGN_KEYS = ("ForeignKey", "OneToOneField", "ManyToManyField")
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
LOOKUPS = ("apps.get_model", "django_apps.get_model", "get_app_config", "import_string", "importlib.import_module")
# Written in two parts, so that this file does not break its own rule.
LEFT_OVER = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b")


def _calls(source: Source) -> list[ast.Call]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]


def _imported(source: Source) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


def _refuses_pickles(call: ast.Call) -> bool:
    return any(word.arg == "allow_pickle" and ast.unparse(word.value) == "False" for word in call.keywords)


def _is_app_config(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("AppConfig") for base in node.bases)


def _late_imports(source: Source) -> list[str]:
    """Imports inside functions, but for those in `AppConfig.ready`."""
    sanctioned = {
        method
        for node in ast.walk(source.tree)
        if _is_app_config(node)
        for method in ast.iter_child_nodes(node)
        if isinstance(method, ast.FunctionDef) and method.name == "ready"
    }
    return [
        source.at(inner)
        for function in source.functions()
        if function not in sanctioned
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def _placed() -> set[str]:
    """Return the modules that the direction contract places."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = document["tool"]["importlinter"]["contracts"]
    (direction,) = (contract for contract in contracts if contract["id"] == "direction")
    return {name.strip(" ()") for layer in direction["layers"] for name in layer.split("|")}


class TestFiles:
    def test_every_module_of_the_root_has_its_place(self) -> None:
        names = {path.stem for path in (ROOT / "specrec").iterdir() if path.suffix == ".py" or path.is_dir()}
        names -= {"__init__", "__pycache__", "templates", "static"}
        assert names - {name.removeprefix("specrec.") for name in _placed()} == set()

    @pytest.mark.parametrize("app", APPS)
    def test_every_app_has_its_parts(self, app: str) -> None:
        present = {path.stem for path in (ROOT / "apps" / app).iterdir() if path.suffix == ".py" or path.is_dir()}
        assert [name for name in REQUIRED if name not in present] == []

    def test_inits_are_empty(self) -> None:
        inits = [source for source in sources(*EVERYTHING) if Path(source.path).stem == "__init__"]
        # Django looks for models in the package itself: there, and nowhere else, an `__init__` names its modules' own.
        full = [source for source in inits if source.text and Path(source.path).parent.name != "models"]
        assert [source.path for source in full] == []

    def test_inits_of_models_only_import(self) -> None:
        inits = [source for source in sources(*EVERYTHING) if source.path.endswith("models/__init__.py")]
        allowed = (ast.ImportFrom, ast.Expr, ast.Assign)
        assert [source.at(node) for source in inits for node in source.tree.body if not isinstance(node, allowed)] == []

    def test_no_drawer_for_things_without_a_name(self) -> None:
        paths = [Path(source.path) for source in sources(*EVERYTHING)]
        assert [str(path) for path in paths if path.stem in BANNED_NAMES or set(path.parts[:-1]) & BANNED_NAMES] == []

    def test_nothing_is_left_over(self) -> None:
        assert [source.path for source in sources(*EVERYTHING) if LEFT_OVER.search(source.text)] == []


class TestImports:
    def test_stand_at_the_top(self) -> None:
        assert [place for source in sources(*EVERYTHING) for place in _late_imports(source)] == []

    def test_no_pickles(self) -> None:
        banned = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
        assert [source.path for source in sources(*PROGRAM) if _imported(source) & banned] == []

    def test_no_pickles_by_another_name(self) -> None:
        """Arrays are read and written without pickles, said at every call, and nothing is given a cache of objects."""
        found = [
            source.at(call)
            for source in sources(*PROGRAM)
            for call in _calls(source)
            if called_name(call) in {"np.load", "np.save", "numpy.load", "numpy.save"} and not _refuses_pickles(call)
        ]
        assert found == []

    def test_no_word_of_pickles_elsewhere(self) -> None:
        words = re.compile(
            r"allow_pickle=True|pickle\.(load|dump)|\.to_pickle|read_pickle|joblib\.(load|dump)|torch\.load"
        )
        assert [source.path for source in sources(*PROGRAM) if words.search(source.text)] == []

    def test_no_signals(self) -> None:
        found = [
            source.path
            for source in sources(*PROGRAM)
            if any(name.startswith(("django.db.models.signals", "django.dispatch")) for name in _imported(source))
        ]
        assert found == []

    def test_nothing_is_looked_up_by_name(self) -> None:
        found = [
            source.at(call)
            for source in sources(*PROGRAM)
            for call in _calls(source)
            if called_name(call) in LOOKUPS or called_name(call).endswith(".get_model")
        ]
        assert found == []

    def test_program_imports_no_tests(self) -> None:
        found = [source.path for source in sources(*PROGRAM) if any(n.startswith("tests") for n in _imported(source))]
        assert found == []


class TestErrors:
    def test_none_is_swallowed(self) -> None:
        found = [
            source.at(handler.body[0])
            for source in sources(*PROGRAM)
            for handler in ast.walk(source.tree)
            if isinstance(handler, ast.ExceptHandler)
            and (handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"})
            and all(isinstance(statement, ast.Pass | ast.Continue) for statement in handler.body)
        ]
        assert found == []


class TestForeignKeys:
    def test_point_inside_the_app_or_down_without_a_reverse_name(self) -> None:
        assert [fault for source in sources("apps") for call in _calls(source) for fault in _fault(source, call)] == []

    @pytest.mark.parametrize(
        ("code", "is_wrong"),
        [
            ('ForeignKey("Item", CASCADE, related_name="+")', False),
            ('models.ForeignKey("profiles.Site", CASCADE, related_name="+")', False),
            ('models.ForeignKey("profiles.Site", CASCADE)', True),
            ('models.ForeignKey("recommend.ModelVersion", CASCADE, related_name="+")', True),
            ('models.ForeignKey("catalog.Item", CASCADE, related_name="+")', True),
        ],
    )
    def test_rule(self, code: str, *, is_wrong: bool) -> None:
        call = ast.parse(code, mode="eval").body
        assert isinstance(call, ast.Call)
        source = Source(path="apps/tracking/models.py", text=code, tree=ast.Module([], []))
        assert bool(_fault(source, call)) is is_wrong


def _fault(source: Source, call: ast.Call) -> list[str]:
    """Return what is wrong with a foreign key, as a list of none or one."""
    if called_name(call).split(".")[-1] not in FOREIGN_KEYS:
        return []
    own = Path(source.path).parts[1]
    words = {word.arg: word.value for word in call.keywords}
    target = text_of(call.args[0] if call.args else words.get("to"))
    app = target.split(".")[0] if target is not None and "." in target else own
    if app in HEIGHT and app != own and HEIGHT[app] >= HEIGHT[own]:
        return [f"{source.at(call)} points up or sideways at {target}"]
    if text_of(words.get("related_name")) != "+":
        return [f'{source.at(call)} needs related_name="+"']
    return []
