"""The import contracts bite: forbidden imports in a copy of the tree make lint-imports fail, and it names each."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")
DIRECTION = "Imports run one way"
THIN = "Edges call their own face and nothing deeper"
PURE = "Mathematics and optical rules are pure"
WEB = "No web framework below the edge"
# A module that gets the import, what it imports, and the contract that must name both.
INJECTIONS = [
    ("apps.profiles.selectors", "apps.recommend.api", DIRECTION),
    ("apps.tracking.selectors", "apps.catalog.api", DIRECTION),
    ("specrec.kernel.clock", "apps.profiles.contracts", DIRECTION),
    ("apps.recommend.conf", "specrec.schema", DIRECTION),
    ("apps.recommend.services", "apps.catalog.models", "catalog is reached through its face only"),
    ("apps.tracking.services", "apps.profiles.gate", "profiles is reached through its face only"),
    ("specrec.health", "apps.tracking.models", "tracking is reached through its face only"),
    ("specrec.health", "apps.recommend.models", "recommend is reached through its face only"),
    ("apps.catalog.models", "apps.catalog.services", "Every app has the same inner layers, and no unplaced file"),
    ("apps.tracking.rest", "apps.tracking.tasks", "Every app has the same inner layers, and no unplaced file"),
    ("apps.catalog.rest", "apps.catalog.selectors", THIN),
    ("apps.recommend.tasks", "apps.recommend.training", THIN),
    ("apps.recommend.ml.popularity", "django.utils.timezone", PURE),
    ("apps.recommend.ml.popularity", "specrec.kernel.clock", PURE),
    ("apps.catalog.contracts", "django.conf", "What crosses a face is plain data"),
    ("apps.catalog.services", "rest_framework.response", WEB),
    ("specrec.kernel.paging", "graphene", WEB),
    ("apps.recommend.retrieval.popular", "apps.recommend.retrieval.similar", "Retrievers are blind to each other"),
]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the contracts speak of."""
    return _copy(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said about a copy with all the injections: one run, because building the graph is the slow part."""
    tree = _copy(tmp_path_factory.mktemp("broken"))
    for importer, imported, _ in INJECTIONS:
        file = _file_of(tree, importer)
        file.write_text(f"{file.read_text(encoding='utf-8')}\nimport {imported}\n", encoding="utf-8")
    done = _lint(tree)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def _copy(target: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", target)
    for package in ("specrec", "apps"):
        shutil.copytree(ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def _file_of(tree: Path, module: str) -> Path:
    path = tree.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(tree), "COLUMNS": "400"}
    return subprocess.run(
        [LINTER, "--no-cache", "--no-logo"], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def _section(report: str, contract: str) -> str:
    """Return what the report says about one broken contract: from its underlined name to the next one."""
    _, _, rest = report.partition("Broken contracts")
    _, found, rest = rest.partition(f"{contract}\n---")
    assert found, f"{contract} is not broken:\n{report}"
    return re.split(r"\n[^\n]+\n-{3,}\n", rest, maxsplit=1)[0]


def test_the_tree_as_it_is_keeps_them(clean: Path) -> None:
    done = _lint(clean)
    assert (done.returncode, "0 broken" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize(("importer", "imported", "contract"), INJECTIONS)
def test_forbidden_import_is_named(report: str, importer: str, imported: str, contract: str) -> None:
    target = imported if imported.startswith(("apps", "specrec")) else imported.split(".", maxsplit=1)[0]
    found = re.search(rf"{re.escape(importer)} -> {re.escape(target)}\b", _section(report, contract))
    assert found, _section(report, contract)


def test_unplaced_file_is_named(clean: Path) -> None:
    stray = clean / "apps" / "catalog" / "utils.py"
    stray.touch()
    done = _lint(clean)
    stray.unlink()
    assert done.returncode == 1
    assert "utils" in done.stdout
