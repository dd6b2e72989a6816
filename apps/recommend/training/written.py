"""Recipes as people read and write them: listed, shown as TOML, checked."""

import json
from pathlib import Path
from typing import Any

from apps.recommend.contracts.models import RecipeInfo
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.recipes import KNOWN, get_recipe, list_files, read_recipe
from specrec.kernel.errors import Problem


def list_recipes() -> list[RecipeInfo]:
    """Return what is known of every recipe, by name and version; of one that cannot be read, why."""
    return [_info(path) for path in list_files()]


def show_recipe(*, name: str) -> str:
    """Return the recipe of this name or label as TOML, usual values included; raises NotFound or Invalid."""
    return to_toml(get_recipe(name))


def check_recipe(*, path: Path) -> RecipeInfo:
    """Return what is known of the recipe in the file; raises NotFound for no file, Invalid naming file and field."""
    return _told(read_recipe(path), path)


def to_toml(recipe: Recipe) -> str:
    """Return TOML that reads as the same recipe."""
    lines: list[str] = []
    _write((), recipe.parameters(), lines)
    return "\n".join(lines).strip() + "\n"


def _write(path: tuple[str, ...], values: dict[str, Any], lines: list[str]) -> None:
    """Add a table: its own values first, then the tables in it, as TOML asks."""
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    if path and plain:
        lines.extend(("", f"[{'.'.join(path)}]"))
    # Strings, lists and numbers without fractions are written in TOML as in JSON.
    lines.extend(
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items() if value is not None
    )
    for key, value in values.items():
        if isinstance(value, dict):
            _write((*path, key), value, lines)


def _info(path: Path) -> RecipeInfo:
    try:
        return _told(read_recipe(path), path)
    except Problem as problem:
        return RecipeInfo(
            recipe=path.stem, description="", algorithms=(), own=path.parent != KNOWN, fault=problem.message
        )


def _told(recipe: Recipe, path: Path) -> RecipeInfo:
    return RecipeInfo(
        recipe=recipe.label,
        description=recipe.description,
        algorithms=tuple(recipe.algorithms),
        own=path.parent != KNOWN,
    )
