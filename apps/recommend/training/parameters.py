"""Which algorithms a recipe may name, and what each is told where the recipe says nothing."""

import dataclasses
from typing import Any

from apps.recommend.ml.engineparams import EngineParams
from apps.recommend.ml.tokens import ContentParams

ENGINE_SECTIONS = tuple(field.name for field in dataclasses.fields(EngineParams))
# name of the section -> parameters as they usually are
USUAL: dict[str, Any] = {
    "content": ContentParams(),
    **{name: getattr(EngineParams(), name) for name in ENGINE_SECTIONS},
}
