"""The program's own files, read once as syntax trees, for the rules that import-linter and ruff cannot see."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("specrec", "apps", "integrations", "demo", "bench")
EVERYTHING = (*PROGRAM, "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path below the root, its text, its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def size(self) -> int:
        """Lines of the file."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[Function]:
        """Every function and method."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def at(self, node: ast.stmt | ast.expr) -> str:
        """Where the node stands, for messages."""
        return f"{self.path}:{node.lineno}"


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return the files below the folders, without migrations, which Django writes."""
    paths = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return tuple(_read(path) for path in paths if "migrations" not in path.parts)


def lines_of(function: Function) -> int:
    """Return how many lines the function has, without decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def called_name(call: ast.Call) -> str:
    """Return the called name, dotted where it is: `jobs.enqueue`."""
    return ast.unparse(call.func)


def text_of(node: ast.expr | None) -> str | None:
    """Return the string that the expression is, None when it is anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path=str(path.relative_to(ROOT)), text=text, tree=ast.parse(text))
