"""Sizes: small files, small functions, little nesting; nine of ten well below the limit."""

import ast
from collections.abc import Iterable, Sequence

import pytest

from tests.architecture.source import EVERYTHING, PROGRAM, Function, lines_of, sources

FILE_LIMIT, FILE_AIM = 400, 200
FUNCTION_LIMIT, FUNCTION_AIM = 50, 25
NESTING_LIMIT = 4
POSITIONAL_LIMIT = 7
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def _over(sizes: Sequence[tuple[str, int]], limit: int) -> dict[str, int]:
    return {name: size for name, size in sizes if size > limit}


def _share_within(sizes: Sequence[tuple[str, int]], aim: int) -> float:
    return sum(size <= aim for _, size in sizes) / len(sizes)


def _files() -> list[tuple[str, int]]:
    return [(source.path, source.size) for source in sources(*EVERYTHING) if source.size]


def _functions() -> list[tuple[str, int]]:
    return [
        (f"{source.at(function)} {function.name}", lines_of(function))
        for source in sources(*EVERYTHING)
        for function in source.functions()
    ]


def _depth(body: Iterable[ast.AST]) -> int:
    return max((_depth_of(node) for node in body), default=0)


def _depth_of(node: ast.AST) -> int:
    """Return the blocks inside each other; `elif` is no deeper than its `if`, and a nested function starts anew."""
    if isinstance(node, Function):
        return 0
    inner = _depth(ast.iter_child_nodes(node))
    is_elif = isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)
    if is_elif:
        assert isinstance(node, ast.If)
        return max(1 + _depth(node.body), _depth_of(node.orelse[0]))
    return inner + isinstance(node, _BLOCKS)


class TestFiles:
    def test_none_is_over_the_limit(self) -> None:
        assert _over(_files(), FILE_LIMIT) == {}

    def test_nine_of_ten_are_within_the_aim(self) -> None:
        assert _share_within(_files(), FILE_AIM) >= 0.9, _over(_files(), FILE_AIM)


class TestFunctions:
    def test_none_is_over_the_limit(self) -> None:
        assert _over(_functions(), FUNCTION_LIMIT) == {}

    def test_nine_of_ten_are_within_the_aim(self) -> None:
        assert _share_within(_functions(), FUNCTION_AIM) >= 0.9, _over(_functions(), FUNCTION_AIM)

    def test_nesting_is_shallow(self) -> None:
        depths = [
            (f"{source.at(function)} {function.name}", _depth(function.body))
            for source in sources(*EVERYTHING)
            for function in source.functions()
        ]
        assert _over(depths, NESTING_LIMIT) == {}

    def test_parameters_by_position_are_few(self) -> None:
        counts = [
            (f"{source.at(function)} {function.name}", len(function.args.posonlyargs) + len(function.args.args))
            for source in sources(*PROGRAM)
            for function in source.functions()
        ]
        assert _over(counts, POSITIONAL_LIMIT) == {}


class TestDepth:
    @pytest.mark.parametrize(
        ("code", "depth"),
        [
            ("x = 1", 0),
            ("if a:\n  if b:\n    x = 1", 2),
            ("if a:\n  x = 1\nelif b:\n  x = 2\nelif c:\n  x = 3", 1),
            ("for a in b:\n  with c:\n    try:\n      x = 1\n    except E:\n      x = 2", 3),
            ("def f():\n  if a:\n    x = 1", 0),
        ],
    )
    def test_counts_blocks_inside_each_other(self, code: str, depth: int) -> None:
        assert _depth(ast.parse(code).body) == depth
