"""The recipe as a site has it: with its own weights of event types, where it has any."""

from dataclasses import replace

from apps.recommend.features.weights import find_weights
from apps.recommend.training.recipes import DEFAULT_RECIPE, Recipe


def site_recipe(*, site_id: str, recipe: Recipe = DEFAULT_RECIPE) -> Recipe:
    """Return the recipe with the weights of the site, which then also hold for the histories of its evaluation."""
    weights = find_weights(site_id=site_id)
    return recipe if weights is None else replace(recipe, event_weights=weights, weighs_history=True)
