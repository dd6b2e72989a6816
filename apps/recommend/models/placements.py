"""Placements, as stored."""

from typing import get_args

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from apps.catalog.contracts import ItemType
from apps.recommend.contracts.placements import MAX_FILTER, MAX_LIMIT, MAX_PURCHASED_DAYS, PlacementInfo, Strategy

STRATEGY_LABELS = {
    "for_you": "For you: personal, from the shopper's history",
    "because_you_viewed": "Because you viewed: by the item looked at last",
    "similar": "Similar to the item shown",
    "look_alike": "Looks alike: by measures, shape and colour",
    "also_viewed": "Shoppers also viewed",
    "also_bought": "Shoppers also bought",
    "bundle": "Bundle: what goes together, with its price",
    "complete_the_pair": "Complete the pair: what belongs to the item or the basket",
    "continue_shopping": "Continue shopping: looked at and not bought",
    "recently_viewed": "Recently viewed",
    "buy_again": "Buy again: what is due",
    "popular": "Popular now",
    "trending": "Trending: more than usual",
    "bestsellers": "Bestsellers of the market, the store, the category",
    "new_in": "New in",
    "on_offer": "On offer: what costs less than before",
    "next_best_action": "Next best action: the service that is due",
    "search_context": "For a search: what fits the words",
    "hand_picked": "Hand-picked list",
}


STRATEGY_CHOICES = [(name, STRATEGY_LABELS.get(name, name)) for name in get_args(Strategy)]


ITEM_TYPE_CHOICES = [(name, name.replace("_", " ").capitalize()) for name in get_args(ItemType)]


_KEY = RegexValidator(r"\A[a-z0-9][a-z0-9_-]*\Z", "Use lower-case letters, digits, hyphens and underscores.")

_SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


def default_fallback() -> list[str]:
    """Return the fallback chain of a new placement."""
    return list(PlacementInfo(placement="-", title="-", strategy="for_you", size=1).fallback)


class Placement(models.Model):
    """A named slot configuration: which strategy fills it, with what, and what happens when that has no answer."""

    site_id = models.CharField("site", max_length=64, help_text="The site's slug, for example uk.")
    placement = models.CharField(
        "key",
        max_length=128,
        validators=[_KEY],
        help_text="The name that the storefront asks with: home, product, basket.",
    )
    title = models.CharField(max_length=200, help_text="For people: the heading under which shoppers see it.")
    strategy = models.CharField(
        max_length=32,
        choices=STRATEGY_CHOICES,
        help_text="How the items are found. The fallback fills what it leaves open.",
    )
    size = models.PositiveSmallIntegerField(
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_LIMIT)],
        help_text=f"How many items an answer has when the caller does not say: 1 to {MAX_LIMIT}.",
    )
    item_types = ArrayField(
        models.CharField(max_length=32, choices=ITEM_TYPE_CHOICES),
        default=list,
        blank=True,
        help_text="Only items of these types. Nothing chosen means every type.",
    )
    category_ids = ArrayField(
        models.CharField(max_length=128),
        default=list,
        blank=True,
        help_text="Only items of these categories, separated by commas. Empty means every category.",
    )
    fallback = ArrayField(
        models.CharField(max_length=32, choices=STRATEGY_CHOICES),
        default=default_fallback,
        blank=True,
        help_text="Strategies tried in this order until the slot is full.",
    )
    exclude_purchased_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(MAX_PURCHASED_DAYS)],
        help_text="Do not show what the shopper bought within this many days; 0 shows it again at once.",
    )
    exclude_history = models.BooleanField(
        default=False, help_text="Do not show what the shopper has already seen, or what the caller sent as history."
    )
    filter = models.TextField(
        blank=True,
        validators=[MaxLengthValidator(MAX_FILTER)],
        help_text="Only what this lets through, in the filter language; empty lets everything through.",
    )
    item_ids = ArrayField(
        models.CharField(max_length=128), default=list, blank=True, help_text="The hand-picked list, in its order."
    )
    diversity = models.FloatField(
        default=0.0, validators=_SHARE, help_text="0: by score alone. 1: as little alike as can be."
    )
    diversity_method = models.CharField(
        max_length=8,
        choices=[("mmr", "Maximal marginal relevance"), ("dpp", "Determinantal point process")],
        default="mmr",
        help_text="How likeness is weighed against the score.",
    )
    max_per_brand = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(MAX_LIMIT)], help_text="Places for one brand at most; 0: any number."
    )
    exploration = models.FloatField(
        default=0.0,
        validators=_SHARE,
        help_text="The share of places that try what is not the best known; the same for a shopper all day.",
    )
    exploration_method = models.CharField(
        max_length=16,
        choices=[("epsilon", "Any candidate, at random"), ("thompson", "By the chance that it is the best (Thompson)")],
        default="epsilon",
        help_text="How what is tried is drawn. What was drawn from is logged with the slate.",
    )
    cap_impressions = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(50)],
        help_text="Leave out what the shopper saw so often on any channel without touching it; 0: never.",
    )
    cap_days = models.PositiveSmallIntegerField(
        default=7, validators=[MinValueValidator(1), MaxValueValidator(60)], help_text="Within so many days."
    )
    priority = models.PositiveSmallIntegerField(
        default=100, validators=[MaxValueValidator(1_000)], help_text="In a page, smaller numbers choose first."
    )
    is_active = models.BooleanField(default=True, help_text="An inactive placement answers as if it did not exist.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("site_id", "placement")
        constraints = (models.UniqueConstraint(fields=["site_id", "placement"], name="placement_unique_per_site"),)

    def __str__(self) -> str:
        return f"{self.site_id}/{self.placement}"
