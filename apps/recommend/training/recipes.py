"""Which recipes there are: those that come with specrec, and those in the operator's own folder.

Each lies in a file of its own that has its label as name, `shop-1.toml`. A name without a version means the newest.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from scipy import sparse

from apps.recommend.ml.content import fit_content
from apps.recommend.ml.neighbours import Neighbours
from apps.recommend.ml.projection import Projection, fit_components, project
from apps.recommend.ml.tokens import Described, Vocabulary, fit_tokens
from apps.recommend.training.recipe import Recipe, parse_recipe
from apps.recommend.training.sentences import embed_if_wanted
from specrec.kernel.errors import Invalid, NotFound

__all__ = ["Recipe"]

KNOWN = Path(__file__).parent / "known"
DEFAULT_NAME = "shop"
_LABEL = re.compile(r"\A(?P<name>[a-z][a-z0-9-]*?)-(?P<version>[1-9][0-9]*)\Z")


def get_recipe(name: str) -> Recipe:
    """Return the recipe of this name or label; raises NotFound, or Invalid for one that cannot be read."""
    fitting = [path for path in _files() if path.stem == name or _parts(path)[0] == name]
    if not fitting:
        there = ", ".join(sorted(path.stem for path in _files()))
        raise NotFound(f"There is no recipe {name}. There are: {there}.", code="recipe_not_found", field="recipe")
    return read_recipe(max(fitting, key=_parts))


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in the file; raises NotFound for no file, Invalid naming file and field."""
    try:
        recipe = parse_recipe(path.read_text(encoding="utf-8"), source=path.name)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise NotFound(f"{path} cannot be read: {reason}.", code="recipe_not_found", field="recipe") from error
    if recipe.label != path.stem:
        message = f"{path.name} holds the recipe {recipe.label}: name the file {recipe.label}.toml."
        raise Invalid(message, code="bad_recipe", field="name", file=path.name)
    return recipe


def list_files() -> list[Path]:
    """Return the files of all recipes, by name and version."""
    return sorted(_files(), key=_parts)


def _files() -> Iterator[Path]:
    """Yield the files that are named as recipes are; of two with one label the operator's own counts."""
    seen: set[str] = set()
    for folder in (settings.RECIPES_DIR, KNOWN):
        for path in sorted(folder.glob("*.toml")) if folder is not None else ():
            if _LABEL.match(path.stem) and path.stem not in seen:
                seen.add(path.stem)
                yield path


def _parts(path: Path) -> tuple[str, int]:
    found = _LABEL.match(path.stem)
    assert found is not None
    return found["name"], int(found["version"])


DEFAULT_RECIPE = read_recipe(KNOWN / "shop-1.toml")


@dataclass(frozen=True, slots=True)
class Content:
    """What was learned from the catalogue."""

    vocabulary: Vocabulary
    tokens: sparse.csr_array
    neighbours: Neighbours


def fit_from_catalogue(recipe: Recipe, items: Described) -> Content:
    """Return token vectors and neighbours by content; raises what `embed_if_wanted` raises."""
    vocabulary, tokens = fit_tokens(items, recipe.content)
    sentences = embed_if_wanted(items.texts, share=recipe.content.sentence_share)
    return Content(vocabulary, tokens, fit_content(tokens, recipe.content, sentences=sentences))


def fit_vectors(recipe: Recipe, content: Content, size: int) -> tuple[Projection, NDArray[np.float32]]:
    """Return the content vectors for nearest-neighbour search, and what makes them of items."""
    components = fit_components(content.tokens, size, seed=recipe.seed)
    return Projection(content.vocabulary, components, recipe.content), project(content.tokens, components)
