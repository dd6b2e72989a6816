"""The recipe as a site has it: the one that its schedule names, with the weights of event types of its own."""

from dataclasses import replace

from apps.recommend.features.weights import find_weights
from apps.recommend.models import TrainingSchedule
from apps.recommend.training.recipe import Recipe
from apps.recommend.training.recipes import DEFAULT_NAME, get_recipe


def site_recipe(*, site_id: str, recipe: Recipe | str | None = None) -> Recipe:
    """Return the recipe, or that of the site's schedule, with the weights of the site.

    These then also hold for the histories of its evaluation. Raises NotFound for a name that no recipe has.
    """
    if not isinstance(recipe, Recipe):
        recipe = get_recipe(recipe or _name_of(site_id))
    weights = find_weights(site_id=site_id)
    if weights is None:
        return recipe
    return replace(recipe, dataset=replace(recipe.dataset, event_weights=weights, weighs_history=True))


def _name_of(site_id: str) -> str:
    names = TrainingSchedule.objects.filter(site_id=site_id).values_list("recipe", flat=True)
    return names.first() or DEFAULT_NAME
